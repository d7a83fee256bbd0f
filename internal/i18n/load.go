package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed texts/*.yaml
var files embed.FS

// Load gives the texts that are built in, read once. A key is the file's name,
// a dot and the key in it: "mail.receipt".
func Load() (*Texts, error) { return builtIn() }

var builtIn = sync.OnceValues(func() (*Texts, error) {
	t := &Texts{byKey: map[string]map[string]string{}}
	names, err := fs.Glob(files, "texts/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		in, ok := readPlain(string(b))
		if !ok {
			if in, err = readYAML(b); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
		}
		area := strings.TrimSuffix(path.Base(name), ".yaml")
		for k, v := range in {
			t.byKey[area+"."+k] = v
		}
	}
	return t, nil
})

func readYAML(b []byte) (map[string]map[string]string, error) {
	var in map[string]map[string]string
	err := yaml.Unmarshal(b, &in)
	return in, err
}

// readPlain reads YAML as these files mostly are: a key, and its texts between
// double quotes in one line, or each in a line of its own. Anything else is not
// ok, and is for the YAML reader, which takes fifty times as long.
func readPlain(s string) (_ map[string]map[string]string, ok bool) {
	out := map[string]map[string]string{}
	var by map[string]string // of the key above
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if texts, within := strings.CutPrefix(line, "  "); within {
			if rest, ok := plainText(texts, by); !ok || rest != "" {
				return nil, false
			}
			continue
		}
		key, texts, ok := strings.Cut(line, ":")
		if !ok || !plainKey(key) || out[key] != nil {
			return nil, false
		}
		by = map[string]string{}
		out[key] = by
		if texts == "" {
			continue
		}
		if !plainTexts(texts, by) {
			return nil, false
		}
		by = nil
	}
	return out, true
}

// plainTexts reads {nl: "...", en: "..."}.
func plainTexts(s string, by map[string]string) bool {
	s, ok := strings.CutPrefix(s, " {")
	for ok && s != "}" {
		if s, ok = plainText(s, by); ok && s != "}" {
			s, ok = strings.CutPrefix(s, ", ")
		}
	}
	return ok
}

// plainText reads nl: "...".
func plainText(s string, by map[string]string) (rest string, ok bool) {
	language, s, ok := strings.Cut(s, `: "`)
	if !ok || by == nil || len(language) != 2 || !plainKey(language) {
		return s, false
	}
	if _, twice := by[language]; twice {
		return s, false
	}
	end := strings.IndexAny(s, `"\`)
	var b strings.Builder
	for end >= 0 && s[end] == '\\' {
		b.WriteString(s[:end])
		if !strings.HasPrefix(s[end:], `\n`) {
			return s, false
		}
		b.WriteByte('\n')
		s = s[end+2:]
		end = strings.IndexAny(s, `"\`)
	}
	if end < 0 {
		return s, false
	}
	b.WriteString(s[:end])
	by[language] = b.String()
	return s[end+1:], true
}

// plainKey: a letter, and then letters, digits and what joins them.
func plainKey(s string) bool {
	return s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}
