//! Why a connection is closed, as Discord counts it.

/// A code and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    pub reason: &'static str,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }

    pub const UNKNOWN_ERROR: Self = Self::new(4000, "Unknown error.");
    pub const UNKNOWN_OPCODE: Self = Self::new(4001, "Unknown opcode.");
    pub const DECODE_ERROR: Self = Self::new(4002, "Error while decoding payload.");
    pub const NOT_AUTHENTICATED: Self = Self::new(4003, "Not authenticated.");
    pub const AUTHENTICATION_FAILED: Self = Self::new(4004, "Authentication failed.");
    pub const ALREADY_AUTHENTICATED: Self = Self::new(4005, "Already authenticated.");
    pub const INVALID_SEQ: Self = Self::new(4007, "Invalid seq.");
    pub const RATE_LIMITED: Self = Self::new(4008, "Rate limited.");
    pub const SESSION_TIMED_OUT: Self = Self::new(4009, "Session timed out.");
    pub const INVALID_SHARD: Self = Self::new(4010, "Invalid shard.");
    pub const SHARDING_REQUIRED: Self = Self::new(4011, "Sharding required.");
    pub const INVALID_VERSION: Self = Self::new(4012, "Invalid API version.");
    pub const INVALID_INTENTS: Self = Self::new(4013, "Invalid intent(s).");
    pub const DISALLOWED_INTENTS: Self = Self::new(4014, "Disallowed intent(s).");
    pub const ONLY_JSON: Self =
        Self::new(4002, "This gateway speaks JSON: connect with encoding=json.");
    pub const UNKNOWN_COMPRESSION: Self =
        Self::new(4002, "This gateway compresses as zlib-stream or zstd-stream, or not at all.");

    /// The reason that goes with a code that was asked for by hand.
    pub fn with_code(code: u16) -> Self {
        let known = [
            Self::UNKNOWN_ERROR,
            Self::UNKNOWN_OPCODE,
            Self::DECODE_ERROR,
            Self::NOT_AUTHENTICATED,
            Self::AUTHENTICATION_FAILED,
            Self::ALREADY_AUTHENTICATED,
            Self::INVALID_SEQ,
            Self::RATE_LIMITED,
            Self::SESSION_TIMED_OUT,
            Self::INVALID_SHARD,
            Self::SHARDING_REQUIRED,
            Self::INVALID_VERSION,
            Self::INVALID_INTENTS,
            Self::DISALLOWED_INTENTS,
        ];
        let found = known.into_iter().find(|close| close.code == code);
        found.unwrap_or(Self { code, reason: "" })
    }
}
