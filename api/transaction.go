package api

// CommandState says how far a payment is.
type CommandState int

// States of payments.
const (
	CommandAddressRequested     CommandState = 1
	CommandAddressDeclined      CommandState = 2
	CommandAddressAccepted      CommandState = 3
	CommandTransactionRequested CommandState = 4
	CommandTransactionDeclined  CommandState = 5
	CommandTransactionPending   CommandState = 6
	CommandTransactionSent      CommandState = 7
)

// Values implements Enum.
func (CommandState) Values() []CommandState {
	return []CommandState{
		CommandAddressRequested, CommandAddressDeclined, CommandAddressAccepted, CommandTransactionRequested,
		CommandTransactionDeclined, CommandTransactionPending, CommandTransactionSent,
	}
}

// Arguments of methods about payments.
type (
	// RequestTransactionArgs are those of wakuext_requestTransaction.
	RequestTransactionArgs struct {
		ChatID   string `json:"chatId" doc:"contact id of the other"`
		Value    string `json:"value" doc:"amount"`
		Contract string `json:"contract" doc:"of the token; empty: ether"`
		Address  string `json:"address" doc:"where to pay to"`
	}
	// RequestAddressArgs are those of wakuext_requestAddressForTransaction.
	RequestAddressArgs struct {
		ChatID   string `json:"chatId" doc:"contact id of the other"`
		From     string `json:"from" doc:"our address"`
		Value    string `json:"value" doc:"amount"`
		Contract string `json:"contract" doc:"of the token; empty: ether"`
	}
	// AcceptAddressArgs are those of wakuext_acceptRequestAddressForTransaction.
	AcceptAddressArgs struct {
		MessageID string `json:"messageId" doc:"id of the message, 0x and 64 hex digits"`
		Address   string `json:"address" doc:"where to pay to"`
	}
	// DeclineArgs name the message that is refused.
	DeclineArgs struct {
		MessageID string `json:"messageId" doc:"id of the message, 0x and 64 hex digits"`
	}
	// SendTransactionArgs are those of wakuext_sendTransaction.
	SendTransactionArgs struct {
		ChatID    string     `json:"chatId" doc:"contact id of the other"`
		Value     string     `json:"value" doc:"amount"`
		Contract  string     `json:"contract" doc:"of the token; empty: ether"`
		TxHash    string     `json:"txHash" doc:"hash of the transaction"`
		Signature LooseBytes `json:"signature" doc:"of the hash, by the wallet"`
	}
	// AcceptTransactionArgs are those of wakuext_acceptRequestTransaction.
	AcceptTransactionArgs struct {
		TxHash    string     `json:"txHash" doc:"hash of the transaction"`
		MessageID string     `json:"messageId" doc:"id of the message, 0x and 64 hex digits"`
		Signature LooseBytes `json:"signature" doc:"of the hash, by the wallet"`
	}
)

// What the examples of payments share.
const (
	exampleCem      = `[{"id":"` + exampleOtherContact + `","name":"cem","chatType":1,"active":true}]`
	exampleRequest  = `{"messages":[{"id":"` + exampleHash + `","chatId":"` + exampleOtherContact + `","contentType":5}]}`
	exampleAddress  = "0xA04746Cb069e01e4e7F698904fa0A63834bD0137"
	onMissing       = `["` + exampleHash + `"]`
	missingAnswered = `["` + exampleHash + `","` + exampleAddress + `"]`
	missingPaid     = `["` + exampleHash + `","` + exampleHash + `","0x00"]`
)

// exampleFriend opens a chat with a person.
var exampleFriend = []Call{
	{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	{Method: "wakuext_saveChat", Params: exampleCem},
}

// Methods about payments. The daemon has no wallet: it passes on what a wallet
// says.
var (
	WakuextRequestTransaction = Method[RequestTransactionArgs, Changes]{
		Name: "wakuext_requestTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Asks a person for a payment.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleFriend, Params: `["` + exampleOtherContact + `","1.5","","` + exampleAddress + `"]`,
			Result: exampleRequest,
		},
	}
	WakuextRequestAddressForTransaction = Method[RequestAddressArgs, Changes]{
		Name: "wakuext_requestAddressForTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Asks a person for an address to pay to.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleFriend, Params: `["` + exampleOtherContact + `","` + exampleAddress + `","1.5",""]`,
			Result: exampleRequest,
		},
	}
	WakuextAcceptRequestAddressForTransaction = Method[AcceptAddressArgs, Changes]{
		Name: "wakuext_acceptRequestAddressForTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Answers a person who asks for an address.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: missingAnswered, Result: `{}`, Fails: CodeUnknownObject},
	}
	WakuextDeclineRequestAddressForTransaction = Method[DeclineArgs, Changes]{
		Name: "wakuext_declineRequestAddressForTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Refuses to give an address.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: onMissing, Result: `{}`, Fails: CodeUnknownObject},
	}
	WakuextDeclineRequestTransaction = Method[DeclineArgs, Changes]{
		Name: "wakuext_declineRequestTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Refuses to pay.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: onMissing, Result: `{}`, Fails: CodeUnknownObject},
	}
	WakuextSendTransaction = Method[SendTransactionArgs, Changes]{
		Name: "wakuext_sendTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Tells a person of a payment that a wallet made.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleFriend, Params: `["` + exampleOtherContact + `","1.5","","` + exampleHash + `","0x00"]`,
			Result: exampleRequest,
		},
	}
	WakuextAcceptRequestTransaction = Method[AcceptTransactionArgs, Changes]{
		Name: "wakuext_acceptRequestTransaction", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Tells a person who asked for a payment that a wallet made it.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: missingPaid, Result: `{}`, Fails: CodeUnknownObject},
	}
)

func transactionMethods() []Described {
	return []Described{
		WakuextRequestTransaction, WakuextRequestAddressForTransaction,
		WakuextAcceptRequestAddressForTransaction, WakuextDeclineRequestAddressForTransaction,
		WakuextDeclineRequestTransaction, WakuextSendTransaction, WakuextAcceptRequestTransaction,
	}
}
