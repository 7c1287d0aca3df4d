// Generated from the contract (package api) by internal/clientgen. Do not edit.
//
// One function for each method of the contract.

import { ACCOUNT, SAFE, SECRET, type Call, type CallOptions } from "./call.js";
import type { Subscription } from "./subscription.js";
import type * as t from "./types.js";

/** The methods of the daemon. */
export abstract class Methods {
  protected abstract _call<T>(call: Call, params: object, options?: CallOptions): Promise<T>;
  protected abstract _subscribe<T>(call: Call, params: object): Subscription<T>;

  /**
   * Writes the account that is logged in, with its database, into one encrypted file in the folder backups of
   * the data directory. statusd restore reads it.
   * Returns: where the file is.
   * account_backup; scope account; since 0.1.0.
   */
  accountBackup(
    args: {
      /** to protect the file with; it need not be that of the account */
      password: string;
      /** true: with keys and phrase. Without, restoring needs one of them */
      withKeys?: boolean | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.WrittenBackup> {
    const call = { method: "account_backup", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Puts an account under another password, whether it is logged in or not. After a crash either the old or the
   * new one is in force.
   * account_changePassword; scope account; since 0.1.0.
   */
  accountChangePassword(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
      /** the password until now */
      oldPassword: string;
      /** the password from now on */
      newPassword: string;
      /** true: take an empty password, which protects nothing */
      noPassword?: boolean | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "account_changePassword", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Reads the whole database of the account that is logged in. Its messages wait meanwhile.
   * account_checkDatabase; scope admin; since 0.1.0.
   */
  accountCheckDatabase(
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "account_checkDatabase", flags: 0, timeout: 600 };
    return this._call(call, {}, options);
  }

  /**
   * Removes the phrase of the account that is logged in: its owner has written it down. It cannot be exported
   * any more.
   * account_confirmBackup; scope account; since 0.1.0.
   */
  accountConfirmBackup(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "account_confirmBackup", flags: 0, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Makes an account from a new phrase. The phrase is kept, encrypted, until account_confirmBackup: let its
   * owner write it down.
   * Returns: the account: its chat key, the phrase, and the keys that have a key file, by their paths.
   * account_create; scope account; since 0.1.0.
   */
  accountCreate(
    args: {
      /** password of the account */
      password: string;
      /** to tell accounts apart, at most 256 bytes */
      name?: string | null | undefined;
      /** of the phrase: 12 (the default), 15, 18, 21 or 24 */
      words?: number | null | undefined;
      /** of BIP39, part of the seed; ordinary accounts have none */
      passphrase?: string | null | undefined;
      /** true: take an empty password, which protects nothing */
      noPassword?: boolean | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.NewAccount> {
    const call = { method: "account_create", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Deletes an account with its keys and its database, for good. It must not be logged in.
   * account_delete; scope account; since 0.1.0.
   */
  accountDelete(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
      /** the key-uid of the account again */
      confirm: string;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "account_delete", flags: 0, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Gives out the keys of an account: its key files, which stay encrypted under its password, or its phrase, if
   * that is still kept.
   * Returns: files or mnemonic.
   * account_export; scope account; since 0.1.0.
   */
  accountExport(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
      /** password of the account */
      password: string;
      /** of the keys */
      format: t.ExportFormat;
    },
    options?: CallOptions,
  ): Promise<t.Exported> {
    const call = { method: "account_export", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Makes an account whose chat key is a given private key. Nothing is derived from it.
   * Returns: as of account_create, without the phrase.
   * account_importKey; scope account; since 0.1.0.
   */
  accountImportKey(
    args: {
      /** 64 hex digits, with 0x or without */
      privateKey: string;
      /** to protect the account with */
      password: string;
      /** to tell accounts apart, at most 256 bytes */
      name?: string | null | undefined;
      /** true: take an empty password, which protects nothing */
      noPassword?: boolean | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.NewAccount> {
    const call = { method: "account_importKey", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Makes an account from a key file of this program, of geth or of a Status app.
   * Returns: as of account_create, without the phrase.
   * account_importKeystore; scope account; since 0.1.0.
   */
  accountImportKeystore(
    args: {
      /** the content of the file, as an object or as a string */
      json: unknown;
      /** the file's password as its owner types it */
      filePassword: string;
      /** to protect the account with */
      password: string;
      /** to tell accounts apart, at most 256 bytes */
      name?: string | null | undefined;
      /** true: take an empty password, which protects nothing */
      noPassword?: boolean | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.NewAccount> {
    const call = { method: "account_importKeystore", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Makes an account from a phrase. Case, white space, invisible characters and accents do not matter. With
   * allowInvalidChecksum the text is taken exactly as it is, without any check, as status-go's import did;
   * legacyChatKey is for accounts older than multi-account.
   * Returns: as of account_create, without the phrase.
   * account_importMnemonic; scope account; since 0.1.0.
   */
  accountImportMnemonic(
    args: {
      /** the phrase, in any of the official languages */
      mnemonic: string;
      /** to protect the account with */
      password: string;
      /** of BIP39; ordinary accounts have none */
      passphrase?: string | null | undefined;
      /** to tell accounts apart, at most 256 bytes */
      name?: string | null | undefined;
      /** true: take the text as it is, unchecked */
      allowInvalidChecksum?: boolean | null | undefined;
      /** true: the chat key is the first wallet key */
      legacyChatKey?: boolean | null | undefined;
      /** true: take an empty password, which protects nothing */
      noPassword?: boolean | null | undefined;
      /** of the phrase, if it is valid in several */
      language?: t.PhraseLanguage | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.NewAccount> {
    const call = { method: "account_importMnemonic", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Lists the accounts, last login first.
   * Returns: fields with dashes are those of status-go; timestamp is that of the last login, in seconds; damaged
   * means that account.json cannot be read, which the next login mends.
   * account_list; scope read; since 0.1.0.
   */
  accountList(
    options?: CallOptions,
  ): Promise<t.ListedAccount[]> {
    const call = { method: "account_list", flags: SAFE, timeout: 180 };
    return this._call(call, {}, options);
  }

  /**
   * Opens an account. If it is open already, its password is checked and nothing else happens.
   * Returns: whose account it is, and the id of this copy of it.
   * account_login; scope account; since 0.1.0.
   */
  accountLogin(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
      /** password of the account */
      password: string;
    },
    options?: CallOptions,
  ): Promise<t.LoggedIn> {
    const call = { method: "account_login", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Closes the account that is logged in.
   * account_logout; scope account; since 0.1.0.
   */
  accountLogout(
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "account_logout", flags: 0, timeout: 180 };
    return this._call(call, {}, options);
  }

  /**
   * Rewrites the database of the account that is logged in without the space of what was deleted. It needs twice
   * the space for a moment.
   * Returns: the size that it has now.
   * account_vacuumDatabase; scope admin; since 0.1.0.
   */
  accountVacuumDatabase(
    options?: CallOptions,
  ): Promise<t.DatabaseSize> {
    const call = { method: "account_vacuumDatabase", flags: 0, timeout: 600 };
    return this._call(call, {}, options);
  }

  /**
   * Tells whether a password is that of an account.
   * Returns: whether it is.
   * account_verifyPassword; scope account; since 0.1.0.
   */
  accountVerifyPassword(
    args: {
      /** key-uid or name of the account */
      keyUid: string;
      /** password of the account */
      password: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "account_verifyPassword", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Forgets an account of a wallet that a frontend kept. Accounts of the daemon: account_delete.
   * accounts_deleteAccount; scope account; since 0.1.0.
   */
  accountsDeleteAccount(
    args: {
      /** 0x and 40 hex digits */
      address: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "accounts_deleteAccount", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the accounts of a wallet that frontends keep with the account; that of the chat key is always among
   * them.
   * accounts_getAccounts; scope read; since 0.1.0.
   */
  accountsGetAccounts(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.WalletAccount[]> {
    const call = { method: "accounts_getAccounts", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Keeps accounts of a wallet with the account, for frontends: at most 1000, 1 MiB together. No keys are made
   * or kept.
   * accounts_saveAccounts; scope account; since 0.1.0.
   */
  accountsSaveAccounts(
    args: {
      /** to add, or to put in the place of older ones */
      accounts: t.WalletAccountInput[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "accounts_saveAccounts", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Connects to a node, and again whenever the connection is lost, until the daemon stops.
   * Returns: true: the node was noted.
   * admin_addPeer; scope admin; since 0.1.0.
   */
  adminAddPeer(
    args: {
      /** URL (enode://…) or record (enr:…) of the node */
      enode: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_addPeer", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lets a node connect also when there is no free slot.
   * Returns: true.
   * admin_addTrustedPeer; scope admin; since 0.1.0.
   */
  adminAddTrustedPeer(
    args: {
      /** URL (enode://…) or record (enr:…) of the node */
      enode: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_addTrustedPeer", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells the data directory.
   * Returns: absolute path.
   * admin_datadir; scope read; since 0.1.0.
   */
  adminDatadir(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "admin_datadir", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Describes this node: id, addresses and protocols.
   * Returns: as go-ethereum's.
   * admin_nodeInfo; scope read; since 0.1.0.
   */
  adminNodeInfo(
    options?: CallOptions,
  ): Promise<t.NodeInfo> {
    const call = { method: "admin_nodeInfo", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Describes the connected peers, with their Waku statistics.
   * Returns: as go-ethereum's, protocols.waku is ours.
   * admin_peers; scope read; since 0.1.0.
   */
  adminPeers(
    options?: CallOptions,
  ): Promise<t.PeerInfo[]> {
    const call = { method: "admin_peers", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Disconnects from a node and no longer tries to connect to it.
   * Returns: true.
   * admin_removePeer; scope admin; since 0.1.0.
   */
  adminRemovePeer(
    args: {
      /** URL (enode://…) or record (enr:…) of the node */
      enode: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_removePeer", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Takes that privilege away; the connection stays.
   * Returns: true.
   * admin_removeTrustedPeer; scope admin; since 0.1.0.
   */
  adminRemoveTrustedPeer(
    args: {
      /** URL (enode://…) or record (enr:…) of the node */
      enode: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_removeTrustedPeer", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Changes what is logged, until the daemon stops. A single positional parameter is the level.
   * Returns: true.
   * admin_setLogLevel; scope admin; since 0.1.0.
   */
  adminSetLogLevel(
    args: {
      /** for instance waku or rpc; left out or null: all */
      module?: string | null | undefined;
      /** error, warn, info, debug or trace */
      level?: t.LogLevel | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_setLogLevel", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Stops the daemon in good order.
   * Returns: true.
   * admin_shutdown; scope admin; since 0.1.0.
   */
  adminShutdown(
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_shutdown", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Pushes what happens to peers over this connection (WebSocket and unix socket).
   * Returns: id of the subscription; notifications admin_subscription have go-ethereum's peer events as result,
   * types add and drop.
   * admin_subscribe; scope read; since 0.1.0.
   */
  adminSubscribe(
  ): Subscription<t.PeerEvent> {
    const call = { method: "admin_subscribe", flags: 0, timeout: 30 };
    return this._subscribe(call, { name: "peerEvents", ...{} });
  }

  /**
   * Makes a token for HTTP and WebSocket. It is shown this once; the daemon keeps its hash alone.
   * Returns: the token.
   * admin_tokenAdd; scope admin; since 0.1.0.
   */
  adminTokenAdd(
    args: {
      /** to tell tokens apart */
      name: string;
      /** what it allows */
      scopes: t.Scope[];
      /** key-uid of the only account it is for; left out: any */
      account?: string | null | undefined;
      /** left out: never */
      expiresInSeconds?: number | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.NewToken> {
    const call = { method: "admin_tokenAdd", flags: SECRET, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the tokens that were made, without the one in the data directory.
   * Returns: expires is left out for a token that does not expire.
   * admin_tokenList; scope admin; since 0.1.0.
   */
  adminTokenList(
    options?: CallOptions,
  ): Promise<t.TokenInfo[]> {
    const call = { method: "admin_tokenList", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Ends a token at once, with the connections that it opened.
   * admin_tokenRevoke; scope admin; since 0.1.0.
   */
  adminTokenRevoke(
    args: {
      /** of the token */
      name: string;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "admin_tokenRevoke", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Ends a subscription of this connection.
   * Returns: true.
   * admin_unsubscribe; scope read; since 0.1.0.
   */
  adminUnsubscribe(
    args: {
      /** id of the subscription */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "admin_unsubscribe", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Describes the sources of nodes, the registrations of this node and its UDP endpoint.
   * Returns: see the example; degraded: a source fails and the others carry on. packetsIn and packetsOut count
   * since the start.
   * discovery_status; scope read; since 0.1.0.
   */
  discoveryStatus(
    options?: CallOptions,
  ): Promise<t.DiscoveryReport> {
    const call = { method: "discovery_status", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Pushes what discovery does over this connection (WebSocket and unix socket).
   * Returns: id of the subscription; notifications discovery_subscription have {type, event} as result:
   * discovery.started and discovery.stopped with event null, discovery.summary with the list of connected peers,
   * enode.discovered with {enode, topic}, enode being the node id.
   * discovery_subscribe; scope read; since 0.1.0.
   */
  discoverySubscribe(
  ): Subscription<t.DiscoverySignal> {
    const call = { method: "discovery_subscribe", flags: 0, timeout: 30 };
    return this._subscribe(call, { name: "signals", ...{} });
  }

  /**
   * Ends a subscription of this connection.
   * Returns: true.
   * discovery_unsubscribe; scope read; since 0.1.0.
   */
  discoveryUnsubscribe(
    args: {
      /** id of the subscription */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "discovery_unsubscribe", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Writes a public key, compressed, in a multibase form.
   * Returns: text.
   * key_convert; scope read; since 0.1.0.
   */
  keyConvert(
    args: {
      /** a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form */
      key: string;
      /** name or prefix character of the base, for instance base58btc or z */
      base: string;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "key_convert", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Shows the forms of a public key.
   * Returns: alias is the three-word name, empty without word lists; identicon is a picture as data URI.
   * key_inspect; scope read; since 0.1.0.
   */
  keyInspect(
    args: {
      /** a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form */
      key: string;
    },
    options?: CallOptions,
  ): Promise<t.KeyForms> {
    const call = { method: "key_inspect", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Checks the words and the checksum of a phrase.
   * Returns: whether it is valid; word is the place of the first unknown one, counted from 1.
   * key_validateMnemonic; scope account; since 0.1.0.
   */
  keyValidateMnemonic(
    args: {
      /** the phrase, in any of the official languages */
      mnemonic: string;
    },
    options?: CallOptions,
  ): Promise<t.PhraseCheck> {
    const call = { method: "key_validateMnemonic", flags: SECRET, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the contacts in the form of signal-cli.
   * Returns: number is the contact id, name the nickname or, as ~name (key), what the person calls itself;
   * nameGivenBy says which: you, them, or key where there is only the alias.
   * listContacts; scope read; since 0.1.0.
   */
  listContacts(
    args: {
      /** id of the only contact wanted */
      recipient?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.ListedContact[]> {
    const call = { method: "listContacts", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the private groups in the form of signal-cli.
   * Returns: number of a member is the contact id.
   * listGroups; scope read; since 0.1.0.
   */
  listGroups(
    args: {
      /** id of the only group wanted */
      groupId?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.ListedGroup[]> {
    const call = { method: "listGroups", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Asks another mailserver for one page of everything between two times and archives it, for a mailserver that
   * was away. Answers when the page is durable. Newest first.
   * Returns: server: enode of the one that answered; envelopes that came; archived: of those, handed to the
   * archive, which leaves out what it has; skipped: of those, too large or with too little proof of work;
   * cursor: hex without 0x, where the next page starts at the same server; done: nothing is left.
   * mailserver_backfill; scope admin; since 0.1.0.
   */
  mailserverBackfill(
    args: {
      /** what is asked for */
      request: t.BackfillRequest;
    },
    options?: CallOptions,
  ): Promise<t.BackfilledPage> {
    const call = { method: "mailserver_backfill", flags: 0, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Fetches one page of history: connects if need be, tries each server twice, and answers when all of the page
   * has gone through the filters. Newest first. Envelopes reach filters with allowP2P. Another server may count
   * cursors otherwise. Without symKeyID and a password in the enode, the well-known password is used.
   * Returns: server: enode of the one that answered; envelopes: of the wanted topics; cursor: hex without 0x,
   * where the next page starts; done: nothing is left.
   * mailserver_fetch; scope send; since 0.1.0.
   */
  mailserverFetch(
    args: {
      /** what is asked for */
      request: t.FetchRequest;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.FetchedPage> {
    const call = { method: "mailserver_fetch", flags: ACCOUNT, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Describes the mailserver that this node is: what it has archived, and whether it still does.
   * Returns: health.reason says what keeps it from archiving. recorder counts since the start. archive: oldest
   * and newest are Unix seconds, diskBytes is -1 when not known; null while the archive cannot be read.
   * mailserver_stats; scope read; since 0.1.0.
   */
  mailserverStats(
    options?: CallOptions,
  ): Promise<t.ArchiveReport> {
    const call = { method: "mailserver_stats", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Lists the mailservers that this node asks, the best one first, and the requests that wait for an answer.
   * Returns: servers: givenUp counts pages in a row, streak tries in a row without an answer; unwanted are
   * envelopes of topics not asked for, refused those outside the request. outstanding: since when, and how many
   * envelopes have come.
   * mailserver_status; scope read; since 0.1.0.
   */
  mailserverStatus(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.MailserversStatus> {
    const call = { method: "mailserver_status", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Remembers the time of a chat that has been fetched.
   * mailservers_addChatRequestRange; scope send; since 0.1.0.
   */
  mailserversAddChatRequestRange(
    args: {
      /** what to remember */
      range: t.RequestRangeInput;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_addChatRequestRange", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Remembers a mailserver, over one with the same id. wakuext_updateMailservers puts servers to use.
   * mailservers_addMailserver; scope admin; since 0.1.0.
   */
  mailserversAddMailserver(
    args: {
      /** what to remember */
      mailserver: t.SavedMailserverInput;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_addMailserver", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Remembers times of chats that have not been fetched, over those with the same id, all or none.
   * mailservers_addMailserverRequestGaps; scope send; since 0.1.0.
   */
  mailserversAddMailserverRequestGaps(
    args: {
      /** what to remember */
      gaps: t.RequestGapInput[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_addMailserverRequestGaps", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Remembers until when a topic has been fetched, over what was remembered of it.
   * mailservers_addMailserverTopic; scope send; since 0.1.0.
   */
  mailserversAddMailserverTopic(
    args: {
      /** what to remember */
      topic: t.MailserverTopicInput;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_addMailserverTopic", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets the fetched time of a chat.
   * mailservers_deleteChatRequestRange; scope send; since 0.1.0.
   */
  mailserversDeleteChatRequestRange(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_deleteChatRequestRange", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets a mailserver.
   * mailservers_deleteMailserver; scope admin; since 0.1.0.
   */
  mailserversDeleteMailserver(
    args: {
      /** id of the mailserver */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_deleteMailserver", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets gaps.
   * mailservers_deleteMailserverRequestGaps; scope send; since 0.1.0.
   */
  mailserversDeleteMailserverRequestGaps(
    args: {
      /** ids of the gaps */
      ids: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_deleteMailserverRequestGaps", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets all gaps of a chat.
   * mailservers_deleteMailserverRequestGapsByChatID; scope send; since 0.1.0.
   */
  mailserversDeleteMailserverRequestGapsByChatID(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_deleteMailserverRequestGapsByChatID", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets a topic.
   * mailservers_deleteMailserverTopic; scope send; since 0.1.0.
   */
  mailserversDeleteMailserverTopic(
    args: {
      /** the topic */
      topic: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "mailservers_deleteMailserverTopic", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the fetched times of all chats.
   * Returns: the ranges.
   * mailservers_getChatRequestRanges; scope read; since 0.1.0.
   */
  mailserversGetChatRequestRanges(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.RequestRange[]> {
    const call = { method: "mailservers_getChatRequestRanges", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the gaps of a chat.
   * Returns: the gaps.
   * mailservers_getMailserverRequestGaps; scope read; since 0.1.0.
   */
  mailserversGetMailserverRequestGaps(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.RequestGap[]> {
    const call = { method: "mailservers_getMailserverRequestGaps", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists what is remembered of topics.
   * Returns: the topics.
   * mailservers_getMailserverTopics; scope read; since 0.1.0.
   */
  mailserversGetMailserverTopics(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.MailserverTopic[]> {
    const call = { method: "mailservers_getMailserverTopics", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the remembered mailservers, with their passwords.
   * Returns: the mailservers.
   * mailservers_getMailservers; scope admin; since 0.1.0.
   */
  mailserversGetMailservers(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.SavedMailserver[]> {
    const call = { method: "mailservers_getMailservers", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Measures how long a TCP connection to each address takes, all at once.
   * Returns: in the order asked: address, and rttMs in milliseconds or error.
   * mailservers_ping; scope send; since 0.1.0.
   */
  mailserversPing(
    args: {
      /** what to try */
      query: t.PingQuery;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.PingResult[]> {
    const call = { method: "mailservers_ping", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells whether the peer-to-peer port accepts connections.
   * Returns: whether it does.
   * net_listening; scope read; since 0.1.0.
   */
  netListening(
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "net_listening", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Counts the connected peers.
   * Returns: number in hex.
   * net_peerCount; scope read; since 0.1.0.
   */
  netPeerCount(
    options?: CallOptions,
  ): Promise<t.Quantity> {
    const call = { method: "net_peerCount", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Tells the configured network id.
   * Returns: decimal number.
   * net_version; scope read; since 0.1.0.
   */
  netVersion(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "net_version", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Sets how many peers of a topic to look for, and looks for them now.
   * peer_discover; scope admin; since 0.1.0.
   */
  peerDiscover(
    args: {
      /** what to look for */
      request: t.DiscoverRequest;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "peer_discover", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets the peers of earlier runs that the node is not connected to.
   * Returns: number of peers that were forgotten.
   * peer_prune; scope admin; since 0.1.0.
   */
  peerPrune(
    options?: CallOptions,
  ): Promise<number> {
    const call = { method: "peer_prune", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Tells for each topic the limits, who is connected, known or waiting, and which sources search.
   * Returns: see the example; mode is fast, slow or off, the state of a source off, waiting, running or done.
   * peer_status; scope read; since 0.1.0.
   */
  peerStatus(
    options?: CallOptions,
  ): Promise<t.PoolStatus> {
    const call = { method: "peer_status", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Lists the topics that are searched for, and those that this node is registered under.
   * Returns: see the example.
   * peer_topics; scope read; since 0.1.0.
   */
  peerTopics(
    options?: CallOptions,
  ): Promise<t.TopicLists> {
    const call = { method: "peer_topics", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Reads messages that came, from a cursor on, and waits for the next if there is none. A consumer goes on
   * after what it acknowledged with status_ackEvents.
   * Returns: as of status_getEvents, with events of the type messages.new.
   * receive; scope read; since 0.1.0.
   */
  receive(
    args: {
      /** cursor after which to begin: 0 is the beginning of the log, -1 its end */
      since?: number | null | undefined;
      /** time to wait for a message, at most 60; 0 if left out */
      timeoutSeconds?: number | null | undefined;
      /** most events; 200 if left out, at most 1000 */
      maxMessages?: number | null | undefined;
      /** id of the only chat that is wanted */
      chat?: string | null | undefined;
      /** name to go on as; needs the scope events */
      consumer?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.EventPage> {
    const call = { method: "receive", flags: ACCOUNT | SAFE, timeout: 90 };
    return this._call(call, args, options);
  }

  /**
   * Describes every method on offer on this connection as an OpenRPC document.
   * Returns: an OpenRPC 1.3 document, whose version is that of the contract. Types and errors have names, under
   * components. Of each method x-scope is the scope a token needs, x-since the release it appeared in,
   * x-notification what a subscription pushes, x-setup (in an example) calls to make first: what they answer, or
   * the part of it at the JSON pointer "at", is bound to a name and replaces {{name}}. x-errors are what every
   * method may answer with, x-events the types of events.
   * rpc.discover; scope read; since 0.1.0.
   */
  rpcDiscover(
    options?: CallOptions,
  ): Promise<unknown> {
    const call = { method: "rpc.discover", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Lists the namespaces on offer on this connection, with their version.
   * Returns: namespace → version.
   * rpc_modules; scope read; since 0.1.0.
   */
  rpcModules(
    options?: CallOptions,
  ): Promise<Record<string, string>> {
    const call = { method: "rpc_modules", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Sends a message to a person, a public chat or a group, or to several of them. Chats are made if they are not
   * there.
   * Returns: status is queued, sent, delivered or failed, as far as it is known when the time is up. A message
   * that is queued is on disk and is sent as soon as there is a peer. With several recipients messages has the
   * message of each, in their order, and status is that of the one that is least far.
   * send; scope send; since 0.1.0.
   */
  send(
    args: {
      /**
       * a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or @nickname; what could mean
       * several things is refused: group:tea, public:tea and person:@ana say which is meant. A list of at most
       * 100 sends to each: all are checked first, and if one is refused, nothing is sent
       */
      recipient: string | string[];
      /** text; may be left out with an attachment */
      message?: string | null | undefined;
      /** image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the unix socket, as path */
      attachment?: string | null | undefined;
      /** id of the message that is answered */
      replyTo?: string | null | undefined;
      /**
       * state to wait for: none (if left out), sent, or delivered; in public chats nobody acknowledges, so that
       * sent is the end
       */
      wait?: t.SendWait | null | undefined;
      /** most seconds to wait, 30 if left out */
      timeoutSeconds?: number | null | undefined;
      /**
       * a name for this request, at most 64 bytes: repeated within 7 days with the same arguments, it sends
       * nothing and answers what became of the message; with others it is an error
       */
      requestId?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Sent> {
    const call = { method: "send", flags: ACCOUNT, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Lists the settings that frontends keep with the account, and the account's public key.
   * Returns: values by the names of the settings.
   * settings_getSettings; scope read; since 0.1.0.
   */
  settingsGetSettings(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    const call = { method: "settings_getSettings", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Keeps a setting of a frontend with the account: at most 1000, 1 MiB together. The daemon's own configuration
   * is another thing.
   * settings_saveSetting; scope account; since 0.1.0.
   */
  settingsSaveSetting(
    args: {
      /** 1 to 128 bytes */
      name: string;
      /** any value; null or left out: the setting goes */
      value?: unknown | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "settings_saveSetting", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Notes that a named consumer is done with the events up to a cursor. It survives a crash of the daemon. One
   * that is new belongs to the token: others, but for admins, neither see nor move nor remove it, and may have
   * one of the same name. A token may have 10. A name must not begin with webhook, or look so. Without owner the
   * token's own consumer is meant, else the one without owner.
   * status_ackEvents; scope events; since 0.1.0.
   */
  statusAckEvents(
    args: {
      /** any name of at most 128 bytes, of characters that are shown */
      consumer: string;
      /** of an event, or next of a page */
      cursor: number;
      /** whose it is, as status_listConsumers gives it */
      owner?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "status_ackEvents", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Leaves a chat and deletes it with its messages, all or nothing. A group that was left already, or that we
   * were removed from, is deleted too.
   * status_deleteChat; scope send; since 0.1.0.
   */
  statusDeleteChat(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "status_deleteChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Reads the event log of the account from a cursor on, and waits for the next event if there is none. With a
   * consumer it goes on after what this name acknowledged, or after since if that is later; one that is new
   * begins at since, which is noted. Naming one needs the scope events.
   * Returns: events in order; next is the since of the next call. With gap:true events are gone from the log
   * that were not read yet, and from is the oldest there is.
   * status_getEvents; scope read; since 0.1.0.
   */
  statusGetEvents(
    args: {
      /** all members may be left out, and given as named parameters directly */
      query?: t.EventsQuery | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.EventPage> {
    const call = { method: "status_getEvents", flags: ACCOUNT | SAFE, timeout: 90 };
    return this._call(call, args, options);
  }

  /**
   * Reports the state of the daemon and of its components, as GET /health does.
   * Returns: levels are INITIALIZING, SYNCHRONIZING, READY, NOT_READY, NOT_MOUNTED and SHUTTING_DOWN.
   * status_health; scope read; since 0.1.0.
   */
  statusHealth(
    options?: CallOptions,
  ): Promise<t.Health> {
    const call = { method: "status_health", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Lists the named consumers of the event log that the token made; for an admin, all.
   * Returns: owner is local (socket and rpc-token), token: and a name, daemon (webhooks), or empty for one from
   * before there were owners; cursor is the last event acknowledged, behind the number of those after it.
   * status_listConsumers; scope read; since 0.1.0.
   */
  statusListConsumers(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Consumer[]> {
    const call = { method: "status_listConsumers", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Is account_login in the form of status-go.
   * Returns: the id that follows from the chat key; the key itself is out of the reach of waku_*.
   * status_login; scope account; since 0.1.0.
   */
  statusLogin(
    args: {
      /** what is needed */
      request: t.SignIn;
    },
    options?: CallOptions,
  ): Promise<t.SignedIn> {
    const call = { method: "status_login", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Reads messages that came, from a cursor on, and waits for the next if there is none. A consumer goes on
   * after what it acknowledged with status_ackEvents.
   * Returns: as of status_getEvents, with events of the type messages.new.
   * status_receive; scope read; since 0.1.0.
   */
  statusReceive(
    args: {
      /** cursor after which to begin: 0 is the beginning of the log, -1 its end */
      since?: number | null | undefined;
      /** time to wait for a message, at most 60; 0 if left out */
      timeoutSeconds?: number | null | undefined;
      /** most events; 200 if left out, at most 1000 */
      maxMessages?: number | null | undefined;
      /** id of the only chat that is wanted */
      chat?: string | null | undefined;
      /** name to go on as; needs the scope events */
      consumer?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.EventPage> {
    const call = { method: "status_receive", flags: ACCOUNT | SAFE, timeout: 90 };
    return this._call(call, args, options);
  }

  /**
   * Forgets a named consumer of the token; of anybody, for an admin. Without owner the token's own is meant,
   * else the one without owner, else for an admin that of another, if just one has it.
   * status_removeConsumer; scope events; since 0.1.0.
   */
  statusRemoveConsumer(
    args: {
      /** its name */
      consumer: string;
      /** whose it is, as status_listConsumers gives it */
      owner?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "status_removeConsumer", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Says what a name means, as status_send takes it. What could mean several things, or nothing, is an error
   * that says what to give instead. Names that people gave themselves are not looked up: anybody may take any
   * name.
   * Returns: id of the chat, which for a person is the contact id; exact is a text that means nothing else.
   * status_resolve; scope read; since 0.1.0.
   */
  statusResolve(
    args: {
      /**
       * what people call somebody or something: zQ3sh… or 0x04…, @nickname, #public-chat, the id or name of a
       * group, also behind a kind, as group:tea
       */
      name: string;
      /** what it has to mean; left out: anything */
      kind?: t.NameKind | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Resolved> {
    const call = { method: "status_resolve", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sends a message to a person, a public chat or a group, or to several of them. Chats are made if they are not
   * there.
   * Returns: status is queued, sent, delivered or failed, as far as it is known when the time is up. A message
   * that is queued is on disk and is sent as soon as there is a peer. With several recipients messages has the
   * message of each, in their order, and status is that of the one that is least far.
   * status_send; scope send; since 0.1.0.
   */
  statusSend(
    args: {
      /**
       * a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or @nickname; what could mean
       * several things is refused: group:tea, public:tea and person:@ana say which is meant. A list of at most
       * 100 sends to each: all are checked first, and if one is refused, nothing is sent
       */
      recipient: string | string[];
      /** text; may be left out with an attachment */
      message?: string | null | undefined;
      /** image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the unix socket, as path */
      attachment?: string | null | undefined;
      /** id of the message that is answered */
      replyTo?: string | null | undefined;
      /**
       * state to wait for: none (if left out), sent, or delivered; in public chats nobody acknowledges, so that
       * sent is the end
       */
      wait?: t.SendWait | null | undefined;
      /** most seconds to wait, 30 if left out */
      timeoutSeconds?: number | null | undefined;
      /**
       * a name for this request, at most 64 bytes: repeated within 7 days with the same arguments, it sends
       * nothing and answers what became of the message; with others it is an error
       */
      requestId?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Sent> {
    const call = { method: "status_send", flags: ACCOUNT, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Is account_create in the form of status-go.
   * Returns: address and pubkey are those of the first wallet key.
   * status_signup; scope account; since 0.1.0.
   */
  statusSignup(
    args: {
      /** what is needed */
      request: t.SignUp;
    },
    options?: CallOptions,
  ): Promise<t.SignedUp> {
    const call = { method: "status_signup", flags: SECRET, timeout: 180 };
    return this._call(call, args, options);
  }

  /**
   * Pushes events and the node's own signals over this connection (WebSocket and unix socket). Naming a consumer
   * needs the scope events.
   * Returns: id of the subscription; notifications status_subscription have an event as result, as
   * status_getEvents has. Signals of the node (node.*, discovery.*, enode.discovered) have neither cursor nor
   * account. Events are never dropped for a slow reader: {gap:true,from} stands where the log no longer had
   * them, an error of the kind lagged where signals of the node are missing. It goes on through logout and
   * login.
   * status_subscribe; scope read; since 0.1.0.
   */
  statusSubscribe(
    args: {
      /** all members may be left out */
      options?: t.SignalsQuery | null | undefined;
    } = {},
  ): Subscription<t.EventNotice> {
    const call = { method: "status_subscribe", flags: 0, timeout: 30 };
    return this._subscribe(call, { name: "signals", ...args });
  }

  /**
   * Ends a subscription of this connection.
   * Returns: true.
   * status_unsubscribe; scope read; since 0.1.0.
   */
  statusUnsubscribe(
    args: {
      /** id of the subscription */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "status_unsubscribe", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells version, commit and protocols of this program.
   * Returns: see the example.
   * status_version; scope read; since 0.1.0.
   */
  statusVersion(
    options?: CallOptions,
  ): Promise<t.VersionInfo> {
    const call = { method: "status_version", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Pushes messages that come in the form of signal-cli over this connection (WebSocket and unix socket).
   * Returns: number of the subscription; notifications receive have params {subscription, result: {envelope,
   * account, cursor}}. envelope.dataMessage is a message of somebody, envelope.syncMessage.sentMessage one that
   * another device of ours sent.
   * subscribeReceive; scope read; since 0.1.0.
   */
  subscribeReceive(
  ): Subscription<t.Received> {
    const call = { method: "subscribeReceive", flags: 0, timeout: 30 };
    return this._subscribe(call, {});
  }

  /**
   * Ends a subscription of subscribeReceive.
   * unsubscribeReceive; scope read; since 0.1.0.
   */
  unsubscribeReceive(
    args: {
      /** its number */
      subscription: number;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "unsubscribeReceive", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Is status_version in the words of signal-cli.
   * Returns: see the example.
   * version; scope read; since 0.1.0.
   */
  version(
    options?: CallOptions,
  ): Promise<t.VersionInfo> {
    const call = { method: "version", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Stores a private key.
   * Returns: id of the key pair; it follows from the key.
   * waku_addPrivateKey; scope send; since 0.1.0.
   */
  wakuAddPrivateKey(
    args: {
      /** 32 bytes */
      key: Uint8Array | t.Bytes;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_addPrivateKey", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Stores a symmetric key.
   * Returns: its id, which is random.
   * waku_addSymKey; scope send; since 0.1.0.
   */
  wakuAddSymKey(
    args: {
      /** 32 bytes */
      key: Uint8Array | t.Bytes;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_addSymKey", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Ends light mode.
   * Returns: true.
   * waku_cancelLightClient; scope admin; since 0.1.0.
   */
  wakuCancelLightClient(
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_cancelLightClient", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Forgets a key pair.
   * Returns: true.
   * waku_deleteKeyPair; scope send; since 0.1.0.
   */
  wakuDeleteKeyPair(
    args: {
      /** id of the key pair, or its public key in 0x hex */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_deleteKeyPair", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Removes a filter.
   * Returns: true.
   * waku_deleteMessageFilter; scope send; since 0.1.0.
   */
  wakuDeleteMessageFilter(
    args: {
      /** id of the filter */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_deleteMessageFilter", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Forgets a symmetric key.
   * Returns: whether there was one.
   * waku_deleteSymKey; scope send; since 0.1.0.
   */
  wakuDeleteSymKey(
    args: {
      /** id of the key */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_deleteSymKey", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Derives a symmetric key from a password and stores it. Public chats use their name as password.
   * Returns: its id, which is random.
   * waku_generateSymKeyFromPassword; scope send; since 0.1.0.
   */
  wakuGenerateSymKeyFromPassword(
    args: {
      /** any text */
      password: string;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_generateSymKeyFromPassword", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Takes the messages that a filter has kept since the last call. A filter keeps at most 8192 messages or 64
   * MiB; the oldest go first.
   * Returns: the messages, in no particular order.
   * waku_getFilterMessages; scope send; since 0.1.0.
   */
  wakuGetFilterMessages(
    args: {
      /** id of the filter */
      id: string;
    },
    options?: CallOptions,
  ): Promise<t.WakuMessage[]> {
    const call = { method: "waku_getFilterMessages", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Gives the private key of a key pair that the caller made. Keys of accounts are never among them.
   * Returns: 32 bytes.
   * waku_getPrivateKey; scope debug; since 0.1.0.
   */
  wakuGetPrivateKey(
    args: {
      /** id of the key pair, or its public key in 0x hex */
      id: string;
    },
    options?: CallOptions,
  ): Promise<t.Bytes> {
    const call = { method: "waku_getPrivateKey", flags: SECRET, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Gives the public key of a key pair.
   * Returns: 65 bytes, uncompressed.
   * waku_getPublicKey; scope read; since 0.1.0.
   */
  wakuGetPublicKey(
    args: {
      /** id of the key pair, or its public key in 0x hex */
      id: string;
    },
    options?: CallOptions,
  ): Promise<t.Bytes> {
    const call = { method: "waku_getPublicKey", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Gives a symmetric key.
   * Returns: 32 bytes.
   * waku_getSymKey; scope debug; since 0.1.0.
   */
  wakuGetSymKey(
    args: {
      /** id of the key */
      id: string;
    },
    options?: CallOptions,
  ): Promise<t.Bytes> {
    const call = { method: "waku_getSymKey", flags: SECRET, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells whether there is a key pair with this id.
   * Returns: whether there is.
   * waku_hasKeyPair; scope read; since 0.1.0.
   */
  wakuHasKeyPair(
    args: {
      /** id of the key pair, or its public key in 0x hex */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_hasKeyPair", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells whether there is a symmetric key with this id.
   * Returns: whether there is.
   * waku_hasSymKey; scope read; since 0.1.0.
   */
  wakuHasSymKey(
    args: {
      /** id of the key */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_hasSymKey", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells how many messages wait in the caller's polling filters, what the pool holds, and the limits in force.
   * Returns: messages waiting, the proof of work demanded, the largest envelope in bytes; memory is the size of
   * the envelopes of the pool in bytes.
   * waku_info; scope read; since 0.1.0.
   */
  wakuInfo(
    options?: CallOptions,
  ): Promise<t.WakuState> {
    const call = { method: "waku_info", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Makes this a light node: it relays nothing but its own messages.
   * Returns: true.
   * waku_makeLightClient; scope admin; since 0.1.0.
   */
  wakuMakeLightClient(
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_makeLightClient", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Accepts peer-to-peer messages from a connected peer, also after it has reconnected.
   * Returns: true.
   * waku_markTrustedPeer; scope admin; since 0.1.0.
   */
  wakuMarkTrustedPeer(
    args: {
      /** URL or record of the peer */
      enode: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_markTrustedPeer", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Makes a key pair. Keys are kept in memory, for the token that made them alone, and go when it ends or the
   * daemon stops. A token may have 1024.
   * Returns: its id.
   * waku_newKeyPair; scope send; since 0.1.0.
   */
  wakuNewKeyPair(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_newKeyPair", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Installs a filter that keeps messages until they are polled. Exactly one of symKeyID and privateKeyID is
   * given. It belongs to the token that installed it, and ends with it. A token may have 256 filters with 1000
   * topics; together they may have 1024 with 5000.
   * Returns: id of the filter.
   * waku_newMessageFilter; scope send; since 0.1.0.
   */
  wakuNewMessageFilter(
    args: {
      /** what is wanted */
      criteria: t.FilterCriteria;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_newMessageFilter", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Makes a symmetric key.
   * Returns: its id.
   * waku_newSymKey; scope send; since 0.1.0.
   */
  wakuNewSymKey(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_newSymKey", flags: 0, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Encrypts, signs and sends a message. Exactly one of symKeyID and pubKey is given.
   * Returns: hash of the envelope.
   * waku_post; scope send; since 0.1.0.
   */
  wakuPost(
    args: {
      /** what to send */
      message: t.PostMessage;
    },
    options?: CallOptions,
  ): Promise<t.Hash> {
    const call = { method: "waku_post", flags: 0, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Asks the peers for the topics of this bloom filter, and those of the filters, instead of a list of topics.
   * Returns: true.
   * waku_setBloomFilter; scope admin; since 0.1.0.
   */
  wakuSetBloomFilter(
    args: {
      /** 64 bytes */
      bloom: Uint8Array | t.Bytes;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_setBloomFilter", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * The name 9/WAKU-RPC gives waku_setMaxMessageSize.
   * Returns: true.
   * waku_setMaxEnvelopeSize; scope admin; since 0.1.0.
   */
  wakuSetMaxEnvelopeSize(
    args: {
      /** bytes, at most 10485760 */
      size: number;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_setMaxEnvelopeSize", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sets the size of the largest envelope that is accepted, until the daemon stops.
   * Returns: true.
   * waku_setMaxMessageSize; scope admin; since 0.1.0.
   */
  wakuSetMaxMessageSize(
    args: {
      /** bytes, at most 10485760 */
      size: number;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_setMaxMessageSize", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sets the proof of work that envelopes must have, until the daemon stops, and tells the peers. The earlier
   * value is accepted for 10 more seconds.
   * Returns: true.
   * waku_setMinPoW; scope admin; since 0.1.0.
   */
  wakuSetMinPoW(
    args: {
      /** 0 or more */
      pow: number;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_setMinPoW", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Pushes messages over this connection as they arrive (WebSocket and unix socket).
   * Returns: id of the subscription. Each message comes as a notification waku_subscription with params
   * {subscription, result}; a gap, because the client reads too slowly, as one with params {subscription,
   * error}.
   * waku_subscribe; scope send; since 0.1.0.
   */
  wakuSubscribe(
    args: {
      /** as of waku_newMessageFilter; topics are needed with symKeyID */
      criteria: t.FilterCriteria;
    },
  ): Subscription<t.WakuMessage> {
    const call = { method: "waku_subscribe", flags: 0, timeout: 30 };
    return this._subscribe(call, { name: "messages", ...args });
  }

  /**
   * Removes a filter, if there is one with this id.
   * waku_uninstallFilter; scope send; since 0.1.0.
   */
  wakuUninstallFilter(
    args: {
      /** id of the filter */
      id: string;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "waku_uninstallFilter", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Ends a subscription of this connection.
   * Returns: true.
   * waku_unsubscribe; scope send; since 0.1.0.
   */
  wakuUnsubscribe(
    args: {
      /** id of the subscription */
      id: string;
    },
    options?: CallOptions,
  ): Promise<boolean> {
    const call = { method: "waku_unsubscribe", flags: 0, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells the version of the Waku protocol.
   * Returns: always "1".
   * waku_version; scope read; since 0.1.0.
   */
  wakuVersion(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "waku_version", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Answers a person who asks for an address.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_acceptRequestAddressForTransaction; scope send; since 0.1.0.
   */
  wakuextAcceptRequestAddressForTransaction(
    args: {
      /** id of the message, 0x and 64 hex digits */
      messageId: string;
      /** where to pay to */
      address: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_acceptRequestAddressForTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells a person who asked for a payment that a wallet made it.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_acceptRequestTransaction; scope send; since 0.1.0.
   */
  wakuextAcceptRequestTransaction(
    args: {
      /** hash of the transaction */
      txHash: string;
      /** id of the message, 0x and 64 hex digits */
      messageId: string;
      /** of the hash, by the wallet */
      signature: Uint8Array | t.LooseBytes;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_acceptRequestTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Makes members admins. Only admins may.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_addAdminsToGroupChat; scope send; since 0.1.0.
   */
  wakuextAddAdminsToGroupChat(
    args: {
      /** id of the group */
      chatId: string;
      /** contact ids */
      ids: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_addAdminsToGroupChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Invites people to a group. Only admins may.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_addMembersToGroupChat; scope send; since 0.1.0.
   */
  wakuextAddMembersToGroupChat(
    args: {
      /** id of the group */
      chatId: string;
      /** contact ids */
      ids: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_addMembersToGroupChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Deletes the messages of a person and takes no more of them.
   * Returns: the chats that are left.
   * wakuext_blockContact; scope contacts; since 0.1.0.
   */
  wakuextBlockContact(
    args: {
      /** the contact; its id counts */
      contact: t.BlockedContact;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Chat[]> {
    const call = { method: "wakuext_blockContact", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Renames a group. Only admins may.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_changeGroupChatName; scope send; since 0.1.0.
   */
  wakuextChangeGroupChatName(
    args: {
      /** id of the group */
      chatId: string;
      /** the new name */
      name: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_changeGroupChatName", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Returns the messages of a chat, page by page, newest first.
   * Returns: messages, and the cursor of the next page, empty at the end.
   * wakuext_chatMessages; scope read; since 0.1.0.
   */
  wakuextChatMessages(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** where the page begins, from the page before; empty: the newest */
      cursor?: string | null | undefined;
      /** messages of a page, default 20 */
      limit?: number | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.MessagePage> {
    const call = { method: "wakuext_chatMessages", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the chats, closed ones (active: false) among them.
   * Returns: list of chats with their last message.
   * wakuext_chats; scope read; since 0.1.0.
   */
  wakuextChats(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Chat[]> {
    const call = { method: "wakuext_chats", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Accepts the invitation to a group.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_confirmJoiningGroup; scope send; since 0.1.0.
   */
  wakuextConfirmJoiningGroup(
    args: {
      /** id of the group */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_confirmJoiningGroup", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Does nothing: messages are confirmed in the transaction that stores them.
   * wakuext_confirmMessagesProcessedByID; scope read; since 0.1.0.
   */
  wakuextConfirmMessagesProcessedByID(
    args: {
      /** ignored */
      messages?: unknown[] | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_confirmMessagesProcessedByID", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the people that have a tag, a verified name or a nickname.
   * Returns: list of contacts.
   * wakuext_contacts; scope read; since 0.1.0.
   */
  wakuextContacts(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Contact[]> {
    const call = { method: "wakuext_contacts", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Opens the chat of a group that a link names, to ask its admin for an invitation.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_createGroupChatFromInvitation; scope send; since 0.1.0.
   */
  wakuextCreateGroupChatFromInvitation(
    args: {
      /** name of the group */
      name: string;
      /** id of the group */
      chatId: string;
      /** contact id of the admin */
      adminPk: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_createGroupChatFromInvitation", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Makes a private group and invites people.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_createGroupChatWithMembers; scope send; since 0.1.0.
   */
  wakuextCreateGroupChatWithMembers(
    args: {
      /** name of the group */
      name: string;
      /** contact ids */
      ids: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_createGroupChatWithMembers", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Refuses to give an address.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_declineRequestAddressForTransaction; scope send; since 0.1.0.
   */
  wakuextDeclineRequestAddressForTransaction(
    args: {
      /** id of the message, 0x and 64 hex digits */
      messageId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_declineRequestAddressForTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Refuses to pay.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_declineRequestTransaction; scope send; since 0.1.0.
   */
  wakuextDeclineRequestTransaction(
    args: {
      /** id of the message, 0x and 64 hex digits */
      messageId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_declineRequestTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Deletes a chat; older messages of it do not come back. A group is not left: its next update brings it back.
   * wakuext_deleteChat; scope send; since 0.1.0.
   */
  wakuextDeleteChat(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_deleteChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Deletes a message from this device.
   * wakuext_deleteMessage; scope send; since 0.1.0.
   */
  wakuextDeleteMessage(
    args: {
      /** id of the message, 0x and 64 hex digits */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_deleteMessage", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Deletes the messages of a chat from this device.
   * wakuext_deleteMessagesByChatID; scope send; since 0.1.0.
   */
  wakuextDeleteMessagesByChatID(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_deleteMessagesByChatID", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Ends the pairing with another device of the account. It is not told.
   * wakuext_disableInstallation; scope account; since 0.1.0.
   */
  wakuextDisableInstallation(
    args: {
      /** id of the device */
      installationId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_disableInstallation", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Answers what it is given.
   * Returns: the text.
   * wakuext_echo; scope read; since 0.1.0.
   */
  wakuextEcho(
    args: {
      /** any text */
      text: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "wakuext_echo", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Returns the reactions to the messages of a page, the same that wakuext_chatMessages returns.
   * Returns: list of reactions that were not taken back.
   * wakuext_emojiReactionsByChatID; scope read; since 0.1.0.
   */
  wakuextEmojiReactionsByChatID(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** where the page begins, from the page before; empty: the newest */
      cursor?: string | null | undefined;
      /** messages of a page, default 20 */
      limit?: number | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Reaction[]> {
    const call = { method: "wakuext_emojiReactionsByChatID", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Pairs another device of the account: from now on it gets copies of what is sent. Do the same there.
   * wakuext_enableInstallation; scope account; since 0.1.0.
   */
  wakuextEnableInstallation(
    args: {
      /** id of the device */
      installationId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_enableInstallation", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Returns what is known of a person.
   * Returns: the contact, null if nothing is known.
   * wakuext_getContactByID; scope read; since 0.1.0.
   */
  wakuextGetContactByID(
    args: {
      /** contact id */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Contact | null> {
    const call = { method: "wakuext_getContactByID", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists who asked to be let in, and where we asked.
   * Returns: list of invitations.
   * wakuext_getGroupChatInvitations; scope read; since 0.1.0.
   */
  wakuextGetGroupChatInvitations(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Invitation[]> {
    const call = { method: "wakuext_getGroupChatInvitations", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Lists the devices of the account that are known, this one first. Those that are enabled get copies of what
   * is sent, at most three.
   * Returns: timestamp: Unix nanoseconds of the newest sign of the device; metadata: null without any.
   * wakuext_getOurInstallations; scope read; since 0.1.0.
   */
  wakuextGetOurInstallations(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Installation[]> {
    const call = { method: "wakuext_getOurInstallations", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Listens to a chat and fetches its history.
   * wakuext_join; scope send; since 0.1.0.
   */
  wakuextJoin(
    args: {
      /** the chat; its id counts */
      chat: t.ChatRef;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_join", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Stops to listen to a chat.
   * wakuext_leave; scope send; since 0.1.0.
   */
  wakuextLeave(
    args: {
      /** the chat; its id counts */
      chat: t.ChatRef;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_leave", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Leaves a group.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_leaveGroupChat; scope send; since 0.1.0.
   */
  wakuextLeaveGroupChat(
    args: {
      /** id of the group */
      chatId: string;
      /** true: close the chat, too */
      remove?: boolean | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_leaveGroupChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Listens to places besides those of the chats, until the account is logged out or the token ends, and lists
   * the filters of the account. An empty list only lists. A token may ask for 500 places.
   * Returns: filterId: serves wakuext_removeFilters; symKeyId: empty, as keys of an account stay with it;
   * identity: whose place it is, hex without 0x; chatId: name of the topic, of a negotiated one the person's id,
   * since that name is a secret.
   * wakuext_loadFilters; scope send; since 0.1.0.
   */
  wakuextLoadFilters(
    args: {
      /**
       * chatId: a public chat, or, with oneToOne, a person: identity (hex without 0x) or chatId is the key.
       * Other members do not matter
       */
      filters: t.ChatFilterSpec[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.ChatFilter[]> {
    const call = { method: "wakuext_loadFilters", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Marks all messages of a chat as read.
   * wakuext_markAllRead; scope send; since 0.1.0.
   */
  wakuextMarkAllRead(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_markAllRead", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Marks messages of a chat as read.
   * Returns: how many were unread.
   * wakuext_markMessagesSeen; scope send; since 0.1.0.
   */
  wakuextMarkMessagesSeen(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** ids of messages */
      ids: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<number> {
    const call = { method: "wakuext_markMessagesSeen", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Returns one message.
   * Returns: the message.
   * wakuext_messageByID; scope read; since 0.1.0.
   */
  wakuextMessageByID(
    args: {
      /** id of the message, 0x and 64 hex digits */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Message> {
    const call = { method: "wakuext_messageByID", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Marks a chat as muted.
   * wakuext_muteChat; scope send; since 0.1.0.
   */
  wakuextMuteChat(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_muteChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sends a message of ours again, under the same id.
   * wakuext_reSendChatMessage; scope send; since 0.1.0.
   */
  wakuextReSendChatMessage(
    args: {
      /** id of the message, 0x and 64 hex digits */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_reSendChatMessage", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Takes back what the same token asked wakuext_loadFilters for. Places of the account's own, and of other
   * tokens, stay.
   * wakuext_removeFilters; scope send; since 0.1.0.
   */
  wakuextRemoveFilters(
    args: {
      /** by filterId or, without it, chatId; unknown ones do not matter */
      filters: t.ChatFilterSpec[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_removeFilters", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Removes a member that is no admin. Only admins may.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_removeMemberFromGroupChat; scope send; since 0.1.0.
   */
  wakuextRemoveMemberFromGroupChat(
    args: {
      /** id of the group */
      chatId: string;
      /** contact id of the member */
      id: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_removeMemberFromGroupChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Asks a person for an address to pay to.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_requestAddressForTransaction; scope send; since 0.1.0.
   */
  wakuextRequestAddressForTransaction(
    args: {
      /** contact id of the other */
      chatId: string;
      /** our address */
      from: string;
      /** amount */
      value: string;
      /** of the token; empty: ether */
      contract: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_requestAddressForTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Asks a mailserver for one page of history and does not wait for it. Envelopes reach filters with allowP2P.
   * Returns: id of the request.
   * wakuext_requestMessages; scope send; since 0.1.0.
   */
  wakuextRequestMessages(
    args: {
      /** what is asked for */
      request: t.HistoryRequest;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Hash> {
    const call = { method: "wakuext_requestMessages", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Asks a mailserver for one page of history and waits until it has gone through the filters. Attempt k waits
   * BaseTimeout and k times StepTimeout; only attempts that get no answer are repeated. Envelopes reach filters
   * with allowP2P.
   * Returns: cursor: hex without 0x, where the next page starts, empty at the end; error: the server's, empty if
   * none.
   * wakuext_requestMessagesSync; scope send; since 0.1.0.
   */
  wakuextRequestMessagesSync(
    args: {
      /** when to try again */
      config: t.RetryConfig;
      /** what is asked for */
      request: t.HistoryRequest;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.HistoryPage> {
    const call = { method: "wakuext_requestMessagesSync", flags: ACCOUNT, timeout: 600 };
    return this._call(call, args, options);
  }

  /**
   * Asks a person for a payment.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_requestTransaction; scope send; since 0.1.0.
   */
  wakuextRequestTransaction(
    args: {
      /** contact id of the other */
      chatId: string;
      /** amount */
      value: string;
      /** of the token; empty: ether */
      contract: string;
      /** where to pay to */
      address: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_requestTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Creates a chat or changes what belongs to the user: name, colour, active, muted. Sending needs a saved chat.
   * wakuext_saveChat; scope send; since 0.1.0.
   */
  wakuextSaveChat(
    args: {
      /** id, name, chatType (1 one-to-one, 2 public, 4 profile), active, color */
      chat: t.ChatSettings;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_saveChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Stores tags and nickname of a person. To add somebody: the tag :contact/added, then sendContactUpdate.
   * wakuext_saveContact; scope contacts; since 0.1.0.
   */
  wakuextSaveContact(
    args: {
      /** id, systemTags, localNickname */
      contact: t.ContactSettings;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_saveContact", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Finds messages that contain a text, in any case of letters, newest first.
   * Returns: messages, and the cursor of the next page, empty at the end.
   * wakuext_searchMessages; scope read; since 0.1.0.
   */
  wakuextSearchMessages(
    args: {
      /** what to look for */
      text: string;
      /** id of the chat: a channel's name, a contact id, a group's id; empty: all chats */
      chatId?: string | null | undefined;
      /** where the page begins, from the page before; empty: the newest */
      cursor?: string | null | undefined;
      /** messages of a page, default 20 */
      limit?: number | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.MessagePage> {
    const call = { method: "wakuext_searchMessages", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sends a message to a saved chat. It returns when the message is stored; it leaves as soon as there is a
   * peer.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendChatMessage; scope send; since 0.1.0.
   */
  wakuextSendChatMessage(
    args: {
      /**
       * chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio), responseTo, ensName, sticker
       * {hash, pack}; a picture or recording as data URL in image or audio, or over the socket as imagePath or
       * audioPath, with audioDurationMs
       */
      message: t.OutgoingMessage;
      /**
       * a name for this request, at most 64 bytes: repeated within 7 days with the same arguments, it sends
       * nothing and answers the message that the first one sent; with others it is an error
       */
      requestId?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendChatMessage", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells a person that we added them, with our name and picture.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendContactUpdate; scope contacts; since 0.1.0.
   */
  wakuextSendContactUpdate(
    args: {
      /** contact id */
      id: string;
      /** our name, ending in .eth, or empty */
      ensName?: string | null | undefined;
      /** data URL of our picture, or empty */
      image?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendContactUpdate", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells all added contacts and our other devices our name and picture.
   * wakuext_sendContactUpdates; scope contacts; since 0.1.0.
   */
  wakuextSendContactUpdates(
    args: {
      /** our name, ending in .eth, or empty */
      ensName?: string | null | undefined;
      /** data URL of our picture, or empty */
      image?: string | null | undefined;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_sendContactUpdates", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Reacts to a message.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendEmojiReaction; scope send; since 0.1.0.
   */
  wakuextSendEmojiReaction(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** id of the message, 0x and 64 hex digits */
      messageId: string;
      /** 1 love, 2 thumbs up, 3 thumbs down, 4 laugh, 5 sad, 6 angry */
      emojiType: t.Emoji;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendEmojiReaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Takes a reaction back.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendEmojiReactionRetraction; scope send; since 0.1.0.
   */
  wakuextSendEmojiReactionRetraction(
    args: {
      /** id of the reaction */
      reactionId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendEmojiReactionRetraction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Refuses a request to be let into a group of ours.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendGroupChatInvitationRejection; scope send; since 0.1.0.
   */
  wakuextSendGroupChatInvitationRejection(
    args: {
      /** id of the invitation */
      invitationId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendGroupChatInvitationRejection", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Asks the admin of a group for an invitation.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendGroupChatInvitationRequest; scope send; since 0.1.0.
   */
  wakuextSendGroupChatInvitationRequest(
    args: {
      /** id of the group */
      chatId: string;
      /** contact id of the admin */
      adminPk: string;
      /** who is asking */
      text: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendGroupChatInvitationRequest", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Shows this device, with its name, to the other devices of the account, paired or not.
   * Returns: the device.
   * wakuext_sendPairInstallation; scope send; since 0.1.0.
   */
  wakuextSendPairInstallation(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendPairInstallation", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells a person of a payment that a wallet made.
   * Returns: what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones
   * left out.
   * wakuext_sendTransaction; scope send; since 0.1.0.
   */
  wakuextSendTransaction(
    args: {
      /** contact id of the other */
      chatId: string;
      /** amount */
      value: string;
      /** of the token; empty: ether */
      contract: string;
      /** hash of the transaction */
      txHash: string;
      /** of the hash, by the wallet */
      signature: Uint8Array | t.LooseBytes;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Changes> {
    const call = { method: "wakuext_sendTransaction", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Names a device of the account, this one or another. Name and type of this one travel with
   * wakuext_sendPairInstallation.
   * wakuext_setInstallationMetadata; scope account; since 0.1.0.
   */
  wakuextSetInstallationMetadata(
    args: {
      /** id of the device */
      installationId: string;
      /** name, deviceType (desktop, ios, android …), fcmToken, which stays on this machine */
      metadata: t.InstallationMetadataInput;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_setInstallationMetadata", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Signs a text with the chat key: Keccak-256 of "\x19Ethereum Signed Message:\n", length and text.
   * Returns: 65 bytes R‖S‖V, V is 0 or 1.
   * wakuext_signMessageWithChatKey; scope account; since 0.1.0.
   */
  wakuextSignMessageWithChatKey(
    args: {
      /** taken as it is, also if it looks like hex */
      text: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<t.Bytes> {
    const call = { method: "wakuext_signMessageWithChatKey", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Does nothing: the messenger runs as soon as an account is logged in.
   * wakuext_startMessenger; scope read; since 0.1.0.
   */
  wakuextStartMessenger(
    args: {
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_startMessenger", flags: ACCOUNT | SAFE, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Takes the mark back.
   * wakuext_unmuteChat; scope send; since 0.1.0.
   */
  wakuextUnmuteChat(
    args: {
      /** id of the chat: a channel's name, a contact id, a group's id */
      chatId: string;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_unmuteChat", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Replaces the mailservers that this node asks, also after a restart. The first one is preferred. Without any,
   * those of the configuration count again.
   * wakuext_updateMailservers; scope admin; since 0.1.0.
   */
  wakuextUpdateMailservers(
    args: {
      /** URLs, which may carry a password: enode://id:password@host:port */
      enodes: string[];
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_updateMailservers", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Sets the state of an own message. The daemon does that itself; a state never goes backwards.
   * wakuext_updateMessageOutgoingStatus; scope send; since 0.1.0.
   */
  wakuextUpdateMessageOutgoingStatus(
    args: {
      /** id of the message, 0x and 64 hex digits */
      id: string;
      /** sending, sent, not-sent or delivered */
      status: t.OutgoingStatus;
      /** key-uid of the account that must be logged in; if left out that of the client, if it has one */
      account?: string | null | undefined;
    },
    options?: CallOptions,
  ): Promise<void> {
    const call = { method: "wakuext_updateMessageOutgoingStatus", flags: ACCOUNT, timeout: 30 };
    return this._call(call, args, options);
  }

  /**
   * Tells name and version of this program.
   * Returns: name/version/system/language.
   * web3_clientVersion; scope read; since 0.1.0.
   */
  web3ClientVersion(
    options?: CallOptions,
  ): Promise<string> {
    const call = { method: "web3_clientVersion", flags: SAFE, timeout: 30 };
    return this._call(call, {}, options);
  }

  /**
   * Hashes bytes with Keccak-256.
   * Returns: 32 bytes.
   * web3_sha3; scope read; since 0.1.0.
   */
  web3Sha3(
    args: {
      /** any bytes */
      data: Uint8Array | t.Bytes;
    },
    options?: CallOptions,
  ): Promise<t.Bytes> {
    const call = { method: "web3_sha3", flags: SAFE, timeout: 30 };
    return this._call(call, args, options);
  }
}
