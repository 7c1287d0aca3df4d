package configs

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Errors of ParseNodeRef.
var (
	errNotNode  = errors.New("not a node address")
	errNodeForm = errors.New("want enode://<128 hex digits>@<host>:<port>, a bare id of 128 hex digits, or enr:…")
	errNodeLong = errors.New("longer than 2048 characters")

	errNoEndpoint = errors.New("does not say where the node listens")
)

// maxNodeRef bounds the text of one node address, in bytes.
const maxNodeRef = 2048

// NodeRef is one node of a list: an enode URL, a bare id of 128 hex digits or
// a node record (spec 08 section 1.4). An enode of a mailserver may carry the
// password of that server (enode://<id>:<password>@<host>:<port>); it is kept
// apart and never printed.
type NodeRef struct {
	text     string // as given, without the password
	node     *enode.Node
	password Secret
}

// NodeList is a list of nodes.
type NodeList []NodeRef

// Nodes returns the parsed nodes of the list.
func (l NodeList) Nodes() []*enode.Node {
	out := make([]*enode.Node, len(l))
	for i, r := range l {
		out[i] = r.node
	}
	return out
}

// ParseNodeRef reads one of the three forms. Its error never holds the
// password.
func ParseNodeRef(s string) (NodeRef, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxNodeRef {
		return NodeRef{}, errNodeLong
	}
	if strings.HasPrefix(s, "enr:") {
		n, err := enode.Parse(enode.ValidSchemes, s)
		if err != nil {
			return NodeRef{}, fmt.Errorf("node record: %w", err)
		}
		return NodeRef{text: s, node: n}, nil
	}
	clean, password, err := splitPassword(s)
	if err != nil {
		return NodeRef{}, err
	}
	n, err := enode.ParseV4(clean)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		if !isEnode(clean) {
			err = errNotNode
		}
		return NodeRef{}, fmt.Errorf("%w; %w", err, errNodeForm)
	}
	return NodeRef{text: clean, node: n, password: NewSecret(password)}, nil
}

// isEnode tells whether a text looks like the address of a node, or like its key
// alone.
func isEnode(s string) bool {
	u, err := url.Parse(s)
	return err != nil || u.Scheme == "enode" || strings.Trim(s, "0123456789abcdef") == ""
}

// splitPassword takes the password out of enode://id:password@host.
func splitPassword(s string) (clean, password string, err error) {
	rest, ok := strings.CutPrefix(s, "enode://")
	if !ok {
		return s, "", nil
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return s, "", nil
	}
	id, raw, ok := strings.Cut(rest[:at], ":")
	if !ok {
		return s, "", nil
	}
	if password, err = url.PathUnescape(raw); err != nil {
		return "", "", errors.New("the password holds a bad %-escape")
	}
	return "enode://" + id + rest[at:], password, nil
}

// Node returns the parsed node; nil only for the zero NodeRef.
func (r NodeRef) Node() *enode.Node { return r.node }

// Password returns the password the entry carried, if any.
func (r NodeRef) Password() Secret { return r.password }

// HasEndpoint reports whether the entry says where the node listens.
func (r NodeRef) HasEndpoint() bool {
	return r.node != nil && r.node.TCP() != 0 && (r.node.IPAddr().IsValid() || r.node.Hostname() != "")
}

// Address returns host:port to connect to, empty when the entry does not say.
func (r NodeRef) Address() string {
	if !r.HasEndpoint() {
		return ""
	}
	host := r.node.Hostname()
	if host == "" {
		host = r.node.IPAddr().String()
	}
	return net.JoinHostPort(host, strconv.Itoa(r.node.TCP()))
}

// Reveal returns the entry with its password in clear.
func (r NodeRef) Reveal() string { return r.join(url.PathEscape(r.password.Reveal())) }

// String returns the entry with the password masked.
func (r NodeRef) String() string { return r.join(mask) }

func (r NodeRef) join(password string) string {
	if !r.password.IsSet() {
		return r.text
	}
	at := strings.LastIndexByte(r.text, '@')
	return r.text[:at] + ":" + password + r.text[at:]
}

// Format prints the masked form under every verb.
func (r NodeRef) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText gives encoders the masked form.
func (r NodeRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText parses an entry.
func (r *NodeRef) UnmarshalText(b []byte) error {
	v, err := ParseNodeRef(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}
