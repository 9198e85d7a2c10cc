//! Who asks, and what they may.

use domain::UserId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Member(UserId),
    /// A rule or timer of ours.
    Process(&'static str),
    /// Somebody at the console of this installation.
    Operator,
    /// Another bot's books, brought here by the operator.
    Import,
}

/// What a guild can allow somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Grant and take bytes, and change the economy's settings.
    ManageEconomy,
}

impl Permission {
    /// As people know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManageEconomy => "Manage Economy",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub who: Who,
    permissions: Vec<Permission>,
}

impl Caller {
    pub const fn member(user: UserId, permissions: Vec<Permission>) -> Self {
        Self { who: Who::Member(user), permissions }
    }

    pub const fn process(name: &'static str) -> Self {
        Self { who: Who::Process(name), permissions: Vec::new() }
    }

    pub const fn operator() -> Self {
        Self { who: Who::Operator, permissions: Vec::new() }
    }

    pub const fn import() -> Self {
        Self { who: Who::Import, permissions: Vec::new() }
    }

    pub fn may(&self, permission: Permission) -> bool {
        match self.who {
            Who::Operator | Who::Import => true,
            Who::Member(_) | Who::Process(_) => self.permissions.contains(&permission),
        }
    }

    /// Whether this is us, and not a member.
    pub const fn is_ours(&self) -> bool {
        matches!(self.who, Who::Operator | Who::Import | Who::Process(_))
    }

    /// Whether this is the member themself; the operator may stand in for anybody.
    pub fn is(&self, user: UserId) -> bool {
        match self.who {
            Who::Member(member) => member == user,
            Who::Operator | Who::Import | Who::Process(_) => true,
        }
    }
}
