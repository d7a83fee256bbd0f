package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/yamltree"
)

// SetProduct is a catalogue with one product as given: the one with its id, or
// a new one at the end. Comments and layout stay as they are, but for those
// within a part of the product that changes (its Dutch texts, its fields, its
// price). body must be a catalogue that Parse reads. When the file is written
// in a way that cannot be edited in place, all of it is written anew, and
// comments are lost.
func SetProduct(body []byte, p balie.Product, urgent bool) ([]byte, error) {
	want, err := Parse("catalogue", body)
	if err != nil {
		return nil, err
	}
	old, had := want.Product(p.ID)
	wasUrgent := want.Urgent[p.ID]
	want.put(p, urgent)
	e := editing{body: body, zone: want.zone()}
	var out []byte
	if had {
		out = e.changed(e.parts(old, wasUrgent), e.parts(p, urgent), p.ID)
	} else {
		out = e.added(e.parts(p, urgent))
	}
	return settled(out, want)
}

// DropProduct is a catalogue without a product.
func DropProduct(body []byte, id string) ([]byte, error) {
	want, err := Parse("catalogue", body)
	if err != nil {
		return nil, err
	}
	want.Products = slices.DeleteFunc(want.Products, func(p balie.Product) bool { return p.ID == id })
	delete(want.Urgent, id)
	e := editing{body: body}
	return settled(e.dropped(id), want)
}

// SetCalendar is a catalogue with one calendar as given.
func SetCalendar(body []byte, id string, s hours.Spec) ([]byte, error) {
	want, err := Parse("catalogue", body)
	if err != nil {
		return nil, err
	}
	k, err := hours.Parse(s)
	if err != nil {
		return nil, err
	}
	want.Calendars[id] = k
	want.first = cmp.Or(want.first, id)
	w := &writer{}
	w.calendar(id, want)
	e := editing{body: body}
	return settled(e.entry("calendars", id, strings.TrimSuffix(w.String(), "\n")), want)
}

// SetTeam is a catalogue with one team as given: the one with its id, or a new
// one at the end.
func SetTeam(body []byte, t balie.Team) ([]byte, error) {
	want, err := Parse("catalogue", body)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(want.Teams, func(x balie.Team) bool { return x.ID == t.ID }); i >= 0 {
		want.Teams[i] = t
	} else {
		want.Teams = append(want.Teams, t)
	}
	w := &writer{}
	w.team(t)
	e := editing{body: body}
	return settled(e.entry("teams", t.ID, strings.TrimSuffix(w.String(), "\n")), want)
}

// put replaces or adds a product.
func (c *Catalogue) put(p balie.Product, urgent bool) {
	i := slices.IndexFunc(c.Products, func(x balie.Product) bool { return x.ID == p.ID })
	if i < 0 {
		c.Products = append(c.Products, p)
	} else {
		c.Products[i] = p
	}
	if c.Urgent == nil {
		c.Urgent = map[string]bool{}
	}
	c.Urgent[p.ID] = urgent
	if !urgent {
		delete(c.Urgent, p.ID)
	}
}

// settled is an edited file when it says what it should, and else all of the
// catalogue written anew. Either is read once more: what is not valid is the
// editor's to mend.
func settled(out []byte, want *Catalogue) ([]byte, error) {
	if out != nil {
		got, err := Parse("catalogue", out)
		if err != nil && len(want.Products) > 0 {
			// Is it the edit, or what was typed? The whole anew tells.
			if _, again := Parse("catalogue", want.Marshal()); again != nil {
				return nil, again
			}
		}
		if err == nil && string(got.Marshal()) == string(want.Marshal()) {
			return out, nil
		}
	}
	out = want.Marshal()
	if _, err := Parse("catalogue", out); err != nil {
		return nil, err
	}
	return out, nil
}

// section is one key of a product with its lines, without indentation.
type section struct {
	key   string
	lines []string
}

// editing finds places in a file's lines. Its functions return nil where the
// file is not written in the block style they know.
type editing struct {
	body []byte
	zone *time.Location
}

// parts are the keys of a product as they are written.
func (e editing) parts(p balie.Product, urgent bool) []section {
	w := &writer{}
	w.product(p, urgent, e.zone)
	var out []section
	for l := range strings.Lines(w.String()) {
		l = strings.TrimSuffix(l, "\n")[2:] // "- " or the indentation
		if l[0] != ' ' && l[0] != '-' {
			key, _, _ := strings.Cut(l, ":")
			out = append(out, section{key: key})
		}
		out[len(out)-1].lines = append(out[len(out)-1].lines, l)
	}
	return out
}

// item is one product in the file: its lines [from, to) from 0, and its keys.
type item struct {
	id       string
	from, to int
	dash     int // column of the dash, from 0
	keys     []key
}

type key struct {
	name     string
	from, to int
}

