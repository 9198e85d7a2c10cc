//! Work in flight: how much there may be at once, and waiting until it is done.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use twilight_model::id::{
    Id,
    marker::{ApplicationMarker, InteractionMarker},
};

use super::{
    connect::Http,
    ctx::{Asked, Unusable},
    edge::Edge,
    learn,
    mouth::{First, Mouth, Voice},
    reply::Reply,
    respond::{PATIENCE_MILLIS, respond, turn_away},
    sessions::Working,
    text::{Lang, Text, text},
    wire,
};

/// Requests that are answered at once; further ones are told that we are busy.
const MAX_ANSWERING: usize = 1_024;
/// Of those that are told so.
const MAX_TURNED_AWAY: usize = 256;

const ONLY_IN_COMMUNITIES: Text =
    text("I only work inside a community.", "Ich arbeite nur in einer Community.");

#[derive(Clone, Debug)]
pub struct Hands {
    pub http: Http,
    pub application: Id<ApplicationMarker>,
    answering: Arc<Semaphore>,
    turning_away: Arc<Semaphore>,
}

impl Hands {
    pub fn new(http: Http, application: u64) -> Self {
        Self {
            http,
            application: Id::new(application),
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            turning_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
        }
    }

    /// Begins to answer; returns at once. Where Discord tells of it `again`, it may have been
    /// answered.
    pub fn answer(
        &self,
        edge: &Arc<Edge>,
        interaction: wire::Interaction,
        working: Working,
        again: bool,
    ) {
        const PING: u8 = 1;
        if interaction.kind == PING || !edge.is_first(interaction.id) {
            return;
        }
        if edge.age_millis(interaction.id) > PATIENCE_MILLIS {
            // Whoever asked has been told that we did not answer. Doing it now would surprise.
            metrics::counter!("reeve_discord_late_interactions_total").increment(1);
            tracing::debug!("an interaction came too late to be answered");
            return;
        }
        let Some(id) = Id::<InteractionMarker>::new_checked(interaction.id) else { return };
        let voice = Voice {
            http: Arc::clone(&self.http),
            application: self.application,
            interaction: id,
            token: interaction.token.clone(),
        };
        let unknown = interaction.guild_id.filter(|guild| !edge.guilds.is_known(*guild));
        let begin = move |hands: &Self, edge: &Arc<Edge>| {
            hands.begin(edge, interaction, voice, working, again);
        };
        let Some(guild) = unknown else { return begin(self, edge) };
        let (hands, edge) = (self.clone(), Arc::clone(edge));
        tokio::spawn(async move {
            learn::roles(&hands.http, &edge, guild).await;
            begin(&hands, &edge);
        });
    }

    fn begin(
        &self,
        edge: &Arc<Edge>,
        interaction: wire::Interaction,
        voice: Voice,
        working: Working,
        again: bool,
    ) {
        let lang = Lang::of(interaction.locale.as_deref().unwrap_or_default());
        match Asked::read(interaction, &edge.guilds) {
            Ok(asked) => self.take(edge, Asked { again, ..asked }, voice, working),
            Err(Unusable::Alone) => {
                tokio::spawn(async move {
                    let reply = Reply::bad(ONLY_IN_COMMUNITIES.say(lang));
                    voice.first(First::Reply(reply)).await;
                    drop(working);
                });
            }
            Err(Unusable::Strange) => {
                tracing::info!("an interaction of a kind that this version does not know");
            }
        }
    }

    pub fn take(
        &self,
        edge: &Arc<Edge>,
        asked: Asked,
        mouth: impl Mouth + 'static,
        working: Working,
    ) {
        let edge = Arc::clone(edge);
        if let Ok(place) = Arc::clone(&self.answering).try_acquire_owned() {
            tokio::spawn(work(edge, asked, mouth, working, place));
        } else if let Ok(aside) = Arc::clone(&self.turning_away).try_acquire_owned() {
            let answering = Arc::clone(&self.answering);
            tokio::spawn(async move {
                if !asked.again {
                    turn_away(&asked, &mouth).await;
                } else if let Ok(place) = answering.acquire_owned().await {
                    // It may have been done: nobody is told that it was not.
                    drop(aside);
                    work(edge, asked, mouth, working, place).await;
                }
            });
        }
    }
}

async fn work(
    edge: Arc<Edge>,
    asked: Asked,
    mouth: impl Mouth,
    working: Working,
    place: OwnedSemaphorePermit,
) {
    let guild = asked.guild;
    let used = respond(Arc::clone(&edge), asked, &mouth).await;
    drop(place);
    if let (Some(used), Some(lane)) = (used, edge.lane(edge.guilds.shard_of(guild))) {
        lane.used(guild, used, working.then_record());
    }
}
