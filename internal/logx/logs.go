package logx

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/natefinch/lumberjack.v2"

	"statusd/internal/atomicfile"
)

// Format is how a line looks.
type Format string

// The formats.
const (
	Terminal Format = "terminal" // for people; colour optional
	Logfmt   Format = "logfmt"   // key=value
	JSON     Format = "json"     // one object per line
)

// Config says what is logged, how and where. The zero value logs nothing;
// with Stderr set it logs from info up in the terminal format.
type Config struct {
	Level   string            // base level; empty: info
	Modules map[string]string // level by logger name
	Format  Format            // empty: terminal
	Colour  bool              // terminal format on Stderr only
	FullIDs bool              // do not shorten public keys

	Stderr  io.Writer // nil: not written
	Journal bool      // Stderr is systemd's journal: see JournalStream

	File FileConfig
}

// FileConfig describes the log file. An empty Path means none.
type FileConfig struct {
	Path       string
	MaxSizeMB  int  // a new file is begun at this size; 0: 100
	MaxBackups int  // old files kept; 0: all
	MaxAgeDays int  // old files are deleted at this age; 0: never
	Compress   bool // gzip old files
}

// Logs owns the outputs and levels of a logger.
type Logs struct {
	logger *zap.Logger
	levels *levels
	file   *lumberjack.Logger // nil: none
	stream *os.File           // a log "file" that is a device or a pipe; nil: none
}

// New opens the outputs. A log file that cannot be written is an error here,
// not at the first line.
func New(cfg Config) (*Logs, error) {
	base, modules, err := parseLevels(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Format == "" {
		cfg.Format = Terminal
	}
	l := &Logs{levels: newLevels(base, modules)}
	var outputs []zapcore.Core
	if cfg.Stderr != nil {
		enc, err := newEncoder(cfg.Format, lineStyle{colour: cfg.Colour && !cfg.Journal, journal: cfg.Journal})
		if err != nil {
			return nil, err
		}
		sink := zapcore.Lock(zapcore.AddSync(noSync{cfg.Stderr}))
		outputs = append(outputs, zapcore.NewCore(enc, sink, everything{}))
	}
	if cfg.File.Path != "" {
		enc, err := newEncoder(cfg.Format, lineStyle{})
		if err != nil {
			return nil, err
		}
		sink, err := l.open(cfg.File)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, zapcore.NewCore(enc, zapcore.Lock(sink), everything{}))
	}
	core := &gate{out: zapcore.NewTee(outputs...), levels: l.levels, scrub: scrubber{fullIDs: cfg.FullIDs}}
	l.logger = zap.New(core, zap.ErrorOutput(zapcore.AddSync(io.Discard)))
	return l, nil
}

func parseLevels(cfg Config) (zapcore.Level, map[string]zapcore.Level, error) {
	base := zapcore.InfoLevel
	if cfg.Level != "" {
		var err error
		if base, err = ParseLevel(cfg.Level); err != nil {
			return 0, nil, err
		}
	}
	modules := make(map[string]zapcore.Level, len(cfg.Modules))
	for name, s := range cfg.Modules {
		level, err := ParseLevel(s)
		if err != nil {
			return 0, nil, fmt.Errorf("module %s: %w", name, err)
		}
		modules[name] = level
	}
	return base, modules, nil
}

// open opens the log file. A device or a pipe is written into and never
// rotated, which would rename it; a link stays, what it leads to is rotated.
func (l *Logs) open(cfg FileConfig) (zapcore.WriteSyncer, error) {
	if atomicfile.IsStream(cfg.Path) {
		var err error
		if l.stream, err = os.OpenFile(cfg.Path, os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0); err != nil {
			return nil, fmt.Errorf("open log file: %w", err)
		}
		return zapcore.AddSync(noSync{l.stream}), nil
	}
	path, _, err := atomicfile.Resolve(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	cfg.Path = path
	l.file, err = openFile(cfg)
	return zapcore.AddSync(l.file), err
}

func openFile(cfg FileConfig) (*lumberjack.Logger, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, fmt.Errorf("create log directory: %w", err)
	}
	f, err := os.OpenFile(cfg.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("close log file: %w", err)
	}
	return &lumberjack.Logger{
		Filename:   cfg.Path,
		MaxSize:    cfg.MaxSizeMB,
		MaxBackups: cfg.MaxBackups,
		MaxAge:     cfg.MaxAgeDays,
		Compress:   cfg.Compress,
	}, nil
}

// Logger returns the root logger. Components take a child by Named.
func (l *Logs) Logger() *zap.Logger { return l.logger }

// SetLevel changes the level of one module (a logger name or its first
// parts), or the base level when module is empty. Safe for concurrent use.
func (l *Logs) SetLevel(module, level string) error {
	if strings.ContainsAny(module, "=, ") {
		return fmt.Errorf("%w %q", ErrModule, module)
	}
	lv, err := ParseLevel(level)
	if err != nil {
		return err
	}
	l.levels.set(module, lv)
	return nil
}

// Level returns the level name in force for a module; "" is the base level.
func (l *Logs) Level(module string) string {
	return LevelName(l.levels.current.Load().at(module))
}

// Levels lists base level and modules, for instance "info,waku=debug".
func (l *Logs) Levels() string { return l.levels.String() }

// Reopen closes the log file, so that the next line opens it by name again.
// An outside rotation program calls for it by SIGHUP.
func (l *Logs) Reopen() error {
	if l.file == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("reopen log file: %w", err)
	}
	return nil
}

// Close flushes and closes the log file. Lines logged later reopen it.
func (l *Logs) Close() error {
	_ = l.logger.Sync() // errors of terminals and pipes mean nothing
	if l.stream != nil {
		return l.stream.Close()
	}
	return l.Reopen()
}

// JournalStream reports whether f is connected to systemd's journal, which
// names its stream in the environment variable JOURNAL_STREAM (value) as
// "device:inode".
func JournalStream(value string, f *os.File) bool {
	var device, inode uint64
	if n, err := fmt.Sscanf(value, "%d:%d", &device, &inode); err != nil || n != 2 {
		return false
	}
	dev, ino, ok := fileID(f)
	return ok && dev == device && ino == inode
}

// noSync hides a Sync method: standard error is never flushed to disk, and
// terminals refuse it.
type noSync struct{ io.Writer }

// everything lets all levels pass; the gate decides.
type everything struct{}

func (everything) Enabled(zapcore.Level) bool { return true }
