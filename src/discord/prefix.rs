//! Commands behind a prefix, for communities that want them: `!bytes send @ann 50 thanks`.
//!
//! Off unless the operator lets communities have them and a community switches them on. They pass
//! through the same dispatcher as slash commands. What one member may write in a minute is
//! limited; what is more is not answered and counted.

use std::{collections::HashMap, sync::Arc};

use actions::Permissions;
use domain::{ChannelId, GuildId, RoleId, Timestamp, UserId, modules::CommandSettings};
use parking_lot::Mutex;

use super::{
    command::{Found, find},
    ctx::{Asked, Name, Way, What},
    edge::Edge,
    hands::Hands,
    learn,
    mouth::Letter,
    options::{Given, Kind, Opt, Value},
    sessions::Progress,
    text::Lang,
    wire,
};

/// Members of whom it is known how much they wrote in this minute.
const REMEMBERED: usize = 10_000;
/// Longer than any command.
const MAX_BYTES: usize = 8_000;

/// How many commands each member has written in the minute at hand.
#[derive(Debug, Default)]
pub struct Minute(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    minute: i64,
    of: HashMap<(GuildId, UserId), u32>,
}

impl Minute {
    /// True while the member is within the limit.
    fn count(&self, guild: GuildId, user: UserId, at: Timestamp, limit: u32) -> bool {
        let minute = at.as_secs() / 60;
        let mut counted = self.0.lock();
        if counted.minute != minute {
            *counted = Counted { minute, of: HashMap::new() };
        }
        if counted.of.len() >= REMEMBERED && !counted.of.contains_key(&(guild, user)) {
            return false;
        }
        let count = counted.of.entry((guild, user)).or_default();
        *count += 1;
        *count <= limit
    }
}

pub fn hear(
    edge: &Arc<Edge>,
    hands: &Hands,
    progress: &Arc<Progress>,
    seq: u64,
    guild: GuildId,
    message: &wire::Message,
) {
    if message.content.is_empty() || message.content.len() > MAX_BYTES {
        return;
    }
    let (content, channel) = (message.content.clone(), message.channel_id);
    let roles = message.member.as_ref().map(|member| member.roles.clone()).unwrap_or_default();
    let (edge, hands, working) = (Arc::clone(edge), hands.clone(), progress.begin(seq));
    let (user, id) = (message.author.id, message.id);
    tokio::spawn(async move {
        let settings = match edge.actions.settings::<CommandSettings>(guild).await {
            Ok(settings) => settings,
            Err(error) => {
                tracing::warn!(guild.id = %guild, %error, "a prefix cannot be looked up");
                return;
            }
        };
        let settings = &settings.values;
        if !settings.prefix_commands {
            return;
        }
        let Some(text) = content.strip_prefix(&settings.prefix) else { return };
        let Some((found, given)) = read(&edge, text) else { return };
        let at = Timestamp::of_snowflake(id.get());
        if !edge.minute.count(guild, user, at, settings.prefix_per_minute) {
            metrics::counter!("reeve_discord_prefix_ignored_total").increment(1);
            return;
        }
        learn::roles(&hands.http, &edge, guild).await;
        let permissions: Permissions = edge.guilds.base_permissions(guild, user, &roles);
        let verb = if found.group.is_verb { "" } else { found.route.spec.name.en };
        let asked = Asked {
            id: id.get(),
            guild,
            channel: Some(channel),
            user,
            name: Name::default(),
            joined_at: None,
            standing: edge.guilds.standing(guild, user, roles, permissions),
            lang: Lang::En,
            what: What::Command {
                group: found.group.name.en.to_owned(),
                verb: verb.to_owned(),
                given,
            },
            way: Way::Message,
            named: Vec::new(),
            picked: None,
            again: false,
        };
        let http = Arc::clone(&hands.http);
        let letter = Letter { http, channel, message: id };
        hands.take(&edge, asked, letter, working);
    });
}

