-- What messages said, for as long as a community keeps it: sealed with the author's key and the
-- day's. And what is still to be posted of the logs. Portable: both stores run this text.

-- A community's day. Without its row nothing of that day can be opened any more.
CREATE TABLE message_archive_days (
    guild    bigint NOT NULL,
    day      bigint NOT NULL, -- since 1970, in UTC
    wrapped  bytea  NOT NULL, -- the day's key
    messages bigint NOT NULL, -- versions that are kept of this day
    PRIMARY KEY (guild, day)
);

-- What a message said from one moment on.
CREATE TABLE message_archive (
    guild      bigint NOT NULL,
    message    bigint NOT NULL,
    version_at bigint NOT NULL, -- when it was written, or changed
    day        bigint NOT NULL, -- of version_at
    channel    bigint NOT NULL,
    person     bigint NOT NULL, -- who wrote it, by their number
    sealed     text   NOT NULL,
    PRIMARY KEY (guild, message, version_at)
);
CREATE INDEX message_archive_by_day ON message_archive (guild, day);
CREATE INDEX message_archive_by_person ON message_archive (guild, person);

-- Entries that wait to be posted in a channel.
CREATE TABLE log_posts (
    guild   bigint NOT NULL,
    channel bigint NOT NULL,
    seq     bigint NOT NULL, -- the entry's event, within its guild
    event   text   NOT NULL, -- its id
    entry   text   NOT NULL, -- person numbers only; names are sealed
    message bigint,          -- where it is about one
    by_whom bigint,          -- who deleted it, told after the entry was
    author  bigint,          -- and who wrote it
    PRIMARY KEY (guild, channel, seq)
);
