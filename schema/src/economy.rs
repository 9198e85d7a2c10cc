//! Bytes: who has how many, where they went, and how many there are.

use actions::{Permission, economy as rules};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::{Bytes, UtcDay};
use projections::economy::{
    balances::{self, Balance},
    transactions::{self, Filter, Transaction},
    weekly::{self, Gain},
};

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guard::May,
    guild::guild_id,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Day, EventId, Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Lines of a board.
const MAX_BOARD: i32 = 100;
/// Weeks that one can go back, about ten years.
const MAX_WEEKS_AGO: i32 = 520;

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "EconomyOnGuild")]
impl OnGuild {
    async fn economy(&self) -> Answer<Economy> {
        // Members are refused where it is off; who reads records looks back at what was.
        let staff =
            &[Permission::ViewRecords, Permission::ViewAnalytics, Permission::ManageEconomy];
        if !self.0.may(staff).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        Ok(Economy(self.0.clone()))
    }
}

pub struct Economy(Scope);

#[Object]
impl Economy {
    /// What the community calls its currency.
    async fn currency(&self) -> Answer<String> {
        let terms = self.0.actions().economy_terms(self.0.guild()).await?;
        Ok(terms.values.currency.clone())
    }

    /// Bytes of all members together.
    async fn supply(&self) -> Answer<Long> {
        let store = self.0.reading("balances").await?;
        Ok(Long(balances::supply(&store, self.0.guild()).await?.0))
    }

    /// How many members have more than nothing.
    async fn holders(&self) -> Answer<Long> {
        let store = self.0.reading("balances").await?;
        Ok(Long(balances::holders(&store, self.0.guild()).await?.cast_signed()))
    }

    /// Who has most.
    #[graphql(complexity = "cost(Some(first), child_complexity)")]
    async fn board(&self, #[graphql(default = 10)] first: i32) -> Answer<Vec<BoardLine>> {
        let store = self.0.reading("balances").await?;
        let top = balances::top(&store, self.0.guild(), lines(first)?).await?;
        let line = |(balance, place): (Balance, u32)| {
            let person = Person::of(self.0.guild(), balance.person);
            BoardLine { place, person, amount: Long(balance.balance.0) }
        };
        Ok(top.into_iter().zip(1..).map(line).collect())
    }

    /// Who gained most in the week at hand, or in one that has passed.
    #[graphql(complexity = "cost(Some(first), child_complexity)")]
    async fn week(
        &self,
        #[graphql(default = 0)] weeks_ago: i32,
        #[graphql(default = 10)] first: i32,
    ) -> Answer<WeeklyBoard> {
        if !(0..=MAX_WEEKS_AGO).contains(&weeks_ago) {
            return Err(Trouble::bad_input(format!("weeksAgo: use 0 to {MAX_WEEKS_AGO}.")));
        }
        let limit = lines(first)?;
        let day = UtcDay(self.today().0 - 7 * weeks_ago);
        let store = self.0.reading("weekly_gains").await?;
        let top = weekly::top(&store, self.0.guild(), day, limit).await?;
        let line = |(gain, place): (Gain, u32)| {
            let person = Person::of(self.0.guild(), gain.person);
            BoardLine { place, person, amount: Long(gain.gained.0) }
        };
        let lines = top.into_iter().zip(1..).map(line).collect();
        Ok(WeeklyBoard { week: Day(day.week_start()), lines })
    }

    /// What one member has, as any member may see it; none where they never had anything.
    async fn account(&self, user: Snowflake) -> Answer<Option<Account>> {
        let guild = self.0.guild();
        let person = self.0.actions().people().find(guild, user_id(user)?).await?;
        let Some(person) = person else { return Ok(None) };
        let store = self.0.reading("balances").await?;
        let balance = balances::of(&store, guild, person).await?;
        Ok(balance.map(|balance| Account::of(guild, &balance)))
    }

    /// Movements, newest first. Your own you may always read; others' with View Records or View
    /// Analytics.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn transactions(
        &self,
        filter: Option<TransactionFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Movement>> {
        let asked = Asked::read(first, after.as_deref())?;
        let TransactionFilter { user, kinds, since, until, at_least } = filter.unwrap_or_default();
        let user = user.map(user_id).transpose()?;
        if user != Some(self.0.signed_in().user) {
            self.0.require(&[Permission::ViewRecords, Permission::ViewAnalytics]).await?;
        }
        let guild = self.0.guild();
        let mut person = None;
        if let Some(user) = user {
            person = self.0.actions().people().find(guild, user).await?;
            if person.is_none() {
                return Ok(asked.page(Vec::new(), |_| 0));
            }
        }
        let filter = Filter {
            person,
            kinds: kinds.unwrap_or_default(),
            since: since.map(|since| since.0),
            until: until.map(|until| until.0),
            at_least: at_least.map(|amount| Bytes(amount.0)),
        };
        let store = self.0.reading("transactions").await?;
        let rows =
            transactions::search(&store, guild, &filter, asked.before, asked.wanted()).await?;
        let of = |row| Movement { scope: self.0.clone(), row };
        Ok(asked.page(rows.into_iter().map(of).collect(), |line| line.row.seq))
    }

