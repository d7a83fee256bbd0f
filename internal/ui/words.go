package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/balie/balie/internal/i18n"
)

// Cut is a text around one of its placeholders, so that the value can be set
// in bold or be a link without gluing sentences.
type Cut struct{ Before, After string }

// words are the functions that templates of one language have.
func words(texts *i18n.Texts, language string, icons map[string]string) template.FuncMap {
	return template.FuncMap{
		// t "form.title", or t "form.wait" "seconds" "8"
		"t": func(key string, pairs ...string) string { return texts.Text(language, key, pairs...) },
		// cut "status.by" "when" gives what stands before and after {when}.
		"cut": func(key, placeholder string, pairs ...string) Cut {
			before, after, _ := strings.Cut(texts.Text(language, key, pairs...), "{"+placeholder+"}")
			return Cut{before, after}
		},
		"icon":     func(name string, class ...string) (template.HTML, error) { return icon(icons, name, class) },
		"upper":    strings.ToUpper,
		"string":   func(v any) string { return fmt.Sprint(v) },
		"markdown": Markdown,
	}
}

var symbol = regexp.MustCompile(`<symbol id="([a-z]+)"[^>]*>(.*)</symbol>`)

// readIcons are the drawings by name.
func readIcons() (map[string]string, error) {
	b, err := files.ReadFile("parts/icons.svg")
	if err != nil {
		return nil, err
	}
	icons := map[string]string{}
	for _, m := range symbol.FindAllSubmatch(b, -1) {
		icons[string(m[1])] = string(m[2])
	}
	return icons, nil
}

// icon is one of our own drawings; the class comes from a template.
func icon(icons map[string]string, name string, class []string) (template.HTML, error) {
	drawing, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="i ` + template.HTMLEscapeString(strings.Join(class, " ")) +
		`" viewBox="0 0 16 16" aria-hidden="true">` + drawing + `</svg>`), nil
}

// policy lets through what Markdown makes of words, and no more: no pictures,
// no classes, no links but to the web and to mail.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "del")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}()

// markdownLimit is how many bytes are rendered; a longer text is cut.
const markdownLimit = 256 << 10

// Markdown is the desk's own text as HTML. HTML in it is dropped.
func Markdown(text string) template.HTML {
	if len(text) > markdownLimit {
		text = strings.ToValidUTF8(text[:markdownLimit], "")
	}
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithRendererOptions(html.WithHardWraps()))
	if err := md.Convert([]byte(text), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(text))
	}
	return template.HTML(policy.SanitizeBytes(b.Bytes()))
}
