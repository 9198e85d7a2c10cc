//! Moderation under many hands, and what its read models make of it.

use std::collections::BTreeSet;

use actions::{
    ActionError, BotStanding, Caller, Permissions, Standing, Target,
    moderation::{
        Against, Captured, CaseFilter, Cause, FileOf, Massban, Ordered, Preview, Sentence, Subject,
        files::{MAX_FILE_BYTES, PIECE_BYTES},
    },
};
use domain::{
    CaseNumber, ChannelId, MessageId, PersonId, UserId,
    case::{FileOutcome, FileTold, Kind, Place},
    moderation::{Deed, Event, Outcome, Severity, Stage},
};

use crate::support::{House, ann, ben, fresh, guild, member, on_each_store, owner, rule, user};

const ALL: Permissions = Permissions::KICK_MEMBERS
    .and(Permissions::BAN_MEMBERS)
    .and(Permissions::MODERATE_MEMBERS)
    .and(Permissions::MANAGE_GUILD);
const BOT: BotStanding = BotStanding { permissions: ALL, top_rank: 9 };

fn moderator(who: UserId) -> Caller {
    Caller::member(who, Standing { top_rank: 5, ..Standing::with(ALL) })
}

fn subject(who: UserId, top_rank: u16) -> Subject {
    let target = Target { user: who, top_rank, is_owner: false, is_bot_itself: false };
    Subject { target, is_member: true, is_administrator: false }
}

fn against(who: UserId, reason: Option<&str>) -> Against<'_> {
    Against { subject: subject(who, 0), bot: BOT, in_name_of: None, reason, evidence: None }
}

async fn warn(house: &House, by: UserId, whom: UserId) -> Result<CaseNumber, ActionError> {
    let (caller, against) = (moderator(by), against(whom, Some("spam")));
    let warned = house.actions.warn(guild(), &caller, &against, Severity::Minor, fresh()).await;
    warned.map(|warned| warned.case)
}

async fn punish(house: &House, by: UserId, whom: UserId, deed: Deed) -> Ordered {
    let sentence = Sentence {
        deed,
        duration_secs: (deed == Deed::Timeout).then_some(3_600),
        delete_secs: None,
    };
    let (caller, against) = (moderator(by), against(whom, Some("enough")));
    house.actions.punish(guild(), &caller, &against, sentence, fresh()).await.unwrap()
}

/// What Discord would say.
async fn applied(house: &House, case: CaseNumber, person: PersonId) {
    let answer = (Stage::Deed, Outcome::Applied);
    house.actions.report_punishment(guild(), (case, person), answer, fresh()).await.unwrap();
}

async fn person(house: &House, who: UserId) -> PersonId {
    house.actions.people().person(guild(), who).await.unwrap()
}

async fn decided(house: &House) -> Vec<Event> {
    let events = house.events(guild(), "moderation").await;
    events.iter().map(|event| eventlog::decode(event).unwrap()).collect()
}

// proves: MOD-05, MOD-11
#[test]
fn given_a_thousand_warnings_at_once_then_numbers_have_no_gap_and_each_step_is_taken_once() {
    const MEMBERS: u64 = 10;
    const EACH: u64 = 100;
    on_each_store(async |site| {
        let house = site.open().await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..MEMBERS * EACH {
            let actions = house.actions.clone();
            tasks.spawn(async move {
                let whom = user(1_000 + number % MEMBERS);
                let (caller, against) = (moderator(user(7_000 + number % 30)), against(whom, None));
                actions.warn(guild(), &caller, &against, Severity::Major, fresh()).await
            });
        }
        let mut numbers = BTreeSet::new();
        let mut steps = 0;
        while let Some(warned) = tasks.join_next().await {
            let warned = warned.unwrap().unwrap();
            assert!(numbers.insert(warned.case.0), "{} twice", warned.case);
            if let Some(step) = warned.step {
                steps += 1;
                assert!(numbers.insert(step.case.unwrap().0), "{step:?} twice");
            }
        }
        assert_eq!(steps, MEMBERS * 3, "a timeout, a kick and a ban for each");
        let expected: BTreeSet<_> = (1..=u32::try_from(MEMBERS * EACH + steps).unwrap()).collect();
        assert_eq!(numbers, expected);
        let mut taken = BTreeSet::new();
        for event in decided(&house).await {
            if let Event::LadderStepTaken { person, step, .. } = event {
                assert!(taken.insert((person, step)), "step {step} twice for {person}");
            }
        }
        assert_eq!(taken.len() as u64, steps);
        house.close().await;

        // Another process goes on counting where this one stopped.
        let house = site.open().await;
        let next = warn(&house, ben(), ann()).await.unwrap();
        assert_eq!(u64::from(next.0), MEMBERS * EACH + steps + 1);
        house.close().await;
    });
}

