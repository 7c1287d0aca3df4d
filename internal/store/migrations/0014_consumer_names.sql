-- Each owner has names of consumers of its own.
CREATE TABLE named_consumer (
    name  TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '', -- empty: none, from before there were owners
    seq   INTEGER NOT NULL,
    time  INTEGER NOT NULL, -- Unix milliseconds of the last acknowledgement
    PRIMARY KEY (name, owner)
) WITHOUT ROWID, STRICT;
INSERT INTO named_consumer (name, owner, seq, time) SELECT name, owner, seq, time FROM event_consumer;
DROP TABLE event_consumer;
ALTER TABLE named_consumer RENAME TO event_consumer;

-- What everybody but the first read messages as.
UPDATE OR IGNORE event_consumer SET name = 'receive' WHERE name = 'receive/' || owner;
