# Generated from the contract (package api) by internal/clientgen. Do not edit.
"""One function for each method of the contract."""

from __future__ import annotations

from typing import Any, cast

from . import types as t
from ._call import ACCOUNT, SAFE, SECRET, Call
from ._subscription import AsyncSubscription, Subscription


class AsyncMethods:
    """The methods of the daemon."""

    async def _call(self, call: Call, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _subscribe(self, call: Call, params: dict[str, Any]) -> AsyncSubscription[Any]:
        raise NotImplementedError

    async def account_backup(
        self,
        *,
        password: str,
        with_keys: bool | None = None,
    ) -> t.WrittenBackup:
        """Writes the account that is logged in, with its database, into one encrypted file in the
        folder backups of the data directory. statusd restore reads it.
        password: to protect the file with; it need not be that of the account
        with_keys: true: with keys and phrase. Without, restoring needs one of them
        Returns: where the file is.
        account_backup; scope account; since 0.1.0.
        """
        return cast("t.WrittenBackup", await self._call(Call("account_backup", SECRET, 180), {
            "password": password,
            "withKeys": with_keys,
        }))

    async def account_change_password(
        self,
        *,
        key_uid: str,
        old_password: str,
        new_password: str,
        no_password: bool | None = None,
    ) -> None:
        """Puts an account under another password, whether it is logged in or not. After a crash
        either the old or the new one is in force.
        key_uid: key-uid or name of the account
        old_password: the password until now
        new_password: the password from now on
        no_password: true: take an empty password, which protects nothing
        account_changePassword; scope account; since 0.1.0.
        """
        await self._call(Call("account_changePassword", SECRET, 180), {
            "keyUid": key_uid,
            "oldPassword": old_password,
            "newPassword": new_password,
            "noPassword": no_password,
        })

    async def account_check_database(
        self,
    ) -> None:
        """Reads the whole database of the account that is logged in. Its messages wait meanwhile.
        account_checkDatabase; scope admin; since 0.1.0.
        """
        await self._call(Call("account_checkDatabase", 0, 600), {})

    async def account_confirm_backup(
        self,
        *,
        key_uid: str,
    ) -> None:
        """Removes the phrase of the account that is logged in: its owner has written it down. It
        cannot be exported any more.
        key_uid: key-uid or name of the account
        account_confirmBackup; scope account; since 0.1.0.
        """
        await self._call(Call("account_confirmBackup", 0, 180), {
            "keyUid": key_uid,
        })

    async def account_create(
        self,
        *,
        password: str,
        name: str | None = None,
        words: int | None = None,
        passphrase: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account from a new phrase. The phrase is kept, encrypted, until
        account_confirmBackup: let its owner write it down.
        password: password of the account
        name: to tell accounts apart, at most 256 bytes
        words: of the phrase: 12 (the default), 15, 18, 21 or 24
        passphrase: of BIP39, part of the seed; ordinary accounts have none
        no_password: true: take an empty password, which protects nothing
        Returns: the account: its chat key, the phrase, and the keys that have a key file, by
        their paths.
        account_create; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", await self._call(Call("account_create", SECRET, 180), {
            "password": password,
            "name": name,
            "words": words,
            "passphrase": passphrase,
            "noPassword": no_password,
        }))

    async def account_delete(
        self,
        *,
        key_uid: str,
        confirm: str,
    ) -> None:
        """Deletes an account with its keys and its database, for good. It must not be logged in.
        key_uid: key-uid or name of the account
        confirm: the key-uid of the account again
        account_delete; scope account; since 0.1.0.
        """
        await self._call(Call("account_delete", 0, 180), {
            "keyUid": key_uid,
            "confirm": confirm,
        })

    async def account_export(
        self,
        *,
        key_uid: str,
        password: str,
        format: t.ExportFormat,
    ) -> t.Exported:
        """Gives out the keys of an account: its key files, which stay encrypted under its password,
        or its phrase, if that is still kept.
        key_uid: key-uid or name of the account
        password: password of the account
        format: of the keys
        Returns: files or mnemonic.
        account_export; scope account; since 0.1.0.
        """
        return cast("t.Exported", await self._call(Call("account_export", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
            "format": format,
        }))

    async def account_import_key(
        self,
        *,
        private_key: str,
        password: str,
        name: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account whose chat key is a given private key. Nothing is derived from it.
        private_key: 64 hex digits, with 0x or without
        password: to protect the account with
        name: to tell accounts apart, at most 256 bytes
        no_password: true: take an empty password, which protects nothing
        Returns: as of account_create, without the phrase.
        account_importKey; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", await self._call(Call("account_importKey", SECRET, 180), {
            "privateKey": private_key,
            "password": password,
            "name": name,
            "noPassword": no_password,
        }))

    async def account_import_keystore(
        self,
        *,
        json: Any,
        file_password: str,
        password: str,
        name: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account from a key file of this program, of geth or of a Status app.
        json: the content of the file, as an object or as a string
        file_password: the file's password as its owner types it
        password: to protect the account with
        name: to tell accounts apart, at most 256 bytes
        no_password: true: take an empty password, which protects nothing
        Returns: as of account_create, without the phrase.
        account_importKeystore; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", await self._call(Call("account_importKeystore", SECRET, 180), {
            "json": json,
            "filePassword": file_password,
            "password": password,
            "name": name,
            "noPassword": no_password,
        }))

    async def account_import_mnemonic(
        self,
        *,
        mnemonic: str,
        password: str,
        passphrase: str | None = None,
        name: str | None = None,
        allow_invalid_checksum: bool | None = None,
        legacy_chat_key: bool | None = None,
        no_password: bool | None = None,
        language: t.PhraseLanguage | None = None,
    ) -> t.NewAccount:
        """Makes an account from a phrase. Case, white space, invisible characters and accents do
        not matter. With allowInvalidChecksum the text is taken exactly as it is, without any
        check, as status-go's import did; legacyChatKey is for accounts older than multi-account.
        mnemonic: the phrase, in any of the official languages
        password: to protect the account with
        passphrase: of BIP39; ordinary accounts have none
        name: to tell accounts apart, at most 256 bytes
        allow_invalid_checksum: true: take the text as it is, unchecked
        legacy_chat_key: true: the chat key is the first wallet key
        no_password: true: take an empty password, which protects nothing
        language: of the phrase, if it is valid in several
        Returns: as of account_create, without the phrase.
        account_importMnemonic; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", await self._call(Call("account_importMnemonic", SECRET, 180), {
            "mnemonic": mnemonic,
            "password": password,
            "passphrase": passphrase,
            "name": name,
            "allowInvalidChecksum": allow_invalid_checksum,
            "legacyChatKey": legacy_chat_key,
            "noPassword": no_password,
            "language": language,
        }))

    async def account_list(
        self,
    ) -> list[t.ListedAccount]:
        """Lists the accounts, last login first.
        Returns: fields with dashes are those of status-go; timestamp is that of the last login,
        in seconds; damaged means that account.json cannot be read, which the next login mends.
        account_list; scope read; since 0.1.0.
        """
        return cast("list[t.ListedAccount]", await self._call(Call("account_list", SAFE, 180), {}))

    async def account_login(
        self,
        *,
        key_uid: str,
        password: str,
    ) -> t.LoggedIn:
        """Opens an account. If it is open already, its password is checked and nothing else
        happens.
        key_uid: key-uid or name of the account
        password: password of the account
        Returns: whose account it is, and the id of this copy of it.
        account_login; scope account; since 0.1.0.
        """
        return cast("t.LoggedIn", await self._call(Call("account_login", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
        }))

    async def account_logout(
        self,
    ) -> None:
        """Closes the account that is logged in.
        account_logout; scope account; since 0.1.0.
        """
        await self._call(Call("account_logout", 0, 180), {})

    async def account_vacuum_database(
        self,
    ) -> t.DatabaseSize:
        """Rewrites the database of the account that is logged in without the space of what was
        deleted. It needs twice the space for a moment.
        Returns: the size that it has now.
        account_vacuumDatabase; scope admin; since 0.1.0.
        """
        return cast("t.DatabaseSize", await self._call(Call("account_vacuumDatabase", 0, 600), {}))

    async def account_verify_password(
        self,
        *,
        key_uid: str,
        password: str,
    ) -> bool:
        """Tells whether a password is that of an account.
        key_uid: key-uid or name of the account
        password: password of the account
        Returns: whether it is.
        account_verifyPassword; scope account; since 0.1.0.
        """
        return cast("bool", await self._call(Call("account_verifyPassword", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
        }))

    async def accounts_delete_account(
        self,
        *,
        address: str,
        account: str | None = None,
    ) -> None:
        """Forgets an account of a wallet that a frontend kept. Accounts of the daemon:
        account_delete.
        address: 0x and 40 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_deleteAccount; scope account; since 0.1.0.
        """
        await self._call(Call("accounts_deleteAccount", ACCOUNT, 30), {
            "address": address,
            "account": account,
        })

    async def accounts_get_accounts(
        self,
        *,
        account: str | None = None,
    ) -> list[t.WalletAccount]:
        """Lists the accounts of a wallet that frontends keep with the account; that of the chat key
        is always among them.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_getAccounts; scope read; since 0.1.0.
        """
        return cast("list[t.WalletAccount]", await self._call(Call("accounts_getAccounts", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def accounts_save_accounts(
        self,
        *,
        accounts: list[t.WalletAccountInput],
        account: str | None = None,
    ) -> None:
        """Keeps accounts of a wallet with the account, for frontends: at most 1000, 1 MiB together.
        No keys are made or kept.
        accounts: to add, or to put in the place of older ones
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_saveAccounts; scope account; since 0.1.0.
        """
        await self._call(Call("accounts_saveAccounts", ACCOUNT, 30), {
            "accounts": accounts,
            "account": account,
        })

    async def admin_add_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Connects to a node, and again whenever the connection is lost, until the daemon stops.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true: the node was noted.
        admin_addPeer; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_addPeer", 0, 30), {
            "enode": enode,
        }))

    async def admin_add_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Lets a node connect also when there is no free slot.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_addTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_addTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    async def admin_datadir(
        self,
    ) -> str:
        """Tells the data directory.
        Returns: absolute path.
        admin_datadir; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("admin_datadir", SAFE, 30), {}))

    async def admin_node_info(
        self,
    ) -> t.NodeInfo:
        """Describes this node: id, addresses and protocols.
        Returns: as go-ethereum's.
        admin_nodeInfo; scope read; since 0.1.0.
        """
        return cast("t.NodeInfo", await self._call(Call("admin_nodeInfo", SAFE, 30), {}))

    async def admin_peers(
        self,
    ) -> list[t.PeerInfo]:
        """Describes the connected peers, with their Waku statistics.
        Returns: as go-ethereum's, protocols.waku is ours.
        admin_peers; scope read; since 0.1.0.
        """
        return cast("list[t.PeerInfo]", await self._call(Call("admin_peers", SAFE, 30), {}))

    async def admin_remove_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Disconnects from a node and no longer tries to connect to it.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_removePeer; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_removePeer", 0, 30), {
            "enode": enode,
        }))

    async def admin_remove_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Takes that privilege away; the connection stays.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_removeTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_removeTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    async def admin_set_log_level(
        self,
        *,
        module: str | None = None,
        level: t.LogLevel | None = None,
    ) -> bool:
        """Changes what is logged, until the daemon stops. A single positional parameter is the
        level.
        module: for instance waku or rpc; left out or null: all
        level: error, warn, info, debug or trace
        Returns: true.
        admin_setLogLevel; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_setLogLevel", 0, 30), {
            "module": module,
            "level": level,
        }))

    async def admin_shutdown(
        self,
    ) -> bool:
        """Stops the daemon in good order.
        Returns: true.
        admin_shutdown; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_shutdown", 0, 30), {}))

    def admin_subscribe(
        self,
    ) -> AsyncSubscription[t.PeerEvent]:
        """Pushes what happens to peers over this connection (WebSocket and unix socket).
        Returns: id of the subscription; notifications admin_subscription have go-ethereum's peer
        events as result, types add and drop.
        admin_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("admin_subscribe", 0, 30), {
            "name": "peerEvents",
        })

    async def admin_token_add(
        self,
        *,
        name: str,
        scopes: list[t.Scope],
        account: str | None = None,
        expires_in_seconds: int | None = None,
    ) -> t.NewToken:
        """Makes a token for HTTP and WebSocket. It is shown this once; the daemon keeps its hash
        alone.
        name: to tell tokens apart
        scopes: what it allows
        account: key-uid of the only account it is for; left out: any
        expires_in_seconds: left out: never
        Returns: the token.
        admin_tokenAdd; scope admin; since 0.1.0.
        """
        return cast("t.NewToken", await self._call(Call("admin_tokenAdd", SECRET, 30), {
            "name": name,
            "scopes": scopes,
            "account": account,
            "expiresInSeconds": expires_in_seconds,
        }))

    async def admin_token_list(
        self,
    ) -> list[t.TokenInfo]:
        """Lists the tokens that were made, without the one in the data directory.
        Returns: expires is left out for a token that does not expire.
        admin_tokenList; scope admin; since 0.1.0.
        """
        return cast("list[t.TokenInfo]", await self._call(Call("admin_tokenList", 0, 30), {}))

    async def admin_token_revoke(
        self,
        *,
        name: str,
    ) -> None:
        """Ends a token at once, with the connections that it opened.
        name: of the token
        admin_tokenRevoke; scope admin; since 0.1.0.
        """
        await self._call(Call("admin_tokenRevoke", 0, 30), {
            "name": name,
        })

    async def admin_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        admin_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("admin_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    async def discovery_status(
        self,
    ) -> t.DiscoveryReport:
        """Describes the sources of nodes, the registrations of this node and its UDP endpoint.
        Returns: see the example; degraded: a source fails and the others carry on. packetsIn and
        packetsOut count since the start.
        discovery_status; scope read; since 0.1.0.
        """
        return cast("t.DiscoveryReport", await self._call(Call("discovery_status", SAFE, 30), {}))

    def discovery_subscribe(
        self,
    ) -> AsyncSubscription[t.DiscoverySignal]:
        """Pushes what discovery does over this connection (WebSocket and unix socket).
        Returns: id of the subscription; notifications discovery_subscription have {type, event}
        as result: discovery.started and discovery.stopped with event null, discovery.summary
        with the list of connected peers, enode.discovered with {enode, topic}, enode being the
        node id.
        discovery_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("discovery_subscribe", 0, 30), {
            "name": "signals",
        })

    async def discovery_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        discovery_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("discovery_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    async def key_convert(
        self,
        *,
        key: str,
        base: str,
    ) -> str:
        """Writes a public key, compressed, in a multibase form.
        key: a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form
        base: name or prefix character of the base, for instance base58btc or z
        Returns: text.
        key_convert; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("key_convert", SAFE, 30), {
            "key": key,
            "base": base,
        }))

    async def key_inspect(
        self,
        *,
        key: str,
    ) -> t.KeyForms:
        """Shows the forms of a public key.
        key: a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form
        Returns: alias is the three-word name, empty without word lists; identicon is a picture
        as data URI.
        key_inspect; scope read; since 0.1.0.
        """
        return cast("t.KeyForms", await self._call(Call("key_inspect", SAFE, 30), {
            "key": key,
        }))

    async def key_validate_mnemonic(
        self,
        *,
        mnemonic: str,
    ) -> t.PhraseCheck:
        """Checks the words and the checksum of a phrase.
        mnemonic: the phrase, in any of the official languages
        Returns: whether it is valid; word is the place of the first unknown one, counted from 1.
        key_validateMnemonic; scope account; since 0.1.0.
        """
        return cast("t.PhraseCheck", await self._call(Call("key_validateMnemonic", SECRET, 30), {
            "mnemonic": mnemonic,
        }))

    async def list_contacts(
        self,
        *,
        recipient: str | None = None,
        account: str | None = None,
    ) -> list[t.ListedContact]:
        """Lists the contacts in the form of signal-cli.
        recipient: id of the only contact wanted
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: number is the contact id, name the nickname or, as ~name (key), what the person
        calls itself; nameGivenBy says which: you, them, or key where there is only the alias.
        listContacts; scope read; since 0.1.0.
        """
        return cast("list[t.ListedContact]", await self._call(Call("listContacts", ACCOUNT | SAFE, 30), {
            "recipient": recipient,
            "account": account,
        }))

    async def list_groups(
        self,
        *,
        group_id: str | None = None,
        account: str | None = None,
    ) -> list[t.ListedGroup]:
        """Lists the private groups in the form of signal-cli.
        group_id: id of the only group wanted
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: number of a member is the contact id.
        listGroups; scope read; since 0.1.0.
        """
        return cast("list[t.ListedGroup]", await self._call(Call("listGroups", ACCOUNT | SAFE, 30), {
            "groupId": group_id,
            "account": account,
        }))

    async def mailserver_backfill(
        self,
        *,
        request: t.BackfillRequest,
    ) -> t.BackfilledPage:
        """Asks another mailserver for one page of everything between two times and archives it, for
        a mailserver that was away. Answers when the page is durable. Newest first.
        request: what is asked for
        Returns: server: enode of the one that answered; envelopes that came; archived: of those,
        handed to the archive, which leaves out what it has; skipped: of those, too large or with
        too little proof of work; cursor: hex without 0x, where the next page starts at the same
        server; done: nothing is left.
        mailserver_backfill; scope admin; since 0.1.0.
        """
        return cast("t.BackfilledPage", await self._call(Call("mailserver_backfill", 0, 600), {
            "request": request,
        }))

    async def mailserver_fetch(
        self,
        *,
        request: t.FetchRequest,
        account: str | None = None,
    ) -> t.FetchedPage:
        """Fetches one page of history: connects if need be, tries each server twice, and answers
        when all of the page has gone through the filters. Newest first. Envelopes reach filters
        with allowP2P. Another server may count cursors otherwise. Without symKeyID and a
        password in the enode, the well-known password is used.
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: server: enode of the one that answered; envelopes: of the wanted topics; cursor:
        hex without 0x, where the next page starts; done: nothing is left.
        mailserver_fetch; scope send; since 0.1.0.
        """
        return cast("t.FetchedPage", await self._call(Call("mailserver_fetch", ACCOUNT, 600), {
            "request": request,
            "account": account,
        }))

    async def mailserver_stats(
        self,
    ) -> t.ArchiveReport:
        """Describes the mailserver that this node is: what it has archived, and whether it still
        does.
        Returns: health.reason says what keeps it from archiving. recorder counts since the
        start. archive: oldest and newest are Unix seconds, diskBytes is -1 when not known; null
        while the archive cannot be read.
        mailserver_stats; scope read; since 0.1.0.
        """
        return cast("t.ArchiveReport", await self._call(Call("mailserver_stats", SAFE, 30), {}))

    async def mailserver_status(
        self,
        *,
        account: str | None = None,
    ) -> t.MailserversStatus:
        """Lists the mailservers that this node asks, the best one first, and the requests that wait
        for an answer.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: servers: givenUp counts pages in a row, streak tries in a row without an answer;
        unwanted are envelopes of topics not asked for, refused those outside the request.
        outstanding: since when, and how many envelopes have come.
        mailserver_status; scope read; since 0.1.0.
        """
        return cast("t.MailserversStatus", await self._call(Call("mailserver_status", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def mailservers_add_chat_request_range(
        self,
        *,
        range: t.RequestRangeInput,
        account: str | None = None,
    ) -> None:
        """Remembers the time of a chat that has been fetched.
        range: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addChatRequestRange; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_addChatRequestRange", ACCOUNT, 30), {
            "range": range,
            "account": account,
        })

    async def mailservers_add_mailserver(
        self,
        *,
        mailserver: t.SavedMailserverInput,
        account: str | None = None,
    ) -> None:
        """Remembers a mailserver, over one with the same id. wakuext_updateMailservers puts servers
        to use.
        mailserver: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserver; scope admin; since 0.1.0.
        """
        await self._call(Call("mailservers_addMailserver", ACCOUNT, 30), {
            "mailserver": mailserver,
            "account": account,
        })

    async def mailservers_add_mailserver_request_gaps(
        self,
        *,
        gaps: list[t.RequestGapInput],
        account: str | None = None,
    ) -> None:
        """Remembers times of chats that have not been fetched, over those with the same id, all or
        none.
        gaps: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserverRequestGaps; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_addMailserverRequestGaps", ACCOUNT, 30), {
            "gaps": gaps,
            "account": account,
        })

    async def mailservers_add_mailserver_topic(
        self,
        *,
        topic: t.MailserverTopicInput,
        account: str | None = None,
    ) -> None:
        """Remembers until when a topic has been fetched, over what was remembered of it.
        topic: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserverTopic; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_addMailserverTopic", ACCOUNT, 30), {
            "topic": topic,
            "account": account,
        })

    async def mailservers_delete_chat_request_range(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Forgets the fetched time of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteChatRequestRange; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_deleteChatRequestRange", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def mailservers_delete_mailserver(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Forgets a mailserver.
        id: id of the mailserver
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserver; scope admin; since 0.1.0.
        """
        await self._call(Call("mailservers_deleteMailserver", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    async def mailservers_delete_mailserver_request_gaps(
        self,
        *,
        ids: list[str],
        account: str | None = None,
    ) -> None:
        """Forgets gaps.
        ids: ids of the gaps
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverRequestGaps; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_deleteMailserverRequestGaps", ACCOUNT, 30), {
            "ids": ids,
            "account": account,
        })

    async def mailservers_delete_mailserver_request_gaps_by_chat_id(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Forgets all gaps of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverRequestGapsByChatID; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_deleteMailserverRequestGapsByChatID", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def mailservers_delete_mailserver_topic(
        self,
        *,
        topic: str,
        account: str | None = None,
    ) -> None:
        """Forgets a topic.
        topic: the topic
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverTopic; scope send; since 0.1.0.
        """
        await self._call(Call("mailservers_deleteMailserverTopic", ACCOUNT, 30), {
            "topic": topic,
            "account": account,
        })

    async def mailservers_get_chat_request_ranges(
        self,
        *,
        account: str | None = None,
    ) -> list[t.RequestRange]:
        """Lists the fetched times of all chats.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the ranges.
        mailservers_getChatRequestRanges; scope read; since 0.1.0.
        """
        return cast("list[t.RequestRange]", await self._call(Call("mailservers_getChatRequestRanges", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def mailservers_get_mailserver_request_gaps(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> list[t.RequestGap]:
        """Lists the gaps of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the gaps.
        mailservers_getMailserverRequestGaps; scope read; since 0.1.0.
        """
        return cast("list[t.RequestGap]", await self._call(Call("mailservers_getMailserverRequestGaps", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "account": account,
        }))

    async def mailservers_get_mailserver_topics(
        self,
        *,
        account: str | None = None,
    ) -> list[t.MailserverTopic]:
        """Lists what is remembered of topics.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the topics.
        mailservers_getMailserverTopics; scope read; since 0.1.0.
        """
        return cast("list[t.MailserverTopic]", await self._call(Call("mailservers_getMailserverTopics", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def mailservers_get_mailservers(
        self,
        *,
        account: str | None = None,
    ) -> list[t.SavedMailserver]:
        """Lists the remembered mailservers, with their passwords.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the mailservers.
        mailservers_getMailservers; scope admin; since 0.1.0.
        """
        return cast("list[t.SavedMailserver]", await self._call(Call("mailservers_getMailservers", ACCOUNT, 30), {
            "account": account,
        }))

    async def mailservers_ping(
        self,
        *,
        query: t.PingQuery,
        account: str | None = None,
    ) -> list[t.PingResult]:
        """Measures how long a TCP connection to each address takes, all at once.
        query: what to try
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: in the order asked: address, and rttMs in milliseconds or error.
        mailservers_ping; scope send; since 0.1.0.
        """
        return cast("list[t.PingResult]", await self._call(Call("mailservers_ping", ACCOUNT, 30), {
            "query": query,
            "account": account,
        }))

    async def net_listening(
        self,
    ) -> bool:
        """Tells whether the peer-to-peer port accepts connections.
        Returns: whether it does.
        net_listening; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("net_listening", SAFE, 30), {}))

    async def net_peer_count(
        self,
    ) -> t.Quantity:
        """Counts the connected peers.
        Returns: number in hex.
        net_peerCount; scope read; since 0.1.0.
        """
        return cast("t.Quantity", await self._call(Call("net_peerCount", SAFE, 30), {}))

    async def net_version(
        self,
    ) -> str:
        """Tells the configured network id.
        Returns: decimal number.
        net_version; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("net_version", SAFE, 30), {}))

    async def peer_discover(
        self,
        *,
        request: t.DiscoverRequest,
    ) -> None:
        """Sets how many peers of a topic to look for, and looks for them now.
        request: what to look for
        peer_discover; scope admin; since 0.1.0.
        """
        await self._call(Call("peer_discover", 0, 30), {
            "request": request,
        })

    async def peer_prune(
        self,
    ) -> int:
        """Forgets the peers of earlier runs that the node is not connected to.
        Returns: number of peers that were forgotten.
        peer_prune; scope admin; since 0.1.0.
        """
        return cast("int", await self._call(Call("peer_prune", 0, 30), {}))

    async def peer_status(
        self,
    ) -> t.PoolStatus:
        """Tells for each topic the limits, who is connected, known or waiting, and which sources
        search.
        Returns: see the example; mode is fast, slow or off, the state of a source off, waiting,
        running or done.
        peer_status; scope read; since 0.1.0.
        """
        return cast("t.PoolStatus", await self._call(Call("peer_status", SAFE, 30), {}))

    async def peer_topics(
        self,
    ) -> t.TopicLists:
        """Lists the topics that are searched for, and those that this node is registered under.
        Returns: see the example.
        peer_topics; scope read; since 0.1.0.
        """
        return cast("t.TopicLists", await self._call(Call("peer_topics", SAFE, 30), {}))

    async def receive(
        self,
        *,
        since: int | None = None,
        timeout_seconds: float | None = None,
        max_messages: int | None = None,
        chat: str | None = None,
        consumer: str | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads messages that came, from a cursor on, and waits for the next if there is none. A
        consumer goes on after what it acknowledged with status_ackEvents.
        since: cursor after which to begin: 0 is the beginning of the log, -1 its end
        timeout_seconds: time to wait for a message, at most 60; 0 if left out
        max_messages: most events; 200 if left out, at most 1000
        chat: id of the only chat that is wanted
        consumer: name to go on as; needs the scope events
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: as of status_getEvents, with events of the type messages.new.
        receive; scope read; since 0.1.0.
        """
        return cast("t.EventPage", await self._call(Call("receive", ACCOUNT | SAFE, 90), {
            "since": since,
            "timeoutSeconds": timeout_seconds,
            "maxMessages": max_messages,
            "chat": chat,
            "consumer": consumer,
            "account": account,
        }))

    async def rpc_discover(
        self,
    ) -> Any:
        """Describes every method on offer on this connection as an OpenRPC document.
        Returns: an OpenRPC 1.3 document, whose version is that of the contract. Types and errors
        have names, under components. Of each method x-scope is the scope a token needs, x-since
        the release it appeared in, x-notification what a subscription pushes, x-setup (in an
        example) calls to make first: what they answer, or the part of it at the JSON pointer
        "at", is bound to a name and replaces {{name}}. x-errors are what every method may answer
        with, x-events the types of events.
        rpc.discover; scope read; since 0.1.0.
        """
        return await self._call(Call("rpc.discover", SAFE, 30), {})

    async def rpc_modules(
        self,
    ) -> dict[str, str]:
        """Lists the namespaces on offer on this connection, with their version.
        Returns: namespace → version.
        rpc_modules; scope read; since 0.1.0.
        """
        return cast("dict[str, str]", await self._call(Call("rpc_modules", SAFE, 30), {}))

    async def send(
        self,
        *,
        recipient: str | list[str],
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group, or to several of them. Chats are
        made if they are not there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant. A list of at most 100 sends to each: all are checked
        first, and if one is refused, nothing is sent
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers what became of the message; with others it
        is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer. With
        several recipients messages has the message of each, in their order, and status is that
        of the one that is least far.
        send; scope send; since 0.1.0.
        """
        return cast("t.Sent", await self._call(Call("send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "requestId": request_id,
            "account": account,
        }))

    async def settings_get_settings(
        self,
        *,
        account: str | None = None,
    ) -> dict[str, Any]:
        """Lists the settings that frontends keep with the account, and the account's public key.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: values by the names of the settings.
        settings_getSettings; scope read; since 0.1.0.
        """
        return cast("dict[str, Any]", await self._call(Call("settings_getSettings", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def settings_save_setting(
        self,
        *,
        name: str,
        value: Any | None = None,
        account: str | None = None,
    ) -> None:
        """Keeps a setting of a frontend with the account: at most 1000, 1 MiB together. The
        daemon's own configuration is another thing.
        name: 1 to 128 bytes
        value: any value; null or left out: the setting goes
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        settings_saveSetting; scope account; since 0.1.0.
        """
        await self._call(Call("settings_saveSetting", ACCOUNT, 30), {
            "name": name,
            "value": value,
            "account": account,
        })

    async def status_ack_events(
        self,
        *,
        consumer: str,
        cursor: int,
        owner: str | None = None,
        account: str | None = None,
    ) -> None:
        """Notes that a named consumer is done with the events up to a cursor. It survives a crash
        of the daemon. One that is new belongs to the token: others, but for admins, neither see
        nor move nor remove it, and may have one of the same name. A token may have 10. A name
        must not begin with webhook, or look so. Without owner the token's own consumer is meant,
        else the one without owner.
        consumer: any name of at most 128 bytes, of characters that are shown
        cursor: of an event, or next of a page
        owner: whose it is, as status_listConsumers gives it
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_ackEvents; scope events; since 0.1.0.
        """
        await self._call(Call("status_ackEvents", ACCOUNT, 30), {
            "consumer": consumer,
            "cursor": cursor,
            "owner": owner,
            "account": account,
        })

    async def status_delete_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Leaves a chat and deletes it with its messages, all or nothing. A group that was left
        already, or that we were removed from, is deleted too.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_deleteChat; scope send; since 0.1.0.
        """
        await self._call(Call("status_deleteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def status_get_events(
        self,
        *,
        query: t.EventsQuery | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads the event log of the account from a cursor on, and waits for the next event if
        there is none. With a consumer it goes on after what this name acknowledged, or after
        since if that is later; one that is new begins at since, which is noted. Naming one needs
        the scope events.
        query: all members may be left out, and given as named parameters directly
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: events in order; next is the since of the next call. With gap:true events are
        gone from the log that were not read yet, and from is the oldest there is.
        status_getEvents; scope read; since 0.1.0.
        """
        return cast("t.EventPage", await self._call(Call("status_getEvents", ACCOUNT | SAFE, 90), {
            "query": query,
            "account": account,
        }))

    async def status_health(
        self,
    ) -> t.Health:
        """Reports the state of the daemon and of its components, as GET /health does.
        Returns: levels are INITIALIZING, SYNCHRONIZING, READY, NOT_READY, NOT_MOUNTED and
        SHUTTING_DOWN.
        status_health; scope read; since 0.1.0.
        """
        return cast("t.Health", await self._call(Call("status_health", SAFE, 30), {}))

    async def status_list_consumers(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Consumer]:
        """Lists the named consumers of the event log that the token made; for an admin, all.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: owner is local (socket and rpc-token), token: and a name, daemon (webhooks), or
        empty for one from before there were owners; cursor is the last event acknowledged,
        behind the number of those after it.
        status_listConsumers; scope read; since 0.1.0.
        """
        return cast("list[t.Consumer]", await self._call(Call("status_listConsumers", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def status_login(
        self,
        *,
        request: t.SignIn,
    ) -> t.SignedIn:
        """Is account_login in the form of status-go.
        request: what is needed
        Returns: the id that follows from the chat key; the key itself is out of the reach of
        waku_*.
        status_login; scope account; since 0.1.0.
        """
        return cast("t.SignedIn", await self._call(Call("status_login", SECRET, 180), {
            "request": request,
        }))

    async def status_receive(
        self,
        *,
        since: int | None = None,
        timeout_seconds: float | None = None,
        max_messages: int | None = None,
        chat: str | None = None,
        consumer: str | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads messages that came, from a cursor on, and waits for the next if there is none. A
        consumer goes on after what it acknowledged with status_ackEvents.
        since: cursor after which to begin: 0 is the beginning of the log, -1 its end
        timeout_seconds: time to wait for a message, at most 60; 0 if left out
        max_messages: most events; 200 if left out, at most 1000
        chat: id of the only chat that is wanted
        consumer: name to go on as; needs the scope events
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: as of status_getEvents, with events of the type messages.new.
        status_receive; scope read; since 0.1.0.
        """
        return cast("t.EventPage", await self._call(Call("status_receive", ACCOUNT | SAFE, 90), {
            "since": since,
            "timeoutSeconds": timeout_seconds,
            "maxMessages": max_messages,
            "chat": chat,
            "consumer": consumer,
            "account": account,
        }))

    async def status_remove_consumer(
        self,
        *,
        consumer: str,
        owner: str | None = None,
        account: str | None = None,
    ) -> None:
        """Forgets a named consumer of the token; of anybody, for an admin. Without owner the
        token's own is meant, else the one without owner, else for an admin that of another, if
        just one has it.
        consumer: its name
        owner: whose it is, as status_listConsumers gives it
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_removeConsumer; scope events; since 0.1.0.
        """
        await self._call(Call("status_removeConsumer", ACCOUNT, 30), {
            "consumer": consumer,
            "owner": owner,
            "account": account,
        })

    async def status_resolve(
        self,
        *,
        name: str,
        kind: t.NameKind | None = None,
        account: str | None = None,
    ) -> t.Resolved:
        """Says what a name means, as status_send takes it. What could mean several things, or
        nothing, is an error that says what to give instead. Names that people gave themselves
        are not looked up: anybody may take any name.
        name: what people call somebody or something: zQ3sh… or 0x04…, @nickname, #public-chat,
        the id or name of a group, also behind a kind, as group:tea
        kind: what it has to mean; left out: anything
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: id of the chat, which for a person is the contact id; exact is a text that means
        nothing else.
        status_resolve; scope read; since 0.1.0.
        """
        return cast("t.Resolved", await self._call(Call("status_resolve", ACCOUNT | SAFE, 30), {
            "name": name,
            "kind": kind,
            "account": account,
        }))

    async def status_send(
        self,
        *,
        recipient: str | list[str],
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group, or to several of them. Chats are
        made if they are not there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant. A list of at most 100 sends to each: all are checked
        first, and if one is refused, nothing is sent
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers what became of the message; with others it
        is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer. With
        several recipients messages has the message of each, in their order, and status is that
        of the one that is least far.
        status_send; scope send; since 0.1.0.
        """
        return cast("t.Sent", await self._call(Call("status_send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "requestId": request_id,
            "account": account,
        }))

    async def status_signup(
        self,
        *,
        request: t.SignUp,
    ) -> t.SignedUp:
        """Is account_create in the form of status-go.
        request: what is needed
        Returns: address and pubkey are those of the first wallet key.
        status_signup; scope account; since 0.1.0.
        """
        return cast("t.SignedUp", await self._call(Call("status_signup", SECRET, 180), {
            "request": request,
        }))

    def status_subscribe(
        self,
        *,
        options: t.SignalsQuery | None = None,
    ) -> AsyncSubscription[t.EventNotice]:
        """Pushes events and the node's own signals over this connection (WebSocket and unix
        socket). Naming a consumer needs the scope events.
        options: all members may be left out
        Returns: id of the subscription; notifications status_subscription have an event as
        result, as status_getEvents has. Signals of the node (node.*, discovery.*,
        enode.discovered) have neither cursor nor account. Events are never dropped for a slow
        reader: {gap:true,from} stands where the log no longer had them, an error of the kind
        lagged where signals of the node are missing. It goes on through logout and login.
        status_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("status_subscribe", 0, 30), {
            "name": "signals",
            "options": options,
        })

    async def status_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        status_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("status_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    async def status_version(
        self,
    ) -> t.VersionInfo:
        """Tells version, commit and protocols of this program.
        Returns: see the example.
        status_version; scope read; since 0.1.0.
        """
        return cast("t.VersionInfo", await self._call(Call("status_version", SAFE, 30), {}))

    def subscribe_receive(
        self,
    ) -> AsyncSubscription[t.Received]:
        """Pushes messages that come in the form of signal-cli over this connection (WebSocket and
        unix socket).
        Returns: number of the subscription; notifications receive have params {subscription,
        result: {envelope, account, cursor}}. envelope.dataMessage is a message of somebody,
        envelope.syncMessage.sentMessage one that another device of ours sent.
        subscribeReceive; scope read; since 0.1.0.
        """
        return self._subscribe(Call("subscribeReceive", 0, 30), {})

    async def unsubscribe_receive(
        self,
        *,
        subscription: int,
    ) -> None:
        """Ends a subscription of subscribeReceive.
        subscription: its number
        unsubscribeReceive; scope read; since 0.1.0.
        """
        await self._call(Call("unsubscribeReceive", SAFE, 30), {
            "subscription": subscription,
        })

    async def version(
        self,
    ) -> t.VersionInfo:
        """Is status_version in the words of signal-cli.
        Returns: see the example.
        version; scope read; since 0.1.0.
        """
        return cast("t.VersionInfo", await self._call(Call("version", SAFE, 30), {}))

    async def waku_add_private_key(
        self,
        *,
        key: bytes | t.Bytes,
    ) -> str:
        """Stores a private key.
        key: 32 bytes
        Returns: id of the key pair; it follows from the key.
        waku_addPrivateKey; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_addPrivateKey", 0, 30), {
            "key": key,
        }))

    async def waku_add_sym_key(
        self,
        *,
        key: bytes | t.Bytes,
    ) -> str:
        """Stores a symmetric key.
        key: 32 bytes
        Returns: its id, which is random.
        waku_addSymKey; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_addSymKey", 0, 30), {
            "key": key,
        }))

    async def waku_cancel_light_client(
        self,
    ) -> bool:
        """Ends light mode.
        Returns: true.
        waku_cancelLightClient; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_cancelLightClient", 0, 30), {}))

    async def waku_delete_key_pair(
        self,
        *,
        id: str,
    ) -> bool:
        """Forgets a key pair.
        id: id of the key pair, or its public key in 0x hex
        Returns: true.
        waku_deleteKeyPair; scope send; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_deleteKeyPair", 0, 30), {
            "id": id,
        }))

    async def waku_delete_message_filter(
        self,
        *,
        id: str,
    ) -> bool:
        """Removes a filter.
        id: id of the filter
        Returns: true.
        waku_deleteMessageFilter; scope send; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_deleteMessageFilter", 0, 30), {
            "id": id,
        }))

    async def waku_delete_sym_key(
        self,
        *,
        id: str,
    ) -> bool:
        """Forgets a symmetric key.
        id: id of the key
        Returns: whether there was one.
        waku_deleteSymKey; scope send; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_deleteSymKey", 0, 30), {
            "id": id,
        }))

    async def waku_generate_sym_key_from_password(
        self,
        *,
        password: str,
    ) -> str:
        """Derives a symmetric key from a password and stores it. Public chats use their name as
        password.
        password: any text
        Returns: its id, which is random.
        waku_generateSymKeyFromPassword; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_generateSymKeyFromPassword", 0, 30), {
            "password": password,
        }))

    async def waku_get_filter_messages(
        self,
        *,
        id: str,
    ) -> list[t.WakuMessage]:
        """Takes the messages that a filter has kept since the last call. A filter keeps at most
        8192 messages or 64 MiB; the oldest go first.
        id: id of the filter
        Returns: the messages, in no particular order.
        waku_getFilterMessages; scope send; since 0.1.0.
        """
        return cast("list[t.WakuMessage]", await self._call(Call("waku_getFilterMessages", 0, 30), {
            "id": id,
        }))

    async def waku_get_private_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives the private key of a key pair that the caller made. Keys of accounts are never
        among them.
        id: id of the key pair, or its public key in 0x hex
        Returns: 32 bytes.
        waku_getPrivateKey; scope debug; since 0.1.0.
        """
        return cast("t.Bytes", await self._call(Call("waku_getPrivateKey", SECRET, 30), {
            "id": id,
        }))

    async def waku_get_public_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives the public key of a key pair.
        id: id of the key pair, or its public key in 0x hex
        Returns: 65 bytes, uncompressed.
        waku_getPublicKey; scope read; since 0.1.0.
        """
        return cast("t.Bytes", await self._call(Call("waku_getPublicKey", SAFE, 30), {
            "id": id,
        }))

    async def waku_get_sym_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives a symmetric key.
        id: id of the key
        Returns: 32 bytes.
        waku_getSymKey; scope debug; since 0.1.0.
        """
        return cast("t.Bytes", await self._call(Call("waku_getSymKey", SECRET, 30), {
            "id": id,
        }))

    async def waku_has_key_pair(
        self,
        *,
        id: str,
    ) -> bool:
        """Tells whether there is a key pair with this id.
        id: id of the key pair, or its public key in 0x hex
        Returns: whether there is.
        waku_hasKeyPair; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_hasKeyPair", SAFE, 30), {
            "id": id,
        }))

    async def waku_has_sym_key(
        self,
        *,
        id: str,
    ) -> bool:
        """Tells whether there is a symmetric key with this id.
        id: id of the key
        Returns: whether there is.
        waku_hasSymKey; scope read; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_hasSymKey", SAFE, 30), {
            "id": id,
        }))

    async def waku_info(
        self,
    ) -> t.WakuState:
        """Tells how many messages wait in the caller's polling filters, what the pool holds, and
        the limits in force.
        Returns: messages waiting, the proof of work demanded, the largest envelope in bytes;
        memory is the size of the envelopes of the pool in bytes.
        waku_info; scope read; since 0.1.0.
        """
        return cast("t.WakuState", await self._call(Call("waku_info", SAFE, 30), {}))

    async def waku_make_light_client(
        self,
    ) -> bool:
        """Makes this a light node: it relays nothing but its own messages.
        Returns: true.
        waku_makeLightClient; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_makeLightClient", 0, 30), {}))

    async def waku_mark_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Accepts peer-to-peer messages from a connected peer, also after it has reconnected.
        enode: URL or record of the peer
        Returns: true.
        waku_markTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_markTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    async def waku_new_key_pair(
        self,
    ) -> str:
        """Makes a key pair. Keys are kept in memory, for the token that made them alone, and go
        when it ends or the daemon stops. A token may have 1024.
        Returns: its id.
        waku_newKeyPair; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_newKeyPair", 0, 30), {}))

    async def waku_new_message_filter(
        self,
        *,
        criteria: t.FilterCriteria,
    ) -> str:
        """Installs a filter that keeps messages until they are polled. Exactly one of symKeyID and
        privateKeyID is given. It belongs to the token that installed it, and ends with it. A
        token may have 256 filters with 1000 topics; together they may have 1024 with 5000.
        criteria: what is wanted
        Returns: id of the filter.
        waku_newMessageFilter; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_newMessageFilter", 0, 30), {
            "criteria": criteria,
        }))

    async def waku_new_sym_key(
        self,
    ) -> str:
        """Makes a symmetric key.
        Returns: its id.
        waku_newSymKey; scope send; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_newSymKey", 0, 30), {}))

    async def waku_post(
        self,
        *,
        message: t.PostMessage,
    ) -> t.Hash:
        """Encrypts, signs and sends a message. Exactly one of symKeyID and pubKey is given.
        message: what to send
        Returns: hash of the envelope.
        waku_post; scope send; since 0.1.0.
        """
        return cast("t.Hash", await self._call(Call("waku_post", 0, 600), {
            "message": message,
        }))

    async def waku_set_bloom_filter(
        self,
        *,
        bloom: bytes | t.Bytes,
    ) -> bool:
        """Asks the peers for the topics of this bloom filter, and those of the filters, instead of
        a list of topics.
        bloom: 64 bytes
        Returns: true.
        waku_setBloomFilter; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_setBloomFilter", 0, 30), {
            "bloom": bloom,
        }))

    async def waku_set_max_envelope_size(
        self,
        *,
        size: int,
    ) -> bool:
        """The name 9/WAKU-RPC gives waku_setMaxMessageSize.
        size: bytes, at most 10485760
        Returns: true.
        waku_setMaxEnvelopeSize; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_setMaxEnvelopeSize", 0, 30), {
            "size": size,
        }))

    async def waku_set_max_message_size(
        self,
        *,
        size: int,
    ) -> bool:
        """Sets the size of the largest envelope that is accepted, until the daemon stops.
        size: bytes, at most 10485760
        Returns: true.
        waku_setMaxMessageSize; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_setMaxMessageSize", 0, 30), {
            "size": size,
        }))

    async def waku_set_min_pow(
        self,
        *,
        pow: float,
    ) -> bool:
        """Sets the proof of work that envelopes must have, until the daemon stops, and tells the
        peers. The earlier value is accepted for 10 more seconds.
        pow: 0 or more
        Returns: true.
        waku_setMinPoW; scope admin; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_setMinPoW", 0, 30), {
            "pow": pow,
        }))

    def waku_subscribe(
        self,
        *,
        criteria: t.FilterCriteria,
    ) -> AsyncSubscription[t.WakuMessage]:
        """Pushes messages over this connection as they arrive (WebSocket and unix socket).
        criteria: as of waku_newMessageFilter; topics are needed with symKeyID
        Returns: id of the subscription. Each message comes as a notification waku_subscription
        with params {subscription, result}; a gap, because the client reads too slowly, as one
        with params {subscription, error}.
        waku_subscribe; scope send; since 0.1.0.
        """
        return self._subscribe(Call("waku_subscribe", 0, 30), {
            "name": "messages",
            "criteria": criteria,
        })

    async def waku_uninstall_filter(
        self,
        *,
        id: str,
    ) -> None:
        """Removes a filter, if there is one with this id.
        id: id of the filter
        waku_uninstallFilter; scope send; since 0.1.0.
        """
        await self._call(Call("waku_uninstallFilter", 0, 30), {
            "id": id,
        })

    async def waku_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        waku_unsubscribe; scope send; since 0.1.0.
        """
        return cast("bool", await self._call(Call("waku_unsubscribe", 0, 30), {
            "id": id,
        }))

    async def waku_version(
        self,
    ) -> str:
        """Tells the version of the Waku protocol.
        Returns: always "1".
        waku_version; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("waku_version", SAFE, 30), {}))

    async def wakuext_accept_request_address_for_transaction(
        self,
        *,
        message_id: str,
        address: str,
        account: str | None = None,
    ) -> t.Changes:
        """Answers a person who asks for an address.
        message_id: id of the message, 0x and 64 hex digits
        address: where to pay to
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_acceptRequestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_acceptRequestAddressForTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "address": address,
            "account": account,
        }))

    async def wakuext_accept_request_transaction(
        self,
        *,
        tx_hash: str,
        message_id: str,
        signature: bytes | t.LooseBytes,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person who asked for a payment that a wallet made it.
        tx_hash: hash of the transaction
        message_id: id of the message, 0x and 64 hex digits
        signature: of the hash, by the wallet
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_acceptRequestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_acceptRequestTransaction", ACCOUNT, 30), {
            "txHash": tx_hash,
            "messageId": message_id,
            "signature": signature,
            "account": account,
        }))

    async def wakuext_add_admins_to_group_chat(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Makes members admins. Only admins may.
        chat_id: id of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_addAdminsToGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_addAdminsToGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    async def wakuext_add_members_to_group_chat(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Invites people to a group. Only admins may.
        chat_id: id of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_addMembersToGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_addMembersToGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    async def wakuext_block_contact(
        self,
        *,
        contact: t.BlockedContact,
        account: str | None = None,
    ) -> list[t.Chat]:
        """Deletes the messages of a person and takes no more of them.
        contact: the contact; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the chats that are left.
        wakuext_blockContact; scope contacts; since 0.1.0.
        """
        return cast("list[t.Chat]", await self._call(Call("wakuext_blockContact", ACCOUNT, 30), {
            "contact": contact,
            "account": account,
        }))

    async def wakuext_change_group_chat_name(
        self,
        *,
        chat_id: str,
        name: str,
        account: str | None = None,
    ) -> t.Changes:
        """Renames a group. Only admins may.
        chat_id: id of the group
        name: the new name
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_changeGroupChatName; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_changeGroupChatName", ACCOUNT, 30), {
            "chatId": chat_id,
            "name": name,
            "account": account,
        }))

    async def wakuext_chat_messages(
        self,
        *,
        chat_id: str,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> t.MessagePage:
        """Returns the messages of a chat, page by page, newest first.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: messages, and the cursor of the next page, empty at the end.
        wakuext_chatMessages; scope read; since 0.1.0.
        """
        return cast("t.MessagePage", await self._call(Call("wakuext_chatMessages", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    async def wakuext_chats(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Chat]:
        """Lists the chats, closed ones (active: false) among them.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of chats with their last message.
        wakuext_chats; scope read; since 0.1.0.
        """
        return cast("list[t.Chat]", await self._call(Call("wakuext_chats", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def wakuext_confirm_joining_group(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Accepts the invitation to a group.
        chat_id: id of the group
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_confirmJoiningGroup; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_confirmJoiningGroup", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        }))

    async def wakuext_confirm_messages_processed_by_id(
        self,
        *,
        messages: list[Any] | None = None,
        account: str | None = None,
    ) -> None:
        """Does nothing: messages are confirmed in the transaction that stores them.
        messages: ignored
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_confirmMessagesProcessedByID; scope read; since 0.1.0.
        """
        await self._call(Call("wakuext_confirmMessagesProcessedByID", ACCOUNT | SAFE, 30), {
            "messages": messages,
            "account": account,
        })

    async def wakuext_contacts(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Contact]:
        """Lists the people that have a tag, a verified name or a nickname.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of contacts.
        wakuext_contacts; scope read; since 0.1.0.
        """
        return cast("list[t.Contact]", await self._call(Call("wakuext_contacts", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def wakuext_create_group_chat_from_invitation(
        self,
        *,
        name: str,
        chat_id: str,
        admin_pk: str,
        account: str | None = None,
    ) -> t.Changes:
        """Opens the chat of a group that a link names, to ask its admin for an invitation.
        name: name of the group
        chat_id: id of the group
        admin_pk: contact id of the admin
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_createGroupChatFromInvitation; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_createGroupChatFromInvitation", ACCOUNT, 30), {
            "name": name,
            "chatId": chat_id,
            "adminPk": admin_pk,
            "account": account,
        }))

    async def wakuext_create_group_chat_with_members(
        self,
        *,
        name: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Makes a private group and invites people.
        name: name of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_createGroupChatWithMembers; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_createGroupChatWithMembers", ACCOUNT, 30), {
            "name": name,
            "ids": ids,
            "account": account,
        }))

    async def wakuext_decline_request_address_for_transaction(
        self,
        *,
        message_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses to give an address.
        message_id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_declineRequestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_declineRequestAddressForTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "account": account,
        }))

    async def wakuext_decline_request_transaction(
        self,
        *,
        message_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses to pay.
        message_id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_declineRequestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_declineRequestTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "account": account,
        }))

    async def wakuext_delete_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Deletes a chat; older messages of it do not come back. A group is not left: its next
        update brings it back.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteChat; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_deleteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def wakuext_delete_message(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Deletes a message from this device.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteMessage; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_deleteMessage", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    async def wakuext_delete_messages_by_chat_id(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Deletes the messages of a chat from this device.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteMessagesByChatID; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_deleteMessagesByChatID", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def wakuext_disable_installation(
        self,
        *,
        installation_id: str,
        account: str | None = None,
    ) -> None:
        """Ends the pairing with another device of the account. It is not told.
        installation_id: id of the device
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_disableInstallation; scope account; since 0.1.0.
        """
        await self._call(Call("wakuext_disableInstallation", ACCOUNT, 30), {
            "installationId": installation_id,
            "account": account,
        })

    async def wakuext_echo(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> str:
        """Answers what it is given.
        text: any text
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the text.
        wakuext_echo; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("wakuext_echo", ACCOUNT | SAFE, 30), {
            "text": text,
            "account": account,
        }))

    async def wakuext_emoji_reactions_by_chat_id(
        self,
        *,
        chat_id: str,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> list[t.Reaction]:
        """Returns the reactions to the messages of a page, the same that wakuext_chatMessages
        returns.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of reactions that were not taken back.
        wakuext_emojiReactionsByChatID; scope read; since 0.1.0.
        """
        return cast("list[t.Reaction]", await self._call(Call("wakuext_emojiReactionsByChatID", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    async def wakuext_enable_installation(
        self,
        *,
        installation_id: str,
        account: str | None = None,
    ) -> None:
        """Pairs another device of the account: from now on it gets copies of what is sent. Do the
        same there.
        installation_id: id of the device
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_enableInstallation; scope account; since 0.1.0.
        """
        await self._call(Call("wakuext_enableInstallation", ACCOUNT, 30), {
            "installationId": installation_id,
            "account": account,
        })

    async def wakuext_get_contact_by_id(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> t.Contact | None:
        """Returns what is known of a person.
        id: contact id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the contact, null if nothing is known.
        wakuext_getContactByID; scope read; since 0.1.0.
        """
        return cast("t.Contact | None", await self._call(Call("wakuext_getContactByID", ACCOUNT | SAFE, 30), {
            "id": id,
            "account": account,
        }))

    async def wakuext_get_group_chat_invitations(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Invitation]:
        """Lists who asked to be let in, and where we asked.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of invitations.
        wakuext_getGroupChatInvitations; scope read; since 0.1.0.
        """
        return cast("list[t.Invitation]", await self._call(Call("wakuext_getGroupChatInvitations", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def wakuext_get_our_installations(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Installation]:
        """Lists the devices of the account that are known, this one first. Those that are enabled
        get copies of what is sent, at most three.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: timestamp: Unix nanoseconds of the newest sign of the device; metadata: null
        without any.
        wakuext_getOurInstallations; scope read; since 0.1.0.
        """
        return cast("list[t.Installation]", await self._call(Call("wakuext_getOurInstallations", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    async def wakuext_join(
        self,
        *,
        chat: t.ChatRef,
        account: str | None = None,
    ) -> None:
        """Listens to a chat and fetches its history.
        chat: the chat; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_join; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_join", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    async def wakuext_leave(
        self,
        *,
        chat: t.ChatRef,
        account: str | None = None,
    ) -> None:
        """Stops to listen to a chat.
        chat: the chat; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_leave; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_leave", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    async def wakuext_leave_group_chat(
        self,
        *,
        chat_id: str,
        remove: bool | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Leaves a group.
        chat_id: id of the group
        remove: true: close the chat, too
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_leaveGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_leaveGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "remove": remove,
            "account": account,
        }))

    async def wakuext_load_filters(
        self,
        *,
        filters: list[t.ChatFilterSpec],
        account: str | None = None,
    ) -> list[t.ChatFilter]:
        """Listens to places besides those of the chats, until the account is logged out or the
        token ends, and lists the filters of the account. An empty list only lists. A token may
        ask for 500 places.
        filters: chatId: a public chat, or, with oneToOne, a person: identity (hex without 0x) or
        chatId is the key. Other members do not matter
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: filterId: serves wakuext_removeFilters; symKeyId: empty, as keys of an account
        stay with it; identity: whose place it is, hex without 0x; chatId: name of the topic, of
        a negotiated one the person's id, since that name is a secret.
        wakuext_loadFilters; scope send; since 0.1.0.
        """
        return cast("list[t.ChatFilter]", await self._call(Call("wakuext_loadFilters", ACCOUNT, 30), {
            "filters": filters,
            "account": account,
        }))

    async def wakuext_mark_all_read(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Marks all messages of a chat as read.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_markAllRead; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_markAllRead", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def wakuext_mark_messages_seen(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> int:
        """Marks messages of a chat as read.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        ids: ids of messages
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: how many were unread.
        wakuext_markMessagesSeen; scope send; since 0.1.0.
        """
        return cast("int", await self._call(Call("wakuext_markMessagesSeen", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    async def wakuext_message_by_id(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> t.Message:
        """Returns one message.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the message.
        wakuext_messageByID; scope read; since 0.1.0.
        """
        return cast("t.Message", await self._call(Call("wakuext_messageByID", ACCOUNT | SAFE, 30), {
            "id": id,
            "account": account,
        }))

    async def wakuext_mute_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Marks a chat as muted.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_muteChat; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_muteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def wakuext_re_send_chat_message(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Sends a message of ours again, under the same id.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_reSendChatMessage; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_reSendChatMessage", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    async def wakuext_remove_filters(
        self,
        *,
        filters: list[t.ChatFilterSpec],
        account: str | None = None,
    ) -> None:
        """Takes back what the same token asked wakuext_loadFilters for. Places of the account's
        own, and of other tokens, stay.
        filters: by filterId or, without it, chatId; unknown ones do not matter
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_removeFilters; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_removeFilters", ACCOUNT, 30), {
            "filters": filters,
            "account": account,
        })

    async def wakuext_remove_member_from_group_chat(
        self,
        *,
        chat_id: str,
        id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Removes a member that is no admin. Only admins may.
        chat_id: id of the group
        id: contact id of the member
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_removeMemberFromGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_removeMemberFromGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "id": id,
            "account": account,
        }))

    async def wakuext_request_address_for_transaction(
        self,
        *,
        chat_id: str,
        from_: str,
        value: str,
        contract: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks a person for an address to pay to.
        chat_id: contact id of the other
        from_: our address
        value: amount
        contract: of the token; empty: ether
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_requestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_requestAddressForTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "from": from_,
            "value": value,
            "contract": contract,
            "account": account,
        }))

    async def wakuext_request_messages(
        self,
        *,
        request: t.HistoryRequest,
        account: str | None = None,
    ) -> t.Hash:
        """Asks a mailserver for one page of history and does not wait for it. Envelopes reach
        filters with allowP2P.
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: id of the request.
        wakuext_requestMessages; scope send; since 0.1.0.
        """
        return cast("t.Hash", await self._call(Call("wakuext_requestMessages", ACCOUNT, 30), {
            "request": request,
            "account": account,
        }))

    async def wakuext_request_messages_sync(
        self,
        *,
        config: t.RetryConfig,
        request: t.HistoryRequest,
        account: str | None = None,
    ) -> t.HistoryPage:
        """Asks a mailserver for one page of history and waits until it has gone through the
        filters. Attempt k waits BaseTimeout and k times StepTimeout; only attempts that get no
        answer are repeated. Envelopes reach filters with allowP2P.
        config: when to try again
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: cursor: hex without 0x, where the next page starts, empty at the end; error: the
        server's, empty if none.
        wakuext_requestMessagesSync; scope send; since 0.1.0.
        """
        return cast("t.HistoryPage", await self._call(Call("wakuext_requestMessagesSync", ACCOUNT, 600), {
            "config": config,
            "request": request,
            "account": account,
        }))

    async def wakuext_request_transaction(
        self,
        *,
        chat_id: str,
        value: str,
        contract: str,
        address: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks a person for a payment.
        chat_id: contact id of the other
        value: amount
        contract: of the token; empty: ether
        address: where to pay to
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_requestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_requestTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "value": value,
            "contract": contract,
            "address": address,
            "account": account,
        }))

    async def wakuext_save_chat(
        self,
        *,
        chat: t.ChatSettings,
        account: str | None = None,
    ) -> None:
        """Creates a chat or changes what belongs to the user: name, colour, active, muted. Sending
        needs a saved chat.
        chat: id, name, chatType (1 one-to-one, 2 public, 4 profile), active, color
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_saveChat; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_saveChat", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    async def wakuext_save_contact(
        self,
        *,
        contact: t.ContactSettings,
        account: str | None = None,
    ) -> None:
        """Stores tags and nickname of a person. To add somebody: the tag :contact/added, then
        sendContactUpdate.
        contact: id, systemTags, localNickname
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_saveContact; scope contacts; since 0.1.0.
        """
        await self._call(Call("wakuext_saveContact", ACCOUNT, 30), {
            "contact": contact,
            "account": account,
        })

    async def wakuext_search_messages(
        self,
        *,
        text: str,
        chat_id: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> t.MessagePage:
        """Finds messages that contain a text, in any case of letters, newest first.
        text: what to look for
        chat_id: id of the chat: a channel's name, a contact id, a group's id; empty: all chats
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: messages, and the cursor of the next page, empty at the end.
        wakuext_searchMessages; scope read; since 0.1.0.
        """
        return cast("t.MessagePage", await self._call(Call("wakuext_searchMessages", ACCOUNT | SAFE, 30), {
            "text": text,
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    async def wakuext_send_chat_message(
        self,
        *,
        message: t.OutgoingMessage,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Sends a message to a saved chat. It returns when the message is stored; it leaves as soon
        as there is a peer.
        message: chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio),
        responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or
        audio, or over the socket as imagePath or audioPath, with audioDurationMs
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers the message that the first one sent; with
        others it is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendChatMessage; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendChatMessage", ACCOUNT, 30), {
            "message": message,
            "requestId": request_id,
            "account": account,
        }))

    async def wakuext_send_contact_update(
        self,
        *,
        id: str,
        ens_name: str | None = None,
        image: str | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person that we added them, with our name and picture.
        id: contact id
        ens_name: our name, ending in .eth, or empty
        image: data URL of our picture, or empty
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendContactUpdate; scope contacts; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendContactUpdate", ACCOUNT, 30), {
            "id": id,
            "ensName": ens_name,
            "image": image,
            "account": account,
        }))

    async def wakuext_send_contact_updates(
        self,
        *,
        ens_name: str | None = None,
        image: str | None = None,
        account: str | None = None,
    ) -> None:
        """Tells all added contacts and our other devices our name and picture.
        ens_name: our name, ending in .eth, or empty
        image: data URL of our picture, or empty
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_sendContactUpdates; scope contacts; since 0.1.0.
        """
        await self._call(Call("wakuext_sendContactUpdates", ACCOUNT, 30), {
            "ensName": ens_name,
            "image": image,
            "account": account,
        })

    async def wakuext_send_emoji_reaction(
        self,
        *,
        chat_id: str,
        message_id: str,
        emoji_type: t.Emoji,
        account: str | None = None,
    ) -> t.Changes:
        """Reacts to a message.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        message_id: id of the message, 0x and 64 hex digits
        emoji_type: 1 love, 2 thumbs up, 3 thumbs down, 4 laugh, 5 sad, 6 angry
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendEmojiReaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendEmojiReaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "messageId": message_id,
            "emojiType": emoji_type,
            "account": account,
        }))

    async def wakuext_send_emoji_reaction_retraction(
        self,
        *,
        reaction_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Takes a reaction back.
        reaction_id: id of the reaction
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendEmojiReactionRetraction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendEmojiReactionRetraction", ACCOUNT, 30), {
            "reactionId": reaction_id,
            "account": account,
        }))

    async def wakuext_send_group_chat_invitation_rejection(
        self,
        *,
        invitation_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses a request to be let into a group of ours.
        invitation_id: id of the invitation
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendGroupChatInvitationRejection; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendGroupChatInvitationRejection", ACCOUNT, 30), {
            "invitationId": invitation_id,
            "account": account,
        }))

    async def wakuext_send_group_chat_invitation_request(
        self,
        *,
        chat_id: str,
        admin_pk: str,
        text: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks the admin of a group for an invitation.
        chat_id: id of the group
        admin_pk: contact id of the admin
        text: who is asking
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendGroupChatInvitationRequest; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendGroupChatInvitationRequest", ACCOUNT, 30), {
            "chatId": chat_id,
            "adminPk": admin_pk,
            "text": text,
            "account": account,
        }))

    async def wakuext_send_pair_installation(
        self,
        *,
        account: str | None = None,
    ) -> t.Changes:
        """Shows this device, with its name, to the other devices of the account, paired or not.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the device.
        wakuext_sendPairInstallation; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendPairInstallation", ACCOUNT, 30), {
            "account": account,
        }))

    async def wakuext_send_transaction(
        self,
        *,
        chat_id: str,
        value: str,
        contract: str,
        tx_hash: str,
        signature: bytes | t.LooseBytes,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person of a payment that a wallet made.
        chat_id: contact id of the other
        value: amount
        contract: of the token; empty: ether
        tx_hash: hash of the transaction
        signature: of the hash, by the wallet
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "value": value,
            "contract": contract,
            "txHash": tx_hash,
            "signature": signature,
            "account": account,
        }))

    async def wakuext_set_installation_metadata(
        self,
        *,
        installation_id: str,
        metadata: t.InstallationMetadataInput,
        account: str | None = None,
    ) -> None:
        """Names a device of the account, this one or another. Name and type of this one travel with
        wakuext_sendPairInstallation.
        installation_id: id of the device
        metadata: name, deviceType (desktop, ios, android …), fcmToken, which stays on this
        machine
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_setInstallationMetadata; scope account; since 0.1.0.
        """
        await self._call(Call("wakuext_setInstallationMetadata", ACCOUNT, 30), {
            "installationId": installation_id,
            "metadata": metadata,
            "account": account,
        })

    async def wakuext_sign_message_with_chat_key(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> t.Bytes:
        """Signs a text with the chat key: Keccak-256 of "\\x19Ethereum Signed Message:\\n", length
        and text.
        text: taken as it is, also if it looks like hex
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: 65 bytes R‖S‖V, V is 0 or 1.
        wakuext_signMessageWithChatKey; scope account; since 0.1.0.
        """
        return cast("t.Bytes", await self._call(Call("wakuext_signMessageWithChatKey", ACCOUNT, 30), {
            "text": text,
            "account": account,
        }))

    async def wakuext_start_messenger(
        self,
        *,
        account: str | None = None,
    ) -> None:
        """Does nothing: the messenger runs as soon as an account is logged in.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_startMessenger; scope read; since 0.1.0.
        """
        await self._call(Call("wakuext_startMessenger", ACCOUNT | SAFE, 30), {
            "account": account,
        })

    async def wakuext_unmute_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Takes the mark back.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_unmuteChat; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_unmuteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    async def wakuext_update_mailservers(
        self,
        *,
        enodes: list[str],
        account: str | None = None,
    ) -> None:
        """Replaces the mailservers that this node asks, also after a restart. The first one is
        preferred. Without any, those of the configuration count again.
        enodes: URLs, which may carry a password: enode://id:password@host:port
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_updateMailservers; scope admin; since 0.1.0.
        """
        await self._call(Call("wakuext_updateMailservers", ACCOUNT, 30), {
            "enodes": enodes,
            "account": account,
        })

    async def wakuext_update_message_outgoing_status(
        self,
        *,
        id: str,
        status: t.OutgoingStatus,
        account: str | None = None,
    ) -> None:
        """Sets the state of an own message. The daemon does that itself; a state never goes
        backwards.
        id: id of the message, 0x and 64 hex digits
        status: sending, sent, not-sent or delivered
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_updateMessageOutgoingStatus; scope send; since 0.1.0.
        """
        await self._call(Call("wakuext_updateMessageOutgoingStatus", ACCOUNT, 30), {
            "id": id,
            "status": status,
            "account": account,
        })

    async def web3_client_version(
        self,
    ) -> str:
        """Tells name and version of this program.
        Returns: name/version/system/language.
        web3_clientVersion; scope read; since 0.1.0.
        """
        return cast("str", await self._call(Call("web3_clientVersion", SAFE, 30), {}))

    async def web3_sha3(
        self,
        *,
        data: bytes | t.Bytes,
    ) -> t.Bytes:
        """Hashes bytes with Keccak-256.
        data: any bytes
        Returns: 32 bytes.
        web3_sha3; scope read; since 0.1.0.
        """
        return cast("t.Bytes", await self._call(Call("web3_sha3", SAFE, 30), {
            "data": data,
        }))


class Methods:
    """The methods of the daemon."""

    def _call(self, call: Call, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _subscribe(self, call: Call, params: dict[str, Any]) -> Subscription[Any]:
        raise NotImplementedError

    def account_backup(
        self,
        *,
        password: str,
        with_keys: bool | None = None,
    ) -> t.WrittenBackup:
        """Writes the account that is logged in, with its database, into one encrypted file in the
        folder backups of the data directory. statusd restore reads it.
        password: to protect the file with; it need not be that of the account
        with_keys: true: with keys and phrase. Without, restoring needs one of them
        Returns: where the file is.
        account_backup; scope account; since 0.1.0.
        """
        return cast("t.WrittenBackup", self._call(Call("account_backup", SECRET, 180), {
            "password": password,
            "withKeys": with_keys,
        }))

    def account_change_password(
        self,
        *,
        key_uid: str,
        old_password: str,
        new_password: str,
        no_password: bool | None = None,
    ) -> None:
        """Puts an account under another password, whether it is logged in or not. After a crash
        either the old or the new one is in force.
        key_uid: key-uid or name of the account
        old_password: the password until now
        new_password: the password from now on
        no_password: true: take an empty password, which protects nothing
        account_changePassword; scope account; since 0.1.0.
        """
        self._call(Call("account_changePassword", SECRET, 180), {
            "keyUid": key_uid,
            "oldPassword": old_password,
            "newPassword": new_password,
            "noPassword": no_password,
        })

    def account_check_database(
        self,
    ) -> None:
        """Reads the whole database of the account that is logged in. Its messages wait meanwhile.
        account_checkDatabase; scope admin; since 0.1.0.
        """
        self._call(Call("account_checkDatabase", 0, 600), {})

    def account_confirm_backup(
        self,
        *,
        key_uid: str,
    ) -> None:
        """Removes the phrase of the account that is logged in: its owner has written it down. It
        cannot be exported any more.
        key_uid: key-uid or name of the account
        account_confirmBackup; scope account; since 0.1.0.
        """
        self._call(Call("account_confirmBackup", 0, 180), {
            "keyUid": key_uid,
        })

    def account_create(
        self,
        *,
        password: str,
        name: str | None = None,
        words: int | None = None,
        passphrase: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account from a new phrase. The phrase is kept, encrypted, until
        account_confirmBackup: let its owner write it down.
        password: password of the account
        name: to tell accounts apart, at most 256 bytes
        words: of the phrase: 12 (the default), 15, 18, 21 or 24
        passphrase: of BIP39, part of the seed; ordinary accounts have none
        no_password: true: take an empty password, which protects nothing
        Returns: the account: its chat key, the phrase, and the keys that have a key file, by
        their paths.
        account_create; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", self._call(Call("account_create", SECRET, 180), {
            "password": password,
            "name": name,
            "words": words,
            "passphrase": passphrase,
            "noPassword": no_password,
        }))

    def account_delete(
        self,
        *,
        key_uid: str,
        confirm: str,
    ) -> None:
        """Deletes an account with its keys and its database, for good. It must not be logged in.
        key_uid: key-uid or name of the account
        confirm: the key-uid of the account again
        account_delete; scope account; since 0.1.0.
        """
        self._call(Call("account_delete", 0, 180), {
            "keyUid": key_uid,
            "confirm": confirm,
        })

    def account_export(
        self,
        *,
        key_uid: str,
        password: str,
        format: t.ExportFormat,
    ) -> t.Exported:
        """Gives out the keys of an account: its key files, which stay encrypted under its password,
        or its phrase, if that is still kept.
        key_uid: key-uid or name of the account
        password: password of the account
        format: of the keys
        Returns: files or mnemonic.
        account_export; scope account; since 0.1.0.
        """
        return cast("t.Exported", self._call(Call("account_export", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
            "format": format,
        }))

    def account_import_key(
        self,
        *,
        private_key: str,
        password: str,
        name: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account whose chat key is a given private key. Nothing is derived from it.
        private_key: 64 hex digits, with 0x or without
        password: to protect the account with
        name: to tell accounts apart, at most 256 bytes
        no_password: true: take an empty password, which protects nothing
        Returns: as of account_create, without the phrase.
        account_importKey; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", self._call(Call("account_importKey", SECRET, 180), {
            "privateKey": private_key,
            "password": password,
            "name": name,
            "noPassword": no_password,
        }))

    def account_import_keystore(
        self,
        *,
        json: Any,
        file_password: str,
        password: str,
        name: str | None = None,
        no_password: bool | None = None,
    ) -> t.NewAccount:
        """Makes an account from a key file of this program, of geth or of a Status app.
        json: the content of the file, as an object or as a string
        file_password: the file's password as its owner types it
        password: to protect the account with
        name: to tell accounts apart, at most 256 bytes
        no_password: true: take an empty password, which protects nothing
        Returns: as of account_create, without the phrase.
        account_importKeystore; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", self._call(Call("account_importKeystore", SECRET, 180), {
            "json": json,
            "filePassword": file_password,
            "password": password,
            "name": name,
            "noPassword": no_password,
        }))

    def account_import_mnemonic(
        self,
        *,
        mnemonic: str,
        password: str,
        passphrase: str | None = None,
        name: str | None = None,
        allow_invalid_checksum: bool | None = None,
        legacy_chat_key: bool | None = None,
        no_password: bool | None = None,
        language: t.PhraseLanguage | None = None,
    ) -> t.NewAccount:
        """Makes an account from a phrase. Case, white space, invisible characters and accents do
        not matter. With allowInvalidChecksum the text is taken exactly as it is, without any
        check, as status-go's import did; legacyChatKey is for accounts older than multi-account.
        mnemonic: the phrase, in any of the official languages
        password: to protect the account with
        passphrase: of BIP39; ordinary accounts have none
        name: to tell accounts apart, at most 256 bytes
        allow_invalid_checksum: true: take the text as it is, unchecked
        legacy_chat_key: true: the chat key is the first wallet key
        no_password: true: take an empty password, which protects nothing
        language: of the phrase, if it is valid in several
        Returns: as of account_create, without the phrase.
        account_importMnemonic; scope account; since 0.1.0.
        """
        return cast("t.NewAccount", self._call(Call("account_importMnemonic", SECRET, 180), {
            "mnemonic": mnemonic,
            "password": password,
            "passphrase": passphrase,
            "name": name,
            "allowInvalidChecksum": allow_invalid_checksum,
            "legacyChatKey": legacy_chat_key,
            "noPassword": no_password,
            "language": language,
        }))

    def account_list(
        self,
    ) -> list[t.ListedAccount]:
        """Lists the accounts, last login first.
        Returns: fields with dashes are those of status-go; timestamp is that of the last login,
        in seconds; damaged means that account.json cannot be read, which the next login mends.
        account_list; scope read; since 0.1.0.
        """
        return cast("list[t.ListedAccount]", self._call(Call("account_list", SAFE, 180), {}))

    def account_login(
        self,
        *,
        key_uid: str,
        password: str,
    ) -> t.LoggedIn:
        """Opens an account. If it is open already, its password is checked and nothing else
        happens.
        key_uid: key-uid or name of the account
        password: password of the account
        Returns: whose account it is, and the id of this copy of it.
        account_login; scope account; since 0.1.0.
        """
        return cast("t.LoggedIn", self._call(Call("account_login", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
        }))

    def account_logout(
        self,
    ) -> None:
        """Closes the account that is logged in.
        account_logout; scope account; since 0.1.0.
        """
        self._call(Call("account_logout", 0, 180), {})

    def account_vacuum_database(
        self,
    ) -> t.DatabaseSize:
        """Rewrites the database of the account that is logged in without the space of what was
        deleted. It needs twice the space for a moment.
        Returns: the size that it has now.
        account_vacuumDatabase; scope admin; since 0.1.0.
        """
        return cast("t.DatabaseSize", self._call(Call("account_vacuumDatabase", 0, 600), {}))

    def account_verify_password(
        self,
        *,
        key_uid: str,
        password: str,
    ) -> bool:
        """Tells whether a password is that of an account.
        key_uid: key-uid or name of the account
        password: password of the account
        Returns: whether it is.
        account_verifyPassword; scope account; since 0.1.0.
        """
        return cast("bool", self._call(Call("account_verifyPassword", SECRET, 180), {
            "keyUid": key_uid,
            "password": password,
        }))

    def accounts_delete_account(
        self,
        *,
        address: str,
        account: str | None = None,
    ) -> None:
        """Forgets an account of a wallet that a frontend kept. Accounts of the daemon:
        account_delete.
        address: 0x and 40 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_deleteAccount; scope account; since 0.1.0.
        """
        self._call(Call("accounts_deleteAccount", ACCOUNT, 30), {
            "address": address,
            "account": account,
        })

    def accounts_get_accounts(
        self,
        *,
        account: str | None = None,
    ) -> list[t.WalletAccount]:
        """Lists the accounts of a wallet that frontends keep with the account; that of the chat key
        is always among them.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_getAccounts; scope read; since 0.1.0.
        """
        return cast("list[t.WalletAccount]", self._call(Call("accounts_getAccounts", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def accounts_save_accounts(
        self,
        *,
        accounts: list[t.WalletAccountInput],
        account: str | None = None,
    ) -> None:
        """Keeps accounts of a wallet with the account, for frontends: at most 1000, 1 MiB together.
        No keys are made or kept.
        accounts: to add, or to put in the place of older ones
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        accounts_saveAccounts; scope account; since 0.1.0.
        """
        self._call(Call("accounts_saveAccounts", ACCOUNT, 30), {
            "accounts": accounts,
            "account": account,
        })

    def admin_add_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Connects to a node, and again whenever the connection is lost, until the daemon stops.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true: the node was noted.
        admin_addPeer; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_addPeer", 0, 30), {
            "enode": enode,
        }))

    def admin_add_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Lets a node connect also when there is no free slot.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_addTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_addTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    def admin_datadir(
        self,
    ) -> str:
        """Tells the data directory.
        Returns: absolute path.
        admin_datadir; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("admin_datadir", SAFE, 30), {}))

    def admin_node_info(
        self,
    ) -> t.NodeInfo:
        """Describes this node: id, addresses and protocols.
        Returns: as go-ethereum's.
        admin_nodeInfo; scope read; since 0.1.0.
        """
        return cast("t.NodeInfo", self._call(Call("admin_nodeInfo", SAFE, 30), {}))

    def admin_peers(
        self,
    ) -> list[t.PeerInfo]:
        """Describes the connected peers, with their Waku statistics.
        Returns: as go-ethereum's, protocols.waku is ours.
        admin_peers; scope read; since 0.1.0.
        """
        return cast("list[t.PeerInfo]", self._call(Call("admin_peers", SAFE, 30), {}))

    def admin_remove_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Disconnects from a node and no longer tries to connect to it.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_removePeer; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_removePeer", 0, 30), {
            "enode": enode,
        }))

    def admin_remove_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Takes that privilege away; the connection stays.
        enode: URL (enode://…) or record (enr:…) of the node
        Returns: true.
        admin_removeTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_removeTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    def admin_set_log_level(
        self,
        *,
        module: str | None = None,
        level: t.LogLevel | None = None,
    ) -> bool:
        """Changes what is logged, until the daemon stops. A single positional parameter is the
        level.
        module: for instance waku or rpc; left out or null: all
        level: error, warn, info, debug or trace
        Returns: true.
        admin_setLogLevel; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_setLogLevel", 0, 30), {
            "module": module,
            "level": level,
        }))

    def admin_shutdown(
        self,
    ) -> bool:
        """Stops the daemon in good order.
        Returns: true.
        admin_shutdown; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_shutdown", 0, 30), {}))

    def admin_subscribe(
        self,
    ) -> Subscription[t.PeerEvent]:
        """Pushes what happens to peers over this connection (WebSocket and unix socket).
        Returns: id of the subscription; notifications admin_subscription have go-ethereum's peer
        events as result, types add and drop.
        admin_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("admin_subscribe", 0, 30), {
            "name": "peerEvents",
        })

    def admin_token_add(
        self,
        *,
        name: str,
        scopes: list[t.Scope],
        account: str | None = None,
        expires_in_seconds: int | None = None,
    ) -> t.NewToken:
        """Makes a token for HTTP and WebSocket. It is shown this once; the daemon keeps its hash
        alone.
        name: to tell tokens apart
        scopes: what it allows
        account: key-uid of the only account it is for; left out: any
        expires_in_seconds: left out: never
        Returns: the token.
        admin_tokenAdd; scope admin; since 0.1.0.
        """
        return cast("t.NewToken", self._call(Call("admin_tokenAdd", SECRET, 30), {
            "name": name,
            "scopes": scopes,
            "account": account,
            "expiresInSeconds": expires_in_seconds,
        }))

    def admin_token_list(
        self,
    ) -> list[t.TokenInfo]:
        """Lists the tokens that were made, without the one in the data directory.
        Returns: expires is left out for a token that does not expire.
        admin_tokenList; scope admin; since 0.1.0.
        """
        return cast("list[t.TokenInfo]", self._call(Call("admin_tokenList", 0, 30), {}))

    def admin_token_revoke(
        self,
        *,
        name: str,
    ) -> None:
        """Ends a token at once, with the connections that it opened.
        name: of the token
        admin_tokenRevoke; scope admin; since 0.1.0.
        """
        self._call(Call("admin_tokenRevoke", 0, 30), {
            "name": name,
        })

    def admin_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        admin_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("admin_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    def discovery_status(
        self,
    ) -> t.DiscoveryReport:
        """Describes the sources of nodes, the registrations of this node and its UDP endpoint.
        Returns: see the example; degraded: a source fails and the others carry on. packetsIn and
        packetsOut count since the start.
        discovery_status; scope read; since 0.1.0.
        """
        return cast("t.DiscoveryReport", self._call(Call("discovery_status", SAFE, 30), {}))

    def discovery_subscribe(
        self,
    ) -> Subscription[t.DiscoverySignal]:
        """Pushes what discovery does over this connection (WebSocket and unix socket).
        Returns: id of the subscription; notifications discovery_subscription have {type, event}
        as result: discovery.started and discovery.stopped with event null, discovery.summary
        with the list of connected peers, enode.discovered with {enode, topic}, enode being the
        node id.
        discovery_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("discovery_subscribe", 0, 30), {
            "name": "signals",
        })

    def discovery_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        discovery_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("discovery_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    def key_convert(
        self,
        *,
        key: str,
        base: str,
    ) -> str:
        """Writes a public key, compressed, in a multibase form.
        key: a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form
        base: name or prefix character of the base, for instance base58btc or z
        Returns: text.
        key_convert; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("key_convert", SAFE, 30), {
            "key": key,
            "base": base,
        }))

    def key_inspect(
        self,
        *,
        key: str,
    ) -> t.KeyForms:
        """Shows the forms of a public key.
        key: a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form
        Returns: alias is the three-word name, empty without word lists; identicon is a picture
        as data URI.
        key_inspect; scope read; since 0.1.0.
        """
        return cast("t.KeyForms", self._call(Call("key_inspect", SAFE, 30), {
            "key": key,
        }))

    def key_validate_mnemonic(
        self,
        *,
        mnemonic: str,
    ) -> t.PhraseCheck:
        """Checks the words and the checksum of a phrase.
        mnemonic: the phrase, in any of the official languages
        Returns: whether it is valid; word is the place of the first unknown one, counted from 1.
        key_validateMnemonic; scope account; since 0.1.0.
        """
        return cast("t.PhraseCheck", self._call(Call("key_validateMnemonic", SECRET, 30), {
            "mnemonic": mnemonic,
        }))

    def list_contacts(
        self,
        *,
        recipient: str | None = None,
        account: str | None = None,
    ) -> list[t.ListedContact]:
        """Lists the contacts in the form of signal-cli.
        recipient: id of the only contact wanted
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: number is the contact id, name the nickname or, as ~name (key), what the person
        calls itself; nameGivenBy says which: you, them, or key where there is only the alias.
        listContacts; scope read; since 0.1.0.
        """
        return cast("list[t.ListedContact]", self._call(Call("listContacts", ACCOUNT | SAFE, 30), {
            "recipient": recipient,
            "account": account,
        }))

    def list_groups(
        self,
        *,
        group_id: str | None = None,
        account: str | None = None,
    ) -> list[t.ListedGroup]:
        """Lists the private groups in the form of signal-cli.
        group_id: id of the only group wanted
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: number of a member is the contact id.
        listGroups; scope read; since 0.1.0.
        """
        return cast("list[t.ListedGroup]", self._call(Call("listGroups", ACCOUNT | SAFE, 30), {
            "groupId": group_id,
            "account": account,
        }))

    def mailserver_backfill(
        self,
        *,
        request: t.BackfillRequest,
    ) -> t.BackfilledPage:
        """Asks another mailserver for one page of everything between two times and archives it, for
        a mailserver that was away. Answers when the page is durable. Newest first.
        request: what is asked for
        Returns: server: enode of the one that answered; envelopes that came; archived: of those,
        handed to the archive, which leaves out what it has; skipped: of those, too large or with
        too little proof of work; cursor: hex without 0x, where the next page starts at the same
        server; done: nothing is left.
        mailserver_backfill; scope admin; since 0.1.0.
        """
        return cast("t.BackfilledPage", self._call(Call("mailserver_backfill", 0, 600), {
            "request": request,
        }))

    def mailserver_fetch(
        self,
        *,
        request: t.FetchRequest,
        account: str | None = None,
    ) -> t.FetchedPage:
        """Fetches one page of history: connects if need be, tries each server twice, and answers
        when all of the page has gone through the filters. Newest first. Envelopes reach filters
        with allowP2P. Another server may count cursors otherwise. Without symKeyID and a
        password in the enode, the well-known password is used.
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: server: enode of the one that answered; envelopes: of the wanted topics; cursor:
        hex without 0x, where the next page starts; done: nothing is left.
        mailserver_fetch; scope send; since 0.1.0.
        """
        return cast("t.FetchedPage", self._call(Call("mailserver_fetch", ACCOUNT, 600), {
            "request": request,
            "account": account,
        }))

    def mailserver_stats(
        self,
    ) -> t.ArchiveReport:
        """Describes the mailserver that this node is: what it has archived, and whether it still
        does.
        Returns: health.reason says what keeps it from archiving. recorder counts since the
        start. archive: oldest and newest are Unix seconds, diskBytes is -1 when not known; null
        while the archive cannot be read.
        mailserver_stats; scope read; since 0.1.0.
        """
        return cast("t.ArchiveReport", self._call(Call("mailserver_stats", SAFE, 30), {}))

    def mailserver_status(
        self,
        *,
        account: str | None = None,
    ) -> t.MailserversStatus:
        """Lists the mailservers that this node asks, the best one first, and the requests that wait
        for an answer.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: servers: givenUp counts pages in a row, streak tries in a row without an answer;
        unwanted are envelopes of topics not asked for, refused those outside the request.
        outstanding: since when, and how many envelopes have come.
        mailserver_status; scope read; since 0.1.0.
        """
        return cast("t.MailserversStatus", self._call(Call("mailserver_status", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def mailservers_add_chat_request_range(
        self,
        *,
        range: t.RequestRangeInput,
        account: str | None = None,
    ) -> None:
        """Remembers the time of a chat that has been fetched.
        range: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addChatRequestRange; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_addChatRequestRange", ACCOUNT, 30), {
            "range": range,
            "account": account,
        })

    def mailservers_add_mailserver(
        self,
        *,
        mailserver: t.SavedMailserverInput,
        account: str | None = None,
    ) -> None:
        """Remembers a mailserver, over one with the same id. wakuext_updateMailservers puts servers
        to use.
        mailserver: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserver; scope admin; since 0.1.0.
        """
        self._call(Call("mailservers_addMailserver", ACCOUNT, 30), {
            "mailserver": mailserver,
            "account": account,
        })

    def mailservers_add_mailserver_request_gaps(
        self,
        *,
        gaps: list[t.RequestGapInput],
        account: str | None = None,
    ) -> None:
        """Remembers times of chats that have not been fetched, over those with the same id, all or
        none.
        gaps: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserverRequestGaps; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_addMailserverRequestGaps", ACCOUNT, 30), {
            "gaps": gaps,
            "account": account,
        })

    def mailservers_add_mailserver_topic(
        self,
        *,
        topic: t.MailserverTopicInput,
        account: str | None = None,
    ) -> None:
        """Remembers until when a topic has been fetched, over what was remembered of it.
        topic: what to remember
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_addMailserverTopic; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_addMailserverTopic", ACCOUNT, 30), {
            "topic": topic,
            "account": account,
        })

    def mailservers_delete_chat_request_range(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Forgets the fetched time of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteChatRequestRange; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_deleteChatRequestRange", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def mailservers_delete_mailserver(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Forgets a mailserver.
        id: id of the mailserver
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserver; scope admin; since 0.1.0.
        """
        self._call(Call("mailservers_deleteMailserver", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    def mailservers_delete_mailserver_request_gaps(
        self,
        *,
        ids: list[str],
        account: str | None = None,
    ) -> None:
        """Forgets gaps.
        ids: ids of the gaps
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverRequestGaps; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_deleteMailserverRequestGaps", ACCOUNT, 30), {
            "ids": ids,
            "account": account,
        })

    def mailservers_delete_mailserver_request_gaps_by_chat_id(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Forgets all gaps of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverRequestGapsByChatID; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_deleteMailserverRequestGapsByChatID", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def mailservers_delete_mailserver_topic(
        self,
        *,
        topic: str,
        account: str | None = None,
    ) -> None:
        """Forgets a topic.
        topic: the topic
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        mailservers_deleteMailserverTopic; scope send; since 0.1.0.
        """
        self._call(Call("mailservers_deleteMailserverTopic", ACCOUNT, 30), {
            "topic": topic,
            "account": account,
        })

    def mailservers_get_chat_request_ranges(
        self,
        *,
        account: str | None = None,
    ) -> list[t.RequestRange]:
        """Lists the fetched times of all chats.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the ranges.
        mailservers_getChatRequestRanges; scope read; since 0.1.0.
        """
        return cast("list[t.RequestRange]", self._call(Call("mailservers_getChatRequestRanges", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def mailservers_get_mailserver_request_gaps(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> list[t.RequestGap]:
        """Lists the gaps of a chat.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the gaps.
        mailservers_getMailserverRequestGaps; scope read; since 0.1.0.
        """
        return cast("list[t.RequestGap]", self._call(Call("mailservers_getMailserverRequestGaps", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "account": account,
        }))

    def mailservers_get_mailserver_topics(
        self,
        *,
        account: str | None = None,
    ) -> list[t.MailserverTopic]:
        """Lists what is remembered of topics.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the topics.
        mailservers_getMailserverTopics; scope read; since 0.1.0.
        """
        return cast("list[t.MailserverTopic]", self._call(Call("mailservers_getMailserverTopics", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def mailservers_get_mailservers(
        self,
        *,
        account: str | None = None,
    ) -> list[t.SavedMailserver]:
        """Lists the remembered mailservers, with their passwords.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the mailservers.
        mailservers_getMailservers; scope admin; since 0.1.0.
        """
        return cast("list[t.SavedMailserver]", self._call(Call("mailservers_getMailservers", ACCOUNT, 30), {
            "account": account,
        }))

    def mailservers_ping(
        self,
        *,
        query: t.PingQuery,
        account: str | None = None,
    ) -> list[t.PingResult]:
        """Measures how long a TCP connection to each address takes, all at once.
        query: what to try
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: in the order asked: address, and rttMs in milliseconds or error.
        mailservers_ping; scope send; since 0.1.0.
        """
        return cast("list[t.PingResult]", self._call(Call("mailservers_ping", ACCOUNT, 30), {
            "query": query,
            "account": account,
        }))

    def net_listening(
        self,
    ) -> bool:
        """Tells whether the peer-to-peer port accepts connections.
        Returns: whether it does.
        net_listening; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("net_listening", SAFE, 30), {}))

    def net_peer_count(
        self,
    ) -> t.Quantity:
        """Counts the connected peers.
        Returns: number in hex.
        net_peerCount; scope read; since 0.1.0.
        """
        return cast("t.Quantity", self._call(Call("net_peerCount", SAFE, 30), {}))

    def net_version(
        self,
    ) -> str:
        """Tells the configured network id.
        Returns: decimal number.
        net_version; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("net_version", SAFE, 30), {}))

    def peer_discover(
        self,
        *,
        request: t.DiscoverRequest,
    ) -> None:
        """Sets how many peers of a topic to look for, and looks for them now.
        request: what to look for
        peer_discover; scope admin; since 0.1.0.
        """
        self._call(Call("peer_discover", 0, 30), {
            "request": request,
        })

    def peer_prune(
        self,
    ) -> int:
        """Forgets the peers of earlier runs that the node is not connected to.
        Returns: number of peers that were forgotten.
        peer_prune; scope admin; since 0.1.0.
        """
        return cast("int", self._call(Call("peer_prune", 0, 30), {}))

    def peer_status(
        self,
    ) -> t.PoolStatus:
        """Tells for each topic the limits, who is connected, known or waiting, and which sources
        search.
        Returns: see the example; mode is fast, slow or off, the state of a source off, waiting,
        running or done.
        peer_status; scope read; since 0.1.0.
        """
        return cast("t.PoolStatus", self._call(Call("peer_status", SAFE, 30), {}))

    def peer_topics(
        self,
    ) -> t.TopicLists:
        """Lists the topics that are searched for, and those that this node is registered under.
        Returns: see the example.
        peer_topics; scope read; since 0.1.0.
        """
        return cast("t.TopicLists", self._call(Call("peer_topics", SAFE, 30), {}))

    def receive(
        self,
        *,
        since: int | None = None,
        timeout_seconds: float | None = None,
        max_messages: int | None = None,
        chat: str | None = None,
        consumer: str | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads messages that came, from a cursor on, and waits for the next if there is none. A
        consumer goes on after what it acknowledged with status_ackEvents.
        since: cursor after which to begin: 0 is the beginning of the log, -1 its end
        timeout_seconds: time to wait for a message, at most 60; 0 if left out
        max_messages: most events; 200 if left out, at most 1000
        chat: id of the only chat that is wanted
        consumer: name to go on as; needs the scope events
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: as of status_getEvents, with events of the type messages.new.
        receive; scope read; since 0.1.0.
        """
        return cast("t.EventPage", self._call(Call("receive", ACCOUNT | SAFE, 90), {
            "since": since,
            "timeoutSeconds": timeout_seconds,
            "maxMessages": max_messages,
            "chat": chat,
            "consumer": consumer,
            "account": account,
        }))

    def rpc_discover(
        self,
    ) -> Any:
        """Describes every method on offer on this connection as an OpenRPC document.
        Returns: an OpenRPC 1.3 document, whose version is that of the contract. Types and errors
        have names, under components. Of each method x-scope is the scope a token needs, x-since
        the release it appeared in, x-notification what a subscription pushes, x-setup (in an
        example) calls to make first: what they answer, or the part of it at the JSON pointer
        "at", is bound to a name and replaces {{name}}. x-errors are what every method may answer
        with, x-events the types of events.
        rpc.discover; scope read; since 0.1.0.
        """
        return self._call(Call("rpc.discover", SAFE, 30), {})

    def rpc_modules(
        self,
    ) -> dict[str, str]:
        """Lists the namespaces on offer on this connection, with their version.
        Returns: namespace → version.
        rpc_modules; scope read; since 0.1.0.
        """
        return cast("dict[str, str]", self._call(Call("rpc_modules", SAFE, 30), {}))

    def send(
        self,
        *,
        recipient: str | list[str],
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group, or to several of them. Chats are
        made if they are not there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant. A list of at most 100 sends to each: all are checked
        first, and if one is refused, nothing is sent
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers what became of the message; with others it
        is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer. With
        several recipients messages has the message of each, in their order, and status is that
        of the one that is least far.
        send; scope send; since 0.1.0.
        """
        return cast("t.Sent", self._call(Call("send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "requestId": request_id,
            "account": account,
        }))

    def settings_get_settings(
        self,
        *,
        account: str | None = None,
    ) -> dict[str, Any]:
        """Lists the settings that frontends keep with the account, and the account's public key.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: values by the names of the settings.
        settings_getSettings; scope read; since 0.1.0.
        """
        return cast("dict[str, Any]", self._call(Call("settings_getSettings", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def settings_save_setting(
        self,
        *,
        name: str,
        value: Any | None = None,
        account: str | None = None,
    ) -> None:
        """Keeps a setting of a frontend with the account: at most 1000, 1 MiB together. The
        daemon's own configuration is another thing.
        name: 1 to 128 bytes
        value: any value; null or left out: the setting goes
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        settings_saveSetting; scope account; since 0.1.0.
        """
        self._call(Call("settings_saveSetting", ACCOUNT, 30), {
            "name": name,
            "value": value,
            "account": account,
        })

    def status_ack_events(
        self,
        *,
        consumer: str,
        cursor: int,
        owner: str | None = None,
        account: str | None = None,
    ) -> None:
        """Notes that a named consumer is done with the events up to a cursor. It survives a crash
        of the daemon. One that is new belongs to the token: others, but for admins, neither see
        nor move nor remove it, and may have one of the same name. A token may have 10. A name
        must not begin with webhook, or look so. Without owner the token's own consumer is meant,
        else the one without owner.
        consumer: any name of at most 128 bytes, of characters that are shown
        cursor: of an event, or next of a page
        owner: whose it is, as status_listConsumers gives it
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_ackEvents; scope events; since 0.1.0.
        """
        self._call(Call("status_ackEvents", ACCOUNT, 30), {
            "consumer": consumer,
            "cursor": cursor,
            "owner": owner,
            "account": account,
        })

    def status_delete_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Leaves a chat and deletes it with its messages, all or nothing. A group that was left
        already, or that we were removed from, is deleted too.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_deleteChat; scope send; since 0.1.0.
        """
        self._call(Call("status_deleteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def status_get_events(
        self,
        *,
        query: t.EventsQuery | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads the event log of the account from a cursor on, and waits for the next event if
        there is none. With a consumer it goes on after what this name acknowledged, or after
        since if that is later; one that is new begins at since, which is noted. Naming one needs
        the scope events.
        query: all members may be left out, and given as named parameters directly
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: events in order; next is the since of the next call. With gap:true events are
        gone from the log that were not read yet, and from is the oldest there is.
        status_getEvents; scope read; since 0.1.0.
        """
        return cast("t.EventPage", self._call(Call("status_getEvents", ACCOUNT | SAFE, 90), {
            "query": query,
            "account": account,
        }))

    def status_health(
        self,
    ) -> t.Health:
        """Reports the state of the daemon and of its components, as GET /health does.
        Returns: levels are INITIALIZING, SYNCHRONIZING, READY, NOT_READY, NOT_MOUNTED and
        SHUTTING_DOWN.
        status_health; scope read; since 0.1.0.
        """
        return cast("t.Health", self._call(Call("status_health", SAFE, 30), {}))

    def status_list_consumers(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Consumer]:
        """Lists the named consumers of the event log that the token made; for an admin, all.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: owner is local (socket and rpc-token), token: and a name, daemon (webhooks), or
        empty for one from before there were owners; cursor is the last event acknowledged,
        behind the number of those after it.
        status_listConsumers; scope read; since 0.1.0.
        """
        return cast("list[t.Consumer]", self._call(Call("status_listConsumers", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def status_login(
        self,
        *,
        request: t.SignIn,
    ) -> t.SignedIn:
        """Is account_login in the form of status-go.
        request: what is needed
        Returns: the id that follows from the chat key; the key itself is out of the reach of
        waku_*.
        status_login; scope account; since 0.1.0.
        """
        return cast("t.SignedIn", self._call(Call("status_login", SECRET, 180), {
            "request": request,
        }))

    def status_receive(
        self,
        *,
        since: int | None = None,
        timeout_seconds: float | None = None,
        max_messages: int | None = None,
        chat: str | None = None,
        consumer: str | None = None,
        account: str | None = None,
    ) -> t.EventPage:
        """Reads messages that came, from a cursor on, and waits for the next if there is none. A
        consumer goes on after what it acknowledged with status_ackEvents.
        since: cursor after which to begin: 0 is the beginning of the log, -1 its end
        timeout_seconds: time to wait for a message, at most 60; 0 if left out
        max_messages: most events; 200 if left out, at most 1000
        chat: id of the only chat that is wanted
        consumer: name to go on as; needs the scope events
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: as of status_getEvents, with events of the type messages.new.
        status_receive; scope read; since 0.1.0.
        """
        return cast("t.EventPage", self._call(Call("status_receive", ACCOUNT | SAFE, 90), {
            "since": since,
            "timeoutSeconds": timeout_seconds,
            "maxMessages": max_messages,
            "chat": chat,
            "consumer": consumer,
            "account": account,
        }))

    def status_remove_consumer(
        self,
        *,
        consumer: str,
        owner: str | None = None,
        account: str | None = None,
    ) -> None:
        """Forgets a named consumer of the token; of anybody, for an admin. Without owner the
        token's own is meant, else the one without owner, else for an admin that of another, if
        just one has it.
        consumer: its name
        owner: whose it is, as status_listConsumers gives it
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        status_removeConsumer; scope events; since 0.1.0.
        """
        self._call(Call("status_removeConsumer", ACCOUNT, 30), {
            "consumer": consumer,
            "owner": owner,
            "account": account,
        })

    def status_resolve(
        self,
        *,
        name: str,
        kind: t.NameKind | None = None,
        account: str | None = None,
    ) -> t.Resolved:
        """Says what a name means, as status_send takes it. What could mean several things, or
        nothing, is an error that says what to give instead. Names that people gave themselves
        are not looked up: anybody may take any name.
        name: what people call somebody or something: zQ3sh… or 0x04…, @nickname, #public-chat,
        the id or name of a group, also behind a kind, as group:tea
        kind: what it has to mean; left out: anything
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: id of the chat, which for a person is the contact id; exact is a text that means
        nothing else.
        status_resolve; scope read; since 0.1.0.
        """
        return cast("t.Resolved", self._call(Call("status_resolve", ACCOUNT | SAFE, 30), {
            "name": name,
            "kind": kind,
            "account": account,
        }))

    def status_send(
        self,
        *,
        recipient: str | list[str],
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group, or to several of them. Chats are
        made if they are not there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant. A list of at most 100 sends to each: all are checked
        first, and if one is refused, nothing is sent
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers what became of the message; with others it
        is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer. With
        several recipients messages has the message of each, in their order, and status is that
        of the one that is least far.
        status_send; scope send; since 0.1.0.
        """
        return cast("t.Sent", self._call(Call("status_send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "requestId": request_id,
            "account": account,
        }))

    def status_signup(
        self,
        *,
        request: t.SignUp,
    ) -> t.SignedUp:
        """Is account_create in the form of status-go.
        request: what is needed
        Returns: address and pubkey are those of the first wallet key.
        status_signup; scope account; since 0.1.0.
        """
        return cast("t.SignedUp", self._call(Call("status_signup", SECRET, 180), {
            "request": request,
        }))

    def status_subscribe(
        self,
        *,
        options: t.SignalsQuery | None = None,
    ) -> Subscription[t.EventNotice]:
        """Pushes events and the node's own signals over this connection (WebSocket and unix
        socket). Naming a consumer needs the scope events.
        options: all members may be left out
        Returns: id of the subscription; notifications status_subscription have an event as
        result, as status_getEvents has. Signals of the node (node.*, discovery.*,
        enode.discovered) have neither cursor nor account. Events are never dropped for a slow
        reader: {gap:true,from} stands where the log no longer had them, an error of the kind
        lagged where signals of the node are missing. It goes on through logout and login.
        status_subscribe; scope read; since 0.1.0.
        """
        return self._subscribe(Call("status_subscribe", 0, 30), {
            "name": "signals",
            "options": options,
        })

    def status_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        status_unsubscribe; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("status_unsubscribe", SAFE, 30), {
            "id": id,
        }))

    def status_version(
        self,
    ) -> t.VersionInfo:
        """Tells version, commit and protocols of this program.
        Returns: see the example.
        status_version; scope read; since 0.1.0.
        """
        return cast("t.VersionInfo", self._call(Call("status_version", SAFE, 30), {}))

    def subscribe_receive(
        self,
    ) -> Subscription[t.Received]:
        """Pushes messages that come in the form of signal-cli over this connection (WebSocket and
        unix socket).
        Returns: number of the subscription; notifications receive have params {subscription,
        result: {envelope, account, cursor}}. envelope.dataMessage is a message of somebody,
        envelope.syncMessage.sentMessage one that another device of ours sent.
        subscribeReceive; scope read; since 0.1.0.
        """
        return self._subscribe(Call("subscribeReceive", 0, 30), {})

    def unsubscribe_receive(
        self,
        *,
        subscription: int,
    ) -> None:
        """Ends a subscription of subscribeReceive.
        subscription: its number
        unsubscribeReceive; scope read; since 0.1.0.
        """
        self._call(Call("unsubscribeReceive", SAFE, 30), {
            "subscription": subscription,
        })

    def version(
        self,
    ) -> t.VersionInfo:
        """Is status_version in the words of signal-cli.
        Returns: see the example.
        version; scope read; since 0.1.0.
        """
        return cast("t.VersionInfo", self._call(Call("version", SAFE, 30), {}))

    def waku_add_private_key(
        self,
        *,
        key: bytes | t.Bytes,
    ) -> str:
        """Stores a private key.
        key: 32 bytes
        Returns: id of the key pair; it follows from the key.
        waku_addPrivateKey; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_addPrivateKey", 0, 30), {
            "key": key,
        }))

    def waku_add_sym_key(
        self,
        *,
        key: bytes | t.Bytes,
    ) -> str:
        """Stores a symmetric key.
        key: 32 bytes
        Returns: its id, which is random.
        waku_addSymKey; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_addSymKey", 0, 30), {
            "key": key,
        }))

    def waku_cancel_light_client(
        self,
    ) -> bool:
        """Ends light mode.
        Returns: true.
        waku_cancelLightClient; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_cancelLightClient", 0, 30), {}))

    def waku_delete_key_pair(
        self,
        *,
        id: str,
    ) -> bool:
        """Forgets a key pair.
        id: id of the key pair, or its public key in 0x hex
        Returns: true.
        waku_deleteKeyPair; scope send; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_deleteKeyPair", 0, 30), {
            "id": id,
        }))

    def waku_delete_message_filter(
        self,
        *,
        id: str,
    ) -> bool:
        """Removes a filter.
        id: id of the filter
        Returns: true.
        waku_deleteMessageFilter; scope send; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_deleteMessageFilter", 0, 30), {
            "id": id,
        }))

    def waku_delete_sym_key(
        self,
        *,
        id: str,
    ) -> bool:
        """Forgets a symmetric key.
        id: id of the key
        Returns: whether there was one.
        waku_deleteSymKey; scope send; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_deleteSymKey", 0, 30), {
            "id": id,
        }))

    def waku_generate_sym_key_from_password(
        self,
        *,
        password: str,
    ) -> str:
        """Derives a symmetric key from a password and stores it. Public chats use their name as
        password.
        password: any text
        Returns: its id, which is random.
        waku_generateSymKeyFromPassword; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_generateSymKeyFromPassword", 0, 30), {
            "password": password,
        }))

    def waku_get_filter_messages(
        self,
        *,
        id: str,
    ) -> list[t.WakuMessage]:
        """Takes the messages that a filter has kept since the last call. A filter keeps at most
        8192 messages or 64 MiB; the oldest go first.
        id: id of the filter
        Returns: the messages, in no particular order.
        waku_getFilterMessages; scope send; since 0.1.0.
        """
        return cast("list[t.WakuMessage]", self._call(Call("waku_getFilterMessages", 0, 30), {
            "id": id,
        }))

    def waku_get_private_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives the private key of a key pair that the caller made. Keys of accounts are never
        among them.
        id: id of the key pair, or its public key in 0x hex
        Returns: 32 bytes.
        waku_getPrivateKey; scope debug; since 0.1.0.
        """
        return cast("t.Bytes", self._call(Call("waku_getPrivateKey", SECRET, 30), {
            "id": id,
        }))

    def waku_get_public_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives the public key of a key pair.
        id: id of the key pair, or its public key in 0x hex
        Returns: 65 bytes, uncompressed.
        waku_getPublicKey; scope read; since 0.1.0.
        """
        return cast("t.Bytes", self._call(Call("waku_getPublicKey", SAFE, 30), {
            "id": id,
        }))

    def waku_get_sym_key(
        self,
        *,
        id: str,
    ) -> t.Bytes:
        """Gives a symmetric key.
        id: id of the key
        Returns: 32 bytes.
        waku_getSymKey; scope debug; since 0.1.0.
        """
        return cast("t.Bytes", self._call(Call("waku_getSymKey", SECRET, 30), {
            "id": id,
        }))

    def waku_has_key_pair(
        self,
        *,
        id: str,
    ) -> bool:
        """Tells whether there is a key pair with this id.
        id: id of the key pair, or its public key in 0x hex
        Returns: whether there is.
        waku_hasKeyPair; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_hasKeyPair", SAFE, 30), {
            "id": id,
        }))

    def waku_has_sym_key(
        self,
        *,
        id: str,
    ) -> bool:
        """Tells whether there is a symmetric key with this id.
        id: id of the key
        Returns: whether there is.
        waku_hasSymKey; scope read; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_hasSymKey", SAFE, 30), {
            "id": id,
        }))

    def waku_info(
        self,
    ) -> t.WakuState:
        """Tells how many messages wait in the caller's polling filters, what the pool holds, and
        the limits in force.
        Returns: messages waiting, the proof of work demanded, the largest envelope in bytes;
        memory is the size of the envelopes of the pool in bytes.
        waku_info; scope read; since 0.1.0.
        """
        return cast("t.WakuState", self._call(Call("waku_info", SAFE, 30), {}))

    def waku_make_light_client(
        self,
    ) -> bool:
        """Makes this a light node: it relays nothing but its own messages.
        Returns: true.
        waku_makeLightClient; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_makeLightClient", 0, 30), {}))

    def waku_mark_trusted_peer(
        self,
        *,
        enode: str,
    ) -> bool:
        """Accepts peer-to-peer messages from a connected peer, also after it has reconnected.
        enode: URL or record of the peer
        Returns: true.
        waku_markTrustedPeer; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_markTrustedPeer", 0, 30), {
            "enode": enode,
        }))

    def waku_new_key_pair(
        self,
    ) -> str:
        """Makes a key pair. Keys are kept in memory, for the token that made them alone, and go
        when it ends or the daemon stops. A token may have 1024.
        Returns: its id.
        waku_newKeyPair; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_newKeyPair", 0, 30), {}))

    def waku_new_message_filter(
        self,
        *,
        criteria: t.FilterCriteria,
    ) -> str:
        """Installs a filter that keeps messages until they are polled. Exactly one of symKeyID and
        privateKeyID is given. It belongs to the token that installed it, and ends with it. A
        token may have 256 filters with 1000 topics; together they may have 1024 with 5000.
        criteria: what is wanted
        Returns: id of the filter.
        waku_newMessageFilter; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_newMessageFilter", 0, 30), {
            "criteria": criteria,
        }))

    def waku_new_sym_key(
        self,
    ) -> str:
        """Makes a symmetric key.
        Returns: its id.
        waku_newSymKey; scope send; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_newSymKey", 0, 30), {}))

    def waku_post(
        self,
        *,
        message: t.PostMessage,
    ) -> t.Hash:
        """Encrypts, signs and sends a message. Exactly one of symKeyID and pubKey is given.
        message: what to send
        Returns: hash of the envelope.
        waku_post; scope send; since 0.1.0.
        """
        return cast("t.Hash", self._call(Call("waku_post", 0, 600), {
            "message": message,
        }))

    def waku_set_bloom_filter(
        self,
        *,
        bloom: bytes | t.Bytes,
    ) -> bool:
        """Asks the peers for the topics of this bloom filter, and those of the filters, instead of
        a list of topics.
        bloom: 64 bytes
        Returns: true.
        waku_setBloomFilter; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_setBloomFilter", 0, 30), {
            "bloom": bloom,
        }))

    def waku_set_max_envelope_size(
        self,
        *,
        size: int,
    ) -> bool:
        """The name 9/WAKU-RPC gives waku_setMaxMessageSize.
        size: bytes, at most 10485760
        Returns: true.
        waku_setMaxEnvelopeSize; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_setMaxEnvelopeSize", 0, 30), {
            "size": size,
        }))

    def waku_set_max_message_size(
        self,
        *,
        size: int,
    ) -> bool:
        """Sets the size of the largest envelope that is accepted, until the daemon stops.
        size: bytes, at most 10485760
        Returns: true.
        waku_setMaxMessageSize; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_setMaxMessageSize", 0, 30), {
            "size": size,
        }))

    def waku_set_min_pow(
        self,
        *,
        pow: float,
    ) -> bool:
        """Sets the proof of work that envelopes must have, until the daemon stops, and tells the
        peers. The earlier value is accepted for 10 more seconds.
        pow: 0 or more
        Returns: true.
        waku_setMinPoW; scope admin; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_setMinPoW", 0, 30), {
            "pow": pow,
        }))

    def waku_subscribe(
        self,
        *,
        criteria: t.FilterCriteria,
    ) -> Subscription[t.WakuMessage]:
        """Pushes messages over this connection as they arrive (WebSocket and unix socket).
        criteria: as of waku_newMessageFilter; topics are needed with symKeyID
        Returns: id of the subscription. Each message comes as a notification waku_subscription
        with params {subscription, result}; a gap, because the client reads too slowly, as one
        with params {subscription, error}.
        waku_subscribe; scope send; since 0.1.0.
        """
        return self._subscribe(Call("waku_subscribe", 0, 30), {
            "name": "messages",
            "criteria": criteria,
        })

    def waku_uninstall_filter(
        self,
        *,
        id: str,
    ) -> None:
        """Removes a filter, if there is one with this id.
        id: id of the filter
        waku_uninstallFilter; scope send; since 0.1.0.
        """
        self._call(Call("waku_uninstallFilter", 0, 30), {
            "id": id,
        })

    def waku_unsubscribe(
        self,
        *,
        id: str,
    ) -> bool:
        """Ends a subscription of this connection.
        id: id of the subscription
        Returns: true.
        waku_unsubscribe; scope send; since 0.1.0.
        """
        return cast("bool", self._call(Call("waku_unsubscribe", 0, 30), {
            "id": id,
        }))

    def waku_version(
        self,
    ) -> str:
        """Tells the version of the Waku protocol.
        Returns: always "1".
        waku_version; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("waku_version", SAFE, 30), {}))

    def wakuext_accept_request_address_for_transaction(
        self,
        *,
        message_id: str,
        address: str,
        account: str | None = None,
    ) -> t.Changes:
        """Answers a person who asks for an address.
        message_id: id of the message, 0x and 64 hex digits
        address: where to pay to
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_acceptRequestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_acceptRequestAddressForTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "address": address,
            "account": account,
        }))

    def wakuext_accept_request_transaction(
        self,
        *,
        tx_hash: str,
        message_id: str,
        signature: bytes | t.LooseBytes,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person who asked for a payment that a wallet made it.
        tx_hash: hash of the transaction
        message_id: id of the message, 0x and 64 hex digits
        signature: of the hash, by the wallet
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_acceptRequestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_acceptRequestTransaction", ACCOUNT, 30), {
            "txHash": tx_hash,
            "messageId": message_id,
            "signature": signature,
            "account": account,
        }))

    def wakuext_add_admins_to_group_chat(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Makes members admins. Only admins may.
        chat_id: id of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_addAdminsToGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_addAdminsToGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    def wakuext_add_members_to_group_chat(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Invites people to a group. Only admins may.
        chat_id: id of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_addMembersToGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_addMembersToGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    def wakuext_block_contact(
        self,
        *,
        contact: t.BlockedContact,
        account: str | None = None,
    ) -> list[t.Chat]:
        """Deletes the messages of a person and takes no more of them.
        contact: the contact; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the chats that are left.
        wakuext_blockContact; scope contacts; since 0.1.0.
        """
        return cast("list[t.Chat]", self._call(Call("wakuext_blockContact", ACCOUNT, 30), {
            "contact": contact,
            "account": account,
        }))

    def wakuext_change_group_chat_name(
        self,
        *,
        chat_id: str,
        name: str,
        account: str | None = None,
    ) -> t.Changes:
        """Renames a group. Only admins may.
        chat_id: id of the group
        name: the new name
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_changeGroupChatName; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_changeGroupChatName", ACCOUNT, 30), {
            "chatId": chat_id,
            "name": name,
            "account": account,
        }))

    def wakuext_chat_messages(
        self,
        *,
        chat_id: str,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> t.MessagePage:
        """Returns the messages of a chat, page by page, newest first.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: messages, and the cursor of the next page, empty at the end.
        wakuext_chatMessages; scope read; since 0.1.0.
        """
        return cast("t.MessagePage", self._call(Call("wakuext_chatMessages", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    def wakuext_chats(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Chat]:
        """Lists the chats, closed ones (active: false) among them.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of chats with their last message.
        wakuext_chats; scope read; since 0.1.0.
        """
        return cast("list[t.Chat]", self._call(Call("wakuext_chats", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def wakuext_confirm_joining_group(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Accepts the invitation to a group.
        chat_id: id of the group
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_confirmJoiningGroup; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_confirmJoiningGroup", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        }))

    def wakuext_confirm_messages_processed_by_id(
        self,
        *,
        messages: list[Any] | None = None,
        account: str | None = None,
    ) -> None:
        """Does nothing: messages are confirmed in the transaction that stores them.
        messages: ignored
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_confirmMessagesProcessedByID; scope read; since 0.1.0.
        """
        self._call(Call("wakuext_confirmMessagesProcessedByID", ACCOUNT | SAFE, 30), {
            "messages": messages,
            "account": account,
        })

    def wakuext_contacts(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Contact]:
        """Lists the people that have a tag, a verified name or a nickname.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of contacts.
        wakuext_contacts; scope read; since 0.1.0.
        """
        return cast("list[t.Contact]", self._call(Call("wakuext_contacts", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def wakuext_create_group_chat_from_invitation(
        self,
        *,
        name: str,
        chat_id: str,
        admin_pk: str,
        account: str | None = None,
    ) -> t.Changes:
        """Opens the chat of a group that a link names, to ask its admin for an invitation.
        name: name of the group
        chat_id: id of the group
        admin_pk: contact id of the admin
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_createGroupChatFromInvitation; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_createGroupChatFromInvitation", ACCOUNT, 30), {
            "name": name,
            "chatId": chat_id,
            "adminPk": admin_pk,
            "account": account,
        }))

    def wakuext_create_group_chat_with_members(
        self,
        *,
        name: str,
        ids: list[str],
        account: str | None = None,
    ) -> t.Changes:
        """Makes a private group and invites people.
        name: name of the group
        ids: contact ids
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_createGroupChatWithMembers; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_createGroupChatWithMembers", ACCOUNT, 30), {
            "name": name,
            "ids": ids,
            "account": account,
        }))

    def wakuext_decline_request_address_for_transaction(
        self,
        *,
        message_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses to give an address.
        message_id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_declineRequestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_declineRequestAddressForTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "account": account,
        }))

    def wakuext_decline_request_transaction(
        self,
        *,
        message_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses to pay.
        message_id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_declineRequestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_declineRequestTransaction", ACCOUNT, 30), {
            "messageId": message_id,
            "account": account,
        }))

    def wakuext_delete_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Deletes a chat; older messages of it do not come back. A group is not left: its next
        update brings it back.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteChat; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_deleteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def wakuext_delete_message(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Deletes a message from this device.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteMessage; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_deleteMessage", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    def wakuext_delete_messages_by_chat_id(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Deletes the messages of a chat from this device.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_deleteMessagesByChatID; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_deleteMessagesByChatID", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def wakuext_disable_installation(
        self,
        *,
        installation_id: str,
        account: str | None = None,
    ) -> None:
        """Ends the pairing with another device of the account. It is not told.
        installation_id: id of the device
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_disableInstallation; scope account; since 0.1.0.
        """
        self._call(Call("wakuext_disableInstallation", ACCOUNT, 30), {
            "installationId": installation_id,
            "account": account,
        })

    def wakuext_echo(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> str:
        """Answers what it is given.
        text: any text
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the text.
        wakuext_echo; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("wakuext_echo", ACCOUNT | SAFE, 30), {
            "text": text,
            "account": account,
        }))

    def wakuext_emoji_reactions_by_chat_id(
        self,
        *,
        chat_id: str,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> list[t.Reaction]:
        """Returns the reactions to the messages of a page, the same that wakuext_chatMessages
        returns.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of reactions that were not taken back.
        wakuext_emojiReactionsByChatID; scope read; since 0.1.0.
        """
        return cast("list[t.Reaction]", self._call(Call("wakuext_emojiReactionsByChatID", ACCOUNT | SAFE, 30), {
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    def wakuext_enable_installation(
        self,
        *,
        installation_id: str,
        account: str | None = None,
    ) -> None:
        """Pairs another device of the account: from now on it gets copies of what is sent. Do the
        same there.
        installation_id: id of the device
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_enableInstallation; scope account; since 0.1.0.
        """
        self._call(Call("wakuext_enableInstallation", ACCOUNT, 30), {
            "installationId": installation_id,
            "account": account,
        })

    def wakuext_get_contact_by_id(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> t.Contact | None:
        """Returns what is known of a person.
        id: contact id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the contact, null if nothing is known.
        wakuext_getContactByID; scope read; since 0.1.0.
        """
        return cast("t.Contact | None", self._call(Call("wakuext_getContactByID", ACCOUNT | SAFE, 30), {
            "id": id,
            "account": account,
        }))

    def wakuext_get_group_chat_invitations(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Invitation]:
        """Lists who asked to be let in, and where we asked.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: list of invitations.
        wakuext_getGroupChatInvitations; scope read; since 0.1.0.
        """
        return cast("list[t.Invitation]", self._call(Call("wakuext_getGroupChatInvitations", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def wakuext_get_our_installations(
        self,
        *,
        account: str | None = None,
    ) -> list[t.Installation]:
        """Lists the devices of the account that are known, this one first. Those that are enabled
        get copies of what is sent, at most three.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: timestamp: Unix nanoseconds of the newest sign of the device; metadata: null
        without any.
        wakuext_getOurInstallations; scope read; since 0.1.0.
        """
        return cast("list[t.Installation]", self._call(Call("wakuext_getOurInstallations", ACCOUNT | SAFE, 30), {
            "account": account,
        }))

    def wakuext_join(
        self,
        *,
        chat: t.ChatRef,
        account: str | None = None,
    ) -> None:
        """Listens to a chat and fetches its history.
        chat: the chat; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_join; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_join", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    def wakuext_leave(
        self,
        *,
        chat: t.ChatRef,
        account: str | None = None,
    ) -> None:
        """Stops to listen to a chat.
        chat: the chat; its id counts
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_leave; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_leave", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    def wakuext_leave_group_chat(
        self,
        *,
        chat_id: str,
        remove: bool | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Leaves a group.
        chat_id: id of the group
        remove: true: close the chat, too
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_leaveGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_leaveGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "remove": remove,
            "account": account,
        }))

    def wakuext_load_filters(
        self,
        *,
        filters: list[t.ChatFilterSpec],
        account: str | None = None,
    ) -> list[t.ChatFilter]:
        """Listens to places besides those of the chats, until the account is logged out or the
        token ends, and lists the filters of the account. An empty list only lists. A token may
        ask for 500 places.
        filters: chatId: a public chat, or, with oneToOne, a person: identity (hex without 0x) or
        chatId is the key. Other members do not matter
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: filterId: serves wakuext_removeFilters; symKeyId: empty, as keys of an account
        stay with it; identity: whose place it is, hex without 0x; chatId: name of the topic, of
        a negotiated one the person's id, since that name is a secret.
        wakuext_loadFilters; scope send; since 0.1.0.
        """
        return cast("list[t.ChatFilter]", self._call(Call("wakuext_loadFilters", ACCOUNT, 30), {
            "filters": filters,
            "account": account,
        }))

    def wakuext_mark_all_read(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Marks all messages of a chat as read.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_markAllRead; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_markAllRead", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def wakuext_mark_messages_seen(
        self,
        *,
        chat_id: str,
        ids: list[str],
        account: str | None = None,
    ) -> int:
        """Marks messages of a chat as read.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        ids: ids of messages
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: how many were unread.
        wakuext_markMessagesSeen; scope send; since 0.1.0.
        """
        return cast("int", self._call(Call("wakuext_markMessagesSeen", ACCOUNT, 30), {
            "chatId": chat_id,
            "ids": ids,
            "account": account,
        }))

    def wakuext_message_by_id(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> t.Message:
        """Returns one message.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the message.
        wakuext_messageByID; scope read; since 0.1.0.
        """
        return cast("t.Message", self._call(Call("wakuext_messageByID", ACCOUNT | SAFE, 30), {
            "id": id,
            "account": account,
        }))

    def wakuext_mute_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Marks a chat as muted.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_muteChat; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_muteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def wakuext_re_send_chat_message(
        self,
        *,
        id: str,
        account: str | None = None,
    ) -> None:
        """Sends a message of ours again, under the same id.
        id: id of the message, 0x and 64 hex digits
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_reSendChatMessage; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_reSendChatMessage", ACCOUNT, 30), {
            "id": id,
            "account": account,
        })

    def wakuext_remove_filters(
        self,
        *,
        filters: list[t.ChatFilterSpec],
        account: str | None = None,
    ) -> None:
        """Takes back what the same token asked wakuext_loadFilters for. Places of the account's
        own, and of other tokens, stay.
        filters: by filterId or, without it, chatId; unknown ones do not matter
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_removeFilters; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_removeFilters", ACCOUNT, 30), {
            "filters": filters,
            "account": account,
        })

    def wakuext_remove_member_from_group_chat(
        self,
        *,
        chat_id: str,
        id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Removes a member that is no admin. Only admins may.
        chat_id: id of the group
        id: contact id of the member
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_removeMemberFromGroupChat; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_removeMemberFromGroupChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "id": id,
            "account": account,
        }))

    def wakuext_request_address_for_transaction(
        self,
        *,
        chat_id: str,
        from_: str,
        value: str,
        contract: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks a person for an address to pay to.
        chat_id: contact id of the other
        from_: our address
        value: amount
        contract: of the token; empty: ether
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_requestAddressForTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_requestAddressForTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "from": from_,
            "value": value,
            "contract": contract,
            "account": account,
        }))

    def wakuext_request_messages(
        self,
        *,
        request: t.HistoryRequest,
        account: str | None = None,
    ) -> t.Hash:
        """Asks a mailserver for one page of history and does not wait for it. Envelopes reach
        filters with allowP2P.
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: id of the request.
        wakuext_requestMessages; scope send; since 0.1.0.
        """
        return cast("t.Hash", self._call(Call("wakuext_requestMessages", ACCOUNT, 30), {
            "request": request,
            "account": account,
        }))

    def wakuext_request_messages_sync(
        self,
        *,
        config: t.RetryConfig,
        request: t.HistoryRequest,
        account: str | None = None,
    ) -> t.HistoryPage:
        """Asks a mailserver for one page of history and waits until it has gone through the
        filters. Attempt k waits BaseTimeout and k times StepTimeout; only attempts that get no
        answer are repeated. Envelopes reach filters with allowP2P.
        config: when to try again
        request: what is asked for
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: cursor: hex without 0x, where the next page starts, empty at the end; error: the
        server's, empty if none.
        wakuext_requestMessagesSync; scope send; since 0.1.0.
        """
        return cast("t.HistoryPage", self._call(Call("wakuext_requestMessagesSync", ACCOUNT, 600), {
            "config": config,
            "request": request,
            "account": account,
        }))

    def wakuext_request_transaction(
        self,
        *,
        chat_id: str,
        value: str,
        contract: str,
        address: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks a person for a payment.
        chat_id: contact id of the other
        value: amount
        contract: of the token; empty: ether
        address: where to pay to
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_requestTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_requestTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "value": value,
            "contract": contract,
            "address": address,
            "account": account,
        }))

    def wakuext_save_chat(
        self,
        *,
        chat: t.ChatSettings,
        account: str | None = None,
    ) -> None:
        """Creates a chat or changes what belongs to the user: name, colour, active, muted. Sending
        needs a saved chat.
        chat: id, name, chatType (1 one-to-one, 2 public, 4 profile), active, color
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_saveChat; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_saveChat", ACCOUNT, 30), {
            "chat": chat,
            "account": account,
        })

    def wakuext_save_contact(
        self,
        *,
        contact: t.ContactSettings,
        account: str | None = None,
    ) -> None:
        """Stores tags and nickname of a person. To add somebody: the tag :contact/added, then
        sendContactUpdate.
        contact: id, systemTags, localNickname
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_saveContact; scope contacts; since 0.1.0.
        """
        self._call(Call("wakuext_saveContact", ACCOUNT, 30), {
            "contact": contact,
            "account": account,
        })

    def wakuext_search_messages(
        self,
        *,
        text: str,
        chat_id: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        account: str | None = None,
    ) -> t.MessagePage:
        """Finds messages that contain a text, in any case of letters, newest first.
        text: what to look for
        chat_id: id of the chat: a channel's name, a contact id, a group's id; empty: all chats
        cursor: where the page begins, from the page before; empty: the newest
        limit: messages of a page, default 20
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: messages, and the cursor of the next page, empty at the end.
        wakuext_searchMessages; scope read; since 0.1.0.
        """
        return cast("t.MessagePage", self._call(Call("wakuext_searchMessages", ACCOUNT | SAFE, 30), {
            "text": text,
            "chatId": chat_id,
            "cursor": cursor,
            "limit": limit,
            "account": account,
        }))

    def wakuext_send_chat_message(
        self,
        *,
        message: t.OutgoingMessage,
        request_id: str | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Sends a message to a saved chat. It returns when the message is stored; it leaves as soon
        as there is a peer.
        message: chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio),
        responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or
        audio, or over the socket as imagePath or audioPath, with audioDurationMs
        request_id: a name for this request, at most 64 bytes: repeated within 7 days with the
        same arguments, it sends nothing and answers the message that the first one sent; with
        others it is an error
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendChatMessage; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendChatMessage", ACCOUNT, 30), {
            "message": message,
            "requestId": request_id,
            "account": account,
        }))

    def wakuext_send_contact_update(
        self,
        *,
        id: str,
        ens_name: str | None = None,
        image: str | None = None,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person that we added them, with our name and picture.
        id: contact id
        ens_name: our name, ending in .eth, or empty
        image: data URL of our picture, or empty
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendContactUpdate; scope contacts; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendContactUpdate", ACCOUNT, 30), {
            "id": id,
            "ensName": ens_name,
            "image": image,
            "account": account,
        }))

    def wakuext_send_contact_updates(
        self,
        *,
        ens_name: str | None = None,
        image: str | None = None,
        account: str | None = None,
    ) -> None:
        """Tells all added contacts and our other devices our name and picture.
        ens_name: our name, ending in .eth, or empty
        image: data URL of our picture, or empty
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_sendContactUpdates; scope contacts; since 0.1.0.
        """
        self._call(Call("wakuext_sendContactUpdates", ACCOUNT, 30), {
            "ensName": ens_name,
            "image": image,
            "account": account,
        })

    def wakuext_send_emoji_reaction(
        self,
        *,
        chat_id: str,
        message_id: str,
        emoji_type: t.Emoji,
        account: str | None = None,
    ) -> t.Changes:
        """Reacts to a message.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        message_id: id of the message, 0x and 64 hex digits
        emoji_type: 1 love, 2 thumbs up, 3 thumbs down, 4 laugh, 5 sad, 6 angry
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendEmojiReaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendEmojiReaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "messageId": message_id,
            "emojiType": emoji_type,
            "account": account,
        }))

    def wakuext_send_emoji_reaction_retraction(
        self,
        *,
        reaction_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Takes a reaction back.
        reaction_id: id of the reaction
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendEmojiReactionRetraction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendEmojiReactionRetraction", ACCOUNT, 30), {
            "reactionId": reaction_id,
            "account": account,
        }))

    def wakuext_send_group_chat_invitation_rejection(
        self,
        *,
        invitation_id: str,
        account: str | None = None,
    ) -> t.Changes:
        """Refuses a request to be let into a group of ours.
        invitation_id: id of the invitation
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendGroupChatInvitationRejection; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendGroupChatInvitationRejection", ACCOUNT, 30), {
            "invitationId": invitation_id,
            "account": account,
        }))

    def wakuext_send_group_chat_invitation_request(
        self,
        *,
        chat_id: str,
        admin_pk: str,
        text: str,
        account: str | None = None,
    ) -> t.Changes:
        """Asks the admin of a group for an invitation.
        chat_id: id of the group
        admin_pk: contact id of the admin
        text: who is asking
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendGroupChatInvitationRequest; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendGroupChatInvitationRequest", ACCOUNT, 30), {
            "chatId": chat_id,
            "adminPk": admin_pk,
            "text": text,
            "account": account,
        }))

    def wakuext_send_pair_installation(
        self,
        *,
        account: str | None = None,
    ) -> t.Changes:
        """Shows this device, with its name, to the other devices of the account, paired or not.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: the device.
        wakuext_sendPairInstallation; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendPairInstallation", ACCOUNT, 30), {
            "account": account,
        }))

    def wakuext_send_transaction(
        self,
        *,
        chat_id: str,
        value: str,
        contract: str,
        tx_hash: str,
        signature: bytes | t.LooseBytes,
        account: str | None = None,
    ) -> t.Changes:
        """Tells a person of a payment that a wallet made.
        chat_id: contact id of the other
        value: amount
        contract: of the token; empty: ether
        tx_hash: hash of the transaction
        signature: of the hash, by the wallet
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendTransaction; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendTransaction", ACCOUNT, 30), {
            "chatId": chat_id,
            "value": value,
            "contract": contract,
            "txHash": tx_hash,
            "signature": signature,
            "account": account,
        }))

    def wakuext_set_installation_metadata(
        self,
        *,
        installation_id: str,
        metadata: t.InstallationMetadataInput,
        account: str | None = None,
    ) -> None:
        """Names a device of the account, this one or another. Name and type of this one travel with
        wakuext_sendPairInstallation.
        installation_id: id of the device
        metadata: name, deviceType (desktop, ios, android …), fcmToken, which stays on this
        machine
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_setInstallationMetadata; scope account; since 0.1.0.
        """
        self._call(Call("wakuext_setInstallationMetadata", ACCOUNT, 30), {
            "installationId": installation_id,
            "metadata": metadata,
            "account": account,
        })

    def wakuext_sign_message_with_chat_key(
        self,
        *,
        text: str,
        account: str | None = None,
    ) -> t.Bytes:
        """Signs a text with the chat key: Keccak-256 of "\\x19Ethereum Signed Message:\\n", length
        and text.
        text: taken as it is, also if it looks like hex
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: 65 bytes R‖S‖V, V is 0 or 1.
        wakuext_signMessageWithChatKey; scope account; since 0.1.0.
        """
        return cast("t.Bytes", self._call(Call("wakuext_signMessageWithChatKey", ACCOUNT, 30), {
            "text": text,
            "account": account,
        }))

    def wakuext_start_messenger(
        self,
        *,
        account: str | None = None,
    ) -> None:
        """Does nothing: the messenger runs as soon as an account is logged in.
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_startMessenger; scope read; since 0.1.0.
        """
        self._call(Call("wakuext_startMessenger", ACCOUNT | SAFE, 30), {
            "account": account,
        })

    def wakuext_unmute_chat(
        self,
        *,
        chat_id: str,
        account: str | None = None,
    ) -> None:
        """Takes the mark back.
        chat_id: id of the chat: a channel's name, a contact id, a group's id
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_unmuteChat; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_unmuteChat", ACCOUNT, 30), {
            "chatId": chat_id,
            "account": account,
        })

    def wakuext_update_mailservers(
        self,
        *,
        enodes: list[str],
        account: str | None = None,
    ) -> None:
        """Replaces the mailservers that this node asks, also after a restart. The first one is
        preferred. Without any, those of the configuration count again.
        enodes: URLs, which may carry a password: enode://id:password@host:port
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_updateMailservers; scope admin; since 0.1.0.
        """
        self._call(Call("wakuext_updateMailservers", ACCOUNT, 30), {
            "enodes": enodes,
            "account": account,
        })

    def wakuext_update_message_outgoing_status(
        self,
        *,
        id: str,
        status: t.OutgoingStatus,
        account: str | None = None,
    ) -> None:
        """Sets the state of an own message. The daemon does that itself; a state never goes
        backwards.
        id: id of the message, 0x and 64 hex digits
        status: sending, sent, not-sent or delivered
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        wakuext_updateMessageOutgoingStatus; scope send; since 0.1.0.
        """
        self._call(Call("wakuext_updateMessageOutgoingStatus", ACCOUNT, 30), {
            "id": id,
            "status": status,
            "account": account,
        })

    def web3_client_version(
        self,
    ) -> str:
        """Tells name and version of this program.
        Returns: name/version/system/language.
        web3_clientVersion; scope read; since 0.1.0.
        """
        return cast("str", self._call(Call("web3_clientVersion", SAFE, 30), {}))

    def web3_sha3(
        self,
        *,
        data: bytes | t.Bytes,
    ) -> t.Bytes:
        """Hashes bytes with Keccak-256.
        data: any bytes
        Returns: 32 bytes.
        web3_sha3; scope read; since 0.1.0.
        """
        return cast("t.Bytes", self._call(Call("web3_sha3", SAFE, 30), {
            "data": data,
        }))
