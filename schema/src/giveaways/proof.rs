//! What anybody may check of a draw, signed in or not: what its bundle says, and no more. Nobody is
//! named, and neither is the prize or the community.

use async_graphql::{Context, ID, Object, SimpleObject};
use projections::giveaways::timeline;

use super::{GiveawayState, Pick, giveaway_id};
use crate::{
    scalars::{Long, Snowflake},
    scope::house,
    trouble::Answer,
};

#[derive(Debug, Default)]
pub struct Queries;

#[Object(name = "GiveawayQueries")]
impl Queries {
    /// The draw of a giveaway; for everybody who was given its address. None where there is no such
    /// giveaway. The whole bundle is at `/p/giveaway/<id>/draw.jsonl`.
    #[graphql(complexity = "50 * child_complexity")]
    async fn draw(&self, ctx: &Context<'_>, giveaway: ID) -> Answer<Option<Draw>> {
        let actions = &house(ctx).actions;
        let line = actions.public_giveaway(giveaway_id(&giveaway)?).await?;
        let Some(line) = line else { return Ok(None) };
        let picks = timeline::picks(actions.store(), line.guild, line.giveaway).await?;
        let (message, seed) = line.draw.unzip();
        Ok(Some(Draw {
            id: ID(line.giveaway.to_string()),
            state: GiveawayState::of(line.status),
            winner_count: line.terms.winners,
            entries: Long(line.entries.cast_signed()),
            commitment: line.commitment.to_string(),
            root: line.root.map(|root| root.to_string()),
            message: message.map(|message| Snowflake(message.get())),
            seed: seed.map(|seed| seed.to_string()),
            picks: picks.iter().map(Pick::of).collect(),
        }))
    }
}

/// What is public of a draw.
#[derive(SimpleObject)]
#[graphql(name = "PublicDraw")]
pub struct Draw {
    pub id: ID,
    pub state: GiveawayState,
    pub winner_count: u32,
    /// How many are in, or were when it closed.
    pub entries: Long,
    /// What the seed was committed to when the giveaway was made.
    pub commitment: String,
    /// Over all entries, once it is closed.
    pub root: Option<String>,
    /// The message that told of the close, once it is drawn.
    pub message: Option<Snowflake>,
    pub seed: Option<String>,
    /// Who was drawn, by number, in order.
    pub picks: Vec<Pick>,
}
