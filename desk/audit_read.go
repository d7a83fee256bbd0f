package desk

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// TrailStore is what reading the audit log needs of a store.
type TrailStore interface {
	store.Records
	store.Documents
	store.Feed
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
}

// AuditFilter chooses lines; the zero value has all.
type AuditFilter struct {
	Who    string    // part of By
	What   string    // beginning of Act: "user", "rules.publish"
	Object string    // part of Object
	Since  time.Time // inclusive
	Until  time.Time // exclusive
	Before string    // Next of the page before
}

// AuditPage is some lines, newest first.
type AuditPage struct {
	Lines []AuditLine
	Next  string // "" when there are no more
}

// Bounds of the audit log's pages.
const (
	auditPage  = 50     // lines of a page
	auditRead  = 5000   // lines looked at for one page: then the page says so by its Next
	auditBatch = 500    // of one reading
	auditCSV   = 100000 // lines of an export
)

// Trail is the audit log: who did what, with before and after (S13). What
// people do with requests stands in the requests' own events, and is read from
// there.
type Trail struct{ store TrailStore }

// NewTrail returns the audit log.
func NewTrail(s TrailStore) *Trail { return &Trail{s} }

// Page lists what was done to what is no request: users, documents, settings.
func (t *Trail) Page(ctx context.Context, a Actor, f AuditFilter) (AuditPage, error) {
	var out AuditPage
	if !a.Can(SeeAudit) {
		return out, balie.ErrDenied
	}
	at := f.Before
	if at == "" && !f.Until.IsZero() {
		at = after(f.Until)
	}
	for looked := 0; looked < auditRead; looked += auditBatch {
		recs, err := t.store.ListRecords(ctx, AuditKind, "", at, true, auditBatch)
		if err != nil {
			return out, fmt.Errorf("read the audit log: %w", err)
		}
		for _, r := range recs {
			at = r.Key
			l, err := ParseAudit(r)
			if err != nil {
				l = AuditLine{Act: "unreadable", Object: r.Key}
			}
			if !f.Since.IsZero() && l.At.Before(f.Since) {
				return out, nil
			}
			if !f.has(l) {
				continue
			}
			if len(out.Lines) == auditPage {
				return out, nil
			}
			out.Lines, out.Next = append(out.Lines, l), at
		}
		if len(recs) < auditBatch {
			out.Next = ""
			return out, nil
		}
	}
	out.Next = at
	return out, nil
}

// after is a key that stands behind every line before a moment.
func after(t time.Time) string {
	id := balie.NewID(t)
	clear(id[6:]) // the time alone: six bytes of a ULID
	return id.String()
}

func (f AuditFilter) has(l AuditLine) bool {
	fold := func(s, part string) bool {
		return part == "" || strings.Contains(strings.ToLower(s), strings.ToLower(part))
	}
	return fold(l.By, f.Who) && strings.HasPrefix(l.Act, f.What) && fold(l.Object, f.Object) &&
		(f.Since.IsZero() || !l.At.Before(f.Since)) && (f.Until.IsZero() || l.At.Before(f.Until))
}

// requestLine is a request's event by an agent, as an audit line.
func requestLine(e balie.Event, ref string) AuditLine {
	data := maps.Clone(e.Data)
	if e.Handout != nil {
		if data == nil {
			data = map[string]string{}
		}
		data["team"] = e.Handout.Team
	}
	l := AuditLine{At: e.At, By: e.By, Act: "request." + string(e.What), Object: "request:" + ref}
	if len(data) > 0 {
		l.After = auditJSON(data)
	}
	return l
}

// Requests lists what agents did on requests, oldest first, from a place in
// the feed; it gives the next place, "" at the end.
func (t *Trail) Requests(ctx context.Context, a Actor, f AuditFilter, cursor string) (AuditPage, error) {
	var out AuditPage
	if !a.Can(SeeAudit) {
		return out, balie.ErrDenied
	}
	at := store.FeedCursor(cursor)
	for looked := 0; looked < auditRead && len(out.Lines) < auditPage; looked += auditBatch {
		n, next, err := t.some(ctx, f, at, &out)
		if err != nil {
			return out, err
		}
		if at = next; n == 0 {
			out.Next = ""
			return out, nil
		}
		out.Next = string(at)
	}
	return out, nil
}

// some reads on in the feed and adds the lines of agents.
func (t *Trail) some(ctx context.Context, f AuditFilter, at store.FeedCursor, out *AuditPage) (int, store.FeedCursor, error) {
	events, next, err := t.store.Read(ctx, at, auditBatch)
	if err != nil {
		return 0, at, fmt.Errorf("read what happened: %w", err)
	}
	var q store.Query
	for _, e := range events {
		if strings.HasPrefix(e.By, "agent:") {
			q.Requests = append(q.Requests, e.Request)
		}
	}
	if len(q.Requests) == 0 {
		return len(events), next, nil
	}
	slices.SortFunc(q.Requests, func(a, b balie.ID) int { return strings.Compare(a.String(), b.String()) })
	q.Requests = slices.Compact(q.Requests)
	found, err := t.store.Lookup(ctx, q)
	if err != nil {
		return 0, at, fmt.Errorf("read which requests: %w", err)
	}
	for _, e := range events {
		if !strings.HasPrefix(e.By, "agent:") {
			continue
		}
		if l := requestLine(e, found.Requests[e.Request].Ref); f.has(l) {
			out.Lines = append(out.Lines, l)
		}
	}
	return len(events), next, nil
}

// CSV writes lines for a spreadsheet: those of the log, and those of requests
// with requests set. A value that a spreadsheet could take for a formula begins
// with an apostrophe (S6).
func (t *Trail) CSV(ctx context.Context, a Actor, f AuditFilter, requests bool, w io.Writer) error {
	if !a.Can(SeeAudit) {
		return balie.ErrDenied
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write([]string{"at", "by", "act", "object", "before", "after", "from"}); err != nil {
		return err
	}
	for n := 0; n < auditCSV; {
		p, err := t.next(ctx, a, &f, requests)
		if err != nil {
			return err
		}
		for _, l := range p.Lines {
			row := []string{l.At.UTC().Format(time.RFC3339), l.By, l.Act, l.Object, string(l.Before), string(l.After), l.From}
			for i := range row {
				row[i] = Harmless(row[i])
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		n += len(p.Lines)
		if f.Before = p.Next; p.Next == "" {
			break
		}
	}
	out.Flush()
	return out.Error()
}

func (t *Trail) next(ctx context.Context, a Actor, f *AuditFilter, requests bool) (AuditPage, error) {
	if !requests {
		return t.Page(ctx, a, *f)
	}
	return t.Requests(ctx, a, *f, f.Before)
}

// Harmless is a value that no spreadsheet takes for a formula: what begins
// like one gets an apostrophe before it, and control characters go.
func Harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return s
	}
	switch first := []rune(strings.TrimLeft(s, " \u00a0")); {
	case len(first) > 0 && strings.ContainsRune("=+-@|＝＋－＠", first[0]):
		return "'" + s
	}
	return s
}

// Values are the properties of a before or after, by name, for a table.
func Values(raw json.RawMessage) map[string]string {
	var in map[string]any
	if json.Unmarshal(raw, &in) != nil {
		if len(raw) == 0 {
			return nil
		}
		return map[string]string{"": string(raw)}
	}
	out := map[string]string{}
	for k, v := range in {
		if s, ok := v.(string); ok {
			out[k] = s
			continue
		}
		b, err := json.Marshal(v)
		if err == nil && string(b) != "null" {
			out[k] = string(b)
		}
	}
	return out
}
