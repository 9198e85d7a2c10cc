//! Where the torture plays: the simulator, or the rough Discord, whose rate limits are watched
//! closer. Both hold the same communities and answer the same share of calls wrongly.

use domain::{ChannelId, GuildId, RoleId, UserId};
use simulator::{
    By, Id, Options, Permissions, Sim, World,
    faults::{Fault, Rule},
    world::{channel::Kind, role::RoleEdit},
};
use torture::rough_discord::{Overruns, RoughDiscord, Roughness};

use crate::cli::bench::Failed;

const GUILDS: u64 = 25;
const MEMBERS: u64 = 40;
const ROLES: u64 = 10;
/// Channels of a guild that are written to.
const CHANNELS: u64 = 4;
/// Pairs of a member and a role; with more effects than that, two could not be told apart.
pub(super) const MOST: u64 = GUILDS * MEMBERS * ROLES;
/// Later than anybody is willing to wait.
const SLOW_MS: u64 = 11_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli::torture) enum Through {
    /// The local Discord
    Simulator,
    /// A small one that watches closely who runs into its limits
    Rough,
}

/// A community of the stage.
pub(super) struct Community {
    pub guild: GuildId,
    pub members: Vec<UserId>,
    pub roles: Vec<RoleId>,
    pub channels: Vec<ChannelId>,
}

pub(super) enum Stage {
    Simulator { sim: Sim, token: String, owner: Id },
    Rough(RoughDiscord),
}

impl Stage {
    pub async fn set(
        through: Through,
        faults: f64,
        seed: u64,
    ) -> Result<(Self, Vec<Community>), Failed> {
        match through {
            Through::Rough => {
                let rough = Roughness { faults, seed, ..Roughness::default() };
                let communities = (1..=GUILDS).map(made_up).collect::<Result<_, _>>()?;
                Ok((Self::Rough(RoughDiscord::start(rough).await?), communities))
            }
            Through::Simulator => {
                let sim = Sim::start(Options { seed, ..Options::default() }).await?;
                let (token, owner, communities) = found(&mut sim.world.lock())?;
                misbehave(&sim, faults)?;
                Ok((Self::Simulator { sim, token, owner }, communities))
            }
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Simulator { sim, .. } => sim.api_url(),
            Self::Rough(rough) => rough.url(),
        }
    }

    pub fn token(&self) -> &str {
        match self {
            Self::Simulator { token, .. } => token,
            Self::Rough(_) => "rough",
        }
    }

    /// A member has a role before anybody takes it.
    pub fn give(&self, guild: GuildId, user: UserId, role: RoleId) -> Result<(), Failed> {
        match self {
            Self::Rough(rough) => rough.set_role(guild.get(), user.get(), role.get()),
            Self::Simulator { sim, owner, .. } => {
                let (guild, user, role) = (id(guild.get())?, id(user.get())?, id(role.get())?);
                sim.world
                    .lock()
                    .add_member_role(guild, user, role, &By::user(*owner))
                    .map_err(|refusal| format!("the simulator: {refusal:?}"))?;
            }
        }
        Ok(())
    }

    pub fn has_role(&self, guild: GuildId, user: UserId, role: RoleId) -> bool {
        match self {
            Self::Rough(rough) => rough.has_role(guild.get(), user.get(), role.get()),
            Self::Simulator { sim, .. } => {
                let ids = (Id::new(guild.get()), Id::new(user.get()), Id::new(role.get()));
                let (Some(guild), Some(user), Some(role)) = ids else { return false };
                let world = sim.world.lock();
                world.member(guild, user).is_ok_and(|member| member.roles.contains(&role))
            }
        }
    }

    /// How many messages with this nonce stand anywhere.
    pub fn messages_with(&self, nonce: &str) -> usize {
        match self {
            Self::Rough(rough) => rough.messages_with(nonce),
            Self::Simulator { sim, .. } => {
                let world = sim.world.lock();
                let all = world.channels.values().flat_map(|channel| channel.messages.values());
                let it = |nonce_of: &serde_json::Value| nonce_of == nonce;
                all.filter(|message| message.nonce.as_ref().is_some_and(it)).count()
            }
        }
    }

