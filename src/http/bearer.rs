//! Who asks with `Authorization: Bearer`: a program, with a key of a member's. A browser never sends
//! that header by itself, so such a request needs no proof of where it comes from; what comes with a
//! cookie does.

use actions::keys::{Held, text};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use schema::{Code, Identity, SignedIn, Trouble};

use super::{
    doors::{Doors, fault, refuse},
    downloads::{refused, troubled},
};

/// Whether a request names a key, be it a sound one or not: then its cookies count for nothing.
pub fn is_sent(headers: &HeaderMap) -> bool {
    shown(headers).is_some()
}

/// What a request shows, sound or not.
pub fn shown(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(credentials)
}

/// What stands behind `Bearer`; none for another scheme, which somebody's proxy may ask for.
fn credentials(value: &HeaderValue) -> Option<&str> {
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or("Bearer ?");
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

impl Doors {
    /// The member whose key a request carries; none where it carries none.
    pub async fn program(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Response> {
        let Some(given) = only_one(headers)? else { return Ok(None) };
        let held = match self.tokens.opened(given) {
            Some((guild, id)) => {
                let found = self.house.actions.key_by_id(guild, id).await.map_err(refused)?;
                found.ok_or_else(|| nobody("The key of this token was revoked, or has ended."))?
            }
            None => self.key(given).await?,
        };
        self.owner_of(held).await.map(Some)
    }

    /// The key itself that a request carries; a token is none.
    pub async fn shown_key(&self, headers: &HeaderMap) -> Result<Held, Response> {
        let given = only_one(headers)?.ok_or_else(|| nobody("Send the key itself as Bearer."))?;
        let held = self.key(given).await?;
        self.owner_of(held.clone()).await?;
        Ok(held)
    }

    async fn key(&self, given: &str) -> Result<Held, Response> {
        let wrong = "This is no key of this server, nor a token that still holds.";
        let guild = text::guild(given).ok_or_else(|| nobody(wrong))?;
        let found = self.house.actions.key_of(guild, &text::hash(given)).await;
        found.map_err(refused)?.ok_or_else(|| nobody("This key was revoked, or has ended."))
    }

    async fn owner_of(&self, held: Held) -> Result<SignedIn, Response> {
        let actions = &self.house.actions;
        let user = actions.people().user(held.guild, held.owner).await;
        let user = user.map_err(|error| fault(&error))?;
        let user = user.ok_or_else(|| nobody("This key was revoked, or has ended."))?;
        actions.note_key_used(held.guild, held.id).await.map_err(refused)?;
        Ok(SignedIn {
            user,
            session: format!("key/{}", held.id),
            profile: schema::Profile::default(),
            guilds: vec![held.guild],
            key: Some(held),
        })
    }

    /// Who asks for something that could change something; none where nobody is signed in.
    pub async fn asker(&self, headers: &HeaderMap) -> Result<Option<Identity>, Response> {
        if let Some(who) = self.program(headers).await? {
            return Ok(Some(Identity::Person(who)));
        }
        Ok(self.guarded(headers).await?.map(|session| session.who))
    }

    /// Who asks for a file of a community, of this part of it.
    pub async fn reader(&self, headers: &HeaderMap, part: &str) -> Result<SignedIn, Response> {
        let who = if let Some(who) = self.program(headers).await? {
            Some(who)
        } else {
            let session = self.session(headers).await?;
            let who = session.map(|session| session.who.person()).transpose();
            who.map_err(|trouble: Trouble| troubled(&trouble))?
        };
        let who = who.ok_or_else(|| nobody("Sign in first."))?;
        who.lets("Guild", part).map_err(|trouble: Trouble| troubled(&trouble))?;
        Ok(who)
    }
}

#[expect(clippy::result_large_err, reason = "the answer itself, once per request")]
fn only_one(headers: &HeaderMap) -> Result<Option<&str>, Response> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter().filter_map(credentials);
    let given = all.next();
    match all.next() {
        Some(_) => Err(nobody("Send one header Authorization.")),
        None => Ok(given),
    }
}

pub fn nobody(text: &str) -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED, Code::Unauthenticated.name(), text);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"reeve\""));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let pair = |value: &&'static str| (header::AUTHORIZATION, HeaderValue::from_static(value));
        values.iter().map(pair).collect()
    }

    #[test]
    fn given_a_header_then_only_a_bearer_counts_as_a_key() {
        assert!(is_sent(&headers(&["Bearer abc"])));
        assert!(is_sent(&headers(&["bearer abc"])));
        assert!(is_sent(&headers(&["Bearer"])), "an empty one is refused, not overlooked");
        assert!(is_sent(&headers(&["Basic abc", "Bearer abc"])));
        assert!(!is_sent(&headers(&["Basic abc"])));
        assert!(!is_sent(&headers(&["Bearerabc"])));
        assert!(!is_sent(&headers(&[])));
    }
}
