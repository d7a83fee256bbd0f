package dispatch

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/i18n"
)

// Renderer makes the Markdown of a letter what its channel shows: text and
// HTML for mail. Slack's own markup is made by its channel.
type Renderer struct{ md goldmark.Markdown }

// NewRenderer returns a Renderer. Raw HTML in Markdown stays text: goldmark
// drops it unless told otherwise.
func NewRenderer() *Renderer {
	return &Renderer{goldmark.New(goldmark.WithExtensions(extension.Linkify))}
}

// Message renders a letter for a channel.
func (r *Renderer) Message(s channels.Sender, channel string, m balie.Message) balie.Message {
	if m.Direction == balie.Out && m.Full != "" { // Text is the agent's words alone, Full the whole letter
		m.Text, m.Full = m.Full, ""
	}
	if own, ok := s.(channels.Renderer); ok {
		return own.Render(m)
	}
	if channel != "email" {
		return m
	}
	var b bytes.Buffer
	b.WriteString("<!doctype html><html lang=\"" + i18n.Language(m.Language) + "\"><body>\n")
	if err := r.md.Convert([]byte(m.Text), &b); err != nil {
		return m // the text alone says everything
	}
	b.WriteString("</body></html>\n")
	m.HTML = b.String()
	m.Text = r.Plain(m.Text)
	return m
}

// Plain is Markdown as people write it in a mail without markup.
func (r *Renderer) Plain(markdown string) string {
	src := []byte(markdown)
	p := &plain{src: src}
	ast.Walk(r.md.Parser().Parse(text.NewReader(src)), p.node)
	return strings.TrimSpace(p.b.String()) + "\n"
}

// plain writes a tree of Markdown as text. line is what every line begins
// with: "> " in a quote, spaces in a list.
type plain struct {
	src   []byte
	b     strings.Builder
	lines []string
}

func (p *plain) write(s string) { p.b.WriteString(s) }

func (p *plain) newline() {
	p.b.WriteString("\n" + strings.Join(p.lines, ""))
}

func (p *plain) push(s string) { p.lines = append(p.lines, s) }
func (p *plain) pop()          { p.lines = p.lines[:len(p.lines)-1] }

func (p *plain) node(n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch n := n.(type) {
	case *ast.Blockquote:
		p.block(n, entering, "> ")
	case *ast.ListItem:
		p.item(n, entering)
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		if entering && n.PreviousSibling() != nil && n.Parent().Kind() != ast.KindListItem {
			p.newline()
			p.newline()
		}
	case *ast.List:
		if entering && n.PreviousSibling() != nil {
			p.newline()
		}
	case *ast.ThematicBreak:
		if entering {
			p.newline()
			p.newline()
			p.write("--")
		}
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		p.code(n, entering)
	case *ast.Text:
		p.text(n, entering)
	case *ast.String:
		if entering {
			p.write(string(n.Value))
		}
	case *ast.AutoLink:
		if entering {
			p.write(string(n.URL(p.src)))
		}
	case *ast.Link:
		if !entering {
			p.write(" (" + string(n.Destination) + ")")
		}
	}
	return ast.WalkContinue, nil
}

func (p *plain) text(n *ast.Text, entering bool) {
	if !entering {
		return
	}
	p.write(unescape(string(n.Segment.Value(p.src))))
	if n.SoftLineBreak() || n.HardLineBreak() {
		p.newline()
	}
}

func (p *plain) block(n ast.Node, entering bool, prefix string) {
	if !entering {
		p.pop()
		return
	}
	if n.PreviousSibling() != nil {
		p.newline()
		p.newline()
	}
	p.push(prefix)
	p.write(prefix)
}

func (p *plain) item(n *ast.ListItem, entering bool) {
	if !entering {
		p.pop()
		return
	}
	mark := "- "
	if l, ok := n.Parent().(*ast.List); ok && l.IsOrdered() {
		i := l.Start
		for s := n.PreviousSibling(); s != nil; s = s.PreviousSibling() {
			i++
		}
		mark = strconv.Itoa(i) + ". "
	}
	p.newline()
	p.write(mark)
	p.push(strings.Repeat(" ", len(mark)))
}

// code writes a block of code as its lines are.
func (p *plain) code(n ast.Node, entering bool) {
	if !entering {
		return
	}
	if n.PreviousSibling() != nil {
		p.newline()
	}
	lines := n.Lines()
	for i := range lines.Len() {
		p.newline()
		at := lines.At(i)
		p.write(strings.TrimRight(string(at.Value(p.src)), "\r\n"))
	}
}

// unescape takes the backslashes of escaped punctuation away (CommonMark 2.4).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
