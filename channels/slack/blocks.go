package slack

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes text mean itself in Slack: without < there is no mention, no
// call to a channel and no link that says something else than where it leads.
func Escape(s string) string { return escaper.Replace(s) }

// Mrkdwn turns Markdown into Slack's own markup. All text is escaped, so
// <!channel> and <@U123> in it are only read; links lead to the web, mail and
// telephone alone, and one that is written like another address shows its own.
func Mrkdwn(markdown string) string {
	source := []byte(markdown)
	p := goldmark.New(goldmark.WithExtensions(extension.Strikethrough)).Parser()
	w := &writer{source: source}
	return strings.TrimSpace(strings.Join(w.blocks(p.Parse(text.NewReader(source))), "\n\n"))
}

// writer writes a tree of Markdown.
type writer struct {
	source []byte
	bold   bool // inside bold: Slack does not nest it
}

// blocks are the children of n, each as a block of lines.
func (w *writer) blocks(n ast.Node) []string {
	var out []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s := w.block(c); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (w *writer) block(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Heading:
		return w.strong(n)
	case *ast.List:
		return w.list(n)
	case *ast.Blockquote:
		return indent(strings.Join(w.blocks(n), "\n"), "> ", "> ")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return "```\n" + Escape(w.lines(n)) + "\n```"
	case *ast.HTMLBlock:
		return Escape(w.html(n))
	case *ast.ThematicBreak:
		return "———"
	}
	if n.Type() == ast.TypeBlock && n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeBlock {
		return strings.Join(w.blocks(n), "\n")
	}
	return w.inlines(n)
}

// lines is the source of a block as it stands.
func (w *writer) lines(n ast.Node) string {
	return strings.TrimRight(string(n.Lines().Value(w.source)), "\n")
}

func (w *writer) html(n *ast.HTMLBlock) string {
	if !n.HasClosure() {
		return w.lines(n)
	}
	return strings.TrimSpace(w.lines(n) + "\n" + string(n.ClosureLine.Value(w.source)))
}

func (w *writer) list(l *ast.List) string {
	var out []string
	number := l.Start
	for c := l.FirstChild(); c != nil; c = c.NextSibling() {
		mark := "• "
		if l.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		out = append(out, indent(strings.Join(w.blocks(c), "\n"), mark, "    "))
	}
	return strings.Join(out, "\n")
}

// indent puts first before the first line and rest before the others.
func indent(s, first, rest string) string {
	return first + strings.ReplaceAll(s, "\n", "\n"+rest)
}

func (w *writer) inlines(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		b.WriteString(w.inline(c))
	}
	return b.String()
}

func (w *writer) inline(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Text:
		s := Escape(w.text(n))
		if n.HardLineBreak() || n.SoftLineBreak() {
			s += "\n"
		}
		return s
	case *ast.String:
		return Escape(string(n.Value))
	case *ast.CodeSpan:
		return "`" + Escape(strings.ReplaceAll(w.plain(n), "`", "'")) + "`"
	case *ast.Emphasis:
		if n.Level == 2 {
			return w.strong(n)
		}
		return wrap(w.inlines(n), "_")
	case *east.Strikethrough:
		return wrap(w.inlines(n), "~")
	case *ast.Link:
		return link(string(util.URLEscape(n.Destination, true)), w.plain(n))
	case *ast.Image: // a link: Slack shows no remote images in text
		return link(string(util.URLEscape(n.Destination, true)), w.plain(n))
	case *ast.AutoLink:
		return w.autoLink(n)
	case *ast.RawHTML:
		return Escape(string(n.Segments.Value(w.source)))
	}
	return w.inlines(n)
}

// text is a text with its references and escapes resolved.
func (w *writer) text(n *ast.Text) string {
	v := n.Value(w.source)
	if n.IsRaw() {
		return string(v)
	}
	return string(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(v))))
}

func (w *writer) autoLink(n *ast.AutoLink) string {
	to, label := string(n.URL(w.source)), string(n.Label(w.source))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(to, "mailto:") {
		to = "mailto:" + to
	}
	return link(to, label)
}

func (w *writer) strong(n ast.Node) string {
	if w.bold {
		return w.inlines(n)
	}
	w.bold = true
	defer func() { w.bold = false }()
	return wrap(w.inlines(n), "*")
}

// wrap marks text; the marks must touch it.
func wrap(s, mark string) string {
	inner := strings.TrimSpace(s)
	if inner == "" {
		return s
	}
	lead, tail, _ := strings.Cut(s, inner)
	return lead + mark + inner + mark + tail
}

// plain is the text below n without any markup.
func (w *writer) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.WriteString(w.text(n))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

var schemes = []string{"http", "https", "mailto", "tel"}

// linkEscaper keeps the signs apart that Slack gives a meaning within < and >.
var linkEscaper = strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "\n", "", "\r", "")

// link is a link to where it says. What is no address of the web, mail or
// telephone is text.
func link(to, label string) string {
	label = strings.Join(strings.Fields(label), " ")
	u, err := url.Parse(strings.TrimSpace(to))
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" && strings.HasPrefix(u.Scheme, "http") {
		if label == "" {
			return Escape(to)
		}
		return Escape(label)
	}
	target := escaper.Replace(linkEscaper.Replace(to))
	if label == "" || label == to {
		return "<" + target + ">"
	}
	out := "<" + target + "|" + strings.ReplaceAll(Escape(label), "|", "¦") + ">"
	if u.Host != "" && looksElsewhere(label, u.Host) {
		out += " (" + Escape(u.Host) + ")"
	}
	return out
}

// looksElsewhere reports whether a label reads like an address that is not the
// one it leads to.
func looksElsewhere(label, host string) bool {
	if strings.ContainsFunc(label, unicode.IsSpace) {
		return false
	}
	name := label
	if u, err := url.Parse(label); err == nil && u.Host != "" {
		name = u.Host
	}
	name, _, _ = strings.Cut(strings.ToLower(name), "/")
	host = strings.ToLower(host)
	dot := strings.LastIndexByte(name, '.')
	address := dot > 0 && dot < len(name)-1
	return address && strings.TrimPrefix(name, "www.") != strings.TrimPrefix(host, "www.")
}
