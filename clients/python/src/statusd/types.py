# Generated from the contract (package api) by internal/clientgen. Do not edit.
"""Types of the contract: what methods take and answer, as it is in JSON.
Objects are dicts; a member that is NotRequired may be missing. A newer daemon may add members
and values of enumerations.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict, Union

CONTRACT_VERSION: Final = "1.0.0"
"""Version of the contract that this package was made from, by semantic versioning."""

Bytes: TypeAlias = str
"""Bytes are written as 0x hex. Only that is read."""

Hash: TypeAlias = str
"""Hash is a hash of 32 bytes."""

LooseBytes: TypeAlias = str
"""LooseBytes are read as 0x hex, as 9/WAKU-RPC has it, or as base64, as status-go does. They are
written as 0x hex.
"""

Quantity: TypeAlias = str
"""Quantity is a number that is written in hex: 0x, no leading zeros."""

Timestamp: TypeAlias = str
"""Timestamp is a time by RFC 3339."""

Topic: TypeAlias = str
"""Topic is a topic of Waku."""

CHAT_ONE_TO_ONE: Final = 1
CHAT_PUBLIC: Final = 2
CHAT_PRIVATE_GROUP: Final = 3
CHAT_PROFILE: Final = 4
"""what one person writes to everybody"""
CHAT_TIMELINE: Final = 5
"""the profile chats together"""
ChatType: TypeAlias = Literal[
    1,
    2,
    3,
    4,
    5,
]
"""ChatType says what kind of conversation a chat is."""

COMMAND_ADDRESS_REQUESTED: Final = 1
COMMAND_ADDRESS_DECLINED: Final = 2
COMMAND_ADDRESS_ACCEPTED: Final = 3
COMMAND_TRANSACTION_REQUESTED: Final = 4
COMMAND_TRANSACTION_DECLINED: Final = 5
COMMAND_TRANSACTION_PENDING: Final = 6
COMMAND_TRANSACTION_SENT: Final = 7
CommandState: TypeAlias = Literal[
    1,
    2,
    3,
    4,
    5,
    6,
    7,
]
"""CommandState says how far a payment is."""

CONTENT_TEXT: Final = 1
CONTENT_STICKER: Final = 2
CONTENT_STATUS: Final = 3
CONTENT_EMOJI: Final = 4
CONTENT_COMMAND: Final = 5
"""about a payment"""
CONTENT_SYSTEM: Final = 6
"""of a group"""
CONTENT_IMAGE: Final = 7
CONTENT_AUDIO: Final = 8
ContentType: TypeAlias = Literal[
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
]
"""ContentType says what a message holds."""

EMOJI_LOVE: Final = 1
EMOJI_THUMBS_UP: Final = 2
EMOJI_THUMBS_DOWN: Final = 3
EMOJI_LAUGH: Final = 4
EMOJI_SAD: Final = 5
EMOJI_ANGRY: Final = 6
Emoji: TypeAlias = Literal[
    1,
    2,
    3,
    4,
    5,
    6,
]
"""Emoji is one of the emojis of reactions."""

EVENT_MESSAGES_NEW: Final = "messages.new"
EVENT_ENVELOPE_SENT: Final = "envelope.sent"
EVENT_ENVELOPE_EXPIRED: Final = "envelope.expired"
EVENT_MESSAGE_DELIVERED: Final = "message.delivered"
EVENT_MESSAGES_DECRYPT_FAIL: Final = "messages.decrypt.failed"
EVENT_BUNDLES_ADDED: Final = "bundles.added"
EVENT_FILTER_ADDED: Final = "whisper.filter.added"
EVENT_HISTORY_PAGE_COMPLETED: Final = "mailserver.request.completed"
EVENT_HISTORY_PAGE_EXPIRED: Final = "mailserver.request.expired"
EVENT_HISTORY_SYNCED: Final = "history.synced"
EVENT_REACTION_ADDED: Final = "reaction.added"
EVENT_REACTION_RETRACTED: Final = "reaction.retracted"
EVENT_CONTACT_REQUESTED: Final = "contact.requested"
EVENT_CONTACT_UPDATED: Final = "contact.updated"
EVENT_GROUP_CREATED: Final = "group.created"
EVENT_GROUP_RENAMED: Final = "group.renamed"
EVENT_MEMBER_ADDED: Final = "group.member.added"
EVENT_MEMBER_JOINED: Final = "group.member.joined"
EVENT_MEMBER_LEFT: Final = "group.member.left"
EVENT_MEMBER_REMOVED: Final = "group.member.removed"
EVENT_ADMIN_ADDED: Final = "group.admin.added"
EVENT_ADMIN_REMOVED: Final = "group.admin.removed"
EVENT_GROUP_INVITATION: Final = "group.invitation"
EVENT_DEVICE_FOUND: Final = "device.found"
EVENT_DEVICE_PAIRED: Final = "device.paired"
EVENT_DEVICE_UNPAIRED: Final = "device.unpaired"
EVENT_MESSAGE_EDITED: Final = "message.edited"
EVENT_MESSAGE_DELETED: Final = "message.deleted"
EVENT_MESSAGE_PINNED: Final = "message.pinned"
EVENT_ACCOUNT_LOGIN: Final = "account.login"
EVENT_ACCOUNT_LOGOUT: Final = "account.logout"
EVENT_NODE_STARTED: Final = "node.started"
EVENT_NODE_READY: Final = "node.ready"
EVENT_NODE_STOPPED: Final = "node.stopped"
EVENT_NODE_CRASHED: Final = "node.crashed"
EVENT_NODE_LOGIN: Final = "node.login"
EVENT_DISCOVERY_STARTED: Final = "discovery.started"
EVENT_DISCOVERY_STOPPED: Final = "discovery.stopped"
EVENT_DISCOVERY_SUMMARY: Final = "discovery.summary"
EVENT_ENODE_DISCOVERED: Final = "enode.discovered"
EventType: TypeAlias = Literal[
    "messages.new",
    "envelope.sent",
    "envelope.expired",
    "message.delivered",
    "messages.decrypt.failed",
    "bundles.added",
    "whisper.filter.added",
    "mailserver.request.completed",
    "mailserver.request.expired",
    "history.synced",
    "reaction.added",
    "reaction.retracted",
    "contact.requested",
    "contact.updated",
    "group.created",
    "group.renamed",
    "group.member.added",
    "group.member.joined",
    "group.member.left",
    "group.member.removed",
    "group.admin.added",
    "group.admin.removed",
    "group.invitation",
    "device.found",
    "device.paired",
    "device.unpaired",
    "message.edited",
    "message.deleted",
    "message.pinned",
    "account.login",
    "account.logout",
    "node.started",
    "node.ready",
    "node.stopped",
    "node.crashed",
    "node.login",
    "discovery.started",
    "discovery.stopped",
    "discovery.summary",
    "enode.discovered",
]
"""EventType says what an event tells of."""

EXPORT_KEYSTORE: Final = "keystore"
"""key files, encrypted under the password of the account"""
EXPORT_MNEMONIC: Final = "mnemonic"
"""the phrase, if it is still kept"""
ExportFormat: TypeAlias = Literal[
    "keystore",
    "mnemonic",
]
"""ExportFormat is a form of an account's keys."""

FOUND_CONNECTED: Final = "connected"
FOUND_DIALLING: Final = "dialling"
FOUND_QUEUED: Final = "queued"
FOUND_RESTING: Final = "resting"
FOUND_KNOWN: Final = "known"
FoundState: TypeAlias = Literal[
    "connected",
    "dialling",
    "queued",
    "resting",
    "known",
]
"""FoundState is what became of a node that was found."""

GIVEN_BY_YOU: Final = "you"
"""a nickname, a public chat that you joined"""
GIVEN_BY_THEM: Final = "them"
"""what somebody calls himself, or a group's admin calls the group"""
GIVEN_BY_KEY: Final = "key"
"""made of the key"""
GivenBy: TypeAlias = Literal[
    "you",
    "them",
    "key",
]
"""GivenBy says who gave the name by which somebody or something is called."""

HEALTH_INITIALIZING: Final = "INITIALIZING"
HEALTH_SYNCHRONIZING: Final = "SYNCHRONIZING"
"""works towards READY for the first time"""
HEALTH_READY: Final = "READY"
HEALTH_NOT_READY: Final = "NOT_READY"
HEALTH_NOT_MOUNTED: Final = "NOT_MOUNTED"
"""switched off"""
HEALTH_SHUTTING_DOWN: Final = "SHUTTING_DOWN"
HealthLevel: TypeAlias = Literal[
    "INITIALIZING",
    "SYNCHRONIZING",
    "READY",
    "NOT_READY",
    "NOT_MOUNTED",
    "SHUTTING_DOWN",
]
"""HealthLevel is a word of the health report, from nwaku's vocabulary."""

