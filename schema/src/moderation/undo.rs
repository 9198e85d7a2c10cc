//! Taking back by cause: first what it would come to, then a step of it.

use actions::moderation::Cause;
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::CaseNumber;

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guild::guild_id,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// What is to be taken back: all that is named must hold, and something must be named.
#[derive(InputObject)]
pub struct UndoCause {
    /// A rule of the bot's that made the cases, such as `ladder`.
    pub rule: Option<String>,
    pub moderator: Option<Snowflake>,
    /// Those that were ordered together with this case.
    pub batch_of: Option<u32>,
    pub since: Option<Time>,
    pub until: Option<Time>,
}

impl UndoCause {
    fn known(self) -> Answer<Cause> {
        Ok(Cause {
            rule: self.rule,
            moderator: self.moderator.map(user_id).transpose()?,
            batch_of: self.batch_of.map(CaseNumber),
            since: self.since.map(|since| since.0),
            until: self.until.map(|until| until.0),
        })
    }
}

/// What it would come to, of what still counts or is in force.
#[derive(SimpleObject)]
pub struct UndoPreview {
    pub warnings: Long,
    pub timeouts: Long,
    pub bans: Long,
    /// How many of them the next step takes back.
    pub step: Long,
}

pub async fn preview(scope: &Scope, cause: UndoCause) -> Answer<UndoPreview> {
    let key = actions::fresh_key("undo").map_err(|error| Trouble::fault(&error))?;
    let (actions, guild) = (scope.actions(), scope.guild());
    let preview = actions.preview_undo(guild, scope.caller(), &cause.known()?, &key).await?;
    let number = |number: u64| Long(number.cast_signed());
    Ok(UndoPreview {
        warnings: number(preview.warnings),
        timeouts: number(preview.timeouts),
        bans: number(preview.bans),
        step: number(preview.step),
    })
}

#[derive(InputObject)]
pub struct UndoInput {
    pub guild: Snowflake,
    pub cause: UndoCause,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct CasesUndone {
    pub done: Done,
    /// Cases that were taken back, or are being lifted in Discord.
    pub cases: Option<u32>,
    /// What another step would find.
    pub left: Option<Long>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "UndoMutations")]
impl Mutations {
    /// Takes back the oldest of what the cause made, a step at a time.
    async fn cases_undo(&self, ctx: &Context<'_>, input: UndoInput) -> Answer<CasesUndone> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, cause) = (scope.actions(), input.cause.known()?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.undo_cases(scope.guild(), scope.caller(), &cause, &key).await;
        Ok(match done(asked)? {
            Ok(undone) => CasesUndone {
                done: Done::of(false),
                cases: u32::try_from(undone.cases).ok(),
                left: Some(Long(undone.left.cast_signed())),
            },
            Err(done) => CasesUndone { done, cases: None, left: None },
        })
    }
}
