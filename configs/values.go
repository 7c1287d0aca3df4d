package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Errors of the value types; each says what would be right.
var (
	errDuration = errors.New(`want a duration such as "20s" or "3m", or a number of nanoseconds`)
	errFileMode = errors.New(`want an octal file mode such as "0600" or "0660"`)
	errModule   = errors.New(`want module=level, for example "waku=debug,rpc=warn"`)
	errTri      = errors.New(`want true, false or "auto"`)
)

// Duration is a time span, written "20s" or, as status-go does, as a whole
// number of nanoseconds.
type Duration time.Duration

// String prints the span in Go's form.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText prints the span in Go's form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "20s" or nanoseconds.
func (d *Duration) UnmarshalText(b []byte) error {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		*d = Duration(n)
		return nil
	}
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return errDuration
	}
	*d = Duration(v)
	return nil
}

// UnmarshalJSON reads a string or a number.
func (d *Duration) UnmarshalJSON(b []byte) error { return d.UnmarshalText(unquote(b)) }

// unquote strips the quotes of a JSON string; other tokens stay as they are.
func unquote(b []byte) []byte {
	var s string
	if json.Unmarshal(b, &s) == nil {
		return []byte(s)
	}
	return b
}

// FileMode holds the permission bits of a file, written in octal.
type FileMode uint32

// String prints four octal digits.
func (m FileMode) String() string { return fmt.Sprintf("%04o", uint32(m)) }

// MarshalText prints four octal digits.
func (m FileMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads octal digits, with or without the leading zero.
func (m *FileMode) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(strings.TrimPrefix(string(b), "0o"), 8, 32)
	if err != nil || v > 0o777 {
		return errFileMode
	}
	*m = FileMode(v)
	return nil
}

// Tri is a switch with a third position that lets the daemon decide.
type Tri uint8

// Positions of a Tri.
const (
	Auto Tri = iota
	On
	Off
)

// String prints true, false or auto.
func (t Tri) String() string {
	switch t {
	case On:
		return "true"
	case Off:
		return "false"
	default:
		return "auto"
	}
}

// MarshalJSON prints true, false or "auto".
func (t Tri) MarshalJSON() ([]byte, error) {
	if t == Auto {
		return []byte(`"auto"`), nil
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads true, false or auto.
func (t *Tri) UnmarshalText(b []byte) error {
	s := strings.ToLower(string(b))
	if s == "auto" || s == "" {
		*t = Auto
		return nil
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		return errTri
	}
	*t = Off
	if v {
		*t = On
	}
	return nil
}

// UnmarshalJSON reads true, false or "auto".
func (t *Tri) UnmarshalJSON(b []byte) error { return t.UnmarshalText(unquote(b)) }

// LogLevel is the least severe level that is logged.
type LogLevel string

// Log levels, most severe first.
const (
	LevelError LogLevel = "ERROR"
	LevelWarn  LogLevel = "WARN"
	LevelInfo  LogLevel = "INFO"
	LevelDebug LogLevel = "DEBUG"
	LevelTrace LogLevel = "TRACE"
)

// UnmarshalText reads a level in any case.
func (l *LogLevel) UnmarshalText(b []byte) error {
	all := []LogLevel{LevelError, LevelWarn, LevelInfo, LevelDebug, LevelTrace}
	return oneOf(l, strings.ToUpper(string(b)), all)
}

// LogFormat is the shape of a log line.
type LogFormat string

// Log formats. Auto is terminal on a terminal and logfmt elsewhere.
const (
	LogAuto     LogFormat = "auto"
	LogTerminal LogFormat = "terminal"
	LogLogfmt   LogFormat = "logfmt"
	LogJSON     LogFormat = "json"
)

// UnmarshalText reads a format in any case.
func (f *LogFormat) UnmarshalText(b []byte) error {
	return oneOf(f, strings.ToLower(string(b)), []LogFormat{LogAuto, LogTerminal, LogLogfmt, LogJSON})
}

// LogColor says whether log lines on stderr are coloured.
type LogColor string

// Colour settings. Auto looks at the terminal and at NO_COLOR.
const (
	ColorAuto   LogColor = "auto"
	ColorAlways LogColor = "always"
	ColorNever  LogColor = "never"
)

// UnmarshalText reads a colour setting in any case.
func (c *LogColor) UnmarshalText(b []byte) error {
	return oneOf(c, strings.ToLower(string(b)), []LogColor{ColorAuto, ColorAlways, ColorNever})
}

// ByteEncoding is how byte fields leave the waku_* methods.
type ByteEncoding string

// Byte encodings.
const (
	EncodingHex    ByteEncoding = "hex"
	EncodingBase64 ByteEncoding = "base64"
)

// UnmarshalText reads an encoding in any case.
func (e *ByteEncoding) UnmarshalText(b []byte) error {
	return oneOf(e, strings.ToLower(string(b)), []ByteEncoding{EncodingHex, EncodingBase64})
}

// oneOf sets dst to s if that is one of the allowed values.
func oneOf[T ~string](dst *T, s string, allowed []T) error {
	if !slices.Contains(allowed, T(s)) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		return fmt.Errorf("want %s", orList(names))
	}
	*dst = T(s)
	return nil
}

// orList joins words: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// ModuleLevels are log levels of single modules, written "waku=debug,rpc=warn"
// or as an object.
type ModuleLevels map[string]LogLevel

// String prints the comma-separated form in the order of the names.
func (m ModuleLevels) String() string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+strings.ToLower(string(m[k])))
	}
	return strings.Join(parts, ",")
}

// UnmarshalText reads the comma-separated form.
func (m *ModuleLevels) UnmarshalText(b []byte) error {
	out := ModuleLevels{}
	for part := range strings.SplitSeq(string(b), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, level, ok := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return errModule
		}
		var l LogLevel
		if err := l.UnmarshalText([]byte(strings.TrimSpace(level))); err != nil {
			return fmt.Errorf("level of module %q: %w", name, err)
		}
		out[name] = l
	}
	*m = out
	return nil
}

// UnmarshalJSON reads a string or an object of names and levels.
func (m *ModuleLevels) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		return m.UnmarshalText([]byte(s))
	}
	var obj map[string]string
	if json.Unmarshal(b, &obj) != nil {
		return errModule
	}
	parts := make([]string, 0, len(obj))
	for k, v := range obj {
		parts = append(parts, k+"="+v)
	}
	return m.UnmarshalText([]byte(strings.Join(parts, ",")))
}

// ModuleList is a list of RPC namespaces, written "net,waku" or as an array.
type ModuleList []string

// UnmarshalText reads the comma-separated form.
func (m *ModuleList) UnmarshalText(b []byte) error {
	*m = splitList(string(b))
	return nil
}

// UnmarshalJSON reads a string or an array of strings.
func (m *ModuleList) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		return m.UnmarshalText([]byte(s))
	}
	var list []string
	if json.Unmarshal(b, &list) != nil {
		return errors.New(`want namespaces such as "net,waku"`)
	}
	*m = list
	return nil
}

// splitList cuts a comma-separated list, dropping blanks.
func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
