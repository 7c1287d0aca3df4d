package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unitDirectives are what the service file must say: the life cycle that the
// daemon implements and the hardening of its specification (07 section 11).
func unitDirectives() []string {
	return []string{
		"Type=notify", "WatchdogSec=60", "Restart=on-failure", "RestartPreventExitStatus=64 77 78",
		"DynamicUser=yes", "StateDirectory=statusd", "StateDirectoryMode=0700", "UMask=0077",
		"ExecReload=/bin/kill -HUP $MAINPID",
		"CapabilityBoundingSet=", "LockPersonality=yes", "NoNewPrivileges=yes", "PrivateDevices=yes", "PrivateIPC=yes",
		"PrivateTmp=yes", "PrivateUsers=yes", "ProcSubset=pid", "ProtectClock=yes", "ProtectControlGroups=yes",
		"ProtectHome=yes", "ProtectHostname=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes",
		"ProtectKernelTunables=yes", "ProtectProc=invisible", "ProtectSystem=strict", "RemoveIPC=yes",
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces=yes", "RestrictRealtime=yes",
		"RestrictSUIDSGID=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
		"SystemCallFilter=~@privileged @resources", "MemoryDenyWriteExecute=yes",
	}
}

// maxExposure is the largest result of systemd-analyze security.
const maxExposure = 1.5

func TestServiceFileIsHardened(t *testing.T) {
	lines := unitLines(t)
	for _, want := range unitDirectives() {
		if !slices.Contains(lines, want) {
			t.Errorf("statusd.service lacks %s", want)
		}
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "ExecStart=/usr/bin/statusd run") }) {
		t.Error("statusd.service does not start statusd run")
	}
}

// unitLines returns the lines of the service file that systemd reads.
func unitLines(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), "deploy", "systemd", "statusd.service"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestServiceFilePassesSystemd asks systemd itself, on a copy that names a
// program and no manual page, since neither need be installed here.
func TestServiceFilePassesSystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	var text strings.Builder
	for _, line := range unitLines(t) {
		switch {
		case strings.HasPrefix(line, "Documentation="):
		case strings.HasPrefix(line, "ExecStart="):
			text.WriteString("ExecStart=/bin/true run\n")
		default:
			text.WriteString(line + "\n")
		}
	}
	unit := filepath.Join(t.TempDir(), "statusd.service")
	if err := os.WriteFile(unit, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", unit).CombinedOutput()
	found := regexp.MustCompile(`exposure level for \S+ ([0-9.]+)`).FindSubmatch(out)
	if err != nil || found == nil {
		t.Skipf("this systemd-analyze cannot judge a file: %v\n%s", err, out)
	}
	exposure, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil || exposure > maxExposure {
		t.Errorf("exposure %s, want at most %v", found[1], maxExposure)
	}
	t.Logf("exposure %v", exposure)
}
