package main

import (
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gethrpc "github.com/ethereum/go-ethereum/rpc"

	"statusd/api"
)

// fakeDevices answers the calls of statusd devices.
type fakeDevices struct {
	list []api.Installation
	log  []string
}

func (f *fakeDevices) GetOurInstallations() []api.Installation { return f.list }

func (f *fakeDevices) EnableInstallation(id string) { f.log = append(f.log, "enable "+id) }

func (f *fakeDevices) DisableInstallation(id string) { f.log = append(f.log, "disable "+id) }

func (f *fakeDevices) SetInstallationMetadata(id string, m api.InstallationMetadata) {
	f.log = append(f.log, strings.Join([]string{"name", id, m.Name, m.DeviceType, m.FCMToken}, " "))
}

func (f *fakeDevices) SendPairInstallation() (api.Changes, error) {
	if f.list[0].Metadata == nil {
		return api.Changes{}, errors.New("set the name and type of this device before pairing")
	}
	f.log = append(f.log, "pair")
	return api.Changes{Installations: f.list[:1]}, nil
}

func (f *fakeDevices) start(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	server := gethrpc.NewServer()
	if err := server.RegisterName("wakuext", f); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "statusd.ipc"))
	if err != nil {
		t.Fatal(err)
	}
	go server.ServeListener(listener) //nolint:errcheck // ends with the listener
	t.Cleanup(func() { _ = listener.Close(); server.Stop() })
	return dir
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