    /// Limits that were met though nobody made them up; only the rough Discord tells.
    pub fn overruns(&self) -> Option<Overruns> {
        match self {
            Self::Rough(rough) => Some(rough.overruns()),
            Self::Simulator { .. } => None,
        }
    }

    /// How many calls went wrong, as far as that is known.
    pub fn faults(&self) -> Option<u64> {
        match self {
            Self::Rough(_) => None,
            Self::Simulator { sim, .. } => Some(sim.faults.struck()),
        }
    }
}

fn made_up(number: u64) -> Result<Community, Failed> {
    let guild = GuildId::new((number << 22) + 7)?;
    Ok(Community {
        guild,
        members: (0..MEMBERS).map(|n| UserId::new(1_000 + n)).collect::<Result<_, _>>()?,
        roles: (0..ROLES).map(|n| RoleId::new(10_000 + n)).collect::<Result<_, _>>()?,
        channels: (1..=CHANNELS)
            .map(|n| ChannelId::new(guild.get() + n))
            .collect::<Result<_, _>>()?,
    })
}

/// Communities of the simulator's, with a bot that may do what is asked of it.
fn found(world: &mut World) -> Result<(String, Id, Vec<Community>), Failed> {
    let refused = |refusal| Failed::from(format!("the simulator: {refusal:?}"));
    let owner = world.add_user("astrid", None).map_err(refused)?;
    let by = By::user(owner);
    let app = world.create_application("Reeve").map_err(refused)?;
    let token = world.application(app).map_err(refused)?.token.clone();
    let mut users = Vec::new();
    for number in 0..MEMBERS {
        users.push(world.add_user(&format!("member{number}"), None).map_err(refused)?);
    }
    let mut communities = Vec::new();
    for number in 0..GUILDS {
        let guild = world.create_guild(&format!("Guild {number}"), owner).map_err(refused)?;
        for user in &users {
            world.add_member(guild, *user).map_err(refused)?;
        }
        let may = Permissions::VIEW_CHANNEL
            | Permissions::SEND_MESSAGES
            | Permissions::READ_MESSAGE_HISTORY
            | Permissions::MANAGE_ROLES;
        let mut roles = Vec::new();
        for number in 0..ROLES {
            let edit = RoleEdit::named(&format!("role {number}"));
            roles.push(world.create_role(guild, edit, &by).map_err(refused)?);
        }
        world.add_bot(guild, app, may, &by).map_err(refused)?;
        let of_bot = world.guild(guild).map_err(refused)?.roles.values().find(|r| r.bot.is_some());
        if let Some(of_bot) = of_bot.map(|role| role.id) {
            let top = i64::try_from(ROLES)? + 1;
            world.move_roles(guild, &[(of_bot, top)], &by).map_err(refused)?;
        }
        let mut channels = Vec::new();
        for number in 0..CHANNELS {
            let name = format!("channel-{number}");
            let made = world.create_channel(guild, Kind::Text, &name, None, &by);
            channels.push(made.map_err(refused)?);
        }
        communities.push(Community {
            guild: GuildId::new(guild.get())?,
            members: users.iter().map(|id| UserId::new(id.get())).collect::<Result<_, _>>()?,
            roles: roles.iter().map(|id| RoleId::new(id.get())).collect::<Result<_, _>>()?,
            channels: channels
                .iter()
                .map(|id| ChannelId::new(id.get()))
                .collect::<Result<_, _>>()?,
        });
    }
    Ok((token, owner, communities))
}

/// All the ways of the simulator's to answer wrongly, equally often but for the slow one.
fn misbehave(sim: &Sim, faults: f64) -> Result<(), Failed> {
    let often = faults / 6.2;
    let limited = |global| Fault::RateLimited { retry_after_ms: 300, global, shared: false };
    for (share, fault) in [
        (often, limited(false)),
        (often, limited(true)),
        (often, Fault::ServerError { status: 500, after: false }),
        (often, Fault::ServerError { status: 502, after: true }),
        (often, Fault::LostAnswer),
        (often, Fault::Truncated),
        (often / 5.0, Fault::Slow { ms: SLOW_MS }),
    ] {
        sim.faults.add(Rule::by_chance(share, fault))?;
    }
    Ok(())
}

fn id(raw: u64) -> Result<Id, Failed> {
    Id::new(raw).ok_or_else(|| "no id is zero".into())
}
