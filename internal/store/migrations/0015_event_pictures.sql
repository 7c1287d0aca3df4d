-- Events with a picture or recording of somebody we do not know go when the
-- message goes, so that the log keeps no more of them than the chats do.
CREATE TABLE event_picture (
    event   INTEGER PRIMARY KEY,
    message INTEGER NOT NULL -- seq, or 0: it is gone
) STRICT;
CREATE INDEX event_picture_message ON event_picture (message);
CREATE TRIGGER message_with_event_went AFTER DELETE ON message BEGIN
    UPDATE event_picture SET message = 0 WHERE message = old.seq;
END;
