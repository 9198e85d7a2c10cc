//! What we keep in memory of each community: its roles with their ranks, its owner, and our own
//! roles in it. No members, no channels, no messages.

use std::collections::HashMap;

use actions::{BotStanding, Permissions, RoleFacts, Standing};
use domain::{ChannelId, GuildId, RoleId, UserId};
use parking_lot::RwLock;

use super::wire;

/// The most roles that one community can have.
const MAX_ROLES: usize = 250;

#[derive(Debug, Default)]
pub struct Guilds(RwLock<HashMap<GuildId, Known>>);

#[derive(Debug)]
struct Known {
    owner: Option<UserId>,
    /// In order of their ids.
    roles: Vec<Rank>,
    ours: Vec<RoleId>,
    members: u32,
    shard: u32,
    available: bool,
    away_in: Option<ChannelId>,
}

#[derive(Clone, Copy, Debug)]
struct Rank {
    role: RoleId,
    position: u16,
    permissions: u64,
    managed: bool,
}

impl Guilds {
    /// What a community looks like when we come, or come back.
    pub fn put(&self, guild: wire::Guild, us: UserId, shard: u32) {
        let mut known = self.0.write();
        if guild.unavailable {
            if let Some(known) = known.get_mut(&guild.id) {
                known.available = false;
            }
            return;
        }
        let ours = guild.members.into_iter().find(|member| member.user.id == us);
        let entry = known.entry(guild.id).or_insert_with(|| Known::new(shard));
        entry.owner = guild.owner_id.or(entry.owner);
        entry.available = true;
        entry.away_in = guild.afk_channel_id;
        entry.shard = shard;
        if guild.member_count > 0 {
            entry.members = guild.member_count;
        }
        if !guild.roles.is_empty() {
            let mut roles: Vec<_> = guild.roles.iter().map(Rank::of).take(MAX_ROLES).collect();
            roles.sort_unstable_by_key(|rank| rank.role);
            roles.shrink_to_fit();
            entry.roles = roles;
        }
        if let Some(ours) = ours {
            entry.ours = ours.roles;
        }
    }

    /// We were removed, or Discord has an outage there: then we keep what we know.
    pub fn gone(&self, guild: GuildId, outage: bool) {
        let mut known = self.0.write();
        if outage {
            if let Some(known) = known.get_mut(&guild) {
                known.available = false;
            }
        } else {
            known.remove(&guild);
        }
    }

    pub fn role(&self, guild: GuildId, role: &wire::Role) {
        let mut known = self.0.write();
        let Some(known) = known.get_mut(&guild) else { return };
        let rank = Rank::of(role);
        match known.roles.binary_search_by_key(&rank.role, |rank| rank.role) {
            Ok(at) => known.roles[at] = rank,
            Err(at) if known.roles.len() < MAX_ROLES => known.roles.insert(at, rank),
            Err(_) => {}
        }
    }

    pub fn role_gone(&self, guild: GuildId, role: RoleId) {
        if let Some(known) = self.0.write().get_mut(&guild) {
            known.roles.retain(|rank| rank.role != role);
            known.ours.retain(|ours| *ours != role);
        }
    }

    /// Our own roles there.
    pub fn our_roles(&self, guild: GuildId, roles: Vec<RoleId>) {
        if let Some(known) = self.0.write().get_mut(&guild) {
            known.ours = roles;
        }
    }

    /// How a member stands: what Discord says they may, and the rank of their roles.
    pub fn standing(
        &self,
        guild: GuildId,
        user: UserId,
        roles: Vec<RoleId>,
        permissions: Permissions,
    ) -> Standing {
        let known = self.0.read();
        let known = known.get(&guild);
        let top_rank = known.map_or(0, |known| known.top_rank(&roles));
        let is_owner = known.is_some_and(|known| known.owner == Some(user));
        Standing { permissions, roles, top_rank, is_owner, ..Standing::default() }
    }

