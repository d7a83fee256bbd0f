package normalize

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// TextOfHTML is the text of an HTML mail as a person would read it: blocks on
// lines of their own, quotes marked with "> ", list items with "- ". It reads
// tokens, not a tree, so no nesting costs more than its length.
func TextOfHTML(s string) string {
	w := textWriter{}
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(maxText)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.done()
		case html.TextToken:
			if w.skip == 0 {
				w.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			w.open(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			w.shut(atom.Lookup(name))
		}
	}
}

// textWriter lays out text line by line.
type textWriter struct {
	out    strings.Builder
	line   strings.Builder
	quote  int       // depth of blockquote
	pre    int       // depth of pre
	skip   int       // depth of elements that are not shown
	hidden atom.Atom // the element that started skipping
	space  bool      // white space is due before the next word
	blank  int       // line ends written since the last text
}

func (w *textWriter) open(a atom.Atom) {
	if w.skip > 0 {
		if a == w.hidden {
			w.skip++
		}
		return
	}
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Noscript:
		w.skip, w.hidden = 1, a
	case atom.Br:
		w.newline()
	case atom.Hr:
		w.block()
	case atom.Td, atom.Th:
		w.space = true
	case atom.Li:
		w.block()
		w.line.WriteString("- ")
	case atom.Blockquote:
		w.block()
		w.quote++
	case atom.Pre:
		w.block()
		w.pre++
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.paragraph()
	default:
		if blockElement(a) {
			w.block()
		}
	}
}

func (w *textWriter) shut(a atom.Atom) {
	if w.skip > 0 {
		if a == w.hidden {
			w.skip--
		}
		return
	}
	switch a {
	case atom.Blockquote:
		w.block()
		w.quote = max(w.quote-1, 0)
	case atom.Pre:
		w.block()
		w.pre = max(w.pre-1, 0)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.paragraph()
	default:
		if blockElement(a) {
			w.block()
		}
	}
}

func blockElement(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Tr, atom.Li, atom.Body, atom.Html, atom.Section, atom.Article, atom.Header,
		atom.Footer, atom.Center, atom.Address, atom.Dl, atom.Dt, atom.Dd, atom.Form, atom.Fieldset,
		atom.Figure, atom.Figcaption, atom.Main, atom.Nav, atom.Aside, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot:
		return true
	}
	return false
}

func (w *textWriter) text(s string) {
	if w.pre > 0 {
		for i, l := range strings.Split(strings.ReplaceAll(s, "\r", ""), "\n") {
			if i > 0 {
				w.newline()
			}
			w.line.WriteString(l)
		}
		return
	}
	for s != "" {
		i := strings.IndexAny(s, " \t\r\n\f\u00a0")
		if i == 0 {
			if strings.HasPrefix(s, "\u00a0") {
				s = s[len("\u00a0"):]
			} else {
				s = s[1:]
			}
			w.space = true
			continue
		}
		if i < 0 {
			i = len(s)
		}
		if w.space && w.line.Len() > 0 && !strings.HasSuffix(w.line.String(), " ") {
			w.line.WriteByte(' ')
		}
		w.space = false
		w.line.WriteString(s[:i])
		s = s[i:]
	}
}

// newline ends the line, also an empty one.
func (w *textWriter) newline() {
	l := strings.TrimRight(w.line.String(), " \t")
	w.line.Reset()
	w.space = false
	if l == "" || l == "-" {
		if w.blank < 2 {
			w.blank++
			w.end("")
		}
		return
	}
	w.blank = 0
	w.end(l)
}

func (w *textWriter) end(l string) {
	if w.quote > 0 {
		w.out.WriteString(strings.Repeat(">", min(w.quote, 20)) + " ")
	}
	w.out.WriteString(l)
	w.out.WriteByte('\n')
}

// block ends the line when there is something on it.
func (w *textWriter) block() {
	w.space = false
	if strings.TrimSpace(w.line.String()) != "" {
		w.newline()
	} else {
		w.line.Reset()
	}
}

// paragraph ends the block and leaves one empty line.
func (w *textWriter) paragraph() {
	w.block()
	if w.blank == 0 && w.out.Len() > 0 {
		w.newline()
	}
}

func (w *textWriter) done() string {
	w.block()
	lines := strings.Split(w.out.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
