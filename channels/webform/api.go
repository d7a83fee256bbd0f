package webform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

//go:embed openapi.json
var openapi []byte

// OpenAPI is the description of the API, for whoever describes more than it.
func OpenAPI() []byte { return openapi }

// openAPI answers with it.
func openAPI(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/openapi+json")
	return c.Send(openapi)
}

// handed is the body of POST /api/v1/intake.
type handed struct {
	Name        string            `json:"name"`
	Email       string            `json:"email"`
	Phone       string            `json:"phone"`
	Subject     string            `json:"subject"`
	Text        string            `json:"text"`
	Language    string            `json:"language"`
	Product     string            `json:"product"`
	Fields      map[string]string `json:"fields"`
	Attachments []attachment      `json:"attachments"`
}

type attachment struct {
	Filename string `json:"filename"`
	Type     string `json:"type"`
	Content  []byte `json:"content"` // base64 in JSON
}

// taken is the answer. Outcome is "taken" when there is a request and "kept"
// when a person has to look first; it is the same when asked again.
type taken struct {
	Message   string `json:"message"`
	Request   string `json:"request,omitempty"`
	Ref       string `json:"ref,omitempty"`
	Outcome   string `json:"outcome"`
	StatusURL string `json:"status_url"`
}

// apiToken is a token by its hash.
type apiToken struct {
	id   string
	hash [sha256.Size]byte
}

// secretLetters is the least length of an API secret.
const secretLetters = 20

func readTokens(in []APIToken) ([]apiToken, error) {
	var out []apiToken
	seen := map[string]bool{}
	for _, t := range in {
		if t.ID == "" || strings.ContainsAny(t.ID, ":\r\n") || seen[t.ID] {
			return nil, &balie.InvalidError{Field: "api", Problem: fmt.Sprintf("the token id %q is empty, has a colon or is used twice", t.ID), Fix: "give every token an id of its own"}
		}
		if len(t.Secret) < secretLetters {
			return nil, &balie.InvalidError{Field: "api." + t.ID, Problem: "the secret is too short", Fix: fmt.Sprintf("use at least %d random letters", secretLetters)}
		}
		seen[t.ID] = true
		out = append(out, apiToken{t.ID, sha256.Sum256([]byte(t.Secret))})
	}
	return out, nil
}

