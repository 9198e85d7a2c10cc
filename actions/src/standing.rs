//! Who somebody is in a guild: what Discord lets them do, and how high they stand.

use std::fmt;

use domain::{RoleId, UserId, access::AccessSettings, grants::Role, keys::Scope};

/// Discord's permissions, as its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(pub u64);

macro_rules! bits {
    ($($name:ident = $bit:literal, $title:literal;)+) => {
        impl Permissions {
            $(pub const $name: Self = Self(1 << $bit);)+

            /// The bits that we know, with the names that Discord's own screens give them.
            const NAMED: &'static [(Self, &'static str)] = &[$((Self::$name, $title)),+];
        }
    };
}

bits! {
    KICK_MEMBERS = 1, "Kick Members";
    BAN_MEMBERS = 2, "Ban Members";
    ADMINISTRATOR = 3, "Administrator";
    MANAGE_CHANNELS = 4, "Manage Channels";
    MANAGE_GUILD = 5, "Manage Server";
    ADD_REACTIONS = 6, "Add Reactions";
    VIEW_AUDIT_LOG = 7, "View Audit Log";
    VIEW_CHANNEL = 10, "View Channel";
    SEND_MESSAGES = 11, "Send Messages";
    MANAGE_MESSAGES = 13, "Manage Messages";
    EMBED_LINKS = 14, "Embed Links";
    ATTACH_FILES = 15, "Attach Files";
    READ_MESSAGE_HISTORY = 16, "Read Message History";
    MENTION_EVERYONE = 17, "Mention Everyone";
    MOVE_MEMBERS = 24, "Move Members";
    MANAGE_NICKNAMES = 27, "Manage Nicknames";
    MANAGE_ROLES = 28, "Manage Roles";
    MANAGE_WEBHOOKS = 29, "Manage Webhooks";
    MANAGE_THREADS = 34, "Manage Threads";
    MODERATE_MEMBERS = 40, "Timeout Members";
}

impl Permissions {
    pub const NONE: Self = Self(0);

    /// Whether all of these are among them. Who administrates a guild has every permission.
    pub const fn has(self, all: Self) -> bool {
        self.0 & Self::ADMINISTRATOR.0 != 0 || self.0 & all.0 == all.0
    }

    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those of `needed` that are not among them.
    pub const fn missing(self, needed: Self) -> Self {
        if self.has(needed) { Self::NONE } else { Self(needed.0 & !self.0) }
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// As people read them in Discord's own screens.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut written = 0;
        for (bit, name) in Self::NAMED.iter().filter(|(bit, _)| self.0 & bit.0 != 0) {
            rest &= !bit.0;
            write!(f, "{}\"{name}\"", if written == 0 { "" } else { ", " })?;
            written += 1;
        }
        match (written, rest) {
            (0, 0) => f.write_str("no permission"),
            (0, _) => f.write_str("a permission that is new to this bot"),
            _ => Ok(()),
        }
    }
}

/// What a member of a guild is there at this moment, as Discord told it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub permissions: Permissions,
    pub roles: Vec<RoleId>,
    /// Position of the highest role; 0 is that of everybody.
    pub top_rank: u16,
    pub is_owner: bool,
    /// Roles of ours that they were given here for a time, and that hold now.
    pub granted: Vec<Role>,
    /// Whether they run this bot and were let in, and are nobody's admin.
    pub visits: bool,
}

impl Standing {
    /// A member without any role.
    pub fn everyone() -> Self {
        Self::default()
    }

    pub fn with(permissions: Permissions) -> Self {
        Self { permissions, ..Self::default() }
    }

    pub fn owner() -> Self {
        Self { is_owner: true, ..Self::default() }
    }

    pub fn has(&self, permissions: Permissions) -> bool {
        self.is_owner || self.permissions.has(permissions)
    }

