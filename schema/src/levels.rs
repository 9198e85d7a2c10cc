//! Levels: who has most experience, who earned most of late, how somebody stands, and what a level
//! takes. Boards stand in the order that slash commands show.

mod outlook;

use actions::{
    Permission,
    levels::{self as rules, Period as OfPeriod},
};
use async_graphql::{Enum, Object, SimpleObject};
use domain::{UtcDay, levels::LevelSettings};
use projections::levels::{periods, ranks};

use self::outlook::{LevelDraft, OutlookLine};
use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Day, Long, Snowflake},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Pages end somewhere: nobody reads further.
const MAX_PLACE: u64 = 10_000;
const MAX_CURVE: i32 = 200;
const STEWARDS: &[Permission] = &[Permission::ManageSettings];
/// Days, weeks or months that one can go back.
const MAX_AGO: i32 = 520;

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "LevelsOnGuild")]
impl OnGuild {
    async fn levels(&self) -> Answer<LevelsHere> {
        // Members are refused where it is off; staff looks back at what was.
        let staff =
            &[Permission::ViewRecords, Permission::ViewAnalytics, Permission::ManageSettings];
        if !self.0.may(staff).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        Ok(LevelsHere(self.0.clone()))
    }
}

pub struct LevelsHere(Scope);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "OfPeriod")]
pub enum LevelPeriod {
    Day,
    /// From Monday.
    Week,
    Month,
}

#[Object(name = "Levels")]
impl LevelsHere {
    /// Who has most; or who earned most in a day, week or month, as UTC counts them.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn board(
        &self,
        #[graphql(desc = "All time where it is left out")] period: Option<LevelPeriod>,
        #[graphql(default = 0, desc = "So many days, weeks or months before this one")] ago: i32,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<LevelBoard> {
        let asked = Asked::read(first, after.as_deref())?;
        if !(0..=MAX_AGO).contains(&ago) {
            return Err(Trouble::bad_input(format!("ago: use 0 to {MAX_AGO}.")));
        }
        // The last place of the page before, where there was one.
        let behind = asked.before.unwrap_or(0).min(MAX_PLACE);
        let after = u32::try_from(behind).unwrap_or(0);
        let guild = self.0.guild();
        let of = period.map(|period| {
            let period = period.into();
            (period, periods::back(period, self.today(), ago))
        });
        let read_model = if of.is_none() { "level_ranks" } else { "level_periods" };
        let (store, gone) = (self.0.reading(read_model).await?, self.gone().await?);
        let page = (after, asked.wanted());
        let ranked = self.0.actions().level_top(&store, guild, of, &gone, page).await?;
        let start = of.map(|(_, day)| Day(day));
        let settings = self.settings().await?;
        let line = |(one, place): (ranks::Ranked, u64)| RankLine {
            place: Long(place.cast_signed()),
            person: Person::of(guild, one.person),
            xp: Long(one.xp.cast_signed()),
            level: period.is_none().then(|| settings.level(one.xp)),
        };
        let lines: Vec<_> = ranked.into_iter().zip(behind + 1..).map(line).collect();
        Ok(LevelBoard { start, lines: asked.page(lines, |line| line.place.0.unsigned_abs()) })
    }

    /// How one member stands; none where nobody knows them.
    async fn member(&self, user: Snowflake) -> Answer<Option<LevelRank>> {
        let guild = self.0.guild();
        let person = self.0.actions().people().find(guild, user_id(user)?).await?;
        let Some(person) = person else { return Ok(None) };
        let store = self.0.reading("level_ranks").await?;
        let xp = ranks::of(&store, guild, person).await?;
        let (gone, actions) = (self.gone().await?, self.0.actions());
        let (before, of) = actions.level_before(&store, guild, &gone, (person, xp)).await?;
        let (level, into, step) = self.settings().await?.progress(xp);
        Ok(Some(LevelRank {
            place: (xp > 0).then(|| Long((before + 1).cast_signed())),
            of: Long(of.cast_signed()),
            xp: Long(xp.cast_signed()),
            level,
            into: Long(into.cast_signed()),
            step: Long(step.cast_signed()),
        }))
    }

    /// What each level takes, from the first on, and which role it brings.
    #[graphql(complexity = "20 + 10 * child_complexity")]
    async fn curve(
        &self,
        #[graphql(default = 50, desc = "So many levels, at most 200")] levels: i32,
    ) -> Answer<Vec<LevelStep>> {
        let most = u32::try_from(levels).ok().filter(|_| (1..=MAX_CURVE).contains(&levels));
        let most =
            most.ok_or_else(|| Trouble::bad_input(format!("levels: use 1 to {MAX_CURVE}.")))?;
        let settings = self.settings().await?;
        let mut sum = 0_u64;
        let step = |level: u32| {
            let step = settings.step(level - 1);
            sum = sum.saturating_add(step);
            LevelStep { level, step: Long(step.cast_signed()), sum: Long(sum.cast_signed()) }
        };
        Ok((1..=most).map(step).collect())
    }

    /// Roles for levels, the lowest first.
    async fn rewards(&self) -> Answer<Vec<LevelReward>> {
        let settings = self.settings().await?;
        let rewards = settings.role_rewards.iter();
        let reward = |reward: &domain::levels::LevelReward| LevelReward {
            level: reward.level,
            role: Snowflake(reward.role.get()),
        };
        Ok(rewards.map(reward).collect())
    }

    /// What other settings would do, before they are saved.
    #[graphql(guard = "May(&self.0, STEWARDS)", complexity = "300 + child_complexity")]
    async fn outlook(&self, draft: LevelDraft) -> Answer<OutlookLine> {
        let (guild, fields) = (self.0.guild(), draft.fields());
        let asked = draft.read(&fields)?;
        let outlook = self.0.actions().level_outlook(guild, self.0.caller(), asked).await?;
        Ok(OutlookLine::of(guild, &outlook))
    }

    /// How experience is earned.
    async fn earning(&self) -> Answer<Earning> {
        let settings = self.settings().await?;
        Ok(Earning {
            text_min: settings.text_min,
            text_max: settings.text_max,
            cooldown_secs: settings.cooldown_secs,
            voice_xp: settings.voice_xp,
            percent: settings.percent,
        })
    }
}

