//! Waiting for something to happen, by being told, never by looking again and again.

use std::time::Duration;

use super::{Failed, PATIENCE, View};
use crate::{server::Sim, snowflake::Id, world::World};

impl Sim {
    /// Waits until something is so. It is looked at after each change of the world.
    pub async fn until<T>(
        &self,
        what: &str,
        look: impl FnMut(&World) -> Option<T>,
    ) -> Result<T, Failed> {
        self.until_within(PATIENCE, what, look).await
    }

    /// The same, with another patience.
    pub async fn until_within<T>(
        &self,
        patience: Duration,
        what: &str,
        mut look: impl FnMut(&World) -> Option<T>,
    ) -> Result<T, Failed> {
        let mut changes = self.hub.changes();
        let wait = async {
            loop {
                changes.mark_unchanged();
                let found = look(&self.world.lock());
                if let Some(found) = found {
                    return found;
                }
                if changes.changed().await.is_err() {
                    // The hub lives as long as this handle.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(patience, wait)
            .await
            .map_err(|_| Failed::Patience { what: what.to_owned(), secs: patience.as_secs() })
    }

    /// Waits for a message in a channel, the newest that fits.
    pub async fn message_in(
        &self,
        channel: Id,
        fits: impl Fn(&View) -> bool,
    ) -> Result<(Id, View), Failed> {
        self.until("a message", |world| {
            let messages = &world.channels.get(&channel)?.messages;
            messages.values().rev().find_map(|message| {
                let view = View(world.message_wire(message, false));
                fits(&view).then_some((message.id, view))
            })
        })
        .await
    }

    /// Waits until a bot is connected and has been told of its guilds.
    pub async fn bot_is_ready(&self, application: Id) -> Result<(), Failed> {
        let ready = async {
            loop {
                let session = self.until_within(PATIENCE, "the bot", |_| {
                    let sessions = self.hub.sessions();
                    sessions.into_iter().rev().find(|session| session.application == application)
                });
                let session = session.await?;
                session.until_fewer_than(1).await;
                if session.is_connected() {
                    return Ok(());
                }
                // It was told everything and went; the next change may be its coming back.
                let mut changes = self.hub.changes();
                let _ = changes.changed().await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap_or_else(|_| {
            Err(Failed::Patience { what: "the bot".to_owned(), secs: PATIENCE.as_secs() })
        })
    }
}
