-- Copies of files that are evidence of cases, sealed with the key of whoever wrote the message: of
-- who is erased none can be opened again. They are no part of the log, and no backup of the log
-- holds them. Portable: both stores run this text.
CREATE TABLE evidence_files (
    guild       bigint NOT NULL,
    case_number bigint NOT NULL,
    evidence    bigint NOT NULL, -- the evidence's number within its case
    file        bigint NOT NULL, -- the file's within its message
    person      bigint NOT NULL, -- who wrote it, by their number
    bytes       bigint NOT NULL,
    pieces      bigint NOT NULL,
    copied_at   bigint NOT NULL,
    PRIMARY KEY (guild, case_number, evidence, file)
);
CREATE INDEX evidence_files_by_person ON evidence_files (guild, person);

CREATE TABLE evidence_pieces (
    guild       bigint NOT NULL,
    case_number bigint NOT NULL,
    evidence    bigint NOT NULL,
    file        bigint NOT NULL,
    piece       bigint NOT NULL, -- 0, 1, 2 …
    sealed      bytea  NOT NULL,
    PRIMARY KEY (guild, case_number, evidence, file, piece)
);

-- Entries that were sent stay until it is known what became of that: the message's effect, or `lost`
-- where the channel was lost and they wait for another.
ALTER TABLE log_posts ADD COLUMN batch text;
