-- Whose a named consumer is. Those that were there before owners have none: a
-- token made before takes them over when it names them.
ALTER TABLE event_consumer ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- Names that are not UTF-8 could be made, but named by nobody: writing them
-- letter by letter gives other bytes.
WITH RECURSIVE spelt (name, letters, text) AS (
    SELECT name, 1, char(unicode(substr(name, 1, 1))) FROM event_consumer
    UNION ALL
    SELECT name, letters + 1, text || char(unicode(substr(name, letters + 1, 1))) FROM spelt
        WHERE letters < length(name)
)
DELETE FROM event_consumer WHERE NOT EXISTS (
    SELECT 1 FROM spelt
        WHERE spelt.name = event_consumer.name AND CAST(spelt.text AS BLOB) = CAST(event_consumer.name AS BLOB)
);
