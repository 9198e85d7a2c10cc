//! Webhooks: who makes one, what it hears of, and what is sent to it. Whoever manages access decides,
//! because what is told leaves the house, and goes on leaving it when they are gone.
//!
//! A delivery is made of the event when it is sent ([`body`]), signed with a secret that is stored
//! nowhere: it follows from a key of the community, the webhook's id, and how often it was turned.

pub mod address;
mod body;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Decider as _, EventId, GuildId, IdempotencyKey, PersonId, Personal, Timestamp, WebhookId,
    webhooks::{Command, Event, Kind, Off, Webhooks},
};
use eventlog::{Decision, EventHash, StreamId, decode};
use lru::LruCache;
use parking_lot::Mutex;

use self::address::Address;
pub use self::body::{MAX_BODY_BYTES, TEST_TYPE};
use crate::{ActionError, Actions, Caller, Permission};

const PAGE: usize = 500;
/// Communities whose webhooks' texts are remembered, and for how long: as keys of people are.
const CACHED: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
const AGE: Duration = Duration::from_mins(1);
/// Before the secret, so that whoever finds one knows what it is.
const PREFIX: &str = "reevewh_";

/// What somebody wants a webhook to be.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    /// None leaves it as it is.
    pub address: Option<&'a str>,
    pub kinds: &'a [Kind],
}

/// A webhook with a secret that nobody has seen yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    pub id: WebhookId,
    pub secret: String,
    pub repeated: bool,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A line of the list of webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookLine {
    pub id: WebhookId,
    pub by: PersonId,
    /// None where whoever gave it was erased; the host likewise.
    pub name: Option<String>,
    /// Of its address; the rest is told to nobody.
    pub host: Option<String>,
    pub kinds: Vec<Kind>,
    pub off: Option<(Off, Timestamp)>,
    pub made_at: Timestamp,
}

/// What a process needs to know of a webhook that is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    pub id: WebhookId,
    pub kinds: Vec<Kind>,
    pub made_at: Timestamp,
}

/// Where a delivery goes, and what signs it.
pub struct Target {
    pub address: Address,
    pub secret: String,
}

/// What is sent.
pub struct Delivery {
    /// As the receiver is told, beside the body.
    pub type_name: String,
    pub body: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target(…)")
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("type_name", &self.type_name).finish_non_exhaustive()
    }
}

/// The texts of a webhook, opened.
#[derive(Clone, Default)]
struct Texts {
    name: Option<String>,
    address: Option<String>,
}

type List = Arc<HashMap<WebhookId, Texts>>;

/// By community: the version of its webhooks, and their texts.
type Lists = LruCache<GuildId, (u64, List, Instant)>;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Mutex<Lists>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(CACHED))))
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Webhooks::CAPABILITY, guild)
}

