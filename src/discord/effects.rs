//! The hands: effects over Discord's REST API.
//!
//! - A role's audit-log reason carries the effect's id.
//! - A message carries the effect's nonce, enforced: repeated within Discord's minutes, it is the
//!   same message. Later it is looked for in the channel, around the time of the calls: by the
//!   nonce where Discord still tells it, else by who wrote it and what it says.
//! - Nothing pings anybody, but for a message that calls one member, whom it names.
//! - Private words may name the community: `{community}` in them is its name, as Discord tells it.

mod copy;
mod look;
mod punish;

pub use copy::Copies;
pub(super) use punish::moment;

use std::{borrow::Cow, num::NonZeroUsize, sync::Arc, time::Duration};

use actions::{Actions, moderation::FileOf};
use async_trait::async_trait;
use domain::{ChannelId, EventId, GuildId, PersonId, RoleId, UserId, WebhookId};
use eventlog::People;
use http::{HeaderName, HeaderValue};
use lru::LruCache;
use parking_lot::Mutex;
use pictures::Chart;
use serde_json::{Value, json};
use tokio::{sync::OnceCell, time::Instant};
use twilight_http::request::{Form, Method, Request, RequestBuilder};

use super::{
    cdn::Cdn,
    limits::{Limits, Route, Urgency},
    rest::{Answer, BadAddress, DISCORD, Rest},
    studio::Studio,
};
use crate::{
    config,
    processes::{Content, Deed, Effect, Hands, Letter, Outcome, Seen, effect::code},
    webhooks::Deliveries,
};

/// An effect waits for leave before it is begun; what it needs besides waits this long.
const PATIENCE: Duration = Duration::from_secs(3);
/// Channels with people that are remembered.
const KNOWN_DIRECT: usize = 10_000;
/// Names of communities that are remembered, and for how long.
const KNOWN_NAMES: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
const NAME_SECS: u64 = 3_600;
/// What a name is put for, and what is said where it is not known.
const COMMUNITY: &str = "{community}";
const NAMELESS: &str = "a community that you are in";
/// What a picture's file is called.
const PICTURE: &str = "report.png";

pub struct DiscordHands {
    rest: Rest,
    people: Arc<People>,
    /// The bot's own user.
    me: OnceCell<String>,
    /// Channels between the bot and people, which stay the same: asking for them is limited.
    direct: Mutex<LruCache<UserId, ChannelId>>,
    names: Mutex<LruCache<GuildId, (String, Instant)>>,
    /// None where files are not copied.
    copies: Option<Copies>,
    /// None where webhooks are not told anything.
    deliveries: Option<Deliveries>,
    studio: Studio,
}

