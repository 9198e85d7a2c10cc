-- Who a person number stands for, and that person's key. In a file of its own: backups of the
-- log never hold keys. No Discord id stands here in the clear.
CREATE TABLE people (
    guild       INTEGER NOT NULL,
    person      INTEGER NOT NULL,
    user_tag    BLOB    NOT NULL, -- keyed hash of the Discord id, to find it
    sealed_user BLOB    NOT NULL, -- the Discord id, sealed with the person's key
    wrapped_key BLOB    NOT NULL, -- the person's key, wrapped with the master key
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (guild, person)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX people_user ON people (guild, user_tag);

-- Numbers are never given twice, also after an erasure.
CREATE TABLE people_numbers (
    guild INTEGER PRIMARY KEY,
    last  INTEGER NOT NULL
) STRICT;

CREATE TABLE people_meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
