-- Who a person number stands for, and that person's key. No Discord id stands here in the clear.
CREATE TABLE people (
    guild       bigint NOT NULL,
    person      bigint NOT NULL,
    user_tag    bytea  NOT NULL, -- keyed hash of the Discord id, to find it
    sealed_user bytea  NOT NULL, -- the Discord id, sealed with the person's key
    wrapped_key bytea  NOT NULL, -- the person's key, wrapped with the master key
    created_at  bigint NOT NULL,
    PRIMARY KEY (guild, person)
);
CREATE UNIQUE INDEX people_user ON people (guild, user_tag);
-- The planner's statistics would keep samples of these, also after an erasure.
ALTER TABLE people
    ALTER COLUMN user_tag SET STATISTICS 0,
    ALTER COLUMN sealed_user SET STATISTICS 0,
    ALTER COLUMN wrapped_key SET STATISTICS 0;

-- Numbers are never given twice, also after an erasure.
CREATE TABLE people_numbers (
    guild bigint PRIMARY KEY,
    last  bigint NOT NULL
);

CREATE TABLE people_meta (
    key   text PRIMARY KEY,
    value bytea NOT NULL
);

-- States of aggregates, to begin from; thrown away freely.
CREATE TABLE snapshots (
    stream         text   NOT NULL,
    chunk          bigint NOT NULL,
    chunks         bigint NOT NULL,
    format         bigint NOT NULL,
    version        bigint NOT NULL,
    last_hash      bytea  NOT NULL,
    bytes          bytea  NOT NULL,
    PRIMARY KEY (stream, chunk)
);