/// The command that a text names, and its options in their order. What cannot be read is left
/// out, so that the command says what it misses.
fn read(edge: &Edge, text: &str) -> Option<(Found, Given)> {
    let (group, rest) = first_word(text)?;
    let group = group.to_lowercase();
    if let Some(found) = find(edge.capabilities, &group, "") {
        return Some((found, given(found.route.options, rest)));
    }
    let (verb, rest) = first_word(rest)?;
    let found = find(edge.capabilities, &group, &verb.to_lowercase())?;
    Some((found, given(found.route.options, rest)))
}

fn first_word(text: &str) -> Option<(&str, &str)> {
    let word = text.split_whitespace().next()?;
    let rest = text.trim_start().strip_prefix(word)?;
    Some((word, rest.trim_start()))
}

/// One word for each option; the last text takes all that is left. An option that does not look
/// like its kind is skipped where it can be left out.
fn given(options: &[Opt], mut rest: &str) -> Given {
    let mut values = Vec::new();
    for (place, opt) in options.iter().enumerate() {
        let Some(word) = rest.split_whitespace().next() else { break };
        let is_last = place + 1 == options.len();
        let text = if opt.kind == Kind::Text && is_last { rest.trim_end() } else { word };
        match value(opt.kind, text) {
            Some(value) => {
                values.push((opt.name.to_owned(), value));
                rest = rest[text.len()..].trim_start();
            }
            None if opt.required => break,
            None => {}
        }
    }
    Given(values)
}

fn value(kind: Kind, text: &str) -> Option<Value> {
    let inside = |open: &str| text.strip_prefix(open).and_then(|rest| rest.strip_suffix('>'));
    Some(match kind {
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Integer => Value::Integer(text.parse().ok()?),
        Kind::Switch => {
            Value::Switch(matches!(text.to_lowercase().as_str(), "yes" | "true" | "on"))
        }
        Kind::User => {
            let id = inside("<@!").or_else(|| inside("<@")).unwrap_or(text);
            Value::User(id.parse::<UserId>().ok()?)
        }
        Kind::Channel => Value::Channel(inside("<#").unwrap_or(text).parse::<ChannelId>().ok()?),
        Kind::Role => Value::Role(inside("<@&").unwrap_or(text).parse::<RoleId>().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::commands::CAPABILITIES;

    fn options(group: &str, verb: &str) -> &'static [Opt] {
        find(CAPABILITIES, group, verb).unwrap().route.options
    }

    // proves: CMD-03
    #[test]
    fn given_what_people_write_then_options_are_read_in_their_order() {
        let named = |given: Given| -> Vec<String> {
            given.0.into_iter().map(|(name, value)| format!("{name}={value:?}")).collect()
        };
        let send = options("bytes", "send");
        let read = named(given(send, "<@77> 50 thanks  for all"));
        assert_eq!(
            read,
            ["user=User(UserId(77))", "amount=Integer(50)", "reason=Text(\"thanks  for all\")"]
        );
        assert_eq!(named(given(send, "<@!77> 5")).len(), 2);
        assert_eq!(named(given(send, "ann 50")), [""; 0], "ann is no member");
        assert_eq!(named(given(send, "")), [""; 0]);
        let heap = options("bytes", "heap");
        assert_eq!(named(given(heap, "25")), ["limit=Integer(25)"]);
        let history = options("bytes", "history");
        assert_eq!(named(given(history, "yes")), ["file=Switch(true)"], "the member is left out");
    }

    // proves: CMD-03
    #[test]
    fn given_a_member_who_writes_too_much_then_the_rest_of_the_minute_is_ignored() {
        let minute = Minute::default();
        let (guild, user) = (GuildId::new(1).unwrap(), |id| UserId::new(id).unwrap());
        let at = |secs: i64| Timestamp::from_secs(1_800_000_000 + secs);
        let answered = (0..10).filter(|_| minute.count(guild, user(5), at(0), 3)).count();
        assert_eq!(answered, 3);
        assert!(minute.count(guild, user(6), at(1), 3), "another member");
        assert!(minute.count(guild, user(5), at(60), 3), "the next minute");
    }
}
