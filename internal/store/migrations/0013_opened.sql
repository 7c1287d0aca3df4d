-- What tells a copy of a message from one that a session cannot open any more:
-- the last messages that were opened, by sender. Numbers of a sender go from
-- first to next - 1; forgotten is the latest time (Unix nanoseconds) of those
-- that were there before.
CREATE TABLE sender (
    ref       INTEGER PRIMARY KEY,
    identity  BLOB    NOT NULL UNIQUE,
    first     INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;
CREATE INDEX sender_kept ON sender (next - first);

CREATE TABLE opened (
    sender INTEGER NOT NULL REFERENCES sender (ref) ON DELETE CASCADE,
    n      INTEGER NOT NULL,
    digest INTEGER NOT NULL, -- unsigned 64 bits
    sent   INTEGER NOT NULL, -- as the sender signed it; 0: unknown
    PRIMARY KEY (sender, n)
) WITHOUT ROWID, STRICT;

-- Nothing is known of what came before.
INSERT INTO sender (identity, first, next, forgotten) SELECT identity, 0, 0, heard FROM peer;
