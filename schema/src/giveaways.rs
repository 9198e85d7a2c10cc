//! Giveaways: what is given, who is in, how it was drawn. Who runs them does so by
//! `giveaways/hosting.rs`; what anybody may check of a draw is in `giveaways/proof.rs`.

mod hosting;
mod proof;

use actions::{
    Permission,
    giveaways::{self as rules, Status},
};
use async_graphql::{Enum, ID, Object, SimpleObject};
use domain::{GiveawayId, RoleId, Timestamp};
use projections::giveaways::{board, entrants, timeline};

pub use hosting::Mutations;
pub use proof::Queries;

use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Who sees who is in, and what was done by whom.
const STAFF: &[Permission] = &[Permission::ManageGiveaways, Permission::ViewAudit];
/// Who sees how many.
const NUMBERS: &[Permission] =
    &[Permission::ManageGiveaways, Permission::ViewAudit, Permission::ViewAnalytics];

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "GiveawaysOnGuild")]
impl OnGuild {
    async fn giveaways(&self) -> Answer<Giveaways> {
        // Members are refused where it is off; who reads records looks back at what was.
        if !self.0.may(NUMBERS).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        Ok(Giveaways(self.0.clone()))
    }
}

pub struct Giveaways(Scope);

/// An id of a giveaway.
pub fn giveaway_id(id: &ID) -> Answer<GiveawayId> {
    let parsed = uuid::Uuid::parse_str(id).map(GiveawayId);
    parsed.map_err(|_| Trouble::bad_input("This is no giveaway's id."))
}

#[Object]
impl Giveaways {
    /// Newest first; of these states, or of all.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn list(
        &self,
        states: Option<Vec<GiveawayState>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Giveaway>> {
        let asked = Asked::read(first, after.as_deref())?;
        let mut statuses: Vec<Status> =
            states.unwrap_or_default().into_iter().map(GiveawayState::status).collect();
        statuses.dedup();
        statuses.truncate(Status::ALL.len());
        let before = asked.before.map(|micros| Timestamp::from_micros(micros.cast_signed()));
        let store = self.0.reading("giveaways").await?;
        let lines = board::page(&store, self.0.guild(), &statuses, before, asked.wanted()).await?;
        let rows = lines.into_iter().map(Giveaway::of).collect();
        Ok(asked.page(rows, |row: &Giveaway| row.made_at.0.as_micros().cast_unsigned()))
    }

    async fn one(&self, id: ID) -> Answer<Option<Giveaway>> {
        let store = self.0.reading("giveaways").await?;
        let line = board::one(&store, self.0.guild(), giveaway_id(&id)?).await?;
        Ok(line.map(Giveaway::of))
    }

    /// Everybody who was drawn, in order, and what became of it: as it was announced.
    #[graphql(complexity = "50 * child_complexity")]
    async fn winners(&self, id: ID) -> Answer<Vec<Winner>> {
        let (guild, id) = (self.0.guild(), giveaway_id(&id)?);
        let store = self.0.reading("giveaway_timeline").await?;
        let picks = timeline::picks(&store, guild, id).await?;
        let winner = |pick: timeline::Pick| Winner {
            person: pick.person.map(|number| Person::of(guild, number)),
            pick: Pick::of(&pick),
        };
        Ok(picks.into_iter().map(winner).collect())
    }

    /// How many stand how: `in`, why they are out (`left`, `removed`, `blocked`, `left_server`,
    /// `no_longer_eligible`, `previous_winner`), or what became of them in the draw (`candidate`,
    /// `disqualified`, `to_claim`, `won`, `lapsed`, `rerolled`).
    #[graphql(guard = "May(&self.0, NUMBERS)", complexity = "12 * child_complexity")]
    async fn standings(&self, id: ID) -> Answer<Vec<Standing>> {
        let store = self.0.reading("giveaway_entrants").await?;
        let counts = entrants::by_standing(&store, self.0.guild(), giveaway_id(&id)?).await?;
        let line = |(standing, count): (String, u64)| Standing {
            standing,
            count: Long(count.cast_signed()),
        };
        Ok(counts.into_iter().map(line).collect())
    }

