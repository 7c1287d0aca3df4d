-- The chats that an event concerns, the one that it is about first, each id
-- after its length as an unsigned varint; NULL: none. Events of before are
-- asked here, for the last time, what they are about.
ALTER TABLE event_log ADD COLUMN chats BLOB;

UPDATE event_log SET chats = (
    SELECT unhex(group_concat(iif(n < 128, printf('%02x', n), printf('%02x%02x', n & 127 | 128, n >> 7)) || hex(id), ''
                              ORDER BY place))
    FROM (
        SELECT id, length(CAST(id AS BLOB)) AS n, min(place) AS place
        FROM (
            SELECT row_number() OVER () AS place, coalesce(nullif(local, ''), sent) AS id
            FROM (
                SELECT NULL AS local, coalesce(CAST(body AS TEXT) ->> 'chatId', body ->> 'chatID') AS sent
                UNION ALL SELECT CAST(body AS TEXT) ->> '$.message.localChatId', body ->> '$.message.chatId'
                UNION ALL SELECT value ->> 'localChatId', value ->> 'chatId' FROM json_each(CAST(body AS TEXT), '$.messages')
                UNION ALL SELECT value ->> 'localChatId', value ->> 'chatId' FROM json_each(CAST(body AS TEXT), '$.emojiReactions')
                UNION ALL SELECT NULL, value ->> 'chatId' FROM json_each(CAST(body AS TEXT), '$.invitations')
                UNION ALL SELECT NULL, value ->> 'chatId' FROM json_each(CAST(body AS TEXT), '$.filters')
                UNION ALL SELECT CAST(body AS TEXT) ->> '$.reaction.localChatId', body ->> '$.reaction.chatId'
                UNION ALL SELECT NULL, CAST(body AS TEXT) ->> '$.invitation.chatId'
                UNION ALL SELECT NULL, value ->> 'id' FROM json_each(CAST(body AS TEXT), '$.chats')
                UNION ALL SELECT NULL, coalesce(CAST(body AS TEXT) ->> '$.chat.id', body ->> '$.contact.id')
            )
        )
        WHERE id <> '' AND length(CAST(id AS BLOB)) < 16384
        GROUP BY id
    )
)
WHERE type IN ('messages.new', 'message.delivered', 'whisper.filter.added', 'reaction.added', 'reaction.retracted',
    'contact.requested', 'contact.updated', 'group.created', 'group.renamed', 'group.member.added',
    'group.member.joined', 'group.member.left', 'group.member.removed', 'group.admin.added', 'group.admin.removed',
    'group.invitation', 'message.edited', 'message.deleted', 'message.pinned')
  AND json_valid(CAST(body AS TEXT));
