-- What moderation has written where, and how far audit logs have been read. None of it can be
-- computed again. Portable: both stores run this text.

-- The newest entry of a community's audit log that was noted, and whether there is a hole behind it.
CREATE TABLE audit_marks (
    guild  bigint NOT NULL PRIMARY KEY,
    entry  bigint NOT NULL,
    behind bigint NOT NULL
);

-- The post of a case in the community's log channel.
CREATE TABLE case_posts (
    guild       bigint NOT NULL,
    case_number bigint NOT NULL,
    opened_seq  bigint NOT NULL, -- the event that made the case, within its guild
    person      bigint NOT NULL, -- whom it is about, by their number
    channel     bigint,          -- where the post is, or is being sent to
    message     bigint,          -- none while it is being sent
    shown       text,            -- which state of the case it shows, or will have shown
    state       text   NOT NULL, -- new, sending, posted, lost, gone
    failure     text,            -- why Discord did not do what was ordered
    PRIMARY KEY (guild, case_number)
);
CREATE INDEX case_posts_by_state ON case_posts (guild, state, case_number);
CREATE INDEX case_posts_by_person ON case_posts (guild, person);
