//! The case log: every case as it stands, whatever became of it, with its texts sealed.

use std::sync::Arc;

use domain::{
    Actor, AuditLogId, BatchId, CaseNumber, Cause, CorrelationId, IdempotencyKey, PersonId,
    Personal, Timestamp,
    case::{self, Case, Kind, Status},
    moderation::{
        AuditEntry, By, Command, Deed, Failure, Moderation, ModerationSettings, Outcome,
        Punishment, Severity, Stage, Target, Terms,
    },
    settings::InForce,
};
use eventlog::{Request, StreamId};
use projections::{
    exports,
    moderation::{
        cases::{self, CaseRow, Filter, Order},
        moderators,
    },
};
use uuid::Uuid;

use crate::support::{House, guild, on_each_store};

const NAMES: [&str; 2] = ["cases", "moderators"];

fn request() -> Request {
    let key = IdempotencyKey::new(format!("test/{}", Uuid::new_v4())).unwrap();
    let cause = Cause { correlation: CorrelationId(Uuid::nil()), causation: None };
    Request { actor: Actor::Operator, cause, key, policy: None }
}

fn terms() -> Terms {
    Arc::new(InForce { version: 1, values: ModerationSettings::default() })
}

fn about(person: PersonId, text: &str) -> Personal<String> {
    Personal::clear(person, text.to_owned())
}

struct Community<'a> {
    house: &'a House,
    mod_one: PersonId,
    mod_two: PersonId,
    tom: PersonId,
    zoe: PersonId,
}

impl<'a> Community<'a> {
    async fn of(house: &'a House) -> Self {
        let of = async |user| house.somebody(guild(1), user).await;
        let (mod_one, mod_two) = (of(11).await, of(12).await);
        Self { house, mod_one, mod_two, tom: of(21).await, zoe: of(22).await }
    }

    fn now(&self) -> Timestamp {
        self.house.clock.now()
    }

    async fn decide(&self, command: Command) {
        let stream = StreamId::of_guild("moderation", guild(1));
        self.house.bus.execute::<Moderation>(&stream, &command, &request()).await.unwrap();
    }

    async fn say(&self, number: u32, command: case::Command) {
        let stream = StreamId::part("case", guild(1), &number.to_string());
        self.house.bus.execute::<Case>(&stream, &command, &request()).await.unwrap();
    }

    async fn warn(&self, by: PersonId, person: PersonId, severity: Severity, why: &str) {
        let (reason, at, terms) = (Some(about(person, why)), self.now(), terms());
        let by = By::Member(by);
        self.decide(Command::Warn { person, by, severity, reason, at, terms }).await;
    }

    fn order(&self, by: PersonId, deed: Deed, duration_secs: Option<u32>) -> Punishment {
        let (by, at, terms) = (By::Member(by), self.now(), terms());
        Punishment { deed, by, duration_secs, delete_secs: None, at, terms }
    }

    async fn punish(&self, by: PersonId, person: PersonId, deed: Deed, secs: Option<u32>) {
        let target = Target { person, reason: Some(about(person, "enough")) };
        self.decide(Command::Punish { target, order: self.order(by, deed, secs) }).await;
    }

    async fn report(&self, case: u32, person: PersonId, outcome: Outcome) {
        let (case, stage, at) = (CaseNumber(case), Stage::Deed, self.now());
        self.decide(Command::Report { case, person, stage, outcome, at }).await;
    }

    async fn one(&self, number: u32) -> CaseRow {
        self.house.caught_up(&NAMES).await;
        let row = cases::one(&self.house.store, guild(1), CaseNumber(number)).await.unwrap();
        row.unwrap_or_else(|| panic!("there is no case {number}"))
    }

    async fn numbers(&self, filter: Filter) -> Vec<u32> {
        self.house.caught_up(&NAMES).await;
        let order = Order::NewestFirst;
        let page = cases::page(&self.house.store, guild(1), &filter, order, None, 100).await;
        page.unwrap().iter().map(|row| row.number.0).collect()
    }
}

