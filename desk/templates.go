package desk

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/yamltree"
)

// Templates are the desk's own words for what letters say, by key ("receipt")
// and language. They are data: a text with named gaps, nothing that is carried
// out.
type Templates map[string]map[string]string

// letterArea is the part of the texts that letters are made of.
const letterArea = "mail."

// Bounds of the templates, in bytes.
const (
	templateLimit  = 4000
	templatesLimit = 256 << 10
)

// LetterKeys are the texts that can be the desk's own, in the order of the file.
func LetterKeys(base *i18n.Texts) []string {
	var out []string
	for _, k := range base.Keys() {
		if name, ok := strings.CutPrefix(k, letterArea); ok {
			out = append(out, name)
		}
	}
	return out
}

// LetterGaps are the placeholders a text has: what it may use.
func LetterGaps(base *i18n.Texts, key string) []string {
	return i18n.Placeholders(base.Raw(letterArea + key)[i18n.Languages[0]])
}

// ParseTemplates reads templates.yaml. Its error joins a *balie.InvalidError
// for every problem there is.
func ParseTemplates(file string, body []byte, base *i18n.Texts) (Templates, error) {
	r := yamltree.Reader{File: file, MaxBytes: templatesLimit}
	out := Templates{}
	for _, e := range r.Mapping(r.Open(body), "", "version", "templates") {
		if e.Key != "templates" {
			continue
		}
		for _, k := range r.Mapping(e.Value, "templates", LetterKeys(base)...) {
			by := map[string]string{}
			for _, l := range r.Mapping(k.Value, k.Field, i18n.Languages...) {
				text := r.Text(l.Value, l.Field)
				if problem, fix := checkTemplate(base, k.Key, text); problem != "" {
					r.Problem(l.Value, l.Field, problem, fix)
				}
				by[l.Key] = text
			}
			out[k.Key] = by
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// CheckTemplate is what is wrong with a text, or nil.
func CheckTemplate(base *i18n.Texts, key, text string) error {
	if problem, fix := checkTemplate(base, key, text); problem != "" {
		return &balie.InvalidError{Field: key, Problem: problem, Fix: fix}
	}
	return nil
}

func checkTemplate(base *i18n.Texts, key, text string) (problem, fix string) {
	gaps := LetterGaps(base, key)
	unknown := slices.DeleteFunc(i18n.Placeholders(text), func(p string) bool { return slices.Contains(gaps, p) })
	switch {
	case !slices.Contains(LetterKeys(base), key):
		return fmt.Sprintf("there is no text %q", key), yamltree.Suggest(key, LetterKeys(base))
	case strings.TrimSpace(text) == "":
		return "the text is empty", "write one, or take the built-in text back"
	case len(text) > templateLimit:
		return fmt.Sprintf("the text has %d bytes, the limit is %d", len(text), templateLimit), "make it shorter"
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.Is(unicode.C, r) }):
		return "there is a character in it that cannot be seen", "type it anew instead of pasting it"
	case strings.HasSuffix(key, "subject") && strings.Contains(text, "\n"):
		return "a subject is one line", "take the line ends out"
	case len(unknown) > 0 && len(gaps) == 0:
		return fmt.Sprintf("{%s} is not known here", strings.Join(unknown, "}, {")), "this text has no placeholders"
	case len(unknown) > 0:
		return fmt.Sprintf("{%s} is not known here", strings.Join(unknown, "}, {")), "this text knows {" + strings.Join(gaps, "}, {") + "}"
	}
	return "", ""
}

// Marshal writes templates in the shape ParseTemplates reads.
func (t Templates) Marshal() []byte {
	var b strings.Builder
	b.WriteString("# What letters say instead of the built-in texts.\ntemplates:\n")
	if len(t) == 0 {
		return []byte("# What letters say instead of the built-in texts.\ntemplates: {}\n")
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		b.WriteString("  " + key + ":\n")
		for _, l := range i18n.Languages {
			if text, ok := t[key][l]; ok {
				b.WriteString("    " + l + ": " + strconv.Quote(text) + "\n")
			}
		}
	}
	return []byte(b.String())
}

// With is the templates with one text set, or with "" back to the built-in one.
func (t Templates) With(key, language, text string) Templates {
	out := Templates{}
	for k, by := range t {
		out[k] = maps.Clone(by)
	}
	if text == "" {
		delete(out[key], language)
	} else {
		if out[key] == nil {
			out[key] = map[string]string{}
		}
		out[key][language] = text
	}
	if len(out[key]) == 0 {
		delete(out, key)
	}
	return out
}

// over gives the texts with these in place of the built-in ones.
func (t Templates) over(base *i18n.Texts) *i18n.Texts {
	own := map[string]map[string]string{}
	for k, by := range t {
		own[letterArea+k] = by
	}
	return base.With(own)
}
