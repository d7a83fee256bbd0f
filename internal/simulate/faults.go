package simulate

import (
	"context"
	"log/slog"
	"sync"
)

// faults hears what the parts say went wrong: in a simulated year nothing may.
type faults struct {
	mu    sync.Mutex
	first string
	n     int
}

// Enabled leaves out all but errors.
func (*faults) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle counts an error and keeps the first.
func (f *faults) Handle(_ context.Context, r slog.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.first == "" {
		f.first = r.Message
		r.Attrs(func(a slog.Attr) bool {
			f.first += " " + a.String()
			return true
		})
	}
	return nil
}

// WithAttrs and WithGroup are for the handler.
func (f *faults) WithAttrs([]slog.Attr) slog.Handler { return f }

// WithGroup is for the handler.
func (f *faults) WithGroup(string) slog.Handler { return f }
