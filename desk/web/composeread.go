package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
)

const (
	// uploadBytes is how much one form of the composer may send, files and all.
	uploadBytes = 21 << 20
	// wordsBytes bounds all of it that is not a file.
	wordsBytes = 512 << 10
	// uploadTime is how long it may take in all.
	uploadTime = 10 * time.Minute
	// mostParts bounds fields and files of one form.
	mostParts = 200
)

// Uploads are the paths that take more than a form, and how many bytes: for
// httpd.Options.Large.
func Uploads() map[string]int64 {
	return map[string]int64{"/r/": uploadBytes, "/catalogue/import": catalogueBytes}
}

// composed is what came from the composer.
type composed struct {
	Act, Tab, Text, Key string
	Seen                uint64
	To                  []balie.Address
	chosen              bool // recipients were shown, and this is what was chosen
	Then, Language      string
	Files               []desk.File
	Shares              []balie.ID
	Team, Due, Why      string
	Summary             desk.Summary
	Tell                bool
	Snippet, Insert     string
}

// readComposed reads the composer's form, of either encoding. Files are stored
// as they arrive, once the form has proved to be ours.
func (w *Web) readComposed(c *fiber.Ctx, s auth.Session) (*composed, error) {
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil {
		return nil, fiber.ErrUnsupportedMediaType
	}
	body, err := httpd.Stream(c, uploadBytes, uploadTime)
	if err != nil {
		return nil, err
	}
	v, files := url.Values{}, []desk.File(nil)
	switch kind {
	case fiber.MIMEApplicationForm:
		v, err = readWords(body)
	case fiber.MIMEMultipartForm:
		files, err = w.readParts(c, s, multipart.NewReader(body, params["boundary"]), v)
	default:
		err = fiber.ErrUnsupportedMediaType
	}
	if err != nil {
		return nil, err
	}
	if err := w.genuine(c, s, v.Get("csrf")); err != nil {
		return nil, err
	}
	return composedOf(v, files), nil
}

func readWords(body io.Reader) (url.Values, error) {
	b, err := io.ReadAll(io.LimitReader(body, wordsBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > wordsBytes {
		return nil, balie.ErrTooLarge
	}
	v, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, fiber.ErrBadRequest
	}
	return v, nil
}

// readParts reads a multipart form into v and keeps its files.
func (w *Web) readParts(c *fiber.Ctx, s auth.Session, parts *multipart.Reader, v url.Values) ([]desk.File, error) {
	var files []desk.File
	words := int64(0)
	for range mostParts {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, brokenForm(err)
		}
		if p.FileName() == "" {
			b, err := io.ReadAll(io.LimitReader(p, wordsBytes-words+1))
			if err != nil {
				return nil, brokenForm(err)
			}
			if words += int64(len(b)); words > wordsBytes {
				return nil, balie.ErrTooLarge
			}
			v.Add(p.FormName(), string(b))
			continue
		}
		if err := w.genuine(c, s, v.Get("csrf")); err != nil {
			return nil, err // before a byte of it is stored
		}
		f, err := w.Desk.KeepFile(c.UserContext(), s.Actor(), p.FileName(), p.Header.Get(fiber.HeaderContentType), p)
		if err != nil {
			return nil, err
		}
		if f.Original.Size > 0 {
			files = append(files, f)
		}
	}
	return nil, fiber.ErrBadRequest
}

// brokenForm is what a body that cannot be read to its end means.
func brokenForm(err error) error {
	var known *fiber.Error
	if errors.As(err, &known) || errors.Is(err, balie.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("read form: %w: %w", fiber.ErrBadRequest, err)
}

func composedOf(v url.Values, files []desk.File) *composed {
	f := &composed{Act: v.Get("act"), Tab: v.Get("tab"), Text: strings.ReplaceAll(v.Get("text"), "\r\n", "\n"), Key: v.Get("key"),
		Then: v.Get("then"), Language: v.Get("language"), Files: files, chosen: v.Get("recipients") != "",
		Team: v.Get("team"), Due: v.Get("due"), Why: v.Get("why"), Tell: v.Get("tell") != "", Snippet: v.Get("snippet"), Insert: v.Get("insert"),
		Summary: desk.Summary{Asked: v.Get("asked"), Known: v.Get("known"), Tried: v.Get("tried"), Missing: v.Get("missing")}}
	f.Seen, _ = strconv.ParseUint(v.Get("seen"), 10, 64)
	for _, key := range v["to"] {
		if scheme, value, ok := strings.Cut(key, ":"); ok {
			f.To = append(f.To, balie.Address{Scheme: balie.Scheme(scheme), Value: value})
		}
	}
	for _, id := range v["share"] {
		if m, err := balie.ParseID(id); err == nil && !m.IsZero() {
			f.Shares = append(f.Shares, m)
		}
	}
	return f
}
