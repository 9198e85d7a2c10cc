//! The case log: every case as it stands, and everything that was said or done about it, in order.
//! Texts stay sealed here; who shows one opens it, and of who was erased none is left.
//!
//! What Discord did comes from `moderation`, what people say about a case from its own stream.

mod everywhere;
mod files;
mod queue;
mod read;

use domain::{
    CaseNumber, Decider, GuildId, PersonId, Personal, PersonalField as _, Timestamp,
    case::{self, Case, Status},
    moderation::{By, Deed, EndReason, Event, Moderation, Origin, Severity, StepDeed},
    people::{self, People},
};
use eventlog::{LogError, Recorded, decode, sql::Value, values};

pub use everywhere::{Behind, CaseSomewhere, MAX_COMMUNITIES, Wide, communities, everywhere};
pub use files::{FileRow, files};
pub use queue::{OpenAppeal, open_appeals};
pub use read::{
    CaseRow, Counts, Entry, Filter, MAX_ENTRIES, MAX_PAGE, Order, counts, entries, links, one,
    page, several,
};

use super::{by_columns, kind_of_deed, kind_word, text_columns};
use crate::projection::{Projection, Table, Tables};

#[derive(Debug)]
pub struct Cases;

const CASE_COLUMNS: usize = 24;
const ENTRY_COLUMNS: usize = 15;

#[derive(Debug, Default)]
pub struct Batch {
    cases: Vec<[Value; CASE_COLUMNS]>,
    entries: Vec<[Value; ENTRY_COLUMNS]>,
    /// In order, after the new cases.
    changes: Vec<(&'static str, Vec<Value>)>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Projection for Cases {
    const NAME: &'static str = "cases";
    const VERSION: u32 = 3;
    const CATEGORIES: &'static [&'static str] =
        &[Moderation::CAPABILITY, Case::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[
        Table {
            name: "cases",
            create: "CREATE TABLE {cases} (
                guild        bigint NOT NULL,
                number       bigint NOT NULL,
                person       bigint NOT NULL, -- whom it is about
                kind         text   NOT NULL,
                severity     text, -- of a warning
                moderator    bigint, -- whose hand it was
                acting_for   bigint,
                rule         text, -- where it was no person
                origin       text   NOT NULL, -- order, ladder, batch or observed
                batch        text,
                led_by       bigint, -- the warning that took a step of the ladder
                at           bigint NOT NULL,
                until        bigint, -- of a warning: until when it counts
                standing     text   NOT NULL, -- counts, under_way, in_force, done, failed, over
                status       text   NOT NULL,
                failure      text,
                hidden       bigint NOT NULL,
                reason_event text   NOT NULL,
                reason_owner bigint,
                reason       text, -- sealed
                notes        bigint NOT NULL,
                evidence     bigint NOT NULL,
                appeals      bigint NOT NULL,
                appeal       text, -- open, accepted or refused
                PRIMARY KEY (guild, number)
            );
            CREATE INDEX {cases}_person ON {cases} (guild, person, number);
            CREATE INDEX {cases}_moderator ON {cases} (guild, moderator, number);
            CREATE INDEX {cases}_standing ON {cases} (guild, standing, number);
            CREATE INDEX {cases}_batch ON {cases} (guild, batch);
            CREATE INDEX {cases}_reason ON {cases} (guild, reason_owner);
            CREATE INDEX {cases}_appeal ON {cases} (guild, appeal);
            CREATE INDEX {cases}_at ON {cases} (at, guild, number);",
        },
        Table {
            name: "case_entries",
            create: "CREATE TABLE {case_entries} (
                guild      bigint NOT NULL,
                number     bigint NOT NULL, -- of the case
                seq        bigint NOT NULL, -- of the guild: also the order
                at         bigint NOT NULL,
                what       text   NOT NULL,
                moderator  bigint,
                acting_for bigint,
                rule       text,
                detail     text,
                other      bigint, -- another case
                text_owner bigint,
                text       text, -- sealed
                event_id   text   NOT NULL,
                channel    bigint, -- where a message stood that is evidence
                message    bigint,
                PRIMARY KEY (guild, number, seq)
            );
            CREATE INDEX {case_entries}_text ON {case_entries} (guild, text_owner);",
        },
        Table {
            name: "case_files",
            create: "CREATE TABLE {case_files} (
                guild    bigint NOT NULL,
                number   bigint NOT NULL, -- of the case
                evidence bigint NOT NULL,
                file     bigint NOT NULL,
                at       bigint NOT NULL,
                event_id text   NOT NULL,
                owner    bigint NOT NULL, -- who wrote the message
                told     text, -- sealed: its name, how long it is, where it was
                outcome  text, -- of copying it; none while that is not known
                PRIMARY KEY (guild, number, evidence, file)
            );
            CREATE INDEX {case_files}_owner ON {case_files} (guild, owner);",
        },
    ];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        match event.stream.category() {
            People::CAPABILITY => {
                let people::Event::PersonErased { person } = decode(event)?;
                batch.erased.push((event.guild(), person));
            }
            Case::CAPABILITY => fold_case(batch, event)?,
            _ => fold_moderation(batch, event)?,
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {cases} (guild, number, person, kind, severity, moderator, \
                      acting_for, rule, origin, batch, led_by, at, until, standing, status, \
                      failure, hidden, reason_event, reason_owner, reason, notes, evidence, \
                      appeals, appeal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
                      $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
        tables.execute_many(insert, batch.cases).await?;
        let insert = "INSERT INTO {case_entries} (guild, number, seq, at, what, moderator, \
                      acting_for, rule, detail, other, text_owner, text, event_id, channel, \
                      message) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
                      $14, $15)";
        tables.execute_many(insert, batch.entries).await?;
        for (change, parameters) in batch.changes {
            tables.execute(change, &parameters).await?;
        }
        for (guild, person) in batch.erased {
            for erase in [
                "UPDATE {cases} SET reason = NULL WHERE guild = $1 AND reason_owner = $2",
                "UPDATE {case_entries} SET text = NULL WHERE guild = $1 AND text_owner = $2",
                "UPDATE {case_files} SET told = NULL WHERE guild = $1 AND owner = $2",
            ] {
                tables.execute(erase, &values![guild, person]).await?;
            }
        }
        Ok(())
    }
}

