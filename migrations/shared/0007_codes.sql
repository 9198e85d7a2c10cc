-- Who has guessed at codes, and how often since when. The member is a keyed hash: nobody reads from
-- it who that is. Portable: both stores run this text.
CREATE TABLE code_guesses (
    guild    bigint NOT NULL,
    who      bytea  NOT NULL,
    begun_at bigint NOT NULL,
    misses   bigint NOT NULL,
    PRIMARY KEY (guild, who)
);
CREATE INDEX code_guesses_begun_at ON code_guesses (begun_at);
