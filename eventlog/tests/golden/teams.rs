//! Golden files of squads and tiers are made from these, once.

use domain::{
    CampaignId,
    squads::{
        Event as OfSquads, Failure as NotGiven, MoveId, Owed, SquadId, SquadSettings, Squads,
        Unmoved,
    },
    tiers::{EndReason, Event as OfTiers, Failure as NotHeld, Giver, Tiers},
};

use super::*;

pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Squads>(squads());
    let changed = SquadSettings { switch_cost: Bytes(120), minimum_balance: Bytes(30) };
    let settings = versions([changed, SquadSettings::default()]);
    stored.extend(of::<Settings<SquadSettings>>(settings));
    stored.extend(of::<Tiers>(tiers()));
    stored
}

fn at() -> Timestamp {
    "2026-11-21T15:04:05.000678Z".parse().unwrap()
}

fn role(number: u64) -> RoleId {
    RoleId::new(1_107_318_246_137_131_070 + number).unwrap()
}

fn squads() -> Vec<OfSquads> {
    let (at, by, person, cost) = (at(), BEN, ANN, Bytes(50));
    let (red, blue) = (SquadId(1), SquadId(2));
    let id = MoveId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a06));
    let (name, description) = ("Red".to_owned(), "The early birds".to_owned());
    let created = OfSquads::Created {
        squad: red,
        name: name.clone(),
        description: description.clone(),
        role: role(1),
        by,
        at,
    };
    let active = false;
    let edited = OfSquads::Edited { squad: red, name, description, role: role(1), active, by, at };
    let begun = |from| OfSquads::MoveBegun { person, id, from, to: blue, cost, at };
    let refused = |why| OfSquads::MoveRefused { person, id, why, at };
    let joined = |from| OfSquads::Joined { person, id, from, squad: blue, role: role(2), cost, at };
    let given = |former| OfSquads::RoleGiven { person, id, squad: blue, former, cost, at };
    let undone = |role, back, why| OfSquads::MoveUndone {
        person,
        id,
        squad: blue,
        role,
        back,
        cost,
        why,
        at,
    };
    vec![
        created,
        edited,
        OfSquads::Deleted { squad: red, role: role(1), by, at },
        OfSquads::Released { squad: red, role: role(1), people: vec![ANN, BEN], more: true, at },
        begun(Some(red)),
        begun(None),
        refused(Unmoved::NotPaid),
        refused(Unmoved::SquadGone),
        joined(Some(red)),
        joined(None),
        given(Some(role(1))),
        given(None),
        undone(Some(role(2)), Some(red), NotGiven::NotAllowed),
        undone(None, None, NotGiven::MemberGone),
        undone(None, None, NotGiven::RoleGone),
        undone(None, None, NotGiven::Unavailable),
        OfSquads::Left { person, squad: red, role: role(1), at },
        OfSquads::RolesRepaired {
            give: vec![Owed { person: ANN, role: role(1) }],
            take: vec![Owed { person: BEN, role: role(1) }],
            by,
            at,
        },
    ]
}

fn tiers() -> Vec<OfTiers> {
    let (at, person, attempt) = (at(), ANN, 2);
    let until = "2026-12-21T15:04:05Z".parse().unwrap();
    let role = role(3);
    let granted = |by| OfTiers::Granted { person, role, days: 30, until, attempt, by, at };
    let ended = |why| OfTiers::Ended { person, role, why, at };
    let failed = |why| OfTiers::RoleFailed { person, role, attempt, why, at };
    let campaign = CampaignId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a05));
    let name = "VIP".to_owned();
    vec![
        OfTiers::Set { role, name, daily_bonus: Bytes(5), by: BEN, at },
        OfTiers::Removed { role, by: BEN, at },
        granted(Giver::Member(BEN)),
        granted(Giver::Code { campaign, number: 7 }),
        ended(EndReason::Expired),
        ended(EndReason::Taken { by: BEN }),
        OfTiers::RoleOrdered { person, role, attempt, at },
        OfTiers::RoleGiven { person, role, attempt, at },
        failed(NotHeld::MemberGone),
        failed(NotHeld::RoleGone),
        failed(NotHeld::NotAllowed),
        failed(NotHeld::Unavailable),
    ]
}
