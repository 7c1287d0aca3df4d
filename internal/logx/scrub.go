package logx

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Redacted stands in a log line where a secret was.
const Redacted = "[redacted]"

// keyDigits is the length in hex of an uncompressed public key without its
// leading byte: what an enode URL carries. Shorter hex (hashes, node ids,
// topics) stays readable.
const keyDigits = 128

// Short shortens a long identifier to its ends: 0x04ab…12cd. Text of up to 16
// characters is returned as it is.
func Short(id string) string {
	if len(id) <= 16 {
		return id
	}
	head := 4
	if strings.HasPrefix(id, "0x") {
		head = 6
	}
	return id[:head] + "…" + id[len(id)-4:]
}

// Scrub blanks passwords in URLs and bearer tokens in a text, and shortens
// the public keys in it.
func Scrub(s string) string { return scrubber{}.text(s) }

// scrubber cleans fields. fullIDs keeps public keys whole.
type scrubber struct{ fullIDs bool }

func (s scrubber) text(v string) string {
	v = blankURLPasswords(v)
	v = blankBearer(v)
	if !s.fullIDs {
		v = shortenKeys(v)
	}
	return v
}

// fields returns fields with secrets removed. The slice is copied only when
// something changes.
func (s scrubber) fields(in []zapcore.Field) []zapcore.Field {
	out, copied := in, false
	for i, f := range in {
		clean, changed := s.field(f)
		if !changed {
			continue
		}
		if !copied {
			out, copied = append([]zapcore.Field(nil), in...), true
		}
		out[i] = clean
	}
	return out
}

func (s scrubber) field(f zapcore.Field) (zapcore.Field, bool) {
	if secretKey(f.Key) {
		return zap.String(f.Key, Redacted), true
	}
	var text string
	switch f.Type {
	case zapcore.StringType:
		text = f.String
	case zapcore.ErrorType:
		err, ok := f.Interface.(error)
		if !ok {
			return f, false
		}
		text = errorText(err)
	case zapcore.StringerType:
		stringer, ok := f.Interface.(fmt.Stringer)
		if !ok {
			return f, false
		}
		text = stringerText(stringer)
	case zapcore.ByteStringType:
		raw, ok := f.Interface.([]byte)
		if !ok {
			return f, false
		}
		text = string(raw)
	default:
		return f, false
	}
	clean := s.text(text)
	if clean == text {
		return f, false
	}
	if f.Type == zapcore.ErrorType {
		return zap.NamedError(f.Key, errors.New(clean)), true
	}
	return zap.String(f.Key, clean), true
}

// errorText and stringerText survive nil pointers behind the interface, as
// zap's own encoders do.
func errorText(err error) (text string) {
	defer recoverText(&text)
	return err.Error()
}

func stringerText(v fmt.Stringer) (text string) {
	defer recoverText(&text)
	return v.String()
}

func recoverText(text *string) {
	if recover() != nil {
		*text = ""
	}
}

// secretKey reports whether a field name speaks of a secret.
func secretKey(key string) bool {
	k := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	for _, word := range []string{
		"password", "passwd", "passphrase", "mnemonic", "seedphrase", "privatekey", "privkey", "nodekey", "secret",
		"symkey", "authorization", "bearer", "rpctoken", "plaintext",
	} {
		if strings.Contains(k, word) {
			return !strings.HasSuffix(k, "id") && !strings.HasSuffix(k, "file")
		}
	}
	return k == "token" || k == "seed"
}

// urlPassword finds user:password@ in a URL.
var urlPassword = regexp.MustCompile(`(://[^\s/@:"]*):[^\s/@"]*@`)

func blankURLPasswords(s string) string {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return s
	}
	return urlPassword.ReplaceAllString(s, "$1:"+Redacted+"@")
}

func blankBearer(s string) string {
	i := strings.Index(strings.ToLower(s), "bearer ")
	if i < 0 {
		return s
	}
	rest := s[i+len("bearer "):]
	end := strings.IndexAny(rest, " \t\r\n\"',")
	if end < 0 {
		end = len(rest)
	}
	if end < 16 { // prose, not a token
		return s
	}
	return s[:i+len("bearer ")] + Redacted + blankBearer(rest[end:])
}

// shortenKeys replaces the inside of hex runs of a public key's length.
func shortenKeys(s string) string {
	if len(s) < keyDigits {
		return s
	}
	var b strings.Builder
	start, run := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isHex(s[i]) {
			run++
			continue
		}
		if run >= keyDigits {
			from := i - run
			b.WriteString(s[start:from])
			b.WriteString(s[from:from+4] + "…" + s[i-4:i])
			start = i
		}
		run = 0
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
