package normalize

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// lenient reads a mail down to its raw bytes, line by line and once: any
// input gives a tree. Nested multiparts cost no more than flat ones, because
// there is one loop and a stack of boundaries.
//
// It reads every mail, well-formed ones too: go-message is not faster, loses
// one mail in eight, and what is worse reads some wrong without an error
// (mixed line ends, TestR3_WhatGoMessageReadsWrong).
type lenient struct {
	t      *tree
	frames []frame
	block  []byte // the header block being read
	inHead bool
	inLeaf bool
	eol    []byte // the line end not yet written: it belongs to a boundary that follows
	start  bool   // the next piece starts a line
}

// frame is an open multipart.
type frame struct {
	n        *node
	boundary string
	guessed  bool
	preamble []byte // text before the first boundary, should there be no part at all
	pre      bool   // still before the first boundary
	ended    bool   // its last boundary was seen
}

// readLenient fills the tree. The only errors are those of reading r.
func readLenient(r io.Reader, t *tree) error {
	l := &lenient{t: t, inHead: true, start: true}
	br := bufio.NewReaderSize(r, lineBuffer)
	if mark, _ := br.Peek(3); string(mark) == "\xef\xbb\xbf" {
		br.Discard(3)
	}
	if head, _ := br.Peek(lineBuffer); bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		// QUIRK: old Macintosh files end their lines with CR alone.
		br = bufio.NewReaderSize(carriage{br}, lineBuffer)
	}
	for {
		p, err := br.ReadSlice('\n')
		if len(p) > 0 {
			l.line(p, l.start)
			l.start = p[len(p)-1] == '\n'
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			l.finish()
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// line takes one line, or the next piece of a long one.
func (l *lenient) line(p []byte, start bool) {
	if start && len(p) > 2 && p[0] == '-' && p[1] == '-' && l.atBoundary(p) {
		return
	}
	switch {
	case l.inHead:
		l.headLine(p, start)
	case l.inLeaf:
		l.body(p)
	case len(l.frames) > 0:
		if f := &l.frames[len(l.frames)-1]; f.pre && len(f.preamble)+len(p) <= maxText {
			f.preamble = append(f.preamble, p...)
		}
	}
}

// headLine collects a header block until the empty line. In a part that does
// not start with a field there is no header at all.
func (l *lenient) headLine(p []byte, start bool) {
	blank := start && len(bytes.TrimRight(p, "\r\n")) == 0
	if blank && len(l.block) == 0 && len(l.t.stack) == 0 {
		return // QUIRK: empty lines before the header of the mail
	}
	if start && len(l.block) == 0 && len(l.t.stack) > 0 && !blank && fieldName(p) == "" {
		l.t.warn("a part without a header: taken as text")
		l.endHead()
		l.line(p, false)
		return
	}
	if blank {
		l.endHead()
		return
	}
	if len(l.block)+len(p) > maxHeader {
		l.t.warn("a header longer than 1 MB was cut")
		return
	}
	l.block = append(l.block, p...)
}

// endHead turns the block into an entity.
func (l *lenient) endHead() {
	h, rest, guessed := parseHeader(l.block)
	l.block, l.inHead = nil, false
	if guessed {
		l.t.warn("the header is malformed: parts of it were guessed")
	}
	if len(h) == 0 && len(rest) > 0 && len(l.t.stack) == 0 {
		l.t.warn("there is no header: all of it is taken as text")
	}
	n, multipart := l.t.enter(h)
	if multipart {
		l.frames = append(l.frames, frame{n: n, boundary: strings.TrimRight(n.params["boundary"], " \t"), pre: true})
		l.inLeaf = false
	} else {
		l.inLeaf, l.eol = true, nil
	}
	if len(rest) > 0 {
		for _, p := range bytes.SplitAfter(rest, []byte("\n")) {
			if len(p) > 0 {
				l.line(p, true)
			}
		}
		l.line([]byte("\n"), true)
	}
}

// body writes to the open leaf, one line end behind.
func (l *lenient) body(p []byte) {
	l.t.write(l.eol)
	n := len(p)
	switch {
	case n > 1 && p[n-1] == '\n' && p[n-2] == '\r':
		n -= 2
	case n > 0 && p[n-1] == '\n':
		n--
	}
	l.t.write(p[:n])
	l.eol = append(l.eol[:0], p[n:]...)
}

// atBoundary handles the line when it is a boundary of any open multipart.
func (l *lenient) atBoundary(p []byte) bool {
	text := string(bytes.TrimRight(p, "\r\n \t"))[2:]
	if len(text) > 300 {
		return false
	}
	for i := len(l.frames) - 1; i >= 0; i-- {
		f := &l.frames[i]
		if f.boundary == "" && f.pre && len(text) > 3 && !strings.ContainsAny(text, " \t") {
			// QUIRK: a multipart without boundary parameter; the first line that
			// looks like one is it.
			f.boundary, f.guessed = strings.TrimSuffix(text, "--"), true
			l.t.warn("a multipart does not name its boundary: it was guessed")
		}
		if f.boundary == "" || !strings.HasPrefix(text, f.boundary) {
			continue
		}
		switch tail := text[len(f.boundary):]; tail {
		case "":
			l.nextPart(i)
			return true
		case "--":
			l.closePart(i)
			l.frames[i].ended = true
			return true
		}
	}
	return false
}

// nextPart ends what is open inside of frame i and starts its next part.
func (l *lenient) nextPart(i int) {
	l.closePart(i)
	l.frames[i].pre = false
	l.inHead, l.block = true, nil
}

// closePart ends everything inside of frame i.
func (l *lenient) closePart(i int) {
	if l.inHead {
		if len(l.t.stack) > 0 || len(l.block) > 0 {
			l.endHead()
		}
	}
	if l.inLeaf {
		l.t.leave()
		l.inLeaf = false
	}
	for len(l.frames) > i+1 {
		l.pop()
	}
	l.frames[i].pre = false
}

// pop ends the innermost multipart.
func (l *lenient) pop() {
	f := l.frames[len(l.frames)-1]
	l.frames = l.frames[:len(l.frames)-1]
	if !f.ended {
		l.t.warn("a multipart is cut off: its end is missing")
	}
	if len(f.n.children) == 0 && len(bytes.TrimSpace(f.preamble)) > 0 {
		l.t.warn("a multipart without parts: taken as text")
		l.t.enter(header{{"content-type", "text/plain; charset=" + f.n.params["charset"]}})
		l.t.write(f.preamble)
		l.t.leave()
	}
	l.t.leave()
}

// finish ends what the end of the input left open.
func (l *lenient) finish() {
	if l.inHead && (len(l.block) > 0 || len(l.t.stack) == 0) {
		l.endHead()
	}
	if l.inLeaf {
		l.t.write(l.eol)
		l.t.leave()
		l.inLeaf = false
	}
	for len(l.frames) > 0 {
		l.pop()
	}
}

// carriage reads CR line ends as LF.
type carriage struct{ r io.Reader }

func (c carriage) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
