//! The page on which a person says yes or no. Here they also say who they are.

use std::cmp::Reverse;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use bytes::Bytes;

use super::{Code, SCOPES};
use crate::{
    permissions::Permissions,
    rest::{Shared, query},
    snowflake::Id,
    world::{By, World},
};

const MOST_PERSONAS: usize = 1000;
const LONGEST_STATE: usize = 2048;

type Fields = Vec<(String, String)>;

/// What an application asks for.
struct Asked {
    application: Id,
    redirect_uri: String,
    state: Option<String>,
    scopes: Vec<String>,
    challenge: Option<String>,
    guild: Option<Id>,
    permissions: Permissions,
}

/// What is wrong with the question.
enum Wrong {
    /// Nobody is sent anywhere: the address itself is not to be trusted.
    Shown(&'static str),
    Sent(String),
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn read(world: &World, fields: &Fields) -> Result<Asked, Wrong> {
    let id = field(fields, "client_id").and_then(|id| id.parse().ok());
    let application = id.and_then(|id: Id| world.applications.get(&id));
    let application = application.ok_or(Wrong::Shown("There is no such application."))?;
    let redirect_uri = field(fields, "redirect_uri").unwrap_or_default().to_owned();
    let scopes: Vec<String> =
        field(fields, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let only_bot = scopes.iter().all(|scope| ["bot", "applications.commands"].contains(&&**scope));
    // To add a bot nobody needs to be sent back.
    let needs_none = redirect_uri.is_empty() && only_bot && !scopes.is_empty();
    if !needs_none && !application.redirect_uris.contains(&redirect_uri) {
        let text = "This redirect_uri is not registered for the application. Add it to the \
                    application's redirect addresses.";
        return Err(Wrong::Shown(text));
    }
    let state = field(fields, "state").map(str::to_owned);
    let wrong = |error: &str, text: &str| {
        if redirect_uri.is_empty() {
            Wrong::Shown("The request cannot be answered: its scopes are wrong.")
        } else {
            Wrong::Sent(back(
                &redirect_uri,
                &[("error", error), ("error_description", text)],
                state.as_deref(),
            ))
        }
    };
    if state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(Wrong::Shown("The state is too long."));
    }
    if field(fields, "response_type").unwrap_or("code") != "code" {
        return Err(wrong("unsupported_response_type", "Only response_type=code is supported."));
    }
    if scopes.is_empty() || scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        let text = "The requested scope is invalid, unknown, or malformed.";
        return Err(wrong("invalid_scope", text));
    }
    let challenge = field(fields, "code_challenge").map(str::to_owned);
    if challenge.is_some() && field(fields, "code_challenge_method") != Some("S256") {
        return Err(wrong("invalid_request", "code_challenge_method must be S256."));
    }
    let bits = field(fields, "permissions").and_then(|bits| bits.parse().ok());
    Ok(Asked {
        application: application.id,
        redirect_uri,
        state,
        scopes,
        challenge,
        guild: field(fields, "guild_id").and_then(|id| id.parse().ok()),
        permissions: Permissions(bits.unwrap_or_default()),
    })
}

fn back(redirect_uri: &str, fields: &[(&str, &str)], state: Option<&str>) -> String {
    let mut address = redirect_uri.to_owned();
    let state = state.map(|state| ("state", state));
    for (name, value) in fields.iter().copied().chain(state) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(&query::encode(value));
    }
    address
}

fn refused(wrong: Wrong) -> Response {
    match wrong {
        Wrong::Shown(text) => {
            let page = frame("This does not work", &format!("<p>{}</p>", escape(text)));
            (StatusCode::BAD_REQUEST, page).into_response()
        }
        Wrong::Sent(address) => Redirect::to(&address).into_response(),
    }
}

pub async fn show(State(shared): State<Shared>, uri: Uri) -> Response {
    let fields = query::pairs(uri.query().unwrap_or_default());
    let world = shared.world.lock();
    match read(&world, &fields) {
        Ok(asked) => page(&world, &asked, &fields).into_response(),
        Err(wrong) => refused(wrong),
    }
}

/// The person's answer, with everything the application asked for once more.
pub async fn decide(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let own = format!("http://{}", super::super::host(&headers, &shared));
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| origin != own && origin != "null") {
        return refused(Wrong::Shown("This answer comes from another site."));
    }
    let fields = query::pairs(&String::from_utf8_lossy(&body));
    let mut world = shared.world.lock();
    let asked = match read(&world, &fields) {
        Ok(asked) => asked,
        Err(wrong) => return refused(wrong),
    };
    if field(&fields, "decision") != Some("authorize") {
        let text = "The resource owner or authorization server denied the request";
        let address = back(
            &asked.redirect_uri,
            &[("error", "access_denied"), ("error_description", text)],
            asked.state.as_deref(),
        );
        return if asked.redirect_uri.is_empty() {
            frame("Nothing was changed", "<p>You said no.</p>").into_response()
        } else {
            Redirect::to(&address).into_response()
        };
    }
    let user = field(&fields, "user_id").and_then(|id| id.parse().ok());
    let user = user.filter(|id: &Id| world.users.get(id).is_some_and(|user| !user.bot));
    let Some(user) = user else {
        return refused(Wrong::Shown("Choose who you are."));
    };
    if asked.scopes.iter().any(|scope| scope == "bot")
        && let Err(text) = add_bot(&mut world, &asked, user)
    {
        return refused(Wrong::Shown(text));
    }
    if asked.redirect_uri.is_empty() {
        return frame("Done", "<p>The bot is in the guild.</p>").into_response();
    }
    let code = Code {
        application: asked.application,
        user,
        scopes: asked.scopes,
        redirect_uri: asked.redirect_uri.clone(),
        challenge: asked.challenge,
        guild: asked.guild,
        expires_ms: 0,
    };
    let code = shared.rest.grants.lock().agree(&mut world, code);
    Redirect::to(&back(&asked.redirect_uri, &[("code", &code)], asked.state.as_deref()))
        .into_response()
}

