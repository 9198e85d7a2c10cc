-- Operators who sign in without Discord, and how often somebody tried to be one. Names are kept as a
-- keyed hash and, with everything that signs in, sealed: nobody reads from this who runs the
-- installation, or has anything to guess at. Portable: both stores run this text.
CREATE TABLE operators (
    id         text   NOT NULL PRIMARY KEY,
    name_tag   bytea  NOT NULL UNIQUE, -- a keyed hash
    sealed     bytea  NOT NULL, -- the name, the password's hash, what codes are made of
    version    bigint NOT NULL, -- one more whenever something of it changes
    last_step  bigint NOT NULL, -- of the last code that was used: each works once
    added_at   bigint NOT NULL,
    changed_at bigint NOT NULL,
    seen_at    bigint           -- when they last signed in
);
CREATE TABLE operator_recovery_codes (
    operator_id text  NOT NULL,
    code_hash   bytea NOT NULL, -- a keyed hash
    PRIMARY KEY (operator_id, code_hash)
);
CREATE TABLE operator_tries (
    what     bytea  NOT NULL PRIMARY KEY, -- a keyed hash of a name, an address, both, or a browser
    many     bigint NOT NULL,
    last_at  bigint NOT NULL,
    until_at bigint NOT NULL  -- the next try counts from then
);
CREATE INDEX operator_tries_last_at ON operator_tries (last_at);
