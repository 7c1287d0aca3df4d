-- How large the bodies of the event log are together.
CREATE TABLE event_bytes (
    one   INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    total INTEGER NOT NULL
) STRICT;
INSERT INTO event_bytes (one, total) SELECT 1, coalesce(sum(length(body)), 0) FROM event_log;

CREATE TRIGGER event_appended AFTER INSERT ON event_log BEGIN
    UPDATE event_bytes SET total = total + length(new.body);
END;
CREATE TRIGGER event_removed AFTER DELETE ON event_log BEGIN
    UPDATE event_bytes SET total = total - length(old.body);
END;
