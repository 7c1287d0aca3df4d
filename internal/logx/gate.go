package logx

import "go.uber.org/zap/zapcore"

// gate is the core in front of the outputs: it applies the level of the
// logger's name and scrubs the fields.
type gate struct {
	out    zapcore.Core
	levels *levels
	scrub  scrubber
}

// Enabled reports whether any module logs at this level.
func (g *gate) Enabled(level zapcore.Level) bool {
	return level >= g.levels.current.Load().lowest
}

// With implements zapcore.Core.
func (g *gate) With(fields []zapcore.Field) zapcore.Core {
	return &gate{out: g.out.With(g.scrub.fields(fields)), levels: g.levels, scrub: g.scrub}
}

// Check implements zapcore.Core.
func (g *gate) Check(entry zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if entry.Level >= g.levels.current.Load().at(entry.LoggerName) {
		return ce.AddCore(entry, g)
	}
	return ce
}

// Write implements zapcore.Core.
func (g *gate) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return g.out.Write(entry, g.scrub.fields(fields))
}

// Sync implements zapcore.Core.
func (g *gate) Sync() error { return g.out.Sync() }
