-- Only SQL that PostgreSQL, CockroachDB and YugabyteDB all run. Statements end
-- with a semicolon at the end of a line and can be repeated.

CREATE TABLE IF NOT EXISTS envelopes (
    topic   BYTEA NOT NULL, -- 4 bytes
    created INT8  NOT NULL, -- Unix seconds: expiry - ttl
    hash    BYTEA NOT NULL, -- 32 bytes
    data    BYTEA NOT NULL, -- RLP
    size    INT4  NOT NULL, -- bytes of data
    PRIMARY KEY (topic, created, hash)
);

-- A scan by time reads topic and size here. CockroachDB refuses columns of the
-- primary key after INCLUDE, so topic is a part of the key. YugabyteDB would
-- spread an index by the hash of its first column; with ASC it keeps the order.
CREATE INDEX IF NOT EXISTS envelopes_by_time ON envelopes (created ASC, hash ASC, topic ASC) INCLUDE (size);

-- Every topic that has envelopes, so that a bloom filter can be turned into
-- topics. Times are those of the database when a server saw the topic.
CREATE TABLE IF NOT EXISTS topics (
    topic      BYTEA PRIMARY KEY,
    first_seen INT8 NOT NULL,
    last_seen  INT8 NOT NULL
);

CREATE INDEX IF NOT EXISTS topics_by_first_seen ON topics (first_seen ASC);

-- Totals in parts, so that servers do not wait for each other.
CREATE TABLE IF NOT EXISTS counters (
    shard     INT4 PRIMARY KEY,
    envelopes INT8 NOT NULL,
    bytes     INT8 NOT NULL
);

INSERT INTO counters (shard, envelopes, bytes) VALUES
    (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0)
    ON CONFLICT DO NOTHING;
