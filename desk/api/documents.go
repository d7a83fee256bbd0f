package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Document is one version of a document the desk works by.
type Document struct {
	Kind    string    `json:"kind"`
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	Body    string    `json:"body,omitempty"` // YAML; with its version line set where it is shown to be edited
}

// Published says what became of a publication.
type Published struct {
	Kind     string    `json:"kind"`
	Version  int       `json:"version"`
	Warnings []Finding `json:"warnings"`
	Failed   []Finding `json:"failed,omitempty"` // examples, when it was only checked
}

// Finding is something about a document that a person should look at.
type Finding struct {
	Rule    string `json:"rule,omitempty"`
	Line    int    `json:"line,omitempty"`
	Example string `json:"example,omitempty"`
	Problem string `json:"problem"`
	Fix     string `json:"fix,omitempty"`
}

// Diff is how two versions differ.
type Diff struct {
	From  string              `json:"from"`
	To    string              `json:"to"`
	Text  string              `json:"text"`            // unified
	Rules []router.Difference `json:"rules,omitempty"` // rule by rule
}

// DocumentKind is the part of a path that says which document.
type DocumentKind struct {
	Kind string `path:"kind" enum:"catalogue,rules,organisations,templates,progress,plan"`
}

// Draft is a body that is not in force.
type Draft struct {
	File string `json:"file,omitempty" maxLength:"500" doc:"Its name, for messages."`
	Body string `json:"body" doc:"YAML."`
}

func (d Draft) file(kind string) string {
	if d.File == "" {
		return kind
	}
	return d.File
}

// documents registers what can be done with the documents.
func (a *api) documents() {
	type one struct {
		ETag string `header:"ETag" doc:"The version: what If-Match says when it is put back."`
		Body Document
	}
	type history struct {
		Body struct {
			Versions []Document `json:"versions"`
		}
	}
	type version struct {
		DocumentKind
		Version int `query:"version" minimum:"0" doc:"0: the newest."`
	}
	add(a, op("GET", "/documents/{kind}", "get-document", "Read a document as it was published, with its version line set", desk.SeeDocuments, documentObject),
		func(ctx context.Context, in *version) (*one, error) {
			if err := mayRead(ctx, in.Kind); err != nil {
				return nil, err
			}
			d, err := a.Store.Document(ctx, in.Kind, "", in.Version)
			if in.Kind == desk.TemplatesDoc && in.Version == 0 && errors.Is(err, balie.ErrNotFound) {
				d, err = store.Document{Kind: in.Kind, Body: desk.Templates{}.Marshal()}, nil // letters say what is built in
			}
			if err != nil {
				return nil, err
			}
			out := described(d)
			out.Body = string(numbered(d))
			return &one{etag(d.Version), out}, nil
		})
	add(a, op("GET", "/documents/{kind}/history", "document-history", "List the versions of a document, newest first", desk.SeeDocuments, documentObject),
		func(ctx context.Context, in *DocumentKind) (*history, error) {
			if err := mayRead(ctx, in.Kind); err != nil {
				return nil, err
			}
			all, err := a.Store.DocumentHistory(ctx, in.Kind, "")
			if err != nil {
				return nil, err
			}
			out := &history{}
			out.Body.Versions = []Document{}
			for _, d := range all {
				out.Body.Versions = append(out.Body.Versions, described(d))
			}
			return out, nil
		})
	a.diffing()
	a.publishing()
}

func (a *api) diffing() {
	type answer struct{ Body Diff }
	type two struct {
		DocumentKind
		From int `query:"from" minimum:"1" required:"true"`
		To   int `query:"to" minimum:"0" doc:"0: the newest."`
	}
	add(a, op("GET", "/documents/{kind}/diff", "diff-versions", "Compare two versions of a document", desk.SeeDocuments, documentObject),
		func(ctx context.Context, in *two) (*answer, error) {
			if err := mayRead(ctx, in.Kind); err != nil {
				return nil, err
			}
			old, err := a.Store.Document(ctx, in.Kind, "", in.From)
			if err != nil {
				return nil, err
			}
			d, err := a.Store.Document(ctx, in.Kind, "", in.To)
			if err != nil {
				return nil, err
			}
			out, err := compared(old, d.Body, title(d))
			return &answer{out}, err
		})
	type draft struct {
		DocumentKind
		Body Draft
	}
	add(a, op("POST", "/documents/{kind}/diff", "diff-draft", "Compare a draft with the document in force", desk.SeeDocuments, documentObject).reads(),
		func(ctx context.Context, in *draft) (*answer, error) {
			if err := mayRead(ctx, in.Kind); err != nil {
				return nil, err
			}
			lib, err := a.Library()
			if err != nil {
				return nil, err
			}
			if _, err := lib.Draft(in.Kind, in.Body.file(in.Kind), []byte(in.Body.Body)); err != nil {
				return nil, err
			}
			old, err := a.Store.Document(ctx, in.Kind, "", 0)
			if err != nil {
				return nil, err
			}
			out, err := compared(old, []byte(in.Body.Body), in.Body.file(in.Kind))
			return &answer{out}, err
		})
}

