-- The event log. A superset of postgres-es's own table, so that a stock repository reads it.
-- Exact bytes: json keeps the text as it was written, jsonb would not.
CREATE TABLE events (
    aggregate_type text                     NOT NULL,
    aggregate_id   text                     NOT NULL,
    sequence       bigint                   NOT NULL CHECK (sequence >= 1),
    event_type     text                     NOT NULL,
    event_version  text                     NOT NULL,
    payload        json                     NOT NULL,
    metadata       json                     NOT NULL,
    timestamp      timestamp with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- Ours. Positions and guild sequences have no gaps: the appender counts them under a lock.
    position       bigint                   NOT NULL,
    guild          bigint                   NOT NULL,
    guild_seq      bigint                   NOT NULL,
    event_id       uuid                     NOT NULL,
    recorded_at    bigint                   NOT NULL, -- microseconds since 1970
    hash           bytea                    NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE UNIQUE INDEX events_position ON events (position);
CREATE UNIQUE INDEX events_guild ON events (guild, guild_seq);
CREATE UNIQUE INDEX events_id ON events (event_id);

CREATE FUNCTION reeve_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER events_immutable BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION reeve_refuse_change();
CREATE TRIGGER events_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION reeve_refuse_change();

CREATE TABLE log_meta (
    key   text PRIMARY KEY,
    value text NOT NULL
);

-- One batch of appends in one round trip. The caller counted on top of `expected_head`; when
-- somebody else has written since, nothing is inserted and the answer is the true head.
-- Each statement of a volatile function sees what was committed before it began, so the head
-- is read after the lock was taken.
CREATE FUNCTION reeve_append(
    expected_head bigint,
    aggregate_types text[], aggregate_ids text[], sequences bigint[],
    event_types text[], event_versions text[], payloads text[], metadatas text[],
    guilds bigint[], guild_seqs bigint[], event_ids uuid[], recorded_ats bigint[], hashes bytea[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reeve.events'), current_schema()::regnamespace::oid::int);
    SELECT COALESCE(max(position), 0) INTO head FROM events;
    IF head = expected_head AND cardinality(sequences) > 0 THEN
        INSERT INTO events (
            aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            position, guild, guild_seq, event_id, recorded_at, hash)
        SELECT t, i, s, et, ev, p::json, m::json, expected_head + ordinal, g, gs, id, at, h
        FROM unnest(aggregate_types, aggregate_ids, sequences, event_types, event_versions,
                    payloads, metadatas, guilds, guild_seqs, event_ids, recorded_ats, hashes)
             WITH ORDINALITY AS rows (t, i, s, et, ev, p, m, g, gs, id, at, h, ordinal);
    END IF;
    RETURN head;
END $$;