impl std::fmt::Debug for DiscordHands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordHands").field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl DiscordHands {
    pub fn new(rest: Rest, people: Arc<People>) -> Self {
        let direct = Mutex::new(LruCache::unbounded());
        let names = Mutex::new(LruCache::new(KNOWN_NAMES));
        let studio = Studio::default();
        let (me, copies, deliveries) = (OnceCell::new(), None, None);
        Self { rest, people, me, direct, names, copies, deliveries, studio }
    }

    /// With files that are evidence copied, too.
    pub fn copying(self, copies: Copies) -> Self {
        Self { copies: Some(copies), ..self }
    }

    /// With webhooks told, too.
    pub fn delivering(self, deliveries: Deliveries) -> Self {
        Self { deliveries: Some(deliveries), ..self }
    }

    async fn deliver(&self, effect: &Effect, webhook: WebhookId, event: (EventId, u64)) -> Outcome {
        let Some(deliveries) = &self.deliveries else {
            let text = "no webhooks are told here".to_owned();
            return Outcome::Refused { code: code::NO_EVENT, text };
        };
        deliveries.deliver(effect, webhook, event).await
    }

    /// Who a number stands for, or what became of that person.
    async fn user(&self, guild: GuildId, person: PersonId) -> Result<UserId, Outcome> {
        match self.people.user(guild, person).await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(erased()),
            Err(error) => Err(Outcome::Unavailable(error.to_string())),
        }
    }

    async fn role(&self, effect: &Effect, person: PersonId, role: RoleId, give: bool) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let method = if give { Method::Put } else { Method::Delete };
        let path = format!("guilds/{}/members/{user}/roles/{role}", effect.guild);
        // As in an address; nothing else in it has to be written otherwise there.
        let reason = effect.reason().replace(' ', "%20");
        let Ok(reason) = HeaderValue::from_str(&reason) else {
            return Outcome::Refused { code: 0, text: "its reason is no header".to_owned() };
        };
        let headers = std::iter::once((HeaderName::from_static("x-audit-log-reason"), reason));
        let request = RequestBuilder::raw(method, path).headers(headers).build();
        let request = request.expect("a raw request is built");
        outcome(self.rest.call(request, Urgency::Bulk, PATIENCE).await, |_| None)
    }

    /// Whether somebody is a member, and which of these roles they have: their ids, with commas.
    async fn look_at(&self, guild: GuildId, person: PersonId, roles: &[RoleId]) -> Outcome {
        let user = match self.user(guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let request = raw(Method::Get, format!("guilds/{guild}/members/{user}"));
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => {
                let member: Value = serde_json::from_slice(&body).unwrap_or_default();
                let Some(theirs) = member["roles"].as_array() else {
                    return Outcome::Unknown("the answer is no member".to_owned());
                };
                let has = roles.iter().filter(|role| theirs.contains(&json!(role)));
                let has: Vec<_> = has.map(ToString::to_string).collect();
                Outcome::Done(Some(has.join(",")))
            }
            answer => outcome(answer, |_| None),
        }
    }

    /// A message to everybody that calls one member.
    async fn call_member(
        &self,
        effect: &Effect,
        channel: ChannelId,
        person: PersonId,
        letter: &Letter,
    ) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let Some(content) = letter.read() else { return erased() };
        let mut body = message(&calling(user, content));
        body["allowed_mentions"] = json!({ "parse": [], "users": [user] });
        self.post_message(effect, channel, body).await
    }

    async fn send(&self, effect: &Effect, channel: ChannelId, letter: &Letter) -> Outcome {
        let Some(content) = letter.read() else { return erased() };
        let picture = match &content.chart {
            Some(chart) => self.studio.paint(Chart::clone(chart)).await,
            None => None,
        };
        match picture {
            Some(picture) => self.post_picture(effect, channel, message(content), &picture).await,
            // It says the same in words.
            None => self.post_message(effect, channel, message(content)).await,
        }
    }

    /// A message whose first embed shows a picture.
    async fn post_picture(
        &self,
        effect: &Effect,
        channel: ChannelId,
        mut body: Value,
        picture: &[u8],
    ) -> Outcome {
        body["attachments"] = json!([{ "id": 0, "filename": PICTURE }]);
        body["embeds"][0]["image"] = json!({ "url": format!("attachment://{PICTURE}") });
        self.post_with(effect, channel, body, |path, body| {
            let body = serde_json::to_vec(&body).unwrap_or_default();
            let form = Form::new().json_part(b"payload_json", &body).file_part(
                b"files[0]",
                PICTURE.as_bytes(),
                picture,
            );
            let request = RequestBuilder::raw(Method::Post, path).form(form).build();
            request.expect("a raw request is built")
        })
        .await
    }

    /// One message with everything that can still be read.
    async fn entries(&self, effect: &Effect, channel: ChannelId, letters: &[Letter]) -> Outcome {
        let embeds: Vec<_> =
            letters.iter().filter_map(Letter::read).flat_map(|one| one.embeds.clone()).collect();
        if embeds.is_empty() {
            return erased();
        }
        let content = Content { embeds, ..Content::default() };
        self.post_message(effect, channel, message(&content)).await
    }

    async fn post_message(&self, effect: &Effect, channel: ChannelId, body: Value) -> Outcome {
        self.post_with(effect, channel, body, |path, body| post(&path, &body)).await
    }

    async fn post_with(
        &self,
        effect: &Effect,
        channel: ChannelId,
        mut body: Value,
        request: impl FnOnce(String, Value) -> Request,
    ) -> Outcome {
        body["nonce"] = json!(effect.nonce());
        body["enforce_nonce"] = json!(true);
        let request = request(format!("channels/{channel}/messages"), body);
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            // Without the id it cannot be known which one it is; the nonce makes asking harmless.
            Answer::Done(body) => match id_in(&body) {
                Some(id) => Outcome::Done(Some(id)),
                None => Outcome::Unknown("the answer names no message".to_owned()),
            },
            answer => outcome(answer, |_| None),
        }
    }

    async fn edit(&self, channel: ChannelId, message_id: u64, letter: &Letter) -> Outcome {
        let Some(content) = letter.read() else { return erased() };
        let mut body = message(content);
        // What is not written any more goes away.
        for field in ["content", "embeds", "components"] {
            if body.get(field).is_none() {
                body[field] = if field == "content" { json!("") } else { json!([]) };
            }
        }
        let path = format!("channels/{channel}/messages/{message_id}");
        let request = with_body(Method::Patch, path, &body);
        let answer = self.rest.call(request, Urgency::Bulk, PATIENCE).await;
        outcome(answer, |_| Some(message_id.to_string()))
    }

    /// The channel between the bot and a person; asking for it twice gives the same.
    async fn direct_channel(&self, guild: GuildId, person: PersonId) -> Result<ChannelId, Outcome> {
        let user = self.user(guild, person).await?;
        if let Some(channel) = self.direct.lock().get(&user) {
            return Ok(*channel);
        }
        let request = post("users/@me/channels", &json!({ "recipient_id": user }));
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => {
                let channel = id_in(&body)
                    .and_then(|id| id.parse().ok())
                    .ok_or_else(|| Outcome::Unavailable("the answer names no channel".into()))?;
                let mut known = self.direct.lock();
                known.put(user, channel);
                if known.len() > KNOWN_DIRECT {
                    known.pop_lru();
                }
                Ok(channel)
            }
            // Nothing was sent yet, so nothing is unknown.
            Answer::Unknown(text) => Err(Outcome::Unavailable(text)),
            answer => Err(outcome(answer, |_| None)),
        }
    }

    async fn send_direct(&self, effect: &Effect, person: PersonId, letter: &Letter) -> Outcome {
        let letter = self.named(effect.guild, letter).await;
        match self.direct_channel(effect.guild, person).await {
            Ok(channel) => self.send(effect, channel, &letter).await,
            Err(outcome) => outcome,
        }
    }

    /// With the community's name where the letter has a place for it.
    async fn named<'a>(&self, guild: GuildId, letter: &'a Letter) -> Cow<'a, Letter> {
        let Some(content) = letter.read() else { return Cow::Borrowed(letter) };
        let Some(text) = content.content.as_deref().filter(|text| text.contains(COMMUNITY)) else {
            return Cow::Borrowed(letter);
        };
        let known = self.names.lock().get(&guild).cloned();
        let fresh = known.filter(|(_, at)| at.elapsed().as_secs() < NAME_SECS);
        let name = match fresh {
            Some((name, _)) => name,
            None => match self.guild(guild).await.ok().and_then(|guild| name_in(&guild)) {
                Some(name) => {
                    self.names.lock().put(guild, (name.clone(), Instant::now()));
                    name
                }
                None => NAMELESS.to_owned(),
            },
        };
        let text = text.replace(COMMUNITY, &name);
        Cow::Owned(Letter::Open(Content { content: Some(text), ..content.clone() }))
    }

    async fn guild(&self, guild: GuildId) -> Result<Value, Outcome> {
        let request = raw(Method::Get, format!("guilds/{guild}"));
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => serde_json::from_slice(&body)
                .map_err(|_| Outcome::Unavailable("the answer is no community".to_owned())),
            Answer::Unknown(text) => Err(Outcome::Unavailable(text)),
            answer => Err(outcome(answer, |_| None)),
        }
    }

    /// Where Discord itself writes to those who run a community; else where it greets newcomers.
    async fn tell_moderators(&self, effect: &Effect, letter: &Letter) -> Outcome {
        let guild = match self.guild(effect.guild).await {
            Ok(guild) => guild,
            Err(outcome) => return outcome,
        };
        let channel = ["public_updates_channel_id", "system_channel_id"]
            .iter()
            .find_map(|field| guild[field].as_str().and_then(|id| id.parse().ok()));
        let Some(channel) = channel else {
            let text = "the community has no channel for such notices".to_owned();
            return Outcome::Refused { code: 0, text };
        };
        self.send(effect, channel, letter).await
    }

    async fn me(&self) -> Result<&str, Seen> {
        let ask = async || {
            let body = self.get("users/@me".to_owned()).await?;
            id_in(&body).ok_or_else(|| Seen::Unavailable("Discord names no bot".to_owned()))
        };
        self.me.get_or_try_init(ask).await.map(String::as_str)
    }

    async fn get(&self, path: String) -> Result<Vec<u8>, Seen> {
        let request = raw(Method::Get, path);
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => Ok(body),
            Answer::Refused { text, .. } => Err(Seen::CannotTell(text)),
            Answer::RateLimited { after, .. } => Err(Seen::RateLimited(after)),
            Answer::Unknown(text) | Answer::Unavailable(text) => Err(Seen::Unavailable(text)),
        }
    }
}