/// A case as it begins.
struct New<'a> {
    number: CaseNumber,
    person: PersonId,
    kind: case::Kind,
    severity: Option<Severity>,
    by: &'a By,
    origin: &'static str,
    batch: Option<String>,
    led_by: Option<CaseNumber>,
    until: Option<Timestamp>,
    standing: &'static str,
    reason: Option<&'a Personal<String>>,
    at: Timestamp,
}

/// Something that was said or done about a case.
#[derive(Default)]
struct Said<'a> {
    what: &'static str,
    by: Option<&'a By>,
    detail: Option<&'a str>,
    other: Option<CaseNumber>,
    text: Option<&'a Personal<String>>,
    place: Option<case::Place>,
}

impl Batch {
    fn open(&mut self, event: &Recorded, new: &New<'_>) {
        let [moderator, acting_for, rule] = by_columns(new.by);
        let [reason_owner, reason] = text_columns(new.reason);
        self.cases.push([
            event.guild().into(),
            new.number.0.into(),
            new.person.into(),
            kind_word(new.kind).into(),
            Value::Text(new.severity.map(|severity| severity_word(severity).to_owned())),
            moderator,
            acting_for,
            rule,
            new.origin.into(),
            Value::Text(new.batch.clone()),
            case_number(new.led_by),
            new.at.into(),
            moment(new.until),
            new.standing.into(),
            Status::Open.word().into(),
            Value::Text(None),
            false.into(),
            event.id.to_string().into(),
            reason_owner,
            reason,
            0_u32.into(),
            0_u32.into(),
            0_u32.into(),
            Value::Text(None),
        ]);
        let said = Said { what: "opened", by: Some(new.by), text: new.reason, ..Said::default() };
        self.say(event, new.number, new.at, &said);
    }

