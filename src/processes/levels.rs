//! Gives and takes the roles of levels, and tells of levels that were reached.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | `RoleOrdered`: an effect that gives or takes the role | the same effect, left as it is | its event parks the guild | the event comes again |
//! | the effect ended: note what came of it | the key notes once; an order that is not open any more is left alone | never | the outcome is told again |
//! | `LevelReached`: a notice, where the community wants one | the same notice, left as it is | its event parks the guild | the event comes again |
//!
//! A notice names the member and pings nobody; where it cannot be posted, it is dropped.

use async_trait::async_trait;
use domain::{
    GuildId, PersonId, Personal,
    levels::{Announce, Event, RoleFailure},
};
use eventlog::Recorded;

use super::{
    Content, Deed, Effect, Ended, Letter, Process, Reaction, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE},
};

#[derive(Debug)]
pub struct Levels;

#[async_trait]
impl Process for Levels {
    fn name(&self) -> &'static str {
        "levels"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(type_name, "levels.role_ordered" | "levels.level_reached")
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        match eventlog::decode(event)? {
            Event::RoleOrdered { person, role, give, attempt, .. } => {
                let deed = if give {
                    Deed::GiveRole { person, role }
                } else {
                    Deed::TakeRole { person, role }
                };
                reaction.effect("role", deed, &attempt.to_string()).await.map(drop)
            }
            Event::LevelReached { person, level, channel, .. } => {
                announce(reaction, event.guild(), (person, level), channel).await
            }
            _ => Ok(()),
        }
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let (Deed::GiveRole { person, role } | Deed::TakeRole { person, role }) = effect.deed
        else {
            return Ok(());
        };
        let attempt = effect
            .note
            .parse()
            .map_err(|_| Trouble::Poison(format!("no attempt is named {:?}", effect.note)))?;
        let failed = match ended {
            Ended::Done(_) => None,
            Ended::Failed { code, .. } => Some(failure(*code)),
            Ended::Dropped => Some(RoleFailure::Unavailable),
        };
        let key = reaction.key("note")?;
        let order = (person, role, attempt);
        Ok(reaction.actions().note_level_role(effect.guild, order, failed, &key).await?)
    }
}

async fn announce(
    reaction: &mut Reaction,
    guild: GuildId,
    (person, level): (PersonId, u32),
    wrote_in: Option<domain::ChannelId>,
) -> Result<(), Trouble> {
    let terms = reaction.actions().level_terms(guild).await?;
    let settings = &terms.values;
    let channel = match settings.announce {
        Announce::Nowhere => return Ok(()),
        Announce::There => wrote_in,
        Announce::Channel => settings.announce_channel.first().copied(),
        Announce::Direct => None,
    };
    // Erased meanwhile: nobody is there to be told of.
    let Some(user) = reaction.people().user(guild, person).await? else { return Ok(()) };
    let about = |text: String| Letter::About(Personal::clear(person, Content::text(text)));
    let deed = match (settings.announce, channel) {
        (Announce::Direct, _) => {
            let letter = about(format!("You have reached level {level}."));
            Deed::DirectMessage { person, letter }
        }
        (_, Some(channel)) => {
            let letter = about(format!("<@{user}> has reached level {level}."));
            Deed::PostNotice { channel, letter }
        }
        // By voice or by staff, not in any channel.
        (_, None) => return Ok(()),
    };
    reaction.effect("tell", deed, "").await.map(drop)
}

const fn failure(code: u64) -> RoleFailure {
    match code {
        UNKNOWN_MEMBER | ERASED => RoleFailure::MemberGone,
        UNKNOWN_ROLE => RoleFailure::RoleGone,
        MISSING_ACCESS | MISSING_PERMISSIONS => RoleFailure::NotAllowed,
        _ => RoleFailure::Unavailable,
    }
}
