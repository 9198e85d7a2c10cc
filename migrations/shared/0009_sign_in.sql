-- Who is signed in where. What signs in is kept as a hash only, and who that is, sealed: nobody
-- reads from this who signed in. Portable: both stores run this text.
CREATE TABLE sign_ins (
    token_hash bytea  NOT NULL PRIMARY KEY,
    id         text   NOT NULL UNIQUE,
    who        bytea  NOT NULL, -- a keyed hash
    sealed     bytea  NOT NULL, -- who, and where they were members
    client     text   NOT NULL,
    began_at   bigint NOT NULL,
    seen_at    bigint NOT NULL,
    ends_at    bigint NOT NULL
);
CREATE INDEX sign_ins_who ON sign_ins (who, began_at);
CREATE INDEX sign_ins_ends_at ON sign_ins (ends_at);
