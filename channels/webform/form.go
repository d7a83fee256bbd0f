package webform

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

const (
	// formTime is how long a form that was opened can be sent.
	formTime = 24 * time.Hour
	// leastTime is how long a person needs at least to fill it in.
	leastTime = 2 * time.Second
	// Limits of what can be typed, in letters.
	textLetters, lineLetters = 20_000, 200
	// trap is a field no person sees; who fills it in reads no page.
	trap = "extra"
)

// asked is what a person typed in the form.
type asked struct{ Name, Email, Phone, Text, Product string }

// fault is one thing to mend in a form: under the field and in the summary the
// same words.
type fault struct{ Field, Text string }

// formPage is what form.html shows.
type formPage struct {
	asked
	Token   string
	Trap    string
	Within  string
	Mail    bool // a mail address is asked for
	Choices []Choice
	Faults  []fault
	Most    int64  // bytes of files
	MostMB  string // the same for people
	Files   int
	Resend  bool // files were chosen and have to be chosen again
}

// Fault is what is wrong with a field, or "".
func (p formPage) Fault(field string) string {
	for _, f := range p.Faults {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// show is the empty form.
func (f *Form) show(c *fiber.Ctx) error {
	return f.render(c, formPage{Token: f.fresh()})
}

// fresh is a token for one sending of a form.
func (f *Form) fresh() string {
	now := f.Now()
	return f.Tokens.Link(token.Form, balie.NewID(now), now.Add(formTime))
}

func (f *Form) render(c *fiber.Ctx, p formPage) error {
	p.Trap, p.Within, p.Mail = trap, f.Within, f.RequireMail
	p.Most, p.MostMB, p.Files = f.MaxBytes, strconv.FormatInt(f.MaxBytes>>20, 10), f.MaxFiles
	if f.Catalogue != nil {
		p.Choices = f.Catalogue.Products(ui.Language(c))
	}
	return f.UI.Render(c, "form", p)
}

// errToken says that the form is not one we showed, or not lately.
var errToken = errors.New("form token is not valid")

// take takes a question in.
func (f *Form) take(c *fiber.Ctx, sink channels.Sink) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), uploadTime+f.Patience)
	defer cancel()
	c.SetUserContext(ctx)
	now := f.Now()
	var id balie.ID
	leave := func() {}
	defer func() { leave() }()
	in, err := f.readForm(c, sink, func(v url.Values) error {
		ui.Speak(c, v.Get("lang"))
		out, err := f.door.Enter()
		if err != nil {
			return err
		}
		leave = out
		if id, err = f.Tokens.ParseLink(token.Form, v.Get("token"), now); err != nil {
			return errToken
		}
		return f.admit(c, v.Get("email"), now)
	})
	if err != nil {
		return f.again(c, in, err)
	}
	d, faults := f.read(c, in)
	if len(faults) > 0 {
		return f.mend(c, in, fiber.StatusUnprocessableEntity, faults)
	}
	d.Suspect = suspicions(in, id, now)
	receipt, err := f.ask(c, sink, id, d, in.files)
	if err != nil {
		return f.again(c, in, err)
	}
	return c.Redirect(f.statusPath(receipt.Message)+"/received?lang="+ui.Language(c), fiber.StatusSeeOther)
}

// ask hands a question in. The key is the form that was shown and the words in
// it: pressed twice it is one question, but who goes back and asks something
// else has asked something else.
func (f *Form) ask(c *fiber.Ctx, sink channels.Sink, id balie.ID, d document, files []balie.RawFile) (balie.Receipt, error) {
	ctx, cancel := context.WithTimeout(c.UserContext(), f.Patience)
	defer cancel()
	words := d.words()
	key := "form:" + id.String() + ":" + hex.EncodeToString(words[:8])
	d.Digest = digest(key, words)
	raw, err := f.raw(ctx, sink, f.ID, key, d, files, f.Now())
	if err != nil {
		return balie.Receipt{}, err
	}
	raw.Verified = d.Request != ""
	return f.hand(ctx, sink, raw)
}

// admit counts the client and the address it names.
func (f *Form) admit(c *fiber.Ctx, address string, now time.Time) error {
	wait := f.clients.Take(httpd.ClientKey(c), now)
	if address = strings.ToLower(strings.TrimSpace(address)); wait == 0 && address != "" {
		wait = f.addresses.Take(address, now)
	}
	if wait > 0 {
		return httpd.Throttled(wait)
	}
	return nil
}

// suspicions are what speaks for a machine.
func suspicions(in input, form balie.ID, now time.Time) []string {
	var out []string
	if in.value(trap) != "" {
		out = append(out, filledTrap)
	}
	if now.Sub(form.Time()) < leastTime {
		out = append(out, tooFast)
	}
	return out
}

// again shows the form once more with what was typed, when that can help.
func (f *Form) again(c *fiber.Ctx, in input, err error) error {
	if in.values == nil {
		return err
	}
	l := ui.Language(c)
	switch {
	case errors.Is(err, errToken):
		in.values.Set("token", f.fresh())
		return f.mend(c, in, fiber.StatusUnprocessableEntity, []fault{{"", f.Texts.Text(l, "form.stale")}})
	case errors.Is(err, errFiles):
		return f.mend(c, in, fiber.StatusRequestEntityTooLarge, []fault{{"file", f.Texts.Text(l, "form.files_over",
			"mb", strconv.FormatInt(f.MaxBytes>>20, 10), "files", strconv.Itoa(f.MaxFiles))}})
	}
	if status, key := f.wait(c, err); status != 0 {
		return f.mend(c, in, status, []fault{{"", f.Texts.Text(l, key)}})
	}
	return err
}

