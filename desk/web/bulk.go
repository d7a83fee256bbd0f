package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
)

// reportKind is the kind of the records that say what became of a bulk act.
// Their keys begin with the user's.
const reportKind = "bulk"

const (
	// mostBulk is how many requests one bulk act may take: a page and some.
	mostBulk = 100
	// reportTime is how long a report can be looked at, and undone.
	reportTime = time.Hour
)

// bulkAct is one thing that can be done to several requests at once.
type bulkAct struct {
	key string // of its texts
	do  func(w *Web, ctx context.Context, a desk.Actor, id balie.ID, arg, key string, now time.Time) (taken, error)
}

// taken is how one row's act is taken back; the zero value cannot be.
type taken struct {
	How string   `json:"how,omitzero"` // "undo", "unsend", "withdraw"
	Seq uint64   `json:"seq,omitzero"`
	Of  balie.ID `json:"of,omitzero"` // message or hand-out
}

// bulkActs are the acts by the value of their button, before the colon.
var bulkActs = map[string]bulkAct{
	"assign":     {"assign", (*Web).bulkAssign},
	"mine":       {"assign", (*Web).bulkMine},
	"suggestion": {"suggestion", (*Web).bulkSuggest},
	"backoffice": {"backoffice", (*Web).bulkBackoffice},
	"account":    {"account", (*Web).bulkAccount},
	"resolve":    {"resolve", (*Web).bulkResolve},
	"spam":       {"spam", (*Web).bulkSpam},
}

// bulkReport is what became of a bulk act, row by row.
type bulkReport struct {
	ID    string    `json:"-"`
	Act   string    `json:"act"` // key of its texts
	To    string    `json:"to,omitzero"`
	Rows  []bulkRow `json:"rows"`
	Taken bool      `json:"taken,omitzero"` // taken back already
	// In words, for the page:
	Words   string       `json:"-"`
	Refused []bulkRefuse `json:"-"`
	Here    string       `json:"-"` // the list without this report
	CanUndo bool         `json:"-"`
	done    int
}

// bulkRow is what became of one request.
type bulkRow struct {
	Request balie.ID `json:"request"`
	Ref     string   `json:"ref,omitzero"`
	Why     string   `json:"why,omitzero"` // it was refused: key of a text, or words
	Taken   taken    `json:"taken,omitzero"`
}

// bulkRefuse is a row that was refused, for the page.
type bulkRefuse struct{ Ref, Path, Why string }

// bulk does one thing to several requests: each is an act of its own, and what
// one refuses does not hold up the others.
func (w *Web) bulk(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	name, arg, _ := strings.Cut(f.Get("act"), ":")
	act, ok := bulkActs[name]
	if !ok {
		return &balie.InvalidError{Field: "act", Problem: "that is not something to do with requests", Fix: "choose one of the buttons"}
	}
	ids, err := someIDs(strings.Join(f["id"], ","))
	if err != nil {
		return err
	}
	if len(ids) == 0 || len(ids) > mostBulk {
		return &balie.InvalidError{Field: "id", Problem: w.Texts.Text(ui.Language(c), "inbox.bulk_none"), Fix: w.Texts.Text(ui.Language(c), "inbox.bulk_none_fix")}
	}
	now := w.Now()
	r := bulkReport{ID: balie.NewID(now).String(), Act: act.key, To: arg}
	if name == "mine" {
		r.To = s.User.ID
	}
	for _, id := range ids {
		r.Rows = append(r.Rows, w.bulkOne(c.UserContext(), s.Actor(), act, id, arg, r.ID, now))
	}
	if err := w.keepReport(c.UserContext(), s, r, now); err != nil {
		return err
	}
	return w.bulkDone(c, s, r, backTo(f))
}

