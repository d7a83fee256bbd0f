package api

import (
	"bufio"
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// Checked is a line of the answer to a check of the store: progress, and last
// the result.
type Checked struct {
	Done  int          `json:"done"`
	Total int          `json:"total"`
	End   bool         `json:"end,omitempty"`
	Flaws []store.Flaw `json:"flaws,omitempty"` // of the last line
}

// Health says whether all is well.
type Health struct {
	OK      bool   `json:"ok"`
	Version string `json:"version"`
	Running bool   `json:"running"` // channels run
	Store   string `json:"store"`
	State   any    `json:"state,omitempty"` // of the channels
}

// keeping registers what an operator needs.
func (a *api) keeping() {
	type health struct{ Body Health }
	add(a, op("GET", "/health", "health", "Say whether all is well", desk.SeeAudit, noObject),
		func(context.Context, *struct{}) (*health, error) {
			h := Health{OK: a.Store.Fault() == nil, Version: a.Version, Store: "ok"}
			if !h.OK {
				h.Store = "not writable"
			}
			if a.Health != nil {
				var ok bool
				ok, h.State = a.Parts.Health()
				h.OK, h.Running = h.OK && ok, true
			}
			return &health{h}, nil
		})
	add(a, op("GET", "/backup", "backup", "A consistent copy of the store, as a tar archive", desk.Manage, noObject).onSocket(),
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				a.stream(hc, "application/x-tar", func(ctx context.Context, w *bufio.Writer) error {
					return a.Store.Backup(ctx, w)
				})
			}}, nil
		})
	add(a, op("GET", "/verify", "verify", "Check every record of the store; progress as JSON lines, the last one has the result", desk.Manage, noObject).onSocket(),
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) { a.stream(hc, MIMELines, a.verify) }}, nil
		})
}

// verify reports at most a hundred steps, so that a slow reader cannot hold up
// the check and its read of the store.
func (a *api) verify(ctx context.Context, w *bufio.Writer) error {
	out := newLines(w)
	const steps = 100
	last := -1
	flaws, err := a.Store.Verify(ctx, func(done, total int) {
		step := steps
		if total > 0 {
			step = done * steps / total
		}
		if step == last {
			return
		}
		last = step
		if out.write(Checked{Done: done, Total: total}) == nil {
			w.Flush()
		}
	})
	if err != nil {
		return err
	}
	return out.write(Checked{End: true, Flaws: flaws})
}