// proves: MOD-06, MOD-07
#[test]
fn given_each_way_that_a_case_can_go_then_the_log_says_how_it_stands() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let town = Community::of(&house).await;
        let (one, tom, zoe) = (town.mod_one, town.tom, town.zoe);
        town.warn(one, tom, Severity::Minor, "spam").await; // 1
        let warned = town.one(1).await;
        let short = |row: &CaseRow| (row.kind, row.standing.clone(), row.status);
        assert_eq!(short(&warned), (Kind::Warning, "counts".to_owned(), Status::Open));
        assert_eq!((warned.person, &warned.by), (tom, &By::Member(one)));
        assert_eq!((warned.severity.as_deref(), warned.at), (Some("minor"), town.now()));
        assert!(warned.until.is_some() && warned.is_active(town.now()));
        assert!(!warned.is_active(warned.until.unwrap()), "by time, whether or not a timer ran");

        town.punish(one, tom, Deed::Timeout, Some(3_600)).await; // 2
        assert_eq!(town.one(2).await.standing, "under_way");
        town.report(2, tom, Outcome::Applied).await;
        let timeout = town.one(2).await;
        assert_eq!(short(&timeout), (Kind::Timeout, "in_force".to_owned(), Status::Open));
        assert_eq!(timeout.until, Some(timeout.at.plus_secs(3_600)));
        let (by, at, case) = (By::Member(one), town.now(), CaseNumber(2));
        let duration_secs = Some(7_200);
        town.decide(Command::Retime { case, person: tom, by, duration_secs, at }).await;
        assert_eq!(town.one(2).await.until, Some(at.plus_secs(7_200)));

        town.punish(one, zoe, Deed::Ban, None).await; // 3
        town.report(3, zoe, Outcome::Failed(Failure::NotAllowed)).await;
        let failed = town.one(3).await;
        assert_eq!(short(&failed), (Kind::Ban, "failed".to_owned(), Status::Failed));
        assert!(failed.failure.as_deref().unwrap().contains("may not"), "{failed:?}");
        assert!(!failed.is_active(town.now()), "what failed never looks like a punishment");
        town.punish(one, zoe, Deed::Kick, None).await; // 4
        town.report(4, zoe, Outcome::Applied).await;
        assert_eq!(short(&town.one(4).await), (Kind::Kick, "done".to_owned(), Status::Open));

        // Somebody ends the timeout by hand.
        let entry = AuditEntry {
            id: AuditLogId::new(900).unwrap(),
            deed: Deed::EndTimeout,
            person: tom,
            by: By::Unknown,
            reason: Some(about(tom, "by hand")),
            until: None,
        };
        town.decide(Command::Observe { entry, at: town.now() }).await; // 5
        let observed = town.one(5).await;
        assert_eq!((observed.origin.as_str(), &observed.by), ("observed", &By::Unknown));
        assert_eq!(short(&town.one(2).await).1, "over");

        let pardon = Command::Pardon {
            case: CaseNumber(1),
            person: tom,
            by: By::Member(town.mod_two),
            reason: Some(about(tom, "sorry")),
            at: town.now(),
        };
        town.decide(pardon).await;
        let pardoned = town.one(1).await;
        assert_eq!(short(&pardoned), (Kind::Warning, "over".to_owned(), Status::Pardoned));
        let entries = cases::entries(&house.store, guild(1), CaseNumber(2), None, 50).await;
        let whats: Vec<_> = entries.unwrap().into_iter().map(|entry| entry.what).collect();
        assert_eq!(whats, ["lifted", "retimed", "applied", "opened"]);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-07, MOD-15
