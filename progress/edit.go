package progress

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// sections are the parts of the document that are keys with one value each.
var sections = []string{"default", "inform", "remind", "closing", "aftercare", "signals"}

// WithValue is a document with one value of a section ("inform", "closing" …)
// as given, written as in the file: "30m", "true", "[2, 5, 8]". An empty value
// takes the key out. Remarks and layout stay; a section written on one line is
// written anew. The error is what Parse would say of the result.
func WithValue(body []byte, section, key, value string) ([]byte, error) {
	if !slices.Contains(sections, section) {
		return nil, &balie.InvalidError{Field: section, Problem: fmt.Sprintf("%q is no section with values", section), Fix: "use one of " + strings.Join(sections, ", ")}
	}
	if strings.ContainsAny(value, "\n\r#") {
		return nil, &balie.InvalidError{Field: section + "." + key, Problem: "the value is more than one line", Fix: "write one value"}
	}
	lines, end := linesOf(body)
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, section+":") })
	if at < 0 {
		lines = append(lines, "", section+":")
		at = len(lines) - 1
	}
	if rest := strings.TrimSpace(withoutRemark(lines[at][len(section)+1:])); rest != "" {
		anew, err := unfolded(body, section)
		if err != nil {
			return nil, err
		}
		lines = slices.Replace(lines, at, at+1, anew...)
	}
	lines = setKey(lines, at, key, value)
	return checked(lines, end)
}

// linesOf are the lines of a text, and how they end.
func linesOf(body []byte) ([]string, string) {
	end := "\n"
	if strings.Contains(string(body), "\r\n") {
		end = "\r\n"
	}
	return strings.Split(strings.TrimRight(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n"), "\n"), end
}

// checked is the text again, if it can be read.
func checked(lines []string, end string) ([]byte, error) {
	out := []byte(strings.Join(lines, end) + end)
	if _, err := Parse("progress", out, nil); err != nil {
		return nil, err
	}
	return out, nil
}

// remark is where a remark begins on a line.
var remark = regexp.MustCompile(`(^|\s+)#.*$`)

func withoutRemark(l string) string { return remark.ReplaceAllString(l, "") }

// setKey changes, adds or removes a key of the section that begins at a line.
func setKey(lines []string, at int, key, value string) []string {
	last, indent := at, "  "
	for i := at + 1; i < len(lines); i++ {
		text := strings.TrimSpace(withoutRemark(lines[i]))
		if text == "" {
			continue
		}
		if lines[i][0] != ' ' {
			break
		}
		last, indent = i, lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], " "))]
		if !strings.HasPrefix(text, key+":") {
			continue
		}
		if value == "" {
			return slices.Delete(lines, i, i+1)
		}
		lines[i] = indent + key + ": " + value + remark.FindString(lines[i])
		return lines
	}
	if value == "" {
		return lines
	}
	return slices.Insert(lines, last+1, indent+key+": "+value)
}

// unfolded is a section that stands on one line, as a line for each key.
func unfolded(body []byte, section string) ([]string, error) {
	r := yamltree.Reader{File: "progress", MaxBytes: sizeLimit}
	out := []string{section + ":"}
	for _, e := range r.Mapping(r.Open(body), "") {
		if e.Key != section {
			continue
		}
		for _, k := range r.Mapping(e.Value, section) {
			if k.Value.IsScalar() {
				out = append(out, "  "+k.Key+": "+scalar(r.Text(k.Value, k.Field)))
				continue
			}
			var items []string
			for _, item := range r.Items(k.Value, k.Field) {
				items = append(items, scalar(r.Text(item, k.Field)))
			}
			out = append(out, "  "+k.Key+": ["+strings.Join(items, ", ")+"]")
		}
	}
	return out, r.Err()
}

