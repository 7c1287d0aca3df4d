package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

// stateDir is the data directory of the unit that comes with statusd.
const stateDir = "/var/lib/statusd"

// initFlags are the choices of statusd init.
type initFlags struct {
	dir, addr, advertise string
	passwordFile         string
	public               bool
	retention            string
	static, servers      []string
	user                 string
	boot, rendezvous     []string
	allowLocal           bool
	unlisted             bool
}

// role is a kind of node to set up.
type role struct {
	name, short string
	fill        func(*app, *initFlags, map[string]any) error // adds to the configuration
}

func roles() []role {
	return []role{
		{"mailserver", "Set up a node that archives messages and serves them", fillMailserver},
		{"relay", "Set up a node that passes messages on", fillRelay},
		{"client", "Set up a node for scripts and programs of one user", fillClient},
	}
}

func (a *app) initCommand() frame.Command {
	group := frame.Command{Use: "init", Short: "Write configuration, node key and unit file for a kind of node"}
	for _, r := range roles() {
		group.Commands = append(group.Commands, a.initRole(r))
	}
	group.Commands = append(group.Commands, a.initBootnode())
	return group
}

func (a *app) initRole(r role) frame.Command {
	return frame.Command{
		Use: r.name, Short: r.short,
		Long: r.short + `.

Writes config.json, nodekey and statusd.service to the data directory and says
what to do next. What is there already is never overwritten; an existing node
key is used. A directory belongs to one role.`,
		Build: func(fs *frame.Flags) frame.Run {
			f := &initFlags{addr: ":30303", retention: "30d;20GB"}
			f.add(fs, r.name)
			return func(context.Context, []string) error { return a.setUp(r, f) }
		},
	}
}

// add defines the flags of a role.
func (f *initFlags) add(fs *frame.Flags, role string) {
	fs.Var(&f.dir, "dir", "data directory (default $HOME/.statusd)")
	fs.Var(&f.addr, "addr", "peer-to-peer address")
	fs.Var(&f.user, "user", "user that the unit runs as (default: you)")
	fs.Var(&f.static, "static", "node to stay connected to; may be repeated")
	fs.Var(&f.boot, "bootnodes", "node where discovery starts; may be repeated, or comma separated")
	fs.Var(&f.rendezvous, "rendezvous", "rendezvous server to use; may be repeated, or comma separated")
	fs.Var(&f.allowLocal, "allow-local", "a private network: private and loopback addresses count too")
	if role != "client" {
		fs.Var(&f.advertise, "advertise", "IP address that others reach this machine at")
		fs.Var(&f.unlisted, "unlisted", "do not make the node findable, in spite of --bootnodes")
	}
	switch role {
	case "mailserver":
		fs.Var(&f.passwordFile, "password-file", "file with the password, - for standard input; "+
			"without it a random one is made")
		fs.Var(&f.public, "public", "use the well-known password that every client tries")
		fs.Var(&f.retention, "retention", "what to keep: age, size, number; whichever limit comes first")
	case "client":
		fs.Var(&f.servers, "server", "mailserver, an enode that may carry its password; may be repeated")
	}
}

// fillMailserver makes a node that archives.
func fillMailserver(a *app, f *initFlags, conf map[string]any) error {
	if f.public && f.passwordFile != "" {
		return usageError(errors.New("--public and --password-file exclude each other"))
	}
	password := configs.DefaultMailServerPassword
	switch {
	case f.passwordFile != "":
		var err error
		if password, err = a.readSecret(f.passwordFile); err != nil {
			return err
		}
	case !f.public:
		var b [15]byte
		if _, err := rand.Read(b[:]); err != nil {
			return fail(fault.Internal, err)
		}
		password = strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	}
	conf["MaxPeers"], conf["MetricsEnabled"] = 100, true
	conf["WakuConfig"] = map[string]any{
		"Enabled": true, "EnableMailServer": true, "MailServerPassword": password, "MailServerRetention": f.retention,
	}
	return nil
}

func fillRelay(_ *app, _ *initFlags, conf map[string]any) error {
	conf["MaxPeers"], conf["MetricsEnabled"] = 100, true
	conf["WakuConfig"] = map[string]any{"Enabled": true, "FullNode": true}
	return nil
}

func fillClient(_ *app, f *initFlags, conf map[string]any) error {
	conf["WakuConfig"] = map[string]any{"Enabled": true}
	if len(f.servers) > 0 {
		conf["ClusterConfig"] = map[string]any{"TrustedMailServers": f.servers}
	}
	return nil
}

// fillDiscovery says where to look for others. Whoever serves is findable.
func (f *initFlags) fillDiscovery(r role, conf, cluster map[string]any) {
	if len(f.static) > 0 {
		cluster["StaticNodes"] = f.static
	}
	if boot := splitAll(f.boot); len(boot) > 0 {
		conf["NoDiscovery"], cluster["BootNodes"] = false, boot
	}
	if servers := splitAll(f.rendezvous); len(servers) > 0 {
		conf["Rendezvous"], cluster["RendezvousNodes"] = true, servers
	}
	if f.allowLocal { // a gateway's address would be of no use there
		conf["AllowLocal"], conf["NAT"] = true, "none"
	}
	if len(f.boot)+len(f.rendezvous) == 0 || r.name == "client" || f.unlisted {
		return
	}
	topics := []string{"whisper"}
	if r.name == "mailserver" {
		topics = append(topics, "whispermail")
	}
	conf["RegisterTopics"] = topics
}

