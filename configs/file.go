package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"statusd/internal/nearest"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 4 << 20

// errFileSize is returned for files that nobody wrote by hand.
var errFileSize = errors.New("file is larger than 4 MiB")

// fileReader applies one JSON document to a configuration.
type fileReader struct {
	name    string // empty: it is no file
	raw     []byte
	leaves  map[string]leaf     // by lower-case path
	names   map[string][]string // children of each group, for suggestions; by lower-case path
	lenient bool
	set     func(path string) // called for each setting that was stored
	warn    func(string)
	errs    []error
}

// apply reads the document. Every problem is gathered; what is right is stored.
func (r *fileReader) apply() error {
	if len(r.raw) > maxFile {
		return fmt.Errorf("%s: %w", r.name, errFileSize)
	}
	r.raw = bytes.TrimPrefix(r.raw, []byte(byteOrderMark))
	dec := json.NewDecoder(bytes.NewReader(r.raw))
	if err := r.object(dec, 0, ""); err != nil {
		return r.wrong(offsetOf(err, dec), "%w", plainJSON(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return r.wrong(dec.InputOffset(), "something follows the closing brace")
	}
	return errors.Join(r.errs...)
}

// byteOrderMark is what some editors put at the start of a text file.
const byteOrderMark = "\ufeff"

// errNotObject is returned when a file or group is not a JSON object.
var errNotObject = errors.New("want an object in braces")

// object reads the members of an object that begins at base in the file.
func (r *fileReader) object(dec *json.Decoder, base int64, prefix string) error {
	open, err := dec.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return errNotObject
	}
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string) // an object's keys are strings
		at := base + dec.InputOffset()
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		lower := strings.ToLower(key) // keys are read in any case
		if seen[lower] {
			r.errs = append(r.errs, r.wrong(at, "%s is given twice; remove one", prefix+key))
			continue
		}
		seen[lower] = true
		r.member(prefix+key, value, at, base+dec.InputOffset()-int64(len(value)))
	}
	_, err = dec.Token()
	return err
}

// member stores one value, or goes into a group.
func (r *fileReader) member(path string, value json.RawMessage, keyAt, valueAt int64) {
	lower := strings.ToLower(path)
	if isIgnored(path) {
		r.warn(fmt.Sprintf("%s: %s has no meaning here and is ignored", r.at(keyAt), path))
		return
	}
	if string(value) == "null" {
		return
	}
	if l, ok := r.leaves[lower]; ok {
		if err := l.setJSON(value); err != nil {
			r.errs = append(r.errs, r.wrong(valueAt, "%s: %w", l.path, err))
			return
		}
		r.set(l.path)
		return
	}
	if _, ok := r.names[lower]; ok {
		if err := r.object(json.NewDecoder(bytes.NewReader(value)), valueAt, path+"."); err != nil {
			r.errs = append(r.errs, r.wrong(valueAt, "%s: %w", path, plainJSON(err)))
		}
		return
	}
	r.unknown(path, keyAt)
}

// unknown reports a key that does not exist, with the nearest that does.
func (r *fileReader) unknown(path string, at int64) {
	group, key := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		group, key = path[:i], path[i+1:]
	}
	hint := ""
	if near := nearest.Word(key, r.names[strings.ToLower(group)]); near != "" {
		hint = fmt.Sprintf(`; did you mean "%s"?`, near)
	}
	err := r.wrong(at, "unknown key %q%s", path, hint)
	if r.lenient {
		r.warn(err.Error())
		return
	}
	r.errs = append(r.errs, err)
}

// wrong is an error about what is at an offset. It says where, in a document
// that is a file.
func (r *fileReader) wrong(offset int64, format string, args ...any) error {
	if r.name == "" {
		return invalid(format, args...)
	}
	return invalid("%s: %w", r.at(offset), fmt.Errorf(format, args...))
}

// at turns an offset into file:line:column.
func (r *fileReader) at(offset int64) string {
	before := r.raw[:min(max(offset, 0), int64(len(r.raw)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s:%d:%d", r.name, line, column)
}

func offsetOf(err error, dec *json.Decoder) int64 {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Offset
	}
	return dec.InputOffset()
}

// plainJSON words an error of the JSON parser for an operator.
func plainJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	return err
}

// groups returns the names of the members of each group, by lower-case path.
func groups(all []leaf) map[string][]string {
	out := map[string][]string{"": {}}
	seen := map[string]bool{}
	for _, l := range all {
		parts := strings.Split(l.path, ".")
		for i := range parts {
			group := strings.ToLower(strings.Join(parts[:i], "."))
			if path := group + "." + parts[i]; !seen[path] {
				seen[path] = true
				out[group] = append(out[group], parts[i])
			}
		}
	}
	return out
}