// bulkOne does it to one request.
func (w *Web) bulkOne(ctx context.Context, a desk.Actor, act bulkAct, id balie.ID, arg, key string, now time.Time) bulkRow {
	row := bulkRow{Request: id}
	r, err := w.Records.Request(ctx, id)
	if err != nil || !a.Sees(r) {
		row.Why = "inbox.bulk_unknown"
		return row
	}
	row.Ref = r.Ref
	row.Taken, err = act.do(w, ctx, a, id, arg, key+":"+id.String(), now)
	if err != nil {
		row.Why = whyRefused(err)
		if row.Why == "" {
			w.Log.Error("a bulk act failed", "act", act.key, "request", r.Ref, "err", err)
			row.Why = "inbox.bulk_fault"
		}
	}
	return row
}

// errNothing says that there is nothing to send or nobody to send it to; it is
// the key of a text.
type errNothing string

func (e errNothing) Error() string { return string(e) }

// whyRefused is why an act was refused, as the key of a text or in words; ""
// when that is nobody's business but the log's.
func whyRefused(err error) string {
	var nothing errNothing
	var invalid *balie.InvalidError
	var move *balie.MoveError
	var stale *desk.StaleError
	switch {
	case errors.As(err, &nothing):
		return string(nothing)
	case errors.As(err, &invalid):
		return invalid.Problem
	case errors.As(err, &move):
		return "inbox.bulk_moved"
	case errors.As(err, &stale), errors.Is(err, balie.ErrStale):
		return "inbox.bulk_stale"
	case errors.Is(err, balie.ErrNotFound):
		return "inbox.bulk_unknown"
	case errors.Is(err, balie.ErrDenied):
		return "inbox.bulk_denied"
	}
	return ""
}

func (w *Web) bulkAssign(ctx context.Context, a desk.Actor, id balie.ID, arg, _ string, now time.Time) (taken, error) {
	if arg != "" {
		u, err := w.Auth.User(ctx, arg)
		if err != nil || u.Disabled || !u.Actor().Can(desk.ActOnRequests) {
			return taken{}, errNothing("inbox.bulk_no_agent")
		}
	}
	_, seq, err := w.Desk.Assign(ctx, a, id, arg, now)
	return undoable(seq), err
}

func (w *Web) bulkMine(ctx context.Context, a desk.Actor, id balie.ID, _, key string, now time.Time) (taken, error) {
	return w.bulkAssign(ctx, a, id, a.ID, key, now)
}

func (w *Web) bulkResolve(ctx context.Context, a desk.Actor, id balie.ID, arg, _ string, now time.Time) (taken, error) {
	_, seq, err := w.Desk.Resolve(ctx, a, id, arg, now)
	return undoable(seq), err
}

func (w *Web) bulkSpam(ctx context.Context, a desk.Actor, id balie.ID, _, _ string, now time.Time) (taken, error) {
	_, seq, err := w.Desk.Close(ctx, a, id, balie.Spam, balie.ID{}, "", now)
	return undoable(seq), err
}

func undoable(seq uint64) taken {
	if seq == 0 {
		return taken{}
	}
	return taken{How: "undo", Seq: seq}
}

// bulkSuggest sends the catalogue's answer when it is sure enough of it.
func (w *Web) bulkSuggest(ctx context.Context, a desk.Actor, id balie.ID, _, key string, now time.Time) (taken, error) {
	v, err := w.Desk.View(ctx, a, id, now)
	if err != nil {
		return taken{}, err
	}
	all := w.Desk.SuggestFor(ctx, v, now)
	if len(all) == 0 || all[0].Answer == "" {
		return taken{}, errNothing("inbox.bulk_no_suggestion")
	}
	if all[0].Score < all[0].Threshold {
		return taken{}, errNothing("inbox.bulk_unsure")
	}
	sent, err := w.Desk.Reply(ctx, a, desk.Reply{Request: id, Seen: v.Request.Version, Text: all[0].Answer, To: v.Recipients, Then: desk.ThenResolve, Key: key}, now)
	return taken{How: "unsend", Of: sent.Message}, err
}

