package api

import "slices"

// Methods lists every method of the contract, sorted by room. A server offers
// those whose parts of the daemon are switched on.
func Methods() []Described {
	return slices.Concat(
		nodeMethods(),
		eventMethods(),
		chatMethods(),
		peopleMethods(),
		frontendMethods(),
		sendMethods(),
		accountMethods(),
		wakuMethods(),
		historyMethods(),
		discoveryMethods(),
	)
}

func nodeMethods() []Described {
	return []Described{
		AdminDatadir, AdminSetLogLevel, AdminShutdown, NetVersion, NetPeerCount, NetListening, Web3ClientVersion, Web3Sha3,
		StatusHealth, StatusVersion, Version, AdminNodeInfo, AdminPeers, AdminAddPeer, AdminRemovePeer, AdminAddTrustedPeer,
		AdminRemoveTrustedPeer, AdminSubscribe, AdminUnsubscribe,
	}
}

func eventMethods() []Described {
	return []Described{
		StatusGetEvents, StatusAckEvents, StatusListConsumers, StatusRemoveConsumer, StatusSubscribe, StatusUnsubscribe,
		StatusReceive, Receive, SubscribeReceive, UnsubscribeReceive,
	}
}

func chatMethods() []Described {
	return []Described{
		WakuextStartMessenger, WakuextChats, WakuextSaveChat, WakuextDeleteChat, StatusDeleteChat, WakuextJoin,
		WakuextLeave, WakuextMuteChat, WakuextUnmuteChat, WakuextChatMessages, WakuextSearchMessages, WakuextMessageByID,
		WakuextSendChatMessage, WakuextReSendChatMessage, WakuextDeleteMessage, WakuextDeleteMessagesByChatID,
		WakuextMarkMessagesSeen, WakuextMarkAllRead, WakuextUpdateMessageOutgoingStatus,
		WakuextConfirmMessagesProcessedByID, WakuextEcho, WakuextSendEmojiReaction, WakuextSendEmojiReactionRetraction,
		WakuextEmojiReactionsByChatID, WakuextCreateGroupChatFromInvitation, WakuextSendGroupChatInvitationRequest,
		WakuextGetGroupChatInvitations, WakuextSendGroupChatInvitationRejection, WakuextCreateGroupChatWithMembers,
		WakuextAddMembersToGroupChat, WakuextRemoveMemberFromGroupChat, WakuextAddAdminsToGroupChat,
		WakuextConfirmJoiningGroup, WakuextLeaveGroupChat, WakuextChangeGroupChatName,
	}
}

func peopleMethods() []Described {
	return []Described{
		WakuextContacts, WakuextGetContactByID, WakuextSaveContact, WakuextBlockContact, WakuextSendContactUpdate,
		WakuextSendContactUpdates, WakuextRequestTransaction, WakuextRequestAddressForTransaction,
		WakuextAcceptRequestAddressForTransaction, WakuextDeclineRequestAddressForTransaction,
		WakuextDeclineRequestTransaction, WakuextSendTransaction, WakuextAcceptRequestTransaction,
		WakuextGetOurInstallations, WakuextEnableInstallation, WakuextDisableInstallation,
		WakuextSetInstallationMetadata, WakuextSendPairInstallation, WakuextLoadFilters, WakuextRemoveFilters,
		WakuextSignMessageWithChatKey,
	}
}

func frontendMethods() []Described {
	return []Described{
		SettingsSaveSetting, SettingsGetSettings, AccountsGetAccounts, AccountsSaveAccounts, AccountsDeleteAccount,
	}
}

func sendMethods() []Described {
	return []Described{
		StatusResolve, StatusSend, Send, ListGroups, ListContacts,
	}
}

func accountMethods() []Described {
	return []Described{
		AccountCreate, AccountImportMnemonic, AccountImportKey, AccountImportKeystore, StatusSignup, AccountLogin,
		AccountVerifyPassword, AccountChangePassword, AccountExport, AccountBackup, StatusLogin, AccountList, AccountLogout,
		AccountConfirmBackup, AccountDelete, AccountCheckDatabase, AccountVacuumDatabase,
		AdminTokenAdd, AdminTokenList, AdminTokenRevoke, KeyValidateMnemonic, KeyInspect, KeyConvert,
	}
}

func wakuMethods() []Described {
	return []Described{
		WakuVersion, WakuInfo, WakuSetMaxMessageSize, WakuSetMaxEnvelopeSize, WakuSetMinPoW, WakuSetBloomFilter,
		WakuMarkTrustedPeer, WakuMakeLightClient, WakuCancelLightClient, WakuNewKeyPair, WakuAddPrivateKey,
		WakuDeleteKeyPair, WakuHasKeyPair, WakuGetPublicKey, WakuGetPrivateKey, WakuNewSymKey, WakuAddSymKey,
		WakuGenerateSymKeyFromPassword, WakuHasSymKey, WakuGetSymKey, WakuDeleteSymKey, WakuPost, WakuNewMessageFilter,
		WakuGetFilterMessages, WakuDeleteMessageFilter, WakuUninstallFilter, WakuSubscribe, WakuUnsubscribe,
	}
}

func historyMethods() []Described {
	return []Described{
		WakuextRequestMessages, WakuextRequestMessagesSync, WakuextUpdateMailservers, MailserverFetch, MailserverBackfill,
		MailserverStatus, MailserverStats, MailserversAddMailserver, MailserversGetMailservers,
		MailserversDeleteMailserver, MailserversPing, MailserversAddMailserverRequestGaps,
		MailserversGetMailserverRequestGaps, MailserversDeleteMailserverRequestGaps,
		MailserversDeleteMailserverRequestGapsByChatID, MailserversAddMailserverTopic, MailserversGetMailserverTopics,
		MailserversDeleteMailserverTopic, MailserversAddChatRequestRange, MailserversGetChatRequestRanges,
		MailserversDeleteChatRequestRange,
	}
}

func discoveryMethods() []Described {
	return []Described{
		PeerDiscover, PeerStatus, PeerTopics, PeerPrune, DiscoveryStatus, DiscoverySubscribe, DiscoveryUnsubscribe,
		RpcModules, RpcDiscover,
	}
}
