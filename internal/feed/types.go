package feed

import (
	"fmt"
	"strings"

	"statusd/api"
	"statusd/fault"
	"statusd/internal/nearest"
)

// UnknownTypeError is the error of Types: there is no such type of events.
type UnknownTypeError struct {
	Type string
	Near []api.EventType // that may be meant
}

// Error implements error.
func (e *UnknownTypeError) Error() string {
	const shown = 64
	return fmt.Sprintf("there are no events of the type %.*q", shown, e.Type)
}

// Unwrap returns the kind, and what may be meant.
func (e *UnknownTypeError) Unwrap() error {
	return fault.New(fault.InvalidParams, "there are no such events", e.Hint())
}

// Hint says what may be meant.
func (e *UnknownTypeError) Hint() string {
	near, begin := e.Near, "types like it: "
	if len(near) == 0 {
		near, begin = api.EventType("").Values(), "the types are: "
	}
	words := make([]string, len(near))
	for i, t := range near {
		words[i] = string(t)
	}
	return begin + strings.Join(words, ", ")
}

// nearTypes is how many types UnknownTypeError names.
const nearTypes = 5

// Types checks names of types of events. Who asked for a type that does not
// exist would wait for ever; the error is an *UnknownTypeError.
func Types(names []string) ([]api.EventType, error) {
	if len(names) == 0 {
		return nil, nil
	}
	known := api.EventType("").Values()
	words := make([]string, len(known))
	byName := make(map[string]bool, len(known))
	for i, t := range known {
		words[i], byName[string(t)] = string(t), true
	}
	out := make([]api.EventType, len(names))
	for i, name := range names {
		if !byName[name] {
			e := &UnknownTypeError{Type: name}
			for _, w := range nearest.Words(name, words, nearTypes) {
				e.Near = append(e.Near, api.EventType(w))
			}
			return nil, e
		}
		out[i] = api.EventType(name)
	}
	return out, nil
}
