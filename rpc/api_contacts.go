package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
)

// contactsAPI is people.
type contactsAPI struct{ messengers }

func (a *contactsAPI) contacts(ctx context.Context, _ api.None) ([]api.Contact, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.Contact, error) { return m.Contacts().List(ctx) })
}

func (a *contactsAPI) contactByID(ctx context.Context, in api.ContactIDArgs) (*api.Contact, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (*api.Contact, error) { return m.Contacts().ByID(ctx, in.ID) })
}

func (a *contactsAPI) saveContact(ctx context.Context, in api.SaveContactArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Contacts().Save(ctx, in.Contact) })
}

func (a *contactsAPI) blockContact(ctx context.Context, in api.BlockContactArgs) ([]api.Chat, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.Chat, error) {
		return m.Contacts().Block(ctx, in.Contact)
	})
}

func (a *contactsAPI) sendContactUpdate(ctx context.Context, in api.ContactUpdateArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Contacts().SendUpdate(ctx, in.ID, in.EnsName, in.Image)
	})
}

func (a *contactsAPI) sendContactUpdates(ctx context.Context, in api.ContactUpdatesArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error {
		return m.Contacts().SendUpdates(ctx, in.EnsName, in.Image)
	})
}

// transactionsAPI is transaction commands.
type transactionsAPI struct{ messengers }

func (a *transactionsAPI) requestTransaction(ctx context.Context, in api.RequestTransactionArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().RequestTransaction(ctx, in.ChatID, in.Value, in.Contract, in.Address)
	})
}

func (a *transactionsAPI) requestAddress(ctx context.Context, in api.RequestAddressArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().RequestAddress(ctx, in.ChatID, in.From, in.Value, in.Contract)
	})
}

func (a *transactionsAPI) acceptAddress(ctx context.Context, in api.AcceptAddressArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().AcceptAddress(ctx, in.MessageID, in.Address)
	})
}

func (a *transactionsAPI) declineAddress(ctx context.Context, in api.DeclineArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().DeclineAddress(ctx, in.MessageID)
	})
}

func (a *transactionsAPI) declineTransaction(ctx context.Context, in api.DeclineArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().DeclineTransaction(ctx, in.MessageID)
	})
}

func (a *transactionsAPI) sendTransaction(ctx context.Context, in api.SendTransactionArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().SendTransaction(ctx, in.ChatID, in.Value, in.Contract, in.TxHash, in.Signature)
	})
}

func (a *transactionsAPI) acceptTransaction(ctx context.Context, in api.AcceptTransactionArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().AcceptTransaction(ctx, in.TxHash, in.MessageID, in.Signature)
	})
}
