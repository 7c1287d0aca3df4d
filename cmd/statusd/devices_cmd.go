package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"statusd/api"
	"statusd/internal/termtext"
)

func (a *app) devicesCommand() *cobra.Command {
	var c *client
	list := func(cmd *cobra.Command, _ []string) error { return a.within(cmd, c, a.listDevices) }
	cmd := &cobra.Command{
		Use: "devices", Short: "List the account's devices; enable, disable, name, pair", Args: noArguments,
		Long: `Works on the devices that share the account. A device shows up once both have been
online. Enable it here, and this one there: from then on each gets copies of
what the other sends. At most three devices are active. A device is given by its
id, or by its name where that is unique.`,
		Example: "  statusd devices name laptop\n  statusd devices pair\n  statusd devices enable phone",
		RunE:    list,
	}
	c = a.newClient(cmd, time.Minute)
	cmd.AddCommand(a.devicesList(), a.devicesPair(), a.devicesName(),
		a.devicesSwitch("enable", "Enable another device: it gets copies of what is sent", "wakuext_enableInstallation"),
		a.devicesSwitch("disable", "Disable another device", "wakuext_disableInstallation"))
	return cmd
}

func (a *app) devicesList() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "list", Short: "List the devices, this one first", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.within(cmd, c, a.listDevices) },
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) listDevices(ctx context.Context, s *session) error {
	list, err := s.devices(ctx)
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(exitIO, a.printJSON(list))
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tTYPE\tSTATE\tLAST SEEN")
	for i, d := range list {
		state, seen := "not enabled", "-"
		switch {
		case i == 0:
			state = "this device"
		case d.Enabled:
			state = "enabled"
		}
		if d.Timestamp > 0 {
			seen = time.Unix(0, d.Timestamp).Local().Format("2006-01-02 15:04")
		}
		name, kind := deviceName(d), "-"
		if d.Metadata != nil && d.Metadata.DeviceType != "" {
			kind = d.Metadata.DeviceType
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", termtext.Line(d.ID), termtext.Line(name), termtext.Line(kind), state, seen)
	}
	return fail(exitIO, w.Flush())
}

func deviceName(d api.Installation) string {
	if d.Metadata == nil || d.Metadata.Name == "" {
		return "-"
	}
	return d.Metadata.Name
}

// devices returns the account's devices, this one first.
func (s *session) devices(ctx context.Context) (list []api.Installation, err error) {
	err = s.call(ctx, &list, "wakuext_getOurInstallations")
	return list, err
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
		return api.Installation{}, fail(exitData, fmt.Errorf("no device is called %q; see: statusd devices", text))
	case 1:
		return found[0], nil
	}
	return api.Installation{}, fail(exitData, fmt.Errorf("%d devices are called %q; give the id of one",
		len(found), text))
}

func (a *app) devicesSwitch(use, short, method string) *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: use + " DEVICE", Short: short, Args: exactly(1, "the device; see: statusd devices"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				d, err := s.device(ctx, args[0])
				if err != nil {
					return err
				}
				return s.call(ctx, nil, method, d.ID)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) devicesName() *cobra.Command {
	var c *client
	var device, kind string
	cmd := &cobra.Command{
		Use: "name NAME", Short: "Name this device, or with --device another", Args: exactly(1, "the name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
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
				if m.Name = args[0]; cmd.Flags().Changed("type") || m.DeviceType == "" {
					m.DeviceType = kind
				}
				return s.call(ctx, nil, "wakuext_setInstallationMetadata", d.ID, m)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.Flags().StringVar(&device, "device", "", "the device to name; this one if left out")
	cmd.Flags().StringVar(&kind, "type", "desktop", "kind of the device: desktop, ios, android …")
	return cmd
}

// named returns a device, this one for an empty text.
func (s *session) named(ctx context.Context, text string) (api.Installation, error) {
	if text != "" {
		return s.device(ctx, text)
	}
	list, err := s.devices(ctx)
	if err == nil && len(list) == 0 {
		err = fail(exitProtocol, errors.New("the daemon's answer has no device"))
	}
	if err != nil {
		return api.Installation{}, err
	}
	return list[0], nil
}

func (a *app) devicesPair() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "pair", Short: "Show this device, with its name, to the account's other devices", Args: noArguments,
		Long: `Sends name and type of this device to the other devices of the account, so that
they can be told apart there. The device needs a name first. Enabling stays a
decision on each device.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				var sent api.Changes
				if err := s.call(ctx, &sent, "wakuext_sendPairInstallation"); err != nil {
					return err
				}
				if a.output == outputJSON {
					return fail(exitIO, a.printJSON(sent))
				}
				return nil
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}
