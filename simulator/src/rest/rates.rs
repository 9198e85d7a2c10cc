//! Rate limits as Discord keeps them: a bucket per route and major parameter, 50 requests a second
//! for each bot, and an address that is turned away when too much of what it asks is invalid.

use std::collections::HashMap;

/// How many requests of a bot are taken in one second, over all routes.
const GLOBAL_PER_SECOND: u32 = 50;
const SECOND_MS: u64 = 1000;
/// An address is turned away after so many invalid requests in ten minutes.
const MOST_INVALID: u32 = 10_000;
const INVALID_WINDOW_MS: u64 = 600_000;
/// Windows that have passed are thrown away when there are this many.
const MOST_BUCKETS: usize = 20_000;

/// How much a route takes in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What the bucket is called, before it is hashed for the header.
    pub name: &'static str,
    pub limit: u32,
    pub window_ms: u64,
    /// Whether the limit is one for all who use the resource.
    pub shared: bool,
}

const fn rate(name: &'static str, limit: u32, window_ms: u64) -> Rate {
    Rate { name, limit, window_ms, shared: false }
}

/// What Discord gives its routes, as its own answers show it. Other routes have the last.
const RATES: &[(&str, &str, Rate)] = &[
    ("POST", "/channels/{channel_id}/messages", rate("message-create", 5, 5000)),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", rate("message-edit", 5, 5000)),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", rate("message-delete", 5, 1000)),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", rate("bulk-delete", 1, 1000)),
    ("PATCH", "/channels/{channel_id}", rate("channel-edit", 5, 15_000)),
    ("POST", "/channels/{channel_id}/typing", rate("typing", 5, 5000)),
    ("PATCH", "/guilds/{guild_id}/members/{user_id}", rate("member-edit", 10, 10_000)),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}", rate("kick", 5, 1000)),
    ("POST", "/guilds/{guild_id}/channels", rate("channel-create", 10, 10_000)),
    ("POST", "/guilds/{guild_id}/roles", rate("role-create", 10, 10_000)),
    ("POST", "/users/@me/channels", rate("dm-create", 10, 10_000)),
    ("GET", "/users/@me/guilds", rate("my-guilds", 1, 1000)),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}", rate("webhook", 5, 2000)),
    (
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        rate("webhook-edit", 5, 5000),
    ),
    (
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        rate("webhook-edit", 5, 5000),
    ),
    ("GET", "/gateway/bot", rate("gateway", 2, 5000)),
    ("PUT", "/applications/{application_id}/commands", rate("commands", 5, 20_000)),
    ("POST", "/applications/{application_id}/commands", rate("commands", 5, 20_000)),
    (
        "PUT",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        rate("guild-commands", 5, 20_000),
    ),
    (
        "POST",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        rate("guild-commands", 5, 20_000),
    ),
];
const REACTIONS: Rate = rate("reactions", 4, 1000);
const MEMBER_ROLES: Rate = rate("member-roles", 10, 10_000);
const BANS: Rate = rate("bans", 5, 1000);
const READS: Rate = rate("reads", 50, 1000);
const WRITES: Rate = rate("writes", 10, 5000);

/// What a route takes. An interaction's first answer has no bucket at all.
pub fn of(method: &str, template: &str) -> Option<Rate> {
    if template.starts_with("/interactions/") || template.starts_with("/oauth2/") {
        return None;
    }
    let known = RATES.iter().find(|(m, t, _)| *m == method && *t == template);
    Some(match known {
        Some((_, _, rate)) => *rate,
        None if method == "GET" => READS,
        None if template.contains("/reactions") => REACTIONS,
        None if template.contains("/members/{user_id}/roles/") => MEMBER_ROLES,
        None if template.contains("/bans") => BANS,
        None => WRITES,
    })
}

/// What a bucket's headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    pub limit: u32,
    pub remaining: u32,
    pub reset_ms: u64,
    pub now_ms: u64,
    pub bucket: String,
}

/// Whether a request is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Taken(Option<Headers>),
    /// Its bucket is empty.
    Limited {
        headers: Headers,
        shared: bool,
    },
    /// The bot asks too much altogether, and may again after so many milliseconds.
    Global {
        retry_ms: u64,
    },
    /// So much was invalid that nothing of this address is looked at.
    Blocked {
        retry_ms: u64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Window {
    ends_ms: u64,
    used: u32,
}

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub template: &'a str,
    /// The channel, guild or webhook in the path, which has a bucket of its own.
    pub major: &'a str,
    /// Whose limits count: the bot, or nobody where a webhook's token speaks for itself.
    pub who: &'a str,
    pub address: &'a str,
    pub in_global: bool,
}

#[derive(Debug, Default)]
pub struct Rates {
    buckets: HashMap<String, Window>,
    global: HashMap<String, Window>,
    invalid: HashMap<String, Window>,
    /// Every limit is this many times as high, for tests that are about something else. 0 is 1.
    pub times: u32,
}

impl Rates {
    pub fn ask(&mut self, request: Request<'_>, now_ms: u64) -> Verdict {
        self.forget(now_ms);
        let times = self.times.max(1);
        if let Some(retry_ms) = self.is_blocked(request, now_ms) {
            return Verdict::Blocked { retry_ms };
        }
        if request.in_global {
            let limit = GLOBAL_PER_SECOND.saturating_mul(times);
            let window = current(&mut self.global, request.who, now_ms, SECOND_MS);
            if window.used >= limit {
                return Verdict::Global { retry_ms: window.ends_ms - now_ms };
            }
            window.used += 1;
        }
        let Some(rate) = of(request.method, request.template) else {
            return Verdict::Taken(None);
        };
        let limit = rate.limit.saturating_mul(times);
        let who = if rate.shared { "" } else { request.who };
        let key = format!("{}:{}:{who}", rate.name, request.major);
        let window = current(&mut self.buckets, &key, now_ms, rate.window_ms);
        let taken = window.used < limit;
        if taken {
            window.used += 1;
        }
        let headers = Headers {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset_ms: window.ends_ms,
            now_ms,
            bucket: hash(rate.name),
        };
        if taken {
            Verdict::Taken(Some(headers))
        } else {
            Verdict::Limited { headers, shared: rate.shared }
        }
    }

