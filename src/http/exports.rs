//! Whole lists over HTTP: `/api/v1/guilds/<guild>/exports/<name>?format=csv&asOf=…`, for whoever may
//! have them. Rows are sent while they are read, as fast as whoever asked takes them.
//!
//! A file is whole or it is broken off: what is more than `MOST_ROWS` is refused before it begins,
//! and says how to ask for less.

use std::{collections::HashMap, fmt::Display, num::NonZeroUsize, sync::Arc, time::Instant};

use actions::exports::{Narrow, TEXTS, WholeList, heads, permissions};
use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use domain::{
    GuildId, Moment, UserId,
    reads::{Thing, Via},
};
use futures::{Stream, stream};
use lru::LruCache;
use parking_lot::Mutex;
use projections::exports::{self, Export};
use schema::{Code, Scope, Trouble};

use super::{
    bearer,
    doors::{Doors, fault, refuse},
    downloads,
};
use crate::exports::{Format, Writer};

/// Rows of one file.
const MOST_ROWS: u64 = 1_000_000;
/// Bytes of one file; one that would be longer is broken off.
const MOST_BYTES: u64 = 1 << 30;
/// Files that somebody may have at once.
const AT_ONCE: u32 = 2;
/// Files that somebody may begin in a row, and seconds until another one comes back.
const IN_A_ROW: f64 = 20.0;
const ANOTHER_AFTER_SECS: f64 = 15.0;
/// People of whom it is remembered how many they had.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

const ROWS: HeaderName = HeaderName::from_static("x-export-rows");
const MAX_ROWS: HeaderName = HeaderName::from_static("x-export-max-rows");
const AS_OF: HeaderName = HeaderName::from_static("x-export-as-of");

/// `/api/v1/guilds/<guild>/exports/<name>`
pub async fn file(
    State(doors): State<Doors>,
    Path((guild, name)): Path<(u64, String)>,
    Query(asked): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    match begin(&doors, (guild, &name), asked, &headers).await {
        Ok(response) | Err(response) => response,
    }
}

async fn begin(
    doors: &Doors,
    (guild, name): (u64, &str),
    asked: Vec<(String, String)>,
    headers: &HeaderMap,
) -> Result<Response, Response> {
    let Asked { format, as_of, narrow } = Asked::read(asked).map_err(|trouble| said(&trouble))?;
    let (scope, export) = authorised(doors, (guild, name), as_of, headers).await?;
    let trouble = |trouble: Trouble| said(&trouble);
    let actions = scope.actions();
    let texts = scope.may(TEXTS).await.map_err(trouble)?;
    let filter = actions.narrowed(scope.guild(), export, &narrow).await;
    let mut filter = filter.map_err(|error| trouble(error.into()))?;
    let viewer = actions.people().find(scope.guild(), scope.signed_in().user).await;
    filter.viewer = viewer.map_err(|error| fault(&error))?;
    let turn = doors.allowance.take(scope.signed_in().user, Instant::now())?;
    let place = doors.room.place().await?;
    let reading = scope.reading(export.projection).await.map_err(trouble)?;
    let rows = exports::count(&reading, scope.guild(), export, &filter, MOST_ROWS).await;
    let rows = rows.map_err(|error| fault(&error))?;
    if rows > MOST_ROWS {
        let text = format!(
            "This list has more than {MOST_ROWS} rows. Ask for less with since and until, or have \
             the operator run: reeve export {name}"
        );
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", &text));
    }
    let writer = Writer::new(format, heads(export)).map_err(|error| fault(&error))?;
    if export.is_sensitive() {
        let thing = Thing::List { list: export.name.to_owned(), whom: filter.member };
        actions.note_read(scope.guild(), scope.caller(), thing, Via::Download).await;
    }
    let list = actions.whole_list((*reading).clone(), scope.guild(), export, &filter, texts);
    let (list_name, word) = (export.name, format.word());
    metrics::counter!("reeve_exports_total", "list" => list_name, "format" => word).increment(1);
    tracing::info!(
        guild.id = %scope.guild(), export.name = name, export.format = word, rows,
        "a list was exported"
    );
    let held = (turn, reading);
    let file_name = format!("{name}-{}.{}", scope.guild(), format.word());
    let mut response =
        downloads::send(place, (&file_name, format.media_type()), pieces(list, writer, held));
    let told = response.headers_mut();
    told.insert(ROWS, HeaderValue::from(rows));
    told.insert(MAX_ROWS, HeaderValue::from(MOST_ROWS));
    if let Some(event) = scope.then() {
        told.insert(AS_OF, HeaderValue::from(event.guild_seq));
    }
    Ok(response)
}

