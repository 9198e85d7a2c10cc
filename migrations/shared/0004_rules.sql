-- Who has to wait before using a command again. The member is a keyed hash: nobody reads from it
-- who that is. Portable: both stores run this text.
CREATE TABLE cooldowns (
    guild   bigint NOT NULL,
    who     bytea  NOT NULL,
    command text   NOT NULL,
    free_at bigint NOT NULL,
    PRIMARY KEY (guild, who, command)
);
CREATE INDEX cooldowns_free_at ON cooldowns (free_at);