impl LevelsHere {
    /// Who stands on no board. A look into the past shows everybody: who was a member then is not
    /// kept.
    async fn gone(&self) -> Answer<rules::Gone> {
        if self.0.then().is_some() {
            return Ok(rules::Gone::default());
        }
        Ok(self.0.actions().hidden_leavers(self.0.guild()).await?)
    }

    async fn settings(&self) -> Answer<LevelSettings> {
        Ok(self.0.actions().level_terms(self.0.guild()).await?.values.clone())
    }

    /// The day that is looked at.
    fn today(&self) -> UtcDay {
        let then = self.0.then().map(|event| event.at);
        then.unwrap_or_else(|| self.0.actions().now()).utc_day()
    }
}

#[derive(SimpleObject)]
pub struct LevelBoard {
    /// The first day of the period; none of all time.
    pub start: Option<Day>,
    pub lines: List<RankLine>,
}

#[derive(SimpleObject)]
pub struct RankLine {
    /// 1, 2, 3 …; who has as much stands in order of first sight.
    pub place: Long,
    pub person: Person,
    pub xp: Long,
    /// Only on the board of all time.
    pub level: Option<u32>,
}

#[derive(SimpleObject)]
pub struct LevelRank {
    /// None for who has nothing yet.
    pub place: Option<Long>,
    pub of: Long,
    pub xp: Long,
    pub level: u32,
    /// Of what the next level takes, and how much that is.
    pub into: Long,
    pub step: Long,
}

#[derive(SimpleObject)]
pub struct LevelStep {
    pub level: u32,
    /// What it takes from the level before.
    pub step: Long,
    /// What it takes in all.
    pub sum: Long,
}

#[derive(SimpleObject)]
pub struct LevelReward {
    pub level: u32,
    pub role: Snowflake,
}

/// How experience is earned.
#[derive(SimpleObject)]
#[graphql(name = "LevelEarning")]
pub struct Earning {
    /// A message earns between these two.
    pub text_min: u32,
    pub text_max: u32,
    /// One message earns in that time.
    pub cooldown_secs: u32,
    /// For a minute in voice.
    pub voice_xp: u32,
    /// Of everything.
    pub percent: u32,
}
