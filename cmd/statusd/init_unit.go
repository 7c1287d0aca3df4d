package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"statusd/deploy"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

// roleFile says in a directory what it is for.
const roleFile = "role"

// roleOf returns the role of a directory, "" where none is known.
func roleOf(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, roleFile))
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return "", fail(fault.NoInput, err)
	}
	// Directories of before there was that file.
	if _, err := os.Lstat(filepath.Join(dir, bootnodeUnit)); err == nil {
		return roleBootnode, nil
	}
	for _, name := range []string{unitName, "schema-version", "config.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return roleDaemon, nil
		}
	}
	return "", nil
}

// Roles that are no name of a command of init, or are needed elsewhere.
const (
	roleBootnode = "bootnode"
	roleDaemon   = "daemon" // a relay, a mailserver or a client: only the file says which
)

// checkRole refuses a directory that belongs to another role: two nodes would
// have one key, one user and one database.
func checkRole(dir, role string) error {
	have, err := roleOf(dir)
	if err != nil || have == "" || have == role || have == roleDaemon && role != roleBootnode {
		return err
	}
	return fail(fault.CannotCreate, fmt.Errorf("%s belongs to a %s, and a directory belongs to one role: "+
		"choose another --dir", dir, have))
}

// unusableDir says why a directory cannot be made or used.
func unusableDir(dir string, err error) error {
	return fail(fault.CannotCreate, fmt.Errorf("cannot make %s: %w; choose another --dir", dir, err))
}

// claimRole makes a directory and gives it a role.
func claimRole(dir, role string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unusableDir(dir, err)
	}
	err := atomicfile.New(filepath.Join(dir, roleFile), []byte(role+"\n"), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return checkRole(dir, role) // somebody was faster, or an earlier try was interrupted
	}
	return fail(fault.CannotCreate, err)
}

// checkUnused refuses to overwrite files of a directory.
func checkUnused(dir string, names ...string) error {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			return fail(fault.CannotCreate, fmt.Errorf("%s exists, and nothing is overwritten: choose another --dir, or "+
				"remove it", path))
		}
	}
	return nil
}

// unitFile adapts the unit that comes with statusd to a directory and a user.
// The default directory keeps the user that systemd makes up.
func unitFile(dir, name string) (string, error) {
	binary, err := os.Executable()
	if err != nil {
		return "", fail(fault.Internal, err)
	}
	return unitFor(binary, dir, name)
}

// unitSyntax is what has a meaning in the paths of a unit file; a colon
// separates the two ends of a mount.
const unitSyntax = " \t\r\n%\"'\\:"

// unitFor is unitFile for a program.
func unitFor(binary, dir, name string) (string, error) {
	if strings.ContainsAny(dir+binary, unitSyntax) {
		return "", usageError(fmt.Errorf("%s or %s has characters that a unit file cannot hold; choose another --dir",
			dir, binary))
	}
	unit := strings.Replace(deploy.Unit, "ExecStart=/usr/bin/statusd run", "ExecStart="+binary+" run", 1)
	if dir == stateDir && name == "" {
		if err := checkProgram(binary); err != nil {
			return "", err
		}
		if hiddenBy(binary) == hiddenTemp {
			unit = strings.Replace(unit, "PrivateTmp=yes\n", "PrivateTmp=yes\nBindReadOnlyPaths="+binary+"\n", 1)
		}
		return unit, nil
	}
	name, err := serviceUser(name)
	if err != nil {
		return "", err
	}
	home, access := "ProtectHome=yes", "ReadWritePaths="+dir
	if hiddenBy(dir) != "" {
		access = "BindPaths=" + dir
	}
	if hiddenBy(binary) != "" {
		access += "\nBindReadOnlyPaths=" + binary
	}
	if hiddenBy(dir) == hiddenHome || hiddenBy(binary) == hiddenHome {
		home = "ProtectHome=tmpfs"
	}
	// The user is a real one: systemd owns no directory of his.
	return strings.NewReplacer(
		"STATUSD_DIR="+stateDir, "STATUSD_DIR="+dir, "its data directory "+stateDir, "its data directory "+dir,
		"DynamicUser=yes\n", "User="+name+"\n", "StateDirectory=statusd\n", access+"\n", "StateDirectoryMode=0700\n", "",
		"PrivateUsers=yes\n", "PrivateUsers=no\n", "ProtectHome=yes", home,
	).Replace(unit), nil
}

// What the sandbox of the unit hides.
const (
	hiddenHome = "ProtectHome=yes"
	hiddenTemp = "PrivateTmp=yes"
)

// hiddenBy returns the setting of the unit that hides a path, "" for none.
func hiddenBy(path string) string {
	if real, _, err := atomicfile.Resolve(path); err == nil {
		path = real
	}
	for setting, folders := range map[string][]string{
		hiddenHome: {"/home/", "/root/", "/run/user/"}, hiddenTemp: {"/tmp/", "/var/tmp/"},
	} {
		for _, folder := range folders {
			if strings.HasPrefix(path, folder) {
				return setting
			}
		}
	}
	return ""
}

// checkProgram refuses a program that the user whom systemd makes up cannot
// run.
func checkProgram(binary string) error {
	const advice = "install it where everybody may run it, and call init of that one:\n  sudo install -m 755 %s " +
		"/usr/local/bin/statusd\nor give --user, the user that the service runs as"
	if hiddenBy(binary) == hiddenHome {
		return fail(fault.Usage, fmt.Errorf("the service could not run %s: home directories are hidden from it "+
			"(ProtectHome=yes); "+advice, binary, binary))
	}
	for path := binary; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return fail(fault.NoInput, err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fail(fault.Usage, fmt.Errorf("the service could not run %s: %s is not open to all users; "+advice, binary,
				path, binary))
		}
		if filepath.Dir(path) == path || hiddenBy(binary) != "" { // a bound program is reached without its folders
			return nil
		}
	}
}

// serviceUser returns the user that a unit runs as: the one given, or us.
func serviceUser(name string) (string, error) {
	if name == "" {
		who, err := user.Current()
		if err != nil {
			return "", fail(fault.Internal, fmt.Errorf("who are you: %w; give --user", err))
		}
		name = who.Username
	}
	if !regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`).MatchString(name) {
		return "", usageError(fmt.Errorf("--user %q: want the name of a user", name))
	}
	return name, nil
}

// handOver gives a directory and the files in it that were made to the user of
// the unit. What it cannot do it says how to do.
func handOver(name, dir string, files []string) (todo string) {
	if name == "" {
		return ""
	}
	who, err := user.Lookup(name)
	if err != nil {
		return "user      sudo useradd --system --no-create-home --shell /usr/sbin/nologin " + name + "\n" +
			"owner     sudo chown -R " + name + " " + dir + "\n"
	}
	uid, err1 := strconv.Atoi(who.Uid)
	gid, err2 := strconv.Atoi(who.Gid)
	if err1 == nil && err2 == nil && uid == os.Geteuid() {
		return ""
	}
	err = errors.Join(err1, err2)
	for _, path := range append([]string{dir}, files...) {
		err = errors.Join(err, os.Lchown(path, uid, gid))
	}
	if err != nil {
		return "owner     sudo chown -R " + name + " " + dir + "\n"
	}
	return ""
}
