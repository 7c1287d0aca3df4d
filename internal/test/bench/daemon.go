package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/api/client"
)

// daemon is a running statusd process.
type daemon struct {
	cmd  *exec.Cmd
	dir  string
	node *enode.Node
}

// start runs the binary with a fresh directory and identity and waits until
// its socket answers.
func start(binary string) (*daemon, error) {
	return startWith(binary, `{"Enabled":true}`, func(string) error { return nil })
}

// startWith does so with a configuration of Waku, after prepare has filled the
// directory.
func startWith(binary, waku string, prepare func(dir string) error) (*daemon, error) {
	dir, err := os.MkdirTemp("", "statusd-bench")
	if err != nil {
		return nil, err
	}
	if err := prepare(dir); err != nil {
		return nil, err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	if err := crypto.SaveECDSA(filepath.Join(dir, "nodekey"), key); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	config := filepath.Join(dir, "bench.json")
	body := fmt.Sprintf(`{"ListenAddr":%q,"MaxPeers":100,"EnableNTPSync":false,"WakuConfig":%s}`, addr, waku)
	if err := os.WriteFile(config, []byte(body), 0o600); err != nil {
		return nil, err
	}
	d := &daemon{dir: dir, node: enode.NewV4(&key.PublicKey, addr.IP, addr.Port, 0)}
	d.cmd = exec.Command(binary, "run", "--dir", dir, "-c", config, "--log", "error", "--nat", "none")
	var log bytes.Buffer
	d.cmd.Stderr = &log
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if err := d.await(); err != nil {
		d.stop()
		return nil, fmt.Errorf("%w; it said:\n%s", err, log.String())
	}
	return d, nil
}

func (d *daemon) await() error {
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		conn, err := client.Dial(context.Background(), client.Config{Target: client.DataDirSocket(d.dir)})
		if err == nil {
			_, err = api.WakuVersion.Call(context.Background(), conn, api.None{})
			conn.Close()
			if err == nil {
				return nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return errors.New("statusd did not get ready in 10 s")
}

func (d *daemon) stop() {
	d.cmd.Process.Signal(os.Interrupt)
	d.cmd.Wait()
	if d.dir != "" {
		os.RemoveAll(d.dir)
	}
}

// ownCPU returns the processor time this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpu returns the processor time the process has used. The kernel counts it
// in hundredths of a second.
func (d *daemon) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss returns a field of the process's memory status in bytes: VmRSS or VmHWM.
func (d *daemon) rss(field string) int64 {
	return int64(procField(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid), field)) << 10
}

func procField(path, field string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), field+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

func cpuModel() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
