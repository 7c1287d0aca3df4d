package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
)

func (a *extAPI) contacts(ctx context.Context, _ api.None) ([]api.Contact, error) {
	return ask(a, func(m *messenger.Messenger) ([]api.Contact, error) { return m.Contacts().List(ctx) })
}

func (a *extAPI) contactByID(ctx context.Context, in api.ContactIDArgs) (*api.Contact, error) {
	return ask(a, func(m *messenger.Messenger) (*api.Contact, error) { return m.Contacts().ByID(ctx, in.ID) })
}

func (a *extAPI) saveContact(ctx context.Context, in api.SaveContactArgs) (api.None, error) {
	return tell(a, func(m *messenger.Messenger) error { return m.Contacts().Save(ctx, in.Contact) })
}

func (a *extAPI) blockContact(ctx context.Context, in api.BlockContactArgs) ([]api.Chat, error) {
	return ask(a, func(m *messenger.Messenger) ([]api.Chat, error) { return m.Contacts().Block(ctx, in.Contact) })
}

func (a *extAPI) sendContactUpdate(ctx context.Context, in api.ContactUpdateArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Contacts().SendUpdate(ctx, in.ID, in.EnsName, in.Image)
	})
}

func (a *extAPI) sendContactUpdates(ctx context.Context, in api.ContactUpdatesArgs) (api.None, error) {
	return tell(a, func(m *messenger.Messenger) error { return m.Contacts().SendUpdates(ctx, in.EnsName, in.Image) })
}

func (a *extAPI) requestTransaction(ctx context.Context, in api.RequestTransactionArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().RequestTransaction(ctx, in.ChatID, in.Value, in.Contract, in.Address)
	})
}

func (a *extAPI) requestAddress(ctx context.Context, in api.RequestAddressArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().RequestAddress(ctx, in.ChatID, in.From, in.Value, in.Contract)
	})
}

func (a *extAPI) acceptAddress(ctx context.Context, in api.AcceptAddressArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().AcceptAddress(ctx, in.MessageID, in.Address)
	})
}

func (a *extAPI) declineAddress(ctx context.Context, in api.DeclineArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().DeclineAddress(ctx, in.MessageID)
	})
}

func (a *extAPI) declineTransaction(ctx context.Context, in api.DeclineArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().DeclineTransaction(ctx, in.MessageID)
	})
}

func (a *extAPI) sendTransaction(ctx context.Context, in api.SendTransactionArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().SendTransaction(ctx, in.ChatID, in.Value, in.Contract, in.TxHash, in.Signature)
	})
}

func (a *extAPI) acceptTransaction(ctx context.Context, in api.AcceptTransactionArgs) (api.Changes, error) {
	return ask(a, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Transactions().AcceptTransaction(ctx, in.TxHash, in.MessageID, in.Signature)
	})
}