// caller is whose token a request carries. All are compared, in constant time.
func (f *Form) caller(c *fiber.Ctx) (string, error) {
	scheme, secret, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	id, ok := "", 0
	for _, t := range f.api {
		if same := subtle.ConstantTimeCompare(hash[:], t.hash[:]); same == 1 {
			id, ok = t.id, 1
		}
	}
	if ok == 0 || !strings.EqualFold(scheme, "bearer") {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="balie"`)
		return "", fiber.ErrUnauthorized
	}
	return id, nil
}

type callerKey struct{}

// known lets programs with a token through, before a byte of their body takes
// memory.
func (f *Form) known(c *fiber.Ctx) error {
	id, err := f.caller(c)
	if err != nil {
		return err
	}
	c.Locals(callerKey{}, id)
	return c.Next()
}

// intake takes a question in from another program.
func (f *Form) intake(c *fiber.Ctx, sink channels.Sink) error {
	caller, _ := c.Locals(callerKey{}).(string)
	if kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || kind != fiber.MIMEApplicationJSON {
		return fiber.ErrUnsupportedMediaType
	}
	leave, err := f.door.Enter()
	if err != nil {
		return err
	}
	defer leave()
	idempotency, err := readKey(c.Get("Idempotency-Key"))
	if err != nil {
		return err
	}
	if idempotency == "" {
		idempotency = balie.NewID(f.Now()).String()
	}
	body := c.Body()
	h, err := readHanded(body)
	if err != nil {
		return err
	}
	key := "api:" + caller + ":" + idempotency
	if !f.running.enter(key) {
		return &httpd.Refusal{Status: fiber.StatusConflict, Slug: "in-progress", RetryAfter: time.Second, Err: errors.New(key)}
	}
	defer f.running.leave(key)
	ctx, cancel := context.WithTimeout(c.UserContext(), f.Patience)
	defer cancel()
	receipt, err := f.handIn(ctx, sink, caller, key, body, h)
	if err != nil {
		return err
	}
	out := taken{Message: receipt.Message.String(), Request: receipt.Request.String(), Ref: receipt.Ref,
		Outcome: balie.LedgerTaken, StatusURL: f.PublicURL + f.statusPath(receipt.Message)}
	if receipt.Request.IsZero() {
		out.Outcome = balie.LedgerKept
	}
	return c.Status(fiber.StatusCreated).JSON(out)
}

// handIn keeps a call and hands it to intake. When the key is known, the
// message it was used for says whether it was the same body: its digest is
// over key and body, and lies in the store with the message.
func (f *Form) handIn(ctx context.Context, sink channels.Sink, caller, key string, body []byte, h handed) (balie.Receipt, error) {
	var files []balie.RawFile
	for _, a := range h.Attachments {
		original, err := sink.Keep(ctx, bytes.NewReader(a.Content))
		if err != nil {
			return balie.Receipt{}, later(err)
		}
		files = append(files, balie.RawFile{Name: fileName(a.Filename), Type: mediaType(a.Type), Original: original})
	}
	sum := sha256.Sum256(body)
	d := document{Via: "api", Name: line(h.Name), Email: strings.TrimSpace(h.Email), Phone: line(h.Phone), Subject: line(h.Subject),
		Text: strings.TrimSpace(h.Text), Language: h.Language, Product: h.Product, Fields: h.Fields,
		Files: listed(files), Digest: digest(key, sum[:])}
	raw, err := f.raw(ctx, sink, caller, key, d, files, f.Now())
	if err != nil {
		return balie.Receipt{}, err
	}
	receipt, err := f.hand(ctx, sink, raw)
	if err != nil || !receipt.Duplicate {
		return receipt, err
	}
	m, err := f.Requests.Message(ctx, receipt.Message)
	if err != nil {
		return receipt, fmt.Errorf("read what an Idempotency-Key was used for: %w", err)
	}
	if m.Digest != "" && m.Digest != d.Digest {
		return receipt, &httpd.Refusal{Status: fiber.StatusUnprocessableEntity, Slug: "key-reused", Err: errors.New(hex.EncodeToString(sum[:4]))}
	}
	return receipt, nil
}

// keyLetters is the greatest length of an Idempotency-Key.
const keyLetters = 200

// readKey reads an Idempotency-Key: a structured-field string (RFC 8941). A
// bare one is taken too, many clients send that.
func readKey(s string) (string, error) {
	wrong := &balie.InvalidError{Field: "Idempotency-Key", Problem: "it is not a string in quotes",
		Fix: `send it as "8e03978e-40d5-43dd-bc93-6894a57f9324", at most 200 letters`}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if s[0] == '"' {
		if len(s) < 2 || s[len(s)-1] != '"' {
			return "", wrong
		}
		s = s[1 : len(s)-1]
		var ok bool
		if s, ok = unescape(s); !ok {
			return "", wrong
		}
	} else if strings.ContainsAny(s, "\" ;,\\") {
		return "", wrong
	}
	if s == "" || len(s) > keyLetters || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", wrong
	}
	return s, nil
}

// unescape reads the inside of a quoted string: \" and \\ are the only escapes.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return "", false
		}
		if s[i] == '\\' {
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), true
}

// readHanded reads the body strictly: unknown and doubled names are refused
// rather than guessed at.
func readHanded(body []byte) (handed, error) {
	var h handed
	if !utf8.Valid(body) {
		return h, &balie.InvalidError{Field: "body", Problem: "it is not UTF-8", Fix: "send JSON in UTF-8"}
	}
	if err := readNames(json.NewDecoder(bytes.NewReader(body))); err != nil {
		return h, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return h, wrongJSON(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return h, &balie.InvalidError{Field: "body", Problem: "there is more behind the object", Fix: "send one JSON object"}
	}
	return h, h.check()
}

var names = map[string]bool{"name": true, "email": true, "phone": true, "subject": true, "text": true,
	"language": true, "product": true, "fields": true, "attachments": true}

// readNames refuses names that encoding/json would take in another case or
// twice.
func readNames(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return &balie.InvalidError{Field: "body", Problem: "it is not a JSON object", Fix: "send an object with at least text"}
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return wrongJSON(err)
		}
		name, _ := t.(string)
		if !names[name] {
			return &balie.InvalidError{Field: clip(name), Problem: "there is no such field", Fix: "see /api/v1/openapi.json"}
		}
		if seen[name] {
			return &balie.InvalidError{Field: name, Problem: "it is given twice", Fix: "give it once"}
		}
		seen[name] = true
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return wrongJSON(err)
		}
	}
	return nil
}

func wrongJSON(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return &balie.InvalidError{Field: kind.Field, Problem: "it is a " + kind.Value, Fix: "see /api/v1/openapi.json for its type"}
	}
	return &balie.InvalidError{Field: "body", Problem: "it is not JSON as described", Fix: "see /api/v1/openapi.json"}
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// Limits of what a program may hand in, besides those of the form.
const (
	maxFields      = 50
	maxAttachments = 20
)

// own are the field ids that balie writes itself.
var own = map[string]bool{"": true, "request": true, "suspect": true, "name": true, "phone": true, "email": true, "product": true}

func (h handed) check() error {
	wrong := func(field, problem, fix string) error {
		return &balie.InvalidError{Field: field, Problem: problem, Fix: fix}
	}
	lines := []struct{ name, value string }{{"name", h.Name}, {"email", h.Email}, {"phone", h.Phone}, {"subject", h.Subject}, {"product", h.Product}}
	for _, l := range lines {
		if utf8.RuneCountInString(l.value) > lineLetters || strings.ContainsAny(l.value, "\r\n\x00") {
			return wrong(l.name, "it is too long or has a line end", "send one line of at most 200 characters")
		}
	}
	switch {
	case strings.TrimSpace(h.Text) == "" && strings.TrimSpace(h.Subject) == "":
		return wrong("text", "there is no question", "send text, or at least subject")
	case utf8.RuneCountInString(h.Text) > textLetters:
		return wrong("text", "it is too long", "send at most 20,000 characters, the rest as an attachment")
	case h.Email != "" && !isMail(h.Email):
		return wrong("email", "it is not a mail address", "send one bare address, or leave it out")
	case h.Language != "" && !speaks(h.Language):
		return wrong("language", "it is not a language of the desk", "send nl or en, or leave it out")
	case len(h.Fields) > maxFields:
		return wrong("fields", "there are too many", "send at most 50")
	case len(h.Attachments) > maxAttachments:
		return wrong("attachments", "there are too many", "send at most 20")
	}
	for id, v := range h.Fields {
		if own[id] || len(id) > lineLetters || utf8.RuneCountInString(v) > textLetters || line(id) != id {
			return wrong("fields."+clip(line(id)), "this id is our own, or it is too long", "use the field ids of the product")
		}
	}
	return nil
}

// keys are those that are being worked on in this process.
type keys struct {
	mu   sync.Mutex
	open map[string]bool
}

func (k *keys) enter(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open == nil {
		k.open = map[string]bool{}
	}
	if k.open[key] {
		return false
	}
	k.open[key] = true
	return true
}

func (k *keys) leave(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, key)
}
