-- What messages said, in pages: versions of messages that were written within one minute, and kept
-- at the same time, are one row.
CREATE TABLE message_pages (
    guild         bigint NOT NULL,
    first_message bigint NOT NULL, -- the least of the messages
    page          bigint NOT NULL, -- tells pages apart that begin with the same message
    last_message  bigint NOT NULL, -- the greatest
    day           bigint NOT NULL, -- of all these versions, since 1970, in UTC
    versions      text   NOT NULL, -- a line each: message, moment, channel, person, sealed text
    PRIMARY KEY (guild, first_message, page)
);

INSERT INTO message_pages (guild, first_message, page, last_message, day, versions)
SELECT guild, message, version_at, message, day,
       CAST(message AS text) || ' ' || CAST(version_at AS text) || ' ' || CAST(channel AS text)
       || ' ' || CAST(person AS text) || ' ' || sealed
FROM message_archive;

DROP TABLE message_archive;
