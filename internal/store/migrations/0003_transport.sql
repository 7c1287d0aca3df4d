-- Secure transport. Identities are compressed public keys, times Unix
-- nanoseconds, 0 for never, unless said otherwise.

-- What this installation knows of itself: one row.
CREATE TABLE device (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    last_version    INTEGER NOT NULL,
    contact_code_at INTEGER NOT NULL,
    answers_from    INTEGER NOT NULL,
    answers         INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    device_type     TEXT    NOT NULL,
    push_token      TEXT    NOT NULL
) STRICT;

-- Prekeys of this installation.
CREATE TABLE prekey (
    id       BLOB PRIMARY KEY NOT NULL, -- public part
    private  BLOB    NOT NULL,
    version  INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    replaced INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Identities that were heard, ours too.
CREATE TABLE peer (
    identity BLOB PRIMARY KEY NOT NULL,
    shared   BLOB    NOT NULL, -- negotiated secret, empty: none
    acks     BLOB    NOT NULL, -- installations, each with its length before it
    heard    INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    written  INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX peer_stranger ON peer (heard DESC, identity) WHERE written = 0;
CREATE INDEX peer_secret ON peer (identity) WHERE shared <> x'';

-- Devices of identities, but not this one.
CREATE TABLE installation (
    identity    BLOB    NOT NULL,
    id          TEXT    NOT NULL,
    enabled     INTEGER NOT NULL,
    protocol    INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    prekey      BLOB    NOT NULL,
    version     INTEGER NOT NULL,
    prekey_seen INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    device_type TEXT    NOT NULL,
    push_token  TEXT    NOT NULL,
    PRIMARY KEY (identity, id)
) WITHOUT ROWID, STRICT;

-- Ratchet sessions with devices.
CREATE TABLE session (
    ref          INTEGER PRIMARY KEY,
    identity     BLOB    NOT NULL,
    installation TEXT    NOT NULL,
    prekey       BLOB    NOT NULL, -- the responder's
    ephemeral    BLOB    NOT NULL, -- the initiator's
    initiator    INTEGER NOT NULL,
    answered     INTEGER NOT NULL,
    retired      INTEGER NOT NULL,
    rank         INTEGER NOT NULL, -- unsigned 64 bits
    created      INTEGER NOT NULL,
    used         INTEGER NOT NULL,
    state        BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX session_name ON session (identity, installation, prekey, ephemeral);

-- Keys of messages that have not come yet, or are not confirmed.
CREATE TABLE message_key (
    session  INTEGER NOT NULL REFERENCES session (ref) ON DELETE CASCADE,
    header   BLOB    NOT NULL,
    n        INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    key      BLOB    NOT NULL,
    envelope BLOB, -- that used the key; NULL: none did
    PRIMARY KEY (session, header, n)
) WITHOUT ROWID, STRICT;
CREATE INDEX message_key_seq ON message_key (session, seq);
CREATE INDEX message_key_envelope ON message_key (envelope) WHERE envelope IS NOT NULL;

-- Envelopes that were processed.
CREATE TABLE seen (
    hash   BLOB PRIMARY KEY NOT NULL,
    expiry INTEGER NOT NULL -- Unix seconds; then the row goes
) WITHOUT ROWID, STRICT;
CREATE INDEX seen_expiry ON seen (expiry);

-- What is to be posted, sealed already. Numbers are given by the courier and
-- are not given twice while it runs.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    attempts   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    place_kind INTEGER NOT NULL,
    place      TEXT    NOT NULL,
    recipient  BLOB    NOT NULL, -- whose key the envelope is sealed to; empty: that of the place
    ttl        INTEGER NOT NULL, -- nanoseconds, as pow_time
    pow_target REAL    NOT NULL,
    pow_time   INTEGER NOT NULL,
    untracked  INTEGER NOT NULL,
    payload    BLOB    NOT NULL
) STRICT;

-- Application payloads that a post carries.
CREATE TABLE outbox_message (
    message BLOB    NOT NULL,
    post    INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    PRIMARY KEY (message, post)
) WITHOUT ROWID, STRICT;
CREATE INDEX outbox_message_post ON outbox_message (post);

-- Symmetric keys, which are slow to derive, by the name of their place.
CREATE TABLE sym_key (
    name TEXT PRIMARY KEY NOT NULL,
    key  BLOB NOT NULL
) WITHOUT ROWID, STRICT;

-- What was fetched from mailservers: the spans of a topic.
CREATE TABLE mail_span (
    topic BLOB PRIMARY KEY NOT NULL,
    spans TEXT NOT NULL -- JSON
) WITHOUT ROWID, STRICT;

-- Fetches that were cut off.
CREATE TABLE mail_bookmark (
    name     TEXT PRIMARY KEY NOT NULL,
    bookmark TEXT NOT NULL -- JSON
) WITHOUT ROWID, STRICT;
