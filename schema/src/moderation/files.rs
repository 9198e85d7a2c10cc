//! Files of messages that are evidence of a case. What they hold is no part of GraphQL: it is saved
//! from the address that stands beside it.

use async_graphql::{ComplexObject, Enum, SimpleObject};
use domain::{
    CaseNumber,
    case::{FileOutcome, FileTold},
};
use projections::moderation::cases::{self, FileRow};

use crate::{
    scalars::{Long, Time},
    scope::Scope,
    trouble::Answer,
};

/// What became of the copy of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "FileOutcome")]
pub enum CaseFileOutcome {
    Copied,
    /// Discord had it no longer.
    Gone,
    TooLarge,
    /// The case or the community keeps as much as it may.
    NoRoom,
    /// It stood on no server of Discord's.
    Elsewhere,
    /// Discord did not hand it out.
    Failed,
}

/// A file of a message that is evidence.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CaseFile {
    /// The number of the evidence within the case: `detail` of its entry.
    pub evidence: u32,
    /// The number of the file within its message.
    pub number: u32,
    pub at: Time,
    /// None where whoever wrote it was erased.
    pub name: Option<String>,
    /// As Discord told.
    pub bytes: Option<Long>,
    /// None while it is being copied.
    pub outcome: Option<CaseFileOutcome>,
    #[graphql(skip)]
    address: String,
}

#[ComplexObject]
impl CaseFile {
    /// Where the copy can be saved from, on this site; none where there is none.
    async fn address(&self) -> Option<&str> {
        let kept = self.outcome == Some(CaseFileOutcome::Copied) && self.name.is_some();
        kept.then_some(self.address.as_str())
    }
}

/// All files of a case, for whoever sees all of it.
pub async fn of_case(scope: &Scope, number: CaseNumber) -> Answer<Vec<CaseFile>> {
    let store = scope.reading("cases").await?;
    let rows = cases::files(&store, scope.guild(), number).await?;
    let mut files = Vec::with_capacity(rows.len());
    for FileRow { evidence, file, at, event, told, outcome, .. } in rows {
        let guild = scope.guild();
        let told = scope.actions().told_of_file(guild, event, told).await?;
        let (name, bytes) = told.map(|FileTold { name, bytes, .. }| (name, bytes)).unzip();
        files.push(CaseFile {
            evidence,
            number: file,
            at: Time(at),
            name,
            bytes: bytes.map(|bytes| Long(bytes.cast_signed())),
            outcome: outcome.map(Into::into),
            address: format!("/g/{guild}/cases/{}/files/{evidence}/{file}", number.0),
        });
    }
    Ok(files)
}
