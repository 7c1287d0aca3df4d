package jsonrpc

import (
	"bytes"
	"encoding/json"
	"iter"
)

// The functions of this file walk over text that is known to be valid JSON.
// They find where values end without decoding them.

// elements yields the elements of an array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(array, skipSpace(array, 0)+1)
		for i < len(array) && array[i] != ']' {
			end := skipValue(array, i)
			if !yield(array[i:end]) {
				return
			}
			i = skipSpace(array, end)
			if i < len(array) && array[i] == ',' {
				i = skipSpace(array, i+1)
			}
		}
	}
}

// members yields the members of an object, their names unescaped.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i := skipSpace(object, skipSpace(object, 0)+1)
		for i < len(object) && object[i] == '"' {
			end := skipValue(object, i)
			name := unquote(object[i:end])
			i = skipSpace(object, skipSpace(object, end)+1) // the colon
			end = skipValue(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			i = skipSpace(object, end)
			if i < len(object) && object[i] == ',' {
				i = skipSpace(object, i+1)
			}
		}
	}
}

// unquote decodes a string value. A value of another kind gives "".
func unquote(value []byte) string {
	if len(value) >= 2 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// space is what JSON knows as white space.
const space = " \t\n\r"

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// skipValue returns the index after the value that starts at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			i = skipString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return i // the end of the container around a bare word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || isSpace(c)):
			return i
		}
		i++
	}
	return i
}

// skipString returns the index after the string that starts at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return i
}
