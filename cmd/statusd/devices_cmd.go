package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/termtext"
)

func (a *app) devicesCommand() frame.Command {
	return listing(a.inSession(frame.Command{
		Use: "devices", Short: "List the account's devices; enable, disable, name, pair",
		Long: `Works on the devices that share the account. A device shows up once both have been
online. Enable it here, and this one there: from then on each gets copies of
what the other sends. At most three devices are active. A device is given by its
id, or by its name where that is unique.`,
		Example: "  statusd devices name laptop\n  statusd devices pair\n  statusd devices enable phone",
		Commands: []frame.Command{
			a.inSession(frame.Command{
				Use: "pair", Short: "Show this device, with its name, to the account's other devices",
				Long: `Sends name and type of this device to the other devices of the account, so that
they can be told apart there. The device needs a name first. Enabling stays a
decision on each device.`,
			}, nil, a.pair),
			a.devicesName(),
			a.onDevice("enable DEVICE", "Enable another device: it gets copies of what is sent", api.WakuextEnableInstallation),
			a.onDevice("disable DEVICE", "Disable another device", api.WakuextDisableInstallation),
		},
	}, nil, a.listDevices), "List the devices, this one first")
}

func (a *app) listDevices(ctx context.Context, s *session, _ []string) error {
	list, err := s.devices(ctx)
	if err != nil {
		return err
	}
	this := ""
	if len(list) > 0 {
		this = list[0].ID
	}
	return printList(a, list, "",
		frame.IDs("ID", func(d api.Installation) string { return termtext.Line(d.ID) }),
		frame.Col("NAME", func(d api.Installation) string { return termtext.Line(deviceName(d)) }),
		frame.Col("TYPE", func(d api.Installation) string {
			if d.Metadata == nil {
				return "-"
			}
			return cmp.Or(termtext.Line(d.Metadata.DeviceType), "-")
		}),
		frame.Col("STATE", func(d api.Installation) string {
			switch {
			case d.ID == this:
				return "this device"
			case d.Enabled:
				return "enabled"
			}
			return "not enabled"
		}),
		frame.Col("LAST SEEN", func(d api.Installation) string {
			if d.Timestamp <= 0 {
				return "-"
			}
			return time.Unix(0, d.Timestamp).Local().Format("2006-01-02 15:04")
		}),
	)
}

func deviceName(d api.Installation) string {
	if d.Metadata == nil || d.Metadata.Name == "" {
		return "-"
	}
	return d.Metadata.Name
}

// devices returns the account's devices, this one first.
func (s *session) devices(ctx context.Context) ([]api.Installation, error) {
	return api.WakuextGetOurInstallations.Call(ctx, s, api.None{})
}

// device returns the device that a text names: its id, the beginning of it, or
// its name.
func (s *session) device(ctx context.Context, text string) (api.Installation, error) {
	list, err := s.devices(ctx)
	if err != nil {
		return api.Installation{}, err
	}
	var found []api.Installation
	for _, d := range list {
		switch {
		case d.ID == text:
			return d, nil
		case strings.EqualFold(deviceName(d), text), len(text) >= 4 && strings.HasPrefix(d.ID, text):
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return api.Installation{}, fail(fault.BadInput, fmt.Errorf("no device is called %q; see: statusd devices", text))
	case 1:
		return found[0], nil
	}
	return api.Installation{}, fail(fault.BadInput, fmt.Errorf("%d devices are called %q; give the id of one",
		len(found), text))
}

// onDevice is a command that does one thing with a device.
func (a *app) onDevice(use, short string, method api.Method[api.InstallationArgs, api.None]) frame.Command {
	want := frame.Exactly(1, "the device; see: statusd devices")
	return on(a, use, short, want, (*daemon).devices, (*session).device,
		func(ctx context.Context, s *session, d api.Installation) error {
			return done(method.Call(ctx, s, api.InstallationArgs{InstallationID: d.ID}))
		})
}

func (a *app) devicesName() frame.Command {
	return frame.Command{
		Use: "name NAME", Short: "Name this device, or with --device another", Args: frame.Exactly(1, "the name"),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			device, kind := "", "desktop"
			fs.Var(&device, "device", "the device to name; this one if left out").Complete(c.devices())
			fs.Var(&kind, "type", "kind of the device: desktop, ios, android …").Complete(
				frame.OneOf("desktop", "ios", "android"))
			return c.within(func(ctx context.Context, s *session, args []string) error {
				if strings.TrimSpace(args[0]) == "" {
					return usageError(errors.New("the name is empty"))
				}
				d, err := s.named(ctx, device)
				if err != nil {
					return err
				}
				m := api.InstallationMetadata{DeviceType: "desktop"}
				if d.Metadata != nil {
					m = *d.Metadata
				}
				if m.Name = args[0]; fs.Changed("type") || m.DeviceType == "" {
					m.DeviceType = kind
				}
				set := api.InstallationMetadataArgs{InstallationID: d.ID, Metadata: m}
				return done(api.WakuextSetInstallationMetadata.Call(ctx, s, set))
			})
		},
	}
}

// named returns a device, this one for an empty text.
func (s *session) named(ctx context.Context, text string) (api.Installation, error) {
	if text != "" {
		return s.device(ctx, text)
	}
	list, err := s.devices(ctx)
	if err == nil && len(list) == 0 {
		err = fail(fault.Protocol, errors.New("the daemon's answer has no device"))
	}
	if err != nil {
		return api.Installation{}, err
	}
	return list[0], nil
}

func (a *app) pair(ctx context.Context, s *session, _ []string) error {
	sent, err := api.WakuextSendPairInstallation.Call(ctx, s, api.None{})
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(sent))
	}
	return nil
}
