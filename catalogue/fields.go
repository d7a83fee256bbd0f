package catalogue

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
)

const (
	valueBytes = 1000 // of a field's value
	askedLine  = 200  // of a line that is taken for an answer, in bytes
)

// Missing are the required fields that were not given or whose value cannot be
// one.
func Missing(p balie.Product, fields map[string]string) []balie.Field {
	var out []balie.Field
	for _, f := range p.Fields {
		if f.Required && !Valid(f, fields[f.ID]) {
			out = append(out, f)
		}
	}
	return out
}

// Valid reports whether a value can be the field's.
func Valid(f balie.Field, value string) bool {
	value = strings.TrimSpace(value)
	if value == "" || len(value) > valueBytes || !utf8.ValidString(value) {
		return false
	}
	if f.Pattern != "" {
		re, err := compile(f.Pattern)
		if err != nil || !re.MatchString(value) {
			return false
		}
	}
	switch f.Type {
	case balie.NumberField:
		_, err := strconv.ParseFloat(strings.Replace(value, ",", ".", 1), 64)
		return err == nil
	case balie.DateField:
		return parses(value, dateForm)
	case balie.DateTimeField:
		return parses(value, dateTimeForm, "2006-01-02 15:04", "2006-01-02T15:04:05", time.RFC3339)
	case balie.ChoiceField:
		return slices.ContainsFunc(f.Options, func(o balie.Option) bool { return o.Value == value })
	case balie.EmailField:
		return mailAddress.FindString(value) == value
	case balie.PhoneField:
		return phoneNumber(value) != ""
	}
	return true
}

func parses(value string, forms ...string) bool {
	for _, f := range forms {
		if _, err := time.Parse(f, value); err == nil {
			return true
		}
	}
	return false
}

// ReadFields reads values of the product's fields from a customer's words. ask
// are the ids of the fields the customer was asked for, in that order, when the
// text is the answer; nil for a first message. now is in the desk's zone.
//
// It leaves out what can be read in two ways. Of a text field that asks what
// the matter is, the question itself is the value in two cases only: it is the
// first required text field of a fault or complaint, and what the customer
// tells is not only a question.
func ReadFields(p balie.Product, ask []string, text, language string, now time.Time) map[string]string {
	lines := contentLines(clip(strings.ToValidUTF8(text, "")))
	out := map[string]string{}
	if len(lines) == 0 {
		return out
	}
	if len(ask) > 0 {
		answered(p, ask, lines, language, now, out)
	}
	all := strings.Join(lines, "\n")
	for id, v := range mentioned(p, all, language, now) {
		if out[id] == "" {
			out[id] = v
		}
	}
	if len(ask) == 0 {
		matter(p, all, out)
	}
	for _, f := range p.Fields {
		if out[f.ID] != "" && !Valid(f, out[f.ID]) {
			delete(out, f.ID)
		}
	}
	return out
}

// matter fills in what a fault or complaint is about.
func matter(p balie.Product, all string, out map[string]string) {
	if p.Kind != balie.Fault && p.Kind != balie.Complaint {
		return
	}
	for _, f := range p.Fields {
		if f.Type != balie.TextField || !f.Required {
			continue
		}
		if f.Pattern == "" && out[f.ID] == "" && tells(all) {
			out[f.ID] = bounded(all)
		}
		return
	}
}

// tells reports whether a text says something rather than only asks.
func tells(all string) bool {
	for l := range strings.Lines(all) {
		for _, s := range split(strings.TrimSpace(l), nil) {
			if !strings.HasSuffix(s, "?") {
				return true
			}
		}
	}
	return false
}

// bounded is a value on one line, cut between words.
func bounded(s string) string {
	const limit = 300
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	if i := strings.LastIndexByte(s, ' '); i > limit/2 {
		s = s[:i]
	}
	return s + "…"
}

// mentioned are the values that stand anywhere in the text.
func mentioned(p balie.Product, text, language string, now time.Time) map[string]string {
	out := map[string]string{}
	h := hear(text)
	readMoments(p, h, language, now, out)
	readPlaces(p, h, out)
	for _, f := range p.Fields {
		v := ""
		switch f.Type {
		case balie.NumberField:
			if asksPeople(f) {
				v = people(text)
			}
		case balie.ChoiceField:
			v = choice(f, h)
		case balie.PersonField:
			if only(p, f) {
				v = person(text)
			}
		case balie.EmailField:
			if only(p, f) {
				v = email(text)
			}
		case balie.PhoneField:
			if only(p, f) {
				v = phone(text)
			}
		case balie.TextField:
			v = patterned(f, text)
		}
		if v != "" {
			out[f.ID] = v
		}
	}
	return out
}

