-- What tells a session whose two sides no longer fit from a copy of a message,
-- and how often the sessions with an identity were replaced because of that.
ALTER TABLE peer ADD COLUMN healed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN heals INTEGER NOT NULL DEFAULT 0;

-- Entries of transport.Spent for the last messages that were opened.
ALTER TABLE session ADD COLUMN spent BLOB NOT NULL DEFAULT x'';
