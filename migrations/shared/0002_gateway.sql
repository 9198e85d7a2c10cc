-- Where each shard's session with Discord stands, so that a restart resumes it and Discord replays
-- what was missed. Portable: both stores run this text.
CREATE TABLE gateway_sessions (
    application bigint NOT NULL,
    shard       bigint NOT NULL,
    shards      bigint NOT NULL, -- in all; another number starts anew
    session     text   NOT NULL,
    resume_url  text   NOT NULL,
    seq         bigint NOT NULL,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (application, shard)
);
