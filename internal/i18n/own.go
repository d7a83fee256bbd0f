package i18n

import (
	"maps"
	"regexp"
	"slices"
)

// placeholder is {name} in a text.
var placeholder = regexp.MustCompile(`\{([a-z_]{1,40})\}`)

// Placeholders are the names between braces in a text, each once, sorted.
func Placeholders(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// With is the texts with some replaced, by key and language. The receiver
// stays as it is. Keys that are not there are left out: whoever gives them is
// of another version.
func (t *Texts) With(own map[string]map[string]string) *Texts {
	if len(own) == 0 {
		return t
	}
	n := &Texts{byKey: maps.Clone(t.byKey)}
	for key, by := range own {
		if _, ok := n.byKey[key]; !ok {
			continue
		}
		mine := maps.Clone(n.byKey[key])
		maps.Copy(mine, by)
		n.byKey[key] = mine
	}
	return n
}
