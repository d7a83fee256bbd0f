package normalize

import (
	"strings"
)

// parcel is what a mail holds, sorted for reading: texts in their order,
// files, and the machine-readable parts of reports.
type parcel struct {
	texts   []passage
	files   []*node
	reports []*node
}

// passage is one stretch of text, in one form or in both.
type passage struct {
	plain, html *node
}

// unpack sorts a tree (RFC 8621 section 4.1.4 in spirit: what is shown in
// place is text, the rest are files).
func unpack(root *node) parcel {
	var p parcel
	if root != nil {
		p.add(root, nil, 0)
	}
	return p
}

func (p *parcel) add(n, parent *node, index int) {
	switch {
	case n.kind == "multipart/alternative":
		p.alternative(n)
	case strings.HasPrefix(n.kind, "multipart/"):
		for i, c := range n.children {
			p.add(c, n, i)
		}
	case shown(n, parent, index):
		if n.html() {
			p.texts = append(p.texts, passage{html: n})
		} else {
			p.texts = append(p.texts, passage{plain: n})
		}
	default:
		p.file(n)
	}
}

func (p *parcel) file(n *node) {
	if isReport(n.kind) || n.kind == "message/rfc822" {
		p.reports = append(p.reports, n)
	}
	if n.size == 0 && n.name == "" && isText(n.kind) && n.disposition != "attachment" {
		return // an empty text is not a file
	}
	p.files = append(p.files, n)
}

// alternative takes the best plain and the best HTML form; whatever else the
// sender offers (a calendar entry, a form nobody knows) is a file.
func (p *parcel) alternative(n *node) {
	inner := parcel{}
	for i, c := range n.children {
		inner.add(c, n, i)
	}
	one := passage{}
	var plains, htmls []passage
	for _, t := range inner.texts {
		if t.plain != nil {
			plains = append(plains, t)
		}
		if t.html != nil {
			htmls = append(htmls, t)
		}
	}
	if len(plains) == 1 && len(htmls) == 1 {
		one.plain, one.html = plains[0].plain, htmls[0].html
		p.texts = append(p.texts, one)
	} else {
		p.texts = append(p.texts, pair(plains, htmls)...)
	}
	p.files = append(p.files, inner.files...)
	p.reports = append(p.reports, inner.reports...)
}

// pair sets several plain and HTML parts of one alternative side by side.
func pair(plains, htmls []passage) []passage {
	var out []passage
	for i := range max(len(plains), len(htmls)) {
		var one passage
		if i < len(plains) {
			one.plain = plains[i].plain
		}
		if i < len(htmls) {
			one.html = htmls[i].html
		}
		out = append(out, one)
	}
	return out
}

// shown reports whether a leaf is text in place rather than a file.
func shown(n, parent *node, index int) bool {
	if n.kind != "text/plain" && n.kind != "text/html" && !looseText(n, parent) {
		return false
	}
	if n.disposition == "attachment" {
		return false
	}
	if n.name == "" {
		return parent == nil || parent.kind != "multipart/related" || index == 0 || n.h.get("content-id") == ""
	}
	return parent == nil && n.disposition != "inline" || index == 0 && n.disposition == ""
}

// looseText are kinds of text that are read as plain when nothing better is
// there.
func looseText(n, parent *node) bool {
	switch n.kind {
	case "text/enriched", "text/richtext", "text/markdown", "text/x-markdown":
		return parent == nil || parent.kind == "multipart/alternative" && len(parent.children) == 1
	}
	return false
}

// html reports whether a leaf is HTML, by its type or plainly by its content
// where the type is missing.
func (n *node) html() bool {
	if n.kind == "text/html" {
		return true
	}
	if n.kind != "text/plain" || n.h.has("content-type") {
		return false
	}
	head := strings.ToLower(string(n.held[:min(len(n.held), 200)]))
	head = strings.TrimSpace(head)
	return strings.HasPrefix(head, "<html") || strings.HasPrefix(head, "<!doctype html")
}

// text is the decoded text of a leaf with LF line ends, and whether its
// charset had to be guessed.
func (n *node) text() (string, bool) {
	label := n.params["charset"]
	if n.html() {
		if meta := metaCharset(n.held); meta != "" && (label == "" || charsetName(label) == "us-ascii") {
			label = meta
		}
	}
	s, guessed := decodeCharset(label, n.held)
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
	if n.kind == "text/plain" && strings.EqualFold(n.params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(n.params["delsp"], "yes"))
	}
	return s, guessed
}

// metaCharset is the charset an HTML text claims for itself.
func metaCharset(b []byte) string {
	head := strings.ToLower(string(b[:min(len(b), 2048)]))
	i := strings.Index(head, "charset=")
	if i < 0 || !strings.Contains(head[:i], "<meta") {
		return ""
	}
	rest := strings.TrimLeft(head[i+len("charset="):], "\"' ")
	if j := strings.IndexAny(rest, "\"' />;"); j >= 0 {
		return rest[:j]
	}
	return ""
}

// unflow joins lines that format=flowed broke softly (RFC 3676), within one
// quote depth. The signature separator "-- " stays a line.
func unflow(s string, delsp bool) string {
	var out strings.Builder
	out.Grow(len(s))
	depth, open := 0, false
	for i, line := range strings.Split(s, "\n") {
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		text := strings.TrimPrefix(line[d:], " ")
		joined := open && d == depth && text != "-- "
		if i > 0 && !joined {
			out.WriteByte('\n')
		}
		if !joined && d > 0 {
			out.WriteString(strings.Repeat(">", d) + " ")
		}
		open = strings.HasSuffix(text, " ") && text != "-- "
		if open && delsp {
			text = text[:len(text)-1]
		}
		out.WriteString(text)
		depth = d
	}
	return out.String()
}