#[test]
fn given_what_people_say_about_a_case_then_it_stands_beside_it_sealed() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let town = Community::of(&house).await;
        let (one, tom) = (town.mod_one, town.tom);
        town.warn(one, tom, Severity::Minor, "grandmother's address").await;
        let (by, at) = (By::Member(one), town.now());
        let (case, kind) = (CaseNumber(1), Kind::Warning);
        town.say(1, case::Command::Open { case, about: tom, kind, by: by.clone(), at }).await;
        let text = |text: &str| Personal::clear(tom, text.to_owned());
        let appeal = |text| case::Command::Appeal { who: tom, text, at };
        let file = |name: &str| {
            let url = format!("https://cdn.discordapp.com/attachments/1/2/{name}");
            Personal::clear(tom, case::FileTold { name: name.to_owned(), bytes: 9, url })
        };
        for command in [
            case::Command::Note { by: by.clone(), text: text("spoke with grandmother"), at },
            case::Command::AddEvidence {
                by: by.clone(),
                text: text("grandmother's photo"),
                place: None,
                files: vec![file("grandmother.png"), file("grandmother.mp4")],
                at,
            },
            case::Command::SettleFile {
                evidence: 1,
                file: 2,
                outcome: case::FileOutcome::TooLarge,
                at,
            },
            case::Command::EditReason { by: by.clone(), text: text("grandmother's number"), at },
            appeal(text("it was grandmother")),
        ] {
            town.say(1, command).await;
        }
        let row = town.one(1).await;
        assert_eq!((row.notes, row.evidence, row.appeals), (1, 1, 1));
        assert_eq!(row.appeal.as_deref(), Some("open"));
        assert_eq!(town.numbers(Filter { appeal_open: true, ..Filter::default() }).await, [1]);
        assert!(matches!(row.reason, Some(Personal::Sealed(_))));
        let files = cases::files(&house.store, guild(1), CaseNumber(1)).await.unwrap();
        let known: Vec<_> = files.iter().map(|file| (file.file, file.outcome)).collect();
        assert_eq!(known, [(1, None), (2, Some(case::FileOutcome::TooLarge))]);
        assert!(files.iter().all(|file| matches!(file.told, Personal::Sealed(_))));
        let none = cases::files(&house.store, guild(1), CaseNumber(2)).await.unwrap();
        assert!(none.is_empty());
        for table in ["cases", "case_entries", "case_files"] {
            let rows = house.rows(&format!("SELECT * FROM {table}")).await;
            assert!(!rows.is_empty() && !format!("{rows:?}").contains("grandmother"), "{rows:?}");
        }
        let decide = case::Command::DecideAppeal {
            by: By::Member(town.mod_two),
            accepted: false,
            text: None,
            at,
        };
        town.say(1, decide).await;
        town.say(1, case::Command::Hide { by: by.clone(), at }).await;
        let row = town.one(1).await;
        assert_eq!((row.appeal.as_deref(), row.hidden), (Some("refused"), true));
        assert_eq!(town.numbers(Filter::default()).await, [0; 0]);
        assert_eq!(town.numbers(Filter { hidden_too: true, ..Filter::default() }).await, [1]);

        house.bus.erase_person(guild(1), tom).await.unwrap();
        let row = town.one(1).await;
        assert_eq!(row.reason, Some(Personal::Erased { owner: tom }));
        let entries = cases::entries(&house.store, guild(1), CaseNumber(1), None, 50).await;
        for entry in entries.unwrap().iter().filter(|entry| entry.text.is_some()) {
            assert_eq!(entry.text, Some(Personal::Erased { owner: tom }), "{}", entry.what);
        }
        let files = cases::files(&house.store, guild(1), CaseNumber(1)).await.unwrap();
        assert_eq!(files.len(), 2, "that there were files stays known");
        assert!(files.iter().all(|file| file.told == Personal::Erased { owner: tom }));
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-09
#[test]
fn given_many_cases_then_every_filter_finds_its_own_and_pages_neither_overlap_nor_leave_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let town = Community::of(&house).await;
        let (one, two, tom, zoe) = (town.mod_one, town.mod_two, town.tom, town.zoe);
        town.warn(one, tom, Severity::Minor, "a").await; // 1
        town.warn(one, zoe, Severity::Major, "b").await; // 2
        town.warn(two, tom, Severity::Minor, "c").await; // 3, counts for 30 days
        town.punish(two, zoe, Deed::Ban, None).await; // 4
        town.report(4, zoe, Outcome::Applied).await;
        let order = Punishment { by: By::Rule("raid".into()), ..town.order(two, Deed::Ban, None) };
        let batch = BatchId(Uuid::from_u128(7));
        let targets = vec![
            Target { person: PersonId(70), reason: None },
            Target { person: PersonId(71), reason: None },
        ];
        town.decide(Command::PunishMany { batch, targets, order }).await; // 5, 6
        let early = town.now();
        house.clock.pass_secs(31 * 86_400);
        town.warn(two, tom, Severity::Minor, "d").await; // 7
        let all = || Filter::default();
        let now = town.now();
        for (filter, found) in [
            (all(), vec![7, 6, 5, 4, 3, 2, 1]),
            (Filter { person: Some(tom), ..all() }, vec![7, 3, 1]),
            (Filter { moderator: Some(two), ..all() }, vec![7, 4, 3]),
            (Filter { kind: Some(Kind::Ban), ..all() }, vec![6, 5, 4]),
            (Filter { severity: Some("major".into()), ..all() }, vec![2]),
            (Filter { but: vec![Kind::Ban, Kind::Note], ..all() }, vec![7, 3, 2, 1]),
            (Filter { rule: Some("raid".into()), ..all() }, vec![6, 5]),
            (Filter { batch: Some(batch), ..all() }, vec![6, 5]),
            (Filter { active: Some(early), ..all() }, vec![7, 4, 3, 2, 1]),
            (Filter { active: Some(now), ..all() }, vec![7, 4, 2]),
            (Filter { since: Some(early.plus_secs(1)), ..all() }, vec![7]),
            (Filter { until: Some(early), person: Some(tom), ..all() }, vec![3, 1]),
            (Filter { status: Some(Status::Failed), ..all() }, vec![]),
            (Filter { status: Some(Status::Open), person: Some(zoe), ..all() }, vec![4, 2]),
        ] {
            assert_eq!(town.numbers(filter.clone()).await, found, "{filter:?}");
        }
        let counts = cases::counts(&house.store, guild(1), &all(), now).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|c| (c.kind, c.all, c.active)).collect();
        assert_eq!(counts, [(Kind::Ban, 3, 1), (Kind::Warning, 4, 2)]);
        let elsewhere = cases::counts(&house.store, guild(2), &all(), now).await.unwrap();
        assert_eq!(elsewhere, []);

        for (order, mut whole) in [
            (Order::NewestFirst, vec![7, 6, 5, 4, 3, 2, 1]),
            (Order::OldestFirst, vec![1, 2, 3, 4, 5, 6, 7]),
        ] {
            let mut after = None;
            loop {
                let page = cases::page(&house.store, guild(1), &all(), order, after, 3).await;
                let page = page.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.number);
                let numbers: Vec<_> = page.iter().map(|row| row.number.0).collect();
                assert_eq!(numbers, whole.drain(..numbers.len()).collect::<Vec<_>>());
            }
            assert_eq!(whole, [0; 0], "{order:?}");
        }
        let activity = moderators::activity(&house.store, guild(1), None).await.unwrap();
        let activity: Vec<_> = activity.iter().map(|a| (a.person, a.kind, a.cases)).collect();
        let (ban, warning) = (Kind::Ban, Kind::Warning);
        assert_eq!(activity, [(one, warning, 2), (two, ban, 1), (two, warning, 2)]);
        let own = moderators::activity(&house.store, guild(1), Some(one)).await.unwrap();
        assert_eq!((own.len(), own[0].last_at), (1, early));
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-15
#[test]
fn given_appeals_then_the_queue_has_those_that_wait_the_longest_waiting_first() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let town = Community::of(&house).await;
        let (one, tom, zoe) = (town.mod_one, town.tom, town.zoe);
        let (by, kind, at) = (By::Member(one), Kind::Warning, town.now());
        for (number, about) in [(1, tom), (2, zoe), (3, tom)] {
            town.warn(one, about, Severity::Minor, "spam").await;
            let case = CaseNumber(number);
            town.say(number, case::Command::Open { case, about, kind, by: by.clone(), at }).await;
        }
        let appeal = async |number: u32, who: PersonId, said: &str| {
            let text = Personal::clear(who, said.to_owned());
            town.say(number, case::Command::Appeal { who, text, at }).await;
        };
        let refuse = async |number: u32| {
            let (by, accepted) = (By::Member(town.mod_two), false);
            let refuse = case::Command::DecideAppeal { by, accepted, text: None, at };
            town.say(number, refuse).await;
        };
        appeal(1, tom, "not me").await;
        appeal(3, tom, "nor that").await;
        appeal(2, zoe, "a mistake").await;
        refuse(1).await;
        appeal(1, tom, "once more").await;
        refuse(3).await;
        house.caught_up(&NAMES).await;
        let queue = async |after, limit| {
            let waiting = cases::open_appeals(&house.store, guild(1), after, limit).await.unwrap();
            waiting.into_iter().map(|one| (one.case.0, one.entry.seq)).collect::<Vec<_>>()
        };
        let all = queue(None, 10).await;
        let numbers: Vec<_> = all.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [2, 1], "case 1 was appealed against again, after case 2");
        assert_eq!(queue(None, 1).await, all[..1]);
        assert_eq!(queue(Some(all[0].1), 10).await, all[1..]);
        let elsewhere = cases::open_appeals(&house.store, guild(2), None, 10).await.unwrap();
        assert_eq!(elsewhere, []);
        let named = [CaseNumber(3), CaseNumber(1), CaseNumber(99)];
        let mut found = cases::several(&house.store, guild(1), &named).await.unwrap();
        found.sort_by_key(|row| row.number);
        assert_eq!(found.iter().map(|row| row.number.0).collect::<Vec<_>>(), [1, 3]);

        // What somebody is not told of themselves: notes about them, and what is hidden.
        let text = about(tom, "an alt");
        town.decide(Command::Note { person: tom, by: by.clone(), text, at }).await; // 4
        town.say(1, case::Command::Hide { by: by.clone(), at }).await;
        let everything = || Filter { hidden_too: true, ..Filter::default() };
        assert_eq!(town.numbers(everything()).await, [4, 3, 2, 1]);
        let untold = |person| Filter { untold: Some(person), ..everything() };
        assert_eq!(town.numbers(untold(tom)).await, [3, 2]);
        assert_eq!(town.numbers(untold(zoe)).await, [4, 3, 2, 1]);

        // Nor by taking the whole list.
        let listed = async |name: &str, viewer| {
            let list = exports::named(name).unwrap();
            let filter = exports::Filter { viewer, ..exports::Filter::default() };
            let mut reader = exports::Reader::new(house.store.clone(), guild(1), list, &filter);
            let rows = reader.next_page().await.unwrap();
            let mut numbers: Vec<_> = rows.iter().map(|row| row.int(0).unwrap()).collect();
            numbers.dedup();
            numbers
        };
        assert_eq!(listed("cases", Some(tom)).await, [2, 3]);
        assert_eq!(listed("cases", Some(zoe)).await, [1, 2, 3, 4]);
        let of_tom = town.numbers(Filter { person: Some(tom), ..everything() }).await;
        let entries = listed("case_entries", Some(tom)).await;
        assert!(of_tom.iter().all(|number| !entries.contains(&i64::from(*number))), "{entries:?}");
        assert_eq!(listed("case_entries", None).await, [1, 2, 3, 4]);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-14
