//! Who asks.

use domain::{Timestamp, UserId, access::AccessSettings, keys::Scope};

use crate::standing::{Permission, Standing};

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub who: Who,
    standing: Standing,
    /// None where they ask themselves.
    key: Option<ThroughKey>,
}

/// A program asks with a key of a member's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThroughKey {
    pub scopes: Vec<Scope>,
    pub ends_at: Timestamp,
}

impl Caller {
    /// A member of the guild, who stands there as Discord told just now.
    pub const fn member(user: UserId, standing: Standing) -> Self {
        Self { who: Who::Member(user), standing, key: None }
    }

    pub fn process(name: &'static str) -> Self {
        Self { who: Who::Process(name), standing: Standing::everyone(), key: None }
    }

    pub fn operator() -> Self {
        Self { who: Who::Operator, standing: Standing::everyone(), key: None }
    }

    pub fn import() -> Self {
        Self { who: Who::Import, standing: Standing::everyone(), key: None }
    }

    /// The same member, through a key of theirs: they may no more than its scopes name.
    pub fn through(self, key: ThroughKey) -> Self {
        Self { key: Some(key), ..self }
    }

    pub const fn key(&self) -> Option<&ThroughKey> {
        self.key.as_ref()
    }

    pub const fn user(&self) -> Option<UserId> {
        if let Who::Member(user) = self.who { Some(user) } else { None }
    }

    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Where the guild has named these roles. A process has no permission: what it may do, it may
    /// by what it is.
    pub fn may(&self, permission: Permission, access: &AccessSettings) -> bool {
        match self.who {
            Who::Operator | Who::Import => true,
            Who::Member(_) => {
                permission.is_held_by(&self.standing, access)
                    && self.key.as_ref().is_none_or(|key| key.lets(permission))
            }
            Who::Process(_) => false,
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

impl ThroughKey {
    fn lets(&self, permission: Permission) -> bool {
        permission.scopes().iter().any(|scope| self.scopes.contains(scope))
    }
}
