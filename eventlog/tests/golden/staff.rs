//! Golden files of who may and who looked are made from these, once.

use domain::{
    CaseNumber, WebhookId,
    grants::{Event as OfGrants, Grants, Role},
    reads::{Event as OfReads, Reads, Via},
    visits::{Event as OfVisits, Visits},
    webhooks::{Event as OfWebhooks, Kind, Off, Webhooks},
};

use super::*;

pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Reads>(reads());
    stored.extend(of::<Grants>(grants()));
    stored.extend(of::<Visits>(visits()));
    stored.extend(of::<Webhooks>(webhooks()));
    stored
}

fn at() -> Timestamp {
    "2026-11-22T15:04:05.000678Z".parse().unwrap()
}

fn reads() -> Vec<OfReads> {
    [false, true].into_iter().flat_map(reads_by).collect()
}

/// Of somebody of the staff, or an operator who was let in.
fn reads_by(operator: bool) -> Vec<OfReads> {
    let (who, whom, at, case) = (ANN, BEN, at(), CaseNumber(41));
    let (via, list) = (Via::Dashboard, "cases".to_owned());
    let (discord, download) = (Via::Discord, Via::Download);
    vec![
        OfReads::CaseOpened { who, operator, case, whom, via: discord, at },
        OfReads::RecordOpened { who, operator, whom, via, at },
        OfReads::CasesBrowsed { who, operator, via, at },
        OfReads::LogRead { who, operator, via, at },
        OfReads::LogSearched { who, operator, whom, via, at },
        OfReads::FileOpened { who, operator, case, evidence: 1, file: 2, via: download, at },
        OfReads::ListTaken { who, operator, list: list.clone(), via: download, at },
        OfReads::ListSearched { who, operator, list, whom, via: download, at },
        OfReads::HistorySearched { who, operator, whom, via, at },
        OfReads::ManyOpened { who, operator, via, at },
    ]
}

fn webhooks() -> Vec<OfWebhooks> {
    let webhook = WebhookId(Uuid::from_u128(0x0193_a1c0_7d3e_4c44_9a53_5f0d_6f1f_2a35));
    let (by, at, kinds) = (ANN, at(), Kind::ALL.to_vec());
    let (name, address) = (sealed, sealed);
    let changed = |address| OfWebhooks::Changed {
        webhook,
        name: name(),
        address,
        kinds: vec![Kind::Economy],
        at,
    };
    let off = |why| OfWebhooks::SwitchedOff { webhook, why, at };
    vec![
        OfWebhooks::Created { webhook, by, name: name(), address: address(), kinds, at },
        changed(Some(address())),
        changed(None),
        OfWebhooks::SecretTurned { webhook, turn: 1, at },
        off(Off::Asked),
        off(Off::Gone),
        off(Off::Failing),
        off(Off::Overrun),
        off(Off::Erased),
        OfWebhooks::SwitchedOn { webhook, at },
        OfWebhooks::TestAsked { webhook, at },
        OfWebhooks::Deleted { webhook, at },
    ]
}

fn grants() -> Vec<OfGrants> {
    let (person, at, by) = (ANN, at(), Some(BEN));
    let until = "2026-12-20T18:04:05Z".parse().unwrap();
    let given = |role, by| OfGrants::Given { person, role, until, reason: sealed(), by, at };
    let moved = |role, by| OfGrants::EndMoved { person, role, until, reason: sealed(), by, at };
    let mut all: Vec<_> = Role::ALL.into_iter().map(|role| given(role, by)).collect();
    all.extend([
        given(Role::Auditor, None),
        moved(Role::Auditor, by),
        moved(Role::Auditor, None),
        OfGrants::TakenBack { person, role: Role::Auditor, at },
    ]);
    all
}

fn visits() -> Vec<OfVisits> {
    let (operator, at, reason) = (ANN, at(), sealed());
    let until = "2026-11-22T16:04:05.000678Z".parse().unwrap();
    vec![
        OfVisits::Begun { operator, reason, until, at },
        OfVisits::Ended { operator, by: Some(BEN), at },
        OfVisits::Ended { operator, by: None, at },
    ]
}
