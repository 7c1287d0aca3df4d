package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
	"statusd/rpc/jsonrpc"
)

// exampleBlocked is a person whom nobody wants to hear.
const exampleBlocked = "0x042c0b7cf95324a07d05398b240174dc0c2be444d96b159aa6c7f7b1e6686809" +
	"91ae31a9c671a36543f46cea8fce6984608aa316aa0472a7eed08847440218cb2f"

const (
	docENS     = "our name, ending in .eth, or empty"
	docPicture = "data URL of our picture, or empty"
)

func (a *extAPI) contactMethods() []method {
	contacts := (*messenger.Messenger).Contacts
	const contact = `{"id":"` + exampleContact + `","systemTags":[":contact/added"],"localNickname":"ben"}`
	known := append(withLogin(), setup("wakuext_saveContact", `[`+contact+`]`, ""))
	return []method{
		{
			name: "wakuext_contacts", scope: scopeRead, result: "list of contacts",
			summary: "Lists the people that have a tag, a verified name or a nickname.",
			example: ex(`[]`, `[`+contact+`]`, known...),
			handler: ask(a, contacts, func(s *messenger.Contacts, ctx context.Context, _ noArgs) ([]api.Contact, error) {
				return s.List(ctx)
			}),
		},
		{
			name: "wakuext_getContactByID", scope: scopeRead, summary: "Returns what is known of a person.",
			params: []param{{"id", "contact id"}}, result: "the contact, null if nothing is known",
			example: ex(`["`+exampleContact+`"]`, contact, known...),
			handler: ask(a, contacts, func(s *messenger.Contacts, ctx context.Context, in oneID) (*api.Contact, error) {
				return s.ByID(ctx, in.ID)
			}),
		},
		{
			name: "wakuext_saveContact", scope: scopeContacts, result: "null",
			summary: "Stores tags and nickname of a person. To add somebody: the tag :contact/added, then sendContactUpdate.",
			params:  []param{{"contact", "id, systemTags, localNickname"}},
			example: ex(`[`+contact+`]`, `null`, withLogin()...),
			handler: tell(a, contacts, func(s *messenger.Contacts, ctx context.Context, in contactArg) error {
				return s.Save(ctx, in.Contact)
			}),
		},
		{
			name: "wakuext_blockContact", scope: scopeContacts, result: "the chats that are left",
			summary: "Deletes the messages of a person and takes no more of them.",
			params:  []param{{"contact", "the contact; its id counts"}},
			example: ex(`[{"id":"`+exampleBlocked+`"}]`, `[]`, withLogin()...),
			handler: ask(a, contacts, func(s *messenger.Contacts, ctx context.Context, in contactArg) ([]api.Chat, error) {
				return s.Block(ctx, in.Contact)
			}),
		},
		{
			name: "wakuext_sendContactUpdate", scope: scopeContacts, result: docResponse,
			summary: "Tells a person that we added them, with our name and picture.",
			params: []param{
				{"id", "contact id"}, {"ensName", docENS}, {"image", docPicture},
			},
			example: ex(`["`+exampleOtherContact+`","",""]`, `{"contacts":[`+contact+`]}`, append(withLogin(),
				setup("wakuext_saveContact", `[{"id":"`+exampleOtherContact+`","systemTags":[":contact/added"]}]`, ""))...),
			handler: ask(a, contacts, func(s *messenger.Contacts, ctx context.Context, in updateArg) (api.Changes, error) {
				return s.SendUpdate(ctx, in.ID, orZero(in.EnsName), orZero(in.Image))
			}),
		},
		{
			name: "wakuext_sendContactUpdates", scope: scopeContacts, result: "null",
			summary: "Tells all added contacts and our other devices our name and picture.",
			params:  []param{{"ensName", docENS}, {"image", docPicture}},
			example: ex(`["",""]`, `null`, withLogin()...),
			handler: tell(a, contacts, func(s *messenger.Contacts, ctx context.Context, in updatesArg) error {
				return s.SendUpdates(ctx, orZero(in.EnsName), orZero(in.Image))
			}),
		},
	}
}

