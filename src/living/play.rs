//! Plays deeds of a community on the stage: messages are written, commands are used, people come and
//! go, as clients would do it.

use std::time::Duration;

use domain::digest::Digest;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use simulator::{
    Id, Permissions, Sim,
    community::life::{Decision, Deed, Life, Moment, OWNER, Who},
    given,
    people::{Answer, Failed, Filled, Person},
};

use super::{Trouble, stage::Stage, waves::pays};

/// Where commands are typed.
const COMMANDS: &str = "bot-commands";

/// Every so many-th person has no picture of their own.
const PICTURELESS: usize = 4;

/// What became of everything that was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub facts: u64,
    pub messages: u64,
    pub commands: u64,
    /// Commands that a rule of the community or of the bot refused.
    pub refused: u64,
    /// What Discord or a client did not allow, such as writing while one is timed out.
    pub prevented: u64,
}

/// A community and who of the cast is who in it.
#[derive(Debug)]
pub struct Players<'a> {
    pub life: &'a Life,
    sim: Sim,
    guild: Id,
    /// Who has been here, by their place in the cast.
    users: Vec<Option<Id>>,
}

/// A command's answer, and who asked.
pub type Answered = (Moment, Result<Answer, Failed>);

impl<'a> Players<'a> {
    /// Finds those who are there by their names.
    pub fn find(life: &'a Life, sim: &Sim, guild: Id) -> Self {
        let world = sim.world.lock();
        let known: std::collections::HashMap<_, _> =
            world.users.values().map(|user| (user.username.as_str(), user.id)).collect();
        let users = life.cast.iter().map(|one| known.get(one.username.as_str()).copied());
        let users = users.collect();
        drop(world);
        Self { life, sim: sim.clone(), guild, users }
    }

    pub fn person(&self, who: Who) -> Option<Person> {
        Some(self.sim.person(self.guild, self.users[who]?))
    }

    /// Plays a wave to its end: afterwards everything that follows from it has been decided.
    pub async fn play(
        &mut self,
        stage: &Stage,
        wave: Vec<Moment>,
        tally: &mut Tally,
    ) -> Result<Vec<Answered>, Trouble> {
        let pays = pays(&wave);
        let mut asking = Vec::new();
        for moment in wave {
            tally.facts += 1;
            if let Some((command, given)) = self.command(&moment)? {
                tally.commands += 1;
                asking.push((moment, command, given));
                continue;
            }
            match self.does(&moment) {
                Ok(()) => {
                    tally.messages += u64::from(matches!(moment.deed, Deed::Says { .. }));
                }
                Err(Failed::Refused(_) | Failed::Client(_)) => tally.prevented += 1,
                Err(failed) => return Err(failed.into()),
            }
        }
        let place = self.channel(COMMANDS)?;
        let asked = asking.into_iter().map(|(moment, command, given)| {
            let person = self.person(moment.who);
            async move {
                let person = person.ok_or_else(|| absent(moment.who));
                let answer = match person {
                    Ok(person) => person.uses(place, command, given).await,
                    Err(failed) => Err(failed),
                };
                (moment, answer)
            }
        });
        let answers: Vec<Answered> = join_all(asked).await;
        for (moment, answer) in &answers {
            match answer {
                Ok(answer) => tally.refused += u64::from(is_refused(&moment.deed, answer)),
                Err(Failed::Refused(_) | Failed::Client(_)) => tally.prevented += 1,
                Err(failed) => return Err(failed.clone().into()),
            }
        }
        if pays {
            stage.settled().await?;
        }
        Ok(answers)
    }

    fn channel(&self, name: &str) -> Result<Id, Failed> {
        self.sim.channel(self.guild, name)
    }

