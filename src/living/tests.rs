//! The same seed comes to the same books.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use domain::{
    Decider as _, GiveawayId, GuildId, PersonId, Timestamp, giveaways::Giveaway, squads::SquadId,
};
use eventlog::StreamId;
use projections::{
    activity::{
        Slot,
        series::{self, Metric, Spans},
    },
    codes::{campaigns, uses},
    economy::{
        balances::{self, Balance},
        transactions, weekly,
    },
    giveaways::{board, entrants},
    refusals::{self, Filter},
    squads, tiers,
};
use simulator::{
    Clock, World,
    community::life::{Extent, PATRON, SQUADS},
    faults::Faults,
    gateway::hub::Hub,
};

use super::{
    home::{About, Home},
    prepare::{Wish, prepare},
};
use crate::{
    config::{Config, ConfigArgs},
    node::{Access, Node},
};

/// 2026-11-21, in the afternoon.
const UNTIL_MS: u64 = 1_795_272_000_000;
const DAYS: u32 = 5;

struct Played {
    about: About,
    node: Node,
    home: Home,
    _root: tempfile::TempDir,
}

async fn play(seed: u64) -> Played {
    let root = tempfile::TempDir::new().unwrap();
    let variables: [(String, String); 0] = [];
    let config = Config::load(&ConfigArgs::default(), variables, root.path()).unwrap();
    let home = Home::at(root.path().join("demo"));
    let extent = Extent { seed, members: 20, days: DAYS };
    let wish = Wish { extent, until_ms: UNTIL_MS };
    let about = prepare(&home, &config, wish, &|_, _, _| {}).await.unwrap();
    let node = Node::open(home.config(&config), Access::Write).await.unwrap();
    Played { about, node, home, _root: root }
}