#[test]
fn given_cases_of_many_communities_then_they_are_one_list_without_gap_or_double() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let mut made = Vec::new();
        for (user, place) in [(21, 3_u64), (22, 1), (23, 2), (24, 1)] {
            let person = house.somebody(guild(place), user).await;
            for _ in 0..2 {
                // Two of one moment, as a batch makes them.
                let stream = StreamId::of_guild("moderation", guild(place));
                let (by, severity, at) =
                    (By::Rule("raid".into()), Severity::Minor, house.clock.now());
                let warn = Command::Warn { person, by, severity, reason: None, at, terms: terms() };
                let decided = house.bus.execute::<Moderation>(&stream, &warn, &request()).await;
                decided.unwrap();
                let before = made.iter().filter(|(_, of, _)| *of == guild(place)).count();
                made.push((at, guild(place), u32::try_from(before + 1).unwrap()));
            }
            house.clock.pass_secs(60);
        }
        made.sort();
        made.reverse();
        house.caught_up(&NAMES).await;
        let mut seen = Vec::new();
        let mut behind = None;
        loop {
            let wide = cases::Wide::default();
            let page = cases::everywhere(&house.store, &wide, behind, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            let (at, guild, number) = (last.case.at, last.guild, last.case.number);
            behind = Some(cases::Behind { at, guild, number });
            seen.extend(page.iter().map(|one| (one.case.at, one.guild, one.case.number.0)));
        }
        assert_eq!(seen, made);
        let of_two = cases::Wide { guild: Some(guild(2)), ..cases::Wide::default() };
        let found = cases::everywhere(&house.store, &of_two, None, 10).await.unwrap();
        assert_eq!(found.len(), 2);
        let communities = cases::communities(&house.store).await.unwrap();
        assert_eq!(communities, [guild(1), guild(2), guild(3)]);
        runtime.shutdown().await;
        house.close().await;
    });
}