impl Actions {
    /// Makes a webhook; its secret is told now, and when it is turned.
    #[tracing::instrument(name = "webhooks.create", level = "debug", skip_all)]
    pub async fn create_webhook(
        &self,
        guild: GuildId,
        caller: &Caller,
        wanted: &Wanted<'_>,
        key: &IdempotencyKey,
    ) -> Result<Made, ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let by = self.giver(guild, caller).await?;
        let address = self.fit(by, wanted.address.unwrap_or_default())?;
        let webhook = WebhookId(uuid::Uuid::new_v4());
        let name = Personal::clear(by, wanted.name.trim().to_owned());
        let (kinds, at) = (wanted.kinds.to_vec(), self.now());
        let command = Command::Create { webhook, by, name, address, kinds, at };
        let made = self.change_webhooks(guild, caller, &command, key).await?;
        self.told(guild, &made).await
    }

    #[tracing::instrument(name = "webhooks.change", level = "debug", skip_all)]
    pub async fn change_webhook(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        wanted: &Wanted<'_>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let by = self.giver(guild, caller).await?;
        let address = wanted.address.map(|text| self.fit(by, text)).transpose()?;
        let name = Personal::clear(by, wanted.name.trim().to_owned());
        let (kinds, at) = (wanted.kinds.to_vec(), self.now());
        let command = Command::Change { webhook, name, address, kinds, at };
        self.change_webhooks(guild, caller, &command, key).await.map(drop)
    }

    #[tracing::instrument(name = "webhooks.switch", level = "debug", skip_all)]
    pub async fn switch_webhook(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        on: bool,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let at = self.now();
        let command = if on {
            Command::SwitchOn { webhook, at }
        } else {
            Command::SwitchOff { webhook, why: Off::Asked, at }
        };
        self.change_webhooks(guild, caller, &command, key).await.map(drop)
    }

    /// Gives a webhook another secret, which signs from now on.
    #[tracing::instrument(name = "webhooks.turn_secret", level = "debug", skip_all)]
    pub async fn turn_webhook_secret(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        key: &IdempotencyKey,
    ) -> Result<Made, ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let command = Command::TurnSecret { webhook, at: self.now() };
        let turned = self.change_webhooks(guild, caller, &command, key).await?;
        self.told(guild, &turned).await
    }

    /// Has a trial delivered, at once and even where the webhook is off.
    #[tracing::instrument(name = "webhooks.test", level = "debug", skip_all)]
    pub async fn test_webhook(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let command = Command::Test { webhook, at: self.now() };
        self.change_webhooks(guild, caller, &command, key).await.map(drop)
    }

    #[tracing::instrument(name = "webhooks.delete", level = "debug", skip_all)]
    pub async fn delete_webhook(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.authorise_webhooks(guild, caller, key).await?;
        let command = Command::Delete { webhook, at: self.now() };
        self.change_webhooks(guild, caller, &command, key).await.map(drop)
    }

    /// Every webhook here, the oldest first.
    pub async fn webhooks(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<WebhookLine>, ActionError> {
        self.authorise(guild, caller, Permission::ManageAccess).await?;
        let all = |state: &domain::webhooks::State, version| {
            (version, state.all().map(|(id, of)| (id, of.clone())).collect::<Vec<_>>())
        };
        let (version, all) = self.bus().read::<Webhooks, _>(&stream(guild), all).await?;
        let texts = self.texts_of_webhooks(guild, version).await?;
        let mut lines: Vec<_> = all
            .into_iter()
            .map(|(id, of)| {
                let Texts { name, address } = texts.get(&id).cloned().unwrap_or_default();
                let read = |text: String| Address::read(&text, &self.policy.trusted_origins);
                let host = address.and_then(|text| read(text).ok()).map(|address| address.host());
                let (by, kinds, off, made_at) = (of.by, of.kinds, of.off, of.made_at);
                WebhookLine { id, by, name, host, kinds, off, made_at }
            })
            .collect();
        lines.sort_by_key(|line| (line.made_at, line.id));
        Ok(lines)
    }

    /// For whoever orders deliveries: the webhooks that are on, as the log has them.
    pub async fn listening_webhooks(&self, guild: GuildId) -> Result<Vec<Listening>, ActionError> {
        let on = |state: &domain::webhooks::State, _| {
            let on = state.all().filter(|(_, of)| of.off.is_none());
            on.map(|(id, of)| Listening { id, kinds: of.kinds.clone(), made_at: of.made_at })
                .collect()
        };
        Ok(self.bus().read::<Webhooks, _>(&stream(guild), on).await?)
    }

    /// Whether a delivery is still wanted: a trial as long as there is such a webhook, anything else
    /// as long as it is on.
    pub async fn webhook_wants(
        &self,
        guild: GuildId,
        webhook: WebhookId,
        trial: bool,
    ) -> Result<bool, ActionError> {
        let wants = |state: &domain::webhooks::State, _| {
            state.get(webhook).is_some_and(|of| trial || of.off.is_none())
        };
        Ok(self.bus().read::<Webhooks, _>(&stream(guild), wants).await?)
    }

    /// Switches a webhook off by itself; false where it was off, or is gone.
    pub async fn switch_webhook_off(
        &self,
        guild: GuildId,
        caller: &Caller,
        webhook: WebhookId,
        why: Off,
        key: &IdempotencyKey,
    ) -> Result<bool, ActionError> {
        let command = Command::SwitchOff { webhook, why, at: self.now() };
        match self.change_webhooks(guild, caller, &command, key).await {
            Ok(decision) => Ok(!decision.events.is_empty()),
            Err(ActionError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Where deliveries of a webhook go; none where there is no such webhook, or whoever gave its
    /// address was erased.
    pub async fn webhook_target(
        &self,
        guild: GuildId,
        webhook: WebhookId,
    ) -> Result<Option<Result<Target, address::Unfit>>, ActionError> {
        let turn = |state: &domain::webhooks::State, version| {
            state.get(webhook).map(|of| (of.turn, version))
        };
        let found = self.bus().read::<Webhooks, _>(&stream(guild), turn).await?;
        let Some((turn, version)) = found else { return Ok(None) };
        let texts = self.texts_of_webhooks(guild, version).await?;
        let Some(text) = texts.get(&webhook).and_then(|texts| texts.address.clone()) else {
            return Ok(None);
        };
        let secret = self.secret_of_webhook(guild, webhook, turn).await?;
        let address = Address::read(&text, &self.policy.trusted_origins);
        Ok(Some(address.map(|address| Target { address, secret })))
    }

    /// Somebody was erased: texts that they gave are looked up anew.
    pub fn forget_webhooks(&self, guild: GuildId) {
        self.webhooks.0.lock().pop(&guild);
    }

    /// What a delivery says, made of the event as the log has it; none where it is not there.
    pub async fn webhook_delivery(
        &self,
        guild: GuildId,
        (event, seq): (EventId, u64),
        delivery: uuid::Uuid,
    ) -> Result<Option<Delivery>, ActionError> {
        let found = self.bus().log().read_guild(guild, seq.saturating_sub(1), 1).await?.pop();
        let Some(event) = found.filter(|found| found.id == event) else { return Ok(None) };
        event.verify()?;
        let (type_name, body) = body::body(self.people(), delivery, &event).await?;
        Ok(Some(Delivery { type_name, body }))
    }

    async fn authorise_webhooks(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.authorise_to(("webhook", None), guild, caller, Permission::ManageAccess, key).await
    }

    /// Whose key seals what is given.
    async fn giver(&self, guild: GuildId, caller: &Caller) -> Result<PersonId, ActionError> {
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        Ok(self.people().person(guild, user).await?)
    }

    fn fit(&self, by: PersonId, text: &str) -> Result<Personal<String>, ActionError> {
        let text = text.trim();
        match Address::read(text, &self.policy.trusted_origins) {
            Ok(_) => Ok(Personal::clear(by, text.to_owned())),
            Err(unfit) => {
                let (rule, text) = ("webhooks.address_unfit", unfit.to_string());
                Err(ActionError::Refused { rule, text })
            }
        }
    }

    async fn change_webhooks(
        &self,
        guild: GuildId,
        caller: &Caller,
        command: &Command,
        key: &IdempotencyKey,
    ) -> Result<Decision<Event>, ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        Ok(self.bus().execute::<Webhooks>(&stream(guild), command, &request).await?)
    }

    /// The secret that a decision made, also where it is asked for again with the same key.
    async fn told(&self, guild: GuildId, made: &Decision<Event>) -> Result<Made, ActionError> {
        let found = made.events.iter().find_map(|event| match event {
            Event::Created { webhook, .. } => Some((*webhook, 0)),
            Event::SecretTurned { webhook, turn, .. } => Some((*webhook, *turn)),
            _ => None,
        });
        let (id, turn) = found.ok_or_else(|| {
            ActionError::BadInput("This idempotency key did something else before.".to_owned())
        })?;
        let secret = self.secret_of_webhook(guild, id, turn).await?;
        Ok(Made { id, secret, repeated: made.repeated })
    }

    async fn secret_of_webhook(
        &self,
        guild: GuildId,
        webhook: WebhookId,
        turn: u32,
    ) -> Result<String, ActionError> {
        let purpose = format!("webhook {webhook} {turn}");
        let key = self.people().community_key(guild, &purpose).await?;
        Ok(format!("{PREFIX}{}", EventHash(key)))
    }

    /// Names and addresses as they are at a version of the list, or newer.
    async fn texts_of_webhooks(&self, guild: GuildId, version: u64) -> Result<List, ActionError> {
        if let Some((of, list, at)) = self.webhooks.0.lock().get(&guild)
            && *of >= version
            && at.elapsed() < AGE
        {
            return Ok(Arc::clone(list));
        }
        let at = Instant::now();
        let mut last_given = HashMap::<WebhookId, (Option<usize>, Option<usize>)>::new();
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let page = self.bus().log().read_stream(&stream(guild), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.version;
            for recorded in &page {
                let event: Event = decode(recorded)?;
                let place = events.len();
                let of = last_given.entry(event.webhook()).or_default();
                match &event {
                    Event::Created { .. } | Event::Changed { address: Some(_), .. } => {
                        *of = (Some(place), Some(place));
                    }
                    Event::Changed { .. } => of.0 = Some(place),
                    Event::Deleted { .. } => {
                        last_given.remove(&event.webhook());
                        continue;
                    }
                    _ => continue,
                }
                events.push((recorded.id, event));
            }
        }
        let mut list = HashMap::new();
        for (webhook, (name, address)) in last_given {
            let name = self.opened(guild, name.and_then(|place| events.get(place))).await?;
            let address = self.opened(guild, address.and_then(|place| events.get(place))).await?;
            list.insert(webhook, Texts { name: name.name, address: address.address });
        }
        let list = Arc::new(list);
        self.webhooks.0.lock().put(guild, (after, Arc::clone(&list), at));
        Ok(list)
    }

    async fn opened(
        &self,
        guild: GuildId,
        given: Option<&(EventId, Event)>,
    ) -> Result<Texts, ActionError> {
        let Some((id, event)) = given else { return Ok(Texts::default()) };
        let mut event = event.clone();
        self.people().open_event(guild, *id, &mut event).await?;
        Ok(match event {
            Event::Created { name, address, .. } => {
                Texts { name: name.value().cloned(), address: address.value().cloned() }
            }
            Event::Changed { name, address, .. } => Texts {
                name: name.value().cloned(),
                address: address.and_then(|address| address.value().cloned()),
            },
            _ => Texts::default(),
        })
    }
}
