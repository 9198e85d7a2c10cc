//! Webhooks: which there are, what they were told, and making, changing and trying them out.

use actions::{
    Permission,
    webhooks::{Made, Wanted, WebhookLine},
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::{
    WebhookId,
    webhooks::{Kind as Known, Off},
};

use crate::{
    done::{Done, DoneStatus, Refusal, done, key},
    guard::May,
    guild::guild_id,
    house,
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// What is shown of what a webhook was told.
const MOST_DELIVERIES: u64 = 50;

/// What a webhook can hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Known")]
pub enum WebhookKind {
    Members,
    Economy,
    Moderation,
    Giveaways,
    Codes,
    Squads,
    Tiers,
    Levels,
    Logs,
    Settings,
    Access,
}

/// Why a webhook hears nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Off")]
pub enum WebhookOff {
    /// Somebody switched it off.
    Asked,
    /// Its receiver says that it is gone for good.
    Gone,
    /// It could not be reached for a day.
    Failing,
    /// More waited for it than it took.
    Overrun,
    /// Whoever gave its address was erased, and the address with them.
    Erased,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DeliveryState {
    Waiting,
    /// It was sent, and not taken; it is tried again.
    Retrying,
    Delivered,
    /// It is given up.
    Failed,
    /// It was not wanted any more before it was sent: the webhook was off.
    Dropped,
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "WebhooksOnGuild")]
impl OnGuild {
    /// The community's webhooks, the oldest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ManageAccess])",
        complexity = "10 * child_complexity"
    )]
    async fn webhooks(&self) -> Answer<Vec<Webhook>> {
        let scope = now(&self.0)?;
        let lines = scope.actions().webhooks(scope.guild(), scope.caller()).await?;
        Ok(lines.into_iter().map(|line| Webhook::of(scope, line)).collect())
    }

    /// What a webhook was told last and what waits for it, the newest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ManageAccess])",
        complexity = "50 * child_complexity"
    )]
    async fn webhook_deliveries(&self, id: String) -> Answer<Vec<WebhookDelivery>> {
        let (scope, id) = (now(&self.0)?, webhook_id(&id)?);
        let told = scope.house().operations.deliveries(scope.guild(), id, MOST_DELIVERIES).await?;
        Ok(told.into_iter().map(WebhookDelivery::of).collect())
    }

    /// What a webhook can hear of.
    async fn webhook_kinds(&self) -> Vec<WebhookKindLine> {
        let line = |kind: Known| WebhookKindLine {
            kind: kind.into(),
            word: kind.word(),
            about: kind.about(),
        };
        Known::ALL.into_iter().map(line).collect()
    }
}

fn now(scope: &Scope) -> Answer<&Scope> {
    match scope.then() {
        None => Ok(scope),
        Some(_) => Err(Trouble::bad_input("Webhooks are shown as they are now; leave asOf out.")),
    }
}

fn webhook_id(text: &str) -> Answer<WebhookId> {
    let id = uuid::Uuid::try_parse(text);
    id.map(WebhookId).map_err(|_| Trouble::bad_input("id: this is no id of a webhook."))
}

#[derive(SimpleObject)]
pub struct WebhookKindLine {
    pub kind: WebhookKind,
    /// As the documents write it.
    pub word: &'static str,
    pub about: &'static str,
}

/// An address of the community's own to which it is told what happens.
#[derive(SimpleObject)]
pub struct Webhook {
    pub id: String,
    pub by: Person,
    /// None where it cannot be opened any more; the host likewise.
    pub name: Option<String>,
    /// Of its address. The rest is told to nobody: it may let whoever knows it write there.
    pub host: Option<String>,
    pub kinds: Vec<WebhookKind>,
    /// Why it hears nothing; none where it is on.
    pub off: Option<WebhookOff>,
    pub off_since: Option<Time>,
    pub made_at: Time,
}

impl Webhook {
    fn of(scope: &Scope, line: WebhookLine) -> Self {
        let WebhookLine { id, by, name, host, kinds, off, made_at } = line;
        Self {
            id: id.to_string(),
            by: Person::of(scope.guild(), by),
            name,
            host,
            kinds: kinds.into_iter().map(WebhookKind::from).collect(),
            off: off.map(|(why, _)| why.into()),
            off_since: off.map(|(_, since)| Time(since)),
            made_at: Time(made_at),
        }
    }
}

/// Something that a webhook was told, or is to be.
#[derive(SimpleObject)]
pub struct WebhookDelivery {
    /// The same however often it is sent.
    pub id: String,
    /// The event's number in the community.
    pub seq: Long,
    /// Whether somebody tried the webhook out.
    pub trial: bool,
    pub state: DeliveryState,
    pub tries: Long,
    pub ordered_at: Time,
    pub sent_at: Option<Time>,
    /// When it is tried again, where it is.
    pub next_at: Option<Time>,
    /// The receiver's HTTP status, where it took it.
    pub status: Option<i32>,
    /// Why it was not taken.
    pub error: Option<String>,
}

