-- When each API key was last used, and the refresh tokens that were given for them. Which keys there
-- are is history (domain/src/keys.rs); this may be lost. Portable: both stores run this text.
CREATE TABLE api_key_uses (
    key_id   text   NOT NULL PRIMARY KEY,
    guild_id bigint NOT NULL,
    used_at  bigint NOT NULL
);
CREATE INDEX api_key_uses_guild ON api_key_uses (guild_id);
CREATE INDEX api_key_uses_used_at ON api_key_uses (used_at);
CREATE TABLE api_refreshes (
    token_hash bytea  NOT NULL PRIMARY KEY,
    family     text   NOT NULL, -- all that follow from one exchange of a key
    key_id     text   NOT NULL,
    guild_id   bigint NOT NULL,
    ends_at    bigint NOT NULL,
    used_at    bigint           -- once; twice ends the family
);
CREATE INDEX api_refreshes_family ON api_refreshes (family);
CREATE INDEX api_refreshes_ends_at ON api_refreshes (ends_at);
