package devnet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// boot is the name of the boot node, the only one that the others know.
const boot = "boot"

// addBoot runs the boot node.
func (n *Network) addBoot(ctx context.Context) error {
	node := &Node{Name: boot, Dir: filepath.Join(n.cfg.Dir, boot), Log: filepath.Join(n.cfg.Dir, boot+".log")}
	if err := os.Mkdir(node.Dir, 0o700); err != nil {
		return err
	}
	key := filepath.Join(node.Dir, "nodekey")
	if _, err := n.output(ctx, "bootnode", "--genkey", key); err != nil {
		return err
	}
	id, err := n.output(ctx, "bootnode", "--nodekey", key, "--writeaddress")
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	node.Enode = fmt.Sprintf("enode://%s@127.0.0.1:0?discport=%d", id, port)
	node.args = []string{"bootnode", "--nodekey", key, "--addr", fmt.Sprintf("127.0.0.1:%d", port), "--allow-local"}
	n.nodes = append(n.nodes, node)
	return n.Run(ctx, node)
}

// output runs a command of the program that ends by itself.
func (n *Network) output(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, n.cfg.Program, args...).Output()
	if err != nil {
		return "", fmt.Errorf("statusd %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
