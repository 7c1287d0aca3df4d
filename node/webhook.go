package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"statusd/accounts/secret"
	"statusd/api"
	"statusd/configs"
	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/internal/feed"
	"statusd/internal/webhook"
)

// minWebhookSecret is the shortest key of signatures, in characters.
const minWebhookSecret = 16

// ErrWebhookSecret is returned by Run when the key of the webhook's signatures
// cannot be had.
var ErrWebhookSecret = fault.New(fault.CannotCreate, "the secret of the webhook cannot be used", "")

// startWebhook starts what sends events to the address of the configuration.
func (n *logins) startWebhook(life *lifecycle) error {
	if !n.cfg.WebhookURL.IsSet() {
		return nil
	}
	types, err := webhookTypes(n.cfg)
	if err != nil {
		return err
	}
	key, err := n.webhookSecret()
	if err != nil {
		path := n.cfg.WebhookSecretPath()
		return &StartError{Kind: ErrWebhookSecret, Text: "cannot use the webhook secret " + path, Cause: err}
	}
	hook := webhook.New(webhook.Config{
		URL: n.cfg.WebhookURL.Reveal(), Secret: key, Types: types, Chats: n.cfg.WebhookChats,
		Agent: "statusd/" + n.deps.Version.Version, Accounts: n.Accounts(), Events: n.Events(), Log: n.root,
		Now: n.clock.Now,
	})
	life.run("webhook", stopSmall, hook.Run)
	return nil
}

// CheckConfig looks for what the parts of a node would refuse in a
// configuration that is valid by itself. The error is a *StartError.
func CheckConfig(cfg *configs.Config) error {
	_, err := webhookTypes(cfg)
	return err
}

// webhookTypes reads the types of events that the webhook is to get.
func webhookTypes(cfg *configs.Config) ([]api.EventType, error) {
	types, err := feed.Types(cfg.WebhookTypes)
	if unknown := (*feed.UnknownTypeError)(nil); errors.As(err, &unknown) {
		return nil, &StartError{
			Kind: configs.ErrInvalid, Text: fmt.Sprintf("WebhookTypes: %v; %s", unknown, unknown.Hint()),
		}
	}
	return types, err
}

// webhookSecret returns the key of signatures: that of the configuration, or
// of a file, which is made when it is missing.
func (n *logins) webhookSecret() (secret.Bytes, error) {
	if n.cfg.WebhookSecret.IsSet() {
		return secret.New([]byte(n.cfg.WebhookSecret.Reveal())), nil
	}
	path := n.cfg.WebhookSecretPath()
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh [32]byte
		rand.Read(fresh[:])
		raw = []byte(hex.EncodeToString(fresh[:]) + "\n")
		err = atomicfile.Write(path, raw, 0o600)
	}
	if err != nil {
		return secret.Bytes{}, err
	}
	text := strings.TrimSpace(string(raw))
	if len(text) < minWebhookSecret {
		return secret.Bytes{}, fmt.Errorf("it has %d characters, want at least %d: delete the file to get a new one",
			len(text), minWebhookSecret)
	}
	return secret.New([]byte(text)), nil
}
