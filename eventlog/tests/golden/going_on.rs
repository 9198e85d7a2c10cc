//! Golden files of activity and levels are made from these, once.

use domain::{
    activity::{
        Activity, ActivitySettings, Blindness, Counts, Event as OfActivity, Minute, Recovery,
        ReportDay, Row, Use, UseOutcome, minute_of,
    },
    levels::{
        Announce, ChannelPercent, Curve, Event as OfLevels, LevelReward, LevelSettings, Levels,
        Rewards, RoleFailure, RolePercent, Source, TextGain, VoiceGain,
    },
    voice::{Place, Stretch},
};

use super::*;

pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Activity>(activity());
    let berlin = ActivitySettings {
        time_zone: "Europe/Berlin".to_owned(),
        report_channel: vec![channel()],
        report_day: ReportDay::Friday,
        report_hour: 18,
    };
    let settings = versions([berlin, ActivitySettings::default()]);
    stored.extend(of::<Settings<ActivitySettings>>(settings));
    stored.extend(of::<Levels>(levels()));
    let settings = LevelSettings {
        curve: Curve::Steep,
        role_percents: vec![RolePercent { role: role(2), percent: 150 }],
        channel_percents: vec![ChannelPercent { channel: channel(), percent: 50 }],
        no_xp_roles: vec![role(3)],
        no_xp_channels: vec![channel()],
        role_rewards: vec![LevelReward { level: 5, role: role(4) }],
        rewards: Rewards::Replace,
        announce: Announce::Channel,
        announce_channel: vec![channel()],
        hide_leavers: true,
        ..LevelSettings::default()
    };
    stored.extend(of::<Settings<LevelSettings>>(versions([settings, LevelSettings::default()])));
    stored
}

fn channel() -> ChannelId {
    ChannelId::new(1_107_318_246_137_131_075).unwrap()
}

fn place() -> Place {
    Place { channel: channel(), muted: false, deafened: true, away: false }
}

fn stretch() -> Stretch {
    Stretch { person: ANN, channel: channel(), from: at(), until: end(), counts: true }
}

fn recovery(cut: bool) -> Recovery {
    Recovery { from: at(), until: end(), messages: 420, channels: 12, unread: 1, cut }
}

fn activity() -> Vec<OfActivity> {
    let counts = Counts { messages: 3, replies: 1, long: 2, ..Counts::default() };
    let row = Row { person: ANN, channel: channel(), counts };
    let used = Use {
        id: 1_107_318_246_137_131_099,
        at: at(),
        person: BEN,
        command: "bytes send".to_owned(),
        outcome: UseOutcome::Refused,
        millis: 41,
    };
    vec![
        OfActivity::MemberJoined { person: ANN, at: at() },
        OfActivity::MemberLeft { person: ANN, at: at() },
        OfActivity::VoiceChanged { person: ANN, at: at(), place: Some(place()) },
        OfActivity::VoiceChanged { person: ANN, at: at(), place: None },
        OfActivity::Recorded {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            from_seq: 17,
            to_seq: 42,
            newest: MessageId::new(1_107_318_246_137_131_080).ok(),
            heard_until: Some(at()),
            minutes: vec![Minute { at: minute_of(at()), rows: vec![row] }],
            voice: vec![stretch()],
            voice_until: Some(end()),
            uses: vec![used],
        },
        OfActivity::Recorded {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            from_seq: 43,
            to_seq: 43,
            newest: None,
            heard_until: None,
            minutes: Vec::new(),
            voice: Vec::new(),
            voice_until: None,
            uses: Vec::new(),
        },
        OfActivity::ObservationGap {
            from: at(),
            until: end(),
            why: Blindness::NewSession,
            voice: vec![stretch()],
        },
        OfActivity::ObservationGap {
            from: at(),
            until: end(),
            why: Blindness::Hole,
            voice: Vec::new(),
        },
        OfActivity::GapRecovered { recovery: recovery(true) },
        OfActivity::GapRecovered { recovery: recovery(false) },
    ]
}

fn levels() -> Vec<OfLevels> {
    let gain = VoiceGain { person: BEN, until: end(), xp: 20, rest_micros: 1_500_000 };
    vec![
        OfLevels::Earned {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            to_seq: 42,
            newest: MessageId::new(1_107_318_246_137_131_080).ok(),
            heard_until: Some(at()),
            text: vec![TextGain { person: ANN, at: at(), xp: 17 }],
            voice: vec![gain],
            voice_until: Some(end()),
        },
        OfLevels::Earned {
            session: "5f0d6f1f2a05a1c0".to_owned(),
            to_seq: 0,
            newest: None,
            heard_until: None,
            text: Vec::new(),
            voice: Vec::new(),
            voice_until: None,
        },
        OfLevels::VoiceChanged { person: ANN, at: at(), place: Some(place()), percent: 150 },
        OfLevels::VoiceChanged { person: ANN, at: at(), place: None, percent: 0 },
        OfLevels::VoiceSkipped { from: at(), until: end(), voice: vec![gain] },
        OfLevels::VoiceSkipped { from: at(), until: end(), voice: Vec::new() },
        OfLevels::XpChanged {
            person: ANN,
            from: 500,
            to: 0,
            at: at(),
            source: Source::Reset,
            reason: None,
        },
        OfLevels::XpChanged {
            person: ANN,
            from: 10,
            to: 500,
            at: at(),
            source: Source::Given,
            reason: Some(sealed()),
        },
        OfLevels::LevelReached {
            person: ANN,
            level: 3,
            xp: 500,
            at: at(),
            channel: Some(channel()),
        },
        OfLevels::LevelReached { person: ANN, level: 4, xp: 900, at: at(), channel: None },
        OfLevels::RoleOrdered { person: ANN, role: role(4), give: true, level: 3, attempt: 1 },
        OfLevels::RoleDone { person: ANN, role: role(4), attempt: 1 },
        OfLevels::RoleFailed {
            person: ANN,
            role: role(4),
            attempt: 2,
            why: RoleFailure::NotAllowed,
        },
    ]
}