    /// What a member types, where a deed is a command of the bot.
    fn command(&self, moment: &Moment) -> Result<Option<(&'static str, Filled)>, Trouble> {
        let user = |who: Who| self.users[who].ok_or_else(|| absent(who));
        Ok(Some(match &moment.deed {
            Deed::Gives { to, amount, why } => {
                ("/bytes send", given! { user: user(*to)?, amount: *amount, reason: *why })
            }
            Deed::TakesDaily => ("/bytes daily", Filled::new()),
            Deed::LooksUp { whom: None } => ("/bytes read", Filled::new()),
            Deed::LooksUp { whom: Some(whom) } => ("/bytes read", given! { user: user(*whom)? }),
            Deed::ReadsBoard => ("/bytes heap", Filled::new()),
            Deed::ReadsHistory => ("/bytes history", Filled::new()),
            Deed::AsksForRoles => ("/bytes awards", Filled::new()),
            Deed::Warns { whom, reason } => {
                ("/warn", given! { user: user(*whom)?, reason: *reason })
            }
            Deed::Notes { whom, text } => ("/note", given! { user: user(*whom)?, text: *text }),
            Deed::Decides(decision) => {
                let (setting, value) = self.setting(decision)?;
                ("/settings set", given! { setting: setting, value: value })
            }
            _ => return Ok(None),
        }))
    }

    /// The setting that a decision is, and its value as one types it.
    fn setting(&self, decision: &Decision) -> Result<(&'static str, String), Failed> {
        Ok(match decision {
            Decision::DailyAmount(amount) => ("economy.daily_amount", amount.to_string()),
            Decision::GiftPause { secs } => ("economy.transfer_cooldown_secs", format!("{secs}s")),
            Decision::LargestGift(amount) => ("economy.max_transfer", amount.to_string()),
            Decision::RolesFor(roles) => {
                let owner = self.person(OWNER).ok_or_else(|| absent(OWNER))?;
                let mut rows = Vec::new();
                for (received, name) in *roles {
                    let role = match self.sim.role(self.guild, name) {
                        Ok(role) => role,
                        Err(_) => owner.makes_role(name, Permissions::NONE)?,
                    };
                    rows.push(format!("{received}:<@&{role}>"));
                }
                ("economy.role_rewards", rows.join(", "))
            }
        })
    }

    /// What needs no answer.
    fn does(&mut self, moment: &Moment) -> Result<(), Failed> {
        if matches!(moment.deed, Deed::Joins) {
            return self.joins(moment.who);
        }
        let person = self.person(moment.who).ok_or_else(|| absent(moment.who))?;
        let other = |who: Who| self.person(who).ok_or_else(|| absent(who));
        match &moment.deed {
            Deed::Says { channel, text } => {
                person.says(self.channel(channel)?, text)?;
            }
            Deed::Reacts { channel, emoji } => {
                let channel = self.channel(channel)?;
                let newest = {
                    let world = self.sim.world.lock();
                    world.channel(channel)?.messages.keys().next_back().copied()
                };
                if let Some(newest) = newest {
                    person.reacts(channel, newest, emoji)?;
                }
            }
            Deed::Leaves => person.leaves()?,
            Deed::EntersVoice { channel } => person.joins_voice(self.channel(channel)?)?,
            Deed::LeavesVoice => person.leaves_voice()?,
            Deed::TimesOut { whom, secs, reason } => {
                person.times_out(&other(*whom)?, Duration::from_secs(*secs), reason)?;
            }
            Deed::Bans { whom, reason } => person.bans(&other(*whom)?, reason)?,
            // They are commands.
            _ => {}
        }
        Ok(())
    }

    fn joins(&mut self, who: Who) -> Result<(), Failed> {
        let one = &self.life.cast[who];
        let mut world = self.sim.world.lock();
        let user = match self.users[who] {
            Some(user) => user,
            None => world.add_user(&one.username, Some(&one.display))?,
        };
        if who % PICTURELESS != 0 {
            world.user_mut(user)?.avatar = Some(picture(&one.username));
        }
        world.add_member(self.guild, user)?;
        self.users[who] = Some(user);
        Ok(())
    }
}

/// What Discord calls somebody's picture: 32 hexadecimal digits.
fn picture(username: &str) -> String {
    let mut picture = Digest::of(&[username.as_bytes()]).to_string();
    picture.truncate(32);
    picture
}

fn absent(who: Who) -> Failed {
    Failed::Client(format!("no. {who} of the cast has not come yet"))
}

/// Only a refusal is for one's own eyes there.
pub fn is_refused(deed: &Deed, answer: &Answer) -> bool {
    matches!(deed, Deed::Gives { .. } | Deed::TakesDaily) && answer.is_ephemeral()
}
