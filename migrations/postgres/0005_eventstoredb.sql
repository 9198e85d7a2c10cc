-- The index of a log in EventStoreDB: where each event stands. All of it can be computed again from
-- that log alone, so it is never the truth and may be emptied.
CREATE TABLE esdb_events (
    position         bigint NOT NULL PRIMARY KEY, -- 1, 2, 3 … in the server's order of all
    guild            bigint NOT NULL,
    guild_seq        bigint NOT NULL,
    aggregate_type   text   NOT NULL,
    aggregate_id     text   NOT NULL,
    sequence         bigint NOT NULL,
    event_id         uuid   NOT NULL,
    recorded_at      bigint NOT NULL, -- microseconds since 1970
    hash             bytea  NOT NULL,
    commit_position  bigint NOT NULL, -- the server's own
    prepare_position bigint NOT NULL
);
CREATE UNIQUE INDEX esdb_events_guild ON esdb_events (guild, guild_seq);
CREATE UNIQUE INDEX esdb_events_stream ON esdb_events (aggregate_type, aggregate_id, sequence);
CREATE UNIQUE INDEX esdb_events_id ON esdb_events (event_id);

-- How far the index is, and of which log it is.
CREATE TABLE esdb_checkpoint (
    one              boolean PRIMARY KEY DEFAULT true CHECK (one),
    log              uuid    NOT NULL,
    position         bigint  NOT NULL DEFAULT 0,
    last_at          bigint  NOT NULL,
    commit_position  bigint  NOT NULL DEFAULT 0,
    prepare_position bigint  NOT NULL DEFAULT 0
);

-- Enters events that the caller counted on top of `base`. Several processes follow the same log and
-- come to the same numbers; whoever is first enters them, and for the others there is nothing left to
-- do. The answer is how far the index is then. When that is less than `base`, nothing was entered:
-- the index was emptied or lost its end, and the caller must begin again from there.
CREATE FUNCTION esdb_index(
    base bigint,
    guilds bigint[], guild_seqs bigint[], aggregate_types text[], aggregate_ids text[],
    sequences bigint[], event_ids uuid[], recorded_ats bigint[], hashes bytea[],
    commit_positions bigint[], prepare_positions bigint[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
    count bigint := cardinality(guilds);
BEGIN
    SELECT position INTO head FROM esdb_checkpoint FOR UPDATE;
    IF head < base OR count = 0 THEN
        RETURN head;
    END IF;
    IF head > base AND EXISTS (
        SELECT FROM unnest(event_ids, hashes) WITH ORDINALITY AS rows (id, hash, ordinal)
        JOIN esdb_events ON esdb_events.position = base + ordinal
        WHERE ordinal <= head - base AND (event_id <> id OR esdb_events.hash <> rows.hash)
    ) THEN
        RAISE EXCEPTION 'the index has other events after % than the log', base
            USING ERRCODE = 'data_corrupted';
    END IF;
    IF base + count <= head THEN
        RETURN head;
    END IF;
    INSERT INTO esdb_events (
        position, guild, guild_seq, aggregate_type, aggregate_id, sequence, event_id, recorded_at,
        hash, commit_position, prepare_position)
    SELECT base + ordinal, g, gs, t, i, s, id, at, h, c, p
    FROM unnest(guilds, guild_seqs, aggregate_types, aggregate_ids, sequences, event_ids,
                recorded_ats, hashes, commit_positions, prepare_positions)
         WITH ORDINALITY AS rows (g, gs, t, i, s, id, at, h, c, p, ordinal)
    WHERE ordinal > head - base;
    UPDATE esdb_checkpoint SET
        position = base + count,
        last_at = greatest(last_at, (SELECT max(at) FROM unnest(recorded_ats) AS at)),
        commit_position = commit_positions[count],
        prepare_position = prepare_positions[count];
    RETURN base + count;
END $$;

-- Facts about the log that are not events: where it has moved, or what it is being filled from. They
-- cannot be computed again. Apart from log_meta, which is about a log in this database itself.
CREATE TABLE esdb_marks (
    key     text    PRIMARY KEY,
    value   text    NOT NULL,
    settled boolean NOT NULL -- every process that appends has let go of the log
);

-- Processes that may be appending; one that is here and holds no lock died or lost its session.
CREATE TABLE esdb_writers (process uuid PRIMARY KEY);
