package normalize

import (
	"bufio"
	"errors"
	"io"

	"github.com/emersion/go-message/textproto"
)

// errStrict says that the strict reader gives up and the lenient one is due.
var errStrict = errors.New("not a well-formed mail")

// throttle bounds how much may be read for one header block, because the
// strict reader keeps the whole block in memory whatever its size.
type throttle struct {
	r     io.Reader
	left  int64
	bound bool
}

func (t *throttle) Read(p []byte) (int, error) {
	if !t.bound {
		return t.r.Read(p)
	}
	if t.left <= 0 {
		return 0, errStrict
	}
	n, err := t.r.Read(p[:min(int64(len(p)), t.left)])
	t.left -= int64(n)
	return n, err
}

func (t *throttle) header() { t.bound, t.left = true, maxHeader }
func (t *throttle) body()   { t.bound = false }

// readStrict fills the tree by go-message, which is exact about structure. On
// any error the tree is of no use and the mail is to be read leniently.
func readStrict(r io.Reader, t *tree) error {
	s := strict{t: t, in: &throttle{r: r}}
	s.in.header()
	br := bufio.NewReader(s.in)
	h, err := textproto.ReadHeader(br)
	if err != nil {
		return err
	}
	return s.entity(h, br)
}

type strict struct {
	t  *tree
	in *throttle
}

func (s strict) entity(h textproto.Header, body io.Reader) error {
	s.in.body()
	var block []byte
	for f := h.Fields(); f.Next(); {
		raw, err := f.Raw()
		if err != nil {
			return err
		}
		block = append(block, raw...)
	}
	own, _, guessed := parseHeader(block)
	if guessed {
		return errStrict
	}
	n, multipart := s.t.enter(own)
	if multipart {
		if err := s.parts(textproto.NewMultipartReader(body, n.params["boundary"])); err != nil {
			return err
		}
		if len(n.children) == 0 && s.t.leaves < maxParts {
			return errStrict
		}
		s.t.leave()
		return nil
	}
	if n.kind == "application/octet-stream" && len(own.all("content-type")) > 1 {
		return errStrict
	}
	if err := drain(body, s.t.write); err != nil {
		return err
	}
	s.t.leave()
	return nil
}

func (s strict) parts(mr *textproto.MultipartReader) error {
	for {
		s.in.header()
		p, err := mr.NextPart()
		if err == io.EOF {
			s.in.body()
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.entity(p.Header, p); err != nil {
			return err
		}
		if err := drain(p, func([]byte) {}); err != nil {
			return err
		}
	}
}

// drain passes all of r on in pieces.
func drain(r io.Reader, to func([]byte)) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		to(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