    /// Who is in, in order of their numbers; of one standing, or of all.
    #[graphql(guard = "May(&self.0, STAFF)", complexity = "cost(first, child_complexity)")]
    async fn entrants(
        &self,
        id: ID,
        standing: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Entrant>> {
        let asked = Asked::read(first, after.as_deref())?;
        let after = u32::try_from(asked.before.unwrap_or(0)).unwrap_or(u32::MAX);
        let (guild, id) = (self.0.guild(), giveaway_id(&id)?);
        let (store, standing) = (self.0.reading("giveaway_entrants").await?, standing.as_deref());
        let rows = entrants::page(&store, guild, id, standing, after, asked.wanted()).await?;
        let entrant = |row: entrants::Entrant| Entrant {
            entry: row.entry,
            person: row.person.map(|number| Person::of(guild, number)),
            weight: row.weight,
            standing: row.standing,
            at: Time(row.at),
        };
        let rows = rows.into_iter().map(entrant).collect();
        Ok(asked.page(rows, |row: &Entrant| u64::from(row.entry)))
    }

    /// Everything that happened in it but the coming of entrants, oldest first.
    #[graphql(guard = "May(&self.0, STAFF)", complexity = "cost(first, child_complexity)")]
    async fn timeline(
        &self,
        id: ID,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Step>> {
        let asked = Asked::read(first, after.as_deref())?;
        let (guild, id) = (self.0.guild(), giveaway_id(&id)?);
        let store = self.0.reading("giveaway_timeline").await?;
        let after = asked.before.unwrap_or(0).min(i64::MAX.cast_unsigned());
        let rows = timeline::page(&store, guild, id, after, asked.wanted()).await?;
        let of = |row| Step { scope: self.0.clone(), row };
        Ok(asked.page(rows.into_iter().map(of).collect(), |step| step.row.seq))
    }

    /// What new ones can be made from, as they are now.
    #[graphql(guard = "May(&self.0, STAFF)", complexity = "20 * child_complexity")]
    async fn templates(&self) -> Answer<Vec<Template>> {
        let actions = self.0.actions();
        let templates = actions.giveaway_templates(self.0.guild()).await?;
        let named = actions.giveaway_template_roles(self.0.guild()).await?;
        let roles = |name: &str| {
            let of_this = named.iter().filter(|one| one.template == name);
            let role = |one: &domain::giveaways::settings::TemplateRole| TemplateRole {
                needs: one.needs.word(),
                role: Snowflake(one.role.get()),
                entries: one.entries,
            };
            of_this.map(role).collect()
        };
        let line = |template: domain::giveaways::settings::Template| Template {
            roles: roles(&template.name),
            name: template.name,
            winners: template.winners,
            duration_secs: template.duration_secs,
            claim_secs: template.claim_secs,
            account_days: template.account_days,
            member_days: template.member_days,
        };
        Ok(templates.into_iter().map(line).collect())
    }

    /// What you hold in one that you are in, to find your entry among the published ones.
    async fn receipt(&self, id: ID) -> Answer<Option<Receipt>> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("Receipts are shown as they are now; leave asOf out."));
        }
        let (guild, id) = (self.0.guild(), giveaway_id(&id)?);
        let (caller, user) = (self.0.caller(), self.0.signed_in().user);
        if board::one(self.0.actions().store(), guild, id).await?.is_none() {
            return Ok(None);
        }
        let held = self.0.actions().giveaway_receipt(guild, caller, id, user).await?;
        Ok(held.map(|held| Receipt {
            entry: held.entry,
            number: held.person.0,
            weight: held.weight,
            salt: held.secret.map(|secret| secret.salt.to_string()),
            tag: held.secret.map(|secret| secret.tag.to_string()),
        }))
    }

    /// The newest that somebody took part in. Your own you may always read; others' with Manage
    /// Giveaways, View Records or View Audit.
    #[graphql(complexity = "cost(Some(first), child_complexity)")]
    async fn entries_of(
        &self,
        user: Snowflake,
        #[graphql(default = 20)] first: i32,
    ) -> Answer<Vec<Participation>> {
        let user = user_id(user)?;
        if user != self.0.signed_in().user {
            let needs =
                &[Permission::ManageGiveaways, Permission::ViewRecords, Permission::ViewAudit];
            self.0.require(needs).await?;
        }
        let (guild, first) = (self.0.guild(), Asked::read(Some(first), None)?.first);
        let person = self.0.actions().people().find(guild, user).await?;
        let Some(person) = person else { return Ok(Vec::new()) };
        let store = self.0.reading("giveaway_entrants").await?;
        let rows = entrants::of_person(&store, guild, person, first).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.giveaway).collect();
        let lines = board::several(&*self.0.reading("giveaways").await?, guild, &ids).await?;
        let entry = |row: entrants::Entrant| {
            let line = lines.iter().find(|line| line.giveaway == row.giveaway)?.clone();
            let entrants::Entrant { entry, weight, standing, at, .. } = row;
            Some(Participation {
                giveaway: Giveaway::of(line),
                entry,
                weight,
                standing,
                at: Time(at),
            })
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum GiveawayState {
    Open,
    Paused,
    /// Nobody enters any more; the draw is on its way.
    Closed,
    Drawn,
    Cancelled,
    /// Discord would not post it.
    Failed,
}

impl GiveawayState {
    const fn of(status: Status) -> Self {
        match status {
            Status::Open => Self::Open,
            Status::Paused => Self::Paused,
            Status::Closed => Self::Closed,
            Status::Drawn => Self::Drawn,
            Status::Cancelled => Self::Cancelled,
            Status::Failed => Self::Failed,
        }
    }

    const fn status(self) -> Status {
        match self {
            Self::Open => Status::Open,
            Self::Paused => Status::Paused,
            Self::Closed => Status::Closed,
            Self::Drawn => Status::Drawn,
            Self::Cancelled => Status::Cancelled,
            Self::Failed => Status::Failed,
        }
    }
}

#[derive(SimpleObject)]
pub struct Giveaway {
    pub id: ID,
    pub prize: String,
    pub winner_count: u32,
    pub state: GiveawayState,
    pub made_at: Time,
    /// When it ends, or ended.
    pub ends_at: Time,
    pub channel: Option<Snowflake>,
    /// None until it is posted.
    pub message: Option<Snowflake>,
    /// How many are in.
    pub entries: Long,
    /// How long a winner has to claim; 0: nothing has to be claimed.
    pub claim_secs: u32,
    pub max_rerolls: u32,
    pub requires: Requirements,
    pub bonus: Vec<Bonus>,
    /// What the seed was committed to when it was made.
    pub commitment: String,
    /// Over all entries, once it is closed.
    pub root: Option<String>,
    /// The message that it was drawn from, once it is drawn.
    pub drawn_from: Option<Snowflake>,
    pub seed: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayRequirements")]
pub struct Requirements {
    pub all_of: Vec<Snowflake>,
    pub any_of: Vec<Snowflake>,
    pub none_of: Vec<Snowflake>,
    pub level: u32,
    pub account_days: u32,
    pub member_days: u32,
}

/// More chances for members with a role.
#[derive(SimpleObject)]
#[graphql(name = "GiveawayBonus")]
pub struct Bonus {
    pub role: Snowflake,
    pub entries: u32,
}

impl Giveaway {
    fn of(line: board::Line) -> Self {
        let snowflakes = |roles: Vec<RoleId>| -> Vec<Snowflake> {
            roles.into_iter().map(|role| Snowflake(role.get())).collect()
        };
        let terms = line.terms;
        let requires = terms.requires;
        let bonus = |bonus: domain::giveaways::Bonus| Bonus {
            role: Snowflake(bonus.role.get()),
            entries: bonus.entries,
        };
        let (drawn_from, seed) = line.draw.unzip();
        Self {
            id: ID(line.giveaway.to_string()),
            prize: terms.prize,
            winner_count: terms.winners,
            state: GiveawayState::of(line.status),
            made_at: Time(line.made_at),
            ends_at: Time(line.ends_at),
            channel: line.channel.map(|channel| Snowflake(channel.get())),
            message: line.message.map(|message| Snowflake(message.get())),
            entries: Long(line.entries.cast_signed()),
            claim_secs: terms.claim_secs,
            max_rerolls: terms.max_rerolls,
            requires: Requirements {
                all_of: snowflakes(requires.all_of),
                any_of: snowflakes(requires.any_of),
                none_of: snowflakes(requires.none_of),
                level: requires.level,
                account_days: requires.account_days,
                member_days: requires.member_days,
            },
            bonus: terms.bonus.into_iter().map(bonus).collect(),
            commitment: line.commitment.to_string(),
            root: line.root.map(|root| root.to_string()),
            drawn_from: drawn_from.map(|message| Snowflake(message.get())),
            seed: seed.map(|seed| seed.to_string()),
        }
    }
}

/// A pick of the draw; says nothing of who it was.
#[derive(SimpleObject)]
#[graphql(name = "GiveawayPick")]
pub struct Pick {
    /// 0, 1, 2 … in order.
    pub k: u32,
    pub entry: u32,
    /// For which reason somebody was drawn: `prize`, `disqualification`, `lapse` or `reroll`.
    pub why: String,
    pub at: Time,
    /// `drawn`, `disqualified`, `confirmed`, `claimed`, `lapsed` or `rerolled`.
    pub state: String,
    /// Since when it stands so.
    pub since: Time,
}

impl Pick {
    fn of(pick: &timeline::Pick) -> Self {
        Self {
            k: u32::try_from(pick.k).unwrap_or(u32::MAX),
            entry: pick.entry,
            why: pick.why.clone(),
            at: Time(pick.at),
            state: pick.state.clone(),
            since: Time(pick.since),
        }
    }
}

/// Somebody who was drawn.
#[derive(SimpleObject)]
#[graphql(name = "GiveawayWinner")]
pub struct Winner {
    /// None where they were erased.
    pub person: Option<Person>,
    #[graphql(flatten)]
    pub pick: Pick,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayStanding")]
pub struct Standing {
    pub standing: String,
    pub count: Long,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayEntrant")]
pub struct Entrant {
    pub entry: u32,
    /// None where they were erased.
    pub person: Option<Person>,
    /// Their chances.
    pub weight: u32,
    pub standing: String,
    pub at: Time,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayEntry")]
pub struct Participation {
    pub giveaway: Giveaway,
    pub entry: u32,
    pub weight: u32,
    pub standing: String,
    pub at: Time,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayReceipt")]
pub struct Receipt {
    pub entry: u32,
    /// Your number in the community, which is part of the tag.
    pub number: u32,
    pub weight: u32,
    /// Your own secret; none for a moment after you entered.
    pub salt: Option<String>,
    /// What is published of it.
    pub tag: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayTemplate")]
pub struct Template {
    pub name: String,
    pub winners: u32,
    pub duration_secs: u32,
    pub claim_secs: u32,
    pub account_days: u32,
    pub member_days: u32,
    /// Which roles it names.
    pub roles: Vec<TemplateRole>,
}

#[derive(SimpleObject)]
#[graphql(name = "GiveawayTemplateRole")]
pub struct TemplateRole {
    /// `all`, `any` or `none`: entrants need all, any or none of these; or `bonus`.
    pub needs: &'static str,
    pub role: Snowflake,
    /// How many more chances a bonus gives.
    pub entries: u32,
}

/// Something that happened in a giveaway.
pub struct Step {
    scope: Scope,
    row: timeline::Line,
}

#[Object(name = "GiveawayStep")]
impl Step {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// `created`, `posted`, `excluded`, `closed`, `drawn`, `confirmed`, `claimed` …
    async fn what(&self) -> &str {
        &self.row.what
    }

    async fn entry(&self) -> Option<u32> {
        self.row.entry
    }

    /// Whom it was about; none where it was about nobody, or they were erased.
    async fn person(&self) -> Option<Person> {
        self.row.person.map(|number| Person::of(self.scope.guild(), number))
    }

    /// Who did it; none where nobody did.
    async fn by(&self) -> Option<Person> {
        self.row.by.map(|number| Person::of(self.scope.guild(), number))
    }

    async fn why(&self) -> Option<&str> {
        self.row.why.as_deref()
    }

    /// The pick's number, how many entries, or Discord's code.
    async fn number(&self) -> Option<Long> {
        self.row.number.map(|number| Long(number.cast_signed()))
    }

    /// What the host gave as the reason; none where it cannot be opened any more.
    async fn reason(&self) -> Answer<Option<String>> {
        Ok(self.scope.actions().reroll_reason(self.scope.guild(), &self.row).await?)
    }
}