    fn say(&mut self, event: &Recorded, number: CaseNumber, at: Timestamp, said: &Said<'_>) {
        let [moderator, acting_for, rule] = by_columns(said.by.unwrap_or(&By::Unknown));
        let [owner, text] = text_columns(said.text);
        self.entries.push([
            event.guild().into(),
            number.0.into(),
            event.guild_seq.into(),
            at.into(),
            said.what.into(),
            moderator,
            acting_for,
            rule,
            Value::Text(said.detail.map(str::to_owned)),
            case_number(said.other),
            owner,
            text,
            event.id.to_string().into(),
            Value::Int(said.place.map(|place| place.channel.as_i64())),
            Value::Int(said.place.map(|place| place.message.as_i64())),
        ]);
    }

    /// `change` begins with the guild and the case's number.
    fn change<const N: usize>(
        &mut self,
        change: &'static str,
        event: &Recorded,
        number: CaseNumber,
        more: [Value; N],
    ) {
        let mut parameters = values![event.guild(), number.0].to_vec();
        parameters.extend(more);
        self.changes.push((change, parameters));
    }
}

const STANDS: &str = "UPDATE {cases} SET standing = $3 WHERE guild = $1 AND number = $2";
const ENDS: &str = "UPDATE {cases} SET standing = $3, status = $4 WHERE guild = $1 AND number = $2";
const FAILS: &str = "UPDATE {cases} SET standing = 'failed', status = 'failed', failure = $3 \
                     WHERE guild = $1 AND number = $2";
const UNTIL: &str = "UPDATE {cases} SET until = $3 WHERE guild = $1 AND number = $2";

fn fold_moderation(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
    match decode::<Event>(event)? {
        Event::MemberWarned { case, person, by, severity, reason, decays, at, .. } => {
            let new = New {
                number: case,
                person,
                kind: case::Kind::Warning,
                severity: Some(severity),
                by: &by,
                origin: "order",
                batch: None,
                led_by: None,
                until: decays,
                standing: "counts",
                reason: reason.as_ref(),
                at,
            };
            batch.open(event, &new);
        }
        Event::MemberNoted { case, person, by, text, at } => {
            let new = New {
                number: case,
                person,
                kind: case::Kind::Note,
                severity: None,
                by: &by,
                origin: "order",
                batch: None,
                led_by: None,
                until: None,
                standing: "done",
                reason: Some(&text),
                at,
            };
            batch.open(event, &new);
        }
        Event::LadderStepTaken { warning, deed, case, at, .. } => {
            let detail = Some(step_word(deed));
            let said = Said { what: "step", detail, other: case, ..Said::default() };
            batch.say(event, warning, at, &said);
        }
        Event::DeedOrdered { case, deed, person, by, origin, reason, until, at, .. } => {
            let (word, of_batch, led_by) = match origin {
                Origin::Order => ("order", None, None),
                Origin::Ladder { warning, .. } => ("ladder", None, Some(warning)),
                Origin::Batch(of) => ("batch", Some(of.to_string()), None),
            };
            let new = New {
                number: case,
                person,
                kind: kind_of_deed(deed),
                severity: None,
                by: &by,
                origin: word,
                batch: of_batch,
                led_by,
                until,
                standing: "under_way",
                reason: reason.as_ref(),
                at,
            };
            batch.open(event, &new);
        }
        Event::DeedObserved { case, deed, person, by, reason, until, at, .. } => {
            let new = New {
                number: case,
                person,
                kind: kind_of_deed(deed),
                severity: None,
                by: &by,
                origin: "observed",
                batch: None,
                led_by: None,
                until,
                standing: carried_out(deed),
                reason: reason.as_ref(),
                at,
            };
            batch.open(event, &new);
        }
        other => fold_outcome(batch, event, &other),
    }
    Ok(())
}

