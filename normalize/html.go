package normalize

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// policy is what HTML of strangers may hold. It is built once because its
// patterns are costly, and never changed afterwards.
var policy = sync.OnceValue(func() *bluemonday.Policy { return newPolicy(`^(?i)cid:[^\s"'<>]{1,300}$`) })

// pictured lets pictures from elsewhere through as well; what they may load
// from is the policy of the page they are shown in.
var pictured = sync.OnceValue(func() *bluemonday.Policy {
	return newPolicy(`^(?i)(cid:[^\s"'<>]{1,300}|https://[a-z0-9.-]{1,253}(:\d{1,5})?/[^\s"'<>\\]{0,1000})$`)
})

// newPolicy is a policy in which the sources of pictures match.
func newPolicy(pictures string) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "aside", "b", "big", "blockquote", "br", "caption",
		"center", "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption",
		"figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd",
		"li", "main", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub",
		"sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr")
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.AllowAttrs("href").Matching(regexp.MustCompile(`^(?i)\s*(https?://[^/\s\\]|mailto:|tel:)`)).OnElements("a")
	p.AllowAttrs("src").Matching(regexp.MustCompile(pictures)).OnElements("img")
	p.AllowAttrs("alt", "title").Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[A-Za-z-]{2,20}$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i)(ltr|rtl|auto)$`)).Globally()
	size := regexp.MustCompile(`^\d{1,4}%?$`)
	p.AllowAttrs("width", "height").Matching(size).OnElements("img", "table", "td", "th", "col")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^\d{1,3}$`)).OnElements("td", "th")
	p.AllowAttrs("border", "cellpadding", "cellspacing").Matching(size).OnElements("table")
	p.AllowAttrs("align", "valign").Matching(regexp.MustCompile(`^(?i)(left|right|center|justify|top|middle|bottom)$`)).
		OnElements("p", "div", "td", "th", "tr", "table", "h1", "h2", "h3")
	p.AllowAttrs("color").Matching(regexp.MustCompile(`^(?i)(#[0-9a-f]{3,8}|[a-z]{3,20})$`)).OnElements("font")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^\d{1,6}$`)).OnElements("ol")
	// Also the text of these goes, not only their tags.
	p.SkipElementsContent("script", "style", "head", "title", "template", "noscript", "iframe", "object",
		"applet", "svg", "math", "select", "textarea", "audio", "video", "noembed", "noframes", "xmp", "plaintext")
	return p
}

// SanitizeHTML makes HTML of strangers fit to be shown: no script, form,
// style, id or remote load; links are absolute and tell nobody where they were
// followed from; images only by cid:. What comes out is balanced and at most
// 100 elements deep, so that it cannot break out of the place it is shown in.
func SanitizeHTML(s string) string { return sanitize(policy(), s) }

func sanitize(p *bluemonday.Policy, s string) string {
	return balance(p.Sanitize(strings.ToValidUTF8(s, "\ufffd")))
}

// balance closes what is open, drops what closes nothing, and caps the depth.
func balance(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	var open []string
	deep := 0 // start tags left out beyond the cap and not yet closed
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := z.Token()
		switch kind {
		case html.TextToken:
			out.WriteString(html.EscapeString(t.Data))
		case html.StartTagToken, html.SelfClosingTagToken:
			switch {
			case void(t.DataAtom):
				out.WriteString(startTag(t))
			case kind == html.SelfClosingTagToken:
			case len(open) >= maxHTMLDepth:
				deep++
			default:
				open = append(open, t.Data)
				out.WriteString(startTag(t))
			}
		case html.EndTagToken:
			if deep > 0 {
				deep--
				continue
			}
			open = closeTag(&out, open, t.Data)
		}
	}
	for i := len(open) - 1; i >= 0; i-- {
		out.WriteString("</" + open[i] + ">")
	}
	return out.String()
}

// closeTag closes the innermost element of that name with all in it; an end
// tag without a start is dropped.
func closeTag(out *strings.Builder, open []string, name string) []string {
	for i := len(open) - 1; i >= 0; i-- {
		if open[i] != name {
			continue
		}
		for j := len(open) - 1; j >= i; j-- {
			out.WriteString("</" + open[j] + ">")
		}
		return open[:i]
	}
	return open
}

// startTag writes a tag; links say nothing about us to where they lead, and
// an image without a source is only its alternative text.
func startTag(t html.Token) string {
	var b strings.Builder
	b.WriteString("<" + t.Data)
	link := false
	for _, a := range t.Attr {
		b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
		link = link || t.DataAtom == atom.A && a.Key == "href"
	}
	if link {
		b.WriteString(` rel="noopener noreferrer nofollow ugc" target="_blank"`)
	}
	b.WriteString(">")
	return b.String()
}

func void(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Img, atom.Col, atom.Wbr:
		return true
	}
	return false
}
