//! Has the files of messages that are evidence copied, because Discord keeps them only as long as the
//! message, and their addresses a day.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | a file was attached: an effect that copies it | the same effect | never: nothing waits for a copy | the event comes again |
//! | the effect: fetch, seal, keep | begins from the beginning; the copy before goes | gone, too large, no room: that is its result | it is done again |
//! | the effect ended: tell the case what became of the copy | the key says it once | what is known stays so | the outcome is told again |
//! | somebody is erased: what they wrote is dropped | nothing is left to drop | never | the event comes again |
//!
//! It begins at the start of the log: a file that was attached while no process ran is still asked for.

use actions::moderation::FileOf;
use async_trait::async_trait;
use domain::{
    CaseNumber,
    case::{Event, FileOutcome},
    people,
};
use eventlog::Recorded;

use super::{
    Begin, Content, Deed, Effect, Ended, Letter, Process, Reaction, Trouble, effect::code::ERASED,
};

#[derive(Debug)]
pub struct Evidence;

#[async_trait]
impl Process for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn begins(&self) -> Begin {
        Begin::Start
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(type_name, "case.file_attached" | "people.person_erased")
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        if recorded.type_name == "people.person_erased" {
            let people::Event::PersonErased { person } = eventlog::decode(recorded)?;
            return Ok(reaction.actions().forget_files_of(reaction.guild(), person).await?);
        }
        let Event::FileAttached { evidence, file, told, .. } = eventlog::decode(recorded)? else {
            return Ok(());
        };
        let (guild, case, person) = (reaction.guild(), case_of(recorded)?, told.owner());
        let told = reaction.actions().told_of_file(guild, recorded.id, told).await?;
        let Some(told) = told else {
            let (of, key) = (FileOf { case, evidence, file }, reaction.key("gone")?);
            reaction.actions().settle_file(guild, of, FileOutcome::Gone, &key).await?;
            return Ok(());
        };
        let address = domain::Personal::clear(person, Content::text(told.url));
        let (bytes, letter) = (told.bytes, Letter::About(address));
        let deed = Deed::CopyFile { case, evidence, file, person, bytes, letter };
        reaction.effect("copy", deed, "").await.map(drop)
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::CopyFile { case, evidence, file, .. } = effect.deed else { return Ok(()) };
        let of = FileOf { case, evidence, file };
        let outcome = match ended {
            Ended::Done(word) => word.as_deref().and_then(FileOutcome::of_word),
            Ended::Failed { code: ERASED, .. } => Some(FileOutcome::Gone),
            Ended::Failed { .. } | Ended::Dropped => None,
        };
        let outcome = outcome.unwrap_or(FileOutcome::Failed);
        if outcome != FileOutcome::Copied {
            // It may have been broken off half-way.
            reaction.actions().drop_copy(effect.guild, of).await?;
        }
        let key = reaction.key("settle")?;
        Ok(reaction.actions().settle_file(effect.guild, of, outcome, &key).await?)
    }
}

/// A case's stream has its number in its name.
fn case_of(recorded: &Recorded) -> Result<CaseNumber, Trouble> {
    let name = recorded.stream.within_guild();
    let number = name.split_once('/').and_then(|(_, number)| number.parse().ok());
    number.map(CaseNumber).ok_or_else(|| Trouble::Poison(format!("{name} names no case")))
}
