package configs

import (
	"fmt"
	"io"
	"net/url"
)

// mask stands for a secret that is set.
const mask = "[redacted]"

// Secret is a text that must not be shown: a key or a password. Every
// formatting verb and encoder prints a mask; Reveal returns the clear text.
type Secret struct{ clear string }

// NewSecret wraps a clear text. An empty text is "not set".
func NewSecret(clear string) Secret { return Secret{clear} }

// Reveal returns the clear text.
func (s Secret) Reveal() string { return s.clear }

// IsSet reports whether there is a secret at all.
func (s Secret) IsSet() bool { return s.clear != "" }

// String returns the mask, or nothing when the secret is not set.
func (s Secret) String() string {
	if s.clear == "" {
		return ""
	}
	return mask
}

// Format prints the mask under every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives encoders the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the clear text.
func (s *Secret) UnmarshalText(b []byte) error {
	s.clear = string(b)
	return nil
}

// SecretURL is an address that may carry a password or an access key. Printed
// is scheme and host alone; Reveal returns the whole.
type SecretURL struct{ clear string }

// Reveal returns the clear address.
func (s SecretURL) Reveal() string { return s.clear }

// IsSet reports whether there is an address at all.
func (s SecretURL) IsSet() bool { return s.clear != "" }

// String returns scheme and host with everything else masked.
func (s SecretURL) String() string {
	if s.clear == "" {
		return ""
	}
	u, err := url.Parse(s.clear)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return mask
	}
	if u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "" {
		return s.clear
	}
	return u.Scheme + "://" + u.Host + "/" + mask
}

// Format prints the masked form under every verb.
func (s SecretURL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives encoders the masked form.
func (s SecretURL) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the clear address.
func (s *SecretURL) UnmarshalText(b []byte) error {
	s.clear = string(b)
	return nil
}