/// What became of a case that is there already.
fn fold_outcome(batch: &mut Batch, event: &Recorded, outcome: &Event) {
    let plain = |what| Said { what, ..Said::default() };
    match outcome {
        Event::DeedApplied { case, deed, at, .. } => {
            batch.change(STANDS, event, *case, values![carried_out(*deed)]);
            batch.say(event, *case, *at, &plain("applied"));
        }
        Event::DeedFailed { case, why, at, .. } => {
            batch.change(FAILS, event, *case, values![why.told()]);
            let said = Said { detail: Some(why.told()), ..plain("failed") };
            batch.say(event, *case, *at, &said);
        }
        Event::WarningDecayed { case, at, .. } => {
            batch.change(ENDS, event, *case, values!["over", Status::Expired.word()]);
            batch.say(event, *case, *at, &plain("expired"));
        }
        Event::WarningPardoned { case, by, reason, undo, at, .. } => {
            let (status, what) = if undo.is_some() {
                (Status::Revoked, "undone")
            } else {
                (Status::Pardoned, "pardoned")
            };
            batch.change(ENDS, event, *case, values!["over", status.word()]);
            let said = Said { by: Some(by), text: reason.as_ref(), ..plain(what) };
            batch.say(event, *case, *at, &said);
        }
        Event::LiftOrdered { case, by, reason, at, .. } => {
            let said = Said { by: by.as_ref(), text: reason.as_ref(), ..plain("lifting") };
            batch.say(event, *case, *at, &said);
        }
        Event::LiftFailed { case, why, at, .. } => {
            let said = Said { detail: Some(why.told()), ..plain("lift_failed") };
            batch.say(event, *case, *at, &said);
        }
        Event::RenewalFailed { case, why, at, .. } => {
            let said = Said { detail: Some(why.told()), ..plain("renewal_failed") };
            batch.say(event, *case, *at, &said);
        }
        Event::SanctionRetimed { case, by, until, at, .. } => {
            batch.change(UNTIL, event, *case, [moment(*until)]);
            let until = until.map(|until| until.as_secs().to_string());
            let said = Said { by: Some(by), detail: until.as_deref(), ..plain("retimed") };
            batch.say(event, *case, *at, &said);
        }
        Event::SanctionEnded { case, why, at, .. } => {
            let (status, what, other) = match why {
                EndReason::Expired => (Status::Expired, "expired", None),
                EndReason::Pardoned => (Status::Pardoned, "pardoned", None),
                EndReason::Undone(_) => (Status::Revoked, "undone", None),
                EndReason::ReplacedBy(other) => (Status::Resolved, "replaced", Some(*other)),
                EndReason::LiftedBy(other) => (Status::Resolved, "lifted", Some(*other)),
            };
            batch.change(ENDS, event, *case, values!["over", status.word()]);
            batch.say(event, *case, *at, &Said { other, ..plain(what) });
        }
        // What keeps a timeout going in Discord says nothing new about the case; the others begin
        // a case and are not looked at here.
        Event::RenewalOrdered { .. }
        | Event::RenewalApplied { .. }
        | Event::MemberWarned { .. }
        | Event::MemberNoted { .. }
        | Event::LadderStepTaken { .. }
        | Event::DeedOrdered { .. }
        | Event::DeedObserved { .. } => {}
    }
}

const REASON: &str = "UPDATE {cases} SET reason_event = $3, reason_owner = $4, reason = $5 \
                      WHERE guild = $1 AND number = $2";
const NOTES: &str = "UPDATE {cases} SET notes = $3 WHERE guild = $1 AND number = $2";
const EVIDENCE: &str = "UPDATE {cases} SET evidence = $3 WHERE guild = $1 AND number = $2";
const FILE: &str = "INSERT INTO {case_files} (guild, number, evidence, file, at, event_id, owner, \
                    told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const FILE_SETTLED: &str = "UPDATE {case_files} SET outcome = $5 \
                            WHERE guild = $1 AND number = $2 AND evidence = $3 AND file = $4";
const HIDDEN: &str = "UPDATE {cases} SET hidden = $3 WHERE guild = $1 AND number = $2";
const STATUS: &str = "UPDATE {cases} SET status = $3 WHERE guild = $1 AND number = $2";
const APPEALED: &str =
    "UPDATE {cases} SET appeals = $3, appeal = 'open' WHERE guild = $1 AND number = $2";
const APPEAL: &str = "UPDATE {cases} SET appeal = $3 WHERE guild = $1 AND number = $2";

