package desk

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/normalize"
)

// Suggestion is a catalogue answer for somebody's words.
type Suggestion struct {
	Product   balie.Product
	Score     float64
	Threshold float64  // from which it could go out by itself
	Terms     []string // that spoke for it, as the customer wrote them
	Like      string   // the nearest example
	Answer    string   // Markdown, filled in; "" when there is none or a value is missing
	NoAnswer  string   // why Answer is empty, in words
	Missing   []balie.Field
}

// suggestLimit bounds the words that are matched while somebody types, in
// bytes: a call is told in a few lines.
const suggestLimit = 8 << 10

// Suggest finds catalogue answers for words, best first, at most five. An empty
// language is guessed from the words.
func (d *Desk) Suggest(_ context.Context, text, language string, now time.Time) []Suggestion {
	text = strings.ToValidUTF8(text[:min(len(text), suggestLimit)], "")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if language == "" {
		language = i18n.Language(normalize.Language(text))
	}
	b := d.lib.Brain()
	q := catalogue.Question{Text: text, Language: language}
	found := b.Matcher.Match(q)
	var out []Suggestion
	for _, m := range found.Matches {
		p, ok := b.Catalogue.Product(m.Product)
		if !ok || !catalogue.Offered(p, now) {
			continue
		}
		fields := catalogue.ReadFields(p, nil, text, language, now.In(d.o.Calendar.Zone()))
		out = append(out, d.suggestion(p, m, language, fields, nil, now))
	}
	return out
}

// Likely reports whether the answer is worth showing unasked: under this a
// wrong one costs an agent more than none.
func (s Suggestion) Likely() bool { return s.Score >= intake.ProductFloor }

// SuggestFor finds catalogue answers for a request, filled in for its customer.
// Its product stands first.
func (d *Desk) SuggestFor(_ context.Context, v RequestView, now time.Time) []Suggestion {
	b := d.lib.Brain()
	language := v.Request.Language
	if language == "" {
		language = d.o.Language
	}
	var matches []balie.Match
	if v.Product.ID != "" {
		matches = append(matches, balie.Match{Product: v.Product.ID, Score: v.Product.Score, Terms: v.Product.Terms})
	}
	if len(v.Decisions) > 0 {
		for _, m := range v.Decisions[0].Decision.Match {
			if m.Product != v.Product.ID {
				matches = append(matches, m)
			}
		}
	}
	var out []Suggestion
	for _, m := range matches {
		p, ok := b.Catalogue.Product(m.Product)
		if ok && catalogue.Offered(p, now) {
			out = append(out, d.suggestion(p, m, language, v.Request.Fields, &v, now))
		}
	}
	return out
}

func (d *Desk) suggestion(p balie.Product, m balie.Match, language string, fields map[string]string, v *RequestView, now time.Time) Suggestion {
	s := Suggestion{Product: p, Score: m.Score, Threshold: p.Threshold, Terms: m.Terms, Like: m.Like, Missing: catalogue.Missing(p, fields)}
	answer, err := catalogue.RenderAnswer(p, language, d.values(p, language, fields, v, now))
	if err != nil {
		s.NoAnswer = err.Error()
		return s
	}
	s.Answer = answer
	return s
}

// values are what an answer's placeholders are filled with. An agent reads it
// before it goes out, so the customer's own words may stand in it.
func (d *Desk) values(p balie.Product, language string, fields map[string]string, v *RequestView, now time.Time) map[string]string {
	b := d.lib.Brain()
	out := map[string]string{"organisation": b.Catalogue.Organisation[i18n.Language(language)],
		"promise": d.write.Moment(language, b.Catalogue.Calendar(p).Add(now, p.Resolve)), "customer": "…", "reference": "…"}
	if t, ok := b.Catalogue.Team(p.Owner); ok {
		out["team"] = t.Name(language)
	}
	maps.Copy(out, fields)
	if v != nil {
		out["reference"] = v.Request.Ref
		if v.Customer.Person.Name != "" {
			out["customer"] = v.Customer.Person.Name
		}
	}
	return out
}
