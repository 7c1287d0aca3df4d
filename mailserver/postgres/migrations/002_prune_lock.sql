-- The row that a server locks while it prunes, so that two servers do not
-- remove the same surplus twice. It counts nothing.

INSERT INTO counters (shard, envelopes, bytes) VALUES (-1, 0, 0) ON CONFLICT DO NOTHING;