/// The way to Discord of this installation; none without a token. Whoever goes it shares the limits.
pub fn rest(discord: &config::Discord, limits: &Limits) -> Result<Option<Rest>, BadAddress> {
    let Some(token) = &discord.token else { return Ok(None) };
    let api = discord.api_url.as_ref().map_or(DISCORD, |url| url.expose());
    Rest::new(api, token.clone(), limits.clone()).map(Some)
}

/// The hands of this installation; none without a token.
pub fn hands(
    discord: &config::Discord,
    actions: &Actions,
    limits: &Limits,
) -> Result<Option<Arc<dyn Hands>>, BadAddress> {
    let Some(rest) = rest(discord, limits)? else { return Ok(None) };
    let cdn = Cdn::new(discord.cdn_url.as_ref().map(config::Secret::expose))?;
    let copies = Copies { cdn, actions: actions.clone() };
    let hands = DiscordHands::new(rest, Arc::clone(actions.people()));
    let deliveries = Deliveries::new(actions.clone())
        .map_err(|error| BadAddress::new("", &error.to_string()))?;
    Ok(Some(Arc::new(hands.copying(copies).delivering(deliveries))))
}

#[async_trait]
impl Hands for DiscordHands {
    fn no_room_for(&self, route: &str) -> Option<Duration> {
        self.rest.limits().no_room_for(&Route::parse(route), Urgency::Bulk)
    }