INVITATION_REQUESTED: Final = 1
INVITATION_REJECTED: Final = 2
INVITATION_APPROVED: Final = 3
"""the admin added who asked"""
InvitationState: TypeAlias = Literal[
    1,
    2,
    3,
]
"""InvitationState says how far an invitation is."""

LOG_ERROR: Final = "error"
LOG_WARN: Final = "warn"
LOG_INFO: Final = "info"
LOG_DEBUG: Final = "debug"
LOG_TRACE: Final = "trace"
LogLevel: TypeAlias = Literal[
    "error",
    "warn",
    "info",
    "debug",
    "trace",
]
"""LogLevel is a level of the log."""

MEMBERSHIP_CHAT_CREATED: Final = 1
MEMBERSHIP_NAME_CHANGED: Final = 2
MEMBERSHIP_MEMBERS_ADDED: Final = 3
MEMBERSHIP_MEMBER_JOINED: Final = 4
MEMBERSHIP_MEMBER_REMOVED: Final = 5
MEMBERSHIP_ADMINS_ADDED: Final = 6
MEMBERSHIP_ADMIN_REMOVED: Final = 7
MembershipEventType: TypeAlias = Literal[
    1,
    2,
    3,
    4,
    5,
    6,
    7,
]
"""MembershipEventType says what an event of a private group does."""

MESSAGE_ONE_TO_ONE: Final = 1
MESSAGE_PUBLIC: Final = 2
"""public chats and profiles"""
MESSAGE_PRIVATE_GROUP: Final = 3
MESSAGE_SYSTEM: Final = 4
"""made here: it tells what happened in a group"""
MessageType: TypeAlias = Literal[
    1,
    2,
    3,
    4,
]
"""MessageType says to what kind of chat a message was sent."""

NAME_PERSON: Final = "person"
NAME_GROUP: Final = "group"
NAME_PUBLIC: Final = "public"
NAME_PROFILE: Final = "profile"
NameKind: TypeAlias = Literal[
    "person",
    "group",
    "public",
    "profile",
]
"""NameKind is what a name can mean."""

OUTGOING_SENDING: Final = "sending"
OUTGOING_NOT_SENT: Final = "not-sent"
"""given up"""
OUTGOING_SENT: Final = "sent"
"""a peer of the network has it"""
OUTGOING_DELIVERED: Final = "delivered"
OutgoingStatus: TypeAlias = Literal[
    "sending",
    "not-sent",
    "sent",
    "delivered",
]
"""OutgoingStatus says how far a message of ours is; it is empty for those of others."""

LANGUAGE_ENGLISH: Final = "english"
LANGUAGE_CHINESE_SIMPLIFIED: Final = "chinese_simplified"
LANGUAGE_CHINESE_TRADITIONAL: Final = "chinese_traditional"
LANGUAGE_CZECH: Final = "czech"
LANGUAGE_FRENCH: Final = "french"
LANGUAGE_ITALIAN: Final = "italian"
LANGUAGE_JAPANESE: Final = "japanese"
LANGUAGE_KOREAN: Final = "korean"
LANGUAGE_PORTUGUESE: Final = "portuguese"
LANGUAGE_SPANISH: Final = "spanish"
PhraseLanguage: TypeAlias = Literal[
    "english",
    "chinese_simplified",
    "chinese_traditional",
    "czech",
    "french",
    "italian",
    "japanese",
    "korean",
    "portuguese",
    "spanish",
]
"""PhraseLanguage is a language of phrases."""

SCOPE_READ: Final = "read"
"""look, change nothing"""
SCOPE_SEND: Final = "send"
"""send messages, use chats, groups and Waku"""
SCOPE_EVENTS: Final = "events"
"""named consumers of events: subscribe, acknowledge, remove"""
SCOPE_CONTACTS: Final = "contacts"
"""change contacts"""
SCOPE_ACCOUNT: Final = "account"
"""make, open, change and delete accounts"""
SCOPE_ADMIN: Final = "admin"
"""operate the node"""
SCOPE_DEBUG: Final = "debug"
"""look into the process"""
Scope: TypeAlias = Literal[
    "read",
    "send",
    "events",
    "contacts",
    "account",
    "admin",
    "debug",
]
"""Scope is a permission of a token. A method needs exactly one."""

SEARCH_FAST: Final = "fast"
SEARCH_SLOW: Final = "slow"
SEARCH_OFF: Final = "off"
SearchMode: TypeAlias = Literal[
    "fast",
    "slow",
    "off",
]
"""SearchMode says how hard peers of a topic are looked for."""

SEND_QUEUED: Final = "queued"
"""on disk; it leaves as soon as there is a peer"""
SEND_SENT: Final = "sent"
"""a peer of the network has it"""
SEND_DELIVERED: Final = "delivered"
SEND_FAILED: Final = "failed"
"""given up"""
SendState: TypeAlias = Literal[
    "queued",
    "sent",
    "delivered",
    "failed",
]
"""SendState says how far a message is that was sent with status_send."""

WAIT_NONE: Final = "none"
WAIT_SENT: Final = "sent"
WAIT_DELIVERED: Final = "delivered"
SendWait: TypeAlias = Literal[
    "none",
    "sent",
    "delivered",
]
"""SendWait is the state that status_send waits for."""

SOURCE_OFF: Final = "off"
SOURCE_WAITING: Final = "waiting"
SOURCE_RUNNING: Final = "running"
SOURCE_DONE: Final = "done"
SourceState: TypeAlias = Literal[
    "off",
    "waiting",
    "running",
    "done",
]
"""SourceState is what a source of nodes does."""

TAG_ADDED: Final = ":contact/added"
TAG_REQUEST_RECEIVED: Final = ":contact/request-received"
TAG_BLOCKED: Final = ":contact/blocked"
SystemTag: TypeAlias = Literal[
    ":contact/added",
    ":contact/request-received",
    ":contact/blocked",
]
"""SystemTag says how one stands to a person. Other tags than those listed are kept as programs
store them, and mean nothing to the daemon.
"""

TEXT_PARAGRAPH: Final = "paragraph"
TEXT_BLOCK_QUOTE: Final = "blockquote"
TEXT_CODE_BLOCK: Final = "codeblock"
TEXT_HEADING: Final = "heading"
"""without what it says: Message.Text has it"""
TEXT_CODE: Final = "code"
TEXT_EMPH: Final = "emph"
TEXT_STRONG: Final = "strong"
TEXT_STRONG_EMPH: Final = "strong-emph"
TEXT_DEL: Final = "del"
TEXT_LINK: Final = "link"
TEXT_MENTION: Final = "mention"
"""of a contact id"""
TEXT_STATUS_TAG: Final = "status-tag"
"""name of a public chat, without #"""
TextType: TypeAlias = Literal[
    "paragraph",
    "blockquote",
    "codeblock",
    "heading",
    "code",
    "emph",
    "strong",
    "strong-emph",
    "del",
    "link",
    "mention",
    "status-tag",
]
"""TextType says what a part of a text is."""


class AccountLoginEvent(TypedDict):
    """AccountLoginEvent says that the account was logged in."""

    keyUid: str


class AccountLogoutEvent(TypedDict):
    """AccountLogoutEvent is the last event before a logout."""

    keyUid: str


class AddedFilter(TypedDict):
    """AddedFilter is a place that is listened to."""

    chatId: str
    symKeyId: str
    """empty: the keys of an account are for it alone"""
    listen: bool
    filterId: str
    """as in wakuext_loadFilters; not one of waku_*"""
    identity: str
    """hex without 0x"""
    topic: str


class AdminAddedEvent(TypedDict):
    """AdminAddedEvent says that a member became an admin."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


class AdminRemovedEvent(TypedDict):
    """AdminRemovedEvent says that a member is no admin any more."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


class ArchiveDamage(TypedDict):
    """ArchiveDamage counts what was stored and could not be read again."""

    envelopes: int
    """lost, at least"""
    bytes: int
    """of the damaged parts of files"""
    more: NotRequired[bool]
    """more may have been lost than was counted"""


class ArchiveHealth(TypedDict):
    """ArchiveHealth tells whether what comes is archived."""

    ok: bool
    reason: NotRequired[str]
    """what keeps it from archiving"""


class ArchiveReport(TypedDict):
    """ArchiveReport describes the mailserver that a node is. Archive is null while the archive
    cannot be read.
    """

    health: ArchiveHealth
    recorder: RecorderCounts
    archive: ArchiveStats | None


class ArchiveStats(TypedDict):
    """ArchiveStats describe an archive."""

    envelopes: int
    bytes: int
    """sum of the encoded envelopes"""
    diskBytes: int
    """what they take; -1: not known"""
    topics: int
    oldest: int
    """created, Unix seconds; a lower bound"""
    newest: int
    damage: NotRequired[ArchiveDamage]
    """since the archive was opened"""


