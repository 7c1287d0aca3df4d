package rpc

import (
	"context"
	"encoding/hex"
	"strings"

	"statusd/accounts/key"
	"statusd/accounts/signedtext"
	"statusd/api"
	"statusd/messenger"
	"statusd/messenger/courier"
	places "statusd/transport/topics"
)

// maxFilterList bounds the filters that one call names.
const maxFilterList = 1000

// maxPlaceName bounds the name of a place, in bytes.
const maxPlaceName = 1000

// devicesAPI works on the devices and the filters of the account that is
// logged in.
type devicesAPI struct {
	messenger func() *messenger.Messenger
	courier   func() *courier.Courier
	accounts  Accounts
	guests    *guests
}

// devices returns the service for devices. Errors: not logged in.
func (a *devicesAPI) devices() (*messenger.Devices, error) {
	if m := a.messenger(); m != nil {
		return m.Devices(), nil
	}
	return nil, notLoggedIn()
}

// carrier returns the courier. Errors: not logged in.
func (a *devicesAPI) carrier() (*courier.Courier, error) {
	if c := a.courier(); c != nil {
		return c, nil
	}
	return nil, notLoggedIn()
}

// change makes a change to the devices.
func (a *devicesAPI) change(f func(*messenger.Devices) error) (api.None, error) {
	d, err := a.devices()
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, f(d)
}

func (a *devicesAPI) installations(ctx context.Context, _ api.None) ([]api.Installation, error) {
	d, err := a.devices()
	if err != nil {
		return nil, err
	}
	list, err := d.List(ctx)
	return list, err
}

func (a *devicesAPI) enable(ctx context.Context, in api.InstallationArgs) (api.None, error) {
	return a.change(func(d *messenger.Devices) error { return d.Enable(ctx, in.InstallationID) })
}

func (a *devicesAPI) disable(ctx context.Context, in api.InstallationArgs) (api.None, error) {
	return a.change(func(d *messenger.Devices) error { return d.Disable(ctx, in.InstallationID) })
}

// maxDeviceText bounds name, type and token of a device.
const maxDeviceText = 1024

func (a *devicesAPI) setMetadata(ctx context.Context, in api.InstallationMetadataArgs) (api.None, error) {
	for _, text := range []string{in.Metadata.Name, in.Metadata.DeviceType, in.Metadata.FCMToken} {
		if len(text) > maxDeviceText {
			return api.None{}, api.NewError(api.CodeInvalidParams, "name, type or token is longer than %d bytes",
				maxDeviceText)
		}
	}
	return a.change(func(d *messenger.Devices) error { return d.SetMetadata(ctx, in.InstallationID, in.Metadata) })
}

func (a *devicesAPI) sendPairing(ctx context.Context, _ api.None) (api.Changes, error) {
	d, err := a.devices()
	if err != nil {
		return api.Changes{}, err
	}
	got, err := d.SendPairing(ctx)
	return got, err
}

func (a *devicesAPI) signText(_ context.Context, in api.SignTextArgs) (api.Bytes, error) {
	current := a.accounts.Current()
	if current == nil {
		return nil, notLoggedIn()
	}
	sig, err := signedtext.Sign(current.ChatKey(), in.Text)
	if err != nil {
		return nil, err
	}
	return sig[:], nil
}

// viewFilter shows a filter. The name of a negotiated place is its secret: the
// chat with the person stands for it.
func viewFilter(f courier.Filter) api.ChatFilter {
	v := api.ChatFilter{
		ChatID: f.Place.Name(), FilterID: f.Name, Topic: f.Place.Topic().String(), Listen: true,
	}
	if !f.Person.IsZero() {
		u := f.Person.Uncompressed()
		v.Identity = hex.EncodeToString(u[:])
	}
	switch f.Place.Kind {
	case places.Partitioned, places.Personal:
		v.Discovery, v.OneToOne = true, true
	case places.ContactCode:
		v.OneToOne = true
	case places.Negotiated:
		v.ChatID, v.Negotiated, v.OneToOne = f.Person.ContactID(), true, true
	}
	return v
}

func (a *devicesAPI) loadFilters(ctx context.Context, in api.LoadFiltersArgs) ([]api.ChatFilter, error) {
	c, err := a.carrier()
	if err != nil {
		return nil, err
	}
	if len(in.Filters) > maxFilterList {
		return nil, api.NewError(api.CodeInvalidParams, "more than %d filters", maxFilterList)
	}
	var chats []string
	var people []key.Public
	for _, f := range in.Filters {
		if !f.OneToOne {
			if f.ChatID == "" {
				return nil, api.NewError(api.CodeInvalidParams, "a filter has neither chatId nor oneToOne with identity")
			}
			if len(f.ChatID) > maxPlaceName {
				return nil, api.NewError(api.CodeInvalidParams, "chatId of a filter is longer than %d bytes", maxPlaceName)
			}
			chats = append(chats, f.ChatID)
			continue
		}
		id := f.Identity
		if id == "" {
			id = f.ChatID
		}
		p, err := key.ParseContactID("0x" + strings.TrimPrefix(id, "0x"))
		if err != nil {
			return nil, api.NewError(api.CodeInvalidParams, "identity of a filter is not a public key of 130 hex digits")
		}
		people = append(people, p)
	}
	owner, err := a.owner(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.Listen(ctx, owner, chats, people); err != nil {
		return nil, err
	}
	installed, err := c.Filters(ctx)
	out := make([]api.ChatFilter, 0, len(installed))
	for _, f := range installed {
		out = append(out, viewFilter(f))
	}
	return out, err
}

func (a *devicesAPI) removeFilters(ctx context.Context, in api.RemoveFiltersArgs) (api.None, error) {
	c, err := a.carrier()
	if err != nil {
		return api.None{}, err
	}
	installed, err := c.Filters(ctx)
	if err != nil {
		return api.None{}, err
	}
	var names []string
	for _, want := range in.Filters {
		for _, f := range installed {
			if want.FilterID == f.Name || want.FilterID == "" && want.ChatID == viewFilter(f).ChatID {
				names = append(names, f.Name)
			}
		}
	}
	owner, err := a.owner(ctx)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, c.Ignore(ctx, owner, names)
}

// owner names the caller, whose filters end with the token.
func (a *devicesAPI) owner(ctx context.Context) (string, error) {
	if _, err := a.guests.here(ctx); err != nil {
		return "", err
	}
	return callFrom(ctx).caller.owner(), nil
}
