package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// figured is an API with a book over its store.
func figured(t *testing.T) *site {
	t.Helper()
	return open(t, func(p *api.Parts) {
		lib, err := p.Library()
		if err != nil {
			t.Fatal(err)
		}
		book, err := report.Open(filepath.Join(t.TempDir(), report.File), p.Store, report.Options{Calendar: p.Calendar})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { book.Close() })
		if err := book.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		reports := desk.NewReports(p.Store, book, lib, nil, desk.ReportsOptions{Calendar: lib.Brain().Catalogue.Calendars["kantoor"], Name: map[string]string{"nl": "De Linde"}})
		p.Reports = func() (*desk.Reports, error) { return reports, nil }
		p.Now = func() time.Time { return time.Date(2030, 3, 5, 9, 2, 0, 0, time.UTC) }
	})
}

// TestTheFactsheetByTheAPI asks for it in every form, and for what is not there.
func TestTheFactsheetByTheAPI(t *testing.T) {
	s := figured(t)
	ask := func(path, accept string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(b)
	}
	resp, body := ask("/figures/factsheet", "")
	var f export.File
	if err := json.Unmarshal([]byte(body), &f); err != nil || resp.StatusCode != 200 || f.Schema != export.Schema || f.Period.ID != "2030-02" || len(f.Lines) == 0 {
		t.Fatalf("%d %v: %.500s", resp.StatusCode, err, body)
	}
	for _, x := range []struct{ path, accept, kind, begin string }{
		{"/figures/factsheet?period=2029-Q4", "text/csv", "text/csv", "\ufeffsection,"},
		{"/figures/factsheet?format=csv", "application/json", "text/csv", "\ufeffsection,"},
		{"/figures/factsheet?format=xlsx", "", "application/vnd.openxml", "PK"},
		{"/figures/factsheet", "text/html, */*;q=0.1", "text/html", "<!doctype html>"},
		{"/figures/definitions?language=en", "", "application/json", `[{"id":"volume","name":"Requests"`},
	} {
		resp, body := ask(x.path, x.accept)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), x.kind) || !strings.HasPrefix(body, x.begin) {
			t.Errorf("%s (%s): %d %s %.80q", x.path, x.accept, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
	for _, path := range []string{"/figures/factsheet?period=never", "/figures/factsheet?team=nobody", "/figures/factsheet?format=exe"} {
		if resp, body := ask(path, ""); resp.StatusCode != 422 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}
