//! What communities hold against whoever is signed in, member or not: for reading it, and for
//! appealing. Neither who did it, nor notes, nor what is hidden.

use actions::moderation::{CaseLine, Held, HeldCase, Spoken};
use async_graphql::{Context, SimpleObject};
use domain::case::MAX_APPEALS;

use super::case::{CaseKind, CaseStatus};
use crate::{
    scalars::{Snowflake, Time},
    scope::house,
    trouble::Answer,
    viewer::SignedIn,
};

/// A community that has cases against you.
#[derive(SimpleObject)]
pub struct Punished {
    pub guild: Snowflake,
    pub name: String,
    pub icon_url: Option<String>,
    /// Whether you are a member now.
    pub is_member: bool,
    /// Whether the community shows people what is held against them; else no cases are told, and
    /// you can still appeal by a case's number.
    pub shows_record: bool,
    pub takes_appeals: bool,
    /// Newest first, at most 50.
    pub cases: Vec<OwnCase>,
}

#[derive(SimpleObject)]
pub struct OwnCase {
    pub number: u32,
    pub kind: CaseKind,
    /// `minor` or `major`, of a warning.
    pub severity: Option<String>,
    pub at: Time,
    /// Its end; of a warning, until when it counts.
    pub until: Option<Time>,
    /// `counts`, `under_way`, `in_force`, `done`, `failed` or `over`.
    pub standing: String,
    pub active: bool,
    pub status: CaseStatus,
    pub reason: Option<String>,
    /// How often you appealed.
    pub appeals: u32,
    /// How often you may appeal in all.
    pub most_appeals: u32,
    /// `open`, `accepted` or `refused`: your last appeal.
    pub appeal: Option<String>,
    /// What you wrote last.
    pub appealed: Option<Words>,
    /// What you were answered.
    pub answer: Option<Words>,
}

#[derive(SimpleObject)]
pub struct Words {
    pub at: Time,
    /// None where nothing was written, and where it was erased.
    pub text: Option<String>,
}

impl Words {
    fn of(spoken: Spoken) -> Self {
        Self { at: Time(spoken.at), text: spoken.text }
    }
}

impl OwnCase {
    fn of(held: HeldCase) -> Self {
        let CaseLine {
            number,
            kind,
            severity,
            at,
            until,
            standing,
            active,
            status,
            reason,
            appeals,
            appeal,
            ..
        } = held.case;
        Self {
            number: number.0,
            kind: kind.into(),
            severity,
            at: Time(at),
            until: until.map(Time),
            standing,
            active,
            status: status.into(),
            reason,
            appeals,
            most_appeals: MAX_APPEALS,
            appeal,
            appealed: held.appeal.map(Words::of),
            answer: held.answer.map(Words::of),
        }
    }
}

pub async fn punished(ctx: &Context<'_>, who: &SignedIn) -> Answer<Vec<Punished>> {
    let house = house(ctx);
    let mut all = Vec::new();
    for Held { guild, shows_record, takes_appeals, cases } in
        house.actions.held_anywhere(who.user).await?
    {
        // A community that this bot has left cannot answer.
        let Some(community) = house.directory.community(guild).await? else { continue };
        all.push(Punished {
            guild: Snowflake(guild.get()),
            name: community.name,
            icon_url: community.icon_url,
            is_member: house.directory.standing(guild, who.user).await?.is_some(),
            shows_record,
            takes_appeals,
            cases: cases.into_iter().map(OwnCase::of).collect(),
        });
    }
    Ok(all)
}