    #[tracing::instrument(name = "effect.carry_out", level = "debug", skip_all, fields(effect.id = %effect.id, effect.kind = effect.deed.kind().name))]
    async fn carry_out(&self, effect: &Effect) -> Outcome {
        match &effect.deed {
            Deed::GiveRole { person, role } => self.role(effect, *person, *role, true).await,
            Deed::TakeRole { person, role } => self.role(effect, *person, *role, false).await,
            Deed::SendMessage { channel, letter } | Deed::PostNotice { channel, letter } => {
                self.send(effect, *channel, letter).await
            }
            Deed::PostEntries { channel, letters } => self.entries(effect, *channel, letters).await,
            Deed::EditMessage { channel, message, letter }
            | Deed::RefreshMessage { channel, message, letter } => {
                self.edit(*channel, message.get(), letter).await
            }
            Deed::DirectMessage { person, letter }
            | Deed::PrivateNotice { person, letter }
            | Deed::Farewell { person, letter } => self.send_direct(effect, *person, letter).await,
            Deed::TellModerators { letter } => self.tell_moderators(effect, letter).await,
            Deed::Timeout { person, until, why } => {
                self.timeout(effect, *person, Some(*until), why).await
            }
            Deed::EndTimeout { person, why } => self.timeout(effect, *person, None, why).await,
            Deed::Kick { person, why } => self.kick(effect, *person, why).await,
            Deed::Ban { person, delete_secs, why } => {
                self.ban(effect, *person, *delete_secs, why).await
            }
            Deed::Unban { person, why } => self.unban(effect, *person, why).await,
            Deed::Softban { person, delete_secs, why } => {
                self.softban(effect, *person, *delete_secs, why).await
            }
            Deed::BulkBan { people, delete_secs, why } => {
                self.bulk_ban(effect, people, *delete_secs, why).await
            }
            Deed::CallMember { channel, person, letter } => {
                self.call_member(effect, *channel, *person, letter).await
            }
            Deed::LookAtMember { person, roles } => {
                self.look_at(effect.guild, *person, roles).await
            }
            Deed::CopyFile { case, evidence, file, person, bytes, letter } => {
                let of = FileOf { case: *case, evidence: *evidence, file: *file };
                self.copy_file(effect.guild, (of, *person), *bytes, letter).await
            }
            Deed::Deliver { webhook, event, seq } | Deed::TryWebhook { webhook, event, seq } => {
                self.deliver(effect, *webhook, (*event, *seq)).await
            }
        }
    }