class AskedMailserver(TypedDict):
    """AskedMailserver is a mailserver that the node asks."""

    id: str
    """64 hex digits"""
    enode: str
    connected: bool
    pages: int
    """answered"""
    failures: int
    """in all"""
    streak: int
    """failures since the last answer"""
    givenUp: int
    """pages given up since the last answer"""
    envelopes: int
    """taken from its answers"""
    unwanted: int
    """of topics not asked for"""
    refused: int
    """outside what was asked for"""
    latencyNanoseconds: int
    lastAnswer: NotRequired[Timestamp]
    lastFailure: NotRequired[Timestamp]
    lastError: NotRequired[str]


BackfillRequest = TypedDict(
    "BackfillRequest",
    {
        # Unix seconds, included
        "from": NotRequired["int"],
        # Unix seconds, included; 0: now
        "to": NotRequired["int"],
        # envelopes of the page, 0: 1000
        "limit": NotRequired["int"],
        # hex without 0x, from the page before, together with its server
        "cursor": NotRequired["str"],
        # enode, which need not be configured; else the best, and others
        "server": NotRequired["str"],
        # true: when the server of the cursor fails, begin anew at the best one, and say so
        "restart": NotRequired["bool"],
        # seconds without any sign of a server, 0: 30
        "timeout": NotRequired["int"],
    },
)
"""BackfillRequest asks for a page of what another mailserver has."""


class BackfilledPage(TypedDict):
    """BackfilledPage is a page of what another mailserver has, which was archived."""

    server: str
    """enode of the one that answered"""
    requestId: Hash
    envelopes: int
    """that came"""
    archived: int
    """handed to the archive, which leaves out what it has"""
    skipped: int
    """too large, or with too little proof of work"""
    cursor: str
    """hex without 0x, where the next page starts at the same server"""
    done: bool
    """nothing is left"""
    restarted: NotRequired[bool]
    """Restarted: this is the first page of another server, with cursors of its own; envelopes that
    came already come again.
    """


class BlockedContact(TypedDict):
    """BlockedContact is a person to block, and the nickname to go on showing."""

    id: str
    localNickname: NotRequired[str]


class BundlesAddedEvent(TypedDict):
    """BundlesAddedEvent says that a device of somebody became known."""

    identity: str
    """contact id"""
    installationID: str


class Changes(TypedDict):
    """Changes are what a call or a message changed, empty lists omitted."""

    chats: NotRequired[list[Chat]]
    messages: NotRequired[list[Message]]
    contacts: NotRequired[list[Contact]]
    installations: NotRequired[list[Installation]]
    emojiReactions: NotRequired[list[Reaction]]
    invitations: NotRequired[list[Invitation]]


class Chat(TypedDict):
    """Chat is a conversation."""

    id: str
    name: str
    color: str
    active: bool
    chatType: ChatType
    timestamp: int
    lastClockValue: int
    deletedAtClockValue: int
    unviewedMessagesCount: int
    lastMessage: Message | None
    members: list[Member] | None
    membershipUpdateEvents: list[MembershipEvent] | None
    alias: NotRequired[str]
    identicon: str
    muted: NotRequired[bool]
    invitationAdmin: NotRequired[str]
    profile: NotRequired[str]
    nameGivenBy: NotRequired[GivenBy]
    """NameGivenBy says who gave Name: GivenByYou for public chats, GivenByThem for private groups.
    That of a person is in Contact.
    """


class ChatFilter(TypedDict):
    """ChatFilter is a place that an account listens to."""

    chatId: str
    """name of the topic; of a negotiated one the contact id"""
    filterId: str
    """serves wakuext_removeFilters"""
    symKeyId: str
    """empty: the keys of an account are for it alone"""
    oneToOne: bool
    identity: str
    """whose place it is, hex without 0x"""
    topic: str
    discovery: bool
    negotiated: bool
    listen: bool


class ChatFilterSpec(TypedDict):
    """ChatFilterSpec says what to listen to: chatId names a public chat or, with oneToOne, identity
    or chatId a person. To end it, filterId or chatId counts.
    """

    chatId: NotRequired[str]
    filterId: NotRequired[str]
    oneToOne: NotRequired[bool]
    identity: NotRequired[str]
    """hex"""


class ChatRef(TypedDict):
    """ChatRef names a chat in the form of the whole of it."""

    id: str


class ChatSettings(TypedDict):
    """ChatSettings are what belongs to the user of a chat."""

    id: str
    name: NotRequired[str]
    color: NotRequired[str]
    chatType: NotRequired[ChatType]
    """of a new chat"""
    active: NotRequired[bool]
    muted: NotRequired[bool]
    deletedAtClockValue: NotRequired[int]
    """DeletedAtClockValue hides messages up to a clock. It only rises."""


CommandParameters = TypedDict(
    "CommandParameters",
    {
        "id": "str",
        "from": "str",
        "address": "str",
        "contract": "str",
        "value": "str",
        "transactionHash": "str",
        "commandState": "CommandState",
        "signature": "str | None",
    },
)
"""CommandParameters describe a transaction command."""


class Consumer(TypedDict):
    """Consumer is a named consumer of the event log."""

    name: str
    owner: str
    """Owner is "local", "token:" and the name of a token, "daemon" for those of webhooks, or empty
    for one from before there were owners.
    """
    cursor: int
    """the last event acknowledged"""
    behind: int
    """events that came after it"""
    time: Timestamp
    """of the last acknowledgement"""


class Contact(TypedDict):
    """Contact is a person. Times are clocks in Unix milliseconds."""

    id: str
    address: NotRequired[str]
    name: NotRequired[str]
    ensVerified: bool
    ensVerifiedAt: int
    lastENSClockValue: int
    ensVerificationRetries: int
    alias: NotRequired[str]
    identicon: str
    photoPath: NotRequired[str]
    lastUpdated: int
    systemTags: list[SystemTag] | None
    deviceInfo: list[ContactDevice] | None
    tributeToTalk: str
    localNickname: NotRequired[str]
    nameGivenBy: NotRequired[GivenBy]
    """NameGivenBy says who gave the name to show: GivenByYou for LocalNickname, GivenByThem for
    Name, GivenByKey for Alias. Only the first may stand for a person without the key beside it.
    """


class ContactDevice(TypedDict):
    """ContactDevice is a device of a contact."""

    id: str
    timestamp: int
    fcmToken: str


class ContactRequestedEvent(TypedDict):
    """ContactRequestedEvent says that somebody added us for the first time."""

    contact: Contact


class ContactSettings(TypedDict):
    """ContactSettings are what the user, or a program of status-go that verifies names, says about
    a person. Times are as in Contact, and only rise.
    """

    id: str
    name: NotRequired[str]
    ensVerified: NotRequired[bool]
    ensVerifiedAt: NotRequired[int]
    lastENSClockValue: NotRequired[int]
    ensVerificationRetries: NotRequired[int]
    photoPath: NotRequired[str]
    """data URL"""
    lastUpdated: NotRequired[int]
    systemTags: NotRequired[list[SystemTag]]
    localNickname: NotRequired[str]


class ContactUpdatedEvent(TypedDict):
    """ContactUpdatedEvent says that a contact has a new name or picture, or was added or changed on
    another device of ours.
    """

    contact: Contact


class DatabaseSize(TypedDict):
    """DatabaseSize is the size of a database."""

    bytes: int


class DerivedKey(TypedDict):
    """DerivedKey is a key of an account that has a key file."""

    publicKey: str
    """contact id"""
    address: str


class DeviceFoundEvent(TypedDict):
    """DeviceFoundEvent says that another device of this account became known. It gets nothing
    before it is enabled. It comes again with the device's name.
    """

    installation: Installation


class DevicePairedEvent(TypedDict):
    """DevicePairedEvent says that a device was enabled: it gets copies from now on."""

    installation: Installation


class DeviceUnpairedEvent(TypedDict):
    """DeviceUnpairedEvent says that a device was disabled."""

    installationId: str


class DiscoverRequest(TypedDict):
    """DiscoverRequest says how many peers of a topic to look for."""

    topic: NotRequired[str]
    """whisper: relays, whispermail: mailservers, or another name"""
    max: NotRequired[int]
    """above it the node disconnects"""
    min: NotRequired[int]
    """below it the node searches"""


class DiscoveryReport(TypedDict):
    """DiscoveryReport describes how peers are looked for."""

    running: bool
    """there is a pool"""
    searching: bool
    """a source searches, or has just ended"""
    degraded: bool
    """a source fails, or a registration"""
    record: str
    """of this node"""
    sources: list[SourceStatus] | None
    registrations: list[RegistrationStatus] | None
    discv5: NotRequired[EndpointStatus]
    """Discv5 is the UDP endpoint; absent: discv5 is not used."""
    topicDiscovery: NotRequired[TopicDiscoveryStatus]
    """TopicDiscovery is the topic discovery on it, while it is open."""
    rendezvous: NotRequired[list[RendezvousStatus]]