// bulkBackoffice hands out to a team, or to that of each request's product.
func (w *Web) bulkBackoffice(ctx context.Context, a desk.Actor, id balie.ID, arg, key string, now time.Time) (taken, error) {
	r, err := w.Records.Request(ctx, id)
	if err != nil {
		return taken{}, err
	}
	cat := w.Library.Brain().Catalogue
	if arg == "" {
		p, ok := cat.Product(r.Product)
		if !ok || p.Owner == "" || p.AccountOwned {
			return taken{}, errNothing("inbox.bulk_no_team")
		}
		arg = p.Owner
	}
	return w.bulkHandOut(ctx, a, r, arg, key, now)
}

// bulkAccount hands out to the account manager of each customer.
func (w *Web) bulkAccount(ctx context.Context, a desk.Actor, id balie.ID, _, key string, now time.Time) (taken, error) {
	v, err := w.Desk.View(ctx, a, id, now)
	if err != nil {
		return taken{}, err
	}
	team := v.Customer.Organisation.AccountManager
	if team == "" {
		return taken{}, errNothing("inbox.bulk_no_account")
	}
	return w.bulkHandOut(ctx, a, v.Request, team, key, now)
}

func (w *Web) bulkHandOut(ctx context.Context, a desk.Actor, r balie.Request, team, key string, now time.Time) (taken, error) {
	d, err := w.Desk.Summarise(ctx, a, r.ID, team, now)
	if err != nil {
		return taken{}, err
	}
	if len(d.Missing) > 0 {
		return taken{}, errNothing("inbox.bulk_missing")
	}
	after, err := w.Desk.HandOut(ctx, a, desk.HandOut{Request: r.ID, Seen: r.Version, Team: team, Summary: d.Summary, Due: d.Due, Tell: true, Key: key}, now)
	if err != nil {
		return taken{}, err
	}
	if n := len(after.Handouts); n > len(r.Handouts) {
		return taken{How: "withdraw", Of: after.Handouts[n-1].ID}, nil
	}
	return taken{}, nil
}

func (w *Web) keepReport(ctx context.Context, s auth.Session, r bulkReport, now time.Time) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = w.Records.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: reportKind, Key: s.User.ID + "/" + r.ID, Body: body, Expires: now.Add(reportTime)}}})
	if err != nil {
		return fmt.Errorf("keep the report of a bulk act: %w", err)
	}
	return nil
}

