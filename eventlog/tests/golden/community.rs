//! Golden files of moderation, giveaways and codes are made from these, once.

#[path = "going_on.rs"]
mod going_on;
#[path = "logs.rs"]
mod logs;

use domain::{
    AuditLogId, BatchId, CampaignId, CaseNumber, ChannelId, GiveawayId, MessageId,
    campaign::{Campaign, Event as OfCampaign, Failure as NotDelivered, Limits, Reward},
    case::{Case, Event as OfCase, FileOutcome, Kind, Place, Status},
    codes::{Codes, Event as OfCodes},
    digest::Digest,
    giveaways::{
        Bonus, DrawnFor, Event as OfGiveaway, Exclusion, Giveaway, GiveawaySettings, Requirements,
        Terms,
        settings::{Language, Needs, Template, TemplateRole},
    },
    moderation::{
        By, Deed, EndReason, Event as OfModeration, Failure, LiftReason, Moderation,
        ModerationSettings, Origin, SanctionKind, Severity, StepDeed,
    },
};

use super::*;

pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Moderation>(moderation());
    let log_channel = vec![ChannelId::new(1_107_318_246_137_131_075).unwrap()];
    let changed = ModerationSettings {
        log_channel,
        ladder: Vec::new(),
        ladder_restarts: true,
        ..ModerationSettings::default()
    };
    let settings = versions([changed, ModerationSettings::default()]);
    stored.extend(of::<Settings<ModerationSettings>>(settings));
    stored.extend(of::<Case>(cases()));
    stored.extend(of::<Giveaway>(giveaway()));
    stored.extend(of::<Settings<GiveawaySettings>>(giveaway_settings()));
    let codes = vec![digest(1), digest(2)];
    stored.extend(of::<Codes>(vec![OfCodes::CodesRegistered {
        campaign: CampaignId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a05)),
        codes,
        at: at(),
    }]));
    stored.extend(of::<Campaign>(campaign()));
    stored.extend(going_on::samples());
    stored.extend(logs::samples());
    stored
}

fn at() -> Timestamp {
    "2026-11-20T18:04:05.000678Z".parse().unwrap()
}

fn end() -> Timestamp {
    "2026-12-20T18:04:05Z".parse().unwrap()
}

fn role(number: u64) -> RoleId {
    RoleId::new(1_107_318_246_137_131_070 + number).unwrap()
}

fn digest(number: u8) -> Digest {
    Digest::of(&[&[number]])
}

fn batch() -> BatchId {
    BatchId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a03))
}

fn moderation() -> Vec<OfModeration> {
    let (person, at, case) = (ANN, at(), CaseNumber(12));
    let acting = By::ActingFor { moderator: BEN, whom: PersonId(3) };
    let rule = By::Rule("ladder".to_owned());
    let warned = |severity, by, reason, decays| OfModeration::MemberWarned {
        case,
        person,
        by,
        severity,
        reason,
        decays,
        active: 3,
        ladder_restarted: false,
        policy: 4,
        at,
    };
    let stepped = |case| OfModeration::LadderStepTaken {
        warning: CaseNumber(12),
        person,
        step: 3,
        deed: StepDeed::Timeout,
        case,
        policy: 4,
        at,
    };
    let ordered = |deed, by, origin, reason, until, delete_secs| OfModeration::DeedOrdered {
        case,
        deed,
        person,
        by,
        origin,
        reason,
        until,
        covered_until: until.filter(|_| deed == Deed::Timeout),
        delete_secs,
        policy: 4,
        at,
    };
    let ladder = Origin::Ladder { warning: CaseNumber(11), step: 3 };
    let member = || By::Member(BEN);
    let plain = |deed| ordered(deed, member(), Origin::Order, None, None, None);
    let observed = |by, reason, until| OfModeration::DeedObserved {
        case,
        audit: AuditLogId::new(1_310_988_612_345_678_902).unwrap(),
        deed: Deed::Timeout,
        person,
        by,
        reason,
        until,
        at,
    };
    let pardoned = |reason, undo| OfModeration::WarningPardoned {
        case,
        person,
        by: member(),
        reason,
        undo,
        at,
    };
    let lift = |kind, why, by, reason| OfModeration::LiftOrdered {
        case,
        person,
        kind,
        attempt: 1,
        why,
        by,
        reason,
        at,
    };
    let retimed =
        |kind, until| OfModeration::SanctionRetimed { case, person, kind, by: member(), until, at };
    let ended =
        |why| OfModeration::SanctionEnded { case, person, kind: SanctionKind::Ban, why, at };
    let why = Failure::NotAllowed;
    let failed = |why| OfModeration::DeedFailed { case, person, deed: Deed::Ban, why, at };
    vec![
        warned(Severity::Minor, member(), Some(sealed()), Some(end())),
        warned(Severity::Major, acting, None, None),
        OfModeration::MemberNoted { case, person, by: member(), text: sealed(), at },
        stepped(Some(CaseNumber(13))),
        stepped(None),
        ordered(Deed::Timeout, rule, ladder, Some(sealed()), Some(end()), None),
        ordered(Deed::Ban, member(), Origin::Batch(batch()), None, None, Some(3_600)),
        plain(Deed::EndTimeout),
        plain(Deed::Kick),
        plain(Deed::Unban),
        plain(Deed::Softban),
        OfModeration::DeedApplied { case, person, deed: Deed::Ban, at },
        failed(Failure::MemberGone),
        failed(Failure::NotAllowed),
        failed(Failure::Unavailable),
        observed(member(), Some(sealed()), Some(end())),
        observed(By::Unknown, None, None),
        OfModeration::WarningDecayed { case, person, at },
        pardoned(Some(sealed()), None),
        pardoned(None, Some(batch())),
        OfModeration::RenewalOrdered { case, person, attempt: 1, covered_until: end(), at },
        OfModeration::RenewalApplied { case, person, attempt: 1, at },
        OfModeration::RenewalFailed { case, person, attempt: 1, why, at },
        lift(SanctionKind::Ban, LiftReason::Expired, None, None),
        lift(SanctionKind::Ban, LiftReason::Undone(batch()), Some(member()), None),
        lift(SanctionKind::Timeout, LiftReason::Pardoned, Some(member()), Some(sealed())),
        OfModeration::LiftFailed { case, person, attempt: 1, why, at },
        retimed(SanctionKind::Ban, None),
        retimed(SanctionKind::Timeout, Some(end())),
        ended(EndReason::Expired),
        ended(EndReason::Pardoned),
        ended(EndReason::Undone(batch())),
        ended(EndReason::ReplacedBy(CaseNumber(14))),
        ended(EndReason::LiftedBy(CaseNumber(15))),
    ]
}