// transactionMethods are the calls about payments. This daemon has no wallet:
// it passes on what a wallet says.
func (a *extAPI) transactionMethods() []method {
	transactions := (*messenger.Messenger).Transactions
	chat := param{"chatId", "contact id of the other"}
	withFriend := append(withLogin(),
		setup("wakuext_saveChat", `[{"id":"`+exampleOtherContact+`","name":"cem","chatType":1,"active":true}]`, ""))
	answer := `{"messages":[{"id":"` + exampleHash + `","chatId":"` + exampleOtherContact + `","contentType":5}]}`
	row := func(name, summary string, e example, h handler, params ...param) method {
		return method{
			name: "wakuext_" + name, scope: scopeSend, summary: summary, params: params, result: docResponse, example: e,
			handler: h,
		}
	}
	type t = messenger.Transactions
	return []method{
		row("requestTransaction", "Asks a person for a payment.",
			ex(`["`+exampleOtherContact+`","1.5","","`+exampleAddress+`"]`, answer, withFriend...),
			ask(a, transactions, func(s *t, ctx context.Context, in requestTransactionArg) (api.Changes, error) {
				return s.RequestTransaction(ctx, in.ChatID, in.Value, in.Contract, in.Address)
			}), chat, param{"value", "amount"}, param{"contract", "of the token; empty: ether"},
			param{"address", "where to pay to"}),
		row("requestAddressForTransaction", "Asks a person for an address to pay to.",
			ex(`["`+exampleOtherContact+`","`+exampleAddress+`","1.5",""]`, answer, withFriend...),
			ask(a, transactions, func(s *t, ctx context.Context, in requestAddressArg) (api.Changes, error) {
				return s.RequestAddress(ctx, in.ChatID, in.From, in.Value, in.Contract)
			}), chat, param{"from", "our address"}, param{"value", "amount"},
			param{"contract", "of the token; empty: ether"}),
		row("acceptRequestAddressForTransaction", "Answers a person who asks for an address.",
			exFails(`["`+exampleHash+`","`+exampleAddress+`"]`, jsonrpc.CodeUnknownObject, withLogin()...),
			ask(a, transactions, func(s *t, ctx context.Context, in twoIDs) (api.Changes, error) {
				return s.AcceptAddress(ctx, in.First, in.Second)
			}), param{"messageId", docMessageID}, param{"address", "where to pay to"}),
		row("declineRequestAddressForTransaction", "Refuses to give an address.",
			exFails(`["`+exampleHash+`"]`, jsonrpc.CodeUnknownObject, withLogin()...),
			ask(a, transactions, func(s *t, ctx context.Context, in oneID) (api.Changes, error) {
				return s.DeclineAddress(ctx, in.ID)
			}), param{"messageId", docMessageID}),
		row("declineRequestTransaction", "Refuses to pay.",
			exFails(`["`+exampleHash+`"]`, jsonrpc.CodeUnknownObject, withLogin()...),
			ask(a, transactions, func(s *t, ctx context.Context, in oneID) (api.Changes, error) {
				return s.DeclineTransaction(ctx, in.ID)
			}), param{"messageId", docMessageID}),
		row("sendTransaction", "Tells a person of a payment that a wallet made.",
			ex(`["`+exampleOtherContact+`","1.5","","`+exampleHash+`","0x00"]`, answer, withFriend...),
			ask(a, transactions, func(s *t, ctx context.Context, in sendTransactionArg) (api.Changes, error) {
				return s.SendTransaction(ctx, in.ChatID, in.Value, in.Contract, in.TxHash, in.Signature)
			}), chat, param{"value", "amount"}, param{"contract", "of the token; empty: ether"},
			param{"txHash", "hash of the transaction"}, param{"signature", "of the hash, by the wallet"}),
		row("acceptRequestTransaction", "Tells a person who asked for a payment that a wallet made it.",
			exFails(`["`+exampleHash+`","`+exampleHash+`","0x00"]`, jsonrpc.CodeUnknownObject, withLogin()...),
			ask(a, transactions, func(s *t, ctx context.Context, in acceptTransactionArg) (api.Changes, error) {
				return s.AcceptTransaction(ctx, in.TxHash, in.MessageID, in.Signature)
			}), param{"txHash", "hash of the transaction"}, param{"messageId", docMessageID},
			param{"signature", "of the hash, by the wallet"}),
	}
}