func (a *api) publishing() {
	type answer struct {
		ETag string `header:"ETag"`
		Body Published
	}
	type put struct {
		DocumentKind
		IfMatch string `header:"If-Match" doc:"The ETag of the version it was made from, or base in the body."`
		Check   bool   `query:"check" doc:"Say what is wrong with it and change nothing."`
		Body    struct {
			Draft
			Base   *int   `json:"base,omitempty" minimum:"0" doc:"The version it was made from, instead of If-Match."`
			Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why; the history shows it."`
		}
	}
	add(a, op("PUT", "/documents/{kind}", "publish-document", "Check a document and put it in force", desk.Publish, documentObject).
		described("Templates need the right manage besides. Rules whose examples fail are refused."),
		func(ctx context.Context, in *put) (*answer, error) {
			if err := mayWrite(ctx, in.Kind); err != nil {
				return nil, err
			}
			file := in.Body.file(in.Kind)
			if in.Check {
				out, err := a.check(in.Kind, file, []byte(in.Body.Body))
				return &answer{Body: out}, err
			}
			base, err := baseOf(in.IfMatch, in.Body.Base)
			if err != nil {
				return nil, err
			}
			d := store.Document{Kind: in.Kind, Body: []byte(in.Body.Body), At: a.Now(), By: actor(ctx).By(), Reason: in.Body.Reason}
			out, err := a.publish(ctx, d, base, file, "publish")
			return &answer{etag(out.Version), out}, err
		})
	type back struct {
		DocumentKind
		Body struct {
			Version int    `json:"version" minimum:"1" doc:"The one to go back to."`
			Base    int    `json:"base,omitempty" minimum:"0" doc:"The newest as the caller knows it; 0: whatever it is."`
			Reason  string `json:"reason,omitempty" maxLength:"2000"`
		}
	}
	add(a, op("POST", "/documents/{kind}/rollback", "rollback-document", "Publish an old version again", desk.Publish, documentObject).once(),
		func(ctx context.Context, in *back) (*answer, error) {
			if err := mayWrite(ctx, in.Kind); err != nil {
				return nil, err
			}
			old, err := a.Store.Document(ctx, in.Kind, "", in.Body.Version)
			if err != nil {
				return nil, err
			}
			base := in.Body.Base
			if base == 0 {
				newest, err := a.Store.Document(ctx, in.Kind, "", 0)
				if err != nil {
					return nil, err
				}
				base = newest.Version
			}
			reason := strings.TrimSuffix(fmt.Sprintf("back to version %d: %s", old.Version, in.Body.Reason), ": ")
			d := store.Document{Kind: in.Kind, Body: old.Body, At: a.Now(), By: actor(ctx).By(), Reason: reason}
			out, err := a.publish(ctx, d, base, title(old), "rollback")
			return &answer{etag(out.Version), out}, err
		})
}

// publish puts a document in force and says what should be looked at.
func (a *api) publish(ctx context.Context, d store.Document, base int, file, act string) (Published, error) {
	out := Published{Kind: d.Kind, Warnings: []Finding{}}
	if strings.TrimSpace(d.Reason) == "" {
		return out, &balie.InvalidError{Field: "reason", Problem: "it is not said why", Fix: "give a reason; the history shows it"}
	}
	lib, err := a.Library()
	if err != nil {
		return out, err
	}
	if a.network && act == "publish" {
		checked, err := a.check(d.Kind, file, d.Body)
		if err != nil {
			return out, err
		}
		if err := failing(d.Kind, checked.Failed); err != nil {
			return out, err
		}
	}
	if out.Version, err = lib.Publish(ctx, d, base, file); err != nil {
		return out, err
	}
	out.Warnings = warnings(d.Kind, lib.Brain())
	type version struct {
		Version int    `json:"version"`
		Reason  string `json:"reason,omitempty"`
	}
	line := actor(ctx).Audit(a.Now(), d.Kind+"."+act, "document:"+d.Kind, version{Version: base}, version{out.Version, d.Reason})
	if err := a.Store.Commit(ctx, balie.Change{Records: []balie.Record{line}}); err != nil {
		return out, fmt.Errorf("leave a trace of %s version %d: %w", d.Kind, out.Version, err)
	}
	return out, nil
}