fn add_bot(world: &mut World, asked: &Asked, user: Id) -> Result<(), &'static str> {
    let guild = asked.guild.ok_or("Choose the guild that the bot is to join.")?;
    if !world.may(guild, user, Permissions::MANAGE_GUILD) {
        return Err("You need the permission Manage Server in that guild to add a bot.");
    }
    let by = By { user, reason: None };
    world
        .add_bot(guild, asked.application, asked.permissions, &by)
        .map_err(|_| "The bot cannot join that guild.")
}

fn page(world: &World, asked: &Asked, fields: &Fields) -> Html<String> {
    let name = world.applications.get(&asked.application).map_or("", |app| app.name.as_str());
    let mut inner = format!(
        "<p><b>{}</b> wants to act for you.</p><form method=\"post\" \
         action=\"/oauth2/authorize\">",
        escape(name)
    );
    for (known, value) in fields {
        if !["user_id", "decision", "guild_id"].contains(&known.as_str()) {
            hidden(&mut inner, known, value);
        }
    }
    inner.push_str("<p>It will be able to:</p><ul>");
    for scope in &asked.scopes {
        put(&mut inner, format_args!("<li>{} (<code>{}</code>)</li>", says(scope), escape(scope)));
    }
    inner.push_str("</ul><p><label>Who are you? <select name=\"user_id\">");
    personas(&mut inner, world);
    inner.push_str("</select></label></p>");
    if asked.scopes.iter().any(|scope| scope == "bot") {
        inner.push_str("<p><label>Add to <select name=\"guild_id\">");
        for guild in world.guilds.values().take(MOST_PERSONAS) {
            let chosen = if asked.guild == Some(guild.id) { " selected" } else { "" };
            let name = escape(&guild.name);
            put(&mut inner, format_args!("<option value=\"{}\"{chosen}>{name}</option>", guild.id));
        }
        inner.push_str("</select></label></p>");
    } else if let Some(guild) = asked.guild {
        hidden(&mut inner, "guild_id", &guild.to_string());
    }
    inner.push_str(
        "<p><button name=\"decision\" value=\"authorize\">Authorize</button> \
         <button name=\"decision\" value=\"deny\">Deny</button></p></form>",
    );
    frame(&format!("Authorize {}", escape(name)), &inner)
}

/// Everybody, under what they are: whoever owns a guild first, then by the highest role they have
/// in any.
fn personas(inner: &mut String, world: &World) {
    let mut people: Vec<_> = world
        .users
        .values()
        .filter(|user| !user.bot)
        .map(|user| (part(world, user.id), user))
        .collect();
    people.sort_by(|(one, user), (other, another)| {
        (Reverse(one.0), &one.1, user.id).cmp(&(Reverse(other.0), &other.1, another.id))
    });
    people.truncate(MOST_PERSONAS);
    for alike in people.chunk_by(|(one, _), (other, _)| one.1 == other.1) {
        put(inner, format_args!("<optgroup label=\"{}\">", escape(&alike[0].0.1)));
        for (_, user) in alike {
            let name = escape(user.display_name());
            put(inner, format_args!("<option value=\"{}\">{name}</option>", user.id));
        }
        inner.push_str("</optgroup>");
    }
}

/// How high somebody stands, and what they are there.
fn part(world: &World, user: Id) -> (i64, String) {
    let here = world.guilds.values().filter_map(|guild| Some((guild, guild.members.get(&user)?)));
    let parts = here.map(|(guild, member)| {
        if guild.owner == user {
            return (i64::MAX, "Owner".to_owned());
        }
        let roles = member.roles.iter().filter_map(|role| guild.roles.get(role));
        let highest = roles.max_by_key(|role| role.position);
        highest.map_or((0, "Member".to_owned()), |role| (role.position, role.name.clone()))
    });
    parts.max().unwrap_or_else(|| (-1, "In no server".to_owned()))
}

fn hidden(inner: &mut String, name: &str, value: &str) {
    let (name, value) = (escape(name), escape(value));
    put(inner, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(page, text);
}

fn says(scope: &str) -> &'static str {
    match scope {
        "identify" => "see your name and picture",
        "email" => "see your e-mail address",
        "guilds" => "see which servers you are in",
        "guilds.join" => "join servers for you",
        "guilds.members.read" => "see your nickname and roles in your servers",
        "connections" => "see your connections",
        "bot" => "add a bot to a server",
        "applications.commands" => "add commands to a server",
        _ => "say who may use its commands",
    }
}

fn frame(title: &str, inner: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>body{{font:16px/1.5 \
         system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#222}}\
         button,select{{font:inherit;padding:.4rem .8rem}}</style><h1>{title}</h1>{inner}\
         <p><small>A simulated Discord: nothing here reaches the real one.</small></p></html>"
    ))
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
