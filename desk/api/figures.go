package api

import (
	"context"
	"mime"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// FiguresOf is of when and of whom figures are.
type FiguresOf struct {
	Period       string `query:"period" doc:"2026-10, 2026-W42, 2026-Q3, 2026 or 2026-10-01..2026-10-15. Empty: the last whole month."`
	Channel      string `query:"channel"`
	Product      string `query:"product"`
	Team         string `query:"team"`
	Organisation string `query:"organisation"`
	Language     string `query:"language" doc:"Of the names and of the page: nl or en."`
}

// value is one of them by its name.
func (f FiguresOf) value(name string) string {
	return map[string]string{"period": f.Period, "channel": f.Channel, "product": f.Product, "team": f.Team, "organisation": f.Organisation, "language": f.Language}[name]
}

// FactsheetOf is also in which format a factsheet is wanted.
type FactsheetOf struct {
	FiguresOf
	Format string `query:"format" doc:"json, csv, xlsx, html or pdf; it goes before Accept."`
	Accept string `header:"Accept" doc:"application/json, text/csv, text/html, application/pdf, or that of a workbook."`
}

// format is the one that is wanted: JSON when nothing else is.
func (f FactsheetOf) format() desk.Format {
	if f.Format != "" {
		return desk.Format(f.Format)
	}
	for part := range strings.SplitSeq(f.Accept, ",") {
		wanted, _, err := mime.ParseMediaType(strings.TrimSpace(part))
		for _, format := range []desk.Format{desk.JSONFormat, desk.CSVFormat, desk.XLSXFormat, desk.HTMLFormat, desk.PDFFormat} {
			if kind, _, _ := mime.ParseMediaType(desk.Formats[format]); err == nil && wanted == kind {
				return format
			}
		}
	}
	return desk.JSONFormat
}

// Defined is what a metric counts, in one language.
type Defined struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Theme  string `json:"theme"`
	Unit   string `json:"unit"`
	Better string `json:"better" doc:"higher, lower or neither"`
	Cohort string `json:"cohort" doc:"Which requests of a period it is of."`
	Counts string `json:"counts" doc:"The numerator, or what is measured."`
	Of     string `json:"of" doc:"The denominator."`
	Except string `json:"except" doc:"Who is left out."`
	When   string `json:"when" doc:"In which period a request counts."`
	Few    string `json:"few" doc:"What is shown where there is little."`
}

// figures registers the factsheet and its definitions.
func (a *api) figures() {
	if a.Reports == nil {
		return
	}
	o := op("GET", "/figures/factsheet", "get-factsheet", "The figures of a period against the plan's goals", desk.SeeDocuments, noObject).
		described("As JSON, or by Accept or format as CSV, a workbook, a page or a PDF. One line is one number with its unit, numerator, denominator and 95 % interval; " + export.Schema + " names the shape and changes when a name in it does.")
	content := map[string]*huma.MediaType{"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[export.File](), true, "Factsheet")}}
	for format, kind := range desk.Formats {
		if name, _, err := mime.ParseMediaType(kind); err == nil && format != desk.JSONFormat {
			content[name] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
		}
	}
	o.Responses = map[string]*huma.Response{"200": {Description: "The factsheet", Content: content}}
	add(a, o, func(ctx context.Context, in *FactsheetOf) (*huma.StreamResponse, error) { return a.factsheet(ctx, in) })
	a.figuresCheck()
	type of struct {
		Language string `query:"language" doc:"nl or en"`
	}
	type all struct{ Body []Defined }
	add(a, op("GET", "/figures/definitions", "list-definitions", "What every figure counts", desk.SeeDocuments, noObject),
		func(_ context.Context, in *of) (*all, error) { return &all{definitions(in.Language)}, nil })
}

// figuresCheck registers the second count, for the command alone: it reads all
// there is.
func (a *api) figuresCheck() {
	type checked struct{ Body desk.Checked }
	add(a, op("GET", "/figures/check", "check-figures", "Count a factsheet again from all raw events and compare", desk.Manage, noObject).onSocket(),
		func(ctx context.Context, in *FiguresOf) (*checked, error) {
			reports, err := a.Reports()
			if err != nil {
				return nil, err
			}
			q, err := reports.Ask(in.value, a.Now())
			if err != nil {
				return nil, err
			}
			again := func(ctx context.Context, plan report.Plan, p report.Period, s report.Scope, now time.Time) (report.Factsheet, error) {
				return report.Recount(ctx, a.Store, report.Options{Calendar: a.Calendar, Log: a.Log}, plan, p, s, now)
			}
			out, err := reports.Check(ctx, actor(ctx), q, again, a.Now())
			return &checked{out}, err
		})
}

func (a *api) factsheet(ctx context.Context, in *FactsheetOf) (*huma.StreamResponse, error) {
	reports, err := a.Reports()
	if err != nil {
		return nil, err
	}
	now := a.Now()
	q, err := reports.Ask(in.value, now)
	if err != nil {
		return nil, err
	}
	format := in.format()
	kind, ok := desk.Formats[format]
	if !ok {
		return nil, &balie.InvalidError{Field: "format", Problem: "there is no such format", Fix: "use json, csv, xlsx, html or pdf"}
	}
	if !a.network { // a command wants what just happened too
		if err := reports.CatchUp(ctx); err != nil {
			return nil, err
		}
	}
	f, err := reports.Factsheet(ctx, actor(ctx), q, now)
	if err != nil {
		return nil, err
	}
	b, err := reports.File(ctx, f, q.Language, format)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", kind)
		hc.SetHeader("Vary", "Accept")
		if format != desk.JSONFormat {
			hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": desk.FileName(f, format)}))
			hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
		}
		_, _ = hc.BodyWriter().Write(b) // whoever asked has gone
	}}, nil
}

// definitions are those of all metrics.
func definitions(language string) []Defined {
	say := func(by map[string]string) string {
		if s := by[language]; s != "" {
			return s
		}
		return by["nl"]
	}
	out := []Defined{}
	for _, m := range report.Metrics() {
		out = append(out, Defined{ID: m.ID, Name: m.Name(language), Theme: string(m.Theme), Unit: string(m.Unit), Better: string(m.Better), Cohort: string(m.Cohort),
			Counts: say(m.Counts), Of: say(m.Of), Except: say(m.Except), When: say(m.When), Few: say(m.Few)})
	}
	return out
}
