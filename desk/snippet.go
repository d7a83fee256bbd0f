package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/letters"
)

// Snippet is a piece of text that agents insert. Gaps names its placeholders.
type Snippet struct {
	ID       string `json:"-"`
	Version  uint64 `json:"-"`
	Name     string `json:"name"`
	Language string `json:"language,omitzero"` // "": any
	Text     string `json:"text"`              // Markdown with {placeholders}
	By       string `json:"by"`
}

// snippetKind is the kind of their records; the key is Snippet.ID.
const snippetKind = "snippet"

// snippetsMost bounds how many there are: a list that nobody reads helps nobody.
const snippetsMost = 500

// gaps are the placeholders of snippets, in the languages of the desk, and what
// fills each.
var gaps = map[string]string{
	"name": "name", "naam": "name", "firstname": "first", "voornaam": "first", "ref": "ref", "nummer": "ref", "agent": "agent",
	"date": "date", "datum": "date", "product": "product", "subject": "subject", "onderwerp": "subject", "promise": "promise",
	"termijn": "promise", "link": "link", "desk": "desk", "balie": "desk",
}

// Gaps are the placeholders a snippet may use.
func Gaps() []string { return slices.Sorted(maps.Keys(gaps)) }

var gapPattern = regexp.MustCompile(`\{([^{}\s]{1,40})\}`)

// Snippets lists snippets for a language and those for any, by name; "" lists
// all.
func (d *Desk) Snippets(ctx context.Context, a Actor, language string) ([]Snippet, error) {
	if !a.Can(SeeDocuments) {
		return nil, balie.ErrDenied
	}
	recs, err := d.store.ListRecords(ctx, snippetKind, "", "", false, snippetsMost)
	if err != nil {
		return nil, fmt.Errorf("list snippets: %w", err)
	}
	var out []Snippet
	for _, r := range recs {
		s, err := readSnippet(r)
		if err != nil {
			return nil, err
		}
		if language == "" || s.Language == "" || s.Language == language {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Snippet) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func readSnippet(r balie.Record) (Snippet, error) {
	s := Snippet{ID: r.Key, Version: r.Version}
	if err := json.Unmarshal(r.Body, &s); err != nil {
		return s, fmt.Errorf("read snippet %s: %w", r.Key, err)
	}
	return s, nil
}

// SaveSnippet keeps a snippet; an empty ID is a new one. ErrStale when somebody
// changed it since Version.
func (d *Desk) SaveSnippet(ctx context.Context, a Actor, s Snippet, now time.Time) (Snippet, error) {
	if !a.Can(ActOnRequests) {
		return s, balie.ErrDenied
	}
	s.Name, s.By = clipName(s.Name), a.By()
	if err := checkSnippet(s); err != nil {
		return s, err
	}
	var was any
	if s.ID == "" {
		s.ID, s.Version = balie.NewID(now).String(), 0
	} else {
		old, err := d.snippet(ctx, s.ID)
		if err != nil {
			return s, err
		}
		was = old
	}
	s.Version++
	body, err := json.Marshal(s)
	if err != nil {
		return s, fmt.Errorf("write snippet %s: %w", s.ID, err)
	}
	c := balie.Change{Records: []balie.Record{{Kind: snippetKind, Key: s.ID, Version: s.Version, Body: body},
		a.Audit(now, "snippet.save", "snippet:"+s.ID, was, s)}}
	if err := d.store.Commit(ctx, c); err != nil {
		return s, err
	}
	return s, nil
}

func (d *Desk) snippet(ctx context.Context, id string) (Snippet, error) {
	r, err := d.store.Record(ctx, snippetKind, id)
	if errors.Is(err, balie.ErrNotFound) {
		return Snippet{}, err
	}
	if err != nil {
		return Snippet{}, fmt.Errorf("read snippet %s: %w", id, err)
	}
	return readSnippet(r)
}

func checkSnippet(s Snippet) error {
	switch {
	case s.Name == "":
		return &balie.InvalidError{Field: "name", Problem: "it has no name", Fix: "call it something that you look for it by"}
	case strings.TrimSpace(s.Text) == "" || len(s.Text) > textLimit:
		return &balie.InvalidError{Field: "text", Problem: "there is no text, or far too much", Fix: "write what is inserted"}
	case s.Language != "" && !slices.Contains(catalogue.Languages, s.Language):
		return &balie.InvalidError{Field: "language", Problem: fmt.Sprintf("the desk does not write %q", s.Language), Fix: "use " + strings.Join(catalogue.Languages, " or ") + ", or none"}
	}
	for _, m := range gapPattern.FindAllStringSubmatch(s.Text, -1) {
		if gaps[strings.ToLower(m[1])] == "" {
			return &balie.InvalidError{Field: "text", Problem: fmt.Sprintf("nothing fills {%s}", m[1]), Fix: "use {" + strings.Join(Gaps(), "}, {") + "}"}
		}
	}
	return nil
}

// DeleteSnippet removes a snippet; one that is gone already is no error.
func (d *Desk) DeleteSnippet(ctx context.Context, a Actor, id string, now time.Time) error {
	if !a.Can(ActOnRequests) {
		return balie.ErrDenied
	}
	old, err := d.snippet(ctx, id)
	if errors.Is(err, balie.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: snippetKind, Key: id},
		a.Audit(now, "snippet.delete", "snippet:"+id, old, nil)}})
}

// FillSnippet fills a snippet in for a request. What a customer typed (a name,
// a subject) is put in as plain text; what is not known stays an ellipsis that
// the agent sees.
func (d *Desk) FillSnippet(v RequestView, a Actor, text string, now time.Time) string {
	r := v.Request
	language := r.Language
	if language == "" {
		language = d.o.Language
	}
	name := v.Customer.Person.Name
	first, _, _ := strings.Cut(name, " ")
	with := map[string]string{
		"name": letters.Escape(name), "first": letters.Escape(first), "ref": r.Ref, "agent": letters.Escape(a.Name), "date": d.write.Day(language, now),
		"product": letters.Escape(v.Product.Name(language)), "subject": letters.Escape(r.Subject), "link": d.write.StatusLink(r.ID, now),
		"desk": d.write.Desk(language),
	}
	if !r.Promised.IsZero() {
		with["promise"] = d.write.Moment(language, r.Promised)
	}
	return gapPattern.ReplaceAllStringFunc(text, func(m string) string {
		to, known := gaps[strings.ToLower(m[1:len(m)-1])]
		switch {
		case !known:
			return m
		case with[to] == "":
			return "…"
		}
		return with[to]
	})
}