fn cases() -> Vec<OfCase> {
    let (case, at) = (CaseNumber(12), at());
    let by = || By::Member(BEN);
    let place = Place {
        channel: ChannelId::new(1_107_318_246_137_131_075).unwrap(),
        message: MessageId::new(1_310_988_612_345_678_903).unwrap(),
    };
    let evidence =
        |number, place| OfCase::EvidenceAdded { number, by: by(), text: sealed(), place, at };
    let told = match sealed() {
        Personal::Sealed(sealed) => Personal::Sealed(sealed),
        other => panic!("{other:?} is not sealed"),
    };
    let settled = |file, outcome| OfCase::FileSettled { evidence: 1, file, outcome, at };
    let end_set = |until| OfCase::EndSet { by: by(), until, at };
    let other = CaseNumber(9);
    let decided =
        |accepted, text| OfCase::AppealDecided { number: 1, by: by(), accepted, text, at };
    vec![
        OfCase::Opened { case, about: ANN, kind: Kind::Warning, by: by(), at },
        OfCase::NoteAdded { number: 1, by: by(), text: sealed(), at },
        OfCase::ReasonEdited { by: by(), text: sealed(), at },
        evidence(1, Some(place)),
        evidence(2, None),
        end_set(Some(end())),
        end_set(None),
        OfCase::Hidden { by: by(), at },
        OfCase::Shown { by: by(), at },
        OfCase::Linked { other, by: by(), at },
        OfCase::Unlinked { other, by: by(), at },
        OfCase::StatusChanged { from: Status::Open, to: Status::Resolved, by: by(), at },
        OfCase::Appealed { number: 1, who: ANN, text: sealed(), at },
        decided(true, Some(sealed())),
        decided(false, None),
        OfCase::FileAttached { evidence: 1, file: 1, told, at },
        settled(1, FileOutcome::Copied),
        settled(2, FileOutcome::TooLarge),
    ]
}

fn giveaway_settings() -> Vec<Changed<GiveawaySettings>> {
    let template = Template {
        name: "weekly".to_owned(),
        winners: 2,
        duration_secs: 604_800,
        claim_secs: 86_400,
        account_days: 30,
        member_days: 7,
    };
    let named =
        |needs, role, entries| TemplateRole { template: "weekly".to_owned(), needs, role, entries };
    let decided = GiveawaySettings {
        exclude_past_winners: true,
        language: Language::De,
        log_channel: vec![ChannelId::new(1_310_988_612_345_678_905).unwrap()],
        templates: vec![template],
        template_roles: vec![
            named(Needs::All, role(1), 0),
            named(Needs::Any, role(2), 0),
            named(Needs::None, role(3), 0),
            named(Needs::Bonus, role(4), 3),
        ],
        ..GiveawaySettings::default()
    };
    versions([decided, GiveawaySettings::default()])
}

