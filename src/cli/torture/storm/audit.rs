//! The log against what members saw, and against what Discord wrote down.

mod cases;
mod codes;
mod draws;
mod money;
mod squads;

use std::collections::{BTreeMap, HashMap};

use domain::{GuildId, PersonId, UserId};
use eventlog::{Recorded, decode};
use simulator::{
    Id, World,
    world::{
        audit::{Entry, MEMBER_ROLE_UPDATE},
        message::Message,
    },
};

pub(super) use self::money::balances_told;
use super::{
    Report,
    record::{Deed, Seen, Told},
    scene::Scene,
};
use crate::{
    cli::bench::{Failed, wire::Place},
    node::Node,
};

const PAGE: usize = 5_000;

/// Who is who, and what Discord knows.
struct Ground<'a> {
    scene: &'a Scene,
    world: &'a World,
    /// What our bot did, in its order.
    written: Vec<&'a Entry>,
    users: HashMap<PersonId, Id>,
}

impl Ground<'_> {
    fn user(&self, person: PersonId) -> Option<Id> {
        self.users.get(&person).copied()
    }

    fn messages(&self, channel: Id) -> impl Iterator<Item = &Message> {
        let channel = self.world.channels.get(&channel);
        channel.into_iter().flat_map(|channel| channel.messages.values())
    }

    fn entries(&self, action: u16, target: Id) -> impl Iterator<Item = &Entry> {
        let of_target =
            move |entry: &&&Entry| entry.action == action && entry.target == Some(target);
        self.written.iter().filter(of_target).copied()
    }

    /// How often our bot gave (`$add`) or took (`$remove`) this role.
    fn changes(&self, target: Id, role: Id, key: &str) -> usize {
        let role = role.to_string();
        let changes = self.entries(MEMBER_ROLE_UPDATE, target).flat_map(|entry| &entry.changes);
        let roles = changes.filter(|change| change.key == key);
        let roles = roles.flat_map(|change| change.new.as_array().into_iter().flatten());
        roles.filter(|of| of["id"] == role.as_str()).count()
    }

    fn has_role(&self, user: Id, role: Id) -> bool {
        let member = self.world.member(self.scene.guild, user);
        member.is_ok_and(|member| member.roles.contains(&role))
    }

    fn is_member(&self, user: Id) -> bool {
        self.world.member(self.scene.guild, user).is_ok()
    }
}

/// Title of the first embed.
fn title(message: &Message) -> &str {
    message.embeds.first().and_then(|embed| embed["title"].as_str()).unwrap_or_default()
}

/// An event that somebody asked for: what, whom it names, and of a gift what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    deed: Deed,
    who: PersonId,
    gift: Option<(PersonId, i64)>,
}

impl Made {
    const fn of(deed: Deed, who: PersonId) -> Self {
        Self { deed, who, gift: None }
    }
}

/// Everything that the guild's log holds.
#[derive(Default)]
struct Books {
    /// What was asked for, by the key of who asked.
    made: HashMap<String, Vec<Made>>,
    money: money::Books,
    cases: cases::Books,
    draws: BTreeMap<String, draws::Books>,
    codes: BTreeMap<String, codes::Books>,
    squads: squads::Books,
}

impl Books {
    fn enter(&mut self, recorded: &Recorded) -> Result<(), Failed> {
        let key = recorded.metadata()?.key.as_str().to_owned();
        let stream = recorded.stream.within_guild().into_owned();
        // Decoding also checks the event's hash.
        let made = match recorded.stream.category() {
            "economy" => self.money.enter(&key, &decode(recorded)?),
            "moderation" => self.cases.enter(&decode(recorded)?),
            "giveaway" => self.draws.entry(stream).or_default().enter(decode(recorded)?),
            "campaign" => self.codes.entry(stream).or_default().enter(decode(recorded)?),
            "squads" => self.squads.enter(&decode(recorded)?),
            _ => None,
        };
        if let Some(made) = made {
            self.made.entry(key).or_default().push(made);
        }
        Ok(())
    }
}

