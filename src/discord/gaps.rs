//! What nobody told us while we were blind is asked for, once a connection stands again: messages of
//! every channel and thread that we may read, and who came and went.
//!
//! One community after another, at the very end of every queue for Discord. Where it stands is kept
//! with each page (`actions/src/activity/gaps.rs`), so a stop in between goes on there. Reactions,
//! voice, edits and deletions cannot be asked for.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actions::activity::gaps::{End, Found, MAX_MESSAGES, OpenGap, Step, Unread};
use domain::{ChannelId, GuildId, MessageId, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Notify;
use twilight_http::request::{Method, Request, RequestBuilder};

use super::{
    activity::told,
    edge::Edge,
    limits::Urgency,
    rest::{Answer, Rest},
    wire,
};

/// As many as Discord gives at once.
const PAGE: usize = 100;
/// Of one channel.
const MAX_PAGES: u64 = 20;
/// Of one gap, those in which was written last.
const MAX_CHANNELS: usize = 200;
/// What is on its way when a connection stands again has come after this.
const SETTLES_SECS: i64 = 8;
/// Older gaps are left: whoever was away for so long has other worries.
const TOO_OLD_SECS: i64 = 86_400;
/// Where a gap is not settled yet, or is another process's.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// What was told is recorded within seconds; where it is not, others go first.
const RECORDED_WITHIN: Duration = Duration::from_secs(15);
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// For leave to make a call; it is the last in every queue.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where it is said that there is a gap.
#[derive(Clone, Debug)]
pub struct Gaps(Arc<Notify>);

#[derive(Deserialize)]
struct Place {
    id: ChannelId,
    #[serde(rename = "type", default)]
    kind: u8,
    #[serde(default)]
    last_message_id: Option<MessageId>,
}

#[derive(Deserialize)]
struct Threads {
    threads: Vec<Place>,
}

struct Worker {
    edge: Arc<Edge>,
    rest: Rest,
    /// What failed is not tried again before.
    waits: HashMap<(GuildId, Timestamp), Instant>,
}

/// Why a call brought nothing.
enum Trouble {
    /// Discord will not.
    Refused,
    Later(String),
}

impl Gaps {
    /// Goes on with what a stop left unfinished.
    pub fn start(edge: &Arc<Edge>, rest: Rest) -> Self {
        let noted = Arc::new(Notify::new());
        let worker = Worker { edge: Arc::clone(edge), rest, waits: HashMap::new() };
        tokio::spawn(worker.work(Arc::clone(&noted)));
        Self(noted)
    }

    /// A gap was written down.
    pub fn noted(&self) {
        self.0.notify_one();
    }
}

impl Worker {
    async fn work(mut self, noted: Arc<Notify>) {
        loop {
            if self.round().await {
                // Either is as good.
                let _ = tokio::time::timeout(LOOK_AGAIN, noted.notified()).await;
            } else {
                noted.notified().await;
            }
        }
    }

    /// Whether there is something to come back for.
    async fn round(&mut self) -> bool {
        let gaps = match self.edge.actions.open_gaps().await {
            Ok(gaps) => gaps,
            Err(error) => {
                tracing::warn!(%error, "it is not known what is to be made up for");
                return true;
            }
        };
        self.waits.retain(|_, until| *until > Instant::now());
        let mut left = false;
        for gap in gaps {
            let place = (gap.guild, gap.begin);
            if self.waits.contains_key(&place) || !self.is_due(&gap).await {
                left = true;
                continue;
            }
            let guild = gap.guild;
            if let Err(problem) = self.make_up_for(gap).await {
                tracing::warn!(guild.id = %guild, problem, "a gap is not made up for yet");
                self.waits.insert(place, Instant::now() + TRY_AGAIN);
                left = true;
            }
        }
        left
    }

    /// Whether it is ours, and everything that is still told of it was told and recorded.
    async fn is_due(&self, gap: &OpenGap) -> bool {
        let edge = &self.edge;
        let past = edge.discord_now().secs_since(gap.until);
        if past > TOO_OLD_SECS {
            return true;
        }
        let Some(shard) = edge.guilds.told_by(gap.guild) else { return false };
        if past < SETTLES_SECS || !edge.health.is_connected(shard) {
            return false;
        }
        let recorded = edge.all_recorded(gap.guild);
        let in_time = tokio::time::timeout(RECORDED_WITHIN, recorded).await.is_ok();
        in_time && edge.health.is_connected(shard)
    }

    async fn make_up_for(&self, mut gap: OpenGap) -> Result<(), String> {
        let actions = &self.edge.actions;
        let text = |error: actions::ActionError| error.to_string();
        let is_old = self.edge.discord_now().secs_since(gap.until) > TOO_OLD_SECS;
        if is_old || !actions.counts_messages(gap.guild).await.map_err(text)? {
            self.compare_members(&gap);
            return actions.leave_gap(&gap).await.map_err(text);
        }
        if gap.step == Step::Waiting {
            self.list(&gap).await?;
            self.compare_members(&gap);
            gap.step = Step::Reading;
        }
        if gap.step == Step::Reading {
            for unread in actions.unread_of(&gap).await.map_err(text)? {
                self.read(&gap, unread).await?;
            }
        }
        actions.count_gap(&gap).await.map_err(text)?;
        tracing::info!(guild.id = %gap.guild, "a gap was made up for");
        metrics::counter!("reeve_discord_gaps_made_up_total").increment(1);
        Ok(())
    }

    /// Who came and went, where members are copied.
    fn compare_members(&self, gap: &OpenGap) {
        if let Some(mirror) = self.edge.mirror.get() {
            mirror.compare(gap.guild);
        }
    }

    /// Where something may have been written meanwhile.
    async fn list(&self, gap: &OpenGap) -> Result<(), String> {
        let guild = gap.guild;
        let mut places: Vec<Place> = match self.ask(format!("guilds/{guild}/channels")).await {
            Ok(places) => places,
            Err(Trouble::Refused) => Vec::new(),
            Err(Trouble::Later(problem)) => return Err(problem),
        };
        match self.ask::<Threads>(format!("guilds/{guild}/threads/active")).await {
            Ok(active) => places.extend(active.threads),
            Err(Trouble::Refused) => {}
            Err(Trouble::Later(problem)) => return Err(problem),
        }
        places.retain(|place| place.may_hold_messages() && place.was_written_in(gap.after));
        places.sort_unstable_by_key(|place| std::cmp::Reverse(place.last_message_id));
        let unlisted = places.len().saturating_sub(MAX_CHANNELS);
        let channels: Vec<_> = places.iter().take(MAX_CHANNELS).map(|place| place.id).collect();
        let begun = self.edge.actions.begin_reading(gap, &channels, unlisted as u64).await;
        begun.map_err(|error| error.to_string())
    }

    /// A channel, page by page, from the oldest message on.
    async fn read(&self, gap: &OpenGap, unread: Unread) -> Result<(), String> {
        let Unread { channel, mut after, mut pages } = unread;
        let actions = &self.edge.actions;
        loop {
            let path = format!("channels/{channel}/messages?after={after}&limit={PAGE}");
            let (mut page, refused) = match self.ask::<Vec<wire::Message>>(path).await {
                Ok(page) => (page, false),
                Err(Trouble::Refused) => (Vec::new(), true),
                Err(Trouble::Later(problem)) => return Err(problem),
            };
            page.sort_unstable_by_key(|message| message.id);
            pages += 1;
            metrics::counter!("reeve_discord_gap_pages_total").increment(1);
            let last = page.last().map_or(after, |message| message.id.get());
            let kept = actions.kept_of(gap).await.map_err(|error| error.to_string())?;
            let end = if refused || (pages == 1 && page.is_empty()) {
                // Where we may not read what was written before, Discord shows an empty channel.
                Some(End::Unread)
            } else if page.len() < PAGE || last >= gap.before {
                Some(End::Read)
            } else {
                (pages >= MAX_PAGES || kept >= MAX_MESSAGES).then_some(End::Cut)
            };
            let of_people = page.iter().filter(|message| message.is_by_a_person());
            let found: Vec<_> = of_people
                .map(|message| Found {
                    id: message.id,
                    user: message.author.id,
                    how: told::written(message),
                })
                .collect();
            let keeping = actions.keep_page(gap, channel, &found, last, end).await;
            keeping.map_err(|error| error.to_string())?;
            if end.is_some() {
                return Ok(());
            }
            after = last;
        }
    }

    async fn ask<T: DeserializeOwned>(&self, path: String) -> Result<T, Trouble> {
        let later = |text: &str| Trouble::Later(text.to_owned());
        let request: Request = RequestBuilder::raw(Method::Get, path)
            .build()
            .map_err(|_| later("a request that cannot be made"))?;
        match self.rest.call(request, Urgency::Spare, PATIENCE).await {
            Answer::Done(body) => {
                serde_json::from_slice(&body).map_err(|_| later("an answer that cannot be read"))
            }
            Answer::Refused { .. } => Err(Trouble::Refused),
            Answer::RateLimited { .. } => Err(later("Discord's limits leave no room now")),
            Answer::Unknown(text) | Answer::Unavailable(text) => Err(Trouble::Later(text)),
        }
    }
}

impl Place {
    /// Channels for text, announcements, voice and stages have messages, and so have threads.
    const fn may_hold_messages(&self) -> bool {
        matches!(self.kind, 0 | 2 | 5 | 10..=13)
    }

    fn was_written_in(&self, after: u64) -> bool {
        self.last_message_id.is_some_and(|last| last.get() > after)
    }
}
