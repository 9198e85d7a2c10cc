//! What other settings of levels would do, as it is answered before they are saved.

use actions::{levels::LevelOutlook, settings::Draft};
use async_graphql::{Enum, InputObject, SimpleObject};
use domain::{
    GuildId,
    levels::outlook::{Lacking, Moved, Replayed},
};

use crate::{
    people::Person,
    scalars::{Long, Snowflake, Time},
    settings::FieldSet,
    trouble::{Answer, Trouble},
};

/// Fields that are looked at together.
const MAX_FIELDS: usize = 60;

/// What is about to be saved: fields, or one back to the default, or all as a version made them.
#[derive(InputObject)]
pub struct LevelDraft {
    pub fields: Option<Vec<FieldSet>>,
    /// Back to the default.
    pub reset: Option<String>,
    pub version: Option<u32>,
}

/// What other settings would do. Nothing that was earned is ever changed by them.
#[derive(SimpleObject)]
#[graphql(name = "LevelOutlook")]
pub struct OutlookLine {
    /// Who have any XP.
    pub members: Long,
    /// Who would be at a higher level at once, and at a lower one.
    pub up: Long,
    pub down: Long,
    /// Those whose level would change most.
    pub most: Vec<LevelMove>,
    /// What members would be given and lose once their level changes next.
    pub roles: Vec<LevelRoleMoves>,
    /// Had the last weeks been paid so; none where they would be paid as they were.
    pub replayed: Option<ReplayedLine>,
}

/// From one level, or one place, to another.
#[derive(SimpleObject)]
pub struct LevelMove {
    pub person: Person,
    pub xp: Long,
    pub from: Long,
    pub to: Long,
}

#[derive(SimpleObject)]
pub struct LevelRoleMoves {
    pub role: Snowflake,
    pub given: Long,
    pub taken: Long,
}

/// Earnings of late as other settings would have paid them.
#[derive(SimpleObject)]
#[graphql(name = "LevelReplay")]
pub struct ReplayedLine {
    pub since: Time,
    pub earned: Long,
    pub would_earn: Long,
    /// Who would stand at a better place, and at a worse one.
    pub up: Long,
    pub down: Long,
    pub most: Vec<LevelMove>,
    /// What the log does not tell, and the answer therefore leaves out.
    pub lacking: Vec<LevelReplayLacks>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Lacking")]
pub enum LevelReplayLacks {
    /// With which roles and in which channels members earned.
    Places,
    /// What came within a cooldown and earned nothing.
    WithinCooldown,
    /// Who flooded.
    Floods,
    /// There is more than is looked at.
    Earlier,
}

impl LevelDraft {
    /// The fields of the draft, for [`Self::read`].
    pub fn fields(&self) -> Vec<(String, String)> {
        let fields = self.fields.iter().flatten();
        fields.map(|field| (field.name.clone(), field.text.clone())).collect()
    }

    pub fn read<'a>(&'a self, fields: &'a [(String, String)]) -> Answer<Draft<'a>> {
        match (&self.fields, &self.reset, self.version) {
            (Some(_), None, None) if (1..=MAX_FIELDS).contains(&fields.len()) => {
                Ok(Draft::Fields(fields))
            }
            (None, Some(name), None) => Ok(Draft::Reset(Some(name))),
            (None, None, Some(version)) => Ok(Draft::Version(version)),
            _ => Err(Trouble::bad_input(format!(
                "draft: say one of fields (1 to {MAX_FIELDS}), reset or version."
            ))),
        }
    }
}

impl OutlookLine {
    pub fn of(guild: GuildId, outlook: &LevelOutlook) -> Self {
        let LevelOutlook { now, replayed } = outlook;
        let roles = now.roles.iter().map(|moves| LevelRoleMoves {
            role: Snowflake(moves.role.get()),
            given: long(moves.given),
            taken: long(moves.taken),
        });
        Self {
            members: long(now.members),
            up: long(now.up),
            down: long(now.down),
            most: moves(guild, &now.most),
            roles: roles.collect(),
            replayed: replayed.as_ref().map(|replayed| ReplayedLine::of(guild, replayed)),
        }
    }
}

impl ReplayedLine {
    fn of(guild: GuildId, replayed: &Replayed) -> Self {
        Self {
            since: Time(replayed.since),
            earned: long(replayed.earned),
            would_earn: long(replayed.would_earn),
            up: long(replayed.up),
            down: long(replayed.down),
            most: moves(guild, &replayed.most),
            lacking: replayed.lacking.iter().map(|lacking| (*lacking).into()).collect(),
        }
    }
}

fn moves(guild: GuildId, most: &[Moved]) -> Vec<LevelMove> {
    let line = |moved: &Moved| LevelMove {
        person: Person::of(guild, moved.person),
        xp: long(moved.xp),
        from: long(moved.from),
        to: long(moved.to),
    };
    most.iter().map(line).collect()
}

const fn long(number: u64) -> Long {
    Long(number.cast_signed())
}
