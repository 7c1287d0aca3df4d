-- Payloads that cannot be handled now and may be later, with the reason: a
-- type that this version does not know, a clock that is ahead, an author who
-- is no member or no contact yet.
ALTER TABLE quarantine RENAME TO quarantine_before;
DROP INDEX quarantine_sender;
CREATE TABLE quarantine (
    seq         INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE, -- SHA-256 of sender and data
    reason      TEXT    NOT NULL,
    subject     TEXT    NOT NULL, -- id of the chat or person that has to change, or empty
    due         INTEGER NOT NULL, -- when it is tried again, Unix milliseconds
    at          INTEGER NOT NULL, -- when it was put here first, Unix milliseconds
    stranger    INTEGER NOT NULL,
    size        INTEGER NOT NULL, -- bytes of data
    data        BLOB    NOT NULL,
    sender      BLOB    NOT NULL,
    envelope    BLOB    NOT NULL,
    sent        INTEGER NOT NULL, -- Unix seconds
    public_chat TEXT    NOT NULL, -- where it came, or empty
    protection  INTEGER NOT NULL,
    paired      INTEGER NOT NULL,
    device      TEXT    NOT NULL
) STRICT;
INSERT INTO quarantine (seq, id, reason, subject, due, at, stranger, size, data, sender, envelope, sent, public_chat,
    protection, paired, device)
SELECT seq, randomblob(32), 'type', '', 9223372036854775807, sent * 1000, 0, length(data), data, sender, envelope, sent,
    public_chat, protection, paired, device FROM quarantine_before;
DROP TABLE quarantine_before;
CREATE INDEX quarantine_room ON quarantine (reason, stranger, sender, size);
CREATE INDEX quarantine_subject ON quarantine (reason, subject);
CREATE INDEX quarantine_due ON quarantine (due);
CREATE INDEX quarantine_sender ON quarantine (sender);

-- Who was removed from a group is looked up for each message in it.
CREATE INDEX group_event_removed ON group_event (chat) WHERE type = 5;
