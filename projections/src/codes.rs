//! What people see of codes: each campaign with its numbers, and who redeemed what. No code and no
//! hash of one stands here.

pub mod campaigns;
pub mod uses;

use domain::CampaignId;
use eventlog::{LogError, Recorded};

/// Which campaign an event belongs to, from its stream.
fn campaign_of(event: &Recorded) -> Result<CampaignId, LogError> {
    let name = event.stream.within_guild();
    let part = name.split_once('/').map_or("", |(_, part)| part);
    campaign(part)
}

fn campaign(text: &str) -> Result<CampaignId, LogError> {
    text.parse()
        .map(CampaignId)
        .map_err(|_| LogError::Corrupt(format!("{text:?} is no campaign's id")))
}

/// Numbers of uses, days and the like, as a table holds them.
fn small(number: i64) -> Result<u32, LogError> {
    u32::try_from(number).map_err(|_| LogError::Corrupt(format!("{number} is no number of uses")))
}