class DiscoverySignal(TypedDict):
    """DiscoverySignal is what discovery_subscribe pushes: an event of the node in the shape of
    status-go's signals.
    """

    type: EventType
    event: Any


class EndpointStatus(TypedDict):
    """EndpointStatus is the UDP endpoint of discv5."""

    open: bool
    address: NotRequired[str]
    """of the socket, while open"""
    nodes: int
    """known, while open"""
    live: int
    """of them those that answered"""
    packetsIn: int
    """since the start"""
    packetsOut: int
    opened: int
    """times"""


class EnvelopeExpiredEvent(TypedDict):
    """EnvelopeExpiredEvent says that payloads were given up, and why."""

    ids: list[str] | None
    hash: str
    message: str


class EnvelopeSentEvent(TypedDict):
    """EnvelopeSentEvent says that payloads reached a peer of the network: these message ids are
    sent.
    """

    ids: list[str] | None
    hash: str
    """32 zero bytes"""
    message: str


class Event(TypedDict):
    """Event is one thing that happened. Signals of the node have neither cursor nor account."""

    cursor: NotRequired[int]
    """place in the log of the account"""
    account: NotRequired[str]
    """0x key-uid"""
    time: int
    """Unix milliseconds"""
    type: EventType
    event: Any
    """Event is what it tells, of the type that Events names; see Decode."""


EventNotice = TypedDict(
    "EventNotice",
    {
        # place in the log of the account
        "cursor": NotRequired["int"],
        # 0x key-uid
        "account": NotRequired["str"],
        # Unix milliseconds
        "time": NotRequired["int"],
        "type": NotRequired["EventType"],
        # Event is what it tells, of the type that Events names; see Decode.
        "event": NotRequired["Any"],
        "gap": NotRequired["bool"],
        # with Gap: the oldest event there is
        "from": NotRequired["int"],
    },
)
"""EventNotice is what a subscriber gets: an event, or the news that events are gone from the log
that it has not had.
"""


EventPage = TypedDict(
    "EventPage",
    {
        "events": "list[Event] | None",
        # since of the next reading
        "next": "int",
        "gap": NotRequired["bool"],
        # with Gap: the oldest event there is
        "from": NotRequired["int"],
    },
)
"""EventPage is a part of the event log."""


class EventsQuery(TypedDict):
    """EventsQuery says what is wanted of the event log."""

    since: NotRequired[int]
    """cursor after which to begin (the oldest event; -1: the end)"""
    limit: NotRequired[int]
    """most events (200, at most 1000)"""
    wait: NotRequired[float]
    """seconds to wait for an event (0, at most 60)"""
    types: NotRequired[list[EventType]]
    """types of events that are wanted (all)"""
    chats: NotRequired[list[str]]
    """ids of chats, and #name, whose events are wanted (all)"""
    consumer: NotRequired[str]
    """name to go on as, after what it acknowledged"""


class Exported(TypedDict):
    """Exported are the keys of an account."""

    files: NotRequired[list[Any]]
    mnemonic: NotRequired[str]


FetchRequest = TypedDict(
    "FetchRequest",
    {
        # at least one
        "topics": NotRequired["list[Topic]"],
        # Unix seconds, included
        "from": NotRequired["int"],
        # Unix seconds, included; 0: now
        "to": NotRequired["int"],
        # envelopes of the page, 0: 1000
        "limit": NotRequired["int"],
        # hex without 0x, from the page before, together with its server
        "cursor": NotRequired["str"],
        # enode, which need not be configured; else the best, and others
        "server": NotRequired["str"],
        # true: when the server of the cursor fails, begin anew at the best one, and say so
        "restart": NotRequired["bool"],
        # key of the server's password, else that of its enode
        "symKeyID": NotRequired["str"],
        # seconds without any sign of a server, 0: 30
        "timeout": NotRequired["int"],
    },
)
"""FetchRequest asks for a page of history."""


class FetchedPage(TypedDict):
    """FetchedPage is a page of history that has gone through the filters."""

    server: str
    """enode of the one that answered"""
    requestId: Hash
    envelopes: int
    """of the wanted topics"""
    cursor: str
    """hex without 0x, where the next page starts"""
    done: bool
    """nothing is left"""
    restarted: NotRequired[bool]
    """Restarted: this is the first page of another server, with cursors of its own; envelopes that
    came already come again.
    """


class FilterAddedEvent(TypedDict):
    """FilterAddedEvent says that this account listens to new places."""

    filters: list[AddedFilter] | None


class FilterCriteria(TypedDict):
    """FilterCriteria say which messages are wanted."""

    symKeyID: NotRequired[str]
    """id of the symmetric key to open messages with; or:"""
    privateKeyID: NotRequired[str]
    """id of the key pair to open messages with"""
    sig: NotRequired[LooseBytes]
    """public key that must have signed"""
    minPow: NotRequired[float]
    """least proof of work"""
    topics: NotRequired[list[Topic]]
    """topics wanted, all if empty"""
    allowP2P: NotRequired[bool]
    """also what trusted peers send directly"""


class GroupCreatedEvent(TypedDict):
    """GroupCreatedEvent says that a group became known: we are in it, or invited."""

    chat: Chat


class GroupInvitationEvent(TypedDict):
    """GroupInvitationEvent says that somebody asks to be let into a group of ours, or what became
    of our request.
    """

    invitation: Invitation


class GroupMember(TypedDict):
    """GroupMember is a member of a ListedGroup."""

    number: str
    """contact id"""


class GroupRenamedEvent(TypedDict):
    """GroupRenamedEvent says that a group has a new name."""

    chatId: str
    name: str
    by: str
    """contact id"""


class Health(TypedDict):
    """Health is the state of the daemon and of its components: the body of /health and /ready, and
    the answer of status_health.
    """

    nodeHealth: HealthLevel
    """NodeHealth is READY when every component that messages need is READY."""
    protocolsHealth: list[dict[str, str]] | None
    """in the order to show"""
    version: str
    uptimeSeconds: int


class HistoryPage(TypedDict):
    """HistoryPage is the answer to a request for a page of history in the form of status-go."""

    cursor: str
    """hex without 0x; empty: nothing is left"""
    error: str
    """of the server; empty: none"""


class HistoryPageCompletedEvent(TypedDict):
    """HistoryPageCompletedEvent says that a mailserver answered a request."""

    requestID: str
    lastEnvelopeHash: str
    cursor: str
    """hex without 0x"""
    errorMessage: str


class HistoryPageExpiredEvent(TypedDict):
    """HistoryPageExpiredEvent says that a mailserver did not answer a request."""

    ids: list[str] | None
    """null"""
    hash: str
    message: str


HistoryRequest = TypedDict(
    "HistoryRequest",
    {
        # enode of a connected mailserver, else the best one
        "mailServerPeer": NotRequired["str"],
        # Unix seconds; 0: a day before to
        "from": NotRequired["int"],
        # Unix seconds; 0: now
        "to": NotRequired["int"],
        # envelopes of one page, 0: 1000
        "limit": NotRequired["int"],
        # hex without 0x, from the page before
        "cursor": NotRequired["str"],
        # the only topic
        "topic": NotRequired["Topic"],
        # the topics
        "topics": NotRequired["list[Topic]"],
        # key of the server's password; see mailserver_fetch
        "symKeyID": NotRequired["str"],
        # seconds without any sign of the server, 0: 10
        "timeout": NotRequired["int"],
        # ask for the same again at once
        "force": NotRequired["bool"],
    },
)
"""HistoryRequest asks a mailserver for a page of history."""


class HistorySyncedEvent(TypedDict):
    """HistorySyncedEvent says that the history of all chats was fetched up to a time."""

    to: int
    """Unix seconds"""
    envelopes: int


class Installation(TypedDict):
    """Installation is a device of this account. Timestamp is Unix nanoseconds."""

    identity: str
    id: str
    version: int
    enabled: bool
    timestamp: int
    metadata: InstallationMetadata | None


class InstallationMetadata(TypedDict):
    """InstallationMetadata is how the owner tells devices apart."""

    name: str
    deviceType: str
    fcmToken: str


class InstallationMetadataInput(TypedDict):
    """What may be given of InstallationMetadata."""

    name: NotRequired[str]
    deviceType: NotRequired[str]
    fcmToken: NotRequired[str]


Invitation = TypedDict(
    "Invitation",
    {
        "id": "str",
        "chatId": NotRequired["str"],
        "from": "str",
        "introductionMessage": NotRequired["str"],
        "state": NotRequired["InvitationState"],
    },
)
"""Invitation asks to be let into a group."""


