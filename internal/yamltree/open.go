package yamltree

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

const (
	// depthLimit is how much may stand in one another: the parser recurses.
	// What the desk reads nests six levels.
	depthLimit = 100
	// indentLimit is in columns, for nesting by indentation.
	indentLimit = 4 * depthLimit
)

const (
	unreadable = "this is not readable as YAML"
	readably   = "check indentation, quotes, and the colon and space after each key"
)

// Open parses a text to its one document. The node is absent when the text is
// empty, and when it cannot be read, which is a problem then.
func (r *Reader) Open(body []byte) (root Node) {
	r.body = body
	if len(body) > r.MaxBytes {
		r.Add(1, 1, "", fmt.Sprintf("the file has %d bytes, the limit is %d", len(body), r.MaxBytes), "")
		return Node{}
	}
	// QUIRK: the YAML parser counts some lines that end in CR LF twice, so that
	// places would be wrong. YAML reads both ends as LF (1.2.2, section 5.4).
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	r.body = body
	// QUIRK: the YAML parser can panic on damaged input; that is a faulty file
	// like any other, not the end of the process.
	defer func() {
		if recover() != nil {
			r.Add(1, 1, "", unreadable, readably)
			root = Node{}
		}
	}()
	tokens, deep := tokenise(string(body))
	if deep != nil {
		r.Add(deep.Line, deep.Column, "", "this is nested too deep", fmt.Sprintf("nest at most %d levels", depthLimit))
		return Node{}
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // Mapping names them
	if err != nil {
		r.syntax(err)
		return Node{}
	}
	for _, d := range f.Docs {
		switch {
		case d.Body == nil:
		case root.Absent():
			root = Node{d.Body}
		default:
			r.Problem(Node{d.Body}, "", "the file has more than one document", "remove the line with ---")
			return Node{}
		}
	}
	return root
}

func (r *Reader) syntax(err error) {
	line, col, problem := 1, 1, unreadable
	if s, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		if !r.Private && s.Message != "" {
			problem = Short(s.Message)
		}
		if s.Token != nil && s.Token.Position != nil {
			line, col = s.Token.Position.Line, s.Token.Position.Column
		}
	}
	r.Add(line, col, "", problem, readably)
}

// tokenise cuts a text into tokens, up to the place where they nest so deep
// that a recursive parser would run out of stack or time.
func tokenise(text string) (out token.Tokens, deep *token.Position) {
	var s scanner.Scanner
	s.Init(text)
	var d depth
	for {
		some, err := s.Scan()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		for _, t := range some {
			if d.add(t) > depthLimit {
				return nil, t.Position
			}
		}
		out.Add(some...)
	}
}

// depth counts what stands in one another, token by token. Brackets within
// texts are no tokens and do not count.
type depth struct {
	line     int
	brackets int // open
	dashes   int // - and ? after one another on a line
	marks    int // tags and anchors after one another
	before   token.Type
}

func (d *depth) add(t *token.Token) int {
	if t.Position == nil || t.Type == token.CommentType {
		return 0
	}
	before := d.before
	d.before = t.Type
	if before == token.AnchorType {
		return 0 // its name
	}
	if t.Position.Line != d.line {
		d.line, d.dashes = t.Position.Line, 0
		// A text of several lines may be indented as far as it likes.
		text := before == token.LiteralType || before == token.FoldedType
		if t.Position.Column > indentLimit && !text {
			return depthLimit + 1
		}
	}
	switch t.Type {
	case token.SequenceEntryType, token.MappingKeyType:
		d.dashes, d.marks = d.dashes+1, 0
	case token.TagType, token.AnchorType:
		d.marks++
	default:
		d.dashes, d.marks = 0, 0
	}
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		d.brackets++
	case token.SequenceEndType, token.MappingEndType:
		d.brackets = max(d.brackets-1, 0)
	}
	return max(d.brackets, d.dashes, d.marks)
}

// Node is a part of a file; the zero Node is absent.
type Node struct{ n ast.Node }

// Absent reports whether nothing was written here.
func (n Node) Absent() bool { return n.n == nil }

// Empty reports whether there is no value here, or null.
func (n Node) Empty() bool {
	at := n.untagged()
	_, null := at.(*ast.NullNode)
	return null || at == nil
}

// Place is where a node begins.
func (n Node) Place() (line, col int) {
	at := n.n
	// A mapping's own token is the colon of its first key.
	switch m := at.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			at = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		at = m.Key
	}
	if at != nil {
		if t := at.GetToken(); t != nil && t.Position != nil {
			return t.Position.Line, t.Position.Column
		}
	}
	return 1, 1
}

// IsMapping reports whether keys and values stand here.
func (n Node) IsMapping() bool {
	switch n.untagged().(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// IsScalar reports whether one value, or nothing, stands here.
func (n Node) IsScalar() bool {
	_, ok := scalarText(n.untagged())
	return ok
}

func (n Node) untagged() ast.Node {
	at := n.n
	for {
		t, ok := at.(*ast.TagNode)
		if !ok {
			return at
		}
		at = t.Value
	}
}
