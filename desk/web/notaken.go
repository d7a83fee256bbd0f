package web

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/store"
)

func (w *Web) intakeRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/intake", right: desk.SeeAudit, handle: w.notTaken},
		{method: fiber.MethodGet, path: "/settings/intake/:message/original", right: desk.SeeAudit, object: messageObject, handle: w.ledgerOriginal},
		{method: fiber.MethodPost, path: "/settings/intake/:message/release", right: desk.Manage, object: messageObject, handle: w.releaseMessage},
	}
}

// ledgerViews are the outcomes in the order of what needs a look.
var ledgerViews = []string{balie.LedgerHeld, balie.LedgerKept, balie.LedgerDuplicate, balie.LedgerJoined, balie.LedgerTaken}

// Lines of the ledger on a page, and at most.
const (
	ledgerShown = 100
	ledgerMost  = 1000
)

type notTakenPage struct {
	shell
	Can       bool
	Tabs      []deliveryTab
	View      string
	Lines     []ledgerRow
	Channel   string
	Since     string
	More      int
	Channels  []pick
	Fault     string
	Compared  bool
	NoneWords string
}

type ledgerRow struct {
	ID, When, Channel, Account, From, Subject, Why, Ref, Path string
	Release                                                   bool
}

// notTaken lists what came in and did not become a request, and why.
func (w *Web) notTaken(c *fiber.Ctx, s auth.Session) error { return w.showNotTaken(c, s, "") }

func (w *Web) showNotTaken(c *fiber.Ctx, s auth.Session, wrong string) error {
	l, a := ui.Language(c), s.Actor()
	p := notTakenPage{shell: w.around(c, s), Can: a.Can(desk.Manage), View: balie.LedgerHeld, Channel: c.Query("channel"), Since: c.Query("since"), Fault: wrong}
	if slices.Contains(ledgerViews, c.Query("view")) {
		p.View = c.Query("view")
	}
	if ref := c.Query("released"); ref != "" && len(ref) < 20 {
		p.Notice = w.Texts.Text(l, "settings.released", "ref", ref)
	}
	limit := min(max(c.QueryInt("n", ledgerShown), 1), ledgerMost)
	f := store.LedgerFilter{Channel: p.Channel, Outcome: p.View, Limit: limit}
	if t, err := time.ParseInLocation(time.DateOnly, p.Since, w.Zone); err == nil {
		f.Since = t
	}
	lines, counts, err := w.Upkeep.Ledger(c.UserContext(), a, f)
	if err != nil {
		return err
	}
	for _, v := range ledgerViews {
		p.Tabs = append(p.Tabs, deliveryTab{v, w.Texts.Text(l, "settings.ledger_"+v), strconv.Itoa(counts[v]), v == p.View})
	}
	for _, ch := range []string{"email", "slack", "form", "phone"} {
		p.Channels = append(p.Channels, pick{Value: ch, Words: w.Texts.Text(l, "settings.kind_"+ch), On: ch == p.Channel})
	}
	if len(lines) == limit && limit < ledgerMost {
		p.More = min(ledgerMost, limit*3)
	}
	for _, e := range lines {
		row := ledgerRow{ID: e.Message.String(), When: w.stamp(e.At), Channel: e.Channel, Account: e.Account, From: e.From, Subject: e.Subject, Why: e.Reason, Ref: e.Ref,
			Release: e.Outcome == balie.LedgerHeld && e.Request.IsZero()}
		if e.Ref != "" {
			row.Path = "/r/" + e.Ref
		}
		p.Lines = append(p.Lines, row)
	}
	p.NoneWords = w.Texts.Text(l, "settings.none_"+p.View)
	return w.UI.Render(c, "settingsintake", p)
}

// originalMost bounds what is read into an answer; larger ones are cut by the
// channels already.
const originalMost = 64 << 20

// ledgerOriginal gives a message as it came, as a file: it is never shown.
func (w *Web) ledgerOriginal(c *fiber.Ctx, s auth.Session) error {
	id, err := balie.ParseID(c.Params("message"))
	if err != nil || id.IsZero() {
		return balie.ErrNotFound
	}
	r, err := w.Upkeep.Original(c.UserContext(), s.Actor(), id, w.Now())
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, originalMost))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+id.String()+`.eml"`)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return c.Send(b)
}

// releaseMessage makes a request of a message that was held back.
func (w *Web) releaseMessage(c *fiber.Ctx, s auth.Session) error {
	id, err := balie.ParseID(c.Params("message"))
	if err != nil || id.IsZero() {
		return balie.ErrNotFound
	}
	r, err := w.Upkeep.Release(c.UserContext(), s.Actor(), id, w.Now())
	var invalid *balie.InvalidError
	if errors.As(err, &invalid) {
		c.Status(fiber.StatusConflict)
		return w.showNotTaken(c, s, w.Texts.Text(ui.Language(c), "settings.has_request"))
	}
	if err != nil {
		return err
	}
	return c.Redirect("/settings/intake?released="+r.Ref, fiber.StatusSeeOther)
}
