-- What the projection runtime knows of its projections. Portable: both stores run this text.
CREATE TABLE projection_builds (
    name       text   NOT NULL,
    build      bigint NOT NULL,
    version    bigint NOT NULL, -- of the projection's code
    state      text   NOT NULL, -- building, live
    slices     bigint NOT NULL,
    started_at bigint NOT NULL,
    PRIMARY KEY (name, build)
);

-- How far each slice of a build is. Whoever holds the lease moves it, in the transaction that
-- writes the rows; a holder whose lease was taken finds that its update changes nothing.
CREATE TABLE projection_checkpoints (
    name        text   NOT NULL,
    build       bigint NOT NULL,
    slice       bigint NOT NULL,
    position    bigint NOT NULL,
    applied     bigint NOT NULL, -- events folded so far
    owner       text   NOT NULL,
    lease_until bigint NOT NULL,
    updated_at  bigint NOT NULL,
    paused      text, -- why it waits, when it does
    PRIMARY KEY (name, build, slice)
);

-- Guilds that a build does not follow at the moment: an event could not be folded, or the guild
-- is being rebuilt. The others go on.
CREATE TABLE projection_blocked (
    name     text   NOT NULL,
    build    bigint NOT NULL,
    guild    bigint NOT NULL,
    next_seq bigint NOT NULL, -- the first event of the guild that is not folded
    reason   text   NOT NULL,
    since    bigint NOT NULL,
    PRIMARY KEY (name, build, guild)
);

CREATE TABLE projection_dead_letters (
    name       text   NOT NULL,
    build      bigint NOT NULL,
    guild      bigint NOT NULL,
    guild_seq  bigint NOT NULL,
    event_id   text   NOT NULL,
    event_type text   NOT NULL,
    error_id   text   NOT NULL,
    error      text   NOT NULL,
    attempts   bigint NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (name, build, guild)
);

-- What operators ask of whichever process runs the projections.
CREATE TABLE operator_requests (
    id       text   PRIMARY KEY,
    verb     text   NOT NULL, -- rebuild, rebuild_guild, retry, erase
    subject  text   NOT NULL, -- projection, or empty
    guild    bigint,
    person   bigint,
    state    text   NOT NULL, -- asked, running, done, failed
    answer   text   NOT NULL,
    asked_at bigint NOT NULL
);