    /// What came and went, day by day: for charts.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewAnalytics, Permission::ManageEconomy])",
        complexity = "40 * child_complexity"
    )]
    async fn flow(
        &self,
        #[graphql(desc = "The first day; 30 days before the last where it is left out")]
        since: Option<Day>,
        #[graphql(desc = "The last day; today where it is left out")] until: Option<Day>,
    ) -> Answer<Vec<FlowLine>> {
        let last = until.map_or_else(|| self.today(), |day| day.0);
        let first = since.map_or(UtcDay(last.0 - 29), |day| day.0);
        let store = self.0.reading("transactions").await?;
        let flow = transactions::flow(&store, self.0.guild(), first, last).await?;
        let line = |line: transactions::Flow| FlowLine {
            day: Day(line.day),
            kind: line.kind,
            count: Long(line.count.cast_signed()),
            amount: Long(line.amount.0),
        };
        Ok(flow.into_iter().map(line).collect())
    }

    /// How many bytes there were at the end of each day.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewAnalytics, Permission::ManageEconomy])",
        complexity = "40 * child_complexity"
    )]
    async fn supply_by_day(
        &self,
        #[graphql(default = 30, desc = "So many days up to the last, at most 400")] days: i32,
    ) -> Answer<Vec<SupplyLine>> {
        if !(1..=transactions::MAX_FLOW_DAYS).contains(&days) {
            let most = transactions::MAX_FLOW_DAYS;
            return Err(Trouble::bad_input(format!("days: use 1 to {most}.")));
        }
        let (guild, last) = (self.0.guild(), self.today());
        let first = UtcDay(last.0 - days + 1);
        let supply = balances::supply(&*self.0.reading("balances").await?, guild).await?;
        let store = self.0.reading("transactions").await?;
        let flow = transactions::flow(&store, guild, first, last).await?;
        Ok(supply_curve(supply.0, first, last, &flow))
    }
}

impl Economy {
    /// The day that is looked at.
    fn today(&self) -> UtcDay {
        let then = self.0.then().map(|event| event.at);
        then.unwrap_or_else(|| self.0.actions().now()).utc_day()
    }
}

fn lines(first: i32) -> Answer<u32> {
    let wanted = u32::try_from(first).ok().filter(|_| (1..=MAX_BOARD).contains(&first));
    wanted.ok_or_else(|| Trouble::bad_input(format!("first: use 1 to {MAX_BOARD}.")))
}

/// Back from what there is, day by day, by what each day brought and took.
fn supply_curve(
    now: i64,
    first: UtcDay,
    last: UtcDay,
    flow: &[transactions::Flow],
) -> Vec<SupplyLine> {
    let net = |day: i32| -> i64 {
        let of_day = flow.iter().filter(|line| line.day.0 == day);
        of_day.map(|line| sign(&line.kind) * line.amount.0).sum()
    };
    let mut supply = now;
    let mut curve = Vec::new();
    for day in (first.0..=last.0).rev() {
        curve.push(SupplyLine { day: Day(UtcDay(day)), supply: Long(supply) });
        supply -= net(day);
    }
    curve.reverse();
    curve
}

/// Whether a kind of movement makes bytes, takes them away, or only moves them.
fn sign(kind: &str) -> i64 {
    match kind {
        "start" | "grant" | "daily" | "refund" => 1,
        "take" | "spend" => -1,
        _ => 0,
    }
}

#[derive(SimpleObject)]
pub struct BoardLine {
    /// 1, 2, 3 …; who has as much stands in order of first sight.
    pub place: u32,
    pub person: Person,
    pub amount: Long,
}

#[derive(SimpleObject)]
pub struct WeeklyBoard {
    /// The week's Monday.
    pub week: Day,
    pub lines: Vec<BoardLine>,
}

#[derive(SimpleObject)]
pub struct Account {
    pub person: Person,
    pub balance: Long,
    /// From other members, ever.
    pub received: Long,
    /// To other members, ever.
    pub sent: Long,
    /// Daily rewards, grants and the starting balance, ever.
    pub earned: Long,
}

impl Account {
    fn of(guild: domain::GuildId, balance: &Balance) -> Self {
        Self {
            person: Person::of(guild, balance.person),
            balance: Long(balance.balance.0),
            received: Long(balance.received.0),
            sent: Long(balance.sent.0),
            earned: Long(balance.earned.0),
        }
    }
}

#[derive(InputObject, Default)]
pub struct TransactionFilter {
    /// Who gave or received.
    pub user: Option<Snowflake>,
    /// `transfer`, `grant`, `take`, `daily`, `start`, `spend` or `refund`.
    pub kinds: Option<Vec<String>>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub at_least: Option<Long>,
}