    /// For how long an address is still turned away.
    pub fn is_blocked(&self, request: Request<'_>, now_ms: u64) -> Option<u64> {
        let window = self.invalid.get(request.address)?;
        let blocked = window.ends_ms > now_ms && window.used >= MOST_INVALID;
        blocked.then(|| window.ends_ms - now_ms)
    }

    /// Empties a bucket, as a fault does it: the next requests are refused too, until it fills.
    pub fn drain(&mut self, request: Request<'_>, now_ms: u64) {
        let Some(rate) = of(request.method, request.template) else { return };
        let limit = rate.limit.saturating_mul(self.times.max(1));
        let key = format!("{}:{}:{}", rate.name, request.major, request.who);
        current(&mut self.buckets, &key, now_ms, rate.window_ms).used = limit;
    }

    /// Counts an answer of 401, 403 or 429 against the address. A shared limit is nobody's fault.
    pub fn answered(&mut self, address: &str, status: u16, shared: bool, now_ms: u64) {
        if matches!(status, 401 | 403 | 429) && !shared {
            current(&mut self.invalid, address, now_ms, INVALID_WINDOW_MS).used += 1;
        }
    }

    fn forget(&mut self, now_ms: u64) {
        for windows in [&mut self.buckets, &mut self.global, &mut self.invalid] {
            if windows.len() >= MOST_BUCKETS {
                windows.retain(|_, window| window.ends_ms > now_ms);
            }
            if windows.len() >= MOST_BUCKETS {
                windows.clear();
            }
        }
    }
}

fn current<'a>(
    windows: &'a mut HashMap<String, Window>,
    key: &str,
    now_ms: u64,
    length_ms: u64,
) -> &'a mut Window {
    let fresh = Window { ends_ms: now_ms + length_ms, used: 0 };
    let window = windows.entry(key.to_owned()).or_insert(fresh);
    if window.ends_ms <= now_ms {
        *window = fresh;
    }
    window
}

/// What a bucket is called in the header: nothing that a client could guess or depend on.
fn hash(name: &str) -> String {
    use std::fmt::Write as _;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(name.as_bytes());
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEND: Request<'_> = Request {
        method: "POST",
        template: "/channels/{channel_id}/messages",
        major: "1",
        who: "bot",
        address: "127.0.0.1",
        in_global: true,
    };

    fn remaining(verdict: &Verdict) -> Option<u32> {
        match verdict {
            Verdict::Taken(Some(headers)) => Some(headers.remaining),
            _ => None,
        }
    }

    #[test]
    fn given_a_full_bucket_then_the_next_waits_for_the_window_and_other_channels_do_not() {
        let mut rates = Rates::default();
        for left in (0..5).rev() {
            assert_eq!(remaining(&rates.ask(SEND, 1000)), Some(left));
        }
        let Verdict::Limited { headers, shared: false } = rates.ask(SEND, 2500) else {
            panic!("the sixth must be refused");
        };
        assert_eq!((headers.reset_ms, headers.remaining, headers.limit), (6000, 0, 5));
        assert_eq!(remaining(&rates.ask(Request { major: "2", ..SEND }, 2500)), Some(4));
        assert_eq!(remaining(&rates.ask(SEND, 6000)), Some(4));
    }

    #[test]
    fn given_fifty_requests_in_a_second_then_the_bot_is_limited_everywhere_but_not_others() {
        let mut rates = Rates::default();
        let channels: Vec<_> = (0..50).map(|number| number.to_string()).collect();
        for channel in &channels {
            let verdict = rates.ask(Request { major: channel, ..SEND }, 0);
            assert!(remaining(&verdict).is_some(), "{verdict:?}");
        }
        let more = Request { major: "99", ..SEND };
        assert_eq!(rates.ask(more, 400), Verdict::Global { retry_ms: 600 });
        assert!(remaining(&rates.ask(Request { who: "other", ..more }, 400)).is_some());
        let outside = Request { in_global: false, ..more };
        assert!(remaining(&rates.ask(outside, 400)).is_some());
        assert!(remaining(&rates.ask(more, 1000)).is_some());
    }

    #[test]
    fn given_ten_thousand_invalid_requests_then_the_address_is_turned_away_for_a_while() {
        let mut rates = Rates::default();
        for number in 0..MOST_INVALID {
            assert!(!matches!(rates.ask(SEND, 0), Verdict::Blocked { .. }), "{number}");
            let status = [401, 403, 429][number as usize % 3];
            rates.answered(SEND.address, status, false, 0);
        }
        rates.answered("elsewhere", 429, true, 0);
        assert_eq!(rates.ask(SEND, 1000), Verdict::Blocked { retry_ms: 599_000 });
        let elsewhere = Request { address: "elsewhere", who: "other", ..SEND };
        assert!(remaining(&rates.ask(elsewhere, 1000)).is_some());
        assert!(remaining(&rates.ask(SEND, 600_000)).is_some());
    }

    #[test]
    fn given_an_interactions_callback_then_it_has_no_bucket() {
        let template = "/interactions/{interaction_id}/{interaction_token}/callback";
        let request = Request { template, in_global: false, ..SEND };
        let mut rates = Rates::default();
        for _ in 0..1000 {
            assert_eq!(rates.ask(request, 0), Verdict::Taken(None));
        }
    }
}
