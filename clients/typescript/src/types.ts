// Generated from the contract (package api) by internal/clientgen. Do not edit.
//
// Types of the contract: what methods take and answer, as it is in JSON. A newer daemon may add
// members and values of enumerations.

/** Version of the contract that this package was made from, by semantic versioning. */
export const CONTRACT_VERSION = "1.0.0";

/** Bytes are written as 0x hex. Only that is read. */
export type Bytes = string;

/** Hash is a hash of 32 bytes. */
export type Hash = string;

/**
 * LooseBytes are read as 0x hex, as 9/WAKU-RPC has it, or as base64, as status-go does. They are written as 0x
 * hex.
 */
export type LooseBytes = string;

/** Quantity is a number that is written in hex: 0x, no leading zeros. */
export type Quantity = string;

/** Timestamp is a time by RFC 3339. */
export type Timestamp = string;

/** Topic is a topic of Waku. */
export type Topic = string;

/** ChatType says what kind of conversation a chat is. */
export const ChatType = {
  OneToOne: 1,
  Public: 2,
  PrivateGroup: 3,
  /** what one person writes to everybody */
  Profile: 4,
  /** the profile chats together */
  Timeline: 5,
} as const;
export type ChatType = (typeof ChatType)[keyof typeof ChatType];

/** CommandState says how far a payment is. */
export const CommandState = {
  AddressRequested: 1,
  AddressDeclined: 2,
  AddressAccepted: 3,
  TransactionRequested: 4,
  TransactionDeclined: 5,
  TransactionPending: 6,
  TransactionSent: 7,
} as const;
export type CommandState = (typeof CommandState)[keyof typeof CommandState];

/** ContentType says what a message holds. */
export const ContentType = {
  Text: 1,
  Sticker: 2,
  Status: 3,
  Emoji: 4,
  /** about a payment */
  Command: 5,
  /** of a group */
  System: 6,
  Image: 7,
  Audio: 8,
} as const;
export type ContentType = (typeof ContentType)[keyof typeof ContentType];

/** Emoji is one of the emojis of reactions. */
export const Emoji = {
  Love: 1,
  ThumbsUp: 2,
  ThumbsDown: 3,
  Laugh: 4,
  Sad: 5,
  Angry: 6,
} as const;
export type Emoji = (typeof Emoji)[keyof typeof Emoji];

