package logx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap/zapcore"
)

// TraceLevel lies below zap's debug level. go-ethereum and older
// configurations have such a level.
const TraceLevel = zapcore.DebugLevel - 1

// Errors of this package.
var (
	ErrLevel  = errors.New("unknown log level")
	ErrFormat = errors.New("unknown log format")
	ErrModule = errors.New("bad module name")
)

// ParseLevel reads a level name in any case: error, warn, info, debug, trace,
// and the spellings warning, crit and eror that go-ethereum knows.
func ParseLevel(s string) (zapcore.Level, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "crit", "error", "eror", "err":
		return zapcore.ErrorLevel, nil
	case "warn", "warning":
		return zapcore.WarnLevel, nil
	case "info":
		return zapcore.InfoLevel, nil
	case "debug", "dbug":
		return zapcore.DebugLevel, nil
	case "trace", "trce":
		return TraceLevel, nil
	}
	return 0, fmt.Errorf("%w %q, want error, warn, info, debug or trace", ErrLevel, s)
}

// LevelName is the lower-case name of a level.
func LevelName(l zapcore.Level) string {
	if l <= TraceLevel {
		return "trace"
	}
	return l.String()
}

// ParseModules reads "waku=debug,rpc=warn".
func ParseModules(s string) (map[string]string, error) {
	modules := make(map[string]string)
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, level, ok := strings.Cut(part, "=")
		name, level = strings.TrimSpace(name), strings.TrimSpace(level)
		if !ok || name == "" {
			return nil, fmt.Errorf("%w in %q, want module=level", ErrModule, part)
		}
		if _, err := ParseLevel(level); err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
		modules[name] = level
	}
	return modules, nil
}

// snapshot is an immutable set of levels.
type snapshot struct {
	base    zapcore.Level
	modules map[string]zapcore.Level
	lowest  zapcore.Level
}

// at returns the level of a logger name: that of the longest listed prefix,
// cut at dots, else the base level.
func (s *snapshot) at(name string) zapcore.Level {
	for name != "" && len(s.modules) > 0 {
		if l, ok := s.modules[name]; ok {
			return l
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			break
		}
		name = name[:dot]
	}
	return s.base
}

// levels is the set in use. Readers take no lock.
type levels struct {
	current atomic.Pointer[snapshot]
	mu      sync.Mutex // serialises writers of current
}

func newLevels(base zapcore.Level, modules map[string]zapcore.Level) *levels {
	l := &levels{}
	l.store(base, modules)
	return l
}

func (l *levels) store(base zapcore.Level, modules map[string]zapcore.Level) {
	s := &snapshot{base: base, modules: modules, lowest: base}
	for _, level := range modules {
		s.lowest = min(s.lowest, level)
	}
	l.current.Store(s)
}

// set changes the level of one module; module "" is the base level.
func (l *levels) set(module string, level zapcore.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.current.Load()
	base, modules := old.base, make(map[string]zapcore.Level, len(old.modules)+1)
	maps.Copy(modules, old.modules)
	if module == "" {
		base = level
	} else {
		modules[module] = level
	}
	l.store(base, modules)
}

// String lists the levels as "info,rpc=warn,waku=debug".
func (l *levels) String() string {
	s := l.current.Load()
	text := LevelName(s.base)
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		text += "," + name + "=" + LevelName(s.modules[name])
	}
	return text
}