impl WebhookDelivery {
    fn of(told: house::Delivery) -> Self {
        let state = match told.state.as_str() {
            "done" => DeliveryState::Delivered,
            "dead" => DeliveryState::Failed,
            "dropped" => DeliveryState::Dropped,
            _ if told.error.is_some() => DeliveryState::Retrying,
            _ => DeliveryState::Waiting,
        };
        let again = matches!(state, DeliveryState::Retrying);
        let error = told.error.filter(|_| state != DeliveryState::Delivered);
        Self {
            id: told.id,
            seq: Long(told.seq.cast_signed()),
            trial: told.trial,
            state,
            tries: Long(told.tries.cast_signed()),
            ordered_at: Time(told.created_at),
            sent_at: told.sent_at.map(Time),
            next_at: again.then_some(Time(told.next_at)),
            status: told.status.map(i32::from),
            error,
        }
    }
}

#[derive(InputObject)]
pub struct WebhookCreate {
    pub guild: Snowflake,
    /// So that you know it again.
    pub name: String,
    /// Begins with https://, and leads to the public internet.
    pub address: String,
    pub kinds: Vec<WebhookKind>,
    pub key: String,
}

#[derive(InputObject)]
pub struct WebhookChange {
    pub guild: Snowflake,
    pub id: String,
    pub name: String,
    /// Left as it is where nothing is said.
    pub address: Option<String>,
    pub kinds: Vec<WebhookKind>,
    pub key: String,
}

#[derive(InputObject)]
pub struct WebhookSwitch {
    pub guild: Snowflake,
    pub id: String,
    pub on: bool,
    pub key: String,
}

#[derive(InputObject)]
pub struct WebhookAsk {
    pub guild: Snowflake,
    pub id: String,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct WebhookMade {
    pub status: DoneStatus,
    pub refusal: Option<Refusal>,
    pub id: Option<String>,
    /// What signs its deliveries. It is told now, and not again; another one can be made.
    pub secret: Option<String>,
}

impl WebhookMade {
    fn of(made: Result<Made, Done>) -> Self {
        match made {
            Ok(Made { id, secret, repeated }) => {
                let Done { status, refusal } = Done::of(repeated);
                Self { status, refusal, id: Some(id.to_string()), secret: Some(secret) }
            }
            Err(Done { status, refusal }) => Self { status, refusal, id: None, secret: None },
        }
    }
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "WebhooksMutations")]
impl Mutations {
    /// Makes a webhook.
    async fn webhook_create(&self, ctx: &Context<'_>, input: WebhookCreate) -> Answer<WebhookMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let kinds: Vec<_> = input.kinds.into_iter().map(Known::from).collect();
        let (name, address) = (input.name.as_str(), Some(input.address.as_str()));
        let wanted = Wanted { name, address, kinds: &kinds };
        let made = actions.create_webhook(scope.guild(), scope.caller(), &wanted, &key).await;
        Ok(WebhookMade::of(done(made)?))
    }

    /// Changes what a webhook is called, where it leads and what it hears of.
    async fn webhook_change(&self, ctx: &Context<'_>, input: WebhookChange) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = webhook_id(&input.id)?;
        let kinds: Vec<_> = input.kinds.into_iter().map(Known::from).collect();
        let (name, address) = (input.name.as_str(), input.address.as_deref());
        let wanted = Wanted { name, address, kinds: &kinds };
        let (guild, caller) = (scope.guild(), scope.caller());
        let changed = actions.change_webhook(guild, caller, id, &wanted, &key).await;
        Ok(done(changed)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// Switches a webhook on or off. What waits for one that is off is dropped.
    async fn webhook_switch(&self, ctx: &Context<'_>, input: WebhookSwitch) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = webhook_id(&input.id)?;
        let (guild, caller) = (scope.guild(), scope.caller());
        let switched = actions.switch_webhook(guild, caller, id, input.on, &key).await;
        Ok(done(switched)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// Makes another secret, which signs from now on; the one before signs nothing any more.
    async fn webhook_turn_secret(
        &self,
        ctx: &Context<'_>,
        input: WebhookAsk,
    ) -> Answer<WebhookMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = webhook_id(&input.id)?;
        let turned = actions.turn_webhook_secret(scope.guild(), scope.caller(), id, &key).await;
        Ok(WebhookMade::of(done(turned)?))
    }

    /// Has a trial delivered at once; `webhookDeliveries` says what became of it.
    async fn webhook_test(&self, ctx: &Context<'_>, input: WebhookAsk) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = webhook_id(&input.id)?;
        let tested = actions.test_webhook(scope.guild(), scope.caller(), id, &key).await;
        Ok(done(tested)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// Deletes a webhook; what waits for it is dropped.
    async fn webhook_delete(&self, ctx: &Context<'_>, input: WebhookAsk) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = webhook_id(&input.id)?;
        let deleted = actions.delete_webhook(scope.guild(), scope.caller(), id, &key).await;
        Ok(done(deleted)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}
