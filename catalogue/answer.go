package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// given are the placeholders an answer may use besides the product's fields.
var given = []string{"customer", "reference", "product", "team", "organisation", "promise"}

// placeholder is {name}, or an escaped brace that stays a brace.
var placeholder = regexp.MustCompile(`\\[{}\\]|\{([^{}\s]{1,64})\}`)

func placeholders(p balie.Product) []string {
	out := slices.Clone(given)
	for _, f := range p.Fields {
		out = append(out, f.ID)
	}
	return out
}

// badPlaceholders are the names between braces that nothing will fill.
func badPlaceholders(p balie.Product, answer string) []string {
	var out []string
	known := placeholders(p)
	for _, m := range placeholder.FindAllStringSubmatch(answer, -1) {
		if m[1] != "" && !slices.Contains(known, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// RenderAnswer is the product's answer in a language as Markdown, with its
// {placeholders} filled in literally: a value is never read as Markdown, HTML
// or a placeholder. {product} is filled in when no value is given. An unfilled
// placeholder or a missing answer is a *balie.InvalidError: half an answer is
// not sent.
func RenderAnswer(p balie.Product, language string, values map[string]string) (string, error) {
	answer, ok := p.Answer(language)
	if !ok {
		return "", &balie.InvalidError{Field: "product " + p.ID, Problem: "it has no answer", Fix: "write one in the catalogue"}
	}
	var missing []string
	out := placeholder.ReplaceAllStringFunc(answer, func(m string) string {
		if m[0] == '\\' {
			return m // Markdown takes the backslash away
		}
		name := m[1 : len(m)-1]
		v := strings.TrimSpace(values[name])
		if v == "" && name == "product" {
			v = p.Name(language)
		}
		if v == "" {
			missing = append(missing, name)
		}
		return literal(v)
	})
	if len(missing) > 0 {
		return "", &balie.InvalidError{Field: "product " + p.ID, Problem: fmt.Sprintf("the answer needs {%s}", strings.Join(missing, "}, {")), Fix: "fill it in or take it out of the answer"}
	}
	return out, nil
}

// valueLimit bounds what one value adds to an answer, in runes.
const valueLimit = 500

// literal writes a value so that Markdown shows just its characters: no
// markup, no link, no new line.
func literal(v string) string {
	v = strings.ToValidUTF8(v, "")
	var b strings.Builder
	n, start := 0, true
	runes := []rune(v)
	for i, r := range runes {
		if n++; n > valueLimit {
			b.WriteString("…")
			break
		}
		if unprintable(r) {
			if r == '\n' || r == '\t' || r == '\r' {
				b.WriteByte(' ')
			}
			continue
		}
		if mark(runes, i, start) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		start = start && r >= '0' && r <= '9'
	}
	return b.String()
}

// mark reports whether a character would mean something to Markdown there.
func mark(runes []rune, i int, start bool) bool {
	switch r := runes[i]; r {
	case '\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '(', ')', '#', '!', '|', '~', '&', '@', '"':
		return true
	case '-', '+', '=':
		return start
	case ':':
		return i+1 < len(runes) && runes[i+1] == '/'
	case '.':
		www := i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www")
		return start || www
	}
	return false
}

// unprintable are control characters and those that turn the direction of
// text around, which make a value look like another.
func unprintable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
		r == 0x200e, r == 0x200f, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	}
	return false
}
