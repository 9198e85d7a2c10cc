//! Who may do what with bytes, and that asking twice does it once.

#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actions::{
    ActionError, Actions, Caller, Guard, Permission, Permissions, Policy, Standing,
    import::{Movement, Origin, What},
};
use domain::{
    Actor, Bytes, GuildId, IdempotencyKey, PersonId, Timestamp, UserId,
    economy::{DailyTrigger, EconomySettings, SpendId, what_if::Changes},
};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, People, Recorded,
    people::{MasterKey, PeopleOptions},
    sql::open_work,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};
use projections::ReadStore;

/// 18 November 2026, noon.
const NOON: i64 = 1_795_003_200;

struct House {
    actions: Actions,
    log: Arc<dyn EventLog>,
    now: Arc<AtomicI64>,
    directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(NOON));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || Timestamp::from_secs(now.load(Ordering::Relaxed)))
        };
        let lock = Arc::new(DirectoryLock::take(directory.path()).unwrap());
        let options = SqliteOptions { clock: Arc::clone(&clock), ..SqliteOptions::default() };
        let log: Arc<dyn EventLog> =
            Arc::new(SqliteLog::open(directory.path(), lock, options).unwrap());
        let keys = PeopleOptions {
            master: MasterKey::generate().unwrap(),
            previous: None,
            erasures_file: directory.path().join("erasures.jsonl"),
        };
        let people = People::open_sqlite(directory.path(), keys, Arc::clone(&clock)).await.unwrap();
        let bus = Bus::new(Arc::clone(&log), Arc::new(people), None, BusOptions::default());
        let store = ReadStore::sqlite(directory.path()).unwrap();
        let work = open_work(directory.path()).unwrap();
        let actions = Actions::new(bus, store, work, clock, Policy::default());
        Self { actions, log, now, directory }
    }

    /// The same store as another process would decide on it: with caches of its own.
    fn second(&self) -> Actions {
        let people = Arc::clone(self.actions.people());
        let bus = Bus::new(Arc::clone(&self.log), people, None, BusOptions::default());
        let store = ReadStore::sqlite(self.directory.path()).unwrap();
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || Timestamp::from_secs(now.load(Ordering::Relaxed)));
        let work = open_work(self.directory.path()).unwrap();
        Actions::new(bus, store, work, clock, Policy::default())
    }

    async fn events(&self, guild: GuildId) -> Vec<Recorded> {
        self.log.read_guild(guild, 0, 10_000).await.unwrap()
    }

    async fn balance(&self, user: UserId) -> i64 {
        self.actions.balance(guild(), user).await.unwrap().0
    }

    async fn give(&self, user: UserId, amount: i64) {
        let key = actions::fresh_key("test").unwrap();
        let operator = Caller::operator();
        self.actions
            .grant_bytes(guild(), &operator, user, Bytes(amount), None, &key)
            .await
            .unwrap();
    }

    async fn send(&self, from: UserId, to: UserId, amount: i64) -> Result<bool, ActionError> {
        let (caller, at) = (member(from), self.actions.now());
        let key = actions::fresh_key("test").unwrap();
        let sent =
            self.actions.send_bytes(guild(), &caller, from, to, Bytes(amount), None, at, &key);
        sent.await.map(|moved| moved.repeated)
    }

    async fn set(&self, change: impl FnOnce(&mut EconomySettings)) {
        set(&self.actions, change).await;
    }
}

async fn set(actions: &Actions, change: impl FnOnce(&mut EconomySettings)) {
    let mut to = actions.economy_terms(guild()).await.unwrap().values.clone();
    change(&mut to);
    let key = actions::fresh_key("test").unwrap();
    actions.change_economy_settings(guild(), &Caller::operator(), to, &key).await.unwrap();
}

fn guild() -> GuildId {
    GuildId::new(1_107_318_246_137_131_070).unwrap()
}

fn other_guild() -> GuildId {
    GuildId::new(78).unwrap()
}

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn ann() -> UserId {
    user(101)
}

fn ben() -> UserId {
    user(102)
}

