package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

// informPage is what boardinform.html shows: word to several customers, each
// to be read before it goes.
type informPage struct {
	shell
	Rows []informRow
	Done bool
	Sent int
}

// informRow is word to one customer, or what came of it.
type informRow struct {
	wordRow
	Version  uint64
	Key      string
	Text     string
	TextLang string
	On       bool
	Said     string // what came of it
	Bad      bool
}

// inform proposes word to those who wait for it longest.
func (w *Web) inform(c *fiber.Ctx, s auth.Session) error {
	b, err := w.Overview.Board(c.UserContext(), s.Actor(), nil, w.Now())
	if err != nil {
		return err
	}
	g := &lister{Web: w, c: c, s: s, a: s.Actor(), language: ui.Language(c), now: b.At.In(w.Zone)}
	p := informPage{shell: w.around(c, s)}
	for _, x := range b.Words {
		row := informRow{wordRow: g.waits(x), Version: x.Request.Version, Key: balie.NewID(w.Now()).String(), TextLang: i18n.Language(x.Request.Language), On: x.Word.Before(w.Now())}
		key := "inform_desk"
		if x.Request.State == balie.WithTeam {
			key = "inform_team"
		}
		at := &lister{Web: w, language: row.TextLang, now: g.now}
		row.Text = at.boardWord(key, "team", at.teamName(x.Holder.Team))
		p.Rows = append(p.Rows, row)
	}
	return w.UI.Render(c, "boardinform", p)
}

// sendWord sends what was chosen, each as a reply that can be taken back; what
// could not go is said beside it.
func (w *Web) sendWord(c *fiber.Ctx, s auth.Session) error {
	f, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return &balie.InvalidError{Field: "body", Problem: "the form cannot be read", Fix: "send it again"}
	}
	p := informPage{shell: w.around(c, s), Done: true}
	chosen := f["send"]
	if len(chosen) > mostInformed {
		chosen = chosen[:mostInformed]
	}
	slices.Sort(chosen)
	for _, ref := range slices.Compact(chosen) {
		row := informRow{wordRow: wordRow{Ref: ref, Path: "/r/" + url.PathEscape(ref)}, Text: f.Get("text." + ref)}
		if err := w.tellOne(c, s, ref, f); err != nil {
			row.Said, row.Bad = w.refusal(c, err), true
		} else {
			p.Sent++
		}
		p.Rows = append(p.Rows, row)
	}
	return w.UI.Render(c, "boardinform", p)
}

// mostInformed bounds what one form sends.
const mostInformed = 20

func (w *Web) tellOne(c *fiber.Ctx, s auth.Session, ref string, f url.Values) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), ref)
	if err != nil {
		return err
	}
	seen, err := strconv.ParseUint(f.Get("version."+ref), 10, 64)
	if err != nil {
		return balie.ErrStale
	}
	in := desk.Reply{Request: id, Seen: seen, Text: strings.TrimSpace(f.Get("text." + ref)), Then: desk.ThenStay, Key: f.Get("key." + ref)}
	_, err = w.Desk.Reply(c.UserContext(), s.Actor(), in, w.Now())
	return err
}

// refusal is why an act was refused, in words.
func (w *Web) refusal(c *fiber.Ctx, err error) string {
	why := whyRefused(err)
	switch {
	case why == "":
		w.Log.Error("word to a customer failed", "err", err)
		why = "inbox.bulk_fault"
	case !strings.HasPrefix(why, "inbox."):
		return why
	}
	return w.Texts.Text(ui.Language(c), why)
}
