//! A community whose members use our commands, for measurements and for storms.

use simulator::{
    Id,
    community::bot_permissions,
    given,
    people::Person,
    world::{By, role::RoleEdit},
};

use super::{
    Failed,
    wire::{Place, refused},
};

/// What everybody begins with.
pub(in crate::cli) const STARTING: i64 = 1_000;

/// Who asks, and where.
#[derive(Debug)]
pub(in crate::cli) struct Town {
    pub channel: Id,
    /// Everybody but the owner and the bot.
    pub people: Vec<Person>,
    pub owner: Person,
}

impl Town {
    pub fn found(place: &Place, guild: Id) -> Result<Self, Failed> {
        let owner = place.sim.admin(guild)?;
        let channel = place.sim.channel(guild, "general")?;
        let world = place.sim.world.lock();
        let members = world.guild(guild).map_err(refused)?.members.keys();
        let people = members.filter(|user| {
            **user != owner.user && world.users.get(user).is_some_and(|user| !user.bot)
        });
        let people = people.map(|user| place.sim.person(guild, *user)).collect();
        drop(world);
        Ok(Self { channel, people, owner })
    }

    /// Everybody has bytes, and may send them as often as they like.
    pub async fn settle(&self, place: &Place) -> Result<(), Failed> {
        place.deployed().await?;
        let starting = STARTING.to_string();
        for (setting, value) in [
            ("economy.starting_balance", starting.as_str()),
            ("economy.transfer_cooldown_secs", "0s"),
        ] {
            let given = given! { setting: setting, value: value };
            let answer = self.owner.uses(self.channel, "/settings set", given).await?;
            if !answer.all_text().contains(value) {
                return Err(format!("{setting} was not set: {}", answer.all_text()).into());
            }
        }
        Ok(())
    }

    /// The bot may do all that it can do, and stands above every role that there is by now.
    pub fn raise_bot(&self, place: &Place) -> Result<(), Failed> {
        let (guild, by) = (self.owner.guild, By::user(self.owner.user));
        let mut world = place.sim.world.lock();
        let roles = &world.guild(guild).map_err(refused)?.roles;
        let bot = roles.values().find(|role| role.bot.is_some()).map(|role| role.id);
        let bot = bot.ok_or("the bot has no role")?;
        let top = i64::try_from(roles.len())? - 1;
        let edit = RoleEdit { permissions: Some(bot_permissions()), ..RoleEdit::default() };
        world.edit_role(guild, bot, edit, &by).map_err(refused)?;
        world.move_roles(guild, &[(bot, top)], &by).map_err(refused)
    }
}
