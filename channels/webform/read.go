package webform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

const (
	// textBytes bounds all that is not a file in one form.
	textBytes = 256 << 10
	// headBytes bounds the head of one part; mime/multipart alone would read
	// 10 MiB of it into memory.
	headBytes = 32 << 10
	// maxParts bounds fields and files of one form.
	maxParts = 100
	// uploadTime is how long files may take in all.
	uploadTime = 10 * time.Minute
)

// input is what came with a form.
type input struct {
	values url.Values
	files  []balie.RawFile
}

func (in input) value(name string) string { return in.values.Get(name) }

// gate is asked once, when the fields in front of the first file are known:
// an error ends the reading, so that nobody uploads for nothing.
type gate func(url.Values) error

// errFiles says that the files are more or larger than the form takes.
var errFiles = errors.New("too many files, or too large")

// readForm reads a form of either encoding. What was read of it is returned
// with an error too, so that a person need not type it again.
func (f *Form) readForm(c *fiber.Ctx, sink channels.Sink, open gate) (input, error) {
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil {
		return input{}, fiber.ErrUnsupportedMediaType
	}
	switch kind {
	case fiber.MIMEApplicationForm:
		return f.readSimple(c, open)
	case fiber.MIMEMultipartForm:
		body, err := httpd.Stream(c, f.MaxBytes+textBytes, uploadTime)
		if err != nil {
			return input{}, err
		}
		r := &partReader{r: body}
		return f.readParts(c.UserContext(), r, multipart.NewReader(r, params["boundary"]), sink, open)
	}
	return input{}, fiber.ErrUnsupportedMediaType
}

func (f *Form) readSimple(c *fiber.Ctx, open gate) (input, error) {
	body, err := httpd.Stream(c, textBytes, uploadTime)
	if err != nil {
		return input{}, err
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return input{}, err
	}
	v, err := url.ParseQuery(string(b))
	if err != nil {
		return input{}, fiber.ErrBadRequest
	}
	return input{values: v}, open(v)
}

func (f *Form) readParts(ctx context.Context, r *partReader, parts *multipart.Reader, sink channels.Sink, open gate) (input, error) {
	in := input{values: url.Values{}}
	var text, files int64
	opened := false
	for range maxParts {
		r.allow = headBytes
		p, err := parts.NextRawPart()
		r.allow = -1
		if errors.Is(err, io.EOF) {
			if opened {
				return in, nil
			}
			return in, open(in.values)
		}
		if err != nil {
			return in, broken(err)
		}
		if p.FileName() == "" {
			b, err := io.ReadAll(io.LimitReader(p, textBytes-text+1))
			if err != nil {
				return in, broken(err)
			}
			if text += int64(len(b)); text > textBytes {
				return in, balie.ErrTooLarge
			}
			in.values.Add(p.FormName(), string(b))
			continue
		}
		if !opened {
			if err := open(in.values); err != nil {
				return in, err
			}
			opened = true
		}
		kept, err := f.keep(ctx, sink, p, f.MaxBytes-files)
		if err != nil {
			return in, err
		}
		if kept.Original.Size == 0 {
			continue
		}
		files += kept.Original.Size
		if in.files = append(in.files, kept); len(in.files) > f.MaxFiles {
			return in, errFiles
		}
	}
	return in, fiber.ErrBadRequest
}

// keep stores one file as it arrives.
func (f *Form) keep(ctx context.Context, sink channels.Sink, p *multipart.Part, most int64) (balie.RawFile, error) {
	body := &capped{r: p, left: most}
	original, err := sink.Keep(ctx, body)
	if body.err != nil {
		return balie.RawFile{}, body.err
	}
	if err != nil {
		return balie.RawFile{}, later(err)
	}
	return balie.RawFile{Name: fileName(p.FileName()), Type: mediaType(p.Header.Get("Content-Type")), Original: original}, nil
}

// capped fails when there is more than left, and remembers that it was the
// sender's end that failed and not the store's.
type capped struct {
	r    io.Reader
	left int64
	err  error
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.err = errFiles
		return 0, c.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = broken(err)
		return n, c.err
	}
	return n, err
}

// partReader bounds how much is read while the head of a part is looked for.
type partReader struct {
	r     io.Reader
	allow int // bytes; negative: no bound
}

func (r *partReader) Read(p []byte) (int, error) {
	if r.allow == 0 {
		return 0, balie.ErrTooLarge
	}
	if r.allow > 0 && len(p) > r.allow {
		p = p[:r.allow]
	}
	n, err := r.r.Read(p)
	if r.allow > 0 {
		r.allow -= n
	}
	return n, err
}

// broken is what a body that cannot be read to its end means.
func broken(err error) error {
	var known *fiber.Error
	if errors.As(err, &known) || errors.Is(err, balie.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("read form: %w: %w", fiber.ErrBadRequest, err)
}
