package desk

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// Figures are what a factsheet is reckoned from; a report.Book is.
type Figures interface {
	Factsheet(ctx context.Context, plan report.Plan, p report.Period, scope report.Scope, now time.Time) (report.Factsheet, error)
}

// ReportsStore is what reports need of a store.
type ReportsStore interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Record(ctx context.Context, kind, key string) (balie.Record, error)
	PutBlob(ctx context.Context, r io.Reader) (balie.Original, error)
}

// ReportsOptions are what factsheets say and look like.
type ReportsOptions struct {
	Calendar  hours.Calendar    // the desk's own
	Name      map[string]string // of the desk, by language
	CSS       string            // the stylesheet of files
	Browser   string            // what makes a PDF; "": one is looked for
	PublicURL string            // base of links in letters; "": none
	Log       *slog.Logger
}

// Reports are the desk's figures as people ask for them: as a page, as a file,
// and by mail when a period is over.
type Reports struct {
	store ReportsStore
	book  Figures
	lib   *Library
	write *letters.Writer
	o     ReportsOptions
	// printing is held while a browser prints: each is a process of hundreds of
	// megabytes, so one at a time.
	printing chan struct{}
}

// NewReports returns the reports. write may be nil where nothing is sent.
func NewReports(s ReportsStore, book Figures, l *Library, write *letters.Writer, o ReportsOptions) *Reports {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Reports{s, book, l, write, o, make(chan struct{}, 1)}
}

// Zone is the one that periods are reckoned in.
func (r *Reports) Zone() *time.Location { return r.o.Calendar.Zone() }

// Asked is what somebody wants to see.
type Asked struct {
	Period   report.Period
	Scope    report.Scope
	Language string // of the factsheet
}

// Last is the last whole period of a kind at a moment; of days between two it
// is the last month.
func (r *Reports) Last(span report.Span, now time.Time) report.Period {
	zone := r.Zone()
	switch span {
	case report.Week:
		return report.WeekOf(now, zone).Before(1)
	case report.Quarter:
		return report.QuarterOf(now, zone).Before(1)
	case report.Year:
		return report.YearOf(now, zone).Before(1)
	}
	return report.MonthOf(now, zone).Before(1)
}

// Ask reads what somebody wants from the values of an address: period (the
// last whole month when it is empty), channel, product, team, organisation,
// language. *balie.InvalidError: there is no such period, or no such thing.
func (r *Reports) Ask(value func(name string) string, now time.Time) (Asked, error) {
	a := Asked{Period: r.Last(report.Month, now), Language: i18n.Language(value("language"))}
	if text := value("period"); text != "" {
		p, err := report.ParsePeriod(text, r.Zone())
		if err != nil {
			return a, err
		}
		a.Period = p
	}
	a.Scope = report.Scope{Channel: value("channel"), Product: value("product"), Team: value("team"), Organisation: value("organisation")}
	return a, r.checkScope(a.Scope)
}

// longestID bounds the name of a channel.
const longestID = 60

func (r *Reports) checkScope(s report.Scope) error {
	b := r.lib.Brain()
	unknown := func(field, id string) error {
		return &balie.InvalidError{Field: field, Problem: fmt.Sprintf("there is no %s %q", field, id), Fix: "leave it out for all of them"}
	}
	if _, ok := b.Catalogue.Product(s.Product); s.Product != "" && !ok {
		return unknown("product", s.Product)
	}
	if _, ok := b.Catalogue.Team(s.Team); s.Team != "" && !ok {
		return unknown("team", s.Team)
	}
	if s.Organisation != "" && !slices.ContainsFunc(b.Organisations, func(o balie.Organisation) bool { return o.ID == s.Organisation }) {
		return unknown("organisation", s.Organisation)
	}
	if len(s.Channel) > longestID {
		return unknown("channel", s.Channel[:longestID])
	}
	return nil
}

// Factsheet reckons what is asked.
func (r *Reports) Factsheet(ctx context.Context, a Actor, q Asked, now time.Time) (report.Factsheet, error) {
	if !a.Can(SeeDocuments) {
		return report.Factsheet{}, balie.ErrDenied
	}
	return r.factsheet(ctx, q, now)
}

