package logx

import (
	"context"
	"fmt"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// GethHandler carries go-ethereum's log lines, which come as slog records,
// to a zap logger. Its levels are lowered by one step up to info, because a
// peer that comes or goes is news to that library and routine to us:
// info becomes debug, debug and trace become trace. Warnings and errors stay.
func GethHandler(logger *zap.Logger) slog.Handler { return &gethHandler{logger: logger} }

type gethHandler struct {
	logger *zap.Logger
	group  string
}

func zapLevel(l slog.Level) zapcore.Level {
	switch {
	case l >= slog.LevelError:
		return zapcore.ErrorLevel
	case l >= slog.LevelWarn:
		return zapcore.WarnLevel
	case l >= slog.LevelInfo:
		return zapcore.DebugLevel
	}
	return TraceLevel
}

// Enabled implements slog.Handler.
func (h *gethHandler) Enabled(_ context.Context, l slog.Level) bool {
	return h.logger.Core().Enabled(zapLevel(l))
}

// Handle implements slog.Handler.
func (h *gethHandler) Handle(_ context.Context, r slog.Record) error {
	ce := h.logger.Check(zapLevel(r.Level), r.Message)
	if ce == nil {
		return nil
	}
	fields := make([]zap.Field, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		fields = h.appendAttr(fields, h.group, a)
		return true
	})
	ce.Write(fields...)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *gethHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var fields []zap.Field
	for _, a := range attrs {
		fields = h.appendAttr(fields, h.group, a)
	}
	return &gethHandler{logger: h.logger.With(fields...), group: h.group}
}

// WithGroup implements slog.Handler.
func (h *gethHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &gethHandler{logger: h.logger, group: h.group + name + "."}
}

func (h *gethHandler) appendAttr(fields []zap.Field, group string, a slog.Attr) []zap.Field {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, sub := range v.Group() {
			fields = h.appendAttr(fields, group, sub)
		}
		return fields
	case slog.KindBool:
		return append(fields, zap.Bool(group+a.Key, v.Bool()))
	case slog.KindInt64:
		return append(fields, zap.Int64(group+a.Key, v.Int64()))
	case slog.KindUint64:
		return append(fields, zap.Uint64(group+a.Key, v.Uint64()))
	case slog.KindFloat64:
		return append(fields, zap.Float64(group+a.Key, v.Float64()))
	case slog.KindDuration:
		return append(fields, zap.Duration(group+a.Key, v.Duration()))
	case slog.KindTime:
		return append(fields, zap.Time(group+a.Key, v.Time()))
	default: // fmt survives values whose String method panics
		return append(fields, zap.String(group+a.Key, fmt.Sprint(v.Any())))
	}
}