// proves: MOD-04, GRD-02, GRD-04, GRD-05, GRD-06
#[test]
fn given_many_to_ban_then_everybody_is_looked_at_first_and_each_has_an_outcome() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let banned = punish(&house, ben(), user(500), Deed::Ban).await;
        let already = person(&house, user(500)).await;
        applied(&house, banned.case, already).await;
        let owner_of_it = Target { is_owner: true, ..subject(user(502), 9).target };
        let gone = Subject { is_member: false, ..subject(user(506), 0) };
        let subjects = [
            subject(user(500), 0),
            subject(user(501), 5),
            Subject { target: owner_of_it, ..subject(user(502), 9) },
            subject(ben(), 0),
            subject(user(504), 4),
            subject(user(504), 4),
            subject(user(505), 0),
            gone,
        ];
        let massban = Massban {
            subjects: &subjects,
            bot: BOT,
            reason: Some("raid"),
            duration_secs: None,
            delete_secs: Some(3_600),
        };
        let (actions, ben) = (&house.actions, moderator(ben()));
        let plan = actions.plan_massban(guild(), &ben, &massban, fresh()).await.unwrap();
        assert_eq!(plan.banned, [user(504), user(505), user(506)]);
        let left: Vec<_> = plan.left.iter().map(|left| left.user).collect();
        assert_eq!(left, [user(500), user(501), user(502), user(102)]);
        assert_eq!(house.events(guild(), "moderation").await.len(), 2, "a plan orders nothing");

        let key = fresh();
        let done = actions.massban(guild(), &ben, &massban, key).await.unwrap();
        let numbers: Vec<_> = done.ordered.iter().map(|(user, case)| (*user, case.0)).collect();
        assert_eq!(numbers, [(user(504), 2), (user(505), 3), (user(506), 4)]);
        assert_eq!(done.left, plan.left);
        let again = actions.massban(guild(), &ben, &massban, key).await.unwrap();
        assert_eq!(again.ordered, done.ordered, "the same request orders nothing again");
        let twice = actions.massban(guild(), &ben, &massban, fresh()).await;
        assert_eq!(rule(twice), "moderation.nobody_left");
        applied(&house, CaseNumber(2), person(&house, user(504)).await).await;
        let failed = Outcome::Failed(domain::moderation::Failure::NotAllowed);
        let third = (CaseNumber(3), person(&house, user(505)).await);
        let report = actions.report_punishment(guild(), third, (Stage::Deed, failed), fresh());
        report.await.unwrap();
        house.caught_up().await;
        let filter = CaseFilter { batch_of: Some(CaseNumber(3)), ..CaseFilter::default() };
        let page = actions.cases(guild(), &ben, &filter, None, 10).await.unwrap();
        let outcomes: Vec<_> =
            page.lines.iter().map(|line| (line.number.0, line.standing.as_str())).collect();
        assert_eq!(outcomes, [(4, "under_way"), (3, "failed"), (2, "in_force")]);
        assert_eq!(page.lines[0].reason.as_deref(), Some("raid"));
        let operator = Caller::operator();
        let kept = actions.refusals(guild(), &operator, None, None, None, 50).await.unwrap();
        let mut rules: Vec<_> = kept.iter().map(|line| line.rule.as_str()).collect();
        rules.sort_unstable();
        assert_eq!(rules, ["guard.owner", "guard.rank", "guard.yourself"]);

        let nobody = member(ann());
        let refused = actions.massban(guild(), &nobody, &massban, fresh()).await;
        assert_eq!(rule(refused), "guard.permission");
        let weak = Massban { bot: BotStanding::default(), ..massban.clone() };
        assert_eq!(
            rule(actions.massban(guild(), &ben, &weak, fresh()).await),
            "guard.bot_permission"
        );
        let none = Massban { subjects: &[], ..massban.clone() };
        assert_eq!(
            rule(actions.massban(guild(), &ben, &none, fresh()).await),
            "moderation.batch_invalid"
        );
        let long = "x".repeat(501);
        let long = Massban { reason: Some(&long), ..massban };
        assert_eq!(
            rule(actions.massban(guild(), &ben, &long, fresh()).await),
            "moderation.reason_too_long"
        );
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-07, MOD-09
#[test]
fn given_what_one_moderator_did_then_it_is_previewed_and_taken_back_as_far_as_it_holds() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let rogue = user(66);
        for whom in 500..503 {
            warn(&house, rogue, user(whom)).await.unwrap();
        }
        let timeout = punish(&house, rogue, user(503), Deed::Timeout).await;
        applied(&house, timeout.case, person(&house, user(503)).await).await;
        let ban = punish(&house, rogue, user(504), Deed::Ban).await;
        applied(&house, ban.case, person(&house, user(504)).await).await;
        let kick = punish(&house, rogue, user(505), Deed::Kick).await;
        applied(&house, kick.case, person(&house, user(505)).await).await;
        warn(&house, ben(), user(500)).await.unwrap();
        house.caught_up().await;

        let (actions, ben) = (&house.actions, moderator(ben()));
        let cause = Cause { moderator: Some(rogue), ..Cause::default() };
        let preview = actions.preview_undo(guild(), &ben, &cause, fresh()).await.unwrap();
        assert_eq!(preview, Preview { warnings: 3, timeouts: 1, bans: 1, step: 5 });
        let nothing = actions.preview_undo(guild(), &ben, &Cause::default(), fresh()).await;
        assert_eq!(rule(nothing), "moderation.no_cause");
        let before = house.actions.now().plus_secs(-60);
        let past = Cause { until: Some(before), ..cause.clone() };
        let past = actions.preview_undo(guild(), &ben, &past, fresh()).await.unwrap();
        assert_eq!(past, Preview::default());
        let helper = Caller::member(ann(), Standing::with(Permissions::MODERATE_MEMBERS));
        let refused = actions.undo_cases(guild(), &helper, &cause, fresh()).await;
        assert_eq!(rule(refused), "guard.permission");

        let undone = actions.undo_cases(guild(), &ben, &cause, fresh()).await.unwrap();
        assert_eq!((undone.cases, undone.left), (5, 0));
        house.caught_up().await;
        let filter = CaseFilter { moderator: Some(rogue), ..CaseFilter::default() };
        let page = actions.cases(guild(), &ben, &filter, None, 10).await.unwrap();
        let stands: Vec<_> = page
            .lines
            .iter()
            .map(|line| (line.kind, line.standing.as_str(), line.status.word()))
            .collect();
        let warning = (Kind::Warning, "over", "revoked");
        let expected = [
            (Kind::Kick, "done", "open"),
            (Kind::Ban, "in_force", "open"), // until Discord has lifted it
            (Kind::Timeout, "in_force", "open"),
            warning,
            warning,
            warning,
        ];
        assert_eq!(stands, expected);
        let lifts = decided(&house).await;
        let lifts = lifts.iter().filter(|event| matches!(event, Event::LiftOrdered { .. }));
        assert_eq!(lifts.count(), 2);
        let record = actions.record(guild(), &ben, user(500)).await.unwrap();
        assert_eq!(record.active_warnings, 1, "what another moderator did stands");
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-01, MOD-15
#[test]
fn given_a_copy_of_a_file_then_whoever_sees_the_case_reads_it_and_erasing_its_author_takes_it() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (actions, caller) = (&house.actions, moderator(ben()));
        let told = |name: &str| FileTold {
            name: name.repeat(20),
            bytes: 700_000,
            url: "https://cdn.discordapp.com/attachments/1/2/photo.png".to_owned(),
        };
        let files = [told("photo.png"), told("film.mp4")];
        let (channel, message) = (ChannelId::new(5).unwrap(), MessageId::new(6).unwrap());
        let place = Place { channel, message };
        let captured = Captured { text: "look", author: ann(), place, files: &files };
        let against = Against { evidence: Some(captured), ..against(ann(), Some("spam")) };
        let warned = actions.warn(guild(), &caller, &against, Severity::Minor, fresh()).await;
        let case = warned.unwrap().case;
        house.caught_up().await;
        let [photo, film] = [1, 2].map(|file| FileOf { case, evidence: 1, file });
        let early = actions.copy_of_file(guild(), &caller, photo).await;
        assert_eq!(rule(early), "moderation.file_not_kept");

        // Two pieces and a bit, begun twice.
        let author = person(&house, ann()).await;
        let bytes: Vec<u8> = (0..=250).cycle().take(600_000).collect();
        let pieces: Vec<_> = bytes.chunks(PIECE_BYTES).collect();
        let mut broken = actions.begin_copy(guild(), photo, author).await.unwrap().unwrap();
        actions.keep_pieces(&mut broken, &pieces[..1]).await.unwrap();
        let mut copying = actions.begin_copy(guild(), photo, author).await.unwrap().unwrap();
        actions.keep_pieces(&mut copying, &pieces[..2]).await.unwrap();
        actions.keep_pieces(&mut copying, &pieces[2..]).await.unwrap();
        assert!(actions.finish_copy(copying).await.unwrap());
        for (file, outcome) in [(photo, FileOutcome::Copied), (film, FileOutcome::TooLarge)] {
            actions.settle_file(guild(), file, outcome, fresh()).await.unwrap();
        }
        house.caught_up().await;
        let kept = actions.copy_of_file(guild(), &caller, photo).await.unwrap();
        assert_eq!((kept.bytes, kept.pieces, kept.name.chars().count()), (600_000, 3, 100));
        let mut read = Vec::new();
        for piece in 0..kept.pieces {
            read.extend(actions.piece_of(&kept, piece).await.unwrap());
        }
        assert!(read == bytes, "{} bytes are read", read.len());
        let history = actions.case_history(guild(), &caller, case, None, 10).await.unwrap();
        let known: Vec<_> = history.files.iter().map(|file| (file.of.file, file.outcome)).collect();
        assert_eq!(known, [(1, Some(FileOutcome::Copied)), (2, Some(FileOutcome::TooLarge))]);

        let not_there = FileOf { file: 9, ..photo };
        for (who, of, says) in [
            (&caller, film, "moderation.file_not_kept"),
            (&caller, not_there, "moderation.no_such_file"),
            (&member(ann()), photo, "case.no_such_case"),
            (&member(user(77)), photo, "case.no_such_case"),
        ] {
            assert_eq!(rule(actions.copy_of_file(guild(), who, of).await), says, "{of:?}");
        }
        let room = actions.room_for_file(guild(), film, MAX_FILE_BYTES).await.unwrap();
        assert_eq!(room, None);
        let room = actions.room_for_file(guild(), film, MAX_FILE_BYTES + 1).await.unwrap();
        assert_eq!(room, Some(FileOutcome::TooLarge));

        let late = actions.begin_copy(guild(), film, author).await.unwrap().unwrap();
        actions.bus().erase_person(guild(), author).await.unwrap();
        actions.forget_files_of(guild(), author).await.unwrap();
        assert!(!actions.finish_copy(late).await.unwrap(), "it came too late");
        assert!(actions.begin_copy(guild(), film, author).await.unwrap().is_none());
        house.caught_up().await;
        let gone = actions.copy_of_file(guild(), &caller, photo).await;
        assert_eq!(rule(gone), "moderation.file_erased");
        let opened = actions.piece_of(&kept, 0).await;
        assert!(opened.is_err(), "not even for whoever was reading");
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: MOD-06, MOD-09
#[test]
fn given_an_erased_member_then_their_cases_stay_and_say_nothing_of_them() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let first = warn(&house, ben(), ann()).await.unwrap();
        let (actions, ben) = (&house.actions, moderator(ben()));
        house.caught_up().await;
        let text = "screenshot of her profile";
        let author = Some(ann());
        actions.add_evidence(guild(), &ben, first, (text, None), author, fresh()).await.unwrap();
        actions.add_case_note(guild(), &ben, first, "spoke with her", fresh()).await.unwrap();
        house.caught_up().await;
        let history = actions.case_history(guild(), &ben, first, None, 10).await.unwrap();
        let texts = |history: &actions::moderation::CaseHistory| {
            let texts = history.entries.iter().map(|entry| entry.text.clone());
            texts.collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        let expected = [text("spoke with her"), text("screenshot of her profile"), text("spam")];
        assert_eq!(texts(&history), expected);
        assert_eq!(history.case.about, Some(ann()));

        let erased = person(&house, ann()).await;
        actions.bus().erase_person(guild(), erased).await.unwrap();
        house.caught_up().await;
        let history = actions.case_history(guild(), &ben, first, None, 10).await.unwrap();
        assert_eq!(texts(&history), [None, None, None]);
        assert_eq!((history.case.about, history.case.reason.as_deref()), (None, None));
        assert_eq!(history.case.number, first);
        let own = actions.case_history(guild(), &owner(user(1)), first, None, 10).await.unwrap();
        assert_eq!(own.case.kind, Kind::Warning);
        runtime.shutdown().await;
        house.close().await;
    });
}