// wait is the status and the text of an error that will pass; Retry-After is
// set. 0 when it will not.
func (f *Form) wait(c *fiber.Ctx, err error) (status int, key string) {
	var unavailable *balie.UnavailableError
	var refusal *httpd.Refusal
	switch {
	case errors.As(err, &unavailable):
		f.log.Error("a question could not be stored", "id", httpd.ID(c), "err", err)
		c.Set(fiber.HeaderRetryAfter, seconds(unavailable.RetryAfter))
		return fiber.StatusServiceUnavailable, "form.unavailable"
	case errors.As(err, &refusal) && refusal.Status == fiber.StatusTooManyRequests:
		c.Set(fiber.HeaderRetryAfter, seconds(refusal.RetryAfter))
		return refusal.Status, "form.throttled"
	}
	return 0, ""
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int(max(d, time.Second).Round(time.Second).Seconds()))
}

// mend shows the form with what is wrong in it.
func (f *Form) mend(c *fiber.Ctx, in input, status int, faults []fault) error {
	c.Status(status)
	return f.render(c, formPage{Token: in.value("token"), Faults: faults, Resend: len(in.files) > 0,
		asked: asked{in.value("name"), in.value("email"), in.value("phone"), in.value("text"), in.value("product")}})
}

// read checks what was typed.
func (f *Form) read(c *fiber.Ctx, in input) (document, []fault) {
	l := ui.Language(c)
	d := document{Via: "page", Language: l, Files: listed(in.files), Text: strings.TrimSpace(in.value("text")),
		Name: line(in.value("name")), Email: line(in.value("email")), Phone: line(in.value("phone")), Product: line(in.value("product"))}
	var faults []fault
	wrong := func(field, key string, pairs ...string) {
		faults = append(faults, fault{field, f.Texts.Text(l, key, pairs...)})
	}
	most := strconv.Itoa(textLetters)
	switch {
	case d.Text == "":
		wrong("text", "form.text_missing")
	case utf8.RuneCountInString(d.Text) > textLetters:
		wrong("text", "form.text_long", "most", most)
	}
	for _, field := range []string{"name", "phone"} {
		if utf8.RuneCountInString(in.value(field)) > lineLetters {
			wrong(field, "form.line_long", "most", strconv.Itoa(lineLetters))
		}
	}
	switch {
	case in.value("email") == "" && !f.RequireMail:
	case !isMail(in.value("email")):
		wrong("email", "form.email_wrong")
	}
	if !f.offered(d.Product, l) {
		wrong("product", "form.product_wrong")
	}
	return d, faults
}

// offered reports whether a product can be chosen; none always can.
func (f *Form) offered(id, language string) bool {
	if id == "" {
		return true
	}
	if f.Catalogue == nil {
		return false
	}
	for _, choice := range f.Catalogue.Products(language) {
		if choice.ID == id {
			return true
		}
	}
	return false
}

// isMail reports whether s is one bare address that can be written to. What
// could end a header or an envelope line is none.
func isMail(s string) bool {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsAny(s, " \"<>") {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(domain, ".") && !strings.HasPrefix(domain, "[")
}

// line is one line of what was typed, without controls.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// receivedPage is what received.html shows.
type receivedPage struct {
	Ref    string
	Link   string // the whole address, to keep
	Path   string
	Within string
}

// received is the receipt.
func (f *Form) received(c *fiber.Ctx) error {
	found, err := f.open(c)
	if err != nil {
		return err
	}
	path := "/s/" + c.Params("token")
	return f.UI.Render(c, "received", receivedPage{Ref: found.ref, Link: f.PublicURL + path,
		Path: path + "?lang=" + ui.Language(c), Within: f.Within})
}

// found is what a status link opens.
type found struct {
	ref     string
	request balie.Request // zero: taken in, but nobody has decided on it
	at      time.Time
}

// open finds what a link belongs to. A link names a request, or the message a
// receipt was given for. Such a message opens its request only when it began
// it: what an agent joined to another's request must not open that (S2).
func (f *Form) open(c *fiber.Ctx) (found, error) {
	id, err := f.Tokens.ParseLink(token.Status, c.Params("token"), f.Now())
	if err != nil {
		return found{}, err
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), f.Patience)
	defer cancel()
	r, err := f.Requests.Request(ctx, id)
	if err == nil {
		return found{r.Ref, r, r.Opened}, nil
	}
	if !errors.Is(err, balie.ErrNotFound) {
		return found{}, fmt.Errorf("open a status page: %w", err)
	}
	m, err := f.Requests.Message(ctx, id)
	if err != nil {
		return found{}, fmt.Errorf("open a status page: %w", err)
	}
	held := found{ref: id.Ref(0), at: m.At}
	if m.Request.IsZero() {
		return held, nil
	}
	all, err := f.Requests.Messages(ctx, m.Request)
	if err != nil {
		return found{}, fmt.Errorf("open a status page: %w", err)
	}
	if len(all) == 0 || all[0].ID != id {
		return held, nil
	}
	if r, err = f.Requests.Request(ctx, m.Request); err != nil {
		return found{}, fmt.Errorf("open a status page: %w", err)
	}
	return found{r.Ref, r, r.Opened}, nil
}

// languages are those the form speaks.
func speaks(language string) bool {
	for _, l := range i18n.Languages {
		if l == language {
			return true
		}
	}
	return false
}