// check says what is wrong with a body, and changes nothing.
func (a *api) check(kind, file string, body []byte) (Published, error) {
	out := Published{Kind: kind, Warnings: []Finding{}}
	lib, err := a.Library()
	if err != nil {
		return out, err
	}
	b, err := lib.Draft(kind, file, body)
	if err != nil {
		return out, err
	}
	out.Warnings = warnings(kind, b)
	if kind == desk.RulesDoc {
		out.Failed = a.test(b, file).Failed
	}
	if i := interventions(b); kind == desk.ProgressDoc && i != nil {
		out.Failed = findings(i.Check())
	}
	return out, nil
}

// interventions are those of the promises; nil: there are none.
func interventions(b *intake.Brain) *router.Interventions {
	if b.Policy == nil {
		return nil
	}
	return b.Policy.Interventions
}

// failing refuses a document whose examples do not hold.
func failing(kind string, all []Finding) error {
	var out []error
	for _, f := range all {
		out = append(out, &balie.InvalidError{File: kind, Line: f.Line, Field: f.Rule, Problem: f.Example + ": " + f.Problem, Fix: f.Fix})
	}
	return errors.Join(out...)
}

func warnings(kind string, b *intake.Brain) []Finding {
	out := []Finding{}
	switch kind {
	case desk.RulesDoc:
		out = findings(b.Rules.Warnings())
	case desk.ProgressDoc:
		if i := interventions(b); i != nil {
			out = findings(i.Warnings())
		}
	case desk.CatalogueDoc:
		for _, w := range b.Catalogue.Warnings() {
			out = append(out, Finding{Line: w.Line, Problem: prefixed(w), Fix: w.Fix})
		}
	}
	return out
}

// mayRead and mayWrite are what a kind of document asks besides the right of
// the operation: the words of letters are settings.
func mayRead(ctx context.Context, kind string) error {
	if kind == desk.TemplatesDoc && !actor(ctx).Can(desk.SeeAudit) {
		return balie.ErrDenied
	}
	return nil
}

func mayWrite(ctx context.Context, kind string) error {
	if kind == desk.TemplatesDoc && !actor(ctx).Can(desk.Manage) {
		return balie.ErrDenied
	}
	return nil
}

// baseOf is the version an edit was made on.
func baseOf(header string, base *int) (int, error) {
	if header == "" && base != nil {
		return *base, nil
	}
	n, err := ifMatch(header)
	return int(n), err
}

// prefixed is a problem with the field it is of.
func prefixed(e *balie.InvalidError) string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

func findings(all []router.Finding) []Finding {
	out := []Finding{}
	for _, f := range all {
		out = append(out, Finding{f.Rule, f.Line, f.Example, f.Problem, f.Fix})
	}
	return out
}

func described(d store.Document) Document {
	return Document{Kind: d.Kind, Version: d.Version, At: d.At, By: d.By, Reason: d.Reason}
}

func title(d store.Document) string { return fmt.Sprintf("%s (version %d)", d.Kind, d.Version) }

// numbered is a document's body with the version it was published as in its
// version line, so that who edits it publishes on top of what they saw.
// Organisations have no such line.
func numbered(d store.Document) []byte {
	if d.Kind == desk.OrganisationsDoc || d.Kind == desk.TemplatesDoc {
		return d.Body
	}
	line := fmt.Sprintf("version: %d", d.Version)
	rows := strings.Split(string(d.Body), "\n")
	for i, row := range rows {
		value, comment, _ := strings.Cut(row, "#")
		if !strings.HasPrefix(value, "version:") {
			continue
		}
		if comment != "" {
			line += " #" + comment
		} else if strings.HasSuffix(row, "\r") {
			line += "\r"
		}
		rows[i] = line
		return []byte(strings.Join(rows, "\n"))
	}
	return append([]byte(line+"\n"), d.Body...)
}

// compared is how a body differs from a stored version.
func compared(old store.Document, body []byte, name string) (Diff, error) {
	out := Diff{From: title(old), To: name}
	out.Text = string(diff.Diff(out.From, unnumbered(old.Body), name, unnumbered(body)))
	if old.Kind != desk.RulesDoc {
		return out, nil
	}
	before, err := router.Compile(out.From, old.Body, nil)
	after, err2 := router.Compile(name, body, nil)
	if err := errors.Join(err, err2); err != nil {
		return out, err
	}
	out.Rules = router.Diff(before, after)
	return out, nil
}

// unnumbered leaves the version line out: it says nothing about the content.
func unnumbered(body []byte) []byte {
	var out strings.Builder
	for row := range strings.Lines(string(body)) {
		if !strings.HasPrefix(row, "version:") {
			out.WriteString(row)
		}
	}
	return []byte(out.String())
}
