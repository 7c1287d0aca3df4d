-- Small values that have no table of their own.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) WITHOUT ROWID, STRICT;

-- What happened, for consumers that come back. The newest row is never
-- removed, so that no number is given twice; AUTOINCREMENT would ensure the
-- same at the price of another page in each transaction.
CREATE TABLE event_log (
    seq  INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, -- Unix milliseconds
    type TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- How far named consumers have come.
CREATE TABLE event_consumer (
    name TEXT PRIMARY KEY NOT NULL,
    seq  INTEGER NOT NULL,
    time INTEGER NOT NULL -- Unix milliseconds of the last acknowledgement
) WITHOUT ROWID, STRICT;
