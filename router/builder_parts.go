package router

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// ruleParts is the text of one rule, cut at its keys.
type ruleParts struct {
	indent int // of the keys
	list   []rulePart
	blank  string // lines after the last part
}

// rulePart is a key with its value and the remarks above it.
type rulePart struct{ key, lead, text string }

// partsOf cuts the text of a rule, from its dash. Without parts, it could not
// be cut.
func partsOf(text string) *ruleParts {
	lines := strings.SplitAfter(text, "\n")
	p := &ruleParts{}
	first := strings.TrimLeft(lines[0], " ")
	if !strings.HasPrefix(first, "- ") {
		return p
	}
	p.indent = len(lines[0]) - len(strings.TrimLeft(first[1:], " "))
	lead := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if i == 0 {
			key, _, found := strings.Cut(lines[0][p.indent:], ":")
			if !found || !plainKey(key) {
				return &ruleParts{}
			}
			p.list = append(p.list, rulePart{key: key, text: line})
			continue
		}
		if trimmed == "" || strings.HasPrefix(trimmed, "#") && indentOf(line) <= p.indent {
			lead += line
			continue
		}
		key, _, found := strings.Cut(strings.TrimLeft(line, " "), ":")
		if found && indentOf(line) == p.indent && plainKey(key) {
			p.list = append(p.list, rulePart{key: key, lead: lead, text: line})
		} else {
			p.list[len(p.list)-1].text += lead + line
		}
		lead = ""
	}
	p.blank = lead
	return p
}

func plainKey(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
}

// set writes a part; an empty text takes it out. It is false where that is not
// possible.
func (p *ruleParts) set(key, text string, order []string) bool {
	if len(p.list) == 0 {
		return false
	}
	i := slices.IndexFunc(p.list, func(x rulePart) bool { return x.key == key })
	switch {
	case i == 0: // it shares its line with the dash
		return false
	case i > 0 && text == "":
		p.list = slices.Delete(p.list, i, i+1)
	case i > 0:
		p.list[i].text = text
	case text != "":
		p.list = slices.Insert(p.list, p.place(key, order), rulePart{key: key, text: text})
	}
	return true
}

// place is where a part that was not there goes: behind those that are
// written before it.
func (p *ruleParts) place(key string, order []string) int {
	at := slices.Index(order, key)
	for i := len(p.list) - 1; i > 0; i-- {
		if slices.Index(order, p.list[i].key) < at {
			return i + 1
		}
	}
	return 1
}

func (p *ruleParts) text() string {
	var b strings.Builder
	for _, x := range p.list {
		b.WriteString(x.lead)
		b.WriteString(x.text)
	}
	b.WriteString(p.blank)
	return b.String()
}

func (r Rule) part(name string, indent int, end string) string {
	pad := strings.Repeat(" ", indent)
	lines := func(text string) string {
		return pad + strings.ReplaceAll(text, "\n", end+pad) + end
	}
	switch name {
	case "name":
		if len(r.Names) > 0 {
			return lines("name: " + flow(namesYAML(r.Names)))
		}
	case "when":
		return whenText(strings.TrimSpace(r.When), pad, end)
	case "disabled":
		if r.Disabled {
			return lines("disabled: true")
		}
	case "then":
		return lines("then: " + flow(thenYAML(r)))
	case "examples":
		if text := examplesText(r.Examples); text != "" {
			return lines(text)
		}
	}
	return ""
}

// plainScalar is a text that YAML reads back as that text without quotes,
// also within brackets.
var plainScalar = regexp.MustCompile(`^\pL[\pL\pN_./-]*( [\pL\pN_./-]+)*$`)

// otherThanText are words that YAML takes for something else.
var otherThanText = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"}

// scalar is a text in YAML. Everything that could be taken for something else
// is quoted.
func scalar(s string) string {
	if plainScalar.MatchString(s) && !slices.Contains(otherThanText, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// flow is a value on one line.
func flow(v any) string {
	switch v := v.(type) {
	case string:
		return scalar(v)
	case yaml.MapSlice:
		parts := make([]string, 0, len(v))
		for _, x := range v {
			parts = append(parts, fmt.Sprint(x.Key)+": "+flow(x.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []string:
		parts := make([]string, 0, len(v))
		for _, x := range v {
			parts = append(parts, scalar(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []any:
		parts := make([]string, 0, len(v))
		for _, x := range v {
			parts = append(parts, flow(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return "{" + FactsText(v) + "}"
	}
	return fmt.Sprint(v)
}

// namesYAML has Dutch first, then English, then others by name.
func namesYAML(names map[string]string) yaml.MapSlice {
	var m yaml.MapSlice
	for _, l := range append([]string{"nl", "en"}, slices.Sorted(maps.Keys(names))...) {
		known := slices.ContainsFunc(m, func(x yaml.MapItem) bool { return x.Key == l })
		if names[l] != "" && !known {
			m = append(m, yaml.MapItem{Key: l, Value: names[l]})
		}
	}
	return m
}

// whenText is a condition: on one line, or as lines of their own.
func whenText(when, pad, end string) string {
	if !strings.Contains(when, "\n") {
		return pad + "when: " + scalar(when) + end
	}
	var b strings.Builder
	b.WriteString(pad + "when: |" + end)
	for _, line := range strings.Split(when, "\n") {
		b.WriteString(strings.TrimRight(pad+"  "+line, " ") + end)
	}
	return b.String()
}

func examplesText(x Examples) string {
	var b strings.Builder
	b.WriteString("examples:")
	for _, part := range []struct {
		key  string
		list []Example
	}{{"must", x.Must}, {"must_not", x.MustNot}} {
		if len(part.list) == 0 {
			continue
		}
		b.WriteString("\n  " + part.key + ":")
		for _, e := range part.list {
			b.WriteString("\n  - " + exampleText(e))
		}
	}
	if len(x.Must)+len(x.MustNot) == 0 {
		return ""
	}
	return b.String()
}

func exampleText(e Example) string {
	if e.Language == "" && len(e.With) == 0 {
		return strconv.Quote(e.Text)
	}
	text := "{text: " + strconv.Quote(e.Text)
	if e.Language != "" {
		text += ", language: " + e.Language
	}
	if len(e.With) > 0 {
		text += ", with: {" + FactsText(e.With) + "}"
	}
	return text + "}"
}

// FactsText is the facts of an example as people write them:
// "now.open: false, match.score: 0.9".
func FactsText(with map[string]any) string {
	parts := make([]string, 0, len(with))
	for _, name := range slices.Sorted(maps.Keys(with)) {
		parts = append(parts, name+": "+flow(with[name]))
	}
	return strings.Join(parts, ", ")
}

// ParseFacts reads what FactsText writes; names and types are checked when
// the rule is.
func ParseFacts(text string) (map[string]any, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	out := map[string]any{}
	if err := yaml.Unmarshal([]byte("{"+text+"}"), &out); err != nil {
		return nil, err
	}
	return out, nil
}