/// Who asks, as they stand in the community, and the list, where they may have it: the one place
/// that finds this out.
async fn authorised(
    doors: &Doors,
    (guild, name): (u64, &str),
    as_of: Option<Moment>,
    headers: &HeaderMap,
) -> Result<(Scope, &'static Export), Response> {
    if !bearer::is_sent(headers) && !doors.comes_from_us(headers) {
        let text = "This request comes from another site.";
        return Err(refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text));
    }
    let who = doors.reader(headers, "exports").await?;
    let no_such = |text: &str| said(&Trouble::not_found(text));
    let unknown = "There is no such community, or you are no member of it.";
    let guild = GuildId::new(guild).map_err(|_| no_such(unknown))?;
    let scope = Scope::of(&doors.house, who, guild, as_of).await;
    let scope = scope.map_err(|trouble| said(&trouble))?.ok_or_else(|| no_such(unknown))?;
    let export = exports::named(name).ok_or_else(|| no_such("There is no such list."))?;
    let allowed = scope.require(permissions(export.audience)).await;
    allowed.map_err(|trouble| said(&trouble))?;
    Ok((scope, export))
}

/// What the address asks for.
struct Asked {
    format: Format,
    as_of: Option<Moment>,
    narrow: Narrow,
}

impl Asked {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Trouble> {
        fn parsed<T: std::str::FromStr<Err: Display>>(
            name: &str,
            text: &str,
        ) -> Result<T, Trouble> {
            text.parse().map_err(|error| Trouble::bad_input(format!("{name}: {error}")))
        }
        let mut asked = Self { format: Format::Csv, as_of: None, narrow: Narrow::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "format" => {
                    asked.format = Format::of(&value).ok_or_else(|| {
                        Trouble::bad_input("format: there are csv, jsonl and parquet")
                    })?;
                }
                "asOf" => asked.as_of = Some(parsed(&name, &value)?),
                "since" => asked.narrow.since = Some(parsed(&name, &value)?),
                "until" => asked.narrow.until = Some(parsed(&name, &value)?),
                "member" => asked.narrow.member = Some(parsed(&name, &value)?),
                _ => asked.narrow.values.push((name, value)),
            }
        }
        Ok(asked)
    }
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

/// `held` is kept until the last of them.
fn pieces<H: Send + 'static>(
    list: WholeList,
    writer: Writer,
    held: H,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    let begin = (list, Some(writer), 0_u64, held);
    stream::try_unfold(begin, |(mut list, mut writer, mut sent, held)| async move {
        loop {
            let Some(mut writing) = writer.take() else { return Ok(None) };
            let page = list.next_page().await?;
            let piece = if page.is_empty() {
                writing.end()?
            } else {
                let piece = writing.rows(page)?;
                writer = Some(writing);
                piece
            };
            sent += piece.len() as u64;
            if sent > MOST_BYTES {
                return Err(format!("a file of more than {MOST_BYTES} bytes was broken off").into());
            }
            // An empty piece would be the end of the answer.
            if !piece.is_empty() {
                return Ok(Some((Bytes::from(piece), (list, writer, sent, held))));
            }
        }
    })
}

/// How many files each person has and had.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Mutex<Had>>);

