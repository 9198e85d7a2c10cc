//! Deliveries to communities' webhooks: made of an event, signed, and sent once each time that the
//! outbox says so. `docs/webhooks.md` says what a receiver sees.

mod reach;
#[cfg(test)]
mod tests;

use std::time::Duration;

use actions::{ActionError, Actions, webhooks::Target};
use bytes::Bytes;
use domain::{EventId, WebhookId};
use eventlog::EventHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{StatusCode, header};
use http_body_util::Full;
use sha2::Sha256;

use self::reach::{Reach, Unreached};
use crate::processes::{Effect, Outcome, effect::code};

/// For the whole of it: finding, reaching, asking and being answered.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Without a word about it, a limit is over after this.
const UNTOLD: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(1);
const AGENT: &str = concat!("reeve/", env!("CARGO_PKG_VERSION"), " (webhook)");

/// What sends deliveries.
#[derive(Debug)]
pub struct Deliveries {
    actions: Actions,
    /// To the public internet alone.
    public: Reach,
    /// To what the operator trusts, wherever it lies.
    trusted: Reach,
}

impl Deliveries {
    pub fn new(actions: Actions) -> Result<Self, rustls::Error> {
        Ok(Self { actions, public: Reach::public()?, trusted: Reach::anywhere()? })
    }

    /// Sends a delivery once.
    pub async fn deliver(
        &self,
        effect: &Effect,
        webhook: WebhookId,
        event: (EventId, u64),
    ) -> Outcome {
        match self.try_deliver(effect, webhook, event).await {
            Ok(outcome) => outcome,
            // Our own store: nothing of it is the receiver's fault.
            Err(error) => Outcome::Unavailable(error.to_string()),
        }
    }

    async fn try_deliver(
        &self,
        effect: &Effect,
        webhook: WebhookId,
        event: (EventId, u64),
    ) -> Result<Outcome, ActionError> {
        let target = match self.actions.webhook_target(effect.guild, webhook).await? {
            Some(Ok(target)) => target,
            Some(Err(unfit)) => return Ok(Outcome::Unknown(unfit.to_string())),
            None => {
                let text = "whoever gave its address was erased".to_owned();
                return Ok(Outcome::Refused { code: code::ERASED, text });
            }
        };
        let Some(told) = self.actions.webhook_delivery(effect.guild, event, effect.id).await?
        else {
            let text = "what was to be told is not in the log".to_owned();
            return Ok(Outcome::Refused { code: code::NO_EVENT, text });
        };
        let at = self.actions.now().as_secs();
        let request = request(&target, effect, at, &told.type_name, told.body);
        let reach = if target.address.trusted { &self.trusted } else { &self.public };
        Ok(match tokio::time::timeout(TIMEOUT, reach.ask(request)).await {
            Ok(Ok((status, headers))) => outcome(status, &headers),
            Ok(Err(unreached)) => Outcome::Unknown(unreached.to_string()),
            Err(_) => Outcome::Unknown(Unreached::Slow.to_string()),
        })
    }
}

fn request(
    target: &Target,
    effect: &Effect,
    at: i64,
    type_name: &str,
    body: String,
) -> http::Request<Full<Bytes>> {
    let (id, at) = (effect.id.to_string(), at.to_string());
    let signature = signature(&target.secret, &at, &id, &body);
    let request = http::Request::post(target.address.uri.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, AGENT)
        .header("reeve-delivery", id)
        .header("reeve-event", type_name)
        .header("reeve-timestamp", at)
        .header("reeve-signature", signature)
        .body(Full::new(Bytes::from(body)));
    request.expect("ids, numbers and names of types are headers")
}

/// `v1=` and HMAC-SHA256 of `timestamp.id.body`, in hexadecimal.
fn signature(secret: &str, at: &str, id: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    for part in [at, ".", id, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1={}", EventHash(mac.finalize().into_bytes().into()))
}

/// What a receiver's answer means. Of its text nothing is read.
fn outcome(status: StatusCode, headers: &http::HeaderMap) -> Outcome {
    let after = || {
        let told = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        let secs = told.parse().map_or(UNTOLD, Duration::from_secs);
        Some(secs.clamp(Duration::from_secs(1), LONGEST))
    };
    let number = status.as_u16();
    match number {
        200..=299 => Outcome::Done(Some(number.to_string())),
        410 => Outcome::Refused {
            code: code::RECEIVER_GONE,
            text: "its receiver says that it is gone for good (410)".to_owned(),
        },
        429 => Outcome::RateLimited { after: after().unwrap_or(UNTOLD), global: false },
        503 if after().is_some() => {
            Outcome::RateLimited { after: after().unwrap_or(UNTOLD), global: false }
        }
        300..=399 => Outcome::Unknown(format!(
            "its receiver answered {number} and points elsewhere; give the address that this leads to"
        )),
        _ => Outcome::Unknown(format!("its receiver answered {number}")),
    }
}
