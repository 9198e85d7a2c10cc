-- What is known of the guilds' Merkle trees, and what was signed of them. In a file of its own.

-- Keys that sign checkpoints; the last one signs now. Public keys stay for what they signed.
CREATE TABLE proof_keys (
    number      INTEGER PRIMARY KEY,
    public_key  BLOB    NOT NULL,
    wrapped_key BLOB    NOT NULL, -- the secret, wrapped with the master key
    made_at     INTEGER NOT NULL,
    retired_at  INTEGER
) STRICT;

-- Full subtrees of 256 leaves and more. Derived: made again from the log when they are gone.
CREATE TABLE proof_nodes (
    guild INTEGER NOT NULL,
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (guild, level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    guild     INTEGER NOT NULL,
    size      INTEGER NOT NULL CHECK (size >= 1),
    root      BLOB    NOT NULL,
    key       INTEGER NOT NULL REFERENCES proof_keys (number),
    signature BLOB    NOT NULL,
    sealed_at INTEGER NOT NULL,
    PRIMARY KEY (guild, size)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN
    SELECT RAISE(ABORT, 'checkpoints are never changed or deleted');
END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN
    SELECT RAISE(ABORT, 'checkpoints are never changed or deleted');
END;
-- REPLACE would delete without firing the trigger above.
CREATE TRIGGER checkpoints_no_replace BEFORE INSERT ON checkpoints
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE guild = NEW.guild AND size = NEW.size)
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are never changed or deleted');
END;

-- Guilds whose log contradicts a checkpoint: nothing more is signed for them.
CREATE TABLE proof_alarms (
    guild    INTEGER PRIMARY KEY,
    text     TEXT    NOT NULL,
    found_at INTEGER NOT NULL
) STRICT;

-- How far the one process that seals has come, and who that is.
CREATE TABLE proof_sealer (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    position    INTEGER NOT NULL, -- everything up to here is sealed
    owner       TEXT    NOT NULL,
    lease_until INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
INSERT INTO proof_sealer (id, position, owner, lease_until, updated_at) VALUES (1, 0, '', 0, 0);
