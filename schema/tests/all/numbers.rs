//! Charts and boards as they are answered: in the community's days, beside the time before, now and
//! as they were, and boards in the order of the slash command.

use std::sync::atomic::Ordering;

use actions::{
    Caller, Permissions,
    activity::{
        Heard, Told, Used, Window,
        gaps::{End, Found},
    },
    levels::Period,
    mirror::{
        Profile, Told as Member,
        places::{self, Kind, Place, Sign},
    },
};
use domain::{
    ChannelId, MessageId, Timestamp,
    activity::{Blindness, UseOutcome, Written},
    levels::Change,
};
use serde_json::{Value, json};

use crate::house::{House, code, guild, user};

async fn of_guild(house: &House, who: &schema::SignedIn, inner: &str) -> Value {
    let question = format!("{{ guild(id: \"{}\") {{ {inner} }} }}", guild());
    House::answered(house.ask(Some(who), question.as_str()).await)["guild"].clone()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn message(seq: u64, at: Timestamp, user_number: u64, channel: u64) -> Heard {
    let what = Told::Message {
        id: MessageId::new(1_000 + seq).unwrap(),
        user: user(user_number),
        channel: ChannelId::new(channel).unwrap(),
        roles: Vec::new(),
        how: Written::default(),
        burst: 1,
    };
    Heard { seq, at, what }
}

async fn recorded(house: &House, session: &str, heard: Vec<Heard>) {
    let window = Window { heard, ..Window::default() };
    house.actions.record_activity(guild(), session, &window, None).await.unwrap();
}

async fn in_berlin(house: &House) {
    let (operator, key) = (Caller::operator(), actions::fresh_key("test").unwrap());
    let zone = house.actions.change_setting(
        guild(),
        &operator,
        "activity",
        "time_zone",
        "Europe/Berlin",
        &key,
    );
    zone.await.unwrap();
}

/// The house's today is 18 November 2026.
async fn some_days(house: &House) {
    in_berlin(house).await;
    let heard = vec![
        // The last day before the three that are looked at, in Berlin: 14 November, 23:50.
        message(1, at("2026-11-14T22:50:00Z"), 101, 5),
        // 15 November in UTC, 16 in Berlin.
        message(2, at("2026-11-15T23:30:00Z"), 101, 5),
        message(3, at("2026-11-16T09:00:00Z"), 102, 6),
        message(4, at("2026-11-18T09:00:00Z"), 102, 6),
        message(5, at("2026-11-18T09:20:00Z"), 101, 5),
        message(6, at("2026-11-18T09:25:00Z"), 101, 5),
    ];
    let used = Used {
        interaction: 77,
        at: at("2026-11-18T10:00:00Z"),
        user: user(103),
        command: "bytes read".to_owned(),
        outcome: UseOutcome::Refused,
        millis: 40,
    };
    let gap = (at("2026-11-17T01:00:00Z"), at("2026-11-17T02:00:00Z"), Blindness::Hole);
    let window = Window { heard, uses: vec![used], gap: Some(gap), ..Window::default() };
    house.actions.record_activity(guild(), "a", &window, None).await.unwrap();
}

// proves: ANA-01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_gap_that_is_made_up_for_then_it_is_told_what_was_had_of_it() {
    let house = House::new().await;
    some_days(&house).await;
    let gap = house.actions.open_gaps().await.unwrap()[0];
    let channels = [ChannelId::new(5).unwrap(), ChannelId::new(6).unwrap()];
    house.actions.begin_reading(&gap, &channels, 0).await.unwrap();
    let id = MessageId::new(at("2026-11-17T01:30:00Z").first_snowflake()).unwrap();
    let found = [Found { id, user: user(102), how: Written::default() }];
    let read = house.actions.keep_page(&gap, channels[0], &found, id.get(), Some(End::Read));
    read.await.unwrap();
    let unread = house.actions.keep_page(&gap, channels[1], &[], gap.after, Some(End::Unread));
    unread.await.unwrap();
    let range = "range: {since: \"2026-11-16\", until: \"2026-11-18\"}";
    let inner = format!(
        "activity {{ series(metric: MESSAGES, {range}) {{ values sum }} gaps({range}) {{ from \
         recovered {{ messages unread cut }} }} }}"
    );
    house.caught_up().await;
    let admin = house.admin();
    let before = of_guild(&house, &admin, &inner).await["activity"].clone();
    assert_eq!(before["gaps"][0]["recovered"], json!(null));
    house.actions.count_gap(&gap).await.unwrap();
    house.caught_up().await;
    let shown = of_guild(&house, &admin, &inner).await["activity"].clone();
    let recovered = json!({ "messages": "1", "unread": "1", "cut": false });
    assert_eq!(shown["gaps"][0]["recovered"], recovered);
    let number = |told: &Value| told.as_str().map_or(0, |text| text.parse::<i64>().unwrap());
    let sum = |told: &Value| number(&told["series"]["sum"]);
    assert_eq!(sum(&shown), sum(&before) + 1, "{shown}");
    // 17 November is the second of the three days.
    assert_eq!(number(&shown["series"]["values"][1]), 1, "{shown}");
}

