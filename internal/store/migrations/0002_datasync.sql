-- Bodies of outgoing messages, shared by all recipients.
CREATE TABLE mvds_body (
    id   BLOB PRIMARY KEY NOT NULL, -- SHA-256 of the body
    body BLOB NOT NULL
) STRICT;

-- What is outstanding with a peer.
CREATE TABLE mvds_state (
    peer       BLOB    NOT NULL, -- uncompressed public key
    id         BLOB    NOT NULL, -- message id
    kind       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    ref        BLOB    NOT NULL, -- the application's id
    body       BLOB    NOT NULL, -- all zeros: none
    body_bytes INTEGER NOT NULL,
    timestamp  INTEGER NOT NULL, -- on the wire, Unix seconds
    outcome    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    created    INTEGER NOT NULL, -- this and what follows: Unix milliseconds
    last_sent  INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    PRIMARY KEY (peer, id)
) WITHOUT ROWID, STRICT;

-- Received message ids: delivered once, acknowledged again.
CREATE TABLE mvds_seen (
    id BLOB PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL -- Unix milliseconds
) WITHOUT ROWID, STRICT;
CREATE INDEX mvds_seen_at ON mvds_seen (at);