fn member(user: UserId) -> Caller {
    Caller::member(user, Standing::everyone())
}

fn manager(user: UserId) -> Caller {
    Caller::member(user, Standing::with(Permissions::MANAGE_GUILD))
}

fn is_not_allowed(error: &ActionError) -> bool {
    matches!(error, ActionError::Guarded(Guard::Permission(Permission::ManageEconomy)))
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

fn rule<T: std::fmt::Debug>(result: Result<T, ActionError>) -> &'static str {
    match result {
        Err(ActionError::Refused { rule, .. }) => rule,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

#[tokio::test]
async fn given_a_member_without_the_permission_then_managing_is_refused_by_its_name() {
    let house = House::new().await;
    house.give(ann(), 100).await;
    let before = house.events(guild()).await.len();
    let actions = &house.actions;
    let settings = EconomySettings { max_transfer: Bytes(1), ..EconomySettings::default() };
    for nobody in [member(ann()), Caller::process("payday")] {
        let (amount, key) = (Bytes(5), key("k"));
        let refused = [
            actions.grant_bytes(guild(), &nobody, ann(), amount, None, &key).await.err(),
            actions.take_bytes(guild(), &nobody, ann(), amount, None, &key).await.err(),
            actions.change_economy_settings(guild(), &nobody, settings.clone(), &key).await.err(),
        ];
        for error in refused {
            let error = error.expect("it may not");
            assert!(is_not_allowed(&error), "{error:?}");
            assert!(!error.is_fault());
            assert_eq!(
                error.to_string(),
                "You need the permission \"Manage Economy\" for this: \"Manage Server\" in Discord \
                 grants it."
            );
        }
    }
    // Nothing was moved; that Ann tried is on record, each attempt once.
    let mut events = house.events(guild()).await;
    events.retain(|event| event.stream.category() != "refusals");
    assert_eq!(events.len(), before);
    assert_eq!(actions.people().count().await.unwrap(), 1);
}

#[tokio::test]
async fn given_the_permission_or_the_console_then_managing_is_done() {
    let house = House::new().await;
    for (who, caller) in [("manager", manager(ben())), ("operator", Caller::operator())] {
        let actions = &house.actions;
        let key = |what: &str| key(&format!("{who}/{what}"));
        let (give, take) = (Bytes(50), Bytes(20));
        actions.grant_bytes(guild(), &caller, ann(), give, None, &key("grant")).await.unwrap();
        actions.take_bytes(guild(), &caller, ann(), take, None, &key("take")).await.unwrap();
        let settings = EconomySettings { currency: who.to_owned(), ..EconomySettings::default() };
        let changed =
            actions.change_economy_settings(guild(), &caller, settings, &key("settings")).await;
        assert_eq!(changed.unwrap().values.currency, who);
    }
    assert_eq!(house.balance(ann()).await, 60);
    let actors: Vec<_> = house
        .events(guild())
        .await
        .iter()
        .filter(|event| &*event.type_name == "economy.bytes_taken")
        .map(|event| event.metadata().unwrap().actor)
        .collect();
    assert_eq!(actors, [Actor::Person(PersonId(2)), Actor::Operator]);
}

#[tokio::test]
async fn given_a_member_then_they_act_for_nobody_else() {
    let house = House::new().await;
    house.give(ann(), 100).await;
    let actions = &house.actions;
    let (at, amount) = (actions.now(), Bytes(5));
    for other in [member(ben()), manager(ben())] {
        let sent =
            actions.send_bytes(guild(), &other, ann(), ben(), amount, None, at, &key("k")).await;
        assert!(matches!(sent, Err(ActionError::NotYourself)), "{sent:?}");
        let daily =
            actions.award_daily(guild(), &other, ann(), DailyTrigger::Message, at, &key("k")).await;
        assert!(matches!(daily, Err(ActionError::NotYourself)), "{daily:?}");
    }
    assert_eq!(house.balance(ann()).await, 100);
    for (number, caller) in
        [member(ann()), Caller::operator(), Caller::process("payday")].iter().enumerate()
    {
        let key = key(&format!("daily/{number}"));
        let daily =
            actions.award_daily(guild(), caller, ann(), DailyTrigger::Message, at, &key).await;
        assert_eq!(daily.is_ok(), number == 0, "they may, but once a day: {daily:?}");
        assert!(!matches!(daily, Err(ActionError::NotYourself)));
    }
}

#[tokio::test]
async fn given_a_member_then_spends_are_not_theirs_to_make_settle_or_refund() {
    let house = House::new().await;
    house.give(ann(), 100).await;
    let (actions, spend) = (&house.actions, SpendId(uuid::Uuid::from_u128(1)));
    let shop = Caller::process("shop");
    let buy = |caller: Caller, key: IdempotencyKey| async move {
        let from = (spend, PersonId(1));
        actions.spend_bytes(guild(), &caller, from, Bytes(40), "a hat", &key).await
    };
    let not_theirs = |error: ActionError| assert!(matches!(error, ActionError::NotForMembers));
    for thief in [member(ben()), member(ann()), manager(ben())] {
        not_theirs(buy(thief.clone(), key("k")).await.unwrap_err());
        not_theirs(actions.settle_spend(guild(), &thief, spend, &key("k")).await.unwrap_err());
        not_theirs(actions.refund_spend(guild(), &thief, spend, &key("k")).await.unwrap_err());
    }
    assert_eq!(house.balance(ann()).await, 100);
    buy(shop.clone(), key("shop/1/spend")).await.unwrap();
    assert_eq!(house.balance(ann()).await, 60);
    assert!(buy(shop.clone(), key("shop/1/spend")).await.unwrap().repeated);
    for _ in 0..2 {
        actions.refund_spend(guild(), &shop, spend, &key("shop/1/refund")).await.unwrap();
    }
    assert_eq!(house.balance(ann()).await, 100);
    let settled = actions.settle_spend(guild(), &shop, spend, &key("shop/1/settle")).await;
    assert_eq!(rule(settled), "economy.spend_not_open");
}

#[tokio::test]
async fn given_a_key_twice_then_each_action_is_done_once_and_answers_as_before() {
    let house = House::new().await;
    let (actions, operator) = (&house.actions, Caller::operator());
    let at = actions.now();
    for round in 0..2 {
        let repeated = round == 1;
        let why = Some("why");
        let granted =
            actions.grant_bytes(guild(), &operator, ann(), Bytes(500), why, &key("grant")).await;
        let granted = granted.unwrap();
        assert_eq!((granted.amount, granted.repeated), (Bytes(500), repeated));
        let taken =
            actions.take_bytes(guild(), &operator, ann(), Bytes(100), None, &key("take")).await;
        let taken = taken.unwrap();
        assert_eq!((taken.amount, taken.repeated), (Bytes(100), repeated));
        let caller = member(ann());
        let send = key("send");
        let sent = actions.send_bytes(guild(), &caller, ann(), ben(), Bytes(30), None, at, &send);
        let sent = sent.await.unwrap();
        assert_eq!((sent.amount, sent.repeated), (Bytes(30), repeated));
        let (trigger, daily) = (DailyTrigger::Message, key("daily"));
        let daily = actions.award_daily(guild(), &caller, ann(), trigger, at, &daily).await;
        let daily = daily.unwrap();
        assert_eq!((daily.amount, daily.streak_days, daily.repeated), (Bytes(10), 1, repeated));
        let settings = EconomySettings { daily_amount: Bytes(11), ..EconomySettings::default() };
        let changed =
            actions.change_economy_settings(guild(), &operator, settings, &key("set")).await;
        assert_eq!(changed.unwrap().version, 1);
        assert_eq!((house.balance(ann()).await, house.balance(ben()).await), (380, 30));
    }
    // A repetition that asks for another amount is told what was moved then.
    let more = actions.grant_bytes(guild(), &operator, ann(), Bytes(9), None, &key("grant")).await;
    assert_eq!(more.unwrap().amount, Bytes(500));
    // And one that asks for something else is told that nothing was.
    let other = actions.take_bytes(guild(), &operator, ann(), Bytes(9), None, &key("grant")).await;
    assert!(matches!(other, Err(ActionError::BadInput(_))), "{other:?}");
    assert_eq!(house.balance(ann()).await, 380);
}

#[tokio::test]
async fn given_a_refusal_then_its_key_may_be_used_again() {
    let house = House::new().await;
    let (actions, at) = (&house.actions, house.actions.now());
    let send = || async {
        let caller = member(ann());
        actions.send_bytes(guild(), &caller, ann(), ben(), Bytes(30), None, at, &key("send")).await
    };
    assert_eq!(rule(send().await), "economy.not_enough");
    house.give(ann(), 100).await;
    assert!(!send().await.unwrap().repeated);
    assert!(send().await.unwrap().repeated);
}

#[tokio::test]
async fn given_changed_settings_then_they_rule_here_at_once_and_elsewhere_within_2_seconds() {
    let house = House::new().await;
    house.give(ann(), 1_000).await;
    let elsewhere = house.second();
    house.set(|settings| settings.transfer_cooldown_secs = 0).await;
    // Elsewhere they are read now, and kept.
    assert_eq!(elsewhere.economy_terms(guild()).await.unwrap().version, 1);

    house.set(|settings| settings.max_transfer = Bytes(7)).await;
    let changed = std::time::Instant::now();
    assert_eq!(rule(house.send(ann(), ben(), 8).await), "economy.amount_too_large");
    let sent_elsewhere = |number: u32| {
        let (caller, at) = (member(ann()), elsewhere.now());
        let elsewhere = &elsewhere;
        async move {
            let key = key(&format!("elsewhere/{number}"));
            elsewhere.send_bytes(guild(), &caller, ann(), ben(), Bytes(8), None, at, &key).await
        }
    };
    let mut tries = 0;
    while sent_elsewhere(tries).await.is_ok() {
        tries += 1;
        assert!(changed.elapsed() < Duration::from_millis(2_500), "the old rule still holds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(rule(sent_elsewhere(tries).await), "economy.amount_too_large");
}

#[tokio::test]
async fn given_a_decision_then_its_event_says_under_which_settings() {
    let house = House::new().await;
    house.give(ann(), 1_000).await;
    house.set(|settings| settings.max_transfer = Bytes(500)).await;
    house.set(|settings| settings.daily_amount = Bytes(20)).await;
    house.send(ann(), ben(), 5).await.unwrap();
    let policies: Vec<_> = house
        .events(guild())
        .await
        .iter()
        .map(|event| (event.type_name.to_string(), event.metadata().unwrap().policy))
        .collect();
    let expected = [
        ("economy.account_opened", Some(0)),
        ("economy.bytes_granted", Some(0)),
        ("economy_settings.changed", None),
        ("economy_settings.changed", None),
        ("economy.account_opened", Some(2)),
        ("economy.bytes_transferred", Some(2)),
    ];
    assert_eq!(policies, expected.map(|(name, policy)| (name.to_owned(), policy)));
    // One request's events belong together.
    let events = house.events(guild()).await;
    let correlation = |index: usize| events[index].metadata().unwrap().cause.correlation;
    assert_eq!(correlation(4), correlation(5));
    assert_ne!(correlation(0), correlation(5));
}

#[tokio::test]
async fn given_first_sight_then_a_member_gets_the_next_number_of_that_guild() {
    let house = House::new().await;
    let people = house.actions.people();
    for (number, user) in (1..).zip([ben(), ann(), user(7)]) {
        house.give(user, 1).await;
        assert_eq!(people.find(guild(), user).await.unwrap(), Some(PersonId(number)));
        house.give(user, 1).await;
    }
    assert_eq!(people.count().await.unwrap(), 3);
    let operator = Caller::operator();
    let (amount, key) = (Bytes(1), key("k"));
    let elsewhere = house.actions.grant_bytes(other_guild(), &operator, ann(), amount, None, &key);
    elsewhere.await.unwrap();
    assert_eq!(people.find(other_guild(), ann()).await.unwrap(), Some(PersonId(1)));
    // No Discord id of a member stands in the log.
    for event in house.events(guild()).await.iter().chain(&house.events(other_guild()).await) {
        for id in ["\"101\"", "\"102\""] {
            assert!(!event.payload.contains(id) && !event.metadata.contains(id), "{event:?}");
        }
    }
    // Asking what somebody has makes nobody known.
    assert_eq!(house.balance(user(8)).await, 0);
    assert_eq!(people.find(guild(), user(8)).await.unwrap(), None);
}

// proves: ECO-01, ECO-15
#[tokio::test]
async fn given_two_guilds_then_balances_streaks_and_settings_are_each_their_own() {
    let house = House::new().await;
    let actions = &house.actions;
    house.give(ann(), 500).await;
    house.set(|settings| settings.daily_amount = Bytes(99)).await;

    let at = actions.now();
    let (ann_herself, send) = (member(ann()), key("send"));
    let sent = actions
        .send_bytes(other_guild(), &ann_herself, ann(), ben(), Bytes(1), None, at, &send)
        .await;
    assert_eq!(rule(sent), "economy.not_enough");
    assert_eq!(actions.balance(other_guild(), ann()).await.unwrap(), Bytes::ZERO);

    let daily = |guild: GuildId, day: i64| async move {
        let at = Timestamp::from_secs(NOON + day * 86_400);
        let (caller, key) = (member(ann()), key(&format!("message/{day}")));
        let daily = actions.award_daily(guild, &caller, ann(), DailyTrigger::Message, at, &key);
        let daily = daily.await.unwrap();
        (daily.amount, daily.streak_days)
    };
    assert_eq!(daily(guild(), 0).await, (Bytes(99), 1));
    assert_eq!(daily(guild(), 1).await, (Bytes(99), 2));
    assert_eq!(daily(other_guild(), 1).await, (Bytes(10), 1), "its own streak and amount");
}

// proves: ECO-02, ECO-14
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn given_one_message_delivered_50_times_at_once_then_it_awards_once() {
    let house = House::new().await;
    let (one, other) = (house.actions.clone(), house.second());
    let at = one.now();
    let mut tasks = Vec::new();
    for number in 0..50 {
        // Two processes at once, half of it through each.
        let actions = if number % 2 == 0 { one.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            let (caller, trigger) = (member(ann()), DailyTrigger::Message);
            actions.award_daily(guild(), &caller, ann(), trigger, at, &key("message/1")).await
        }));
    }
    let mut first = 0;
    for task in tasks {
        let daily = task.await.unwrap().unwrap();
        assert_eq!((daily.amount, daily.streak_days), (Bytes(10), 1), "all are told the same");
        first += usize::from(!daily.repeated);
    }
    assert_eq!(first, 1);
    assert_eq!(house.balance(ann()).await, 10);
    let awards = house.events(guild()).await;
    assert_eq!(
        awards.iter().filter(|event| &*event.type_name == "economy.daily_awarded").count(),
        1
    );
}

// proves: ECO-02
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn given_50_messages_of_one_day_at_once_then_only_one_awards() {
    let house = House::new().await;
    let at = house.actions.now();
    let mut tasks = Vec::new();
    for number in 0..50 {
        let actions = if number % 2 == 0 { house.actions.clone() } else { house.second() };
        tasks.push(tokio::spawn(async move {
            let (caller, key) = (member(ann()), key(&format!("message/{number}")));
            actions.award_daily(guild(), &caller, ann(), DailyTrigger::Message, at, &key).await
        }));
    }
    let mut awarded = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => awarded += 1,
            refused => assert_eq!(rule(refused), "economy.daily_already_paid"),
        }
    }
    assert_eq!((awarded, house.balance(ann()).await), (1, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn given_transfers_in_every_direction_at_once_then_nothing_is_made_or_lost() {
    let house = House::new().await;
    let members: Vec<_> = (1..=8).map(user).collect();
    house.set(|settings| settings.transfer_cooldown_secs = 0).await;
    for &member in &members {
        house.give(member, 100).await;
    }
    let (one, other) = (house.actions.clone(), house.second());
    let mut tasks = Vec::new();
    for number in 0..200_usize {
        let actions = if number % 2 == 0 { one.clone() } else { other.clone() };
        let (from, to) = (members[number % 8], members[number * 5 / 3 % 8]);
        let amount = Bytes(i64::try_from(number % 90).unwrap());
        tasks.push(tokio::spawn(async move {
            let (caller, key) = (member(from), key(&format!("transfer/{number}")));
            let at = actions.now();
            actions.send_bytes(guild(), &caller, from, to, amount, None, at, &key).await
        }));
    }
    let mut moved = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => moved += 1,
            Err(error) => assert!(!error.is_fault(), "{error}"),
        }
    }
    assert!(moved > 50, "{moved}");
    let mut sum = 0;
    for &member in &members {
        let balance = house.balance(member).await;
        assert!(balance >= 0, "{balance}");
        sum += balance;
    }
    assert_eq!(sum, 800);
}

#[tokio::test]
async fn given_a_transfer_refused_by_the_settings_then_it_is_kept_once_and_can_be_asked_about() {
    let house = House::new().await;
    house.give(ann(), 5_000).await;
    let before = house.events(guild()).await;
    for _ in 0..3 {
        assert_eq!(rule(house.send(ann(), ben(), 1_001).await), "economy.amount_too_large");
        // Another process knows nothing of it, and keeps no second one either.
        let (caller, at, key) =
            (member(ann()), house.actions.now(), actions::fresh_key("test").unwrap());
        let second = house.second();
        let sent =
            second.send_bytes(guild(), &caller, ann(), ben(), Bytes(1_001), None, at, &key).await;
        assert_eq!(rule(sent), "economy.amount_too_large");
    }
    assert_eq!(rule(house.send(ann(), ann(), 5).await), "economy.self_transfer");
    assert_eq!(rule(house.send(ann(), ben(), 0).await), "economy.amount_too_small");
    let events = house.events(guild()).await;
    assert_eq!(events[..before.len()], before);
    let [kept] = &events[before.len()..] else { panic!("{events:?}") };
    assert_eq!(kept.type_name, "refusals.transfer_refused");
    assert_eq!(kept.metadata().unwrap().policy, Some(0));
    assert_eq!(kept.metadata().unwrap().actor, Actor::Person(PersonId(1)));
    house.now.fetch_add(600, Ordering::Relaxed);
    assert_eq!(rule(house.send(ben(), ann(), 7).await), "economy.not_enough");
    assert_eq!(rule(house.send(ann(), ben(), 1_500).await), "economy.amount_too_large");
    house.send(ann(), ben(), 400).await.unwrap();
    assert_eq!(rule(house.send(ann(), ben(), 1).await), "economy.cooldown");
    let head = house.events(guild()).await.len() as u64;

    let ask = async |changes: &[&str], caller: &Caller, up_to| {
        let changes = Changes::parse(changes.iter().copied()).unwrap();
        house.actions.economy_what_if(guild(), caller, changes, up_to).await
    };
    let manager = manager(ben());
    let loose = ask(&["max_transfer=2000", "transfer_cooldown_secs=0"], &manager, head);
    let transfers = loose.await.unwrap().transfers;
    // The last one was too soon after one that was kept.
    let allowed = &transfers.newly_allowed;
    assert_eq!((transfers.recorded, transfers.refused.count), (1, 0));
    assert_eq!((allowed.of, allowed.count, allowed.amount), (3, 3, Bytes(1_001 + 7 + 1_500)));
    let early = ask(&["max_transfer=2000"], &manager, head - 4).await.unwrap();
    assert_eq!(early.transfers.newly_allowed.count, 1);
    assert_eq!(early.transfers.recorded, 0);

    let refused = ask(&["max_transfer=2000"], &member(ann()), head).await;
    assert!(is_not_allowed(&refused.unwrap_err()));
    assert_eq!(house.events(guild()).await.len() as u64, head, "asking writes nothing");
}

#[tokio::test]
async fn given_settings_that_changed_then_each_movement_is_asked_again_over_its_own() {
    let house = House::new().await;
    let (caller, key) = (member(ann()), || actions::fresh_key("test").unwrap());
    let daily = async || {
        let at = house.actions.now();
        let (actions, message) = (&house.actions, DailyTrigger::Message);
        actions.award_daily(guild(), &caller, ann(), message, at, &key()).await.unwrap().amount
    };
    assert_eq!(daily().await, Bytes(10));
    house.set(|settings| settings.daily_amount = Bytes(50)).await;
    house.now.fetch_add(86_400, Ordering::Relaxed);
    assert_eq!(daily().await, Bytes(50));
    house.set(|settings| settings.starting_balance = Bytes(3)).await;
    house.give(ben(), 1).await;
    let head = house.events(guild()).await.len() as u64;
    let ask = async |change: &str| {
        let changes = Changes::parse([change]).unwrap();
        house.actions.economy_what_if(guild(), &Caller::operator(), changes, head).await.unwrap()
    };
    // What is not changed stays as it was at each time.
    let capped = ask("max_transfer=1").await;
    assert_eq!((capped.supply.recorded, capped.supply.other), (Bytes(64), Bytes(64)));
    assert_eq!(ask("daily.amount=100").await.daily_rewards.other, Bytes(200));
    assert_eq!(ask("starting_balance=0").await.supply.other, Bytes(61));
    let lacking = capped.facts_lacking.join(" ");
    assert!(!lacking.contains("Version") && !lacking.contains("do not say"), "{lacking}");
}

#[tokio::test]
async fn given_rows_of_another_bot_then_the_ledgers_rules_hold_and_the_communitys_do_not() {
    const LIKE_A_USER: &str = "777777777777777777";
    let house = House::new().await;
    let settings = EconomySettings {
        starting_balance: Bytes(7),
        max_transfer: Bytes(1),
        ..EconomySettings::default()
    };
    let change = key("settings");
    let operator = Caller::operator();
    house.actions.change_economy_settings(guild(), &operator, settings, &change).await.unwrap();
    let row = |row: &str, what, amount| Movement {
        what,
        amount: Bytes(amount),
        reason: None,
        origin: Origin { source: "old".to_owned(), row: Some(row.to_owned()) },
    };
    let at = Timestamp::from_secs(NOON - 60);
    let gift = What::Transfer { from: ann(), to: ben(), at };
    let rows = [
        row("1", What::Grant { to: ann() }, 500),
        row("2", gift, 300),
        row("3", gift, 150),
        row("4", gift, 100),
        row(LIKE_A_USER, What::Take { from: ben() }, 50),
    ];
    let import = Caller::import();
    let mut rehearsal = house.actions.rehearse_import(guild(), &import).await.unwrap();
    for _again in 0..2 {
        for row in &rows {
            let rehearsed = rehearsal.import(&house.actions, row).await;
            let done = house.actions.import_movement(guild(), &import, row).await;
            match (&rehearsed, &done) {
                (Ok(rehearsed), Ok(done)) => assert_eq!(rehearsed.amount, done.amount),
                _ => assert_eq!(rule(rehearsed), rule(done)),
            }
        }
        assert_eq!((house.balance(ann()).await, house.balance(ben()).await), (50, 400));
    }
    let events = house.events(guild()).await;
    for event in events.iter().skip(1) {
        let metadata = event.metadata().unwrap();
        assert_eq!((metadata.actor, metadata.policy), (Actor::Import, None));
        assert!(!event.metadata.contains(LIKE_A_USER), "{}", event.metadata);
    }
    for caller in [member(ann()), manager(ann()), Caller::process("rule")] {
        let refused = house.actions.import_movement(guild(), &caller, &rows[0]).await;
        assert!(matches!(refused, Err(ActionError::NotForMembers)));
        assert!(house.actions.rehearse_import(guild(), &caller).await.is_err());
    }
    assert_eq!(house.events(guild()).await, events);
}
