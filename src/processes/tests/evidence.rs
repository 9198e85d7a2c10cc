//! Files of messages that are evidence, copied from a local Discord while every step fails now and
//! then.

use std::sync::Arc;

use domain::{
    Actor, CaseNumber, Cause, CorrelationId, Decider as _, PersonId, Personal,
    case::{Case, Command, Event, FileOutcome, FileTold, Kind},
};
use eventlog::{Position, Request, Slice, StreamId};

use super::{
    court::Court,
    harness::{Failing, eventually},
};
use crate::processes::{Process, evidence::Evidence};

/// Two pieces and a bit.
const PHOTO_BYTES: usize = 600_000;

impl Court {
    /// Says something about a case, as a moderator's command would.
    async fn says_of_case(&self, case: u32, command: &Command) {
        let stream = StreamId::part(Case::CAPABILITY, self.guild(), &case.to_string());
        let cause = Cause { correlation: CorrelationId(uuid::Uuid::new_v4()), causation: None };
        let key = actions::fresh_key("case").unwrap();
        let request = Request { actor: Actor::Operator, cause, key, policy: None };
        let bus = self.house.actions.bus();
        bus.execute::<Case>(&stream, command, &request).await.unwrap();
    }

    /// A case with the files of a message of this person.
    async fn has_evidence(&self, case: u32, tom: PersonId, files: &[FileTold]) {
        let (by, at) = (self.moderator().await, self.house.now());
        let (number, kind) = (CaseNumber(case), Kind::Warning);
        let open = Command::Open { case: number, about: tom, kind, by: by.clone(), at };
        self.says_of_case(case, &open).await;
        let text = Personal::clear(tom, "look at this".to_owned());
        let files = files.iter().map(|file| Personal::clear(tom, file.clone())).collect();
        let evidence = Command::AddEvidence { by, text, place: None, files, at };
        self.says_of_case(case, &evidence).await;
    }

    /// What became of the copies, in the order in which it was said.
    async fn settled(&self) -> Vec<(u32, FileOutcome)> {
        let page = self.house.log.read_all(Position(0), 100_000, Slice::ALL).await.unwrap();
        let settled = |recorded: &eventlog::Recorded| match eventlog::decode(recorded).ok()? {
            Event::FileSettled { file, outcome, .. } => Some((file, outcome)),
            _ => None,
        };
        let of_case = page.events.iter().filter(|event| event.type_name == "case.file_settled");
        of_case.filter_map(settled).collect()
    }
}

// proves: MOD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_files_of_a_message_then_each_is_copied_once_or_it_is_said_why_not() {
    are_copied(&Court::running().await).await;
}

// proves: MOD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_files_of_a_message_then_they_are_copied_also_on_postgres() {
    let Some(court) = Court::postgres().await else { return };
    are_copied(&court).await;
}

async fn are_copied(court: &Court) {
    let person = court.member(0);
    let tom = court.number_of(&person).await;
    let channel = court.sim.channel(court.community.guild, "general").unwrap();
    let photo: Vec<u8> = (0..=250).cycle().take(PHOTO_BYTES).collect();
    let message = person.sends(channel, "look", "photo.png", &photo).unwrap();
    let url = {
        let world = court.sim.world.lock();
        let message = world.message(channel, message).unwrap();
        message.attachments[0]["url"].as_str().unwrap().to_owned()
    };
    let told = |name: &str, bytes: u64, url: String| FileTold { name: name.to_owned(), bytes, url };
    let origin = court.sim.origin();
    court
        .has_evidence(
            1,
            tom,
            &[
                told("photo.png", PHOTO_BYTES as u64, url.clone()),
                told("old.png", 9, format!("{origin}/attachments/1/2/old.png?ex=1&is=1&hm=0")),
                told("trap.png", 9, "http://127.0.0.1:9/attachments/1/2/trap.png".to_owned()),
                told("film.mp4", 17 << 20, url.clone()),
            ],
        )
        .await;
    let process: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Evidence), 0.3));
    let running = court.start_with(vec![process]).await;
    eventually("it is known what became of all four", async || court.settled().await.len() == 4)
        .await;
    let mut settled = court.settled().await;
    settled.sort_by_key(|(file, _)| *file);
    let outcomes = settled.into_iter().map(|(_, outcome)| outcome);
    let wanted =
        [FileOutcome::Copied, FileOutcome::Gone, FileOutcome::Elsewhere, FileOutcome::TooLarge];
    assert_eq!(outcomes.collect::<Vec<_>>(), wanted);

    let rows = |table: &'static str| async move {
        court.house.rows(&format!("SELECT COUNT(*) FROM {table}")).await
    };
    assert_eq!((rows("evidence_files").await, rows("evidence_pieces").await), (1, 3));
    let select = "SELECT sealed FROM evidence_pieces ORDER BY piece";
    for row in court.house.db.query(select, &[]).await.unwrap() {
        let sealed = row.blob(0).unwrap();
        let shows = sealed.windows(64).any(|part| part == &photo[..64]);
        assert!(!shows, "what somebody sent is not stored in the clear");
    }
    let page = court.house.log.read_all(Position(0), 100_000, Slice::ALL).await.unwrap();
    let said = page.events.iter().any(|event| event.payload.contains("photo.png"));
    assert!(!said, "nor is its name");

    // Erased, they take it along.
    let guild = court.guild();
    court.house.actions.bus().erase_person(guild, tom).await.unwrap();
    eventually("nothing is left of it", async || {
        rows("evidence_files").await + rows("evidence_pieces").await == 0
    })
    .await;
    running.shutdown().await;
}
