package router

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/balie/balie"
)

// Source is the YAML the ruleset was compiled from, byte for byte.
func (rs *Ruleset) Source() []byte { return slices.Clone(rs.body) }

// Export is the ruleset in YAML with its present Version: the source, comments
// and all, with the version line set.
func (rs *Ruleset) Export() []byte {
	line := "version: " + strconv.Itoa(rs.Version)
	lines := bytes.SplitAfter(rs.body, []byte("\n"))
	for i, l := range lines {
		if !bytes.HasPrefix(l, []byte("version:")) {
			continue
		}
		old := strings.TrimRight(string(l), "\r\n")
		value, comment, found := strings.Cut(old, "#")
		if strings.TrimSpace(strings.TrimPrefix(value, "version:")) == strconv.Itoa(rs.Version) {
			return slices.Clone(rs.body)
		}
		if found {
			line += " #" + comment
		}
		lines[i] = []byte(line + string(l[len(old):]))
		return bytes.Join(lines, nil)
	}
	if rs.Version == 0 {
		return slices.Clone(rs.body)
	}
	return Marshal(rs.Version, rs.Language, rs.Rules())
}

// Marshal writes rules as YAML that compiles to the same rules.
func Marshal(version int, language string, rules []Rule) []byte {
	top := yaml.MapSlice{{Key: "version", Value: version}}
	if language != "" {
		top = append(top, yaml.MapItem{Key: "language", Value: language})
	}
	var list []yaml.MapSlice
	for _, r := range rules {
		list = append(list, r.yaml())
	}
	top = append(top, yaml.MapItem{Key: "rules", Value: list})
	b, err := yaml.MarshalWithOptions(top, yaml.UseLiteralStyleIfMultiline(true))
	if err != nil { // only values that have no YAML form, and there are none
		return fmt.Appendf(nil, "# %v\n", err)
	}
	return b
}

func (r Rule) yaml() yaml.MapSlice {
	m := yaml.MapSlice{{Key: "id", Value: r.ID}}
	if len(r.Names) > 0 {
		m = append(m, yaml.MapItem{Key: "name", Value: r.Names})
	}
	m = append(m, yaml.MapItem{Key: "when", Value: r.When})
	if r.Disabled {
		m = append(m, yaml.MapItem{Key: "disabled", Value: true})
	}
	m = append(m, yaml.MapItem{Key: "then", Value: thenYAML(r)})
	if x := examplesYAML(r.Examples); len(x) > 0 {
		m = append(m, yaml.MapItem{Key: "examples", Value: x})
	}
	return m
}

func thenYAML(r Rule) yaml.MapSlice {
	var m yaml.MapSlice
	add := func(a balie.Action, v any) { m = append(m, yaml.MapItem{Key: string(a.Do), Value: v}) }
	lists := map[balie.ActionKind]int{}
	for _, a := range r.Then {
		switch a.Do {
		case balie.DoTag, balie.DoAlert:
			i, seen := lists[a.Do]
			if !seen {
				lists[a.Do] = len(m)
				add(a, []string{a.Value})
				continue
			}
			m[i].Value = append(m[i].Value.([]string), a.Value)
		case balie.DoAsk:
			add(a, withReason(a, askYAML(a, r.Ask)...))
		case balie.DoHandOut:
			add(a, withReason(a, handOutYAML(a, r.Ask)))
		case balie.DoAnswer, balie.DoOffer, balie.DoDesk, balie.DoDiscard:
			add(a, withReason(a))
		default:
			add(a, a.Value)
		}
	}
	return m
}

func withReason(a balie.Action, items ...yaml.MapItem) yaml.MapSlice {
	m := append(yaml.MapSlice{}, items...)
	if a.Reason != "" {
		m = append(m, yaml.MapItem{Key: "reason", Value: a.Reason})
	}
	return m
}

func askYAML(a balie.Action, ask Ask) []yaml.MapItem {
	if ask == AskMissing {
		return []yaml.MapItem{{Key: "fields", Value: "missing"}}
	}
	return []yaml.MapItem{{Key: "fields", Value: a.Fields}}
}

func handOutYAML(a balie.Action, ask Ask) yaml.MapItem {
	if ask != "" {
		return yaml.MapItem{Key: string(ask), Value: true}
	}
	return yaml.MapItem{Key: "team", Value: a.Team}
}

func examplesYAML(x Examples) yaml.MapSlice {
	var m yaml.MapSlice
	for _, part := range []struct {
		key  string
		list []Example
	}{{"must", x.Must}, {"must_not", x.MustNot}} {
		var list []any
		for _, e := range part.list {
			if e.Language == "" && len(e.With) == 0 {
				list = append(list, e.Text)
				continue
			}
			item := yaml.MapSlice{{Key: "text", Value: e.Text}}
			if e.Language != "" {
				item = append(item, yaml.MapItem{Key: "language", Value: e.Language})
			}
			if len(e.With) > 0 {
				item = append(item, yaml.MapItem{Key: "with", Value: e.With})
			}
			list = append(list, item)
		}
		if len(list) > 0 {
			m = append(m, yaml.MapItem{Key: part.key, Value: list})
		}
	}
	return m
}

// thenText is what a rule does, in one line.
func thenText(r Rule) string {
	b, err := yaml.MarshalWithOptions(thenYAML(r), yaml.Flow(true))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