// proves: SYN-01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_channel_and_a_role_that_were_deleted_then_their_names_are_told_where_asked_for() {
    let house = House::new().await;
    let place = |kind, id, name: &str| Place {
        kind,
        id,
        name: name.to_owned(),
        colour: 0x58_65f2,
        position: 2,
        sort: 0,
        parent: None,
    };
    let told = [
        places::Change::Sign(Sign { name: "Mill".to_owned(), ..Sign::default() }),
        places::Change::Is(place(Kind::Channel, 77, "old mill")),
        places::Change::Is(place(Kind::Role, 78, "Miller")),
        places::Change::Gone(Kind::Channel, 77),
        places::Change::Gone(Kind::Role, 78),
    ];
    house.actions.copy_places(guild(), &told, house.actions.now()).await.unwrap();
    let admin = house.admin();
    let now = of_guild(&house, &admin, "channels { id } roles { id }").await;
    assert!(!now.to_string().contains("\"77\"") && !now.to_string().contains("\"78\""), "{now}");
    let inner = "channels(gone: true) { id name gone } roles(gone: true) { id name colour gone }";
    let all = of_guild(&house, &admin, inner).await;
    let last = |list: &Value| list.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last(&all["channels"]), json!({ "id": "77", "name": "old mill", "gone": true }));
    let role = json!({ "id": "78", "name": "Miller", "colour": "#5865f2", "gone": true });
    assert_eq!(last(&all["roles"]), role);
    assert_eq!(all["channels"][0]["gone"], json!(false));
}

