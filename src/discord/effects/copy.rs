//! Copying a file that is evidence: asked for, sealed and kept a piece at a time, so that a large one
//! is never held whole.

use actions::{
    ActionError, Actions,
    moderation::{
        FileOf,
        files::{Copying, MAX_FILE_BYTES, PIECE_BYTES},
    },
};
use domain::{GuildId, PersonId, case::FileOutcome};

use super::{DiscordHands, erased};
use crate::{
    discord::cdn::{Asked, Cdn, Coming},
    processes::{Letter, Outcome},
};

/// Pieces that are written in one go.
const AT_ONCE: usize = 4;

/// Where files come from, and who keeps them.
#[derive(Debug)]
pub struct Copies {
    pub cdn: Cdn,
    pub actions: Actions,
}

impl DiscordHands {
    pub(super) async fn copy_file(
        &self,
        guild: GuildId,
        (of, person): (FileOf, PersonId),
        bytes: u64,
        letter: &Letter,
    ) -> Outcome {
        let Some(copies) = &self.copies else {
            let text = "no files are copied here".to_owned();
            return Outcome::Refused { code: 0, text };
        };
        let address = letter.read().and_then(|content| content.content.as_deref());
        let Some(address) = address else { return erased() };
        match copies.copy(guild, (of, person), bytes, address).await {
            Ok(outcome) => outcome,
            // Our own store: nothing of it is anybody else's fault.
            Err(error) => Outcome::Unavailable(error.to_string()),
        }
    }
}

impl Copies {
    async fn copy(
        &self,
        guild: GuildId,
        (of, person): (FileOf, PersonId),
        bytes: u64,
        address: &str,
    ) -> Result<Outcome, ActionError> {
        if let Some(why) = self.actions.room_for_file(guild, of, bytes).await? {
            return Ok(done(why));
        }
        let coming = match self.cdn.ask(address).await {
            Asked::Comes(coming) => coming,
            Asked::Gone => return Ok(done(FileOutcome::Gone)),
            Asked::Elsewhere => return Ok(done(FileOutcome::Elsewhere)),
            Asked::RateLimited(after) => {
                return Ok(Outcome::RateLimited { after, global: false });
            }
            Asked::Unknown(text) => return Ok(Outcome::Unknown(text)),
            Asked::Unavailable(text) => return Ok(Outcome::Unavailable(text)),
        };
        // It may be longer than Discord told of it before.
        if let Some(bytes) = coming.bytes
            && let Some(why) = self.actions.room_for_file(guild, of, bytes).await?
        {
            return Ok(done(why));
        }
        let Some(mut copying) = self.actions.begin_copy(guild, of, person).await? else {
            return Ok(erased());
        };
        match self.keep(&mut copying, coming).await? {
            Kept::Whole => {
                let kept = self.actions.finish_copy(copying).await?;
                Ok(if kept { done(FileOutcome::Copied) } else { erased() })
            }
            Kept::TooLarge => Ok(done(FileOutcome::TooLarge)),
            Kept::BrokeOff(text) => Ok(Outcome::Unknown(text)),
        }
    }

    async fn keep(&self, copying: &mut Copying, mut coming: Coming) -> Result<Kept, ActionError> {
        let mut waiting = Vec::new();
        let mut bytes = 0;
        loop {
            match coming.next().await {
                Ok(Some(more)) => {
                    bytes += more.len() as u64;
                    if bytes > MAX_FILE_BYTES {
                        return Ok(Kept::TooLarge);
                    }
                    waiting.extend_from_slice(&more);
                    let whole = waiting.len() / PIECE_BYTES * PIECE_BYTES;
                    if whole >= AT_ONCE * PIECE_BYTES {
                        self.write(copying, &waiting[..whole]).await?;
                        waiting.drain(..whole);
                    }
                }
                Ok(None) => break,
                Err(text) => return Ok(Kept::BrokeOff(text)),
            }
        }
        self.write(copying, &waiting).await?;
        Ok(Kept::Whole)
    }

    async fn write(&self, copying: &mut Copying, bytes: &[u8]) -> Result<(), ActionError> {
        let pieces: Vec<_> = bytes.chunks(PIECE_BYTES).collect();
        for pieces in pieces.chunks(AT_ONCE) {
            self.actions.keep_pieces(copying, pieces).await?;
        }
        Ok(())
    }
}

enum Kept {
    Whole,
    TooLarge,
    BrokeOff(String),
}

fn done(outcome: FileOutcome) -> Outcome {
    Outcome::Done(Some(outcome.word().to_owned()))
}