class KeyForms(TypedDict):
    """KeyForms are the forms of a public key."""

    publicKey: str
    """contact id"""
    compressedKey: str
    address: str
    alias: str
    """the three-word name, empty without word lists"""
    identicon: str
    """a picture as data URI"""


ListedAccount = TypedDict(
    "ListedAccount",
    {
        "name": "str",
        # of the last login, Unix seconds
        "timestamp": "int",
        "photo-path": "str",
        "keycard-pairing": "str",
        "key-uid": "str",
        "compressedKey": "str",
        "loggedIn": "bool",
        # account.json; the next login writes it anew
        "damaged": NotRequired["bool"],
    },
)
"""ListedAccount is an account of the data directory. Members with dashes are those of status-go.
"""


class ListedContact(TypedDict):
    """ListedContact is a contact."""

    number: str
    """contact id"""
    name: str
    nameGivenBy: GivenBy
    alias: str
    isBlocked: bool
    isAdded: bool


class ListedGroup(TypedDict):
    """ListedGroup is a private group."""

    id: str
    name: str
    isMember: bool
    isBlocked: bool
    members: list[GroupMember] | None
    pendingMembers: list[GroupMember] | None
    """invited, have not joined"""
    admins: list[GroupMember] | None


class LoggedIn(TypedDict):
    """LoggedIn is the answer to a login."""

    keyUid: str
    publicKey: str
    """contact id"""
    installationId: str


MailserverTopic = TypedDict(
    "MailserverTopic",
    {
        # the topic
        "topic": "str",
        # whether strangers write there
        "discovery?": "bool",
        # whether it was agreed with somebody
        "negotiated?": "bool",
        # chats whose messages come there
        "chat-ids": "list[str] | None",
        # Unix seconds until when it has been fetched
        "last-request": "int",
    },
)
"""MailserverTopic says what has been fetched of a topic."""


MailserverTopicInput = TypedDict(
    "MailserverTopicInput",
    {
        # the topic
        "topic": NotRequired["str"],
        # whether strangers write there
        "discovery?": NotRequired["bool"],
        # whether it was agreed with somebody
        "negotiated?": NotRequired["bool"],
        # chats whose messages come there
        "chat-ids": NotRequired["list[str] | None"],
        # Unix seconds until when it has been fetched
        "last-request": NotRequired["int"],
    },
)
"""What may be given of MailserverTopic."""


class MailserversStatus(TypedDict):
    """MailserversStatus is what the node knows of the mailservers that it asks."""

    servers: list[AskedMailserver] | None
    """the best one first"""
    outstanding: list[OutstandingRequest] | None


class Member(TypedDict):
    """Member is a member of a private group."""

    id: str
    admin: bool
    joined: bool


class MemberAddedEvent(TypedDict):
    """MemberAddedEvent says that somebody was invited into a group."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


class MemberJoinedEvent(TypedDict):
    """MemberJoinedEvent says that somebody accepted the invitation into a group."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


class MemberLeftEvent(TypedDict):
    """MemberLeftEvent says that somebody left a group."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


class MemberRemovedEvent(TypedDict):
    """MemberRemovedEvent says that somebody was removed from a group."""

    chatId: str
    member: str
    """contact id"""
    by: str
    """contact id"""


MembershipEvent = TypedDict(
    "MembershipEvent",
    {
        "type": "MembershipEventType",
        "clockValue": "int",
        "members": NotRequired["list[str]"],
        "name": NotRequired["str"],
        "from": NotRequired["str"],
        "signature": NotRequired["str"],
        "chatId": "str",
        "rawPayload": "str | None",
    },
)
"""MembershipEvent is a signed event of a private group."""


Message = TypedDict(
    "Message",
    {
        "id": "str",
        "whisperTimestamp": "int",
        "from": "str",
        "alias": "str",
        "identicon": "str",
        "seen": "bool",
        "outgoingStatus": NotRequired["OutgoingStatus"],
        "quotedMessage": "QuotedMessage | None",
        "rtl": "bool",
        "parsedText": NotRequired["list[TextNode]"],
        "lineCount": "int",
        "text": "str",
        # as on the wire
        "chatId": "str",
        "localChatId": "str",
        "clock": "int",
        "replace": "str",
        "responseTo": "str",
        "new": NotRequired["bool"],
        "ensName": "str",
        # data URL
        "image": NotRequired["str"],
        # data URL
        "audio": NotRequired["str"],
        "audioDurationMs": NotRequired["int"],
        "sticker": "Sticker | None",
        "commandParameters": "CommandParameters | None",
        "timestamp": "int",
        "contentType": "ContentType",
        "messageType": "MessageType",
        "mentions": NotRequired["list[str]"],
        "links": NotRequired["list[str]"],
        # EditedAt and Pinned come from later extensions, when switched on.
        "editedAt": NotRequired["int"],
        "pinned": NotRequired["bool"],
        # DeliveredTo are the members of a private group that acknowledged it.
        "deliveredTo": NotRequired["list[str]"],
    },
)
"""Message is a message of a chat. Times are Unix milliseconds."""


class MessageDeletedEvent(TypedDict):
    """MessageDeletedEvent says that the author took a message back (later extension)."""

    chatId: str
    messageId: str
    by: str
    """contact id"""


class MessageDeliveredEvent(TypedDict):
    """MessageDeliveredEvent says that a recipient acknowledged a message. A message to a group is
    acknowledged by each member; Waiting counts those still missing.
    """

    chatID: str
    messageID: str
    by: str
    """contact id"""
    waiting: int


class MessageEditedEvent(TypedDict):
    """MessageEditedEvent says that the author replaced the text of a message (later extension)."""

    message: Message


class MessagePage(TypedDict):
    """MessagePage is a page of messages, the newest first."""

    messages: list[Message] | None
    cursor: str
    """of the next page; empty at the end"""


class MessagePinnedEvent(TypedDict):
    """MessagePinnedEvent says that a message was pinned, or that that was taken back (later
    extension).
    """

    chatId: str
    messageId: str
    by: str
    """contact id"""
    pinned: bool


class MessagesDecryptFailEvent(TypedDict):
    """MessagesDecryptFailEvent says that a message of somebody could not be opened. Most often it
    was for another device, and the sender is told about this one.
    """

    sender: str
    """contact id"""


class MessagesNewEvent(TypedDict):
    """MessagesNewEvent says that a message came, from others or from another device of ours, or was
    made here: a system message, a note to oneself. The new message has New set; the one it
    answers comes along without. The chats carry neither membership events nor, beside the
    message, anything that did not change.
    """

    chats: NotRequired[list[Chat]]
    messages: NotRequired[list[Message]]
    contacts: NotRequired[list[Contact]]
    installations: NotRequired[list[Installation]]
    emojiReactions: NotRequired[list[Reaction]]
    invitations: NotRequired[list[Invitation]]


class NewAccount(TypedDict):
    """NewAccount is the answer of calls that make an account."""

    keyUid: str
    publicKey: str
    """the chat key as contact id"""
    compressedKey: str
    address: str
    mnemonic: NotRequired[str]
    """of a new phrase"""
    derived: dict[str, DerivedKey] | None
    """by their paths"""


class NewToken(TypedDict):
    """NewToken is a token that was made."""

    token: str


class NodeInfo(TypedDict):
    """NodeInfo describes the node itself, as go-ethereum does."""

    id: str
    """the keccak hash of the public key, hex"""
    name: str
    """name/version/system/language"""
    enode: str
    enr: str
    """signed record"""
    ip: str
    ports: NodePorts
    listenAddr: str
    protocols: NodeProtocols


class NodePorts(TypedDict):
    """NodePorts are the ports of a node."""

    discovery: int
    """UDP"""
    listener: int
    """TCP, RLPx"""


class NodeProtocols(TypedDict):
    """NodeProtocols say more of the protocols of the node."""

    waku: NotRequired[WakuProtocol]


class OutgoingMessage(TypedDict):
    """OutgoingMessage is a message to send."""

    chatId: str
    text: NotRequired[str]
    contentType: NotRequired[ContentType]
    """left out: text, or what is attached"""
    responseTo: NotRequired[str]
    """id of the message that it answers"""
    ensName: NotRequired[str]
    sticker: NotRequired[StickerInput]
    image: NotRequired[str]
    """data URL"""
    audio: NotRequired[str]
    """data URL"""
    audioDurationMs: NotRequired[int]
    imagePath: NotRequired[str]
    """a file of the daemon's machine; over the socket only"""
    audioPath: NotRequired[str]
    """as ImagePath"""


OutstandingRequest = TypedDict(
    "OutstandingRequest",
    {
        # 64 hex digits
        "server": "str",
        "requestId": "Hash",
        "topics": "list[Topic] | None",
        # Unix seconds
        "from": "int",
        "to": "int",
        # that have come so far
        "envelopes": "int",
        "since": "Timestamp",
    },
)
"""OutstandingRequest is a request for history that waits for its answer."""


