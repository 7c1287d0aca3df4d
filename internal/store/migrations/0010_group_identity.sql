-- A group event is identified by who signed it and what is signed, not by its
-- signature, of which there can be any number. Of copies the first stays.
ALTER TABLE group_event ADD COLUMN sent INTEGER NOT NULL DEFAULT 1; -- updates carry it
ALTER TABLE group_event ADD COLUMN twin INTEGER NOT NULL DEFAULT 0; -- there was another signature
DELETE FROM group_event WHERE seq NOT IN (
    SELECT min(seq) FROM group_event GROUP BY chat, author, substr(raw, 66)
);
CREATE UNIQUE INDEX group_event_identity ON group_event (chat, author, substr(raw, 66));
