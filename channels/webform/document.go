package webform

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// document is a submission as it is kept: what normalize reads. It has nothing
// of the moment in it, so that the same submission is the same bytes.
type document struct {
	Version  int               `json:"v"`
	Via      string            `json:"via"` // page, status, api
	Name     string            `json:"name,omitempty"`
	Email    string            `json:"email,omitempty"`
	Phone    string            `json:"phone,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Text     string            `json:"text"`
	Language string            `json:"language,omitempty"`
	Product  string            `json:"product,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Request  string            `json:"request,omitempty"` // a reply from a status page
	Suspect  []string          `json:"suspect,omitempty"`
	// Digest is bound to the key: the same words under another key are another
	// message.
	Digest string `json:"digest"`
	Files  []file `json:"files,omitempty"`
}

type file struct {
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	SHA256 balie.BlobID `json:"sha256"`
	Size   int64        `json:"size"`
}

// Why a submission may come from a machine.
const (
	filledTrap = "honeypot"
	tooFast    = "fast"
)

// words is a hash over what a person said, whatever else the form carried.
func (d document) words() []byte {
	d.Suspect, d.Digest, d.Language = nil, "", ""
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and numbers only
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// digest binds a hash of the content to a key.
func digest(key string, content []byte) string {
	h := sha256.New()
	h.Write([]byte(key))
	h.Write([]byte{0})
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// raw keeps the document and makes it something to hand in.
func (f *Form) raw(ctx context.Context, in channels.Sink, account, key string, d document, files []balie.RawFile, now time.Time) (balie.Raw, error) {
	d.Version = 1
	b, err := json.Marshal(d)
	if err != nil {
		return balie.Raw{}, fmt.Errorf("write down a form: %w", err)
	}
	original, err := in.Keep(ctx, bytes.NewReader(b))
	if err != nil {
		return balie.Raw{}, later(err)
	}
	return balie.Raw{Channel: Name, Format: "form", Account: account, Key: key, At: now, Original: original, Files: files}, nil
}

// later says that an error without a kind of its own is worth another try: the
// outcome is unknown and the key makes trying harmless.
func later(err error) error {
	var unavailable *balie.UnavailableError
	var invalid *balie.InvalidError
	if errors.As(err, &unavailable) || errors.As(err, &invalid) || errors.Is(err, balie.ErrTooLarge) || errors.Is(err, balie.ErrThrottled) {
		return err
	}
	return &balie.UnavailableError{Why: "the question could not be stored", RetryAfter: 30 * time.Second, Cause: err}
}

// nameBytes bounds the name of a file.
const nameBytes = 150

// fileName is the name of a file to show: its last path element without
// controls, direction marks and names that Windows reads as devices.
func fileName(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, `\`, "/"), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(path.Base(s))
	if s = strings.TrimLeft(s, "."); s == "" || s == "/" {
		return "bestand"
	}
	stem, _, _ := strings.Cut(strings.ToUpper(s), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) ||
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) {
		s = "_" + s
	}
	return shorten(s)
}

// shorten cuts a long name in the middle of its stem, never in a letter.
func shorten(s string) string {
	if len(s) <= nameBytes {
		return s
	}
	ext := path.Ext(s)
	if len(ext) > 20 {
		ext = ""
	}
	stem := s[:nameBytes-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}

// mediaType is the type as claimed when it is one, else bytes.
func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(t, "/") || len(t) > 100 {
		return "application/octet-stream"
	}
	return t
}

// listed are the kept files as the document names them.
func listed(files []balie.RawFile) []file {
	var out []file
	for _, f := range files {
		out = append(out, file{f.Name, f.Type, f.Original.Blob, f.Original.Size})
	}
	slices.SortStableFunc(out, func(a, b file) int { return cmp.Compare(a.SHA256, b.SHA256) })
	return out
}
