//! Golden files of the logs are made from these, once.

use domain::logs::{Difference, Entry, Event as OfLogs, Kind, LogSettings, Logs, Names, Topic};

use super::*;

pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Logs>(logs());
    let settings = LogSettings {
        channel: vec![channel(5)],
        left_out_channels: vec![channel(6)],
        bots: true,
        ..LogSettings::default()
    };
    let settings = settings.with(Topic::Voice, Some(false), Some(channel(7)));
    stored.extend(of::<Settings<LogSettings>>(versions([settings, LogSettings::default()])));
    stored
}

fn channel(last: u64) -> ChannelId {
    ChannelId::new(1_107_318_246_137_131_070 + last).unwrap()
}

fn message(last: u64) -> MessageId {
    MessageId::new(1_107_318_246_137_131_170 + last).unwrap()
}

fn logs() -> Vec<OfLogs> {
    let noted = |seq, entry| {
        let session = if seq > 0 { "5f0d6f1f2a05a1c0".to_owned() } else { String::new() };
        OfLogs::Noted { session, seq, entry }
    };
    let entry = |kind| Entry { person: Some(ANN), ..Entry::new(kind, at()) };
    let names: Personal<Names> = Personal::Sealed(Sealed { owner: ANN, sealed: "c2VhbGVk".into() });
    let change = Difference { field: "name".into(), was: Some("Old".into()), is: None };
    let command = Some("bytes send".to_owned());
    let purged = vec![message(1), message(2)];
    vec![
        noted(
            17,
            Entry {
                by: Some(BEN),
                channel: Some(channel(5)),
                messages: purged,
                person: None,
                ..entry(Kind::MessagesPurged)
            },
        ),
        noted(18, Entry { names: Some(names), ..entry(Kind::MemberRenamed) }),
        noted(
            19,
            Entry {
                subject: Some("1107318246137131075".into()),
                changes: vec![change],
                ..Entry::new(Kind::RoleUpdated, at())
            },
        ),
        noted(
            20,
            Entry { channel: Some(channel(6)), from: Some(channel(5)), ..entry(Kind::VoiceMoved) },
        ),
        noted(
            0,
            Entry { subject: command, messages: vec![message(9)], ..entry(Kind::CommandUsed) },
        ),
        OfLogs::DeletionAttributed {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            seq: 21,
            at: at(),
            message: message(3),
            by: BEN,
            author: Some(ANN),
        },
        OfLogs::DeletionAttributed {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            seq: 22,
            at: at(),
            message: message(4),
            by: BEN,
            author: None,
        },
        OfLogs::MemberLeftOut { person: ANN },
        OfLogs::MemberTakenIn { person: ANN },
    ]
}
