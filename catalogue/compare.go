package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// Difference is how one product, or what stands beside the products, differs
// between two catalogues.
type Difference struct {
	Product string // id; "" of what stands beside the products
	Names   map[string]string
	What    string // "added", "removed", "changed"
	Fields  []FieldDifference
}

// FieldDifference is one property as it was and as it is. Of a list only what
// went and what came is there.
type FieldDifference struct {
	Field         string // as in the file: "nl.examples", "price", "calendar kantoor"
	Before, After []string
}

// Compare says how a catalogue differs from an earlier one, in its order;
// what went stands last.
func Compare(before, after *Catalogue) []Difference {
	var out []Difference
	if d := besides(before, after); len(d.Fields) > 0 {
		out = append(out, d)
	}
	for _, p := range after.Products {
		old, ok := before.Product(p.ID)
		if !ok {
			out = append(out, Difference{Product: p.ID, Names: p.Names, What: "added"})
			continue
		}
		fields := fieldDifferences(properties(old, before), properties(p, after))
		if len(fields) > 0 {
			out = append(out, Difference{Product: p.ID, Names: p.Names, What: "changed", Fields: fields})
		}
	}
	for _, p := range before.Products {
		if _, ok := after.Product(p.ID); !ok {
			out = append(out, Difference{Product: p.ID, Names: p.Names, What: "removed"})
		}
	}
	return out
}

// property is one property of a product as lines of text.
type property struct {
	field string
	lines []string
}

func properties(p balie.Product, c *Catalogue) []property {
	var out []property
	for _, l := range Languages {
		out = append(out,
			property{l + ".name", written(p.Names[l])}, property{l + ".description", written(p.Descriptions[l])},
			property{l + ".synonyms", p.Synonyms[l]}, property{l + ".examples", p.Examples[l]},
			property{l + ".counter_examples", p.Counter[l]}, property{l + ".answer", written(p.Answers[l])})
	}
	for _, s := range (editing{zone: c.zone()}).parts(p, c.Urgent[p.ID]) {
		if s.key == "id" || slices.Contains(Languages, s.key) {
			continue
		}
		lines := slices.Clone(s.lines)
		lines[0] = strings.TrimSpace(strings.TrimPrefix(lines[0], s.key+":"))
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		out = append(out, property{s.key, slices.DeleteFunc(lines, func(l string) bool { return l == "" })})
	}
	return out
}

func written(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func fieldDifferences(before, after []property) []FieldDifference {
	var out []FieldDifference
	of := func(all []property, field string) []string {
		for _, p := range all {
			if p.field == field {
				return p.lines
			}
		}
		return nil
	}
	note := func(field string, was, is []string) {
		if slices.Equal(was, is) {
			return
		}
		d := FieldDifference{Field: field}
		for _, l := range was {
			if !slices.Contains(is, l) {
				d.Before = append(d.Before, l)
			}
		}
		for _, l := range is {
			if !slices.Contains(was, l) {
				d.After = append(d.After, l)
			}
		}
		if len(d.Before)+len(d.After) == 0 { // only the order
			d.Before, d.After = was, is
		}
		out = append(out, d)
	}
	for _, p := range after {
		note(p.field, of(before, p.field), p.lines)
	}
	for _, p := range before {
		if !slices.ContainsFunc(after, func(q property) bool { return q.field == p.field }) {
			note(p.field, p.lines, nil)
		}
	}
	return out
}

// besides is how organisation, currency, calendars and teams differ.
func besides(before, after *Catalogue) Difference {
	return Difference{What: "changed", Fields: fieldDifferences(frame(before), frame(after))}
}

func frame(c *Catalogue) []property {
	out := []property{{"organisation", written(flow(c.Organisation))}, {"currency", written(c.Currency)}}
	add := func(field string, w *writer) {
		lines := strings.Split(strings.TrimSpace(w.String()), "\n")[1:]
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		out = append(out, property{field, lines})
	}
	for _, id := range slices.Sorted(maps.Keys(c.Calendars)) {
		w := &writer{}
		w.calendar(id, c)
		add("calendar "+id, w)
	}
	for _, t := range c.Teams {
		w := &writer{}
		w.team(t)
		add("team "+t.ID, w)
	}
	return out
}