    fn has_any_of(&self, roles: &[RoleId]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// What a guild can allow somebody. Discord's own permissions grant it, or a role that the guild
/// has named for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Grant and take bytes, and change the economy's settings.
    ManageEconomy,
    /// Change any other setting, and switch modules on and off.
    ManageSettings,
    /// Say which roles may do what, and whom this bot does not serve here.
    ManageAccess,
    /// Make giveaways, change them, end them and reroll.
    ManageGiveaways,
    /// Warn, time out, and keep the cases.
    Moderate,
    Kick,
    Ban,
    /// Read what is kept of everybody: other members' history, and what was refused.
    ViewRecords,
    /// Read the settings, and the whole history of events.
    ViewAudit,
    /// Look at numbers: sums, curves and movements, without what people wrote.
    ViewAnalytics,
}

impl Permission {
    pub const ALL: [Self; 10] = [
        Self::ManageEconomy,
        Self::ManageSettings,
        Self::ManageAccess,
        Self::ManageGiveaways,
        Self::Moderate,
        Self::Kick,
        Self::Ban,
        Self::ViewRecords,
        Self::ViewAudit,
        Self::ViewAnalytics,
    ];

    /// As people know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManageEconomy => "Manage Economy",
            Self::ManageSettings => "Manage Settings",
            Self::ManageAccess => "Manage Access",
            Self::ManageGiveaways => "Manage Giveaways",
            Self::Moderate => "Moderate",
            Self::Kick => "Kick",
            Self::Ban => "Ban",
            Self::ViewRecords => "View Records",
            Self::ViewAudit => "View Audit",
            Self::ViewAnalytics => "View Analytics",
        }
    }

    /// The permission of Discord that grants it, wherever a guild has decided nothing.
    pub const fn discord(self) -> Permissions {
        match self {
            Self::ManageEconomy
            | Self::ManageSettings
            | Self::ManageGiveaways
            | Self::ViewAnalytics => Permissions::MANAGE_GUILD,
            Self::ViewAudit => Permissions::VIEW_AUDIT_LOG,
            Self::ManageAccess => Permissions::ADMINISTRATOR,
            Self::Moderate | Self::ViewRecords => Permissions::MODERATE_MEMBERS,
            Self::Kick => Permissions::KICK_MEMBERS,
            Self::Ban => Permissions::BAN_MEMBERS,
        }
    }

    /// A key of somebody who has it lets it be used where the key has one of these scopes. Which
    /// operations a scope opens is said beside them (`schema/src/keys/gate.rs`); both must hold.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::ManageEconomy => &[Scope::Economy],
            Self::ManageSettings => &[Scope::Settings, Scope::Squads],
            Self::ManageAccess => &[Scope::Access],
            Self::ManageGiveaways => &[Scope::Giveaways],
            Self::Moderate | Self::Kick | Self::Ban => &[Scope::Moderation],
            Self::ViewRecords => &[Scope::Records, Scope::Moderation],
            Self::ViewAudit => &[Scope::Audit],
            Self::ViewAnalytics => &[Scope::Read],
        }
    }

    /// Whether somebody has it who is that here.
    pub const fn is_given_by(self, role: Role) -> bool {
        match self {
            Self::ManageEconomy | Self::ManageSettings => matches!(role, Role::Admin),
            Self::Moderate | Self::Kick | Self::Ban => {
                matches!(role, Role::Admin | Role::Moderator)
            }
            Self::ManageGiveaways => matches!(role, Role::Admin | Role::Host),
            Self::ViewRecords => matches!(role, Role::Admin | Role::Moderator | Role::Auditor),
            Self::ViewAudit => matches!(role, Role::Admin | Role::Auditor),
            Self::ViewAnalytics => matches!(role, Role::Admin | Role::Auditor | Role::Analyst),
            Self::ManageAccess => false,
        }
    }

    /// Whether somebody who stands so has it. Who may say which roles may do what is left to
    /// Discord alone: or a role could give itself more.
    pub fn is_held_by(self, standing: &Standing, access: &AccessSettings) -> bool {
        let is = |role: &Role| {
            standing.granted.contains(role) || standing.has_any_of(access.named_for(*role))
        };
        let by_role = Role::ALL.iter().any(|role| self.is_given_by(*role) && is(role));
        by_role || standing.has(self.discord())
    }
}

/// Somebody whom an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub user: UserId,
    pub top_rank: u16,
    pub is_owner: bool,
    pub is_bot_itself: bool,
}

/// What this bot may do in a guild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BotStanding {
    pub permissions: Permissions,
    pub top_rank: u16,
}
