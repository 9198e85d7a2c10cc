//! OAuth2: a person lets an application act for them. Codes are used once, tokens expire, and a
//! refreshed token takes the place of the old one.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{call::Caller, query};
use crate::{snowflake::Id, world::World};

pub mod page;

/// What an application may ask for here.
pub const SCOPES: [&str; 9] = [
    "identify",
    "email",
    "guilds",
    "guilds.join",
    "guilds.members.read",
    "connections",
    "bot",
    "applications.commands",
    "applications.commands.permissions.update",
];
const CODE_MS: u64 = 60_000;
const TOKEN_SECS: u64 = 604_800;
/// The oldest make room for the newest.
const MOST_GRANTS: usize = 10_000;

/// What somebody agreed to, waiting to be exchanged for tokens.
#[derive(Debug, Clone)]
pub struct Code {
    pub application: Id,
    pub user: Id,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    /// The SHA-256 of a secret that only the one who began knows.
    pub challenge: Option<String>,
    pub guild: Option<Id>,
    pub expires_ms: u64,
}

#[derive(Debug, Clone)]
struct Grant {
    application: Id,
    user: Id,
    scopes: Vec<String>,
    refresh: String,
    expires_ms: u64,
    made: u64,
}

#[derive(Debug, Default)]
pub struct Grants {
    codes: HashMap<String, Code>,
    /// By access token.
    tokens: HashMap<String, Grant>,
    made: u64,
}

/// What the token endpoint says no with: OAuth2's own shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct No {
    pub status: u16,
    pub error: &'static str,
    pub description: &'static str,
}

const INVALID_CLIENT: No = No { status: 401, error: "invalid_client", description: "" };
const INVALID_CODE: No =
    No { status: 400, error: "invalid_grant", description: "Invalid \"code\" in request." };
const INVALID_REFRESH: No = No {
    status: 400,
    error: "invalid_grant",
    description: "Invalid \"refresh_token\" in request.",
};
const INVALID_REDIRECT: No =
    No { status: 400, error: "invalid_grant", description: "Invalid \"redirect_uri\" in request." };
const INVALID_VERIFIER: No = No {
    status: 400,
    error: "invalid_grant",
    description: "Invalid \"code_verifier\" in request.",
};
const UNSUPPORTED: No = No {
    status: 400,
    error: "unsupported_grant_type",
    description: "Grant type must be authorization_code, refresh_token or client_credentials.",
};

impl No {
    pub fn body(self) -> Value {
        let mut body = json!({"error": self.error});
        if !self.description.is_empty() {
            body["error_description"] = self.description.into();
        }
        body
    }
}

impl Grants {
    /// Keeps what somebody agreed to, under a code.
    pub fn agree(&mut self, world: &mut World, code: Code) -> String {
        let now = world.now_ms();
        self.codes.retain(|_, code| code.expires_ms > now);
        if self.codes.len() >= MOST_GRANTS {
            self.codes.clear();
        }
        let name = world.secret(30);
        self.codes.insert(name.clone(), Code { expires_ms: now + CODE_MS, ..code });
        name
    }

    /// Whom a bearer token stands for.
    pub fn person(&self, token: &str, now_ms: u64) -> Option<Caller> {
        let grant = self.tokens.get(token).filter(|grant| grant.expires_ms > now_ms)?;
        Some(Caller::Person {
            user: grant.user,
            application: grant.application,
            scopes: grant.scopes.clone(),
            expires_ms: grant.expires_ms,
        })
    }

