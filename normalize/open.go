package normalize

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/balie/balie"
)

// errClosed ends the reading of an original whose reader was closed.
var errClosed = errors.New("closed")

// OpenPart streams one file out of the original mail it came in, found by the
// hash in Part.SHA256. The mail is read twice: once to find the file, once to
// pass its bytes on; never is the file held whole, but for those packed inside
// a text or a winmail.dat. The caller closes the reader.
func OpenPart(open Open, sha256 string) (io.ReadCloser, balie.Part, error) {
	t, _, err := readTree(open)
	if err != nil {
		return nil, balie.Part{}, err
	}
	p := unpack(t.root)
	for _, x := range p.texts {
		if x.plain != nil {
			text, _ := x.plain.text()
			extractUU(x.plain, text)
		}
	}
	found := parts(p)
	for i, part := range found {
		if part.SHA256 != sha256 {
			continue
		}
		if i >= len(p.files) || p.files[i].sum != sha256 {
			return io.NopCloser(bytes.NewReader(packed(p, sha256))), part, nil
		}
		return stream(open, p.files[i].index), part, nil
	}
	return nil, balie.Part{}, fmt.Errorf("file %.12s of the original: %w", sha256, balie.ErrNotFound)
}

// stream reads the mail once more and passes the bytes of one leaf on. The
// goroutine ends when the mail does or the reader is closed.
func stream(open Open, index int) io.ReadCloser {
	r, w := io.Pipe()
	s := &partReader{PipeReader: r, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		f, err := open()
		if err != nil {
			w.CloseWithError(fmt.Errorf("open the original: %w", err))
			return
		}
		defer f.Close()
		guard := &gate{r: f}
		t := &tree{tapIndex: index, tap: func(p []byte) {
			if _, err := w.Write(p); err != nil {
				guard.shut = true
			}
		}}
		w.CloseWithError(readLenient(guard, t))
	}()
	return s
}

// gate stops a reading that nobody wants any more.
type gate struct {
	r    io.Reader
	shut bool
}

func (g *gate) Read(p []byte) (int, error) {
	if g.shut {
		return 0, errClosed
	}
	return g.r.Read(p)
}

type partReader struct {
	*io.PipeReader
	done chan struct{}
}

// Close ends the reading behind it and waits for it.
func (p *partReader) Close() error {
	err := p.PipeReader.Close()
	<-p.done
	return err
}
