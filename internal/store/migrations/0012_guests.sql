-- What people who are no contacts keep in public chats is bounded. guest is 0
-- for what is not counted, else its class: 1 texts, 2 pictures and recordings.
ALTER TABLE message ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN weight INTEGER NOT NULL DEFAULT 0; -- bytes, about
CREATE INDEX message_guest ON message (guest) WHERE guest > 0;
CREATE INDEX message_guest_author ON message (author, guest) WHERE guest > 0;

-- Reactions are class 3, and weigh the same each.
ALTER TABLE reaction ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;
CREATE INDEX reaction_guest ON reaction (guest) WHERE guest > 0;
CREATE INDEX reaction_guest_author ON reaction (author) WHERE guest > 0;

-- Sums by author and class; author 0 is everybody.
CREATE TABLE guest_weight (
    author INTEGER NOT NULL,
    class  INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (author, class)
) WITHOUT ROWID, STRICT;

-- What is there already, but for our own: that has a status.
UPDATE message SET guest = 1, weight = 512 + 4 * length(CAST(text AS BLOB))
    WHERE status = 0 AND chat IN (SELECT key FROM chat WHERE type IN (2, 4))
    AND author IN (SELECT key FROM contact WHERE NOT added);
UPDATE message SET guest = 2, weight = weight + (SELECT length(bytes) FROM media WHERE message = seq)
    WHERE guest = 1 AND seq IN (SELECT message FROM media);
UPDATE reaction SET guest = 3
    WHERE chat IN (SELECT key FROM chat WHERE type IN (2, 4)) AND author IN (SELECT key FROM contact WHERE NOT added)
    AND author NOT IN (SELECT author FROM message WHERE status > 0);
INSERT INTO guest_weight (author, class, weight)
    SELECT author, guest, sum(weight) FROM message WHERE guest > 0 GROUP BY author, guest;
INSERT INTO guest_weight (author, class, weight)
    SELECT author, guest, 256 * count(*) FROM reaction WHERE guest > 0 GROUP BY author, guest;
INSERT INTO guest_weight (author, class, weight)
    SELECT 0, class, sum(weight) FROM guest_weight GROUP BY class;

CREATE TRIGGER message_guest_came AFTER INSERT ON message WHEN new.guest > 0 BEGIN
    INSERT INTO guest_weight (author, class, weight)
        VALUES (new.author, new.guest, new.weight), (0, new.guest, new.weight)
        ON CONFLICT (author, class) DO UPDATE SET weight = weight + excluded.weight;
END;
CREATE TRIGGER message_guest_went AFTER DELETE ON message WHEN old.guest > 0 BEGIN
    UPDATE guest_weight SET weight = weight - old.weight WHERE author IN (old.author, 0) AND class = old.guest;
    DELETE FROM guest_weight WHERE author = old.author AND class = old.guest AND weight <= 0;
END;
CREATE TRIGGER message_guest_edited AFTER UPDATE OF text ON message WHEN old.guest > 0 BEGIN
    UPDATE message SET weight = weight + 4 * (length(CAST(new.text AS BLOB)) - length(CAST(old.text AS BLOB)))
        WHERE seq = new.seq;
END;
CREATE TRIGGER message_guest_changed AFTER UPDATE OF guest, weight ON message WHEN old.guest > 0 BEGIN
    UPDATE guest_weight SET weight = weight - old.weight + iif(new.guest > 0, new.weight, 0)
        WHERE author IN (old.author, 0) AND class = old.guest;
    DELETE FROM guest_weight WHERE author = old.author AND class = old.guest AND weight <= 0;
END;
CREATE TRIGGER reaction_guest_came AFTER INSERT ON reaction WHEN new.guest > 0 BEGIN
    INSERT INTO guest_weight (author, class, weight) VALUES (new.author, new.guest, 256), (0, new.guest, 256)
        ON CONFLICT (author, class) DO UPDATE SET weight = weight + excluded.weight;
END;
CREATE TRIGGER reaction_guest_went AFTER DELETE ON reaction WHEN old.guest > 0 BEGIN
    UPDATE guest_weight SET weight = weight - 256 WHERE author IN (old.author, 0) AND class = old.guest;
    DELETE FROM guest_weight WHERE author = old.author AND class = old.guest AND weight <= 0;
END;
CREATE TRIGGER reaction_guest_left AFTER UPDATE OF guest ON reaction WHEN old.guest > 0 AND new.guest = 0 BEGIN
    UPDATE guest_weight SET weight = weight - 256 WHERE author IN (old.author, 0) AND class = old.guest;
    DELETE FROM guest_weight WHERE author = old.author AND class = old.guest AND weight <= 0;
END;
