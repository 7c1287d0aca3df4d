-- What frontends keep at the daemon: settings, and the accounts of a wallet. It
-- means nothing here.
CREATE TABLE frontend_note (
    kind  TEXT    NOT NULL, -- setting or account
    name  TEXT    NOT NULL, -- of the setting; address of the account
    n     INTEGER NOT NULL, -- order in which they were made
    value TEXT    NOT NULL, -- JSON
    PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;