class PeerEvent(TypedDict):
    """PeerEvent tells of a peer that came or went, as go-ethereum does."""

    type: str
    """add or drop"""
    peer: str
    """its id"""
    error: NotRequired[str]
    protocol: NotRequired[str]
    local: NotRequired[str]
    remote: NotRequired[str]


class PeerInfo(TypedDict):
    """PeerInfo describes a connected peer, as go-ethereum does."""

    enr: NotRequired[str]
    enode: str
    """of the address that it can be dialled at, where that is known"""
    id: str
    name: str
    caps: list[str] | None
    """protocols that it offers"""
    network: PeerNetwork
    protocols: PeerProtocols


class PeerNetwork(TypedDict):
    """PeerNetwork is the connection to a peer."""

    localAddress: str
    remoteAddress: str
    inbound: bool
    trusted: bool
    static: bool


class PeerProtocols(TypedDict):
    """PeerProtocols say more of the protocols that run with a peer."""

    waku: NotRequired[WakuPeer]
    """absent during the handshake"""


class PhraseCheck(TypedDict):
    """PhraseCheck tells whether a phrase is valid."""

    valid: bool
    word: NotRequired[int]
    """place of the first unknown word, counted from 1"""
    reason: NotRequired[str]


class PingQuery(TypedDict):
    """PingQuery says what to try."""

    addresses: NotRequired[list[str]]
    """enodes, at most 200"""
    timeoutMs: NotRequired[int]
    """milliseconds; 0: 5000, at most 30000"""


class PingResult(TypedDict):
    """PingResult is how long a TCP connection took to come about."""

    address: str
    rttMs: int | None
    """milliseconds"""
    error: str | None


class PoolNode(TypedDict):
    """PoolNode is a node in the view of one topic."""

    id: str
    """64 hex digits"""
    enode: NotRequired[str]
    """where it is dialled; empty: unknown"""
    source: str
    """that found it: "kept" for one that others asked for"""
    state: FoundState
    seconds: NotRequired[int]
    """Seconds it is connected, or will rest for."""
    reason: NotRequired[str]
    """of its rest"""


class PoolStatus(TypedDict):
    """PoolStatus is the state of the search for peers."""

    searching: bool
    """Searching is true between discovery.started and discovery.stopped."""
    topics: list[PoolTopic] | None


class PoolTopic(TypedDict):
    """PoolTopic is the state of one topic."""

    topic: str
    min: int
    max: int
    cacheOnly: bool
    """the limits are numbers of known nodes"""
    mode: SearchMode
    satisfied: bool
    """it has what it needs"""
    connected: list[PoolNode] | None
    pending: list[PoolNode] | None
    known: NotRequired[list[PoolNode]]
    sources: list[SourceStatus] | None


class PostMessage(TypedDict):
    """PostMessage is a message to send."""

    symKeyID: NotRequired[str]
    """id of the key to encrypt with; or:"""
    pubKey: NotRequired[LooseBytes]
    """public key to encrypt for"""
    sig: NotRequired[str]
    """id of the key pair to sign with"""
    ttl: NotRequired[int]
    """seconds, 50 if 0"""
    topic: NotRequired[Topic]
    """needed with symKeyID"""
    payload: NotRequired[LooseBytes]
    """what is encrypted"""
    padding: NotRequired[LooseBytes]
    """instead of a random one"""
    powTime: NotRequired[int]
    """seconds that the proof of work may take"""
    powTarget: NotRequired[float]
    """the proof of work to reach, at least the node's minimum"""
    targetPeer: NotRequired[str]
    """enode of a connected peer, which alone gets the message"""


QuotedMessage = TypedDict(
    "QuotedMessage",
    {
        "from": "str",
        "text": "str",
        "parsedText": NotRequired["list[TextNode]"],
        "image": NotRequired["str"],
        "audio": NotRequired["str"],
        "audioDurationMs": NotRequired["int"],
    },
)
"""QuotedMessage is what a reply quotes."""


Reaction = TypedDict(
    "Reaction",
    {
        "id": "str",
        "clock": NotRequired["int"],
        "chatId": NotRequired["str"],
        "localChatId": NotRequired["str"],
        "from": "str",
        "messageId": NotRequired["str"],
        "messageType": NotRequired["MessageType"],
        "retracted": NotRequired["bool"],
        "emojiId": NotRequired["Emoji"],
    },
)
"""Reaction is an emoji on a message."""


class ReactionAddedEvent(TypedDict):
    """ReactionAddedEvent says that somebody reacted to a message."""

    reaction: Reaction


class ReactionRetractedEvent(TypedDict):
    """ReactionRetractedEvent says that somebody took a reaction back."""

    reaction: Reaction


class Received(TypedDict):
    """Received is a message, or a reaction, that came."""

    envelope: ReceivedEnvelope
    account: str
    """0x key-uid"""
    cursor: int


class ReceivedAttachment(TypedDict):
    """ReceivedAttachment is a picture or a recording."""

    contentType: str
    size: int
    data: str
    """base64"""


class ReceivedData(TypedDict):
    """ReceivedData is what was written."""

    timestamp: int
    messageId: NotRequired[str]
    message: NotRequired[str]
    groupInfo: NotRequired[ReceivedGroup]
    quote: NotRequired[ReceivedQuote]
    reaction: NotRequired[ReceivedReaction]
    attachments: NotRequired[list[ReceivedAttachment]]


class ReceivedEnvelope(TypedDict):
    """ReceivedEnvelope says who wrote, when, and where."""

    source: str
    """contact id of the author"""
    sourceName: str
    timestamp: int
    """Unix milliseconds"""
    chatId: str
    dataMessage: NotRequired[ReceivedData]
    syncMessage: NotRequired[ReceivedSync]


class ReceivedGroup(TypedDict):
    """ReceivedGroup is where, if not between two people."""

    groupId: str
    type: str
    """always DELIVER"""


class ReceivedQuote(TypedDict):
    """ReceivedQuote is what a reply quotes."""

    id: str
    author: str
    text: str


class ReceivedReaction(TypedDict):
    """ReceivedReaction is a reaction to a message."""

    emoji: str
    targetMessageId: str
    isRemove: bool


class ReceivedSent(TypedDict):
    """ReceivedSent is a message that another device of ours sent."""

    destination: NotRequired[str]
    """contact id; empty: a group or a public chat"""
    timestamp: int
    messageId: NotRequired[str]
    message: NotRequired[str]
    groupInfo: NotRequired[ReceivedGroup]
    quote: NotRequired[ReceivedQuote]
    reaction: NotRequired[ReceivedReaction]
    attachments: NotRequired[list[ReceivedAttachment]]


class ReceivedSync(TypedDict):
    """ReceivedSync is what another device of ours did."""

    sentMessage: ReceivedSent


class RecorderCounts(TypedDict):
    """RecorderCounts count what became of envelopes since the start."""

    stored: int
    """that were new to the archive"""
    dropped: int
    refused: int
    """by the archive, and put aside"""
    damaged: int
    """lost to damage of files, at least"""
    pruned: int
    pending: int
    spillBytes: int


class RegistrarStatus(TypedDict):
    """RegistrarStatus is what a node keeps for others."""

    ads: int
    """advertisements kept"""
    capacity: int
    services: int
    """that they belong to"""
    similarity: str
    """variant of the waiting time"""
    registrations: int
    """answered: admitted or told to wait"""
    admitted: int
    renewed: int
    """of those admitted"""
    queries: int
    """answered, each page"""
    expired: int
    refused: dict[str, int] | None
    """by reason"""


class RegistrationStatus(TypedDict):
    """RegistrationStatus is a topic that this node is registered under."""

    topic: str
    by: str
    """discv5 or rendezvous"""
    error: NotRequired[str]


class RendezvousStatus(TypedDict):
    """RendezvousStatus is a rendezvous server."""

    server: str
    """enode"""
    failures: int
    error: NotRequired[str]
    """of the last failure"""


RequestGap = TypedDict(
    "RequestGap",
    {
        # of the caller's own choice
        "id": "str",
        # id of the chat
        "chatId": "str",
        # Unix seconds
        "from": "int",
        # Unix seconds
        "to": "int",
    },
)
"""RequestGap is a time of a chat that has not been fetched."""


RequestGapInput = TypedDict(
    "RequestGapInput",
    {
        # of the caller's own choice
        "id": NotRequired["str"],
        # id of the chat
        "chatId": NotRequired["str"],
        # Unix seconds
        "from": NotRequired["int"],
        # Unix seconds
        "to": NotRequired["int"],
    },
)
"""What may be given of RequestGap."""


