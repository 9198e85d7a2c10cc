//! What was refused: who tried what on whom, and which rule said no.

use actions::Permission;
use async_graphql::Object;
use projections::refusals::{self, Filter, Refused};

use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::Answer,
};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "RefusalsOnGuild")]
impl OnGuild {
    /// What was refused here, newest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewRecords, Permission::ViewAudit])",
        complexity = "cost(first, child_complexity)"
    )]
    async fn refusals(
        &self,
        #[graphql(desc = "Only of this person")] user: Option<Snowflake>,
        #[graphql(desc = "Only by this rule")] rule: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<RefusalLine>> {
        let asked = Asked::read(first, after.as_deref())?;
        let (guild, mut who) = (self.0.guild(), None);
        if let Some(user) = user {
            who = self.0.actions().people().find(guild, user_id(user)?).await?;
            if who.is_none() {
                return Ok(asked.page(Vec::new(), |_| 0));
            }
        }
        let store = self.0.reading("refusals").await?;
        let filter = Filter { who, rule };
        let rows = refusals::page(&store, guild, &filter, asked.before, asked.wanted()).await?;
        let lines = rows.into_iter().map(|row| RefusalLine { scope: self.0.clone(), row });
        Ok(asked.page(lines.collect(), |line| line.row.seq))
    }
}

pub struct RefusalLine {
    scope: Scope,
    row: Refused,
}

#[Object]
impl RefusalLine {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// None once they were erased.
    async fn who(&self) -> Option<Person> {
        self.row.who.map(|number| Person::of(self.scope.guild(), number))
    }

    async fn whom(&self) -> Option<Person> {
        self.row.whom.map(|number| Person::of(self.scope.guild(), number))
    }

    /// What they tried, as people write the command.
    async fn what(&self) -> &str {
        &self.row.what
    }

    async fn rule(&self) -> &str {
        &self.row.rule
    }
}