// only reports whether the product has one field of this type.
func only(p balie.Product, f balie.Field) bool {
	n := 0
	for _, g := range p.Fields {
		if g.Type == f.Type {
			n++
		}
	}
	return n == 1
}

func asks(f balie.Field, words ...string) bool {
	prompt := strings.ToLower(f.Prompts["nl"] + " " + f.Prompts["en"])
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(prompt, w) })
}

func asksPeople(f balie.Field) bool { return asks(f, "personen", "people", "gasten", "guests") }

// patterned is what in the text has the form of a field, or stands behind the
// word for it.
func patterned(f balie.Field, text string) string {
	if f.Pattern == "" {
		return codeFor(f, text)
	}
	re, err := regexp.Compile(`(?:^|[\s(,:;])(` + f.Pattern + `)(?:$|[\s),.?!:;])`)
	if err != nil {
		return ""
	}
	return one(re.FindAllStringSubmatch(text, -1), func(m []string) string { return m[1] })
}

// readMoments gives the days and times of a text to the fields that ask for
// them: with one day, a field for a begin gets it and a field for an end gets
// the end of the span.
func readMoments(p balie.Product, h *heard, language string, now time.Time, out map[string]string) {
	if !slices.ContainsFunc(p.Fields, dated) {
		return
	}
	found := moments(h, language, now)
	if len(found) == 0 {
		return
	}
	var start, end clock
	if slices.ContainsFunc(p.Fields, func(f balie.Field) bool { return f.Type == balie.DateTimeField }) {
		start, end = times(h)
	}
	for _, f := range p.Fields {
		if !dated(f) {
			continue
		}
		since := asks(f, "sinds", "since")
		m, ok := theOne(found, since)
		if !ok || (rivals(p, f) && !isEnd(f)) {
			continue
		}
		switch {
		case f.Type == balie.DateField:
			out[f.ID] = m.day.Format(dateForm)
		case isEnd(f):
			if end > 0 {
				out[f.ID] = m.withTime(end)
			}
		case start > 0:
			out[f.ID] = m.withTime(start)
		}
	}
}

func dated(f balie.Field) bool { return f.Type == balie.DateField || f.Type == balie.DateTimeField }

func theOne(found []moment, since bool) (moment, bool) {
	var out []moment
	for _, m := range found {
		if m.since == since && !slices.ContainsFunc(out, func(o moment) bool { return o.day.Equal(m.day) }) {
			out = append(out, m)
		}
	}
	if len(out) != 1 {
		return moment{}, false
	}
	return out[0], true
}

func isEnd(f balie.Field) bool {
	return asks(f, "tot hoe laat", "tot wanneer", "until what time", "until when")
}

// rivals reports whether another field asks for a day too, so that it cannot be
// told which is meant.
func rivals(p balie.Product, f balie.Field) bool {
	for _, g := range p.Fields {
		if dated(g) && g.ID != f.ID && !isEnd(g) && asks(g, "sinds", "since") == asks(f, "sinds", "since") {
			return true
		}
	}
	return false
}

// readPlaces gives the places of a text to the fields that ask for one. With
// two such fields, "from" and "to" tell them apart.
func readPlaces(p balie.Product, h *heard, out map[string]string) {
	var fields []balie.Field
	for _, f := range p.Fields {
		if f.Type == balie.LocationField {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return
	}
	found := placesIn(h)
	if len(fields) == 1 {
		name := ""
		for _, n := range found {
			if name != "" && !strings.EqualFold(name, n.name) {
				return
			}
			name = n.name
		}
		if name != "" {
			out[fields[0].ID] = name
		}
		return
	}
	for _, f := range fields {
		cue := toWord
		if asks(f, "vandaan", "van welke", "from") {
			cue = fromWord
		}
		var names [][]string
		for _, n := range found {
			if cue.MatchString(n.before) {
				names = append(names, []string{n.name})
			}
		}
		if v := one(names, func(m []string) string { return m[0] }); v != "" {
			out[f.ID] = v
		}
	}
}