/** EventType says what an event tells of. */
export const EventType = {
  MessagesNew: "messages.new",
  EnvelopeSent: "envelope.sent",
  EnvelopeExpired: "envelope.expired",
  MessageDelivered: "message.delivered",
  MessagesDecryptFail: "messages.decrypt.failed",
  BundlesAdded: "bundles.added",
  FilterAdded: "whisper.filter.added",
  HistoryPageCompleted: "mailserver.request.completed",
  HistoryPageExpired: "mailserver.request.expired",
  HistorySynced: "history.synced",
  ReactionAdded: "reaction.added",
  ReactionRetracted: "reaction.retracted",
  ContactRequested: "contact.requested",
  ContactUpdated: "contact.updated",
  GroupCreated: "group.created",
  GroupRenamed: "group.renamed",
  MemberAdded: "group.member.added",
  MemberJoined: "group.member.joined",
  MemberLeft: "group.member.left",
  MemberRemoved: "group.member.removed",
  AdminAdded: "group.admin.added",
  AdminRemoved: "group.admin.removed",
  GroupInvitation: "group.invitation",
  DeviceFound: "device.found",
  DevicePaired: "device.paired",
  DeviceUnpaired: "device.unpaired",
  MessageEdited: "message.edited",
  MessageDeleted: "message.deleted",
  MessagePinned: "message.pinned",
  AccountLogin: "account.login",
  AccountLogout: "account.logout",
  NodeStarted: "node.started",
  NodeReady: "node.ready",
  NodeStopped: "node.stopped",
  NodeCrashed: "node.crashed",
  NodeLogin: "node.login",
  DiscoveryStarted: "discovery.started",
  DiscoveryStopped: "discovery.stopped",
  DiscoverySummary: "discovery.summary",
  EnodeDiscovered: "enode.discovered",
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** ExportFormat is a form of an account's keys. */
export const ExportFormat = {
  /** key files, encrypted under the password of the account */
  Keystore: "keystore",
  /** the phrase, if it is still kept */
  Mnemonic: "mnemonic",
} as const;
export type ExportFormat = (typeof ExportFormat)[keyof typeof ExportFormat];

/** FoundState is what became of a node that was found. */
export const FoundState = {
  Connected: "connected",
  Dialling: "dialling",
  Queued: "queued",
  Resting: "resting",
  Known: "known",
} as const;
export type FoundState = (typeof FoundState)[keyof typeof FoundState];

/** GivenBy says who gave the name by which somebody or something is called. */
export const GivenBy = {
  /** a nickname, a public chat that you joined */
  You: "you",
  /** what somebody calls himself, or a group's admin calls the group */
  Them: "them",
  /** made of the key */
  Key: "key",
} as const;
export type GivenBy = (typeof GivenBy)[keyof typeof GivenBy];

/** HealthLevel is a word of the health report, from nwaku's vocabulary. */
export const HealthLevel = {
  Initializing: "INITIALIZING",
  /** works towards READY for the first time */
  Synchronizing: "SYNCHRONIZING",
  Ready: "READY",
  NotReady: "NOT_READY",
  /** switched off */
  NotMounted: "NOT_MOUNTED",
  ShuttingDown: "SHUTTING_DOWN",
} as const;
export type HealthLevel = (typeof HealthLevel)[keyof typeof HealthLevel];

/** InvitationState says how far an invitation is. */
export const InvitationState = {
  Requested: 1,
  Rejected: 2,
  /** the admin added who asked */
  Approved: 3,
} as const;
export type InvitationState = (typeof InvitationState)[keyof typeof InvitationState];

/** LogLevel is a level of the log. */
export const LogLevel = {
  Error: "error",
  Warn: "warn",
  Info: "info",
  Debug: "debug",
  Trace: "trace",
} as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** MembershipEventType says what an event of a private group does. */
export const MembershipEventType = {
  ChatCreated: 1,
  NameChanged: 2,
  MembersAdded: 3,
  MemberJoined: 4,
  MemberRemoved: 5,
  AdminsAdded: 6,
  AdminRemoved: 7,
} as const;
export type MembershipEventType = (typeof MembershipEventType)[keyof typeof MembershipEventType];

/** MessageType says to what kind of chat a message was sent. */
export const MessageType = {
  OneToOne: 1,
  /** public chats and profiles */
  Public: 2,
  PrivateGroup: 3,
  /** made here: it tells what happened in a group */
  System: 4,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** NameKind is what a name can mean. */
export const NameKind = {
  Person: "person",
  Group: "group",
  Public: "public",
  Profile: "profile",
} as const;
export type NameKind = (typeof NameKind)[keyof typeof NameKind];

/** OutgoingStatus says how far a message of ours is; it is empty for those of others. */
export const OutgoingStatus = {
  Sending: "sending",
  /** given up */
  NotSent: "not-sent",
  /** a peer of the network has it */
  Sent: "sent",
  Delivered: "delivered",
} as const;
export type OutgoingStatus = (typeof OutgoingStatus)[keyof typeof OutgoingStatus];

/** PhraseLanguage is a language of phrases. */
export const PhraseLanguage = {
  English: "english",
  ChineseSimplified: "chinese_simplified",
  ChineseTraditional: "chinese_traditional",
  Czech: "czech",
  French: "french",
  Italian: "italian",
  Japanese: "japanese",
  Korean: "korean",
  Portuguese: "portuguese",
  Spanish: "spanish",
} as const;
export type PhraseLanguage = (typeof PhraseLanguage)[keyof typeof PhraseLanguage];

/** Scope is a permission of a token. A method needs exactly one. */
export const Scope = {
  /** look, change nothing */
  Read: "read",
  /** send messages, use chats, groups and Waku */
  Send: "send",
  /** named consumers of events: subscribe, acknowledge, remove */
  Events: "events",
  /** change contacts */
  Contacts: "contacts",
  /** make, open, change and delete accounts */
  Account: "account",
  /** operate the node */
  Admin: "admin",
  /** look into the process */
  Debug: "debug",
} as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

/** SearchMode says how hard peers of a topic are looked for. */
export const SearchMode = {
  Fast: "fast",
  Slow: "slow",
  Off: "off",
} as const;
export type SearchMode = (typeof SearchMode)[keyof typeof SearchMode];

/** SendState says how far a message is that was sent with status_send. */
export const SendState = {
  /** on disk; it leaves as soon as there is a peer */
  Queued: "queued",
  /** a peer of the network has it */
  Sent: "sent",
  Delivered: "delivered",
  /** given up */
  Failed: "failed",
} as const;
export type SendState = (typeof SendState)[keyof typeof SendState];

/** SendWait is the state that status_send waits for. */
export const SendWait = {
  None: "none",
  Sent: "sent",
  Delivered: "delivered",
} as const;
export type SendWait = (typeof SendWait)[keyof typeof SendWait];

/** SourceState is what a source of nodes does. */
export const SourceState = {
  Off: "off",
  Waiting: "waiting",
  Running: "running",
  Done: "done",
} as const;
export type SourceState = (typeof SourceState)[keyof typeof SourceState];

/**
 * SystemTag says how one stands to a person. Other tags than those listed are kept as programs store them, and
 * mean nothing to the daemon.
 */
export const SystemTag = {
  Added: ":contact/added",
  RequestReceived: ":contact/request-received",
  Blocked: ":contact/blocked",
} as const;
export type SystemTag = (typeof SystemTag)[keyof typeof SystemTag];

/** TextType says what a part of a text is. */
export const TextType = {
  Paragraph: "paragraph",
  BlockQuote: "blockquote",
  CodeBlock: "codeblock",
  /** without what it says: Message.Text has it */
  Heading: "heading",
  Code: "code",
  Emph: "emph",
  Strong: "strong",
  StrongEmph: "strong-emph",
  Del: "del",
  Link: "link",
  /** of a contact id */
  Mention: "mention",
  /** name of a public chat, without # */
  StatusTag: "status-tag",
} as const;
export type TextType = (typeof TextType)[keyof typeof TextType];

/** AccountLoginEvent says that the account was logged in. */
export interface AccountLoginEvent {
  keyUid: string;
}

/** AccountLogoutEvent is the last event before a logout. */
export interface AccountLogoutEvent {
  keyUid: string;
}

/** AddedFilter is a place that is listened to. */
export interface AddedFilter {
  chatId: string;
  /** empty: the keys of an account are for it alone */
  symKeyId: string;
  listen: boolean;
  /** as in wakuext_loadFilters; not one of waku_* */
  filterId: string;
  /** hex without 0x */
  identity: string;
  topic: string;
}

/** AdminAddedEvent says that a member became an admin. */
export interface AdminAddedEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** AdminRemovedEvent says that a member is no admin any more. */
export interface AdminRemovedEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** ArchiveDamage counts what was stored and could not be read again. */
export interface ArchiveDamage {
  /** lost, at least */
  envelopes: number;
  /** of the damaged parts of files */
  bytes: number;
  /** more may have been lost than was counted */
  more?: boolean;
}

/** ArchiveHealth tells whether what comes is archived. */
export interface ArchiveHealth {
  ok: boolean;
  /** what keeps it from archiving */
  reason?: string;
}

/** ArchiveReport describes the mailserver that a node is. Archive is null while the archive cannot be read. */
export interface ArchiveReport {
  health: ArchiveHealth;
  recorder: RecorderCounts;
  archive: ArchiveStats | null;
}

/** ArchiveStats describe an archive. */
export interface ArchiveStats {
  envelopes: number;
  /** sum of the encoded envelopes */
  bytes: number;
  /** what they take; -1: not known */
  diskBytes: number;
  topics: number;
  /** created, Unix seconds; a lower bound */
  oldest: number;
  newest: number;
  /** since the archive was opened */
  damage?: ArchiveDamage;
}

/** AskedMailserver is a mailserver that the node asks. */
export interface AskedMailserver {
  /** 64 hex digits */
  id: string;
  enode: string;
  connected: boolean;
  /** answered */
  pages: number;
  /** in all */
  failures: number;
  /** failures since the last answer */
  streak: number;
  /** pages given up since the last answer */
  givenUp: number;
  /** taken from its answers */
  envelopes: number;
  /** of topics not asked for */
  unwanted: number;
  /** outside what was asked for */
  refused: number;
  latencyNanoseconds: number;
  lastAnswer?: Timestamp;
  lastFailure?: Timestamp;
  lastError?: string;
}

/** BackfillRequest asks for a page of what another mailserver has. */
export interface BackfillRequest {
  /** Unix seconds, included */
  from?: number;
  /** Unix seconds, included; 0: now */
  to?: number;
  /** envelopes of the page, 0: 1000 */
  limit?: number;
  /** hex without 0x, from the page before, together with its server */
  cursor?: string;
  /** enode, which need not be configured; else the best, and others */
  server?: string;
  /** true: when the server of the cursor fails, begin anew at the best one, and say so */
  restart?: boolean;
  /** seconds without any sign of a server, 0: 30 */
  timeout?: number;
}

/** BackfilledPage is a page of what another mailserver has, which was archived. */
export interface BackfilledPage {
  /** enode of the one that answered */
  server: string;
  requestId: Hash;
  /** that came */
  envelopes: number;
  /** handed to the archive, which leaves out what it has */
  archived: number;
  /** too large, or with too little proof of work */
  skipped: number;
  /** hex without 0x, where the next page starts at the same server */
  cursor: string;
  /** nothing is left */
  done: boolean;
  /**
   * Restarted: this is the first page of another server, with cursors of its own; envelopes that came already
   * come again.
   */
  restarted?: boolean;
}

/** BlockedContact is a person to block, and the nickname to go on showing. */
export interface BlockedContact {
  id: string;
  localNickname?: string;
}

/** BundlesAddedEvent says that a device of somebody became known. */
export interface BundlesAddedEvent {
  /** contact id */
  identity: string;
  installationID: string;
}

/** Changes are what a call or a message changed, empty lists omitted. */
export interface Changes {
  chats?: Chat[];
  messages?: Message[];
  contacts?: Contact[];
  installations?: Installation[];
  emojiReactions?: Reaction[];
  invitations?: Invitation[];
}

/** Chat is a conversation. */
export interface Chat {
  id: string;
  name: string;
  color: string;
  active: boolean;
  chatType: ChatType;
  timestamp: number;
  lastClockValue: number;
  deletedAtClockValue: number;
  unviewedMessagesCount: number;
  lastMessage: Message | null;
  members: Member[] | null;
  membershipUpdateEvents: MembershipEvent[] | null;
  alias?: string;
  identicon: string;
  muted?: boolean;
  invitationAdmin?: string;
  profile?: string;
  /**
   * NameGivenBy says who gave Name: GivenByYou for public chats, GivenByThem for private groups. That of a
   * person is in Contact.
   */
  nameGivenBy?: GivenBy;
}

/** ChatFilter is a place that an account listens to. */
export interface ChatFilter {
  /** name of the topic; of a negotiated one the contact id */
  chatId: string;
  /** serves wakuext_removeFilters */
  filterId: string;
  /** empty: the keys of an account are for it alone */
  symKeyId: string;
  oneToOne: boolean;
  /** whose place it is, hex without 0x */
  identity: string;
  topic: string;
  discovery: boolean;
  negotiated: boolean;
  listen: boolean;
}

/**
 * ChatFilterSpec says what to listen to: chatId names a public chat or, with oneToOne, identity or chatId a
 * person. To end it, filterId or chatId counts.
 */
export interface ChatFilterSpec {
  chatId?: string;
  filterId?: string;
  oneToOne?: boolean;
  /** hex */
  identity?: string;
}

/** ChatRef names a chat in the form of the whole of it. */
export interface ChatRef {
  id: string;
}

/** ChatSettings are what belongs to the user of a chat. */
export interface ChatSettings {
  id: string;
  name?: string;
  color?: string;
  /** of a new chat */
  chatType?: ChatType;
  active?: boolean;
  muted?: boolean;
  /** DeletedAtClockValue hides messages up to a clock. It only rises. */
  deletedAtClockValue?: number;
}

/** CommandParameters describe a transaction command. */
export interface CommandParameters {
  id: string;
  from: string;
  address: string;
  contract: string;
  value: string;
  transactionHash: string;
  commandState: CommandState;
  signature: string | null;
}

/** Consumer is a named consumer of the event log. */
export interface Consumer {
  name: string;
  /**
   * Owner is "local", "token:" and the name of a token, "daemon" for those of webhooks, or empty for one from
   * before there were owners.
   */
  owner: string;
  /** the last event acknowledged */
  cursor: number;
  /** events that came after it */
  behind: number;
  /** of the last acknowledgement */
  time: Timestamp;
}

/** Contact is a person. Times are clocks in Unix milliseconds. */
export interface Contact {
  id: string;
  address?: string;
  name?: string;
  ensVerified: boolean;
  ensVerifiedAt: number;
  lastENSClockValue: number;
  ensVerificationRetries: number;
  alias?: string;
  identicon: string;
  photoPath?: string;
  lastUpdated: number;
  systemTags: SystemTag[] | null;
  deviceInfo: ContactDevice[] | null;
  tributeToTalk: string;
  localNickname?: string;
  /**
   * NameGivenBy says who gave the name to show: GivenByYou for LocalNickname, GivenByThem for Name, GivenByKey
   * for Alias. Only the first may stand for a person without the key beside it.
   */
  nameGivenBy?: GivenBy;
}

/** ContactDevice is a device of a contact. */
export interface ContactDevice {
  id: string;
  timestamp: number;
  fcmToken: string;
}

/** ContactRequestedEvent says that somebody added us for the first time. */
export interface ContactRequestedEvent {
  contact: Contact;
}

/**
 * ContactSettings are what the user, or a program of status-go that verifies names, says about a person. Times
 * are as in Contact, and only rise.
 */
export interface ContactSettings {
  id: string;
  name?: string;
  ensVerified?: boolean;
  ensVerifiedAt?: number;
  lastENSClockValue?: number;
  ensVerificationRetries?: number;
  /** data URL */
  photoPath?: string;
  lastUpdated?: number;
  systemTags?: SystemTag[];
  localNickname?: string;
}

/**
 * ContactUpdatedEvent says that a contact has a new name or picture, or was added or changed on another device
 * of ours.
 */
export interface ContactUpdatedEvent {
  contact: Contact;
}

/** DatabaseSize is the size of a database. */
export interface DatabaseSize {
  bytes: number;
}

/** DerivedKey is a key of an account that has a key file. */
export interface DerivedKey {
  /** contact id */
  publicKey: string;
  address: string;
}

/**
 * DeviceFoundEvent says that another device of this account became known. It gets nothing before it is enabled.
 * It comes again with the device's name.
 */
export interface DeviceFoundEvent {
  installation: Installation;
}

/** DevicePairedEvent says that a device was enabled: it gets copies from now on. */
export interface DevicePairedEvent {
  installation: Installation;
}

/** DeviceUnpairedEvent says that a device was disabled. */
export interface DeviceUnpairedEvent {
  installationId: string;
}

/** DiscoverRequest says how many peers of a topic to look for. */
export interface DiscoverRequest {
  /** whisper: relays, whispermail: mailservers, or another name */
  topic?: string;
  /** above it the node disconnects */
  max?: number;
  /** below it the node searches */
  min?: number;
}

/** DiscoveryReport describes how peers are looked for. */
export interface DiscoveryReport {
  /** there is a pool */
  running: boolean;
  /** a source searches, or has just ended */
  searching: boolean;
  /** a source fails, or a registration */
  degraded: boolean;
  /** of this node */
  record: string;
  sources: SourceStatus[] | null;
  registrations: RegistrationStatus[] | null;
  /** Discv5 is the UDP endpoint; absent: discv5 is not used. */
  discv5?: EndpointStatus;
  /** TopicDiscovery is the topic discovery on it, while it is open. */
  topicDiscovery?: TopicDiscoveryStatus;
  rendezvous?: RendezvousStatus[];
}

/** DiscoverySignal is what discovery_subscribe pushes: an event of the node in the shape of status-go's signals. */
export interface DiscoverySignal {
  type: EventType;
  event: unknown;
}

/** EndpointStatus is the UDP endpoint of discv5. */
export interface EndpointStatus {
  open: boolean;
  /** of the socket, while open */
  address?: string;
  /** known, while open */
  nodes: number;
  /** of them those that answered */
  live: number;
  /** since the start */
  packetsIn: number;
  packetsOut: number;
  /** times */
  opened: number;
}

/** EnvelopeExpiredEvent says that payloads were given up, and why. */
export interface EnvelopeExpiredEvent {
  ids: string[] | null;
  hash: string;
  message: string;
}

/** EnvelopeSentEvent says that payloads reached a peer of the network: these message ids are sent. */
export interface EnvelopeSentEvent {
  ids: string[] | null;
  /** 32 zero bytes */
  hash: string;
  message: string;
}

/** Event is one thing that happened. Signals of the node have neither cursor nor account. */
export interface Event {
  /** place in the log of the account */
  cursor?: number;
  /** 0x key-uid */
  account?: string;
  /** Unix milliseconds */
  time: number;
  type: EventType;
  /** Event is what it tells, of the type that Events names; see Decode. */
  event: unknown;
}

/**
 * EventNotice is what a subscriber gets: an event, or the news that events are gone from the log that it has not
 * had.
 */
export interface EventNotice {
  /** place in the log of the account */
  cursor?: number;
  /** 0x key-uid */
  account?: string;
  /** Unix milliseconds */
  time?: number;
  type?: EventType;
  /** Event is what it tells, of the type that Events names; see Decode. */
  event?: unknown;
  gap?: boolean;
  /** with Gap: the oldest event there is */
  from?: number;
}

/** EventPage is a part of the event log. */
export interface EventPage {
  events: Event[] | null;
  /** since of the next reading */
  next: number;
  gap?: boolean;
  /** with Gap: the oldest event there is */
  from?: number;
}

/** EventsQuery says what is wanted of the event log. */
export interface EventsQuery {
  /** cursor after which to begin (the oldest event; -1: the end) */
  since?: number;
  /** most events (200, at most 1000) */
  limit?: number;
  /** seconds to wait for an event (0, at most 60) */
  wait?: number;
  /** types of events that are wanted (all) */
  types?: EventType[];
  /** ids of chats, and #name, whose events are wanted (all) */
  chats?: string[];
  /** name to go on as, after what it acknowledged */
  consumer?: string;
}

/** Exported are the keys of an account. */
export interface Exported {
  files?: unknown[];
  mnemonic?: string;
}

/** FetchRequest asks for a page of history. */
export interface FetchRequest {
  /** at least one */
  topics?: Topic[];
  /** Unix seconds, included */
  from?: number;
  /** Unix seconds, included; 0: now */
  to?: number;
  /** envelopes of the page, 0: 1000 */
  limit?: number;
  /** hex without 0x, from the page before, together with its server */
  cursor?: string;
  /** enode, which need not be configured; else the best, and others */
  server?: string;
  /** true: when the server of the cursor fails, begin anew at the best one, and say so */
  restart?: boolean;
  /** key of the server's password, else that of its enode */
  symKeyID?: string;
  /** seconds without any sign of a server, 0: 30 */
  timeout?: number;
}

/** FetchedPage is a page of history that has gone through the filters. */
export interface FetchedPage {
  /** enode of the one that answered */
  server: string;
  requestId: Hash;
  /** of the wanted topics */
  envelopes: number;
  /** hex without 0x, where the next page starts */
  cursor: string;
  /** nothing is left */
  done: boolean;
  /**
   * Restarted: this is the first page of another server, with cursors of its own; envelopes that came already
   * come again.
   */
  restarted?: boolean;
}

/** FilterAddedEvent says that this account listens to new places. */
export interface FilterAddedEvent {
  filters: AddedFilter[] | null;
}

/** FilterCriteria say which messages are wanted. */
export interface FilterCriteria {
  /** id of the symmetric key to open messages with; or: */
  symKeyID?: string;
  /** id of the key pair to open messages with */
  privateKeyID?: string;
  /** public key that must have signed */
  sig?: LooseBytes;
  /** least proof of work */
  minPow?: number;
  /** topics wanted, all if empty */
  topics?: Topic[];
  /** also what trusted peers send directly */
  allowP2P?: boolean;
}

/** GroupCreatedEvent says that a group became known: we are in it, or invited. */
export interface GroupCreatedEvent {
  chat: Chat;
}

/** GroupInvitationEvent says that somebody asks to be let into a group of ours, or what became of our request. */
export interface GroupInvitationEvent {
  invitation: Invitation;
}

/** GroupMember is a member of a ListedGroup. */
export interface GroupMember {
  /** contact id */
  number: string;
}

/** GroupRenamedEvent says that a group has a new name. */
export interface GroupRenamedEvent {
  chatId: string;
  name: string;
  /** contact id */
  by: string;
}

/**
 * Health is the state of the daemon and of its components: the body of /health and /ready, and the answer of
 * status_health.
 */
export interface Health {
  /** NodeHealth is READY when every component that messages need is READY. */
  nodeHealth: HealthLevel;
  /** in the order to show */
  protocolsHealth: (Record<string, string>)[] | null;
  version: string;
  uptimeSeconds: number;
}

/** HistoryPage is the answer to a request for a page of history in the form of status-go. */
export interface HistoryPage {
  /** hex without 0x; empty: nothing is left */
  cursor: string;
  /** of the server; empty: none */
  error: string;
}

/** HistoryPageCompletedEvent says that a mailserver answered a request. */
export interface HistoryPageCompletedEvent {
  requestID: string;
  lastEnvelopeHash: string;
  /** hex without 0x */
  cursor: string;
  errorMessage: string;
}

/** HistoryPageExpiredEvent says that a mailserver did not answer a request. */
export interface HistoryPageExpiredEvent {
  /** null */
  ids: string[] | null;
  hash: string;
  message: string;
}

/** HistoryRequest asks a mailserver for a page of history. */
export interface HistoryRequest {
  /** enode of a connected mailserver, else the best one */
  mailServerPeer?: string;
  /** Unix seconds; 0: a day before to */
  from?: number;
  /** Unix seconds; 0: now */
  to?: number;
  /** envelopes of one page, 0: 1000 */
  limit?: number;
  /** hex without 0x, from the page before */
  cursor?: string;
  /** the only topic */
  topic?: Topic;
  /** the topics */
  topics?: Topic[];
  /** key of the server's password; see mailserver_fetch */
  symKeyID?: string;
  /** seconds without any sign of the server, 0: 10 */
  timeout?: number;
  /** ask for the same again at once */
  force?: boolean;
}

/** HistorySyncedEvent says that the history of all chats was fetched up to a time. */
export interface HistorySyncedEvent {
  /** Unix seconds */
  to: number;
  envelopes: number;
}

/** Installation is a device of this account. Timestamp is Unix nanoseconds. */
export interface Installation {
  identity: string;
  id: string;
  version: number;
  enabled: boolean;
  timestamp: number;
  metadata: InstallationMetadata | null;
}

/** InstallationMetadata is how the owner tells devices apart. */
export interface InstallationMetadata {
  name: string;
  deviceType: string;
  fcmToken: string;
}

/** What may be given of InstallationMetadata. */
export interface InstallationMetadataInput {
  name?: string;
  deviceType?: string;
  fcmToken?: string;
}

/** Invitation asks to be let into a group. */
export interface Invitation {
  id: string;
  chatId?: string;
  from: string;
  introductionMessage?: string;
  state?: InvitationState;
}

/** KeyForms are the forms of a public key. */
export interface KeyForms {
  /** contact id */
  publicKey: string;
  compressedKey: string;
  address: string;
  /** the three-word name, empty without word lists */
  alias: string;
  /** a picture as data URI */
  identicon: string;
}

/** ListedAccount is an account of the data directory. Members with dashes are those of status-go. */
export interface ListedAccount {
  name: string;
  /** of the last login, Unix seconds */
  timestamp: number;
  "photo-path": string;
  "keycard-pairing": string;
  "key-uid": string;
  compressedKey: string;
  loggedIn: boolean;
  /** account.json; the next login writes it anew */
  damaged?: boolean;
}

/** ListedContact is a contact. */
export interface ListedContact {
  /** contact id */
  number: string;
  name: string;
  nameGivenBy: GivenBy;
  alias: string;
  isBlocked: boolean;
  isAdded: boolean;
}

/** ListedGroup is a private group. */
export interface ListedGroup {
  id: string;
  name: string;
  isMember: boolean;
  isBlocked: boolean;
  members: GroupMember[] | null;
  /** invited, have not joined */
  pendingMembers: GroupMember[] | null;
  admins: GroupMember[] | null;
}

/** LoggedIn is the answer to a login. */
export interface LoggedIn {
  keyUid: string;
  /** contact id */
  publicKey: string;
  installationId: string;
}

/** MailserverTopic says what has been fetched of a topic. */
export interface MailserverTopic {
  /** the topic */
  topic: string;
  /** whether strangers write there */
  "discovery?": boolean;
  /** whether it was agreed with somebody */
  "negotiated?": boolean;
  /** chats whose messages come there */
  "chat-ids": string[] | null;
  /** Unix seconds until when it has been fetched */
  "last-request": number;
}

/** What may be given of MailserverTopic. */
export interface MailserverTopicInput {
  /** the topic */
  topic?: string;
  /** whether strangers write there */
  "discovery?"?: boolean;
  /** whether it was agreed with somebody */
  "negotiated?"?: boolean;
  /** chats whose messages come there */
  "chat-ids"?: string[] | null;
  /** Unix seconds until when it has been fetched */
  "last-request"?: number;
}

/** MailserversStatus is what the node knows of the mailservers that it asks. */
export interface MailserversStatus {
  /** the best one first */
  servers: AskedMailserver[] | null;
  outstanding: OutstandingRequest[] | null;
}

/** Member is a member of a private group. */
export interface Member {
  id: string;
  admin: boolean;
  joined: boolean;
}

/** MemberAddedEvent says that somebody was invited into a group. */
export interface MemberAddedEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** MemberJoinedEvent says that somebody accepted the invitation into a group. */
export interface MemberJoinedEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** MemberLeftEvent says that somebody left a group. */
export interface MemberLeftEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** MemberRemovedEvent says that somebody was removed from a group. */
export interface MemberRemovedEvent {
  chatId: string;
  /** contact id */
  member: string;
  /** contact id */
  by: string;
}

/** MembershipEvent is a signed event of a private group. */
export interface MembershipEvent {
  type: MembershipEventType;
  clockValue: number;
  members?: string[];
  name?: string;
  from?: string;
  signature?: string;
  chatId: string;
  rawPayload: string | null;
}

/** Message is a message of a chat. Times are Unix milliseconds. */
export interface Message {
  id: string;
  whisperTimestamp: number;
  from: string;
  alias: string;
  identicon: string;
  seen: boolean;
  outgoingStatus?: OutgoingStatus;
  quotedMessage: QuotedMessage | null;
  rtl: boolean;
  parsedText?: TextNode[];
  lineCount: number;
  text: string;
  /** as on the wire */
  chatId: string;
  localChatId: string;
  clock: number;
  replace: string;
  responseTo: string;
  new?: boolean;
  ensName: string;
  /** data URL */
  image?: string;
  /** data URL */
  audio?: string;
  audioDurationMs?: number;
  sticker: Sticker | null;
  commandParameters: CommandParameters | null;
  timestamp: number;
  contentType: ContentType;
  messageType: MessageType;
  mentions?: string[];
  links?: string[];
  /** EditedAt and Pinned come from later extensions, when switched on. */
  editedAt?: number;
  pinned?: boolean;
  /** DeliveredTo are the members of a private group that acknowledged it. */
  deliveredTo?: string[];
}

/** MessageDeletedEvent says that the author took a message back (later extension). */
export interface MessageDeletedEvent {
  chatId: string;
  messageId: string;
  /** contact id */
  by: string;
}

/**
 * MessageDeliveredEvent says that a recipient acknowledged a message. A message to a group is acknowledged by
 * each member; Waiting counts those still missing.
 */
export interface MessageDeliveredEvent {
  chatID: string;
  messageID: string;
  /** contact id */
  by: string;
  waiting: number;
}

/** MessageEditedEvent says that the author replaced the text of a message (later extension). */
export interface MessageEditedEvent {
  message: Message;
}

/** MessagePage is a page of messages, the newest first. */
export interface MessagePage {
  messages: Message[] | null;
  /** of the next page; empty at the end */
  cursor: string;
}

/** MessagePinnedEvent says that a message was pinned, or that that was taken back (later extension). */
export interface MessagePinnedEvent {
  chatId: string;
  messageId: string;
  /** contact id */
  by: string;
  pinned: boolean;
}

/**
 * MessagesDecryptFailEvent says that a message of somebody could not be opened. Most often it was for another
 * device, and the sender is told about this one.
 */
export interface MessagesDecryptFailEvent {
  /** contact id */
  sender: string;
}

/**
 * MessagesNewEvent says that a message came, from others or from another device of ours, or was made here: a
 * system message, a note to oneself. The new message has New set; the one it answers comes along without. The
 * chats carry neither membership events nor, beside the message, anything that did not change.
 */
export interface MessagesNewEvent {
  chats?: Chat[];
  messages?: Message[];
  contacts?: Contact[];
  installations?: Installation[];
  emojiReactions?: Reaction[];
  invitations?: Invitation[];
}

/** NewAccount is the answer of calls that make an account. */
export interface NewAccount {
  keyUid: string;
  /** the chat key as contact id */
  publicKey: string;
  compressedKey: string;
  address: string;
  /** of a new phrase */
  mnemonic?: string;
  /** by their paths */
  derived: Record<string, DerivedKey> | null;
}

/** NewToken is a token that was made. */
export interface NewToken {
  token: string;
}

/** NodeInfo describes the node itself, as go-ethereum does. */
export interface NodeInfo {
  /** the keccak hash of the public key, hex */
  id: string;
  /** name/version/system/language */
  name: string;
  enode: string;
  /** signed record */
  enr: string;
  ip: string;
  ports: NodePorts;
  listenAddr: string;
  protocols: NodeProtocols;
}

/** NodePorts are the ports of a node. */
export interface NodePorts {
  /** UDP */
  discovery: number;
  /** TCP, RLPx */
  listener: number;
}

/** NodeProtocols say more of the protocols of the node. */
export interface NodeProtocols {
  waku?: WakuProtocol;
}

/** OutgoingMessage is a message to send. */
export interface OutgoingMessage {
  chatId: string;
  text?: string;
  /** left out: text, or what is attached */
  contentType?: ContentType;
  /** id of the message that it answers */
  responseTo?: string;
  ensName?: string;
  sticker?: StickerInput;
  /** data URL */
  image?: string;
  /** data URL */
  audio?: string;
  audioDurationMs?: number;
  /** a file of the daemon's machine; over the socket only */
  imagePath?: string;
  /** as ImagePath */
  audioPath?: string;
}

/** OutstandingRequest is a request for history that waits for its answer. */
export interface OutstandingRequest {
  /** 64 hex digits */
  server: string;
  requestId: Hash;
  topics: Topic[] | null;
  /** Unix seconds */
  from: number;
  to: number;
  /** that have come so far */
  envelopes: number;
  since: Timestamp;
}

/** PeerEvent tells of a peer that came or went, as go-ethereum does. */
export interface PeerEvent {
  /** add or drop */
  type: string;
  /** its id */
  peer: string;
  error?: string;
  protocol?: string;
  local?: string;
  remote?: string;
}

/** PeerInfo describes a connected peer, as go-ethereum does. */
export interface PeerInfo {
  enr?: string;
  /** of the address that it can be dialled at, where that is known */
  enode: string;
  id: string;
  name: string;
  /** protocols that it offers */
  caps: string[] | null;
  network: PeerNetwork;
  protocols: PeerProtocols;
}

/** PeerNetwork is the connection to a peer. */
export interface PeerNetwork {
  localAddress: string;
  remoteAddress: string;
  inbound: boolean;
  trusted: boolean;
  static: boolean;
}

/** PeerProtocols say more of the protocols that run with a peer. */
export interface PeerProtocols {
  /** absent during the handshake */
  waku?: WakuPeer;
}

/** PhraseCheck tells whether a phrase is valid. */
export interface PhraseCheck {
  valid: boolean;
  /** place of the first unknown word, counted from 1 */
  word?: number;
  reason?: string;
}

/** PingQuery says what to try. */
export interface PingQuery {
  /** enodes, at most 200 */
  addresses?: string[];
  /** milliseconds; 0: 5000, at most 30000 */
  timeoutMs?: number;
}

/** PingResult is how long a TCP connection took to come about. */
export interface PingResult {
  address: string;
  /** milliseconds */
  rttMs: number | null;
  error: string | null;
}

/** PoolNode is a node in the view of one topic. */
export interface PoolNode {
  /** 64 hex digits */
  id: string;
  /** where it is dialled; empty: unknown */
  enode?: string;
  /** that found it: "kept" for one that others asked for */
  source: string;
  state: FoundState;
  /** Seconds it is connected, or will rest for. */
  seconds?: number;
  /** of its rest */
  reason?: string;
}

/** PoolStatus is the state of the search for peers. */
export interface PoolStatus {
  /** Searching is true between discovery.started and discovery.stopped. */
  searching: boolean;
  topics: PoolTopic[] | null;
}

/** PoolTopic is the state of one topic. */
export interface PoolTopic {
  topic: string;
  min: number;
  max: number;
  /** the limits are numbers of known nodes */
  cacheOnly: boolean;
  mode: SearchMode;
  /** it has what it needs */
  satisfied: boolean;
  connected: PoolNode[] | null;
  pending: PoolNode[] | null;
  known?: PoolNode[];
  sources: SourceStatus[] | null;
}

/** PostMessage is a message to send. */
export interface PostMessage {
  /** id of the key to encrypt with; or: */
  symKeyID?: string;
  /** public key to encrypt for */
  pubKey?: LooseBytes;
  /** id of the key pair to sign with */
  sig?: string;
  /** seconds, 50 if 0 */
  ttl?: number;
  /** needed with symKeyID */
  topic?: Topic;
  /** what is encrypted */
  payload?: LooseBytes;
  /** instead of a random one */
  padding?: LooseBytes;
  /** seconds that the proof of work may take */
  powTime?: number;
  /** the proof of work to reach, at least the node's minimum */
  powTarget?: number;
  /** enode of a connected peer, which alone gets the message */
  targetPeer?: string;
}

/** QuotedMessage is what a reply quotes. */
export interface QuotedMessage {
  from: string;
  text: string;
  parsedText?: TextNode[];
  image?: string;
  audio?: string;
  audioDurationMs?: number;
}

/** Reaction is an emoji on a message. */
export interface Reaction {
  id: string;
  clock?: number;
  chatId?: string;
  localChatId?: string;
  from: string;
  messageId?: string;
  messageType?: MessageType;
  retracted?: boolean;
  emojiId?: Emoji;
}

/** ReactionAddedEvent says that somebody reacted to a message. */
export interface ReactionAddedEvent {
  reaction: Reaction;
}

/** ReactionRetractedEvent says that somebody took a reaction back. */
export interface ReactionRetractedEvent {
  reaction: Reaction;
}

/** Received is a message, or a reaction, that came. */
export interface Received {
  envelope: ReceivedEnvelope;
  /** 0x key-uid */
  account: string;
  cursor: number;
}

/** ReceivedAttachment is a picture or a recording. */
export interface ReceivedAttachment {
  contentType: string;
  size: number;
  /** base64 */
  data: string;
}

/** ReceivedData is what was written. */
export interface ReceivedData {
  timestamp: number;
  messageId?: string;
  message?: string;
  groupInfo?: ReceivedGroup;
  quote?: ReceivedQuote;
  reaction?: ReceivedReaction;
  attachments?: ReceivedAttachment[];
}

/** ReceivedEnvelope says who wrote, when, and where. */
export interface ReceivedEnvelope {
  /** contact id of the author */
  source: string;
  sourceName: string;
  /** Unix milliseconds */
  timestamp: number;
  chatId: string;
  dataMessage?: ReceivedData;
  syncMessage?: ReceivedSync;
}

/** ReceivedGroup is where, if not between two people. */
export interface ReceivedGroup {
  groupId: string;
  /** always DELIVER */
  type: string;
}

/** ReceivedQuote is what a reply quotes. */
export interface ReceivedQuote {
  id: string;
  author: string;
  text: string;
}

/** ReceivedReaction is a reaction to a message. */
export interface ReceivedReaction {
  emoji: string;
  targetMessageId: string;
  isRemove: boolean;
}

/** ReceivedSent is a message that another device of ours sent. */
export interface ReceivedSent {
  /** contact id; empty: a group or a public chat */
  destination?: string;
  timestamp: number;
  messageId?: string;
  message?: string;
  groupInfo?: ReceivedGroup;
  quote?: ReceivedQuote;
  reaction?: ReceivedReaction;
  attachments?: ReceivedAttachment[];
}

/** ReceivedSync is what another device of ours did. */
export interface ReceivedSync {
  sentMessage: ReceivedSent;
}

/** RecorderCounts count what became of envelopes since the start. */
export interface RecorderCounts {
  /** that were new to the archive */
  stored: number;
  dropped: number;
  /** by the archive, and put aside */
  refused: number;
  /** lost to damage of files, at least */
  damaged: number;
  pruned: number;
  pending: number;
  spillBytes: number;
}

/** RegistrarStatus is what a node keeps for others. */
export interface RegistrarStatus {
  /** advertisements kept */
  ads: number;
  capacity: number;
  /** that they belong to */
  services: number;
  /** variant of the waiting time */
  similarity: string;
  /** answered: admitted or told to wait */
  registrations: number;
  admitted: number;
  /** of those admitted */
  renewed: number;
  /** answered, each page */
  queries: number;
  expired: number;
  /** by reason */
  refused: Record<string, number> | null;
}

/** RegistrationStatus is a topic that this node is registered under. */
export interface RegistrationStatus {
  topic: string;
  /** discv5 or rendezvous */
  by: string;
  error?: string;
}

/** RendezvousStatus is a rendezvous server. */
export interface RendezvousStatus {
  /** enode */
  server: string;
  failures: number;
  /** of the last failure */
  error?: string;
}

/** RequestGap is a time of a chat that has not been fetched. */
export interface RequestGap {
  /** of the caller's own choice */
  id: string;
  /** id of the chat */
  chatId: string;
  /** Unix seconds */
  from: number;
  /** Unix seconds */
  to: number;
}

/** What may be given of RequestGap. */
export interface RequestGapInput {
  /** of the caller's own choice */
  id?: string;
  /** id of the chat */
  chatId?: string;
  /** Unix seconds */
  from?: number;
  /** Unix seconds */
  to?: number;
}

/** RequestRange is the time of a chat that has been fetched. */
export interface RequestRange {
  /** id of the chat */
  "chat-id": string;
  /** Unix seconds, the beginning */
  "lowest-request-from": number;
  /** Unix seconds, the end */
  "highest-request-to": number;
}

/** What may be given of RequestRange. */
export interface RequestRangeInput {
  /** id of the chat */
  "chat-id"?: string;
  /** Unix seconds, the beginning */
  "lowest-request-from"?: number;
  /** Unix seconds, the end */
  "highest-request-to"?: number;
}

/** Resolved is the one thing that a name means. */
export interface Resolved {
  kind: NameKind;
  /** of the chat; that with a person has the contact id */
  id: string;
  /** Chat: there is such a chat, and it is not closed. */
  chat: boolean;
  /** a text that means this and nothing else */
  exact: string;
}

/** RetryConfig says when to try again: attempt k waits BaseTimeout and k times StepTimeout. */
export interface RetryConfig {
  /** nanoseconds */
  BaseTimeout?: number;
  /** nanoseconds */
  StepTimeout?: number;
  /** attempts after the first, at most 100 */
  MaxRetries?: number;
}

/** SavedMailserver is a mailserver that a user chose. */
export interface SavedMailserver {
  /** of the caller's own choice */
  id: string;
  /** for people */
  name: string;
  /** enode */
  address: string;
  /** left out: the well-known one */
  password?: string;
  /** name of the fleet it belongs to */
  fleet: string;
}

/** What may be given of SavedMailserver. */
export interface SavedMailserverInput {
  /** of the caller's own choice */
  id?: string;
  /** for people */
  name?: string;
  /** enode */
  address?: string;
  /** left out: the well-known one */
  password?: string;
  /** name of the fleet it belongs to */
  fleet?: string;
}

/**
 * Sent is what became of what was sent with status_send: the message, or with several recipients the first one,
 * and Status is that of the message that is least far.
 */
export interface Sent {
  messageId: string;
  chatId: string;
  clock: number;
  status: SendState;
  /** Messages has the message of each recipient, in their order; absent with one recipient. */
  messages?: SentMessage[];
}

/** SentMessage is what became of a message that was sent with status_send. */
export interface SentMessage {
  messageId: string;
  chatId: string;
  clock: number;
  status: SendState;
}

/** SignIn is what is needed to log in in the form of status-go. */
export interface SignIn {
  /** of any key of the account */
  address: string;
  /** password of the account */
  password: string;
}

/** SignUp is what is needed to make an account in the form of status-go. */
export interface SignUp {
  /** to protect the account with */
  password: string;
}

/** SignalsQuery says what is wanted of what comes. */
export interface SignalsQuery {
  /** types of events that are wanted (all) */
  types?: EventType[];
  /** ids of chats, and #name, whose events are wanted (all) */
  chats?: string[];
  /** cursor after which to begin (the end of the log) */
  since?: number;
  /** name to go on as, after what it acknowledged */
  consumer?: string;
}

/** SignedIn is the answer to a login in the form of status-go. */
export interface SignedIn {
  address_key_id: string;
}

/** SignedUp is an account that was made in the form of status-go. */
export interface SignedUp {
  address: string;
  pubkey: string;
  wallet_address: string;
  wallet_pubkey: string;
  chat_address: string;
  chat_pubkey: string;
  mnemonic: string;
}

/** SourceStatus is a source of nodes. */
export interface SourceStatus {
  source: string;
  state: SourceState;
  error?: string;
}

/** Sticker names a sticker. */
export interface Sticker {
  hash: string;
  pack: number;
}

/** What may be given of Sticker. */
export interface StickerInput {
  hash?: string;
  pack?: number;
}

/**
 * TextNode is a part of a text as status-go shows it. Which members it has depends on its type; what a text of
 * that type does not have is nil.
 */
export interface TextNode {
  type?: TextType;
  /**
   * Children are those of paragraphs and links, of a block of code with a caption, and of the caption: at most
   * four levels in all. Null where there are none, always in block quotes and headings.
   */
  children?: TextNode[] | null;
  /** Literal is the text without its marks. Only paragraphs have none. */
  literal?: string;
  /** Title and Destination are of links; the title is always empty. */
  title?: string;
  destination?: string;
  /** Level is 1 or 2, and IsTitleBlock false, in headings. */
  level?: number;
  isTitleBlock?: boolean;
}

/** TokenInfo is a token in a list. */
export interface TokenInfo {
  name: string;
  scopes: Scope[] | null;
  /** 0x key-uid of the only account it is for */
  account?: string;
  created: Timestamp;
  expires?: Timestamp;
}

/** TopicBucket is one bucket of distance from a topic. */
export interface TopicBucket {
  distance: number;
  registrars: number;
  verified: number;
  active: number;
  pending: number;
}

/** TopicDiscoveryStatus is the state of topic discovery. */
export interface TopicDiscoveryStatus {
  /** absent: keeps no advertisements */
  registrar?: RegistrarStatus;
  /** searched or advertised lately, by name */
  topics: TopicView[] | null;
  /** begun */
  searches: number;
  /** registrars asked by searches */
  queries: number;
  /** of these, without a valid answer */
  failures: number;
  /** advertisers, those of each search counted anew */
  found: number;
  /** requests to register at others */
  sent: number;
}

/** TopicLimits are how many peers of a topic are wanted. */
export interface TopicLimits {
  topic: string;
  min: number;
  max: number;
}

/** TopicLists are the topics that are searched for, and those that this node is registered under. */
export interface TopicLists {
  required: TopicLimits[] | null;
  registered: string[] | null;
}

/** TopicView is the view of the network from one topic. */
export interface TopicView {
  topic: string;
  /** known */
  registrars: number;
  /** of these, answered */
  verified: number;
  advertising: boolean;
  /** registrations */
  active: number;
  /** registrations that wait for their first admission */
  pending: number;
  /** those with registrars, farthest first */
  buckets: TopicBucket[] | null;
  /** requests to register */
  sent: number;
  /** registrations */
  givenUp: number;
}

/** VersionInfo is what status_version and /version tell. */
export interface VersionInfo {
  version: string;
  commit: string;
  go: string;
  /** for instance "waku/1" */
  protocols: string[] | null;
}

/** WakuMessage is a message that a filter matched. */
export interface WakuMessage {
  /** public key of the signer */
  sig?: string;
  /** seconds */
  ttl: number;
  /** Unix seconds, of the sending */
  timestamp: number;
  topic: Topic;
  payload: string;
  padding: string;
  pow: number;
  hash: string;
  recipientPublicKey?: string;
  /** Bool is the name status-go gives the peer-to-peer flag. */
  bool?: boolean;
  p2p?: boolean;
}

/** WakuPeer counts what was exchanged with a peer. */
export interface WakuPeer {
  version: number;
  envelopesIn: number;
  envelopesOut: number;
  bytesIn: number;
  bytesOut: number;
  rejected: number;
  rateLimitExceeded: number;
  pow: number;
  /** share of bits set, 0 to 1 */
  bloomFill: number;
  /** -1: no topic interest announced */
  topics: number;
  light: boolean;
  confirmations: boolean;
  trusted: boolean;
  lastSeen: Timestamp;
}

/** WakuProtocol is what the node announces about Waku. */
export interface WakuProtocol {
  version: string;
  /** bytes */
  maxMessageSize: number;
  minimumPoW: number;
}

/** WakuState is what the node says of Waku. The last three members have the names of 9/WAKU-RPC. */
export interface WakuState {
  /** that wait in the caller's polling filters */
  messages: number;
  minPow: number;
  /** bytes of an envelope */
  maxMessageSize: number;
  /** bytes of the envelopes in the pool */
  memory: number;
  /** in the pool */
  envelopes: number;
  maxEnvelopeSize: number;
}

/**
 * WalletAccount is an account of a wallet as frontends of status-go keep them. It means nothing to the daemon,
 * which has no wallet.
 */
export interface WalletAccount {
  /** 0x and 40 hex digits */
  address: string;
  /** it is the first of the wallet */
  wallet: boolean;
  /** it is that of the chat key */
  chat: boolean;
  type?: string;
  storage?: string;
  path?: string;
  "public-key"?: string;
  name: string;
  color: string;
}

/** What may be given of WalletAccount. */
export interface WalletAccountInput {
  /** 0x and 40 hex digits */
  address?: string;
  /** it is the first of the wallet */
  wallet?: boolean;
  /** it is that of the chat key */
  chat?: boolean;
  type?: string;
  storage?: string;
  path?: string;
  "public-key"?: string;
  name?: string;
  color?: string;
}

/** WrittenBackup is a backup that was written. */
export interface WrittenBackup {
  keyUid: string;
  path: string;
  bytes: number;
}

/** An event of the log of an account: its type says what it tells. */
export interface Logged<Type extends EventType, Told> {
  /** Its place in the log. */
  cursor: number;
  /** 0x key-uid. */
  account: string;
  /** Unix milliseconds. */
  time: number;
  type: Type;
  event: Told;
}

/** Whatever is in the log of an account. */
export type LogEvent =
  /**
   * something came: a message, a reaction, a changed contact, a request for an invitation, a device, a chat
   * joined on another device; own messages from other devices and notes to oneself, too
   */
  | Logged<"messages.new", MessagesNewEvent>
  /** an envelope with these payloads reached a peer: their messages are sent */
  | Logged<"envelope.sent", EnvelopeSentEvent>
  /** these payloads were given up: their messages are not sent */
  | Logged<"envelope.expired", EnvelopeExpiredEvent>
  /** a recipient acknowledged; in groups once for each member */
  | Logged<"message.delivered", MessageDeliveredEvent>
  /** a message of that person could not be opened */
  | Logged<"messages.decrypt.failed", MessagesDecryptFailEvent>
  /** a device of somebody became known */
  | Logged<"bundles.added", BundlesAddedEvent>
  /** the account listens to a topic agreed with somebody */
  | Logged<"whisper.filter.added", FilterAddedEvent>
  /** a mailserver answered */
  | Logged<"mailserver.request.completed", HistoryPageCompletedEvent>
  /** a mailserver did not answer */
  | Logged<"mailserver.request.expired", HistoryPageExpiredEvent>
  /** the history of all chats was fetched */
  | Logged<"history.synced", HistorySyncedEvent>
  /** somebody reacted to a message */
  | Logged<"reaction.added", ReactionAddedEvent>
  /** somebody took a reaction back */
  | Logged<"reaction.retracted", ReactionRetractedEvent>
  /** somebody added us for the first time */
  | Logged<"contact.requested", ContactRequestedEvent>
  /** a contact has a new name or picture, or was added or changed on another device */
  | Logged<"contact.updated", ContactUpdatedEvent>
  /** a group became known: made here, or we were invited */
  | Logged<"group.created", GroupCreatedEvent>
  /** a group has a new name */
  | Logged<"group.renamed", GroupRenamedEvent>
  /** somebody was invited into a group */
  | Logged<"group.member.added", MemberAddedEvent>
  /** somebody accepted the invitation into a group */
  | Logged<"group.member.joined", MemberJoinedEvent>
  /** somebody left a group */
  | Logged<"group.member.left", MemberLeftEvent>
  /** somebody was removed from a group */
  | Logged<"group.member.removed", MemberRemovedEvent>
  /** a member became an admin */
  | Logged<"group.admin.added", AdminAddedEvent>
  /** somebody gave up being an admin */
  | Logged<"group.admin.removed", AdminRemovedEvent>
  /** somebody asks to be let into a group, or our request was granted or refused */
  | Logged<"group.invitation", GroupInvitationEvent>
  /** another device of the account became known, or told its name */
  | Logged<"device.found", DeviceFoundEvent>
  /** a device was enabled here */
  | Logged<"device.paired", DevicePairedEvent>
  /** a device was disabled here */
  | Logged<"device.unpaired", DeviceUnpairedEvent>
  /** its author changed the text of a message (with LaterExtensions) */
  | Logged<"message.edited", MessageEditedEvent>
  /** its author took a message back (with LaterExtensions) */
  | Logged<"message.deleted", MessageDeletedEvent>
  /** a message was pinned, or no longer is (with LaterExtensions) */
  | Logged<"message.pinned", MessagePinnedEvent>
  /** the account was logged in */
  | Logged<"account.login", AccountLoginEvent>
  /** the last event before the account is logged out */
  | Logged<"account.logout", AccountLogoutEvent>;
