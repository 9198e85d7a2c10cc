-- A copy of who is in a community, as Discord tells it: it can be asked for again, and is no history.
-- Names are sealed with the key of whose they are. Portable: both stores run this text.
CREATE TABLE mirror_members (
    guild     bigint NOT NULL,
    person    bigint NOT NULL,
    profile   text   NOT NULL, -- names and picture, sealed
    roles     text   NOT NULL, -- their ids, with commas
    joined_at bigint,
    bot       bigint NOT NULL,
    here      bigint NOT NULL, -- 0 once they left
    seen_at   bigint NOT NULL, -- what is told of an earlier moment is no news
    PRIMARY KEY (guild, person)
);

-- What somebody was called before.
CREATE TABLE mirror_names (
    guild   bigint NOT NULL,
    person  bigint NOT NULL,
    until   bigint NOT NULL, -- when it was seen that they are called otherwise
    profile text   NOT NULL, -- sealed
    PRIMARY KEY (guild, person, until)
);

-- How far a community's members have been copied, and what came of it.
CREATE TABLE mirror_syncs (
    guild       bigint NOT NULL PRIMARY KEY,
    state       text   NOT NULL, -- running, done, failed
    after       bigint,          -- the last who was copied, by their number
    expected    bigint NOT NULL,
    seen        bigint NOT NULL,
    added       bigint NOT NULL,
    changed     bigint NOT NULL,
    gone        bigint NOT NULL,
    began_at    bigint NOT NULL,
    finished_at bigint,
    problem     text             -- why it failed
);