RequestRange = TypedDict(
    "RequestRange",
    {
        # id of the chat
        "chat-id": "str",
        # Unix seconds, the beginning
        "lowest-request-from": "int",
        # Unix seconds, the end
        "highest-request-to": "int",
    },
)
"""RequestRange is the time of a chat that has been fetched."""


RequestRangeInput = TypedDict(
    "RequestRangeInput",
    {
        # id of the chat
        "chat-id": NotRequired["str"],
        # Unix seconds, the beginning
        "lowest-request-from": NotRequired["int"],
        # Unix seconds, the end
        "highest-request-to": NotRequired["int"],
    },
)
"""What may be given of RequestRange."""


class Resolved(TypedDict):
    """Resolved is the one thing that a name means."""

    kind: NameKind
    id: str
    """of the chat; that with a person has the contact id"""
    chat: bool
    """Chat: there is such a chat, and it is not closed."""
    exact: str
    """a text that means this and nothing else"""


class RetryConfig(TypedDict):
    """RetryConfig says when to try again: attempt k waits BaseTimeout and k times StepTimeout."""

    BaseTimeout: NotRequired[int]
    """nanoseconds"""
    StepTimeout: NotRequired[int]
    """nanoseconds"""
    MaxRetries: NotRequired[int]
    """attempts after the first, at most 100"""


class SavedMailserver(TypedDict):
    """SavedMailserver is a mailserver that a user chose."""

    id: str
    """of the caller's own choice"""
    name: str
    """for people"""
    address: str
    """enode"""
    password: NotRequired[str]
    """left out: the well-known one"""
    fleet: str
    """name of the fleet it belongs to"""


class SavedMailserverInput(TypedDict):
    """What may be given of SavedMailserver."""

    id: NotRequired[str]
    """of the caller's own choice"""
    name: NotRequired[str]
    """for people"""
    address: NotRequired[str]
    """enode"""
    password: NotRequired[str]
    """left out: the well-known one"""
    fleet: NotRequired[str]
    """name of the fleet it belongs to"""


class Sent(TypedDict):
    """Sent is what became of what was sent with status_send: the message, or with several
    recipients the first one, and Status is that of the message that is least far.
    """

    messageId: str
    chatId: str
    clock: int
    status: SendState
    messages: NotRequired[list[SentMessage]]
    """Messages has the message of each recipient, in their order; absent with one recipient."""


class SentMessage(TypedDict):
    """SentMessage is what became of a message that was sent with status_send."""

    messageId: str
    chatId: str
    clock: int
    status: SendState


class SignIn(TypedDict):
    """SignIn is what is needed to log in in the form of status-go."""

    address: str
    """of any key of the account"""
    password: str
    """password of the account"""


class SignUp(TypedDict):
    """SignUp is what is needed to make an account in the form of status-go."""

    password: str
    """to protect the account with"""


class SignalsQuery(TypedDict):
    """SignalsQuery says what is wanted of what comes."""

    types: NotRequired[list[EventType]]
    """types of events that are wanted (all)"""
    chats: NotRequired[list[str]]
    """ids of chats, and #name, whose events are wanted (all)"""
    since: NotRequired[int]
    """cursor after which to begin (the end of the log)"""
    consumer: NotRequired[str]
    """name to go on as, after what it acknowledged"""


class SignedIn(TypedDict):
    """SignedIn is the answer to a login in the form of status-go."""

    address_key_id: str


class SignedUp(TypedDict):
    """SignedUp is an account that was made in the form of status-go."""

    address: str
    pubkey: str
    wallet_address: str
    wallet_pubkey: str
    chat_address: str
    chat_pubkey: str
    mnemonic: str


class SourceStatus(TypedDict):
    """SourceStatus is a source of nodes."""

    source: str
    state: SourceState
    error: NotRequired[str]


class Sticker(TypedDict):
    """Sticker names a sticker."""

    hash: str
    pack: int


class StickerInput(TypedDict):
    """What may be given of Sticker."""

    hash: NotRequired[str]
    pack: NotRequired[int]


class TextNode(TypedDict):
    """TextNode is a part of a text as status-go shows it. Which members it has depends on its type;
    what a text of that type does not have is nil.
    """

    type: NotRequired[TextType]
    children: NotRequired[list[TextNode] | None]
    """Children are those of paragraphs and links, of a block of code with a caption, and of the
    caption: at most four levels in all. Null where there are none, always in block quotes and
    headings.
    """
    literal: NotRequired[str]
    """Literal is the text without its marks. Only paragraphs have none."""
    title: NotRequired[str]
    """Title and Destination are of links; the title is always empty."""
    destination: NotRequired[str]
    level: NotRequired[int]
    """Level is 1 or 2, and IsTitleBlock false, in headings."""
    isTitleBlock: NotRequired[bool]


class TokenInfo(TypedDict):
    """TokenInfo is a token in a list."""

    name: str
    scopes: list[Scope] | None
    account: NotRequired[str]
    """0x key-uid of the only account it is for"""
    created: Timestamp
    expires: NotRequired[Timestamp]


class TopicBucket(TypedDict):
    """TopicBucket is one bucket of distance from a topic."""

    distance: int
    registrars: int
    verified: int
    active: int
    pending: int


class TopicDiscoveryStatus(TypedDict):
    """TopicDiscoveryStatus is the state of topic discovery."""

    registrar: NotRequired[RegistrarStatus]
    """absent: keeps no advertisements"""
    topics: list[TopicView] | None
    """searched or advertised lately, by name"""
    searches: int
    """begun"""
    queries: int
    """registrars asked by searches"""
    failures: int
    """of these, without a valid answer"""
    found: int
    """advertisers, those of each search counted anew"""
    sent: int
    """requests to register at others"""


class TopicLimits(TypedDict):
    """TopicLimits are how many peers of a topic are wanted."""

    topic: str
    min: int
    max: int


class TopicLists(TypedDict):
    """TopicLists are the topics that are searched for, and those that this node is registered
    under.
    """

    required: list[TopicLimits] | None
    registered: list[str] | None


class TopicView(TypedDict):
    """TopicView is the view of the network from one topic."""

    topic: str
    registrars: int
    """known"""
    verified: int
    """of these, answered"""
    advertising: bool
    active: int
    """registrations"""
    pending: int
    """registrations that wait for their first admission"""
    buckets: list[TopicBucket] | None
    """those with registrars, farthest first"""
    sent: int
    """requests to register"""
    givenUp: int
    """registrations"""


class VersionInfo(TypedDict):
    """VersionInfo is what status_version and /version tell."""

    version: str
    commit: str
    go: str
    protocols: list[str] | None
    """for instance "waku/1"
    """


class WakuMessage(TypedDict):
    """WakuMessage is a message that a filter matched."""

    sig: NotRequired[str]
    """public key of the signer"""
    ttl: int
    """seconds"""
    timestamp: int
    """Unix seconds, of the sending"""
    topic: Topic
    payload: str
    padding: str
    pow: float
    hash: str
    recipientPublicKey: NotRequired[str]
    bool: NotRequired[bool]
    """Bool is the name status-go gives the peer-to-peer flag."""
    p2p: NotRequired[bool]


class WakuPeer(TypedDict):
    """WakuPeer counts what was exchanged with a peer."""

    version: int
    envelopesIn: int
    envelopesOut: int
    bytesIn: int
    bytesOut: int
    rejected: int
    rateLimitExceeded: int
    pow: float
    bloomFill: float
    """share of bits set, 0 to 1"""
    topics: int
    """-1: no topic interest announced"""
    light: bool
    confirmations: bool
    trusted: bool
    lastSeen: Timestamp


class WakuProtocol(TypedDict):
    """WakuProtocol is what the node announces about Waku."""

    version: str
    maxMessageSize: int
    """bytes"""
    minimumPoW: float


class WakuState(TypedDict):
    """WakuState is what the node says of Waku. The last three members have the names of 9/WAKU-RPC.
    """

    messages: int
    """that wait in the caller's polling filters"""
    minPow: float
    maxMessageSize: int
    """bytes of an envelope"""
    memory: int
    """bytes of the envelopes in the pool"""
    envelopes: int
    """in the pool"""
    maxEnvelopeSize: int


WalletAccount = TypedDict(
    "WalletAccount",
    {
        # 0x and 40 hex digits
        "address": "str",
        # it is the first of the wallet
        "wallet": "bool",
        # it is that of the chat key
        "chat": "bool",
        "type": NotRequired["str"],
        "storage": NotRequired["str"],
        "path": NotRequired["str"],
        "public-key": NotRequired["str"],
        "name": "str",
        "color": "str",
    },
)
"""WalletAccount is an account of a wallet as frontends of status-go keep them. It means nothing to
the daemon, which has no wallet.
"""


