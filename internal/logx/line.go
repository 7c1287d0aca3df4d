package logx

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// lineStyle is how an output wants its lines.
type lineStyle struct {
	colour  bool
	journal bool // priority prefix, no time
}

// newEncoder returns the encoder of a format.
func newEncoder(format Format, style lineStyle) (zapcore.Encoder, error) {
	switch format {
	case Terminal, Logfmt:
		return &lineEncoder{format: format, style: style, pool: buffer.NewPool()}, nil
	case JSON:
		cfg := zapcore.EncoderConfig{
			MessageKey: "msg", LevelKey: "level", NameKey: "module", TimeKey: "time",
			EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
			EncodeDuration: zapcore.StringDurationEncoder,
			EncodeLevel: func(l zapcore.Level, enc zapcore.PrimitiveArrayEncoder) {
				enc.AppendString(LevelName(l))
			},
		}
		if !style.journal {
			return zapcore.NewJSONEncoder(cfg), nil
		}
		cfg.TimeKey = zapcore.OmitKey
		return &prefixEncoder{Encoder: zapcore.NewJSONEncoder(cfg), pool: buffer.NewPool()}, nil
	}
	return nil, fmt.Errorf("%w %q, want terminal, logfmt or json", ErrFormat, string(format))
}

// priority is the syslog priority that the journal reads at the start of a
// line.
func priority(l zapcore.Level) string {
	switch {
	case l >= zapcore.DPanicLevel:
		return "<2>"
	case l == zapcore.ErrorLevel:
		return "<3>"
	case l == zapcore.WarnLevel:
		return "<4>"
	case l == zapcore.InfoLevel:
		return "<6>"
	}
	return "<7>"
}

// prefixEncoder puts the journal's priority before another encoder's line.
type prefixEncoder struct {
	zapcore.Encoder
	pool buffer.Pool
}

func (p *prefixEncoder) Clone() zapcore.Encoder {
	return &prefixEncoder{Encoder: p.Encoder.Clone(), pool: p.pool}
}

func (p *prefixEncoder) EncodeEntry(e zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := p.Encoder.EncodeEntry(e, fields)
	if err != nil {
		return nil, err
	}
	defer line.Free()
	out := p.pool.Get()
	out.AppendString(priority(e.Level))
	_, _ = out.Write(line.Bytes()) // a buffer does not fail
	return out, nil
}

// lineEncoder writes the terminal and logfmt formats: fields in the order
// given, as key=value.
type lineEncoder struct {
	format Format
	style  lineStyle
	pool   buffer.Pool
	prefix string // of keys, from OpenNamespace
	fields []byte // " key=value" of everything added so far
}

func (e *lineEncoder) Clone() zapcore.Encoder {
	c := *e
	c.fields = append([]byte(nil), e.fields...)
	return &c
}

func (e *lineEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	final := e.Clone().(*lineEncoder) //nolint:forcetypeassert // Clone above returns this type
	for _, f := range fields {
		f.AddTo(final)
	}
	out := e.pool.Get()
	if e.style.journal {
		out.AppendString(priority(entry.Level))
	}
	if e.format == Logfmt {
		e.logfmtHead(out, entry)
	} else {
		e.terminalHead(out, entry)
	}
	_, _ = out.Write(final.fields) // a buffer does not fail
	out.AppendByte('\n')
	return out, nil
}

func (e *lineEncoder) logfmtHead(out *buffer.Buffer, entry zapcore.Entry) {
	if !e.style.journal {
		out.AppendString("time=")
		out.AppendTime(entry.Time, time.RFC3339Nano)
		out.AppendByte(' ')
	}
	out.AppendString("level=")
	out.AppendString(LevelName(entry.Level))
	if entry.LoggerName != "" {
		out.AppendString(" module=")
		out.AppendString(quoted(entry.LoggerName))
	}
	out.AppendString(" msg=")
	out.AppendString(quoted(entry.Message))
}

// messageWidth aligns the fields of the terminal format.
const messageWidth = 36

func (e *lineEncoder) terminalHead(out *buffer.Buffer, entry zapcore.Entry) {
	word, colour := terminalLevel(entry.Level)
	switch {
	case e.style.journal:
	case e.style.colour:
		fmt.Fprintf(out, "\x1b[%dm%s\x1b[0m ", colour, word)
	default:
		out.AppendString(word)
		out.AppendByte(' ')
	}
	if !e.style.journal {
		out.AppendTime(entry.Time, "01-02 15:04:05.000")
		out.AppendByte(' ')
	}
	start := out.Len()
	if entry.LoggerName != "" {
		out.AppendString(entry.LoggerName)
		out.AppendString(": ")
	}
	out.AppendString(printable(entry.Message))
	if len(e.fields) == 0 && e.style.journal {
		return
	}
	for n := out.Len() - start; n < messageWidth; n++ {
		out.AppendByte(' ')
	}
}