    /// What somebody with these roles may in the community at large; channels may say otherwise.
    pub fn base_permissions(&self, guild: GuildId, user: UserId, roles: &[RoleId]) -> Permissions {
        let known = self.0.read();
        let Some(known) = known.get(&guild) else { return Permissions::NONE };
        if known.owner == Some(user) {
            return Permissions(u64::MAX);
        }
        // Everybody has the role that has the community's own id.
        let everyone = |rank: &&Rank| rank.role.get() == guild.get();
        let has = |rank: &&Rank| everyone(rank) || roles.contains(&rank.role);
        let all = known.roles.iter().filter(has).fold(0, |all, rank| all | rank.permissions);
        let all = Permissions(all);
        if all.has(Permissions::ADMINISTRATOR) { Permissions(u64::MAX) } else { all }
    }

    /// Our own permissions and the rank of our highest role.
    pub fn our_standing(&self, guild: GuildId, us: UserId) -> Option<BotStanding> {
        let roles = self.0.read().get(&guild)?.ours.clone();
        let permissions = self.base_permissions(guild, us, &roles);
        let top_rank = self.standing(guild, us, roles, permissions).top_rank;
        Some(BotStanding { permissions, top_rank })
    }

    /// A role that we may be asked to give; none where there is no such role.
    pub fn role_facts(&self, guild: GuildId, role: RoleId, us: UserId) -> Option<RoleFacts> {
        let bot = self.our_standing(guild, us)?;
        let known = self.0.read();
        let known = known.get(&guild)?;
        let at = known.roles.binary_search_by_key(&role, |rank| rank.role).ok()?;
        let Rank { position, managed, .. } = known.roles[at];
        let everybodys = role.get() == guild.get();
        Some(RoleFacts { role, rank: if everybodys { 0 } else { position.max(1) }, managed, bot })
    }

    /// We are there; what else there is to know comes later.
    pub fn heard_of(&self, guild: GuildId, shard: u32, members: u32) {
        self.0.write().entry(guild).or_insert_with(|| Known::new(shard)).members = members;
    }

    /// Whether its roles are known: everybody has at least one.
    pub fn is_known(&self, guild: GuildId) -> bool {
        self.0.read().get(&guild).is_some_and(|known| !known.roles.is_empty())
    }

    /// The voice channel for those who are away, where there is one and we know of it.
    pub fn away_in(&self, guild: GuildId) -> Option<ChannelId> {
        self.0.read().get(&guild)?.away_in
    }

    /// All communities that a shard tells of.
    pub fn of_shard(&self, shard: u32) -> Vec<GuildId> {
        let known = self.0.read();
        known.iter().filter(|(_, known)| known.shard == shard).map(|(guild, _)| *guild).collect()
    }

    pub fn shard_of(&self, guild: GuildId) -> u32 {
        self.0.read().get(&guild).map_or(0, |known| known.shard)
    }

    /// The shard that tells of it; none where none of ours does, or there is an outage.
    pub fn told_by(&self, guild: GuildId) -> Option<u32> {
        let known = self.0.read();
        known.get(&guild).filter(|known| known.available).map(|known| known.shard)
    }

    /// About how many members a community has.
    pub fn members_of(&self, guild: GuildId) -> u32 {
        self.0.read().get(&guild).map_or(0, |known| known.members)
    }

    /// How many communities there are, and how many members in all of them.
    pub fn count(&self) -> (usize, u64) {
        let known = self.0.read();
        (known.len(), known.values().map(|known| u64::from(known.members)).sum())
    }

    /// After a new session the shard tells of all its communities anew: those it no longer tells
    /// of are gone.
    pub fn keep_of_shard(&self, shard: u32, told: impl Fn(GuildId) -> bool) {
        self.0.write().retain(|guild, known| known.shard != shard || told(*guild));
    }
}

impl Known {
    const fn new(shard: u32) -> Self {
        Self {
            owner: None,
            roles: Vec::new(),
            ours: Vec::new(),
            members: 0,
            shard,
            available: true,
            away_in: None,
        }
    }

    fn top_rank(&self, roles: &[RoleId]) -> u16 {
        let rank = |role: &RoleId| {
            let at = self.roles.binary_search_by_key(role, |rank| rank.role).ok()?;
            Some(self.roles[at].position)
        };
        roles.iter().filter_map(rank).max().unwrap_or(0)
    }
}

