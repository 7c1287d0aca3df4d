-- Outgoing wrappers, once for all who need them: data sync and sent.
CREATE TABLE body (
    message BLOB PRIMARY KEY NOT NULL, -- message id
    wrapper BLOB NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO body (message, wrapper) SELECT id, wrapper FROM sent;
INSERT OR IGNORE INTO body (message, wrapper)
    SELECT iif(s.ref = zeroblob(32), s.body, s.ref), b.body FROM mvds_state AS s JOIN mvds_body AS b ON b.id = s.body
    WHERE s.outcome = 0 AND s.kind <> 1;

-- What it takes to send a wrapper again when somebody asks for that.
CREATE TABLE sent_new (
    id         BLOB PRIMARY KEY NOT NULL,
    chat       TEXT    NOT NULL,
    route      INTEGER NOT NULL,
    recipients BLOB    NOT NULL, -- uncompressed public keys
    at         INTEGER NOT NULL  -- Unix milliseconds
) WITHOUT ROWID, STRICT;
INSERT INTO sent_new SELECT id, chat, route, recipients, at FROM sent;
DROP TABLE sent;
ALTER TABLE sent_new RENAME TO sent;
CREATE INDEX sent_at ON sent (at);

-- What is outstanding with a peer: the state of data sync, which is nowhere
-- else. Times are Unix milliseconds, 0 for never.
CREATE TABLE sync_record (
    seq        INTEGER PRIMARY KEY, -- grows with each that is added
    peer       BLOB    NOT NULL, -- uncompressed public key
    id         BLOB    NOT NULL, -- of the message in its group
    kind       INTEGER NOT NULL, -- 0 offer, 1 request, 2 message
    ref        BLOB,             -- message id; NULL for a request
    body_bytes INTEGER NOT NULL,
    timestamp  INTEGER NOT NULL, -- on the wire, Unix seconds
    attempts   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    last_sent  INTEGER NOT NULL,
    asked      INTEGER NOT NULL,
    deadline   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sync_record_name ON sync_record (peer, id);
CREATE INDEX sync_record_ref ON sync_record (ref) WHERE ref IS NOT NULL;
CREATE INDEX sync_record_due ON sync_record (deadline);
CREATE INDEX sync_record_request ON sync_record (peer) WHERE kind = 1;
-- A message could be there more than once for a recipient: the latest stays.
CREATE INDEX mvds_state_latest ON mvds_state (ref, peer, seq) WHERE outcome = 0 AND kind <> 1;
INSERT INTO sync_record (peer, id, kind, ref, body_bytes, timestamp, attempts, created, last_sent, asked, deadline)
    SELECT peer, id, kind, iif(kind = 1, NULL, iif(ref = zeroblob(32), body, ref)), body_bytes, timestamp, attempts,
        created, last_sent, 0, deadline
    FROM mvds_state AS s WHERE outcome = 0 AND (kind = 1 OR ref = zeroblob(32) OR NOT EXISTS (
        SELECT 1 FROM mvds_state WHERE outcome = 0 AND kind <> 1 AND ref = s.ref AND peer = s.peer AND seq > s.seq))
    ORDER BY seq;

-- Peers that were heard lately while something was outstanding with them.
CREATE TABLE sync_peer (
    peer        BLOB    PRIMARY KEY NOT NULL,
    heard       INTEGER NOT NULL, -- last time that what is overdue became due
    missed      INTEGER NOT NULL, -- last time that the peer could not read something
    sent_before INTEGER NOT NULL  -- what was sent before is due; 0: nothing
) WITHOUT ROWID, STRICT;
CREATE INDEX sync_peer_heard ON sync_peer (sent_before) WHERE sent_before > 0;

-- Received message ids, in the order in which they came: delivered once,
-- acknowledged each time.
CREATE TABLE sync_received (
    seq  INTEGER PRIMARY KEY,
    id   BLOB    NOT NULL UNIQUE,
    at   INTEGER NOT NULL,
    owed BLOB -- to whom an ack has not left
) STRICT;
INSERT INTO sync_received (id, at) SELECT id, at FROM mvds_seen ORDER BY at, id;
CREATE INDEX sync_received_owed ON sync_received (owed) WHERE owed IS NOT NULL;

-- The latest time in these tables, give or take 10 s: one row. An earlier one
-- means that the clock was set back.
CREATE TABLE sync_clock (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    latest INTEGER NOT NULL,
    back   INTEGER NOT NULL -- what the clock said when it was found to be set back; 0: it is not
) STRICT;
INSERT INTO sync_clock SELECT 1, max(ifnull((SELECT max(created) FROM sync_record), 0),
    ifnull((SELECT max(last_sent) FROM sync_record), 0), ifnull((SELECT max(at) FROM sync_received), 0)), 0;

DROP TABLE mvds_body;
DROP TABLE mvds_state;
DROP TABLE mvds_seen;