#[derive(Debug)]
struct Had {
    under_way: HashMap<UserId, u32>,
    left: LruCache<UserId, (f64, Instant)>,
}

impl Default for Allowance {
    fn default() -> Self {
        let (under_way, left) = (HashMap::new(), LruCache::new(REMEMBERED));
        Self(Arc::new(Mutex::new(Had { under_way, left })))
    }
}

/// One file that is under way.
#[derive(Debug)]
struct Turn {
    allowance: Allowance,
    user: UserId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut had = self.allowance.0.lock();
        if let Some(count) = had.under_way.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                had.under_way.remove(&self.user);
            }
        }
    }
}

/// Somebody asks for more files than there are for one.
#[derive(Debug)]
struct TooMany {
    text: String,
    again_after_secs: u64,
}

impl From<TooMany> for Response {
    fn from(TooMany { text, again_after_secs }: TooMany) -> Self {
        let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, Code::Busy.name(), &text);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(again_after_secs));
        response
    }
}

impl Allowance {
    fn take(&self, user: UserId, now: Instant) -> Result<Turn, TooMany> {
        let mut had = self.0.lock();
        if had.under_way.get(&user).is_some_and(|count| *count >= AT_ONCE) {
            let text = format!("{AT_ONCE} of your files are under way. Wait for one of them.");
            return Err(TooMany { text, again_after_secs: 5 });
        }
        let known = had.left.get_or_insert_mut(user, || (IN_A_ROW, now));
        let passed = now.saturating_duration_since(known.1).as_secs_f64();
        let there = (known.0 + passed / ANOTHER_AFTER_SECS).min(IN_A_ROW);
        if there < 1.0 {
            *known = (there, now);
            let text = "You had many files in a short time. Try again in a quarter of a minute.";
            return Err(TooMany { text: text.to_owned(), again_after_secs: 15 });
        }
        *known = (there - 1.0, now);
        *had.under_way.entry(user).or_default() += 1;
        drop(had);
        Ok(Turn { allowance: self.clone(), user })
    }
}

fn said(trouble: &Trouble) -> Response {
    downloads::troubled(trouble)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn given_many_files_then_somebody_waits_and_others_do_not() {
        let (allowance, now) = (Allowance::default(), Instant::now());
        let user = |id| UserId::new(id).unwrap();
        let held: Vec<_> = (0..AT_ONCE).map(|_| allowance.take(user(1), now).unwrap()).collect();
        let refused = allowance.take(user(1), now).unwrap_err();
        assert_eq!(Response::from(refused).status(), StatusCode::TOO_MANY_REQUESTS);
        drop(held);
        let mut had = AT_ONCE;
        while allowance.take(user(1), now).is_ok() {
            had += 1;
            assert!(had <= 20, "there is no end");
        }
        assert_eq!(had, 20);
        assert!(allowance.take(user(2), now).is_ok());
        assert!(allowance.take(user(1), now + Duration::from_secs(16)).is_ok());
        assert!(allowance.0.lock().under_way.is_empty());
    }

    #[test]
    fn given_an_address_then_what_it_asks_for_is_read() {
        let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let asked = Asked::read(pairs(&[
            ("format", "parquet"),
            ("asOf", "#12"),
            ("since", "2026-03-11"),
            ("kind", "transfer"),
            ("kind", "grant"),
        ]));
        let Asked { format, as_of, narrow } = asked.unwrap();
        assert_eq!((format, as_of), (Format::Parquet, Some(Moment::Seq(12))));
        assert_eq!(narrow.since, Some("2026-03-11T00:00:00Z".parse().unwrap()));
        assert_eq!(narrow.values.len(), 2);
        for wrong in [("format", "xlsx"), ("asOf", "yesterweek"), ("member", "ann")] {
            let refused = Asked::read(pairs(&[wrong])).err().unwrap();
            assert!(refused.text.starts_with(wrong.0), "{}", refused.text);
        }
    }
}
