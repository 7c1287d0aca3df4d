package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"statusd/api"
)

// fakeDevices answers the calls of statusd devices.
type fakeDevices struct {
	list []api.Installation
	log  []string
}

func (f *fakeDevices) start(t *testing.T) (dir string) {
	t.Helper()
	m := fakeMethods{}
	note := func(what string) (api.None, error) {
		f.log = append(f.log, what)
		return api.None{}, nil
	}
	handle(m, api.WakuextGetOurInstallations, func(api.None) ([]api.Installation, error) { return f.list, nil })
	handle(m, api.WakuextEnableInstallation, func(args api.InstallationArgs) (api.None, error) {
		return note("enable " + args.InstallationID)
	})
	handle(m, api.WakuextDisableInstallation, func(args api.InstallationArgs) (api.None, error) {
		return note("disable " + args.InstallationID)
	})
	handle(m, api.WakuextSetInstallationMetadata, func(args api.InstallationMetadataArgs) (api.None, error) {
		set := args.Metadata
		return note(strings.Join([]string{"name", args.InstallationID, set.Name, set.DeviceType, set.FCMToken}, " "))
	})
	handle(m, api.WakuextSendPairInstallation, func(api.None) (api.Changes, error) {
		if f.list[0].Metadata == nil {
			return api.Changes{}, errors.New("set the name and type of this device before pairing")
		}
		_, err := note("pair")
		return api.Changes{Installations: f.list[:1]}, err
	})
	return m.serve(t)
}

func TestDevicesCommand(t *testing.T) {
	phone := api.Installation{
		ID: "bbbb-2", Enabled: true, Metadata: &api.InstallationMetadata{Name: "phone", DeviceType: "ios", FCMToken: "t"},
	}
	for _, c := range []struct {
		args []string
		code int
		out  string // a part of standard output or standard error
		log  []string
	}{
		{[]string{}, 0, "this device", nil},
		{[]string{"list"}, 0, "phone", nil},
		{[]string{"list", "-o", "json"}, 0, `"deviceType":"ios"`, nil},
		{[]string{"enable", "Phone"}, 0, "", []string{"enable bbbb-2"}},
		{[]string{"enable", "bbbb"}, 0, "", []string{"enable bbbb-2"}},
		{[]string{"disable", "bbbb-2"}, 0, "", []string{"disable bbbb-2"}},
		{[]string{"enable", "nobody"}, 65, `no device is called "nobody"; see: statusd devices`, nil},
		{[]string{"enable", "twin"}, 65, `2 devices are called "twin"; give the id of one`, nil},
		{[]string{"enable"}, 64, "missing argument: the device; see: statusd devices", nil},
		{[]string{"enable", "a", "b"}, 64, `unexpected argument "b"`, nil},
		{[]string{"name", "laptop"}, 0, "", []string{"name aaaa-1 laptop desktop "}},
		{[]string{"name", "mobile", "--device", "phone"}, 0, "", []string{"name bbbb-2 mobile ios t"}},
		{[]string{"name", "tab", "--device", "phone", "--type", "android"}, 0, "", []string{"name bbbb-2 tab android t"}},
		{[]string{"name", " "}, 64, "the name is empty", nil},
		{[]string{"pair"}, 1, "before pairing", nil},
		{[]string{"nonsense"}, 64, `unknown command "nonsense"`, nil},
	} {
		twin := func(id string) api.Installation {
			return api.Installation{ID: id, Metadata: &api.InstallationMetadata{Name: "twin"}}
		}
		f := &fakeDevices{list: []api.Installation{{ID: "aaaa-1", Enabled: true}, phone, twin("c"), twin("d")}}
		args := append([]string{"devices"}, c.args...)
		if !slices.Contains([]string{"nonsense"}, args[len(args)-1]) {
			args = append(args, "--dir", f.start(t))
		}
		code, out, errOut := statusd(t, "", args...)
		if code != c.code || !strings.Contains(out+errOut, c.out) || !slices.Equal(f.log, c.log) {
			t.Errorf("%v: code %d, %q, %q, calls %q", c.args, code, out, errOut, f.log)
		}
	}
}