/// Everything that the read models say, with names where they have numbers. What happened at one
/// moment has no order.
async fn books(played: &Played) -> BTreeMap<&'static str, Vec<String>> {
    let guild: GuildId = played.about.guild.to_string().parse().unwrap();
    let (node, store) = (&played.node, &played.node.store);
    let mut world = World::new(Clock::real(), Arc::new(Hub::new(Arc::new(Faults::new(1)))), 1);
    played.home.read_world(&mut world).unwrap();
    let balances = balances::top(store, guild, 100).await.unwrap();
    let mut names = HashMap::new();
    let refused = refusals::page(store, guild, &Filter::default(), None, 100).await.unwrap();
    // People are counted from 1, in the order in which the bot has met them.
    for person in (1..).map(PersonId) {
        let Some(user) = node.people.user(guild, person).await.unwrap() else { break };
        let user = world.user(user.to_string().parse().unwrap()).unwrap();
        names.insert(person, user.username.clone());
    }
    let name = |person: Option<PersonId>| person.map_or("-", |person| names[&person].as_str());
    let mut books = BTreeMap::new();
    let lines = balances.iter().map(|line| {
        let Balance { person, balance, received, sent, earned, erased } = line;
        format!("{} {balance} {received} {sent} {earned} {erased}", name(Some(*person)))
    });
    books.insert("balances", lines.collect());
    let (mut lines, mut before) = (Vec::new(), None);
    loop {
        let page = transactions::page(store, guild, None, before, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        lines.extend(page.iter().map(|line| {
            let (giver, receiver) = (name(line.giver), name(line.receiver));
            format!("{} {} {giver} {receiver} {}", line.at, line.kind, line.amount)
        }));
    }
    books.insert("transactions", lines);
    let until = Timestamp::from_secs((UNTIL_MS / 1_000).cast_signed()).utc_day();
    let gains = weekly::top(store, guild, until, 100).await.unwrap();
    let gains = gains.iter().map(|line| format!("{} {}", name(Some(line.person)), line.gained));
    books.insert("weekly", gains.collect());
    let mut came = Vec::new();
    for metric in [Metric::Joins, Metric::Leaves] {
        let end = Slot::of(until.next().start());
        let days: Vec<_> = (0..DAYS).map(|day| Slot(end.0 - 96 * i64::from(day))).collect();
        let spans = days.iter().map(|end| (Slot(end.0 - 96), *end));
        let spans = Spans::new(spans.collect()).unwrap();
        let all = series::Filter::default();
        let numbers = series::series(store, guild, metric, &all, &spans).await.unwrap().unwrap();
        came.extend(numbers.iter().filter(|n| **n > 0).map(|n| format!("{metric:?} {n}")));
    }
    books.insert("came and left", came);
    let refused = refused.iter().map(|line| {
        let (who, whom) = (name(line.who), name(line.whom));
        format!("{} {who} {whom} {} {}", line.at, line.what, line.rule)
    });
    books.insert("refusals", refused.collect());
    let (mut prizes, mut entered) = (Vec::new(), Vec::new());
    for line in board::page(store, guild, &[], None, 100).await.unwrap() {
        let (prize, ends) = (&line.terms.prize, line.ends_at);
        prizes.push(format!(
            "{prize} {ends} {} {} {:?}",
            line.terms.winners, line.entries, line.status
        ));
        let here = entrants::page(store, guild, line.giveaway, None, 0, 100).await.unwrap();
        // Who wins is drawn from what nobody knows before: only that is another every time.
        let out = |standing: &str| if standing == "left" { "left" } else { "in" };
        let here = here.iter().map(|one| (name(one.person), one.at, out(&one.standing)));
        entered.extend(here.map(|(who, at, how)| format!("{prize} {who} {at} {how}")));
        let shown = what_became(&played.node, guild, line.giveaway).await;
        prizes.push(format!("{prize}: {shown}"));
    }
    books.insert("prizes", prizes);
    books.insert("entrants", entered);
    let mut redeemed = Vec::new();
    for line in campaigns::page(store, guild, None, 100).await.unwrap() {
        let of = uses::page(store, guild, line.campaign, None, 100).await.unwrap();
        redeemed.extend(of.iter().map(|one| {
            format!("{} {} {} {:?}", line.name, name(Some(one.person)), one.at, one.state)
        }));
    }
    books.insert("codes", redeemed);
    let mut members = Vec::new();
    for (number, (squad, _)) in (1..).zip(SQUADS) {
        let of = squads::members(store, guild, SquadId(number), None, 100).await.unwrap();
        members.extend(of.iter().map(|(who, at)| format!("{squad} {} {at}", name(Some(*who)))));
    }
    books.insert("squads", members);
    let roles = &world.guild(played.about.guild).unwrap().roles;
    let patron = roles.values().find(|role| role.name == PATRON).unwrap().id;
    let patron = patron.to_string().parse().unwrap();
    let holders = tiers::holders(store, guild, patron, 0, 100).await.unwrap();
    let holders = holders.iter().map(|(who, until)| format!("{} {until}", name(Some(*who))));
    books.insert("tiers", holders.collect());
    for lines in books.values_mut() {
        lines.sort();
    }
    books
}

/// How often each thing happened in a giveaway; to whom is chance.
async fn what_became(node: &Node, guild: GuildId, giveaway: GiveawayId) -> String {
    let stream = StreamId::part(Giveaway::CAPABILITY, guild, &giveaway.to_string());
    let mut counts = BTreeMap::<String, usize>::new();
    for event in node.log.read_stream(&stream, 0, 1_000).await.unwrap() {
        *counts.entry(event.type_name.to_string()).or_default() += 1;
    }
    format!("{counts:?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_the_same_seed_then_the_projections_are_equal_and_other_seeds_have_others() {
    // As `main` does; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (one, same, other) = (play(15).await, play(15).await, play(16).await);
    assert_eq!(one.about.played, same.about.played);
    let (books_of_one, books_of_other) = (books(&one).await, books(&other).await);
    for (kind, lines) in &books_of_one {
        assert!(!lines.is_empty(), "{kind}");
    }
    assert_eq!(books_of_one, books(&same).await);
    assert_ne!(books_of_one, books_of_other);
}
