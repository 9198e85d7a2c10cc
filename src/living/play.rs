//! Plays deeds of a community on the stage: messages are written, commands are used, people come and
//! go, as clients would do it.

use std::time::Duration;

use domain::digest::Digest;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use simulator::{
    Id, Permissions, Sim,
    community::life::{Campaign, Decision, Deed, Gives, Life, Moment, OWNER, PATRON, Who},
    given,
    people::{Answer, Failed, Filled, Person},
    world::message::Message,
};

use super::{
    Trouble,
    stage::Stage,
    waves::{awaits, lasts, pays},
};
use crate::discord::reply::Tone;

/// Where commands are typed, and where prizes are offered.
const COMMANDS: &str = "bot-commands";
const PRIZES: &str = "prizes";
/// The role that most have who are here often.
const REGULARS: &str = "Regular";
/// How long a prize is open, and waits for its winner, where nobody waits for hours.
const HASTY: &str = "5m";
const HASTY_MS: u64 = 300_000;
const HOUR_MS: u64 = 3_600_000;

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
    /// The last wave has set timers that fire soon.
    restless: bool,
    /// Nobody waits for hours: a prize is drawn after minutes.
    hasty: bool,
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
        Self { life, sim: sim.clone(), guild, users, restless: false, hasty: false }
    }

    /// The same, for days that pass as fast as everybody's.
    pub fn hasty(self) -> Self {
        Self { hasty: true, ..self }
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
        if std::mem::take(&mut self.restless) || !self.hasty && wave.iter().any(awaits) {
            stage.quiet().await?;
        }
        let (pays, lasts) = (pays(&wave), lasts(&wave) && !self.hasty);
        let mut asking = Vec::new();
        for moment in wave {
            tally.facts += 1;
            match &moment.deed {
                Deed::AwaitsDraw { .. } => continue,
                Deed::SeesPrizeClaimed { prize } => {
                    asking.extend(self.claims(&moment, prize));
                    continue;
                }
                _ => {}
            }
            match self.asks(&moment) {
                Ok(Some(asks)) => {
                    tally.commands += 1;
                    asking.push((moment.clone(), self.person(moment.who), asks));
                    continue;
                }
                Ok(None) => {}
                // It is not there any more, or was not yet.
                Err(Trouble::Simulator(Failed::Refused(_) | Failed::Client(_))) => {
                    tally.prevented += 1;
                    continue;
                }
                Err(trouble) => return Err(trouble),
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
        let asked = asking.into_iter().map(|(moment, person, asks)| async move {
            let answer = match person {
                Some(person) => asks.of(&person, place).await,
                None => Err(absent(moment.who)),
            };
            (moment, answer)
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
        if lasts {
            stage.quiet().await?;
            self.restless = true;
        }
        Ok(answers)
    }

    /// Everybody who is called for this prize and has not come for it yet.
    fn claims(&self, moment: &Moment, prize: &str) -> Vec<(Moment, Option<Person>, Asks)> {
        let called = self.called(&format!("you have won **{prize}**"), HOUR_MS);
        let claim = |(winner, press)| (moment.clone(), Some(winner), press);
        called.into_iter().map(claim).collect()
    }

    /// Whoever is called for a prize takes it; what each was told.
    pub async fn take_prizes(&self) -> Vec<String> {
        let mut told = Vec::new();
        for (winner, press) in self.called("you have won **", HASTY_MS) {
            if let Ok(answer) = press.of(&winner, winner.guild).await {
                told.push(answer.all_text());
            }
        }
        told
    }

    /// Who was called with these words not longer ago, and the button that waits for them.
    fn called(&self, words: &str, ago_ms: u64) -> Vec<(Person, Asks)> {
        let since = self.sim.clock.now_ms().saturating_sub(ago_ms);
        let Ok(channel) = self.channel(PRIZES) else { return Vec::new() };
        let world = self.sim.world.lock();
        let Ok(found) = world.channel(channel) else { return Vec::new() };
        let new = found.messages.values().filter(|message| message.made_ms > since);
        let open =
            new.filter(|message| message.content.contains(words) && !message.components.is_empty());
        let of = |message: &Message| {
            let winner = self.sim.person(self.guild, *message.mentions.first()?);
            Some((winner, Asks::Press { channel, message: message.id, label: "Claim Prize" }))
        };
        open.filter_map(of).collect()
    }

    fn channel(&self, name: &str) -> Result<Id, Failed> {
        self.sim.channel(self.guild, name)
    }

    /// What a member wants of the bot, where a deed is something of that kind.
    fn asks(&self, moment: &Moment) -> Result<Option<Asks>, Trouble> {
        let press = |prize: &str, label| {
            let (channel, message) = self.offer(prize)?;
            Ok::<_, Failed>(Asks::Press { channel, message, label })
        };
        Ok(Some(match &moment.deed {
            Deed::EntersFor { prize } => press(prize, "Enter")?,
            Deed::WithdrawsFrom { prize } => press(prize, "Leave")?,
            Deed::JoinsSquad { squad } => Asks::Squad(squad),
            _ => match self.command(moment)? {
                Some((command, given)) => Asks::Command(command, given),
                None => return Ok(None),
            },
        }))
    }

    /// The newest message that offers this prize.
    fn offer(&self, prize: &str) -> Result<(Id, Id), Failed> {
        let channel = self.channel(PRIZES)?;
        let world = self.sim.world.lock();
        let messages = world.channel(channel)?.messages.values();
        let offers = |message: &&Message| {
            message.embeds.first().is_some_and(|embed| embed["title"] == prize)
        };
        let newest = messages.rev().find(offers).map(|message| message.id);
        let newest = newest.ok_or_else(|| Failed::Client(format!("nobody offers {prize}")))?;
        Ok((channel, newest))
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
            Deed::OffersPrize { prize, winners, hours, claim_hours } => {
                let long = |hours: u64| if self.hasty { HASTY.into() } else { format!("{hours}h") };
                let given = given! {
                    prize: *prize, duration: long(*hours), winners: *winners,
                    claim: long(*claim_hours), channel: self.channel(PRIZES)?,
                };
                ("/giveaway create", given)
            }
            Deed::MakesCode(Campaign { name, code, gives, .. }) => (
                "/codes create",
                match gives {
                    Gives::Bytes(amount) => given! { name: *name, code: *code, bytes: *amount },
                    Gives::Patron(days) => given! {
                        name: *name, code: *code, role: self.sim.role(self.guild, PATRON)?,
                        days: *days,
                    },
                },
            ),
            Deed::Redeems { code } => ("/redeem", given! { code: code.as_str() }),
            Deed::MakesPatron { whom, days } => {
                let role = self.sim.role(self.guild, PATRON)?;
                ("/tiers give", given! { user: user(*whom)?, role: role, days: *days })
            }
            Deed::Decides(Decision::Tier { role, bonus }) => {
                ("/tiers set", given! { role: self.role(role)?, name: *role, daily_bonus: *bonus })
            }
            Deed::Decides(Decision::Squad { name, about }) => {
                let role = self.role(name)?;
                ("/squads create", given! { name: *name, role: role, description: *about })
            }
            Deed::Decides(decision) => {
                let (setting, value) = self.setting(decision)?;
                ("/settings set", given! { setting: setting, value: value })
            }
            _ => return Ok(None),
        }))
    }

    /// A role of this name; the owner makes it where there is none.
    fn role(&self, name: &str) -> Result<Id, Failed> {
        let owner = self.person(OWNER).ok_or_else(|| absent(OWNER))?;
        match self.sim.role(self.guild, name) {
            Ok(role) => Ok(role),
            Err(_) => owner.makes_role(name, Permissions::NONE),
        }
    }

    /// The setting that a decision is, and its value as one types it.
    fn setting(&self, decision: &Decision) -> Result<(&'static str, String), Failed> {
        Ok(match decision {
            Decision::DailyAmount(amount) => ("economy.daily_amount", amount.to_string()),
            Decision::GiftPause { secs } => ("economy.transfer_cooldown_secs", format!("{secs}s")),
            Decision::LargestGift(amount) => ("economy.max_transfer", amount.to_string()),
            Decision::RolesFor(roles) => {
                let mut rows = Vec::new();
                for (received, name) in *roles {
                    rows.push(format!("{received}:<@&{}>", self.role(name)?));
                }
                ("economy.role_rewards", rows.join(", "))
            }
            Decision::HostsAre(role) => {
                ("access.giveaway_roles", format!("<@&{}>", self.role(role)?))
            }
            Decision::AuditorsAre(role) => {
                ("access.auditor_roles", format!("<@&{}>", self.role(role)?))
            }
            Decision::AnalystsAre(role) => {
                ("access.analyst_roles", format!("<@&{}>", self.role(role)?))
            }
            Decision::Tier { .. } | Decision::Squad { .. } => {
                return Err(Failed::Client("that is no setting".to_owned()));
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
            Deed::Appoints { whom, role } => {
                let role = self.role(role)?;
                person.gives_role(&other(*whom)?, role)?;
                // So that it is what they are known by.
                person.raises_role(role, self.role(REGULARS)?)?;
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
        if !who.is_multiple_of(PICTURELESS) {
            world.user_mut(user)?.avatar = Some(picture(&one.username));
        }
        world.add_member(self.guild, user)?;
        self.users[who] = Some(user);
        Ok(())
    }
}

/// What somebody wants of the bot, as a client does it.
enum Asks {
    Command(&'static str, Filled),
    Press { channel: Id, message: Id, label: &'static str },
    Squad(&'static str),
}

impl Asks {
    async fn of(self, person: &Person, place: Id) -> Result<Answer, Failed> {
        match self {
            Self::Command(command, given) => person.uses(place, command, given).await,
            Self::Press { channel, message, label } => {
                person.presses(channel, message, label).await
            }
            // The squad's button tells what it costs; then that is confirmed.
            Self::Squad(squad) => {
                let choose = person.uses(place, "/squads join", Filled::new()).await?;
                let buttons = choose.buttons();
                let button = buttons.iter().find(|button| button.label.starts_with(squad));
                let Some(button) = button else { return Ok(choose) };
                let pressed = choose.presses(&button.label).await?;
                match pressed.button("Confirm") {
                    Some(_) => pressed.presses("Confirm").await,
                    None => Ok(pressed),
                }
            }
        }
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

/// Whether a rule of the community or of the bot said no.
pub fn is_refused(deed: &Deed, answer: &Answer) -> bool {
    match deed {
        // Only a refusal is for one's own eyes there.
        Deed::Gives { .. } | Deed::TakesDaily => answer.is_ephemeral(),
        _ => answer.embeds().iter().any(|embed| embed["color"] == Tone::Bad.colour()),
    }
}
