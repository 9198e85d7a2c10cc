//! Columns of lists: what each is called, what it holds, and where it comes from.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    /// Yes or no.
    Truth,
    /// A moment, in UTC; kept as microseconds since 1970.
    Moment,
    /// A day; kept as days since 1970.
    Day,
    /// A member's number in the community: the same in every list. In files their Discord id stands
    /// beside it.
    Person,
    /// An id of Discord's.
    Snowflake,
    Text,
    /// A text that somebody wrote, sealed with its owner's key: no part of views.
    Sealed(&'static Seal),
}

/// What a sealed text is opened with, in the words of SQL.
#[derive(Debug, PartialEq, Eq)]
pub struct Seal {
    pub owner: &'static str,
    pub event: &'static str,
    /// The event's field; one of them where different events say it.
    pub fields: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub about: &'static str,
    /// In the words of SQL that both stores understand.
    pub(super) of: &'static str,
    pub(super) is_when: bool,
    pub is_filter: bool,
}

macro_rules! kinds {
    ($($make:ident => $kind:ident;)+) => {
        $(pub(super) const fn $make(name: &'static str, about: &'static str) -> Self {
            Self::new(name, Kind::$kind, about)
        })+
    };
}

impl Column {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, about, of: name, is_when: false, is_filter: false }
    }

    kinds! {
        number => Number;
        truth => Truth;
        moment => Moment;
        day => Day;
        person => Person;
        snowflake => Snowflake;
        text => Text;
    }

    pub(super) const fn sealed(
        name: &'static str,
        seal: &'static Seal,
        about: &'static str,
    ) -> Self {
        Self::new(name, Kind::Sealed(seal), about)
    }

    /// Where it is not the table's column of the same name.
    pub(super) const fn of(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    /// What `since` and `until` are about.
    pub(super) const fn when(self) -> Self {
        Self { is_when: true, ..self }
    }

    /// One can ask for rows with certain values of it.
    pub(super) const fn filter(self) -> Self {
        Self { is_filter: true, ..self }
    }

    pub const fn is_sealed(&self) -> bool {
        matches!(self.kind, Kind::Sealed(_))
    }
}
