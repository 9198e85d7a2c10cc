-- What processes do about what happened: how far each has followed the log, what waits for its
-- time, and what is still to be done in Discord. None of it can be computed again.
-- Portable: both stores run this text.

-- Who does a piece of work that only one process may do at a time. Every holder has another epoch,
-- and every transaction of a holder begins by asking whether the epoch is still its own.
CREATE TABLE work_leases (
    name        text   NOT NULL PRIMARY KEY,
    owner       text   NOT NULL,
    epoch       bigint NOT NULL,
    lease_until bigint NOT NULL
);

CREATE TABLE process_checkpoints (
    name       text   NOT NULL,
    slice      bigint NOT NULL,
    slices     bigint NOT NULL, -- in all; settled when the process first began
    position   bigint NOT NULL,
    events     bigint NOT NULL, -- that it reacted to
    updated_at bigint NOT NULL,
    paused     text,            -- why it waits, where it waits for a newer binary
    PRIMARY KEY (name, slice)
);

-- A guild whose event a process could not deal with. It waits there; the others go on.
CREATE TABLE process_blocked (
    name        text   NOT NULL,
    guild       bigint NOT NULL,
    next_seq    bigint NOT NULL, -- where the guild goes on
    event_seq   bigint NOT NULL, -- what it waits at
    event_type  text   NOT NULL,
    error_id    text   NOT NULL,
    error       text   NOT NULL,
    tries       bigint NOT NULL,
    since       bigint NOT NULL,
    retry_asked bigint NOT NULL, -- an operator wants it tried again
    PRIMARY KEY (name, guild)
);

CREATE TABLE timers (
    kind      text   NOT NULL,
    guild     bigint NOT NULL,
    timer_key text   NOT NULL,
    id        text   NOT NULL, -- of this setting; another setting has another
    process   text   NOT NULL, -- who is called
    due_at    bigint NOT NULL,
    next_at   bigint NOT NULL, -- later than due_at where firing failed
    payload   text   NOT NULL,
    state     text   NOT NULL, -- waiting, firing, done, dead
    tries     bigint NOT NULL,
    error     text,
    set_at    bigint NOT NULL,
    fired_at  bigint,
    PRIMARY KEY (kind, guild, timer_key)
);
CREATE INDEX timers_by_time ON timers (state, next_at);
CREATE INDEX timers_by_id ON timers (id);

-- Numbers that are given in the order in which transactions commit.
CREATE TABLE work_counters (
    name  text   NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO work_counters (name, value) VALUES ('effects', 0);

-- What is to be done in Discord, and what became of it.
CREATE TABLE effects (
    number        bigint NOT NULL PRIMARY KEY, -- the order in which it is done, within its target
    id            text   NOT NULL UNIQUE,
    process       text   NOT NULL, -- who ordered it and is told what became of it
    kind          text   NOT NULL,
    guild         bigint NOT NULL,
    target        text   NOT NULL,
    route         text   NOT NULL, -- whose rate limit it falls under
    payload       text   NOT NULL, -- person numbers only; letters about a person are sealed
    note          text   NOT NULL, -- the process's own, given back with the outcome
    priority      bigint NOT NULL,
    state         text   NOT NULL, -- waiting, calling, unknown, done, dead, dropped
    unsure        bigint NOT NULL, -- a call was made whose outcome is not known
    limited       bigint NOT NULL, -- next_at is Discord's word: 1 for the route, 2 for all
    tries         bigint NOT NULL,
    round         bigint NOT NULL, -- goes up with every retry by an operator
    next_at       bigint NOT NULL,
    created_at    bigint NOT NULL,
    first_call_at bigint,
    last_call_at  bigint,
    finished_at   bigint,
    result        text,            -- the id that Discord gave, where it gave one
    error_code    bigint,
    error         text,
    tell          bigint NOT NULL  -- 1: its process is still to be told; 2: it could not be told
);
CREATE INDEX effects_by_state ON effects (state, number);
CREATE INDEX effects_by_result ON effects (result);
CREATE INDEX effects_to_tell ON effects (tell, number);
