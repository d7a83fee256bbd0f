package yamltree

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Source is where the letters of a text stand in the file, for texts in a
// language of their own.
type Source struct {
	line, col int
	style     token.Type
	raw       string // the line of the file from col on
}

// Source is where a text stands.
func (r *Reader) Source(n Node) Source {
	at := Node{n.untagged()}
	line, col := at.Place()
	s := Source{line: line, col: col}
	if _, ok := at.n.(*ast.LiteralNode); ok {
		s.style = token.LiteralType
		s.line++
		if next := r.line(s.line); next != "" {
			s.col = len(next) - len(strings.TrimLeft(next, " ")) + 1
		}
		return s
	}
	if at.n != nil {
		if t := at.n.GetToken(); t != nil {
			s.style = t.Type
		}
	}
	whole := []rune(r.line(line))
	if col-1 < len(whole) {
		s.raw = string(whole[col-1:])
	}
	return s
}

// line is a line of the file, from 1.
func (r *Reader) line(n int) string {
	rest := string(r.body)
	for i := 1; ; i++ {
		head, tail, more := strings.Cut(rest, "\n")
		if i == n {
			return head
		}
		if !more {
			return ""
		}
		rest = tail
	}
}

// Place is where the given line and column (both from 0, in characters) of the
// text stand in the file.
func (s Source) Place(line, col int) (int, int) {
	switch {
	case s.style == token.LiteralType:
		return s.line + line, s.col + col
	case line > 0: // folded over lines: only its beginning is sure
		return s.line, s.col
	case s.style == token.DoubleQuoteType:
		return s.line, s.col + skip(s.raw, col, '\\')
	case s.style == token.SingleQuoteType:
		return s.line, s.col + skip(s.raw, col, '\'')
	}
	return s.line, s.col + col
}

// skip counts the characters of a quoted text that make up its first n, with
// the opening quote.
func skip(raw string, n int, escape rune) int {
	runes := []rune(raw)
	i := 1
	for ; n > 0 && i < len(runes); n-- {
		if runes[i] != escape {
			i++
			continue
		}
		i += 2
		if escape == '\\' && i-1 < len(runes) {
			i += map[rune]int{'x': 2, 'u': 4, 'U': 8}[runes[i-1]]
		}
	}
	return i
}
