-- A log that is being moved, has moved or is being filled takes no appends, whoever asks. Whoever
-- sets the mark holds the lock of appends, so none is half-way through when it is set.
CREATE FUNCTION reeve_refuse_closed() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    mark record;
BEGIN
    SELECT key, value INTO mark FROM log_meta WHERE key IN ('closed', 'filling')
    ORDER BY key LIMIT 1;
    IF FOUND AND (mark.key = 'closed'
        OR COALESCE(current_setting('reeve.importing', true), '') <> 'on') THEN
        RAISE EXCEPTION '% %', mark.key, mark.value USING ERRCODE = 'RV001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_not_when_closed BEFORE INSERT ON events
    FOR EACH STATEMENT EXECUTE FUNCTION reeve_refuse_closed();
