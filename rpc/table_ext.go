package rpc

import "statusd/api"

func (a *chatsAPI) methods() []method {
	return []method{
		bind(api.WakuextStartMessenger, a.startMessenger),
		bind(api.WakuextChats, a.chats),
		bind(api.WakuextSaveChat, a.saveChat),
		bind(api.WakuextDeleteChat, a.deleteChat),
		bind(api.StatusDeleteChat, a.leaveAndDeleteChat),
		bind(api.WakuextJoin, a.join),
		bind(api.WakuextLeave, a.leave),
		bind(api.WakuextMuteChat, a.muteChat),
		bind(api.WakuextUnmuteChat, a.unmuteChat),
	}
}

func (a *messagesAPI) methods() []method {
	return []method{
		bind(api.WakuextChatMessages, a.chatMessages),
		bind(api.WakuextSearchMessages, a.searchMessages),
		bind(api.WakuextMessageByID, a.messageByID),
		bind(api.WakuextSendEmojiReaction, a.react),
		bind(api.WakuextSendEmojiReactionRetraction, a.retractReaction),
		bind(api.WakuextEmojiReactionsByChatID, a.reactions),
		bind(api.WakuextSendChatMessage, a.sendMessage),
		bind(api.WakuextReSendChatMessage, a.resend),
		bind(api.WakuextDeleteMessage, a.deleteMessage),
		bind(api.WakuextDeleteMessagesByChatID, a.deleteMessages),
		bind(api.WakuextMarkMessagesSeen, a.markSeen),
		bind(api.WakuextMarkAllRead, a.markAllRead),
		bind(api.WakuextUpdateMessageOutgoingStatus, a.setStatus),
		bind(api.WakuextConfirmMessagesProcessedByID, confirmProcessed),
		bind(api.WakuextEcho, echo),
	}
}

func (a *groupsAPI) methods() []method {
	return []method{
		bind(api.WakuextCreateGroupChatFromInvitation, a.openInvitedGroup),
		bind(api.WakuextSendGroupChatInvitationRequest, a.requestInvitation),
		bind(api.WakuextGetGroupChatInvitations, a.invitations),
		bind(api.WakuextSendGroupChatInvitationRejection, a.rejectInvitation),
		bind(api.WakuextCreateGroupChatWithMembers, a.createGroup),
		bind(api.WakuextAddMembersToGroupChat, a.addMembers),
		bind(api.WakuextRemoveMemberFromGroupChat, a.removeMember),
		bind(api.WakuextAddAdminsToGroupChat, a.addAdmins),
		bind(api.WakuextConfirmJoiningGroup, a.confirmJoining),
		bind(api.WakuextLeaveGroupChat, a.leaveGroup),
		bind(api.WakuextChangeGroupChatName, a.renameGroup),
	}
}

func (a *contactsAPI) methods() []method {
	return []method{
		bind(api.WakuextContacts, a.contacts),
		bind(api.WakuextGetContactByID, a.contactByID),
		bind(api.WakuextSaveContact, a.saveContact),
		bind(api.WakuextBlockContact, a.blockContact),
		bind(api.WakuextSendContactUpdate, a.sendContactUpdate),
		bind(api.WakuextSendContactUpdates, a.sendContactUpdates),
	}
}

// transactionMethods are the calls about payments.
func (a *transactionsAPI) methods() []method {
	return []method{
		bind(api.WakuextRequestTransaction, a.requestTransaction),
		bind(api.WakuextRequestAddressForTransaction, a.requestAddress),
		bind(api.WakuextAcceptRequestAddressForTransaction, a.acceptAddress),
		bind(api.WakuextDeclineRequestAddressForTransaction, a.declineAddress),
		bind(api.WakuextDeclineRequestTransaction, a.declineTransaction),
		bind(api.WakuextSendTransaction, a.sendTransaction),
		bind(api.WakuextAcceptRequestTransaction, a.acceptTransaction),
	}
}

// methods are about the devices and filters of an account.
func (a *devicesAPI) methods() []method {
	return []method{
		bind(api.WakuextGetOurInstallations, a.installations),
		bind(api.WakuextEnableInstallation, a.enable),
		bind(api.WakuextDisableInstallation, a.disable),
		bind(api.WakuextSetInstallationMetadata, a.setMetadata),
		bind(api.WakuextSendPairInstallation, a.sendPairing),
		bind(api.WakuextLoadFilters, a.loadFilters),
		bind(api.WakuextRemoveFilters, a.removeFilters),
		bind(api.WakuextSignMessageWithChatKey, a.signText),
	}
}

// methods send, and list whom to send to.
func (a *sendAPI) methods() []method {
	return []method{
		bind(api.StatusResolve, a.resolve),
		bind(api.StatusSend, a.send),
		bind(api.Send, a.send),
		bind(api.ListGroups, a.listGroups),
		bind(api.ListContacts, a.listContacts),
	}
}