fn fold_case(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
    use case::Event as Of;
    let number = number_of(event)?;
    let said = |what, by| Said { what, by: Some(by), ..Said::default() };
    match &decode::<Of>(event)? {
        // What it begins with is known from moderation, and the end that a process tells it too.
        Of::Opened { .. } | Of::EndSet { .. } => {}
        Of::NoteAdded { number: place, by, text, at } => {
            batch.change(NOTES, event, number, values![*place]);
            batch.say(event, number, *at, &Said { text: Some(text), ..said("note", by) });
        }
        Of::ReasonEdited { by, text, at } => {
            let [owner, sealed] = text_columns(Some(text));
            let id = Value::from(event.id.to_string());
            batch.change(REASON, event, number, [id, owner, sealed]);
            batch.say(event, number, *at, &Said { text: Some(text), ..said("reason", by) });
        }
        Of::EvidenceAdded { number: place, by, text, place: stood, at } => {
            batch.change(EVIDENCE, event, number, values![*place]);
            let detail = place.to_string();
            let (text, detail) = (Some(text), Some(detail.as_str()));
            let said = Said { text, detail, place: *stood, ..said("evidence", by) };
            batch.say(event, number, *at, &said);
        }
        Of::FileAttached { evidence, file, told, at } => {
            let sealed = told.sealed().map(|sealed| sealed.sealed.clone());
            let [evidence, file, at, id, owner] =
                values![*evidence, *file, *at, event.id.to_string(), told.owner()];
            let row = [evidence, file, at, id, owner, Value::Text(sealed)];
            batch.change(FILE, event, number, row);
        }
        Of::FileSettled { evidence, file, outcome, .. } => {
            let row = values![*evidence, *file, outcome.word()];
            batch.change(FILE_SETTLED, event, number, row);
        }
        Of::Hidden { by, at } => {
            batch.change(HIDDEN, event, number, values![true]);
            batch.say(event, number, *at, &said("hidden", by));
        }
        Of::Shown { by, at } => {
            batch.change(HIDDEN, event, number, values![false]);
            batch.say(event, number, *at, &said("shown", by));
        }
        Of::Linked { other, by, at } => {
            batch.say(event, number, *at, &Said { other: Some(*other), ..said("linked", by) });
        }
        Of::Unlinked { other, by, at } => {
            batch.say(event, number, *at, &Said { other: Some(*other), ..said("unlinked", by) });
        }
        Of::StatusChanged { to, by, at, .. } => {
            batch.change(STATUS, event, number, values![to.word()]);
            batch.say(event, number, *at, &Said { detail: Some(to.word()), ..said("status", by) });
        }
        Of::Appealed { number: place, who, text, at } => {
            batch.change(APPEALED, event, number, values![*place]);
            let by = By::Member(*who);
            batch.say(event, number, *at, &Said { text: Some(text), ..said("appeal", &by) });
        }
        Of::AppealDecided { by, accepted, text, at, .. } => {
            let word = if *accepted { "accepted" } else { "refused" };
            batch.change(APPEAL, event, number, values![word]);
            let said = Said { detail: Some(word), text: text.as_ref(), ..said("decision", by) };
            batch.say(event, number, *at, &said);
        }
    }
    Ok(())
}

/// A case's stream has its number in its name.
fn number_of(event: &Recorded) -> Result<CaseNumber, LogError> {
    let name = event.stream.within_guild();
    let number = name.split_once('/').and_then(|(_, number)| number.parse().ok());
    number.map(CaseNumber).ok_or_else(|| LogError::Corrupt(format!("{name} names no case")))
}

const fn carried_out(deed: Deed) -> &'static str {
    if deed.opens().is_some() { "in_force" } else { "done" }
}

const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Minor => "minor",
        Severity::Major => "major",
    }
}

const fn step_word(deed: StepDeed) -> &'static str {
    match deed {
        StepDeed::Timeout => "timeout",
        StepDeed::Kick => "kick",
        StepDeed::Ban => "ban",
    }
}

fn moment(at: Option<Timestamp>) -> Value {
    Value::Int(at.map(Timestamp::as_micros))
}

fn case_number(case: Option<CaseNumber>) -> Value {
    Value::Int(case.map(|case| i64::from(case.0)))
}