// items are the products as they stand in the file, or nil.
func (e editing) items() ([]string, []item) {
	r := yamltree.Reader{File: "catalogue", MaxBytes: sizeLimit}
	root := r.Open(e.body)
	lines := strings.Split(string(e.body), "\n")
	end := len(lines)
	var products []yamltree.Node
	entries := r.Mapping(root, "")
	for i, x := range entries {
		if x.Key != "products" {
			continue
		}
		products = r.List(x.Value, "products")
		if i+1 < len(entries) {
			end = lineOf(entries[i+1].At)
		}
	}
	var out []item
	for _, n := range products {
		line, col := n.Place()
		it := item{from: line - 1, dash: col - 3}
		if it.dash < 0 || line > len(lines) || !strings.HasPrefix(lines[line-1][it.dash:], "- ") || strings.TrimSpace(lines[line-1][:it.dash]) != "" {
			return lines, nil
		}
		for _, k := range r.Mapping(n, "product") {
			if k.Key == "id" {
				it.id = r.Text(k.Value, "id")
			}
			it.keys = append(it.keys, key{name: k.Key, from: lineOf(k.At)})
		}
		out = append(out, it)
	}
	for i := range out {
		next := end
		if i+1 < len(out) {
			next = out[i+1].from
		}
		out[i].to = last(lines, out[i].from, next)
		for j := range out[i].keys {
			stop := out[i].to
			if j+1 < len(out[i].keys) {
				stop = out[i].keys[j+1].from
			}
			k := &out[i].keys[j]
			if k.to = last(lines, k.from, stop); k.to <= k.from || stop == k.from {
				return lines, nil // two keys on one line
			}
		}
	}
	return lines, out
}

// lineOf is the line a node stands on, from 0.
func lineOf(n yamltree.Node) int {
	line, _ := n.Place()
	return line - 1
}

// last is the end of what begins at from, without the comments and empty lines
// that stand before what follows.
func last(lines []string, from, to int) int {
	for to > from+1 {
		if s := strings.TrimSpace(lines[to-1]); s != "" && !strings.HasPrefix(s, "#") {
			break
		}
		to--
	}
	return to
}

func indented(n int, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.Repeat(" ", n) + l
	}
	return out
}

func joined(lines []string) []byte { return []byte(strings.Join(lines, "\n")) }

// changed replaces the parts of a product that are not as they were.
func (e editing) changed(old, now []section, id string) []byte {
	lines, items := e.items()
	i := slices.IndexFunc(items, func(it item) bool { return it.id == id })
	if i < 0 || len(items[i].keys) == 0 || items[i].keys[0].name != "id" {
		return nil
	}
	it := items[i]
	of := func(all []section, name string) []string {
		if i := slices.IndexFunc(all, func(p section) bool { return p.key == name }); i >= 0 {
			return all[i].lines
		}
		return nil
	}
	var out []string
	out = append(out, lines[:it.from]...)
	at := it.from
	for _, k := range it.keys {
		was, is := of(old, k.name), of(now, k.name)
		out = append(out, lines[at:k.from]...)
		at = k.to
		if slices.Equal(was, is) {
			out = append(out, lines[k.from:k.to]...)
			continue
		}
		out = append(out, indented(it.dash+2, is)...)
	}
	out = append(out, lines[at:it.to]...)
	for _, p := range now {
		if !slices.ContainsFunc(it.keys, func(k key) bool { return k.name == p.key }) && !slices.Equal(of(old, p.key), p.lines) {
			out = append(out, indented(it.dash+2, p.lines)...)
		}
	}
	return joined(append(out, lines[it.to:]...))
}

// added puts a product behind the last one.
func (e editing) added(parts []section) []byte {
	lines, items := e.items()
	if len(items) == 0 {
		return nil
	}
	tail := items[len(items)-1]
	var own []string
	for _, p := range parts {
		own = append(own, indented(tail.dash+2, p.lines)...)
	}
	own[0] = fmt.Sprintf("%s- %s", strings.Repeat(" ", tail.dash), strings.TrimLeft(own[0], " "))
	return joined(slices.Concat(lines[:tail.to], own, lines[tail.to:]))
}

func (e editing) dropped(id string) []byte {
	lines, items := e.items()
	i := slices.IndexFunc(items, func(it item) bool { return it.id == id })
	if i < 0 || len(items) == 1 {
		return nil
	}
	return joined(slices.Concat(lines[:items[i].from], lines[items[i].to:]))
}

// entry replaces or adds what stands in a section by its id.
func (e editing) entry(section, id, text string) []byte {
	r := yamltree.Reader{File: "catalogue", MaxBytes: sizeLimit}
	root := r.Open(e.body)
	lines := strings.Split(string(e.body), "\n")
	entries := r.Mapping(root, "")
	i := slices.IndexFunc(entries, func(x yamltree.Entry) bool { return x.Key == section })
	if i < 0 {
		return nil
	}
	end := len(lines)
	if i+1 < len(entries) {
		end = lineOf(entries[i+1].At)
	}
	all := r.Mapping(entries[i].Value, section)
	if len(all) == 0 || lineOf(all[0].At) == lineOf(entries[i].At) {
		return nil
	}
	_, col := all[0].At.Place()
	rows := strings.Split(text, "\n")
	for j := range rows {
		rows[j] = strings.Repeat(" ", col-1) + strings.TrimPrefix(rows[j], "  ")
	}
	for j, x := range all {
		if x.Key != id {
			continue
		}
		from, stop := lineOf(x.At), end
		if j+1 < len(all) {
			stop = lineOf(all[j+1].At)
		}
		return joined(slices.Concat(lines[:from], rows, lines[last(lines, from, stop):]))
	}
	to := last(lines, lineOf(all[len(all)-1].At), end)
	return joined(slices.Concat(lines[:to], rows, lines[to:]))
}
