-- What is made up for of a time in which nothing was heard: how far it is, and what was read but not
-- counted yet. Portable: both stores run this text.
CREATE TABLE gaps (
    guild      bigint NOT NULL,
    begin_at   bigint NOT NULL,
    until_at   bigint NOT NULL,
    after_id   bigint NOT NULL, -- of messages above this
    before_id  bigint NOT NULL, -- and below this
    state      text   NOT NULL, -- waiting, reading, counting, done
    unlisted   bigint NOT NULL, -- channels beyond those that one recovery reads
    messages   bigint NOT NULL, -- counted
    PRIMARY KEY (guild, begin_at)
);

-- A channel of a gap. What was told live since is known by the first message of it.
CREATE TABLE gap_channels (
    guild      bigint NOT NULL,
    begin_at   bigint NOT NULL,
    channel    bigint NOT NULL,
    live_id    bigint,          -- from this message on, all was told live
    read_id    bigint,          -- up to this message, all was read
    pages      bigint NOT NULL,
    state      text   NOT NULL, -- known, reading, read, unread, cut
    PRIMARY KEY (guild, begin_at, channel)
);

-- Messages that were read and are still to be counted. Never what they say.
CREATE TABLE gap_messages (
    guild      bigint NOT NULL,
    begin_at   bigint NOT NULL,
    message    bigint NOT NULL,
    channel    bigint NOT NULL,
    person     bigint NOT NULL,
    reply      bigint NOT NULL,
    attachments bigint NOT NULL,
    length     bigint,          -- 1 short, 2 medium, 3 long
    PRIMARY KEY (guild, begin_at, message)
);
