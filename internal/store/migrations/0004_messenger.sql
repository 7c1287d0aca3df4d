-- People: everybody who ever wrote, reacted or was added.
CREATE TABLE contact (
    key             INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE, -- uncompressed public key
    tags            TEXT    NOT NULL,        -- JSON list
    added           INTEGER NOT NULL,        -- these two are what tags say
    blocked         INTEGER NOT NULL,
    listed          INTEGER NOT NULL,        -- shown among the contacts
    name            TEXT    NOT NULL,
    nickname        TEXT    NOT NULL,
    photo           TEXT    NOT NULL,
    updated         INTEGER NOT NULL, -- clock of the latest contact update
    ens_verified    INTEGER NOT NULL,
    ens_verified_at INTEGER NOT NULL,
    ens_clock       INTEGER NOT NULL,
    ens_retries     INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_listed ON contact (nickname) WHERE listed;

CREATE TABLE chat (
    key           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    type          INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    color         TEXT    NOT NULL,
    active        INTEGER NOT NULL,
    muted         INTEGER NOT NULL,
    deleted       INTEGER NOT NULL, -- hidden until it comes back
    stranger      INTEGER NOT NULL, -- somebody unknown began it and was never answered
    timestamp     INTEGER NOT NULL, -- of the last activity, Unix milliseconds
    last_clock    INTEGER NOT NULL,
    deleted_clock INTEGER NOT NULL, -- nothing up to this clock comes back
    unread        INTEGER NOT NULL,
    last          INTEGER,          -- seq of the last message
    members       TEXT    NOT NULL, -- JSON list, of groups
    admin         TEXT    NOT NULL, -- who was asked for an invitation
    profile       TEXT    NOT NULL
) STRICT;
CREATE INDEX chat_stranger ON chat (type) WHERE stranger;

-- The number of a message orders it by clock and then id: it is the clock
-- shifted by 20 bits, and the first 20 bits of the id. So the messages of a
-- chat, and what a search finds, are read in order without sorting.
CREATE TABLE message (
    seq       INTEGER PRIMARY KEY,
    id        BLOB    NOT NULL UNIQUE,
    chat      INTEGER NOT NULL,
    author    INTEGER NOT NULL,
    clock     INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, -- the sender's, Unix milliseconds
    received  INTEGER NOT NULL, -- of the envelope, Unix milliseconds
    type      INTEGER NOT NULL,
    content   INTEGER NOT NULL,
    status    INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    hidden    INTEGER NOT NULL,
    text      TEXT    NOT NULL,
    wire_chat TEXT,             -- chat id of the payload where it differs
    ens_name  TEXT    NOT NULL,
    reply_to  TEXT    NOT NULL,
    replaces  TEXT    NOT NULL,
    extra     BLOB    NOT NULL  -- JSON of what few messages have, or empty
) STRICT;
CREATE INDEX message_chat ON message (chat);
CREATE INDEX message_author ON message (author);
CREATE INDEX message_unseen ON message (chat) WHERE NOT seen;

-- Pictures and recordings.
CREATE TABLE media (
    message  INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,
    image    INTEGER NOT NULL, -- 0: a recording
    format   INTEGER NOT NULL,
    duration INTEGER NOT NULL, -- milliseconds
    bytes    BLOB    NOT NULL
) STRICT;

-- Every three letters that follow each other in a text, so that any part of a
-- word is found. The column chat has one such token for the chat's key.
CREATE VIRTUAL TABLE message_text USING fts5 (text, chat, content='', tokenize='trigram');
INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER message_indexed AFTER INSERT ON message WHEN new.content <> 6 BEGIN
    INSERT INTO message_text (rowid, text, chat) VALUES (new.seq, new.text,
        char(0xF0000 + (new.chat >> 32 & 0xFFF), 0xF0000 + (new.chat >> 16 & 0xFFFF), 0xF0000 + (new.chat & 0xFFFF)));
END;
CREATE TRIGGER message_forgotten AFTER DELETE ON message WHEN old.content <> 6 BEGIN
    INSERT INTO message_text (message_text, rowid, text, chat) VALUES ('delete', old.seq, old.text,
        char(0xF0000 + (old.chat >> 32 & 0xFFF), 0xF0000 + (old.chat >> 16 & 0xFFFF), 0xF0000 + (old.chat & 0xFFFF)));
END;
CREATE TRIGGER message_edited AFTER UPDATE OF text ON message WHEN old.content <> 6 BEGIN
    INSERT INTO message_text (message_text, rowid, text, chat) VALUES ('delete', old.seq, old.text,
        char(0xF0000 + (old.chat >> 32 & 0xFFF), 0xF0000 + (old.chat >> 16 & 0xFFFF), 0xF0000 + (old.chat & 0xFFFF)));
    INSERT INTO message_text (rowid, text, chat) VALUES (new.seq, new.text,
        char(0xF0000 + (new.chat >> 32 & 0xFFF), 0xF0000 + (new.chat >> 16 & 0xFFFF), 0xF0000 + (new.chat & 0xFFFF)));
END;

CREATE TABLE reaction (
    id        BLOB PRIMARY KEY NOT NULL,
    chat      INTEGER NOT NULL,
    author    INTEGER NOT NULL,
    message   TEXT    NOT NULL,
    wire_chat TEXT    NOT NULL,
    type      INTEGER NOT NULL,
    emoji     INTEGER NOT NULL,
    clock     INTEGER NOT NULL,
    retracted INTEGER NOT NULL
) STRICT;
CREATE INDEX reaction_message ON reaction (chat, message);
CREATE INDEX reaction_author ON reaction (author, chat);

-- Signed events of groups, in the order they became known.
CREATE TABLE group_event (
    seq       INTEGER PRIMARY KEY,
    chat      INTEGER NOT NULL,
    signature BLOB    NOT NULL,
    type      INTEGER NOT NULL,
    clock     INTEGER NOT NULL,
    members   TEXT    NOT NULL, -- JSON list
    name      TEXT    NOT NULL,
    author    TEXT    NOT NULL, -- contact id
    raw       BLOB    NOT NULL,
    UNIQUE (chat, signature)
) STRICT;

-- Requests to be let into a group, ours and those of others.
CREATE TABLE invitation (
    id    BLOB PRIMARY KEY NOT NULL,
    chat  TEXT    NOT NULL,
    author TEXT   NOT NULL, -- contact id of who asked
    admin TEXT    NOT NULL, -- contact id of whom we asked, or empty
    text  TEXT    NOT NULL,
    state INTEGER NOT NULL,
    clock INTEGER NOT NULL
) STRICT;

-- Wrappers that were sent, to send them again.
CREATE TABLE sent (
    id         BLOB PRIMARY KEY NOT NULL,
    chat       TEXT    NOT NULL,
    route      INTEGER NOT NULL,
    wrapper    BLOB    NOT NULL,
    recipients BLOB    NOT NULL, -- uncompressed public keys
    at         INTEGER NOT NULL  -- Unix milliseconds
) STRICT;
CREATE INDEX sent_at ON sent (at);

-- Who acknowledged a message.
CREATE TABLE delivery (
    id        BLOB NOT NULL,
    recipient BLOB NOT NULL,
    PRIMARY KEY (id, recipient)
) WITHOUT ROWID, STRICT;

-- Payloads that were handled, also those deleted since.
CREATE TABLE seen_message (
    id BLOB PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL -- Unix milliseconds
) WITHOUT ROWID, STRICT;
CREATE INDEX seen_message_at ON seen_message (at);

-- Payloads that a later version may understand.
CREATE TABLE quarantine (
    seq         INTEGER PRIMARY KEY,
    data        BLOB    NOT NULL,
    sender      BLOB    NOT NULL,
    envelope    BLOB    NOT NULL,
    sent        INTEGER NOT NULL, -- Unix seconds
    public_chat TEXT    NOT NULL, -- where it came, or empty
    protection  INTEGER NOT NULL,
    paired      INTEGER NOT NULL,
    device      TEXT    NOT NULL,
    UNIQUE (envelope, data)
) STRICT;
CREATE INDEX quarantine_sender ON quarantine (sender);
