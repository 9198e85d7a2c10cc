-- Where a session was last resumed. Whoever resumes it from before that is told of that too, in the
-- middle of what is told again.
ALTER TABLE gateway_sessions ADD COLUMN resumed bigint NOT NULL DEFAULT 0;
