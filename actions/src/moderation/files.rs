//! Copies of files that are evidence: sealed with the key of whoever wrote the message, beside the
//! log and never in it. Who is erased takes them along.
//!
//! Limits: [`MAX_FILE_BYTES`] of a file, [`MAX_CASE_BYTES`] of a case, [`MAX_GUILD_BYTES`] of a
//! community. A copy is written a piece at a time, and is there once its row in `evidence_files` is.

use std::sync::Arc;

use domain::{
    CaseNumber, EventId, GuildId, IdempotencyKey, PersonId, Personal,
    case::{self, FileOutcome, FileTold},
    reads::{Thing, Via},
};
use eventlog::{LogError, PeopleError, people::DataKey, values};
use projections::moderation::cases;
use uuid::Uuid;

use super::{MODULE, Sight, no_such_case, refused};
use crate::{ActionError, Actions, Caller};

pub const MAX_FILE_BYTES: u64 = 16 << 20;
pub const MAX_CASE_BYTES: u64 = 64 << 20;
pub const MAX_GUILD_BYTES: u64 = 1 << 30;
/// So much of a file is sealed, kept and sent at once.
pub const PIECE_BYTES: usize = 256 << 10;

/// Which file: the evidence's number within its case, and the file's within its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileOf {
    pub case: CaseNumber,
    pub evidence: u32,
    pub file: u32,
}

/// A file of a case, as whoever may see it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    pub of: FileOf,
    /// None where whoever wrote it was erased.
    pub told: Option<FileTold>,
    /// None while it is being copied.
    pub outcome: Option<FileOutcome>,
}

/// A copy that is there and may be read.
#[derive(Clone, Debug)]
pub struct KeptFile {
    pub of: FileOf,
    pub name: String,
    pub bytes: u64,
    pub pieces: u64,
    guild: GuildId,
    key: Arc<DataKey>,
}

/// A copy that is being made.
#[derive(Debug)]
pub struct Copying {
    guild: GuildId,
    of: FileOf,
    person: PersonId,
    key: Arc<DataKey>,
    pieces: u64,
    bytes: u64,
}

