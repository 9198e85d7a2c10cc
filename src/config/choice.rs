//! Settings that are one of a few words: the enum and its words are written once.

use std::fmt;

macro_rules! choice {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal),+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $name { $($(#[$note])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            pub const WORDS: &[&str] = &[$($word),+];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

choice! {
    /// What this installation is for. Production refuses demo data and a generated master key.
    pub enum Environment { Development = "development", Production = "production" }
}

choice! {
    /// Where the log and the read models live.
    pub enum Store {
        Sqlite = "sqlite",
        Postgres = "postgres",
        /// The log in EventStoreDB; its index and everything else in PostgreSQL.
        Eventstoredb = "eventstoredb"
    }
}

choice! {
    /// How log lines are written.
    pub enum LogFormat {
        /// Text on a terminal, JSON elsewhere.
        Auto = "auto",
        Text = "text",
        Json = "json"
    }
}

choice! {
    /// What this process does. The setting also takes `all`.
    pub enum Role { Gateway = "gateway", Worker = "worker", Api = "api" }
}
