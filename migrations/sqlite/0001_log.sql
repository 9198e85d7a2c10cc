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
CREATE UNIQUE INDEX events_id ON events (event_id);

-- Where an event stands among its guild's and among its stream's: two rows for each event. One
-- tree holds both, with the guild in front, because each page that a commit touches is written
-- whole: a small guild's places share one page, a busy guild's grow at two ends.
CREATE TABLE places (
    guild    INTEGER NOT NULL,
    stream   TEXT    NOT NULL, -- '' counts the guild's events; 'economy', 'case/17' the stream's
    number   INTEGER NOT NULL, -- guild_seq, or sequence
    position INTEGER NOT NULL,
    PRIMARY KEY (guild, stream, number)
) STRICT, WITHOUT ROWID;

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
BEGIN
    SELECT RAISE(ABORT, 'events are never changed or deleted');
END;
CREATE TRIGGER places_no_update BEFORE UPDATE ON places BEGIN
    SELECT RAISE(ABORT, 'events are never moved');
END;
CREATE TRIGGER places_no_delete BEFORE DELETE ON places BEGIN
    SELECT RAISE(ABORT, 'events are never moved');
END;
CREATE TRIGGER places_no_replace BEFORE INSERT ON places
WHEN EXISTS (SELECT 1 FROM places
    WHERE guild = NEW.guild AND stream = NEW.stream AND number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'events are never moved');
END;

CREATE TABLE log_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