pub(super) async fn audit(
    node: &Node,
    place: &Place,
    scene: &Scene,
    told: &Told,
    balances: &HashMap<Id, i64>,
    written: &[Entry],
) -> Result<Report, Failed> {
    let guild = GuildId::new(scene.guild.get())?;
    let books = read(node, guild).await?;
    let mut people = HashMap::new();
    let everybody = [&scene.town.people, &scene.targets, &scene.council, &scene.moderators];
    for person in everybody.into_iter().flatten() {
        if let Some(number) = node.people.find(guild, UserId::new(person.user.get())?).await? {
            people.insert(person.user, number);
        }
    }
    let bot = place.sim.world.lock().application(place.application).map(|app| app.bot);
    let bot = bot.map_err(|refusal| format!("the simulator: {refusal}"))?;
    let world = place.sim.world.lock();
    let ground = Ground {
        scene,
        world: &world,
        written: written.iter().filter(|entry| entry.user == bot).collect(),
        users: people.iter().map(|(user, person)| (*person, *user)).collect(),
    };
    let mut report = Report { unanswered: told.unanswered, ..Report::default() };
    for seen in &told.seen {
        hold_against(seen, &books, &people, &mut report);
    }
    for (key, made) in &books.made {
        for deed in Deed::ALL {
            let often = made.iter().filter(|made| made.deed == deed).count();
            if often > 1 && (key.starts_with("interaction/") || key.starts_with("confirmed/")) {
                report.doubled(|| format!("{deed:?}, {often} times for {key}"));
            }
        }
    }
    books.money.audit(&people, balances, &mut report);
    books.cases.audit(&ground, &mut report);
    books.draws.values().for_each(|giveaway| giveaway.audit(&ground, &mut report));
    for (stream, campaign) in &books.codes {
        let id = stream.split_once('/').map_or("", |(_, id)| id);
        campaign.audit(id, &books.money, &ground, &mut report);
    }
    books.squads.audit(&books.money, &ground, &mut report);
    let role_changes = ground.written.iter().filter(|entry| entry.action == MEMBER_ROLE_UPDATE);
    report.role_changes = role_changes.count() as u64;
    Ok(report)
}

async fn read(node: &Node, guild: GuildId) -> Result<Books, Failed> {
    let (mut books, mut after) = (Books::default(), 0);
    loop {
        let page = node.log.read_guild(guild, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(books) };
        after = last.guild_seq;
        for recorded in &page {
            books.enter(recorded)?;
        }
    }
}

/// What somebody was told against what is there for it.
fn hold_against(seen: &Seen, books: &Books, people: &HashMap<Id, PersonId>, report: &mut Report) {
    let made = books.made.get(&seen.key).into_iter().flatten();
    let made: Vec<_> = made.filter(|made| made.deed == seen.deed).collect();
    if !seen.done {
        report.refused += 1;
        if !made.is_empty() {
            report.untrue(|| format!("{seen:?} was refused with {:?}", seen.said));
        }
        return;
    }
    report.acknowledged += 1;
    let who = people.get(&seen.who);
    if made.is_empty() {
        // A prize that was claimed before is still theirs.
        let claimed = |giveaway: &draws::Books| {
            seen.prize.as_deref() == Some(giveaway.prize.as_str())
                && who.is_some_and(|who| giveaway.claimed.contains(who))
        };
        if !books.draws.values().any(claimed) {
            report.lost(|| format!("{seen:?} is not there: {:?}", seen.said));
        }
        return;
    }
    let gift = seen.gift.and_then(|(to, amount)| Some((*people.get(&to)?, amount)));
    for made in made {
        if Some(&made.who) != who || made.gift != gift {
            report.untrue(|| format!("{seen:?} is {made:?}"));
        }
    }
}