// proves: ANA-01, ANA-02, ANA-05, ANA-07, ANA-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_some_days_then_charts_tell_them_as_the_community_counts() {
    let house = House::new().await;
    some_days(&house).await;
    house.caught_up().await;
    let admin = house.admin();
    let range = "range: {since: \"2026-11-16\", until: \"2026-11-18\"}";
    let inner = format!(
        "activity {{ timeZone series(metric: MESSAGES, {range}) {{ starts until values sum before \
         sumBefore lines {{ sum }} }} active {{ daily weekly monthly stickiness }} gaps({range}) \
         {{ from until }} }}"
    );
    let shown = of_guild(&house, &admin, &inner).await["activity"].clone();
    assert_eq!(shown["timeZone"], "Europe/Berlin");
    let series = &shown["series"];
    assert_eq!(
        series["starts"],
        json!([
            "2026-11-15T23:00:00.000000Z",
            "2026-11-16T23:00:00.000000Z",
            "2026-11-17T23:00:00.000000Z"
        ])
    );
    assert_eq!(series["until"], "2026-11-18T23:00:00.000000Z");
    assert_eq!((&series["values"], &series["sum"]), (&json!(["2", "0", "3"]), &json!("5")));
    assert_eq!((&series["before"], &series["sumBefore"]), (&json!(["0", "1", "0"]), &json!("1")));
    assert_eq!(series["lines"], json!([]));
    let same = "activity { series(metric: MESSAGES, range: {days: 3}) { starts } }";
    let same = of_guild(&house, &admin, same).await["activity"]["series"]["starts"].clone();
    assert_eq!(same, series["starts"]);
    // Who used a command was there too.
    let active = json!({ "daily": "3", "weekly": "3", "monthly": "3", "stickiness": 1.0 });
    assert_eq!(shown["active"], active);
    let (from, until) = ("2026-11-17T01:00:00.000000Z", "2026-11-17T02:00:00.000000Z");
    assert_eq!(shown["gaps"], json!([{ "from": from, "until": until }]));

    let inner = format!(
        "activity {{ series(metric: MESSAGES, split: CHANNEL, {range}) {{ lines {{ of {{ channel }} \
         sum values }} }} most(metric: MESSAGES, split: MEMBER, {range}, rising: true) {{ of {{ \
         person {{ name }} }} now before }} commands {{ command done refused failed millis }} \
         week(metric: MESSAGES, {range}) }}"
    );
    let shown = of_guild(&house, &admin, &inner).await["activity"].clone();
    assert_eq!(
        shown["series"]["lines"],
        json!([
            { "of": { "channel": "5" }, "sum": "3", "values": ["1", "0", "2"] },
            { "of": { "channel": "6" }, "sum": "2", "values": ["1", "0", "1"] }
        ])
    );
    let line = |name: &str, now: &str, before: &str| json!({ "of": { "person": { "name": name } }, "now": now, "before": before });
    assert_eq!(shown["most"], json!([line("User 101", "3", "1"), line("User 102", "2", "0")]));
    let command = json!({
        "command": "bytes read", "done": "0", "refused": "1", "failed": "0", "millis": "40"
    });
    assert_eq!(shown["commands"], json!([command]));
    // Monday, 00:30 and 10:00 there; Wednesday at 10.
    assert_eq!((&shown["week"][0][0], &shown["week"][0][10]), (&json!("1"), &json!("1")));
    assert_eq!(shown["week"][2][10], "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_what_numbers_are_not_kept_by_or_too_much_then_it_is_said() {
    let house = House::new().await;
    let admin = house.admin();
    for (asked, said) in [
        ("series(metric: REPLIES, split: CHANNEL) { sum }", "not kept"),
        ("series(metric: CASES, filter: {user: \"101\"}) { sum }", "not kept"),
        ("series(metric: MESSAGES, filter: {channel: \"5\", user: \"1\"}) { sum }", "not kept"),
        ("series(metric: MESSAGES, every: HOUR, range: {days: 300}) { sum }", "fewer days"),
        ("series(metric: MESSAGES, range: {since: \"2027-02-01\"}) { sum }", "days"),
        ("series(metric: MESSAGES, split: CHANNEL, lines: 26) { sum }", "lines: use 1 to 25"),
        ("most(metric: MESSAGES, split: CHANNEL, first: 0) { now }", "first: use 1 to 25"),
        ("week(metric: MESSAGES, range: {days: 0})", "days"),
        ("cohorts(weeks: 26) { came }", "weeks: use 1 to 25"),
        ("commands(first: 101) { done }", "first: use 1 to 100"),
    ] {
        let question = format!("{{ guild(id: \"{}\") {{ activity {{ {asked} }} }} }}", guild());
        let refused = house.ask(Some(&admin), question.as_str()).await;
        assert_eq!(code(&refused).as_deref(), Some("BAD_INPUT"), "{asked}");
        assert!(refused.errors[0].message.contains(said), "{asked}: {}", refused.errors[0].message);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_moment_of_the_past_then_charts_end_there() {
    let house = House::new().await;
    let admin = house.admin();
    recorded(&house, "a", vec![message(1, at("2026-11-18T09:00:00Z"), 101, 5)]).await;
    let inner = "activity { member(user: \"101\") { messages lastActive messagesByDay } \
                 series(metric: MESSAGES) { sum } } eventCount";
    house.caught_up().await;
    let shown = of_guild(&house, &admin, inner).await;
    let then = shown["eventCount"].as_str().unwrap().to_owned();
    house.now.fetch_add(86_400, Ordering::SeqCst);
    recorded(&house, "a", vec![message(2, at("2026-11-19T09:00:00Z"), 101, 5)]).await;
    house.caught_up().await;
    let now = of_guild(&house, &admin, inner).await;
    assert_eq!(now["activity"]["member"]["messages"], "2");
    assert_eq!(now["activity"]["member"]["lastActive"], "2026-11-19");
    let question = format!("{{ guild(id: \"{}\", asOf: \"#{then}\") {{ {inner} }} }}", guild());
    let past = House::answered(house.ask(Some(&admin), question.as_str()).await);
    let past = &past["guild"]["activity"];
    assert_eq!((&past["series"]["sum"], &past["member"]["messages"]), (&json!("1"), &json!("1")));
    assert_eq!(past["member"]["lastActive"], "2026-11-18");
    assert_eq!(past["member"]["messagesByDay"].as_array().unwrap().last().unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_member_then_they_see_their_own_numbers_and_no_others() {
    let house = House::new().await;
    recorded(&house, "a", vec![message(1, at("2026-11-18T09:00:00Z"), 103, 5)]).await;
    house.caught_up().await;
    let member = house.member(103);
    let own = "activity { member(user: \"103\") { messages } }";
    assert_eq!(of_guild(&house, &member, own).await["activity"]["member"]["messages"], "1");
    let none = "activity { member(user: \"104\") { messages } }";
    let question = format!("{{ guild(id: \"{}\") {{ {none} }} }}", guild());
    let refused = house.ask(Some(&member), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
}

async fn gives_xp(house: &House, to: u64, xp: u64) {
    let (operator, key) = (Caller::operator(), actions::fresh_key("test").unwrap());
    let change = Change::Set(xp);
    house.actions.change_xp(guild(), &operator, user(to), change, None, &key).await.unwrap();
}

// proves: LVL-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_boards_then_they_stand_in_the_order_of_the_slash_command() {
    let house = House::new().await;
    let viewer = house.member(200);
    // Many with the same, and some that earned in the periods at hand.
    for number in 0..25 {
        gives_xp(&house, 1_000 + number, 100 + 40 * (number % 4)).await;
    }
    let heard = (1..=6).map(|seq| {
        let earlier = i64::try_from(seq).unwrap() * 86_400;
        message(seq, at("2026-11-18T09:00:00Z").plus_secs(earlier - 6 * 86_400), 1_000 + seq, 5)
    });
    recorded(&house, "a", heard.collect()).await;
    house.caught_up().await;
    for board in BOARDS {
        assert!(!same_boards(&house, &viewer, board).await.is_empty(), "{board:?}");
    }
}

const BOARDS: [(Option<Period>, &str); 4] = [
    (None, ""),
    (Some(Period::Day), "period: DAY, "),
    (Some(Period::Week), "period: WEEK, "),
    (Some(Period::Month), "period: MONTH, "),
];

/// Place, user and XP, as the slash command shows them, which is as the page shows them.
async fn same_boards(
    house: &House,
    viewer: &schema::SignedIn,
    (period, named): (Option<Period>, &str),
) -> Vec<(u32, u64, u64)> {
    let (mut slash, caller) = (Vec::new(), Caller::operator());
    for page in 0.. {
        let board = house.actions.level_board(guild(), &caller, period, page).await.unwrap();
        let lines = board.lines.iter();
        slash.extend(lines.map(|line| (line.place, line.user.unwrap().get(), line.xp)));
        if !board.more {
            break;
        }
    }
    let (mut web, mut after) = (Vec::new(), String::new());
    loop {
        let inner = format!(
            "levels {{ board({named}first: 7{after}) {{ lines {{ nodes {{ place xp person {{ \
             userId }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        );
        let lines = of_guild(house, viewer, &inner).await["levels"]["board"]["lines"].clone();
        let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        for line in lines["nodes"].as_array().unwrap() {
            let place = u32::try_from(number(&line["place"])).unwrap();
            web.push((place, number(&line["person"]["userId"]), number(&line["xp"])));
        }
        if lines["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", lines["pageInfo"]["endCursor"]);
    }
    assert_eq!(web, slash, "{period:?}");
    slash
}

// proves: LVL-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_community_without_leavers_on_boards_then_they_stand_on_none_and_places_close_up() {
    let house = House::new().await;
    let viewer = house.member(200);
    for number in 0..30 {
        gives_xp(&house, 1_000 + number, 100 + 10 * (number % 7)).await;
    }
    let heard = (1..=9).map(|seq| {
        message(seq, at("2026-11-18T09:00:00Z").plus_secs(seq.cast_signed()), 1_000 + seq, 5)
    });
    recorded(&house, "a", heard.collect()).await;
    house.caught_up().await;
    // Everybody but each third is a member, and 1,001 leaves after that was found.
    let here = |number: &u64| !number.is_multiple_of(3);
    let told = (0..30).filter(here).map(|number| Member {
        user: user(1_000 + number),
        profile: Profile::default(),
        roles: Vec::new(),
        joined_at: None,
        bot: false,
    });
    let (actions, now) = (&house.actions, house.actions.now());
    actions.begin_sync(guild(), 20, actions.now()).await.unwrap();
    actions.copy_page(guild(), &told.collect::<Vec<_>>(), now).await.unwrap();
    actions.finish_sync(guild()).await.unwrap();

    let everybody = same_boards(&house, &viewer, BOARDS[0]).await;
    assert_eq!(everybody.len(), 30, "shown, until the community says otherwise");
    let (operator, key) = (Caller::operator(), actions::fresh_key("test").unwrap());
    let set = actions.change_setting(guild(), &operator, "levels", "hide_leavers", "on", &key);
    set.await.unwrap();
    for board in BOARDS {
        let shown = same_boards(&house, &viewer, board).await;
        let places = shown.iter().map(|(place, ..)| *place);
        assert!(places.eq(1..=u32::try_from(shown.len()).unwrap()), "{board:?}: {shown:?}");
        let left: Vec<_> = shown.iter().filter(|line| !here(&(line.1 - 1_000))).collect();
        assert!(left.is_empty() && !shown.is_empty(), "{board:?}: {left:?}");
    }
    // Ranks follow the board.
    let shown = same_boards(&house, &viewer, BOARDS[0]).await;
    let order: Vec<_> = everybody.iter().filter(|line| here(&(line.1 - 1_000))).collect();
    assert!(order.iter().zip(&shown).all(|(was, is)| (was.1, was.2) == (is.1, is.2)));
    for (place, number, xp) in &shown {
        let rank = actions.level_rank(guild(), &operator, user(*number)).await.unwrap();
        let expected = (Some(u64::from(*place)), 20, *xp);
        assert_eq!((rank.place, rank.of, rank.xp), expected, "{number}");
        let inner = format!("levels {{ member(user: \"{number}\") {{ place of }} }}");
        let told = of_guild(&house, &viewer, &inner).await["levels"]["member"].clone();
        assert_eq!(told, json!({ "place": place.to_string(), "of": "20" }));
    }
}

// proves: LVL-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_member_then_their_rank_is_that_of_the_slash_command() {
    let house = House::new().await;
    let viewer = house.joins(200, Permissions::NONE, &[]);
    gives_xp(&house, 101, 400).await;
    gives_xp(&house, 102, 1_000).await;
    house.caught_up().await;
    let inner = "levels { member(user: \"101\") { place of xp level into step } \
                 curve(levels: 2) { level step sum } rewards { level } earning { textMin } }";
    let shown = of_guild(&house, &viewer, inner).await["levels"].clone();
    let rank = house.actions.level_rank(guild(), &Caller::operator(), user(101)).await.unwrap();
    let expected = json!({
        "place": rank.place.unwrap().to_string(), "of": rank.of.to_string(),
        "xp": rank.xp.to_string(), "level": rank.level, "into": rank.into.to_string(),
        "step": rank.step.to_string(),
    });
    assert_eq!(shown["member"], expected);
    assert_eq!(expected["place"], "2");
    let steps = json!([
        { "level": 1, "step": "100", "sum": "100" }, { "level": 2, "step": "155", "sum": "255" }
    ]);
    assert_eq!((&shown["curve"], &shown["rewards"]), (&steps, &json!([])));
    assert_eq!(shown["earning"]["textMin"], 15);
}

// proves: LVL-06
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_draft_of_settings_then_whoever_may_save_it_sees_what_it_would_do() {
    let house = House::new().await;
    let admin = house.joins(200, Permissions::MANAGE_GUILD, &[]);
    let member = house.joins(201, Permissions::NONE, &[]);
    gives_xp(&house, 101, 400).await;
    let messages = (1..=5)
        .map(|n| message(n, at("2026-11-17T09:00:00Z").plus_secs(n.cast_signed() * 300), 102, 5));
    recorded(&house, "a", messages.collect()).await;
    house.caught_up().await;
    let outlook = |draft: &str| {
        format!(
            "levels {{ outlook(draft: {{{draft}}}) {{ members up down most {{ xp from to person \
             {{ userId }} }} roles {{ given }} replayed {{ earned wouldEarn up down lacking }} }} }}"
        )
    };
    let curve = outlook("fields: [{name: \"curve\", text: \"even\"}]");
    let told = of_guild(&house, &admin, &curve).await["levels"]["outlook"].clone();
    assert_eq!((&told["members"], &told["up"]), (&json!("2"), &json!("0")));
    let first = json!({ "xp": "400", "from": "2", "to": "0", "person": { "userId": "101" } });
    assert_eq!((&told["most"][0], &told["replayed"]), (&first, &Value::Null));
    let percent = outlook("fields: [{name: \"percent\", text: \"1000\"}]");
    let told = of_guild(&house, &admin, &percent).await["levels"]["outlook"]["replayed"].clone();
    let number = |name: &str| told[name].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(number("wouldEarn"), 10 * number("earned"));
    assert_eq!((number("up"), number("down"), &told["lacking"]), (1, 1, &json!([])));
    let nothing = outlook("fields: [{name: \"curve\", text: \"round\"}]");
    for (who, inner, refusal) in [
        (&member, curve, "FORBIDDEN"),
        (&admin, outlook(""), "BAD_INPUT"),
        (&admin, nothing, "BAD_INPUT"),
    ] {
        let question = format!("{{ guild(id: \"{}\") {{ {inner} }} }}", guild());
        let answer = house.ask(Some(who), question.as_str()).await;
        assert_eq!(code(&answer).as_deref(), Some(refusal), "{inner}");
    }
}
