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

    async def send(
        self,
        *,
        recipient: str,
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group. The chat is made if it is not
        there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer.
        send; scope send; since 0.1.0.
        """
        return cast("t.Sent", await self._call(Call("send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "account": account,
        }))

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

    async def status_send(
        self,
        *,
        recipient: str,
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group. The chat is made if it is not
        there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer.
        status_send; scope send; since 0.1.0.
        """
        return cast("t.Sent", await self._call(Call("status_send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "account": account,
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
        """Deletes a chat; older messages of it do not come back.
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
        account: str | None = None,
    ) -> t.Changes:
        """Sends a message to a saved chat. It returns when the message is stored; it leaves as soon
        as there is a peer.
        message: chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio),
        responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or
        audio, or over the socket as imagePath or audioPath, with audioDurationMs
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendChatMessage; scope send; since 0.1.0.
        """
        return cast("t.Changes", await self._call(Call("wakuext_sendChatMessage", ACCOUNT, 30), {
            "message": message,
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

    def send(
        self,
        *,
        recipient: str,
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group. The chat is made if it is not
        there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer.
        send; scope send; since 0.1.0.
        """
        return cast("t.Sent", self._call(Call("send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "account": account,
        }))

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

    def status_send(
        self,
        *,
        recipient: str,
        message: str | None = None,
        attachment: str | None = None,
        reply_to: str | None = None,
        wait: t.SendWait | None = None,
        timeout_seconds: float | None = None,
        account: str | None = None,
    ) -> t.Sent:
        """Sends a message to a person, a public chat or a group. The chat is made if it is not
        there.
        recipient: a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or
        @nickname; what could mean several things is refused: group:tea, public:tea and
        person:@ana say which is meant
        message: text; may be left out with an attachment
        attachment: image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the
        unix socket, as path
        reply_to: id of the message that is answered
        wait: state to wait for: none (if left out), sent, or delivered; in public chats nobody
        acknowledges, so that sent is the end
        timeout_seconds: most seconds to wait, 30 if left out
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: status is queued, sent, delivered or failed, as far as it is known when the time
        is up. A message that is queued is on disk and is sent as soon as there is a peer.
        status_send; scope send; since 0.1.0.
        """
        return cast("t.Sent", self._call(Call("status_send", ACCOUNT, 600), {
            "recipient": recipient,
            "message": message,
            "attachment": attachment,
            "replyTo": reply_to,
            "wait": wait,
            "timeoutSeconds": timeout_seconds,
            "account": account,
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
        """Deletes a chat; older messages of it do not come back.
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
        account: str | None = None,
    ) -> t.Changes:
        """Sends a message to a saved chat. It returns when the message is stored; it leaves as soon
        as there is a peer.
        message: chatId, text, contentType (1 text, 2 sticker, 4 emoji, 7 image, 8 audio),
        responseTo, ensName, sticker {hash, pack}; a picture or recording as data URL in image or
        audio, or over the socket as imagePath or audioPath, with audioDurationMs
        account: key-uid of the account that must be logged in; if left out that of the client,
        if it has one
        Returns: what changed: chats, messages, contacts, installations, emojiReactions,
        invitations; empty ones left out.
        wakuext_sendChatMessage; scope send; since 0.1.0.
        """
        return cast("t.Changes", self._call(Call("wakuext_sendChatMessage", ACCOUNT, 30), {
            "message": message,
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
