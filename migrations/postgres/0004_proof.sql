-- What is known of the guilds' Merkle trees, and what was signed of them.

-- Keys that sign checkpoints; the last one signs now. Public keys stay for what they signed.
CREATE TABLE proof_keys (
    number      bigint PRIMARY KEY,
    public_key  bytea  NOT NULL,
    wrapped_key bytea  NOT NULL, -- the secret, wrapped with the master key
    made_at     bigint NOT NULL,
    retired_at  bigint
);

-- Full subtrees of 256 leaves and more. Derived: made again from the log when they are gone.
CREATE TABLE proof_nodes (
    guild bigint NOT NULL,
    level bigint NOT NULL,
    idx   bigint NOT NULL,
    hash  bytea  NOT NULL,
    PRIMARY KEY (guild, level, idx)
);

CREATE TABLE checkpoints (
    guild     bigint NOT NULL,
    size      bigint NOT NULL CHECK (size >= 1),
    root      bytea  NOT NULL,
    key       bigint NOT NULL REFERENCES proof_keys (number),
    signature bytea  NOT NULL,
    sealed_at bigint NOT NULL,
    PRIMARY KEY (guild, size)
);
CREATE FUNCTION reeve_refuse_change_of_checkpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'checkpoints are never changed or deleted (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER checkpoints_immutable BEFORE UPDATE OR DELETE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION reeve_refuse_change_of_checkpoints();
CREATE TRIGGER checkpoints_not_truncated BEFORE TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION reeve_refuse_change_of_checkpoints();

-- Guilds whose log contradicts a checkpoint: nothing more is signed for them.
CREATE TABLE proof_alarms (
    guild    bigint PRIMARY KEY,
    text     text   NOT NULL,
    found_at bigint NOT NULL
);

-- How far the one process that seals has come, and who that is.
CREATE TABLE proof_sealer (
    id          bigint PRIMARY KEY CHECK (id = 1),
    position    bigint NOT NULL, -- everything up to here is sealed
    owner       text   NOT NULL,
    lease_until bigint NOT NULL,
    updated_at  bigint NOT NULL
);
INSERT INTO proof_sealer (id, position, owner, lease_until, updated_at) VALUES (1, 0, '', 0, 0);
