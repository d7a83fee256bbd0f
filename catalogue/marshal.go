package catalogue

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// Marshal writes a catalogue as YAML in the shape Parse reads. All of it comes
// back; comments and layout of an earlier file do not.
func (c *Catalogue) Marshal() []byte {
	w := &writer{}
	w.line(0, "version: %d", c.Version)
	w.inline(0, "organisation", c.Organisation)
	w.text(0, "currency", c.Currency)
	if len(c.Calendars) > 0 {
		w.line(0, "calendars:")
	}
	for _, id := range c.calendarOrder() {
		w.calendar(id, c)
	}
	w.line(0, "teams:")
	for _, t := range c.Teams {
		w.team(t)
	}
	w.line(0, "products:")
	for _, p := range c.Products {
		w.product(p, c.Urgent[p.ID], c.zone())
	}
	return []byte(w.String())
}

// calendarOrder has the default calendar first.
func (c *Catalogue) calendarOrder() []string {
	ids := slices.Sorted(maps.Keys(c.Calendars))
	if i := slices.Index(ids, c.first); i > 0 {
		ids = slices.Insert(slices.Delete(ids, i, i+1), 0, c.first)
	}
	return ids
}

// writer writes block YAML; every text is quoted unless it is a plain word.
type writer struct{ strings.Builder }

func (w *writer) line(indent int, format string, args ...any) {
	w.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

var (
	plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)
	reserved  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|y|n|null|nan|inf)$`)
)

func quoted(s string) string {
	if plainWord.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (w *writer) text(indent int, key, value string) {
	if value != "" {
		w.line(indent, "%s: %s", key, quoted(value))
	}
}

func (w *writer) inline(indent int, key string, texts map[string]string) {
	if len(texts) > 0 {
		w.line(indent, "%s: %s", key, flow(texts))
	}
}

// flow writes texts by language as {nl: …, en: …}.
func flow(texts map[string]string) string {
	var parts []string
	for _, l := range Languages {
		if t := texts[l]; t != "" {
			parts = append(parts, l+": "+quoted(t))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func list(texts []string) string {
	parts := make([]string, len(texts))
	for i, t := range texts {
		parts[i] = quoted(t)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (w *writer) calendar(id string, c *Catalogue) {
	s := c.Calendars[id].Spec()
	w.line(1, "%s:", id)
	if s.Timezone == "" && len(s.Week) == 0 && !s.AlwaysOpen {
		w.line(2, "always_open: true") // what a calendar that was never filled in means
	}
	w.text(2, "timezone", s.Timezone)
	if s.AlwaysOpen {
		w.line(2, "always_open: true")
	}
	if len(s.Week) > 0 {
		w.line(2, "week:")
	}
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if spans, ok := s.Week[d]; ok {
			w.line(3, "%s: %s", d, list(spans))
		}
	}
	if len(s.Holidays) > 0 {
		w.line(2, "holidays: %s", list(s.Holidays))
	}
}

func (w *writer) team(t balie.Team) {
	w.line(1, "%s:", t.ID)
	for _, l := range Languages {
		w.text(2, l, t.Names[l])
	}
	w.text(2, "kind", string(t.Kind))
	if !t.Reach.IsZero() {
		w.line(2, "reach: {%s: %s}", t.Reach.Scheme, quoted(t.Reach.Value))
	}
	w.text(2, "calendar", t.Calendar)
}

func (w *writer) product(p balie.Product, urgent bool, zone *time.Location) {
	w.line(0, "- id: %s", quoted(p.ID))
	w.text(1, "group", p.Group)
	w.text(1, "kind", string(p.Kind))
	w.text(1, "package", p.Package)
	if urgent {
		w.line(1, "urgent: true")
	}
	for _, l := range Languages {
		w.words(p, l)
	}
	if len(p.Fields) > 0 {
		w.line(1, "fields:")
	}
	for _, f := range p.Fields {
		w.field(f)
	}
	kind := "backoffice"
	if p.AccountOwned {
		kind = "account"
	}
	w.line(1, "owner: {type: %s, team: %s}", kind, quoted(p.Owner))
	w.text(1, "calendar", p.Calendar)
	if p.Respond > 0 || p.Resolve > 0 {
		w.line(1, "promise: {response_hours: %s, resolution_hours: %s}", figure(p.Respond.Hours()), figure(p.Resolve.Hours()))
	}
	w.price(p.Price)
	w.text(1, "answer_mode", string(p.Mode))
	if p.Threshold > 0 {
		w.line(1, "threshold: %s", figure(p.Threshold))
	}
	w.valid(p, zone)
}

func figure(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (w *writer) words(p balie.Product, l string) {
	w.line(1, "%s:", l)
	w.text(2, "name", p.Names[l])
	w.text(2, "description", p.Descriptions[l])
	if len(p.Synonyms[l]) > 0 {
		w.line(2, "synonyms: %s", list(p.Synonyms[l]))
	}
	if len(p.Examples[l]) > 0 {
		w.line(2, "examples:")
	}
	for _, e := range p.Examples[l] {
		w.line(2, "- %s", quoted(e))
	}
	if len(p.Counter[l]) > 0 {
		w.line(2, "counter_examples:")
	}
	for _, e := range p.Counter[l] {
		w.line(2, "- %s", quoted(e))
	}
	w.text(2, "answer", p.Answers[l])
}

func (w *writer) field(f balie.Field) {
	w.line(1, "- id: %s", quoted(f.ID))
	w.text(2, "type", string(f.Type))
	w.line(2, "required: %t", f.Required)
	w.inline(2, "prompt", f.Prompts)
	w.text(2, "pattern", f.Pattern)
	if len(f.Options) > 0 {
		w.line(2, "options:")
	}
	for _, o := range f.Options {
		if len(o.Names) == 0 {
			w.line(2, "- %s", quoted(o.Value))
			continue
		}
		w.line(2, "- {value: %s, %s", quoted(o.Value), strings.TrimPrefix(flow(o.Names), "{"))
	}
}

func (w *writer) price(p balie.Price) {
	if p.Model == "" && p.Amount == 0 && len(p.Notes) == 0 {
		return
	}
	w.line(1, "price:")
	w.text(2, "model", p.Model)
	w.line(2, "amount: %d.%02d", p.Amount/100, p.Amount%100)
	w.inline(2, "note", p.Notes)
}

func (w *writer) valid(p balie.Product, zone *time.Location) {
	if p.From.IsZero() && p.Until.IsZero() {
		return
	}
	w.line(1, "valid:")
	if !p.From.IsZero() {
		w.line(2, "from: %s", quoted(p.From.In(zone).Format(time.DateOnly)))
	}
	if !p.Until.IsZero() {
		w.line(2, "until: %s", quoted(p.Until.In(zone).AddDate(0, 0, -1).Format(time.DateOnly)))
	}
}
