-- Who of the strangers makes room first: those at whom nobody looked, the ones
-- first whose last activity is the longest ago.
ALTER TABLE chat ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;
UPDATE chat SET looked = 1 WHERE stranger AND last IS NOT NULL AND unread = 0;
-- Contact id of the stranger who sent us a group.
ALTER TABLE chat ADD COLUMN begun_by TEXT NOT NULL DEFAULT '';
CREATE INDEX chat_stranger_order ON chat (looked, timestamp) WHERE stranger;
CREATE INDEX invitation_author ON invitation (admin, author);
