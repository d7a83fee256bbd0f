package desk_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/report"
)

var (
	lexLead  = desk.Actor{ID: "lex", Name: "Lex Jansen", Role: desk.Lead}
	adaAdmin = desk.Actor{ID: "ada", Name: "Ada Bos", Role: desk.Admin}
)

// reports are the world's, over its own book.
func (w *world) reports() *desk.Reports {
	w.t.Helper()
	book, err := report.Open(filepath.Join(w.t.TempDir(), report.File), w.db, report.Options{Calendar: "kantoor"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { book.Close() })
	if err := book.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return desk.NewReports(w.db, book, w.lib, w.write, desk.ReportsOptions{Calendar: w.cal(), Name: map[string]string{"nl": "De Linde", "en": "The Lime"}, PublicURL: "https://desk.delinde.example"})
}

func (w *world) cal() hours.Calendar { return w.lib.Brain().Catalogue.Calendars["kantoor"] }

// outgoing are the deliveries that wait.
func (w *world) outgoing() []balie.Delivery {
	w.t.Helper()
	all, err := w.db.ListDeliveries(w.t.Context(), balie.Pending, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestR12_AFactsheetGoesOutOnceOnTheFirstOpeningDay lets a year begin: 1 January
// is a holiday and a weekend follows, so December goes on the 4th at 7 o'clock,
// once, whatever restarts and however many look.
func TestR12_AFactsheetGoesOutOnceOnTheFirstOpeningDay(t *testing.T) {
	w := newWorld(t)
	zone := w.cal().Zone()
	at := func(y int, m time.Month, d, h int) time.Time { return time.Date(y, m, d, h, 0, 0, 0, zone) }
	r := w.reports()
	m, err := r.AddMailing(t.Context(), adaAdmin, desk.Mailing{Span: report.Month, To: []string{"MT@delinde.example", "lex@delinde.example", "lex@delinde.example"}, Language: "nl", Format: desk.HTMLFormat}, at(2026, 12, 10, 12))
	if err != nil || len(m.To) != 2 {
		t.Fatal(m, err)
	}
	step := func(now time.Time, want int) {
		t.Helper()
		n, err := w.reports().Step(t.Context(), now) // as after a restart
		if err != nil || n != want {
			t.Fatalf("at %v: %d went out, %v; want %d", now, n, err, want)
		}
	}
	step(at(2026, 12, 10, 13), 0) // November was over before it was asked for
	step(at(2027, 1, 1, 12), 0)
	step(at(2027, 1, 4, 6), 0)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			_, err := r.Step(t.Context(), at(2027, 1, 4, 7))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	step(at(2027, 1, 4, 7), 0)
	step(at(2027, 1, 20, 7), 0)
	out := w.outgoing()
	if len(out) != 2 || out[0].Channel != "email" || !out[0].Auto || !out[0].Request.IsZero() {
		t.Fatalf("%d deliveries: %+v", len(out), out)
	}
	msg, err := w.db.Message(t.Context(), out[0].Message)
	if err != nil {
		t.Fatal(err)
	}
	if msg.Subject != "Factsheet december 2026" || len(msg.Parts) != 1 || msg.Parts[0].Name != "factsheet-2026-12.html" || !strings.Contains(msg.Text, "1–31 december 2026") {
		t.Errorf("the letter is %q with %+v:\n%s", msg.Subject, msg.Parts, msg.Text)
	}
	body, err := w.db.OpenBlob(t.Context(), msg.Parts[0].Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if page, err := io.ReadAll(body); err != nil || !strings.Contains(string(page), "<h1>Factsheet december 2026</h1>") {
		t.Errorf("the file is %.200q, %v", page, err)
	}
	// Three months down: the last one goes, those before it do not.
	step(at(2027, 4, 2, 7), 1)
	if n := len(w.outgoing()); n != 4 {
		t.Errorf("%d deliveries after the outage, want 4", n)
	}
	if err := r.RemoveMailing(t.Context(), adaAdmin, m.ID, at(2027, 4, 3, 7)); err != nil {
		t.Fatal(err)
	}
	step(at(2027, 5, 3, 7), 0)
}

// TestMailingsAreSetByWhoManages refuses others, and what cannot go out.
func TestMailingsAreSetByWhoManages(t *testing.T) {
	w := newWorld(t)
	r := w.reports()
	good := desk.Mailing{Span: report.Week, To: []string{"mt@delinde.example"}, Format: desk.HTMLFormat}
	for _, a := range []desk.Actor{lexLead, sanne, rita, tom} {
		if _, err := r.AddMailing(t.Context(), a, good, w.now); !errors.Is(err, balie.ErrDenied) {
			t.Errorf("%s: %v", a.Role, err)
		}
	}
	for what, change := range map[string]func(*desk.Mailing){
		"no address":       func(m *desk.Mailing) { m.To = nil },
		"no mail address":  func(m *desk.Mailing) { m.To = []string{"the management"} },
		"a header":         func(m *desk.Mailing) { m.To = []string{"a@b.example\r\nBcc: c@d.example"} },
		"any two days":     func(m *desk.Mailing) { m.Span = report.Between },
		"a table":          func(m *desk.Mailing) { m.Format = desk.CSVFormat },
		"an unknown team":  func(m *desk.Mailing) { m.Scope.Team = "nobody" },
		"too many at once": func(m *desk.Mailing) { m.To = strings.Split(strings.Repeat("a@b.example ", 21), " ") },
	} {
		m := good
		change(&m)
		var invalid *balie.InvalidError
		if _, err := r.AddMailing(t.Context(), adaAdmin, m, w.now); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if all, _, err := r.Mailings(t.Context(), lexLead); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if err := r.RemoveMailing(t.Context(), adaAdmin, "x", w.now); !errors.Is(err, balie.ErrNotFound) {
		t.Error(err)
	}
}