func terminalLevel(l zapcore.Level) (word string, colour int) {
	switch {
	case l >= zapcore.ErrorLevel:
		return "ERROR", 31
	case l == zapcore.WarnLevel:
		return "WARN ", 33
	case l == zapcore.InfoLevel:
		return "INFO ", 32
	case l == zapcore.DebugLevel:
		return "DEBUG", 36
	}
	return "TRACE", 34
}

// printable returns text that cannot forge a second line or move the cursor.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) || r == utf8.RuneError {
			return strconv.Quote(s)
		}
	}
	return s
}

// quoted returns a logfmt value: bare when unambiguous, else in Go quotes.
func quoted(s string) string {
	if s == "" {
		return `""`
	}
	for _, r := range s {
		if r == ' ' || r == '=' || r == '"' || r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// add appends one field.
func (e *lineEncoder) add(key, value string) {
	e.fields = append(e.fields, ' ')
	e.fields = append(e.fields, quoted(e.prefix+key)...)
	e.fields = append(e.fields, '=')
	e.fields = append(e.fields, value...)
}

// addMap appends a composite value as JSON.
func (e *lineEncoder) addJSON(key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("field %s: %w", key, err)
	}
	e.add(key, quoted(string(raw)))
	return nil
}

// AddArray implements zapcore.ObjectEncoder.
func (e *lineEncoder) AddArray(key string, v zapcore.ArrayMarshaler) error {
	m := zapcore.NewMapObjectEncoder()
	if err := m.AddArray(key, v); err != nil {
		return err
	}
	return e.addJSON(key, m.Fields[key])
}

// AddObject implements zapcore.ObjectEncoder.
func (e *lineEncoder) AddObject(key string, v zapcore.ObjectMarshaler) error {
	m := zapcore.NewMapObjectEncoder()
	if err := v.MarshalLogObject(m); err != nil {
		return err
	}
	return e.addJSON(key, m.Fields)
}

// The remaining methods implement zapcore.ObjectEncoder for the plain types.

func (e *lineEncoder) AddReflected(key string, v any) error { return e.addJSON(key, v) }
func (e *lineEncoder) OpenNamespace(key string)             { e.prefix += key + "." }
func (e *lineEncoder) AddBinary(key string, v []byte)       { e.add(key, hex.EncodeToString(v)) }
func (e *lineEncoder) AddByteString(key string, v []byte)   { e.add(key, quoted(string(v))) }
func (e *lineEncoder) AddBool(key string, v bool)           { e.add(key, strconv.FormatBool(v)) }
func (e *lineEncoder) AddComplex128(key string, v complex128) {
	e.add(key, strconv.FormatComplex(v, 'g', -1, 128))
}

func (e *lineEncoder) AddComplex64(key string, v complex64)    { e.AddComplex128(key, complex128(v)) }
func (e *lineEncoder) AddDuration(key string, v time.Duration) { e.add(key, v.String()) }
func (e *lineEncoder) AddFloat64(key string, v float64)        { e.add(key, float(v, 64)) }
func (e *lineEncoder) AddFloat32(key string, v float32)        { e.add(key, float(float64(v), 32)) }
func (e *lineEncoder) AddInt(key string, v int)                { e.AddInt64(key, int64(v)) }
func (e *lineEncoder) AddInt64(key string, v int64)            { e.add(key, strconv.FormatInt(v, 10)) }
func (e *lineEncoder) AddInt32(key string, v int32)            { e.AddInt64(key, int64(v)) }
func (e *lineEncoder) AddInt16(key string, v int16)            { e.AddInt64(key, int64(v)) }
func (e *lineEncoder) AddInt8(key string, v int8)              { e.AddInt64(key, int64(v)) }
func (e *lineEncoder) AddString(key, v string)                 { e.add(key, quoted(v)) }
func (e *lineEncoder) AddTime(key string, v time.Time)         { e.add(key, v.Format(time.RFC3339Nano)) }
func (e *lineEncoder) AddUint(key string, v uint)              { e.AddUint64(key, uint64(v)) }
func (e *lineEncoder) AddUint64(key string, v uint64)          { e.add(key, strconv.FormatUint(v, 10)) }
func (e *lineEncoder) AddUint32(key string, v uint32)          { e.AddUint64(key, uint64(v)) }
func (e *lineEncoder) AddUint16(key string, v uint16)          { e.AddUint64(key, uint64(v)) }
func (e *lineEncoder) AddUint8(key string, v uint8)            { e.AddUint64(key, uint64(v)) }
func (e *lineEncoder) AddUintptr(key string, v uintptr)        { e.AddUint64(key, uint64(v)) }

func float(v float64, bits int) string { return strconv.FormatFloat(v, 'g', 6, bits) }