func (r *Reports) factsheet(ctx context.Context, q Asked, now time.Time) (report.Factsheet, error) {
	f, err := r.book.Factsheet(ctx, r.lib.Plan(), q.Period, q.Scope, now)
	if err != nil {
		return f, fmt.Errorf("reckon the factsheet of %s: %w", q.Period.ID(), err)
	}
	return f, nil
}

// Words are the words of factsheets in a language.
func (r *Reports) Words(language string) export.Words {
	l := i18n.Language(language)
	b := r.lib.Brain()
	n := export.Names{Products: map[string]string{}, Teams: map[string]string{}, Organisations: map[string]string{}}
	for _, p := range b.Catalogue.Products {
		n.Products[p.ID] = p.Name(l)
	}
	account := map[string]bool{}
	for _, t := range b.Catalogue.Teams {
		n.Teams[t.ID] = t.Name(l)
		account[t.ID] = t.Kind == balie.Account
	}
	for _, o := range b.Organisations {
		n.Organisations[o.ID] = o.Name
	}
	return export.Words{Language: l, Texts: r.lib.Texts(), Names: n, Zone: r.Zone(), Brand: r.o.Name[l], Currency: r.lib.Plan().Currency,
		Account: func(team string) bool { return account[team] }}
}

// Format is a file that a factsheet can be.
type Format string

// The formats.
const (
	HTMLFormat Format = "html"
	PDFFormat  Format = "pdf"
	CSVFormat  Format = "csv"
	XLSXFormat Format = "xlsx"
	JSONFormat Format = "json"
)

// Formats are all formats and their media types.
var Formats = map[Format]string{
	HTMLFormat: "text/html; charset=utf-8",
	PDFFormat:  "application/pdf",
	CSVFormat:  "text/csv; charset=utf-8",
	XLSXFormat: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	JSONFormat: "application/json",
}

// CanPrint reports whether there is a browser to make a PDF with.
func (r *Reports) CanPrint() bool {
	_, err := export.Browser(r.o.Browser)
	return err == nil
}

// File is a factsheet in a format.
func (r *Reports) File(ctx context.Context, f report.Factsheet, language string, format Format) ([]byte, error) {
	w := r.Words(language)
	var b bytes.Buffer
	var err error
	switch format {
	case HTMLFormat, PDFFormat:
		err = export.HTML(&b, f, w, r.o.CSS)
	case CSVFormat:
		err = export.CSV(&b, f, w)
	case XLSXFormat:
		err = export.XLSX(&b, f, w)
	case JSONFormat:
		err = export.JSON(&b, f, w)
	default:
		err = &balie.InvalidError{Field: "format", Problem: fmt.Sprintf("there is no format %.20q", string(format)), Fix: "use html, pdf, csv, xlsx or json"}
	}
	if err != nil {
		return nil, err
	}
	if format == PDFFormat {
		return r.print(ctx, b.Bytes())
	}
	return b.Bytes(), nil
}

// FileName is what a factsheet is called as a file: "factsheet-2026-10.pdf",
// with what it is of when that is not the whole desk.
func FileName(f report.Factsheet, format Format) string {
	name := "factsheet-" + strings.ReplaceAll(f.Period.ID(), "..", "-")
	for _, id := range []string{f.Scope.Channel, f.Scope.Product, f.Scope.Team, f.Scope.Organisation} {
		if id != "" {
			name += "-" + strings.Map(inFileName, id)
		}
	}
	return name + "." + string(format)
}

// inFileName keeps what is harmless in a file's name everywhere.
func inFileName(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
		return c
	}
	return '-'
}

// print makes a PDF, one at a time; who waits too long is told when ctx ends.
func (r *Reports) print(ctx context.Context, html []byte) ([]byte, error) {
	select {
	case r.printing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the printing of another: %w", context.Cause(ctx))
	}
	defer func() { <-r.printing }()
	return export.PDF(ctx, html, r.o.Browser)
}