fn giveaway() -> Vec<OfGiveaway> {
    let (at, entry, person, by) = (at(), 4, ANN, BEN);
    let id = GiveawayId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a04));
    let terms = Terms {
        prize: "A badge".to_owned(),
        winners: 3,
        ends_at: end(),
        requires: Requirements {
            all_of: vec![role(1)],
            any_of: vec![role(2), role(3)],
            none_of: vec![role(4)],
            level: 5,
            account_days: 30,
            member_days: 7,
        },
        bonus: vec![Bonus { role: role(2), entries: 4 }],
        claim_secs: 300,
        max_rerolls: 3,
    };
    let excluded = |why, by| OfGiveaway::EntryExcluded { entry, person, why, by, at };
    let closed =
        |by| OfGiveaway::Closed { entries: 5, standing: 4, weight: 9, root: digest(3), by, at };
    let drawn = |k, why| OfGiveaway::CandidateDrawn { k, j: 0, entry, person, why, at };
    let confirmed = |claim_until| OfGiveaway::WinnerConfirmed { entry, person, claim_until, at };
    let opened =
        |message| OfGiveaway::ClaimOpened { entry, person, message, claim_until: end(), at };
    let message = MessageId::new(1_310_988_612_345_678_904).unwrap();
    vec![
        OfGiveaway::Created {
            id,
            by,
            channel: Some(ChannelId::new(1_310_988_612_345_678_902).unwrap()),
            terms: terms.clone(),
            commitment: digest(4),
            at,
        },
        OfGiveaway::Posted { message, at },
        OfGiveaway::PostFailed { code: 50_001, at },
        OfGiveaway::Edited { by, terms, at },
        OfGiveaway::Entered {
            entry,
            person,
            weight: 5,
            salt: digest(5),
            again: false,
            roles: vec![role(1), role(2)],
            level: 12,
            account_days: 400,
            member_days: 90,
            at,
        },
        excluded(Exclusion::Left, None),
        excluded(Exclusion::Removed, Some(by)),
        excluded(Exclusion::PreviousWinner, None),
        OfGiveaway::Paused { by, at },
        OfGiveaway::Resumed { by, ends_at: end(), at },
        closed(None),
        closed(Some(by)),
        OfGiveaway::Cancelled { by, at },
        OfGiveaway::DrawBegun { message, seed: digest(6), at },
        drawn(0, DrawnFor::Prize),
        drawn(1, DrawnFor::Disqualification),
        drawn(2, DrawnFor::Lapse),
        drawn(3, DrawnFor::Reroll),
        OfGiveaway::NobodyLeft { k: 4, prizes: 1, at },
        OfGiveaway::CandidateDisqualified { entry, person, why: Exclusion::LeftServer, at },
        confirmed(Some(end())),
        confirmed(None),
        OfGiveaway::PrizeClaimed { entry, person, at },
        OfGiveaway::ClaimLapsed { entry, person, at },
        OfGiveaway::WinnerRerolled { entry, person, by, reason: sealed(), at },
        OfGiveaway::RerollsExhausted { rerolls: 3, at },
        opened(Some(message)),
        opened(None),
    ]
}

fn campaign() -> Vec<OfCampaign> {
    let (at, person, by, code, number) = (at(), ANN, BEN, digest(1), 3);
    let bytes = Reward::Bytes { amount: Bytes(50) };
    let limited = Limits {
        uses: Some(100),
        uses_per_code: Some(1),
        uses_per_member: 1,
        from: Some(at),
        until: Some(end()),
        roles: vec![role(1)],
    };
    let created =
        |reward, limits| OfCampaign::Created { name: "Launch".to_owned(), by, reward, limits, at };
    let failed = |why| OfCampaign::RewardFailed { number, person, attempt: 1, why, at };
    vec![
        created(bytes, limited.clone()),
        created(Reward::Role { role: role(2) }, Limits::once_each()),
        created(Reward::Tier { role: role(3), days: 30 }, Limits::once_each()),
        OfCampaign::LimitsSet { by, limits: limited, at },
        OfCampaign::LimitsSet { by, limits: Limits::once_each(), at },
        OfCampaign::Redeemed { number, person, code, reward: bytes, at },
        OfCampaign::RewardDelivered { number, person, attempt: 1, at },
        failed(NotDelivered::MemberGone),
        failed(NotDelivered::BalanceLimit),
        OfCampaign::RewardOrderedAgain { number, person, attempt: 2, reward: bytes, at },
        OfCampaign::CodeRevoked { code, by, at },
        OfCampaign::Revoked { by, at },
    ]
}