    /// The token endpoint.
    pub fn token(
        &mut self,
        world: &mut World,
        client: Id,
        form: &[(String, String)],
    ) -> Result<Value, No> {
        let field = |name: &str| {
            form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        match field("grant_type") {
            Some("authorization_code") => {
                // Whatever comes of it, a code is looked at once.
                let code = field("code").and_then(|code| self.codes.remove(code));
                let code = code
                    .filter(|code| code.application == client && code.expires_ms > world.now_ms());
                let code = code.ok_or(INVALID_CODE)?;
                if field("redirect_uri") != Some(&code.redirect_uri) {
                    return Err(INVALID_REDIRECT);
                }
                if let Some(challenge) = &code.challenge {
                    let verifier = field("code_verifier").unwrap_or_default();
                    if !(43..=128).contains(&verifier.len()) || challenge_of(verifier) != *challenge
                    {
                        return Err(INVALID_VERIFIER);
                    }
                }
                Ok(self.grant(world, client, code.user, code.scopes, code.guild))
            }
            Some("refresh_token") => {
                let wanted = field("refresh_token").unwrap_or_default();
                let known = self
                    .tokens
                    .iter()
                    .find(|(_, grant)| grant.refresh == wanted && grant.application == client);
                let access = known.map(|(access, _)| access.clone()).ok_or(INVALID_REFRESH)?;
                let old = self.tokens.remove(&access).ok_or(INVALID_REFRESH)?;
                Ok(self.grant(world, client, old.user, old.scopes, None))
            }
            Some("client_credentials") => {
                let owner = world.application(client).map_err(|_| INVALID_CLIENT)?.owner;
                let scopes = field("scope").unwrap_or("identify");
                let scopes = scopes.split_whitespace().map(str::to_owned).collect();
                let mut wire = self.grant(world, client, owner, scopes, None);
                if let Some(fields) = wire.as_object_mut() {
                    fields.remove("refresh_token");
                }
                Ok(wire)
            }
            _ => Err(UNSUPPORTED),
        }
    }

    fn grant(
        &mut self,
        world: &mut World,
        application: Id,
        user: Id,
        scopes: Vec<String>,
        guild: Option<Id>,
    ) -> Value {
        if self.tokens.len() >= MOST_GRANTS {
            let oldest = self.tokens.iter().min_by_key(|(_, grant)| grant.made);
            if let Some(oldest) = oldest.map(|(access, _)| access.clone()) {
                self.tokens.remove(&oldest);
            }
        }
        self.made += 1;
        let (access, refresh) = (world.secret(30), world.secret(30));
        let scope = scopes.join(" ");
        let grant = Grant {
            application,
            user,
            scopes,
            refresh: refresh.clone(),
            expires_ms: world.now_ms() + TOKEN_SECS * 1000,
            made: self.made,
        };
        self.tokens.insert(access.clone(), grant);
        let mut wire = json!({
            "token_type": "Bearer", "access_token": access, "expires_in": TOKEN_SECS,
            "refresh_token": refresh, "scope": scope,
        });
        if let Some(guild) = guild.and_then(|guild| world.guilds.get(&guild)) {
            wire["guild"] = guild.to_json(false);
        }
        wire
    }

    /// A token is worth nothing any more, and what was granted with it neither.
    pub fn revoke(&mut self, client: Id, token: &str) {
        self.tokens.retain(|access, grant| {
            grant.application != client || (access != token && grant.refresh != token)
        });
    }
}

pub fn challenge_of(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Which application asks: by `Authorization: Basic`, or by fields of the form.
pub fn client(
    world: &World,
    authorization: Option<&str>,
    form: &[(String, String)],
) -> Result<Id, No> {
    let field =
        |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let basic = authorization.and_then(|value| value.strip_prefix("Basic "));
    let (id, secret) = match basic {
        Some(basic) => {
            let plain = BASE64_STANDARD.decode(basic).map_err(|_| INVALID_CLIENT)?;
            let plain = String::from_utf8(plain).map_err(|_| INVALID_CLIENT)?;
            let (id, secret) = plain.split_once(':').ok_or(INVALID_CLIENT)?;
            (query::decode(id), query::decode(secret))
        }
        None => (
            field("client_id").ok_or(INVALID_CLIENT)?,
            field("client_secret").ok_or(INVALID_CLIENT)?,
        ),
    };
    let id: Id = id.parse().map_err(|_| INVALID_CLIENT)?;
    let application = world.applications.get(&id).ok_or(INVALID_CLIENT)?;
    if application.client_secret == secret { Ok(id) } else { Err(INVALID_CLIENT) }
}