/// A movement of bytes.
pub struct Movement {
    scope: Scope,
    row: Transaction,
}

#[Object(name = "Transaction")]
impl Movement {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn event(&self) -> EventId {
        EventId(self.row.event.0)
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// `transfer`, `grant`, `take`, `daily`, `start`, `spend` or `refund`.
    async fn kind(&self) -> &str {
        &self.row.kind
    }

    /// None where the bytes came from the community.
    async fn giver(&self) -> Option<Person> {
        self.row.giver.map(|number| Person::of(self.scope.guild(), number))
    }

    /// None where the bytes went to the community.
    async fn receiver(&self) -> Option<Person> {
        self.row.receiver.map(|number| Person::of(self.scope.guild(), number))
    }

    async fn amount(&self) -> Long {
        Long(self.row.amount.0)
    }

    /// What was written with it. For who gave or received, and with View Records; none for others,
    /// where nothing was written, and where it was erased.
    async fn reason(&self) -> Answer<Option<String>> {
        let Some(reason) = &self.row.reason else { return Ok(None) };
        let guild = self.scope.guild();
        if !self.scope.may(&[Permission::ViewRecords]).await? {
            let people = self.scope.actions().people();
            let own = people.find(guild, self.scope.signed_in().user).await?;
            if own.is_none() || (own != self.row.giver && own != self.row.receiver) {
                return Ok(None);
            }
        }
        let reason = Some(reason.clone());
        Ok(self.scope.actions().reason_of_movement(guild, self.row.event, reason).await?)
    }
}

#[derive(SimpleObject)]
pub struct FlowLine {
    pub day: Day,
    pub kind: String,
    pub count: Long,
    pub amount: Long,
}

#[derive(SimpleObject)]
pub struct SupplyLine {
    pub day: Day,
    /// At the day's end.
    pub supply: Long,
}

#[derive(InputObject)]
pub struct BytesMove {
    pub guild: Snowflake,
    /// Who receives, or is taken from.
    pub user: Snowflake,
    pub amount: Long,
    pub reason: Option<String>,
    /// Names this request; repeating it moves nothing again.
    pub key: String,
}

#[derive(SimpleObject)]
pub struct BytesMoved {
    pub done: Done,
    pub amount: Option<Long>,
}

impl BytesMoved {
    fn of(moved: Result<rules::Moved, Done>) -> Self {
        match moved {
            Ok(moved) => {
                Self { done: Done::of(moved.repeated), amount: Some(Long(moved.amount.0)) }
            }
            Err(done) => Self { done, amount: None },
        }
    }
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "EconomyMutations")]
impl Mutations {
    /// Gives bytes from the community.
    async fn bytes_grant(&self, ctx: &Context<'_>, input: BytesMove) -> Answer<BytesMoved> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, user) = (scope.actions(), scope.caller(), user_id(input.user)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (amount, reason) = (Bytes(input.amount.0), input.reason.as_deref());
        let asked = actions.grant_bytes(scope.guild(), caller, user, amount, reason, &key).await;
        Ok(BytesMoved::of(done(asked)?))
    }

    /// Takes bytes away.
    async fn bytes_take(&self, ctx: &Context<'_>, input: BytesMove) -> Answer<BytesMoved> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, user) = (scope.actions(), scope.caller(), user_id(input.user)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (amount, reason) = (Bytes(input.amount.0), input.reason.as_deref());
        let asked = actions.take_bytes(scope.guild(), caller, user, amount, reason, &key).await;
        Ok(BytesMoved::of(done(asked)?))
    }

    /// Sends bytes of your own.
    async fn bytes_send(&self, ctx: &Context<'_>, input: BytesMove) -> Answer<BytesMoved> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, to) = (scope.actions(), scope.caller(), user_id(input.user)?);
        let from = scope.signed_in().user;
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (amount, reason) = (Bytes(input.amount.0), input.reason.as_deref());
        let (guild, at) = (scope.guild(), actions.now());
        let asked = actions.send_bytes(guild, caller, from, to, amount, reason, at, &key).await;
        Ok(BytesMoved::of(done(asked)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_what_came_and_went_then_the_curve_ends_at_what_there_is() {
        let line = |day, kind: &str, amount| transactions::Flow {
            day: UtcDay(day),
            kind: kind.to_owned(),
            count: 1,
            amount: Bytes(amount),
        };
        let flow = [
            line(11, "grant", 50),
            line(11, "transfer", 30),
            line(12, "spend", 20),
            line(12, "daily", 5),
        ];
        let curve = supply_curve(100, UtcDay(10), UtcDay(12), &flow);
        let told: Vec<_> = curve.iter().map(|line| (line.day.0.0, line.supply.0)).collect();
        assert_eq!(told, [(10, 65), (11, 115), (12, 100)]);
    }
}
