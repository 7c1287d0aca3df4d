package hd

import (
	"fmt"
	"strconv"
	"strings"
)

// maxPathText bounds path text in bytes: 255 components of 12 characters.
const maxPathText = maxDepth * 12

// Path is a way down the tree: from the master key if it is absolute ("m/…"),
// else from the key at hand.
type Path struct {
	absolute bool
	indices  []uint32
}

// ParsePath reads path text:
//
//	path  := ("m" | "." | "") | ("m" | ".") ("/" index)+ | index ("/" index)*
//	index := decimal 0..2^31-1, then "'" when hardened
//
// "m" is the master key, "." and "" the key at hand. Refused are, as the
// reference does, M, h and H for hardened, spaces and empty components, and
// "..", which the reference treats as the key at hand. Errors: ErrPath,
// ErrPathIndex, ErrDepth, each with the position of the character.
func ParsePath(text string) (Path, error) {
	if len(text) > maxPathText {
		return Path{}, fmt.Errorf("%w: longer than %d characters", ErrPath, maxPathText)
	}
	var p Path
	at := 0
	switch {
	case text == "":
		return p, nil
	case text[0] == 'm', text[0] == '.':
		p.absolute = text[0] == 'm'
		if len(text) == 1 {
			return p, nil
		}
		if text[1] != '/' {
			return Path{}, fmt.Errorf("%w: want / at position 2", ErrPath)
		}
		at = 2
	}
	for _, component := range strings.Split(text[at:], "/") {
		index, err := parseIndex(component)
		if err != nil {
			return Path{}, fmt.Errorf("%w at position %d", err, at+1)
		}
		p.indices = append(p.indices, index)
		at += len(component) + 1
	}
	if len(p.indices) > maxDepth {
		return Path{}, ErrDepth
	}
	return p, nil
}

func parseIndex(component string) (uint32, error) {
	digits, hardened := strings.CutSuffix(component, "'")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%w: want a number", ErrPath)
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, ErrPathIndex
	}
	if hardened {
		return uint32(n) | Hardened, nil
	}
	return uint32(n), nil
}

// WalletPath returns the path of the i-th wallet account. Errors:
// ErrPathIndex.
func WalletPath(i uint32) (Path, error) {
	if i >= Hardened {
		return Path{}, ErrPathIndex
	}
	return ParsePath(PathWalletRoot + "/" + strconv.FormatUint(uint64(i), 10))
}

// Absolute reports whether the path starts at the master key.
func (p Path) Absolute() bool { return p.absolute }

// Indices returns the child numbers, hardened ones from Hardened on.
func (p Path) Indices() []uint32 { return append([]uint32(nil), p.indices...) }

// String returns the canonical text, which ParsePath reads back.
func (p Path) String() string {
	parts := make([]string, 0, len(p.indices)+1)
	if p.absolute {
		parts = append(parts, "m")
	}
	for _, i := range p.indices {
		part := strconv.FormatUint(uint64(i&^Hardened), 10)
		if i >= Hardened {
			part += "'"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts, "/")
}
