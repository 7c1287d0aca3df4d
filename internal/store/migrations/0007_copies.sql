-- Payloads that were handled, in the order in which they are forgotten. The
-- identity is the same for all copies of a payload, in whatever wrapper they
-- come; id is that of the wrapper that was handled.
CREATE TABLE handled (
    seq      INTEGER PRIMARY KEY,
    identity BLOB    NOT NULL UNIQUE,
    id       BLOB    NOT NULL,
    at       INTEGER NOT NULL, -- Unix milliseconds
    gone     INTEGER NOT NULL  -- no message had the id when it was looked at last
) STRICT;

-- Further ids of messages: those of copies in other wrappers.
CREATE TABLE message_alias (
    id      BLOB    PRIMARY KEY NOT NULL,
    message INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
    plain   INTEGER NOT NULL -- others know the message by this one
) WITHOUT ROWID, STRICT;
CREATE INDEX message_alias_message ON message_alias (message, plain);
