package normalize

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// bodySum hashes the body of a mail while it is read: everything behind the
// first empty line, with LF line ends and without empty lines at the end, so
// that the way a mailbox stores it makes no difference.
type bodySum struct {
	r      io.Reader
	h      hash.Hash
	head   bool // still in the header
	any    bool // a header line was seen
	bol    bool // at the beginning of a line
	breaks int  // line ends held back
	total  int64
}

func newBodySum(r io.Reader) *bodySum {
	return &bodySum{r: r, h: sha256.New(), head: true, bol: true}
}

func (b *bodySum) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.total += int64(n)
	b.add(p[:n])
	return n, err
}

func (b *bodySum) add(p []byte) {
	for b.head && len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		line := p
		if i >= 0 {
			line = p[:i]
		}
		if t := bytes.TrimRight(line, "\r"); len(t) > 0 {
			b.bol, b.any = false, true
		}
		if i < 0 {
			return
		}
		if b.bol && b.any {
			b.head = false
		}
		b.bol = true
		p = p[i+1:]
	}
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		line := p
		if i >= 0 {
			line = p[:i]
		}
		b.line(line)
		if i < 0 {
			return
		}
		b.breaks++
		p = p[i+1:]
	}
}

var lineEnd = []byte{'\n'}

// line sums a line or a piece of one, without any CR.
func (b *bodySum) line(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\r')
		if i < 0 {
			i = len(p)
		}
		if i > 0 {
			for ; b.breaks > 0; b.breaks-- {
				b.h.Write(lineEnd)
			}
			b.h.Write(p[:i])
		}
		p = p[min(i+1, len(p)):]
	}
}

// digest is the identity of a mail whatever mailbox it came by: the fields a
// sender writes, and the body.
func digest(h header, body []byte) string {
	sum := sha256.New()
	for _, name := range []string{"from", "to", "cc", "date", "subject", "message-id"} {
		all := h.all(name)
		fmt.Fprintf(sum, "%s %d\n", name, len(all))
		for _, v := range all {
			v = squeeze(v)
			fmt.Fprintf(sum, "%d %s\n", len(v), v)
		}
	}
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}