    #[tracing::instrument(name = "effect.look", level = "debug", skip_all, fields(effect.id = %effect.id, effect.kind = effect.deed.kind().name))]
    async fn look(&self, effect: &Effect) -> Seen {
        let found = match &effect.deed {
            Deed::GiveRole { person, role } => self
                .look_for_role(effect.guild, *person, *role)
                .await
                .map(|has| has.then(String::new).into_iter().collect()),
            Deed::TakeRole { person, role } => self
                .look_for_role(effect.guild, *person, *role)
                .await
                .map(|has| (!has).then(String::new).into_iter().collect()),
            Deed::SendMessage { channel, letter } | Deed::PostNotice { channel, letter } => {
                self.look_for_message(effect, *channel, letter).await
            }
            Deed::DirectMessage { person, letter } => {
                let letter = self.named(effect.guild, letter).await;
                match self.direct_channel(effect.guild, *person).await {
                    Ok(channel) => self.look_for_message(effect, channel, &letter).await,
                    Err(Outcome::RateLimited { after, .. }) => Err(Seen::RateLimited(after)),
                    Err(Outcome::Unavailable(text)) => Err(Seen::Unavailable(text)),
                    // The call will say why.
                    Err(_) => Err(Seen::NotThere),
                }
            }
            // These are repeated or left, not looked for.
            Deed::EditMessage { .. }
            | Deed::RefreshMessage { .. }
            | Deed::LookAtMember { .. }
            | Deed::CopyFile { .. }
            | Deed::Deliver { .. }
            | Deed::TryWebhook { .. }
            | Deed::PostEntries { .. }
            | Deed::PrivateNotice { .. }
            | Deed::Farewell { .. }
            | Deed::TellModerators { .. }
            | Deed::BulkBan { .. } => Err(Seen::NotThere),
            Deed::Timeout { .. }
            | Deed::EndTimeout { .. }
            | Deed::Kick { .. }
            | Deed::Ban { .. }
            | Deed::Unban { .. }
            | Deed::Softban { .. } => self
                .look_for_punishment(effect)
                .await
                .map(|happened| happened.then(|| effect.id.to_string()).into_iter().collect()),
            Deed::CallMember { channel, person, letter } => {
                match (self.user(effect.guild, *person).await, letter.read()) {
                    (Ok(user), Some(content)) => {
                        self.look_for(effect, *channel, &calling(user, content)).await
                    }
                    // The call will say why.
                    _ => Err(Seen::NotThere),
                }
            }
        };
        match found {
            Ok(candidates) if candidates.is_empty() => Seen::NotThere,
            Ok(candidates) => Seen::Happened(candidates),
            Err(seen) => seen,
        }
    }
}

/// The body of a message, which mentions nobody whatever it says.
fn message(content: &Content) -> Value {
    let mut body = serde_json::to_value(content).unwrap_or_default();
    body["allowed_mentions"] = json!({ "parse": [] });
    // Ours to paint, not Discord's to read.
    if let Some(fields) = body.as_object_mut() {
        fields.remove("chart");
    }
    body
}

/// What is written, with the member's mention before it.
fn calling(user: UserId, content: &Content) -> Content {
    let text = content.content.as_deref().unwrap_or_default();
    Content { content: Some(format!("<@{user}> {text}")), ..content.clone() }
}

fn erased() -> Outcome {
    Outcome::Refused { code: code::ERASED, text: "whom it was about has been erased".to_owned() }
}

fn outcome(answer: Answer, result: impl Fn(&[u8]) -> Option<String>) -> Outcome {
    match answer {
        Answer::Done(body) => Outcome::Done(result(&body)),
        Answer::Refused { code, text, .. } => Outcome::Refused { code, text },
        Answer::RateLimited { after, global } => Outcome::RateLimited { after, global },
        Answer::Unknown(text) => Outcome::Unknown(text),
        Answer::Unavailable(text) => Outcome::Unavailable(text),
    }
}

fn post(path: &str, body: &Value) -> Request {
    with_body(Method::Post, path.to_owned(), body)
}

fn with_body(method: Method, path: String, body: &Value) -> Request {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    RequestBuilder::raw(method, path).body(bytes).build().expect("a raw request is built")
}

fn raw(method: Method, path: String) -> Request {
    RequestBuilder::raw(method, path).build().expect("a raw request is built")
}

fn id_of(value: &Value) -> Option<String> {
    value["id"].as_str().map(str::to_owned)
}

/// A community's name, which may hold what Discord would read as formatting.
fn name_in(guild: &Value) -> Option<String> {
    let name = guild["name"].as_str().filter(|name| !name.is_empty())?;
    Some(format!("**{}**", crate::discord::reply::plain(name)))
}

fn id_in(body: &[u8]) -> Option<String> {
    id_of(&serde_json::from_slice(body).ok()?)
}
