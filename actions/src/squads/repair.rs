//! Roles of squads that are not as the squads are: given or taken by hand, while nobody was there or
//! against us. What members carry is read from the copy of members ([`crate::mirror`]), so it is as
//! good as that is; what is repaired is what is so when it is decided.

use std::collections::{HashMap, HashSet};

use domain::{
    GuildId, IdempotencyKey, PersonId, RoleId, Timestamp, UserId,
    squads::{Command, MAX_REPAIRED, Owed, Squads},
};
use eventlog::{LogError, values};

use super::{MODULE, stream};
use crate::{ActionError, Actions, Caller, Permission, mirror::SyncState};

/// What one confirmation repairs; what is left shows in the next preview.
pub const MAX_AT_ONCE: usize = 2_000;
/// Of each kind that are named in a preview.
const NAMED: usize = 5;
/// Members that are read at once.
const PAGE: u32 = 1_000;

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amiss {
    /// Members who lack the role of the squad that they are in.
    pub lack: usize,
    /// Roles of squads carried by members who are not in them.
    pub strayed: usize,
    /// Some of them, with the role.
    pub who_lack: Vec<(UserId, RoleId)>,
    pub who_strayed: Vec<(UserId, RoleId)>,
    /// When all members were compared with Discord the last time.
    pub compared_at: Timestamp,
}

/// The same, as numbers.
struct Found {
    lack: Vec<Owed>,
    strayed: Vec<Owed>,
    compared_at: Timestamp,
}

impl Actions {
    /// Which roles of squads are not as they should be.
    #[tracing::instrument(name = "squads.amiss", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn squad_roles_amiss(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Amiss, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ManageSettings).await?;
        let found = self.amiss(guild).await?;
        Ok(Amiss {
            lack: found.lack.len(),
            strayed: found.strayed.len(),
            who_lack: self.named(guild, &found.lack).await?,
            who_strayed: self.named(guild, &found.strayed).await?,
            compared_at: found.compared_at,
        })
    }

    /// Orders that they be given and taken; answers how many of each.
    #[tracing::instrument(name = "squads.repair", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn repair_squad_roles(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
    ) -> Result<(usize, usize), ActionError> {
        let by = self.manage_squads(guild, caller, "squads repair", key).await?;
        let Found { mut lack, mut strayed, .. } = self.amiss(guild).await?;
        lack.truncate(MAX_AT_ONCE);
        strayed.truncate(MAX_AT_ONCE - lack.len());
        let at = self.now();
        let give = lack.chunks(MAX_REPAIRED).map(|some| (people(some), Vec::new()));
        let take = strayed.chunks(MAX_REPAIRED).map(|some| (Vec::new(), some.to_vec()));
        for (number, (give, take)) in give.chain(take).enumerate() {
            let key = IdempotencyKey::new(format!("{}/{number}", key.as_str()))
                .map_err(|error| ActionError::BadInput(error.to_string()))?;
            let command = Command::Repair { give, take, by, at };
            self.squad(guild, caller, &key, &command).await?;
        }
        Ok((lack.len(), strayed.len()))
    }

    async fn amiss(&self, guild: GuildId) -> Result<Found, ActionError> {
        let compared = self.sync_of(guild).await?.filter(|sync| sync.state == SyncState::Done);
        let compared_at = compared.and_then(|sync| sync.finished_at).ok_or_else(|| {
            let text = "Members were not compared with Discord yet, so it is not known who has which \
                        role. Use `/sync start`, and try again when `/sync status` says that it is \
                        done.";
            ActionError::Refused { rule: "squads.not_compared", text: text.to_owned() }
        })?;
        let stream = stream(guild);
        let (settled, roles) = self
            .bus()
            .read::<Squads, _>(&stream, |state, _| {
                let settled: HashMap<PersonId, RoleId> = state.settled().collect();
                let roles: HashSet<RoleId> = state.squads().map(|(_, squad)| squad.role).collect();
                (settled, roles)
            })
            .await?;
        let (mut lack, mut carried) = (Vec::new(), Vec::new());
        let mut after = -1;
        loop {
            let select = "SELECT person, roles FROM mirror_members WHERE guild = $1 AND here = 1 \
                          AND bot = 0 AND person > $2 ORDER BY person LIMIT $3";
            let rows = self.work.query(select, &values![guild, after, PAGE]).await?;
            for row in &rows {
                after = row.int(0)?;
                let person = PersonId(u32::try_from(after).map_err(|_| {
                    LogError::Corrupt(format!("mirror_members: {after} is no person"))
                })?);
                let has: Vec<RoleId> =
                    row.text(1)?.split(',').filter_map(|role| role.parse().ok()).collect();
                if let Some(role) = settled.get(&person).filter(|role| !has.contains(role)) {
                    lack.push(Owed { person, role: *role });
                }
                let of_squads = has.into_iter().filter(|role| roles.contains(role));
                carried.extend(of_squads.map(|role| Owed { person, role }));
            }
            if (rows.len() as u64) < u64::from(PAGE) {
                break;
            }
        }
        let strayed = self
            .bus()
            .read::<Squads, _>(&stream, |state, _| {
                let strayed = |owed: &&Owed| state.is_strayed(owed.person, owed.role);
                carried.iter().filter(strayed).copied().collect()
            })
            .await?;
        Ok(Found { lack, strayed, compared_at })
    }

    async fn named(
        &self,
        guild: GuildId,
        all: &[Owed],
    ) -> Result<Vec<(UserId, RoleId)>, ActionError> {
        let first = &all[..all.len().min(NAMED)];
        let users = self.people().users(guild, &people(first)).await?;
        let named = first.iter().filter_map(|owed| Some((*users.get(&owed.person)?, owed.role)));
        Ok(named.collect())
    }
}

fn people(owed: &[Owed]) -> Vec<PersonId> {
    owed.iter().map(|owed| owed.person).collect()
}
