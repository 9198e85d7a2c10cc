-- A copy of what a community is made of, as Discord tells it: it can be asked for again, and is no
-- history. Portable: both stores run this text.
CREATE TABLE mirror_guilds (
    guild       bigint NOT NULL PRIMARY KEY,
    name        text   NOT NULL,
    icon        text,
    owner       bigint, -- a person's number
    seen_at     bigint NOT NULL,
    compared_at bigint, -- when somebody had it compared, and what differed
    added       bigint NOT NULL,
    changed     bigint NOT NULL,
    gone        bigint NOT NULL
);

-- Its roles and channels. What was deleted keeps its name.
CREATE TABLE mirror_places (
    guild    bigint NOT NULL,
    kind     text   NOT NULL, -- role, channel
    id       bigint NOT NULL,
    name     text   NOT NULL,
    colour   bigint NOT NULL, -- of a role; 0 for none of its own
    position bigint NOT NULL,
    sort     bigint NOT NULL, -- Discord's number of a channel's kind
    parent   bigint,
    here     bigint NOT NULL, -- 0 once it was deleted
    seen_at  bigint NOT NULL, -- what is told of an earlier moment is no news
    PRIMARY KEY (guild, kind, id)
);
