package configs

import (
	"encoding/json"
	"reflect"
)

// Entry is one setting as it is shown.
type Entry struct {
	Key    string
	Value  any // secrets masked unless asked for
	Source string
}

// Entries lists every setting with its source.
func (l *Loaded) Entries(showSecrets bool) []Entry {
	var out []Entry
	for _, leaf := range leaves(l.Config) {
		out = append(out, Entry{leaf.path, shown(leaf.value, showSecrets), l.Source(leaf.path)})
	}
	return out
}

// shown returns a value for an encoder.
func shown(v reflect.Value, showSecrets bool) any {
	if !showSecrets {
		return v.Interface()
	}
	switch x := v.Interface().(type) {
	case Secret:
		return x.Reveal()
	case SecretURL:
		return x.Reveal()
	case NodeList:
		out := make([]string, len(x))
		for i, n := range x {
			out[i] = n.Reveal()
		}
		return out
	default:
		return x
	}
}

// JSON returns the configuration as a file that Load reads. Without secrets
// the masked values must be filled in again.
func (c *Config) JSON(showSecrets bool) ([]byte, error) {
	root := newObject()
	for _, l := range leaves(c) {
		root.put(l.path, shown(l.value, showSecrets))
	}
	return json.MarshalIndent(root, "", "  ")
}