// plainScalar is what needs no quotes.
var plainScalar = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func scalar(s string) string {
	if plainScalar.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// WithTarget is a document with a target as given: in place of the one with its
// id, or as a new one at the end. The remarks above it stay.
func WithTarget(body []byte, t Target) ([]byte, error) {
	lines, end := linesOf(body)
	at, all, err := targetLines(body, lines)
	if err != nil {
		return nil, err
	}
	text := t.lines()
	if i := slices.IndexFunc(all, func(x targetAt) bool { return x.id == t.ID }); i >= 0 {
		return checked(slices.Replace(lines, all[i].from, all[i].to, text...), end)
	}
	switch {
	case len(all) > 0:
		lines = slices.Insert(lines, all[len(all)-1].to, text...)
	case at >= 0:
		lines = slices.Replace(lines, at, at+1, append([]string{"targets:"}, text...)...)
	default:
		lines = append(append(lines, "", "targets:"), text...)
	}
	return checked(lines, end)
}

// WithoutTarget is a document without a target; the remarks right above it go
// with it.
func WithoutTarget(body []byte, id string) ([]byte, error) {
	lines, end := linesOf(body)
	at, all, err := targetLines(body, lines)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(x targetAt) bool { return x.id == id })
	if i < 0 {
		return nil, balie.ErrNotFound
	}
	from := all[i].from
	for from-1 > at && strings.HasPrefix(strings.TrimSpace(lines[from-1]), "#") {
		from--
	}
	return checked(slices.Delete(lines, from, all[i].to), end)
}

// targetAt is where a target stands: its lines from one up to another.
type targetAt struct {
	id       string
	from, to int
}

// targetLines finds the targets in the lines of a document, and the line of
// their key; -1 when there is none.
func targetLines(body []byte, lines []string) (int, []targetAt, error) {
	r := yamltree.Reader{File: "progress", MaxBytes: sizeLimit}
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "targets:") })
	var out []targetAt
	for _, e := range r.Mapping(r.Open(body), "") {
		if e.Key != "targets" {
			continue
		}
		for _, item := range r.List(e.Value, "targets") {
			line, _ := item.Place()
			x := targetAt{from: line - 1}
			for _, k := range r.Mapping(item, "targets") {
				if k.Key == "id" {
					x.id = r.Text(k.Value, k.Field)
				}
			}
			out = append(out, x)
		}
	}
	if err := r.Err(); err != nil {
		return at, nil, err
	}
	for i := range out {
		if out[i].from < 0 || out[i].from >= len(lines) || !strings.HasPrefix(strings.TrimSpace(lines[out[i].from]), "-") {
			return at, nil, &balie.InvalidError{File: "progress", Line: out[i].from + 1, Field: "targets", Problem: "targets that stand on one line cannot be changed here", Fix: "give each target lines of its own, or change the text"}
		}
		out[i].to = endOf(lines, out[i].from)
	}
	return at, out, nil
}

// endOf is behind the last line of the list item that begins at a line.
func endOf(lines []string, from int) int {
	indent := len(lines[from]) - len(strings.TrimLeft(lines[from], " "))
	end := from + 1
	for i := from + 1; i < len(lines); i++ {
		text := strings.TrimLeft(lines[i], " ")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if len(lines[i])-len(text) <= indent {
			break
		}
		end = i + 1
	}
	return end
}

// lines are a target as it is written.
func (t Target) lines() []string {
	out := []string{"- id: " + t.ID}
	add := func(key, value string) {
		if value != "" {
			out = append(out, "  "+key+": "+value)
		}
	}
	list := func(key string, all []string) {
		var items []string
		for _, x := range all {
			items = append(items, scalar(x))
		}
		if len(items) > 0 {
			add(key, "["+strings.Join(items, ", ")+"]")
		}
	}
	list("products", t.Products)
	list("groups", t.Groups)
	var kinds, urgency []string
	for _, k := range t.Kinds {
		kinds = append(kinds, string(k))
	}
	for _, p := range t.Priorities {
		urgency = append(urgency, priorityWord(p))
	}
	list("kinds", kinds)
	list("priorities", urgency)
	list("organisations", t.Organisations)
	list("segments", t.Segments)
	if t.KeyAccount {
		add("key_account", "true")
	}
	for _, d := range []struct {
		key  string
		time string
	}{{"respond", lengthOf(t.Respond)}, {"update", lengthOf(t.Update)}, {"resolve", lengthOf(t.Resolve)}} {
		add(d.key, d.time)
	}
	if t.Calendar != "" {
		add("calendar", scalar(t.Calendar))
	}
	return out
}
