-- States of aggregates, to begin from; thrown away freely.
CREATE TABLE snapshots (
    stream    TEXT    NOT NULL,
    chunk     INTEGER NOT NULL,
    chunks    INTEGER NOT NULL,
    format    INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    last_hash BLOB    NOT NULL,
    bytes     BLOB    NOT NULL,
    PRIMARY KEY (stream, chunk)
) STRICT, WITHOUT ROWID;
