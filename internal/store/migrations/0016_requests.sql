-- Calls that send, under the ids that programs gave them, so that a repeated
-- one answers what the first did. n numbers those of an owner.
CREATE TABLE request (
    owner  TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    method TEXT    NOT NULL,
    args   TEXT    NOT NULL, -- JSON: a fingerprint of each argument
    result TEXT    NOT NULL, -- JSON: the messages
    at     INTEGER NOT NULL, -- Unix milliseconds
    PRIMARY KEY (owner, id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX request_number ON request (owner, n);
CREATE INDEX request_age ON request (at);