// splitAll cuts comma-separated lists.
func splitAll(lists []string) []string {
	var out []string
	for _, list := range lists {
		for part := range strings.SplitSeq(list, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// setUp writes the files of a node.
func (a *app) setUp(r role, f *initFlags) error {
	conf := map[string]any{"ListenAddr": f.addr}
	if f.advertise != "" {
		conf["AdvertiseAddr"], conf["NAT"] = f.advertise, "none"
	}
	if err := r.fill(a, f, conf); err != nil {
		return err
	}
	cluster, _ := conf["ClusterConfig"].(map[string]any)
	if cluster == nil {
		cluster = make(map[string]any)
	}
	f.fillDiscovery(r, conf, cluster)
	if len(cluster) > 0 {
		conf["ClusterConfig"] = cluster
	}
	raw, err := json.MarshalIndent(conf, "", "  ")
	if err != nil {
		return fail(fault.Internal, err)
	}
	dir, err := initDir(f.dir)
	if err != nil {
		return err
	}
	unit, err := unitFile(dir, f.user)
	if err != nil {
		return err
	}
	loaded, err := checkFresh(dir, r.name, raw)
	if err != nil {
		return err
	}
	if err := claimRole(dir, r.name); err != nil {
		return err
	}
	key, err := initKey(filepath.Join(dir, "nodekey"))
	if err != nil {
		return err
	}
	if err := atomicfile.New(filepath.Join(dir, "config.json"), append(raw, '\n'), 0o600); err != nil {
		return fail(fault.CannotCreate, err)
	}
	if err := atomicfile.New(filepath.Join(dir, unitName), []byte(unit), 0o644); err != nil {
		return fail(fault.CannotCreate, err)
	}
	return a.explain(r, f, dir, loaded, key)
}

const unitName = "statusd.service"

// initDir returns the data directory as an absolute path.
func initDir(dir string) (string, error) {
	if dir == "" {
		loaded, err := configs.Load(configs.Input{Environ: os.Environ()})
		if loaded == nil {
			return "", err
		}
		dir = loaded.Config.DataDir
	}
	abs, err := filepath.Abs(dir)
	return abs, fail(fault.Usage, err)
}

// checkFresh refuses a directory of another role, to overwrite anything, and a
// configuration that would not start.
func checkFresh(dir, role string, raw []byte) (*configs.Config, error) {
	if err := checkRole(dir, role); err != nil {
		return nil, err
	}
	if err := checkUnused(dir, "config.json", unitName); err != nil {
		return nil, err
	}
	loaded, err := configs.Load(configs.Input{Dir: dir, Draft: raw})
	if err != nil {
		return nil, usageError(err)
	}
	return loaded.Config, nil
}

// initKey reads the node key, or makes one.
func initKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		key, err := crypto.HexToECDSA(strings.TrimSpace(string(raw)))
		if err != nil {
			return nil, fail(fault.Config, fmt.Errorf("%s holds no node key: %w", path, errNotKey))
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fail(fault.NoInput, err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, fail(fault.Internal, err)
	}
	text := hex.EncodeToString(crypto.FromECDSA(key))
	err = atomicfile.New(path, []byte(text), 0o600)
	return key, fail(fault.CannotCreate, err)
}

// explain says what was made and what to do next.
func (a *app) explain(r role, f *initFlags, dir string, cfg *configs.Config, key *ecdsa.PrivateKey) error {
	host, port := "ADDRESS", "30303"
	if h, p, err := net.SplitHostPort(cfg.ListenAddress()); err == nil {
		port = p
		if ip, err := netip.ParseAddr(h); err == nil && !ip.IsUnspecified() {
			host = h
		}
	}
	if cfg.AdvertiseAddr.IsValid() {
		host = cfg.AdvertiseAddr.String()
	}
	id := hex.EncodeToString(crypto.FromECDSAPub(&key.PublicKey)[1:])
	password := ""
	if r.name == "mailserver" {
		password = ":" + url.PathEscape(cfg.WakuConfig.MailServerPassword.Reveal())
	}
	enode := "enode://" + id + password + "@" + net.JoinHostPort(host, port)
	files := []string{
		filepath.Join(dir, "config.json"), filepath.Join(dir, "nodekey"), filepath.Join(dir, unitName),
		filepath.Join(dir, roleFile),
	}
	todo := handOver(f.user, dir, files)
	open := []string{"tcp/" + port}
	if !cfg.NoDiscovery {
		open = append(open, "udp/"+port)
	}
	if r.name == "client" {
		open = []string{}
	}
	if a.output == outputJSON {
		return a.printJSON(api.RolePlan{Role: r.name, Dir: dir, Files: files, Enode: enode, Open: open})
	}
	text := "wrote     " + strings.Join(files, "\n          ") + "\nenode     " + enode + "\n"
	if host == "ADDRESS" {
		text += "          with the address of this machine in place of ADDRESS (--advertise sets it)\n"
	}
	if len(open) > 0 {
		text += "firewall  open " + strings.Join(open, " and ") + "; nothing else has to be reachable\n"
	}
	if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1024 {
		text += "          a port below 1024 needs a drop-in for the unit: see the head of statusd.service\n"
	}
	text += todo + "try       " + os.Args[0] + " run --dir " + dir + "\n" +
		"install   sudo cp " + files[2] + " /etc/systemd/system/ && sudo systemctl enable --now statusd\n"
	if r.name == "mailserver" {
		text += "check     " + os.Args[0] + " mailserver check '" + enode + "'\n"
	}
	_, err := fmt.Fprint(a.out, text)
	return fail(fault.IO, err)
}