impl Actions {
    /// Whether there is room for a file of so many bytes; else why not.
    pub async fn room_for_file(
        &self,
        guild: GuildId,
        of: FileOf,
        bytes: u64,
    ) -> Result<Option<FileOutcome>, ActionError> {
        if bytes > MAX_FILE_BYTES {
            return Ok(Some(FileOutcome::TooLarge));
        }
        let select = "SELECT CAST(COALESCE(SUM(bytes), 0) AS bigint), \
                      CAST(COALESCE(SUM(CASE WHEN case_number = $2 THEN bytes ELSE 0 END), 0) \
                      AS bigint) FROM evidence_files WHERE guild = $1";
        let rows = self.work.query(select, &values![guild, of.case.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let full =
            row.count(0)? + bytes > MAX_GUILD_BYTES || row.count(1)? + bytes > MAX_CASE_BYTES;
        Ok(full.then_some(FileOutcome::NoRoom))
    }

    /// Begins a copy, from the beginning where one was broken off. None where whoever wrote it was
    /// erased.
    pub async fn begin_copy(
        &self,
        guild: GuildId,
        of: FileOf,
        person: PersonId,
    ) -> Result<Option<Copying>, ActionError> {
        let key = match self.people().key(guild, person).await {
            Ok(key) => key,
            Err(PeopleError::NoKey { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.drop_copy(guild, of).await?;
        Ok(Some(Copying { guild, of, person, key, pieces: 0, bytes: 0 }))
    }

    /// Keeps the next pieces, each of [`PIECE_BYTES`] but for the last.
    pub async fn keep_pieces(
        &self,
        copying: &mut Copying,
        pieces: &[&[u8]],
    ) -> Result<(), ActionError> {
        let Copying { guild, of, ref key, .. } = *copying;
        let mut rows = Vec::with_capacity(pieces.len());
        for (number, piece) in (copying.pieces..).zip(pieces) {
            let sealed = key.seal_piece(place(guild, of), &name_of(number), piece)?;
            rows.push(values![guild, of.case.0, of.evidence, of.file, number, sealed]);
            copying.bytes += piece.len() as u64;
        }
        copying.pieces += rows.len() as u64;
        let insert = "INSERT INTO evidence_pieces \
                      (guild, case_number, evidence, file, piece, sealed) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        let mut tx = self.work.begin().await?;
        tx.execute_many(insert, &rows).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All of it is kept: from now on it can be read. False where whoever wrote it was erased
    /// meanwhile; then nothing is left of it.
    pub async fn finish_copy(&self, copying: Copying) -> Result<bool, ActionError> {
        let Copying { guild, of, person, bytes, pieces, .. } = copying;
        let now = self.now();
        let insert = "INSERT INTO evidence_files \
                      (guild, case_number, evidence, file, person, bytes, pieces, copied_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let row = values![guild, of.case.0, of.evidence, of.file, person, bytes, pieces, now];
        self.work.execute(insert, &row).await?;
        // An erasure is listed first, and what was sealed is looked for afterwards: one of the two of
        // us sees the other.
        let erased = self.people().erasures().contains(guild, person)?;
        if erased {
            self.drop_copy(guild, of).await?;
        }
        Ok(!erased)
    }

    /// Nothing is left of a copy.
    pub async fn drop_copy(&self, guild: GuildId, of: FileOf) -> Result<(), ActionError> {
        let which = values![guild, of.case.0, of.evidence, of.file];
        let mut tx = self.work.begin().await?;
        for delete in [
            "DELETE FROM evidence_files \
             WHERE guild = $1 AND case_number = $2 AND evidence = $3 AND file = $4",
            "DELETE FROM evidence_pieces \
             WHERE guild = $1 AND case_number = $2 AND evidence = $3 AND file = $4",
        ] {
            tx.execute(delete, &which).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells the case what became of the copy of a file; what is known already stays so.
    pub async fn settle_file(
        &self,
        guild: GuildId,
        of: FileOf,
        outcome: FileOutcome,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let FileOf { evidence, file, .. } = of;
        let command = case::Command::SettleFile { evidence, file, outcome, at: self.now() };
        self.tell_case(guild, of.case, &command, key).await
    }

    /// Somebody was erased: their key is gone, and now the files that it had sealed.
    pub async fn forget_files_of(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<(), ActionError> {
        let select = "SELECT case_number, evidence, file FROM evidence_files \
                      WHERE guild = $1 AND person = $2";
        for row in self.work.query(select, &values![guild, person]).await? {
            let number = |column| Ok::<_, LogError>(u32::try_from(row.int(column)?).unwrap_or(0));
            let (case, evidence, file) = (CaseNumber(number(0)?), number(1)?, number(2)?);
            self.drop_copy(guild, FileOf { case, evidence, file }).await?;
        }
        Ok(())
    }

    /// The files of a case, for whoever sees all of it; none for its member.
    pub(super) async fn files_of(
        &self,
        guild: GuildId,
        number: CaseNumber,
    ) -> Result<Vec<CaseFile>, ActionError> {
        let rows = cases::files(self.store(), guild, number).await?;
        let mut files = Vec::with_capacity(rows.len());
        for row in rows {
            let of = FileOf { case: number, evidence: row.evidence, file: row.file };
            let told = self.told_of_file(guild, row.event, row.told).await?;
            files.push(CaseFile { of, told, outcome: row.outcome });
        }
        Ok(files)
    }

    /// What is told of a file, in the clear; none where it was erased. Whether the caller may read it
    /// is for whoever asks to find out.
    pub async fn told_of_file(
        &self,
        guild: GuildId,
        id: EventId,
        told: Personal<FileTold>,
    ) -> Result<Option<FileTold>, ActionError> {
        let at = domain::Timestamp::NEVER;
        let mut event = case::Event::FileAttached { evidence: 0, file: 0, told, at };
        self.people().open_event(guild, id, &mut event).await?;
        Ok(match event {
            case::Event::FileAttached { told, .. } => told.value().cloned(),
            _ => None,
        })
    }

    /// A copy, for whoever sees all of its case.
    #[tracing::instrument(name = "moderation.file", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn copy_of_file(
        &self,
        guild: GuildId,
        caller: &Caller,
        of: FileOf,
    ) -> Result<KeptFile, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let row = self.case_row(guild, of.case).await;
        let sight = self.sight_of_case(guild, caller, row.as_ref().ok()).await?;
        row?;
        if sight != Sight::All {
            return Err(no_such_case());
        }
        let rows = cases::files(self.store(), guild, of.case).await?;
        let row = rows.into_iter().find(|row| (row.evidence, row.file) == (of.evidence, of.file));
        let row = row.ok_or_else(|| {
            refused("moderation.no_such_file", "There is no such file beside this case.")
        })?;
        let key = match self.people().key(guild, row.owner).await {
            Ok(key) => key,
            Err(PeopleError::NoKey { .. }) => return Err(erased()),
            Err(error) => return Err(error.into()),
        };
        let told = self.told_of_file(guild, row.event, row.told).await?.ok_or_else(erased)?;
        let select = "SELECT bytes, pieces FROM evidence_files \
                      WHERE guild = $1 AND case_number = $2 AND evidence = $3 AND file = $4";
        let which = values![guild, of.case.0, of.evidence, of.file];
        let kept = self.work.query(select, &which).await?;
        let kept = kept.first().ok_or_else(|| not_kept(row.outcome))?;
        let FileOf { case, evidence, file } = of;
        let thing = Thing::File { case, evidence, file };
        self.note_read(guild, caller, thing, Via::Download).await;
        let (bytes, pieces) = (kept.count(0)?, kept.count(1)?);
        Ok(KeptFile { of, name: told.name, bytes, pieces, guild, key })
    }

    /// One piece of a copy, from 0 on.
    pub async fn piece_of(&self, copy: &KeptFile, number: u64) -> Result<Vec<u8>, ActionError> {
        let KeptFile { of, guild, .. } = *copy;
        let select = "SELECT sealed FROM evidence_pieces WHERE guild = $1 AND case_number = $2 \
                      AND evidence = $3 AND file = $4 AND piece = $5";
        let which = values![guild, of.case.0, of.evidence, of.file, number];
        let rows = self.work.query(select, &which).await?;
        let gone =
            || LogError::Corrupt("a piece of a file is missing or cannot be opened".to_owned());
        let sealed = rows.first().ok_or_else(gone)?.blob(0)?;
        let clear = copy.key.open_piece(place(guild, of), &name_of(number), sealed);
        Ok(clear.ok_or_else(gone)?)
    }
}

/// A piece belongs to its file and its place in it, and opens nowhere else.
fn place(guild: GuildId, of: FileOf) -> EventId {
    let name = format!("reeve.evidence/{guild}/{}/{}/{}", of.case.0, of.evidence, of.file);
    EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

fn name_of(piece: u64) -> String {
    format!("piece/{piece}")
}

fn erased() -> ActionError {
    refused("moderation.file_erased", "Whoever wrote it was erased, and the file with them.")
}

fn not_kept(outcome: Option<FileOutcome>) -> ActionError {
    let text = match outcome {
        None => "This file is being copied. Try again in a moment.",
        Some(FileOutcome::Copied) => {
            "This installation does not have this file any more: it was restored from a backup, \
             which holds no files."
        }
        Some(FileOutcome::Gone) => "Discord had this file no longer when it was to be copied.",
        Some(FileOutcome::TooLarge) => "This file is too large to be copied.",
        Some(FileOutcome::NoRoom) => "There was no room for this file any more.",
        Some(FileOutcome::Elsewhere) => "This file stood on no server of Discord's.",
        Some(FileOutcome::Failed) => "Discord did not hand this file out.",
    };
    refused("moderation.file_not_kept", text)
}