WalletAccountInput = TypedDict(
    "WalletAccountInput",
    {
        # 0x and 40 hex digits
        "address": NotRequired["str"],
        # it is the first of the wallet
        "wallet": NotRequired["bool"],
        # it is that of the chat key
        "chat": NotRequired["bool"],
        "type": NotRequired["str"],
        "storage": NotRequired["str"],
        "path": NotRequired["str"],
        "public-key": NotRequired["str"],
        "name": NotRequired["str"],
        "color": NotRequired["str"],
    },
)
"""What may be given of WalletAccount."""


class WrittenBackup(TypedDict):
    """WrittenBackup is a backup that was written."""

    keyUid: str
    path: str
    bytes: int


class LoggedMessagesNew(TypedDict):
    """An event of the log: something came: a message, a reaction, a changed contact, a request for
    an invitation, a device, a chat joined on another device; own messages from other devices and
    notes to oneself, too.
    """

    cursor: int
    account: str
    time: int
    type: Literal["messages.new"]
    event: MessagesNewEvent


class LoggedEnvelopeSent(TypedDict):
    """An event of the log: an envelope with these payloads reached a peer: their messages are sent.
    """

    cursor: int
    account: str
    time: int
    type: Literal["envelope.sent"]
    event: EnvelopeSentEvent


class LoggedEnvelopeExpired(TypedDict):
    """An event of the log: these payloads were given up: their messages are not sent."""

    cursor: int
    account: str
    time: int
    type: Literal["envelope.expired"]
    event: EnvelopeExpiredEvent


class LoggedMessageDelivered(TypedDict):
    """An event of the log: a recipient acknowledged; in groups once for each member."""

    cursor: int
    account: str
    time: int
    type: Literal["message.delivered"]
    event: MessageDeliveredEvent


class LoggedMessagesDecryptFail(TypedDict):
    """An event of the log: a message of that person could not be opened."""

    cursor: int
    account: str
    time: int
    type: Literal["messages.decrypt.failed"]
    event: MessagesDecryptFailEvent


class LoggedBundlesAdded(TypedDict):
    """An event of the log: a device of somebody became known."""

    cursor: int
    account: str
    time: int
    type: Literal["bundles.added"]
    event: BundlesAddedEvent


class LoggedFilterAdded(TypedDict):
    """An event of the log: the account listens to a topic agreed with somebody."""

    cursor: int
    account: str
    time: int
    type: Literal["whisper.filter.added"]
    event: FilterAddedEvent


class LoggedHistoryPageCompleted(TypedDict):
    """An event of the log: a mailserver answered."""

    cursor: int
    account: str
    time: int
    type: Literal["mailserver.request.completed"]
    event: HistoryPageCompletedEvent


class LoggedHistoryPageExpired(TypedDict):
    """An event of the log: a mailserver did not answer."""

    cursor: int
    account: str
    time: int
    type: Literal["mailserver.request.expired"]
    event: HistoryPageExpiredEvent


class LoggedHistorySynced(TypedDict):
    """An event of the log: the history of all chats was fetched."""

    cursor: int
    account: str
    time: int
    type: Literal["history.synced"]
    event: HistorySyncedEvent


class LoggedReactionAdded(TypedDict):
    """An event of the log: somebody reacted to a message."""

    cursor: int
    account: str
    time: int
    type: Literal["reaction.added"]
    event: ReactionAddedEvent


class LoggedReactionRetracted(TypedDict):
    """An event of the log: somebody took a reaction back."""

    cursor: int
    account: str
    time: int
    type: Literal["reaction.retracted"]
    event: ReactionRetractedEvent


class LoggedContactRequested(TypedDict):
    """An event of the log: somebody added us for the first time."""

    cursor: int
    account: str
    time: int
    type: Literal["contact.requested"]
    event: ContactRequestedEvent


class LoggedContactUpdated(TypedDict):
    """An event of the log: a contact has a new name or picture, or was added or changed on another
    device.
    """

    cursor: int
    account: str
    time: int
    type: Literal["contact.updated"]
    event: ContactUpdatedEvent


class LoggedGroupCreated(TypedDict):
    """An event of the log: a group became known: made here, or we were invited."""

    cursor: int
    account: str
    time: int
    type: Literal["group.created"]
    event: GroupCreatedEvent


class LoggedGroupRenamed(TypedDict):
    """An event of the log: a group has a new name."""

    cursor: int
    account: str
    time: int
    type: Literal["group.renamed"]
    event: GroupRenamedEvent


class LoggedMemberAdded(TypedDict):
    """An event of the log: somebody was invited into a group."""

    cursor: int
    account: str
    time: int
    type: Literal["group.member.added"]
    event: MemberAddedEvent


class LoggedMemberJoined(TypedDict):
    """An event of the log: somebody accepted the invitation into a group."""

    cursor: int
    account: str
    time: int
    type: Literal["group.member.joined"]
    event: MemberJoinedEvent


class LoggedMemberLeft(TypedDict):
    """An event of the log: somebody left a group."""

    cursor: int
    account: str
    time: int
    type: Literal["group.member.left"]
    event: MemberLeftEvent


class LoggedMemberRemoved(TypedDict):
    """An event of the log: somebody was removed from a group."""

    cursor: int
    account: str
    time: int
    type: Literal["group.member.removed"]
    event: MemberRemovedEvent


class LoggedAdminAdded(TypedDict):
    """An event of the log: a member became an admin."""

    cursor: int
    account: str
    time: int
    type: Literal["group.admin.added"]
    event: AdminAddedEvent


class LoggedAdminRemoved(TypedDict):
    """An event of the log: somebody gave up being an admin."""

    cursor: int
    account: str
    time: int
    type: Literal["group.admin.removed"]
    event: AdminRemovedEvent


class LoggedGroupInvitation(TypedDict):
    """An event of the log: somebody asks to be let into a group, or our request was granted or
    refused.
    """

    cursor: int
    account: str
    time: int
    type: Literal["group.invitation"]
    event: GroupInvitationEvent


class LoggedDeviceFound(TypedDict):
    """An event of the log: another device of the account became known, or told its name."""

    cursor: int
    account: str
    time: int
    type: Literal["device.found"]
    event: DeviceFoundEvent


class LoggedDevicePaired(TypedDict):
    """An event of the log: a device was enabled here."""

    cursor: int
    account: str
    time: int
    type: Literal["device.paired"]
    event: DevicePairedEvent


class LoggedDeviceUnpaired(TypedDict):
    """An event of the log: a device was disabled here."""

    cursor: int
    account: str
    time: int
    type: Literal["device.unpaired"]
    event: DeviceUnpairedEvent


class LoggedMessageEdited(TypedDict):
    """An event of the log: its author changed the text of a message (with LaterExtensions)."""

    cursor: int
    account: str
    time: int
    type: Literal["message.edited"]
    event: MessageEditedEvent


class LoggedMessageDeleted(TypedDict):
    """An event of the log: its author took a message back (with LaterExtensions)."""

    cursor: int
    account: str
    time: int
    type: Literal["message.deleted"]
    event: MessageDeletedEvent


class LoggedMessagePinned(TypedDict):
    """An event of the log: a message was pinned, or no longer is (with LaterExtensions)."""

    cursor: int
    account: str
    time: int
    type: Literal["message.pinned"]
    event: MessagePinnedEvent


class LoggedAccountLogin(TypedDict):
    """An event of the log: the account was logged in."""

    cursor: int
    account: str
    time: int
    type: Literal["account.login"]
    event: AccountLoginEvent


class LoggedAccountLogout(TypedDict):
    """An event of the log: the last event before the account is logged out."""

    cursor: int
    account: str
    time: int
    type: Literal["account.logout"]
    event: AccountLogoutEvent


LogEvent: TypeAlias = Union[
    LoggedMessagesNew,
    LoggedEnvelopeSent,
    LoggedEnvelopeExpired,
    LoggedMessageDelivered,
    LoggedMessagesDecryptFail,
    LoggedBundlesAdded,
    LoggedFilterAdded,
    LoggedHistoryPageCompleted,
    LoggedHistoryPageExpired,
    LoggedHistorySynced,
    LoggedReactionAdded,
    LoggedReactionRetracted,
    LoggedContactRequested,
    LoggedContactUpdated,
    LoggedGroupCreated,
    LoggedGroupRenamed,
    LoggedMemberAdded,
    LoggedMemberJoined,
    LoggedMemberLeft,
    LoggedMemberRemoved,
    LoggedAdminAdded,
    LoggedAdminRemoved,
    LoggedGroupInvitation,
    LoggedDeviceFound,
    LoggedDevicePaired,
    LoggedDeviceUnpaired,
    LoggedMessageEdited,
    LoggedMessageDeleted,
    LoggedMessagePinned,
    LoggedAccountLogin,
    LoggedAccountLogout,
]
"""Whatever is in the log of an account; its type says what it tells."""
