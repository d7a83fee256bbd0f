package web

import (
	"errors"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
)

// filesRoutes are what came with a message: its own HTML, its files, itself.
// None of it is ever shown as a page of ours (S1).
func (w *Web) filesRoutes() []route {
	get := func(path string, h handler) route {
		return route{method: fiber.MethodGet, path: path, right: desk.SeeRequests, object: messageObject, handle: h}
	}
	return []route{
		get("/m/:message/html", w.mailHTML),
		get("/m/:message/pictures", w.mailPictures),
		get("/m/:message/files/:sha", w.mailFile),
		get("/m/:message/original", w.mailOriginal),
	}
}

// foreign is the policy of what strangers wrote: a document without an origin,
// without scripts, forms or anything from elsewhere. Only our own request page
// may frame it; a link in it opens apart.
const foreign = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// downloads is the policy of files: whatever a browser makes of one, nothing in
// it runs.
const downloads = "sandbox; default-src 'none'; frame-ancestors 'none'"

// messageID is the message of a path; what is no id is no message.
func messageID(c *fiber.Ctx) (balie.ID, error) {
	id, err := balie.ParseID(c.Params("message"))
	if err != nil {
		return id, balie.ErrNotFound
	}
	return id, nil
}

// mailHTML is a mail as it was sent, cleaned, for a frame on the request page.
// With images=1 its pictures are fetched from the hosts that were shown
// before, in this one view.
func (w *Web) mailHTML(c *fiber.Ctx, s auth.Session) error {
	id, err := messageID(c)
	if err != nil {
		return err
	}
	policy := foreign
	body, _, err := w.Desk.MailHTML(c.UserContext(), s.Actor(), id)
	pictures := c.Query("images") == "1"
	if pictures || errors.Is(err, balie.ErrNotFound) { // a mail of text alone has no HTML: it is shown as text
		var p normalize.PicturePage
		p, err = w.Desk.MailPictures(c.UserContext(), s.Actor(), id)
		body = p.HTML
		if pictures && len(p.Hosts) > 0 {
			policy = strings.Replace(foreign, "img-src data:", "img-src data: "+sources(p.Hosts), 1)
		}
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.SendString(mailHead + body + "</body></html>")
}

// mailHead stands before a mail's own HTML, which brings no style of its own.
const mailHead = `<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title></title>` +
	`<style>html{color-scheme:light;background:#fff;color:#1d2230;font:14px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}body{margin:12px}img{max-width:100%;height:auto}table{max-width:100%}</style></head><body>`

// sources are hosts as a policy names them.
func sources(hosts []string) string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = "https://" + h
	}
	return strings.Join(out, " ")
}

// picturesPage is what pictures.html shows: whom a mail's pictures would tell
// that somebody reads it.
type picturesPage struct {
	shell
	Hosts []string
	Show  string // the request with the pictures
	Back  string
}

func (w *Web) mailPictures(c *fiber.Ctx, s auth.Session) error {
	id, err := messageID(c)
	if err != nil {
		return err
	}
	p, err := w.Desk.MailPictures(c.UserContext(), s.Actor(), id)
	if err != nil {
		return err
	}
	ref := strings.Map(refSigns, c.Query("r"))
	page := picturesPage{shell: w.around(c, s), Hosts: p.Hosts, Back: "/r/" + ref + "#m-" + id.String()}
	page.Narrow = true
	page.Show = "/r/" + ref + "?pictures=" + id.String() + "#m-" + id.String()
	return w.UI.Render(c, "pictures", page)
}

// refSigns keeps what a reference or an id is made of.
func refSigns(r rune) rune {
	if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// shownTypes are the types a download may say it has: those no browser runs.
var shownTypes = []string{
	"application/pdf", "application/zip", "text/plain", "text/csv", "image/png", "image/jpeg", "image/gif", "image/webp",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
}

// mailFile downloads a file of a message.
func (w *Web) mailFile(c *fiber.Ctx, s auth.Session) error {
	id, err := messageID(c)
	if err != nil {
		return err
	}
	body, part, err := w.Desk.OpenPart(c.UserContext(), s.Actor(), id, c.Params("sha"))
	if err != nil {
		return err
	}
	kind := strings.ToLower(strings.TrimSpace(part.Type))
	if t, _, err := mime.ParseMediaType(kind); err != nil || !slices.Contains(shownTypes, t) {
		kind = fiber.MIMEOctetStream
	} else {
		kind = t
	}
	name := part.Name
	if name == "" {
		name = w.Texts.Text(ui.Language(c), "request.file_unnamed")
	}
	return w.download(c, body, name, kind, part.Size)
}

// mailOriginal downloads what came in, byte for byte.
func (w *Web) mailOriginal(c *fiber.Ctx, s auth.Session) error {
	id, err := messageID(c)
	if err != nil {
		return err
	}
	body, name, err := w.Desk.Original(c.UserContext(), s.Actor(), id)
	if err != nil {
		return err
	}
	return w.download(c, body, name, fiber.MIMEOctetStream, -1)
}

// download streams a file that the browser must store and never show. size is
// negative when it is not known.
func (w *Web) download(c *fiber.Ctx, body io.ReadCloser, name, kind string, size int64) error {
	c.Set(fiber.HeaderContentDisposition, attachment(name))
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentSecurityPolicy, downloads)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	if size < 0 {
		return c.SendStream(body)
	}
	return c.SendStream(body, int(size))
}

// attachment is the Content-Disposition of a file: a plain name for old
// readers and, when it says less, the whole one as RFC 8187 writes it.
func attachment(name string) string {
	name = normalize.CleanName(name)
	if name == "" {
		name = "file"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) {
			return '_'
		}
		return r
	}, name)
	out := `attachment; filename="` + plain + `"`
	if plain != name {
		out += "; filename*=UTF-8''" + extValue(name)
	}
	return out
}

// extValue percent-encodes all but attr-char of RFC 8187 section 3.2.1.
func extValue(s string) string {
	var b strings.Builder
	for i := range len(s) {
		ch := s[i]
		if ch >= '0' && ch <= '9' || ch >= 'A' && ch <= 'Z' || ch >= 'a' && ch <= 'z' || strings.IndexByte("!#$&+-.^_`|~", ch) >= 0 {
			b.WriteByte(ch)
			continue
		}
		b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(ch)+0x100, 16)[1:]))
	}
	return b.String()
}