// bulkReport reads a report of the user's own; none is no error, its time may
// be over.
func (w *Web) bulkReport(ctx context.Context, s auth.Session, id string) (*bulkReport, error) {
	r := &bulkReport{ID: id}
	rec, err := w.Records.Record(ctx, reportKind, s.User.ID+"/"+id)
	if errors.Is(err, balie.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(rec.Body, r); err != nil {
		return nil, fmt.Errorf("read the report of a bulk act: %w", err)
	}
	return r, nil
}

// describe says in words what became of it.
func (r *bulkReport) describe(w *Web, language string, names map[string]string) {
	done := 0
	for _, row := range r.Rows {
		if row.Why == "" {
			done++
			r.CanUndo = r.CanUndo || row.Taken.How != "" && !r.Taken
			continue
		}
		why := row.Why
		if strings.HasPrefix(why, "inbox.") {
			why = w.Texts.Text(language, why)
		}
		out := bulkRefuse{Ref: row.Ref, Why: why}
		if row.Ref != "" {
			out.Path = "/r/" + row.Ref
		}
		r.Refused = append(r.Refused, out)
	}
	to := r.To
	switch {
	case r.Act == "assign" && names[to] != "":
		to = names[to]
	case r.Act == "backoffice" && to != "":
		to = w.Teams(to, language)
	}
	key := "inbox.did_" + r.Act
	switch {
	case r.Taken:
		key = "inbox.did_undo"
	case r.Act == "assign" && to == "":
		key = "inbox.did_unassign"
	case r.Act == "backoffice" && to == "":
		key = "inbox.did_owner"
	}
	var words []string
	if done > 0 {
		words = append(words, w.Texts.Text(language, many(key, done), "n", strconv.Itoa(done), "to", to))
	}
	if n := len(r.Refused); n > 0 {
		words = append(words, w.Texts.Text(language, many("inbox.refused", n), "n", strconv.Itoa(n)))
	}
	r.Words = strings.Join(words, " ")
	r.done = done
}

// many is the key of a text for one thing or several.
func many(key string, n int) string {
	if n == 1 {
		return key + "_one"
	}
	return key
}

// show puts a report where the page says what was just done.
func (r *bulkReport) show(sh *shell, g *lister) {
	if r == nil {
		return
	}
	r.describe(g.Web, g.language, g.names)
	r.Here = g.p.Path()
	if r.done > 0 {
		sh.Notice = r.Words
	}
	if r.CanUndo {
		sh.Undo = &undo{Path: "/inbox/undo", Fields: map[string]string{"did": r.ID, "back": g.p.Path()}}
	}
}

// donePart is what a script gets after a bulk act: the report, and the rows as
// they are now.
type donePart struct {
	shell
	list
	Report *bulkReport
	Here   string
}

// bulkDone leads back to the list, or gives a script what it needs.
func (w *Web) bulkDone(c *fiber.Ctx, s auth.Session, r bulkReport, to string) error {
	if c.Get("X-Part") == "" {
		u, err := url.Parse(to)
		if err != nil {
			u = &url.URL{Path: "/inbox"}
		}
		q := u.Query()
		q.Set("did", r.ID)
		u.RawQuery = q.Encode()
		return c.Redirect(u.String(), fiber.StatusSeeOther)
	}
	g, err := w.listing(c, s)
	if err != nil {
		return err
	}
	p := donePart{shell: w.around(c, s), Report: &r}
	p.Report.show(&p.shell, g)
	return w.UI.Part(c, "inbox", "done", p)
}

// undoBulk takes back what of a bulk act can be.
func (w *Web) undoBulk(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	r, err := w.bulkReport(c.UserContext(), s, f.Get("did"))
	if err != nil {
		return err
	}
	if r == nil || r.Taken {
		return balie.ErrNotFound
	}
	now := w.Now()
	back := bulkReport{ID: balie.NewID(now).String(), Act: r.Act, Taken: true}
	for _, row := range r.Rows {
		if row.Why != "" || row.Taken.How == "" {
			continue
		}
		out := bulkRow{Request: row.Request, Ref: row.Ref}
		if err := w.takeBack(c.UserContext(), s.Actor(), row, w.Texts.Text(ui.Language(c), "inbox.withdrawn"), now); err != nil {
			out.Why = whyRefused(err)
			if out.Why == "" {
				w.Log.Error("a bulk act could not be taken back", "request", row.Ref, "err", err)
				out.Why = "inbox.bulk_fault"
			}
		}
		back.Rows = append(back.Rows, out)
	}
	r.Taken = true
	if err := w.keepReport(c.UserContext(), s, *r, now); err != nil {
		return err
	}
	if err := w.keepReport(c.UserContext(), s, back, now); err != nil {
		return err
	}
	return w.bulkDone(c, s, back, backTo(f))
}

// takeBack takes one row's act back; why is what a team reads whose hand-out
// is withdrawn.
func (w *Web) takeBack(ctx context.Context, a desk.Actor, row bulkRow, why string, now time.Time) error {
	var err error
	switch row.Taken.How {
	case "undo":
		_, err = w.Desk.Undo(ctx, a, row.Request, row.Taken.Seq, now)
	case "unsend":
		_, err = w.Desk.Unsend(ctx, a, row.Request, row.Taken.Of, now)
	case "withdraw":
		_, err = w.Desk.WithdrawHandout(ctx, a, row.Request, row.Taken.Of, why, now)
	}
	return err
}

// backTo is where a form says that it came from, if that is the inbox.
func backTo(f url.Values) string {
	to := httpd.Local(f.Get("back"))
	if to == "/inbox" || strings.HasPrefix(to, "/inbox?") {
		return to
	}
	return "/inbox"
}
