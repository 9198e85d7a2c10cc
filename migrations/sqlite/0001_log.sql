-- The event log. Payload and metadata keep exactly the text that was written.
CREATE TABLE events (
    position       INTEGER PRIMARY KEY, -- 1, 2, 3 … counted by the one writer
    aggregate_type TEXT    NOT NULL,
    aggregate_id   TEXT    NOT NULL,
    sequence       INTEGER NOT NULL CHECK (sequence >= 1),
    event_type     TEXT    NOT NULL,
    event_version  TEXT    NOT NULL,
    payload        TEXT    NOT NULL,
    metadata       TEXT    NOT NULL,
    guild          INTEGER NOT NULL,
    guild_seq      INTEGER NOT NULL,
    event_id       BLOB    NOT NULL,
    recorded_at    INTEGER NOT NULL, -- microseconds since 1970
    hash           BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_stream ON events (aggregate_type, aggregate_id, sequence);
CREATE UNIQUE INDEX events_guild ON events (guild, guild_seq);
CREATE UNIQUE INDEX events_id ON events (event_id);

CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are never changed or deleted');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
    SELECT RAISE(ABORT, 'events are never changed or deleted');
END;
-- REPLACE would delete without firing the trigger above, whichever unique index it meets.
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
    OR EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
    OR EXISTS (SELECT 1 FROM events WHERE guild = NEW.guild AND guild_seq = NEW.guild_seq)
    OR EXISTS (SELECT 1 FROM events WHERE aggregate_type = NEW.aggregate_type
        AND aggregate_id = NEW.aggregate_id AND sequence = NEW.sequence)
BEGIN
    SELECT RAISE(ABORT, 'events are never changed or deleted');
END;

CREATE TABLE log_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
