-- What messages said is found by its place alone: a community's messages lie in the order in which they
-- were written, so a day is a range of them. Each index costs every message that is kept.
DROP INDEX message_archive_by_day;
DROP INDEX message_archive_by_person;