impl Rank {
    fn of(role: &wire::Role) -> Self {
        let position = u16::try_from(role.position.max(0)).unwrap_or(u16::MAX);
        let (permissions, managed) = (role.permissions.0, role.managed);
        Self { role: role.id, position, permissions, managed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: u64 = 10;

    fn id<T: std::str::FromStr>(number: u64) -> T
    where
        T::Err: std::fmt::Debug,
    {
        number.to_string().parse().unwrap()
    }

    fn guilds() -> Guilds {
        let guilds = Guilds::default();
        let guild = serde_json::json!({
            "id": GUILD.to_string(), "owner_id": "1", "member_count": 50,
            "roles": [
                { "id": "10", "position": 0, "permissions": "2048" },
                { "id": "30", "position": 7, "permissions": "8" },
                { "id": "20", "position": 3, "permissions": "32" },
            ],
            "members": [
                { "user": { "id": "1" }, "roles": [] },
                { "user": { "id": "99" }, "roles": ["20"] },
            ],
        });
        guilds.put(serde_json::from_value(guild).unwrap(), id(99), 0);
        guilds
    }

    #[test]
    fn given_a_members_roles_then_the_highest_ranks_them() {
        let guilds = guilds();
        let rank = |roles: &[u64]| {
            let roles = roles.iter().map(|role| id(*role)).collect();
            guilds.standing(id(GUILD), id(5), roles, Permissions::NONE).top_rank
        };
        assert_eq!((rank(&[]), rank(&[20]), rank(&[20, 30]), rank(&[404])), (0, 3, 7, 0));
        assert!(guilds.standing(id(GUILD), id(1), vec![], Permissions::NONE).is_owner);
        assert!(!guilds.standing(id(GUILD), id(5), vec![], Permissions::NONE).is_owner);
        assert!(
            !guilds.standing(id(404), id(1), vec![], Permissions::NONE).is_owner,
            "another community"
        );
        assert_eq!(guilds.our_standing(id(GUILD), id(99)).unwrap().top_rank, 3);
    }

    #[test]
    fn given_roles_then_permissions_add_up_and_administrators_have_all() {
        let guilds = guilds();
        let may = |user: u64, roles: &[u64]| {
            let roles: Vec<_> = roles.iter().map(|role| id(*role)).collect();
            guilds.base_permissions(id(GUILD), id(user), &roles).0
        };
        assert_eq!((may(5, &[]), may(5, &[20])), (2048, 2048 | 32));
        assert_eq!((may(5, &[30]), may(1, &[])), (u64::MAX, u64::MAX));
    }

    #[test]
    fn given_changes_then_what_is_known_follows() {
        let guilds = guilds();
        let role =
            wire::Role { id: id(20), position: 9, permissions: wire::Bits(1), managed: false };
        guilds.role(id(GUILD), &role);
        assert_eq!(guilds.standing(id(GUILD), id(5), vec![id(20)], Permissions::NONE).top_rank, 9);
        guilds.role_gone(id(GUILD), id(20));
        assert_eq!(guilds.standing(id(GUILD), id(5), vec![id(20)], Permissions::NONE).top_rank, 0);
        assert_eq!(guilds.count(), (1, 50));
        guilds.gone(id(GUILD), true);
        assert!(guilds.is_known(id(GUILD)), "an outage is no farewell");
        guilds.gone(id(GUILD), false);
        assert_eq!(guilds.count(), (0, 0));
        guilds.heard_of(id(GUILD), 0, 7);
        assert_eq!((guilds.count(), guilds.is_known(id(GUILD))), ((1, 7), false));
    }

    #[test]
    fn given_a_new_session_then_communities_it_does_not_tell_of_are_forgotten() {
        let guilds = guilds();
        guilds.keep_of_shard(1, |_| false);
        assert!(guilds.is_known(id(GUILD)), "another shard's");
        guilds.keep_of_shard(0, |_| false);
        assert!(!guilds.is_known(id(GUILD)));
    }
}
