package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// deed is an act on a request: it gets the form and says where to go. An empty
// place is the page with "did" and the number of the event, for Undo.
type deed func(x doing) (did string, seq uint64, err error)

// doing is one act on its way.
type doing struct {
	c    *fiber.Ctx
	s    auth.Session
	a    desk.Actor
	id   balie.ID
	form url.Values
}

// requestActRoutes are the buttons of the request page. Each is a form that
// posts and comes back.
func (w *Web) requestActRoutes() []route {
	act := func(name string, d deed) route {
		return route{method: fiber.MethodPost, path: "/r/:ref/" + name, right: desk.ActOnRequests, object: requestObject, handle: w.deed(d)}
	}
	team := route{method: fiber.MethodPost, path: "/r/:ref/team", right: desk.ActAsTeam, object: requestObject, handle: w.deed(w.teamAct)}
	return []route{
		act("assign", w.doAssign), act("resolve", w.doResolve), act("close", w.doCloseAs), act("reopen", w.doReopen), act("plan", w.doPlan),
		act("undo", w.doUndo), act("edit", w.doEdit), act("fields", w.doFields), act("ask", w.doAskMissing), act("judge", w.doJudge),
		act("participant", w.doParticipant), act("approve", w.doApprove), act("dismiss", w.doDismiss), act("join", w.doJoin), act("merge", w.doMerge),
		act("link", w.doLink), act("split", w.doSplit), act("withdraw", w.doWithdraw), act("tell", w.doTell), act("reschedule", w.doReschedule), team,
	}
}

// deed carries out an act and goes back to the page; what was wrong with the
// form is said there.
func (w *Web) deed(d deed) handler {
	return func(c *fiber.Ctx, s auth.Session) error {
		id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
		if err != nil {
			return err
		}
		form, err := url.ParseQuery(string(c.Body()))
		if err != nil {
			return fiber.ErrBadRequest
		}
		did, seq, err := d(doing{c, s, s.Actor(), id, form})
		if err != nil {
			return w.notDone(c, s, id, err)
		}
		if strings.HasPrefix(did, "/") {
			return c.Redirect(did, fiber.StatusSeeOther)
		}
		to := "?did=" + did
		if seq > 0 {
			to += "&undo=" + strconv.FormatUint(seq, 10)
		}
		return w.toRequest(c, to)
	}
}

// notDone shows the page with why an act was refused.
func (w *Web) notDone(c *fiber.Ctx, s auth.Session, id balie.ID, err error) error {
	l := ui.Language(c)
	var invalid *balie.InvalidError
	var move *balie.MoveError
	var stale *desk.StaleError
	in := typed{}
	if v, bad := url.ParseQuery(string(c.Body())); bad == nil && s.User.Role == desk.TeamMember {
		in.form = &composed{Key: v.Get("handout"), Text: v.Get("text")}
	}
	switch {
	case errors.As(err, &invalid):
		c.Status(fiber.StatusUnprocessableEntity)
		in.fault = w.faultOf(l, invalid)
	case errors.As(err, &move):
		c.Status(fiber.StatusConflict)
		in.fault = w.moveFault(l, move)
	case errors.As(err, &stale), errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
		in.fault = w.Texts.Text(l, "request.fault_stale")
	default:
		return err
	}
	return w.showRequest(c, s, id, in)
}

// done are the notices of acts; another word in an address shows nothing.
var done = []string{"noted", "handed_out", "kept", "sent", "unsent", "too_late", "assigned", "resolved", "closed", "reopened", "planned", "undone",
	"edited", "filled", "asked", "judged", "joined", "approved", "dismissed", "linked", "withdrawn", "told", "rescheduled", "moved", "split", "team_done", "logged"}

// notice says what was just done, and how it is taken back.
func (g *pager) notice() (string, *undo) {
	did := g.c.Query("did")
	known := false
	for _, d := range done {
		known = known || d == did
	}
	if !known || did == "sent" {
		return "", nil
	}
	var u *undo
	if seq := g.c.Query("undo"); seq != "" && !g.readOnly() {
		for _, e := range g.v.Entries {
			if e.Undo && strconv.FormatUint(e.Seq, 10) == seq {
				u = &undo{Path: g.path + "/undo", Fields: map[string]string{"seq": seq}}
			}
		}
	}
	return g.text("did_" + did), u
}

func (w *Web) doAssign(x doing) (string, uint64, error) {
	to := x.form.Get("to")
	if to == "me" {
		to = x.a.ID
	}
	_, seq, err := w.Desk.Assign(x.c.UserContext(), x.a, x.id, to, w.Now())
	return "assigned", seq, err
}

func (w *Web) doResolve(x doing) (string, uint64, error) {
	_, seq, err := w.Desk.Resolve(x.c.UserContext(), x.a, x.id, x.form.Get("how"), w.Now())
	return "resolved", seq, err
}

func (w *Web) doCloseAs(x doing) (string, uint64, error) {
	var of balie.ID
	if x.form.Get("outcome") == string(balie.Duplicate) {
		var err error
		if of, err = w.otherRequest(x); err != nil {
			return "", 0, err
		}
	}
	_, seq, err := w.Desk.Close(x.c.UserContext(), x.a, x.id, balie.Outcome(x.form.Get("outcome")), of, x.form.Get("reason"), w.Now())
	return "closed", seq, err
}

func (w *Web) doReopen(x doing) (string, uint64, error) {
	_, err := w.Desk.Reopen(x.c.UserContext(), x.a, x.id, x.form.Get("reason"), w.Now())
	return "reopened", 0, err
}

func (w *Web) doPlan(x doing) (string, uint64, error) {
	date, err := w.wallTime(x.form.Get("date"), "date")
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Plan(x.c.UserContext(), x.a, x.id, date, x.form.Get("note"), w.Now())
	return "planned", 0, err
}

func (w *Web) doUndo(x doing) (string, uint64, error) {
	seq, err := x.seq()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Undo(x.c.UserContext(), x.a, x.id, seq, w.Now())
	return "undone", 0, err
}

// seq is the number of an event that a form names.
func (x doing) seq() (uint64, error) {
	n, err := strconv.ParseUint(x.form.Get("seq"), 10, 64)
	if err != nil {
		return 0, balie.ErrNotFound
	}
	return n, nil
}

// edit changes those properties that the form has.
func (w *Web) doEdit(x doing) (string, uint64, error) {
	in := desk.Edit{Request: x.id}
	text := func(name string) *string {
		if !x.form.Has(name) {
			return nil
		}
		s := strings.TrimSpace(x.form.Get(name))
		return &s
	}
	in.Subject, in.Product, in.Kind, in.Language = text("subject"), text("product"), text("kind"), text("language")
	if p := text("priority"); p != nil {
		n, err := strconv.Atoi(*p)
		if err != nil {
			return "", 0, &balie.InvalidError{Field: "priority", Problem: "there is no such priority", Fix: "choose one"}
		}
		in.Priority = &n
	}
	if p := text("customer"); p != nil {
		id, err := balie.ParseID(*p)
		if err != nil {
			return "", 0, &balie.InvalidError{Field: "customer", Problem: "that is nobody the desk knows", Fix: "take one from the customer's page"}
		}
		in.Customer = &id
	}
	_, seq, err := w.Desk.Edit(x.c.UserContext(), x.a, in, w.Now())
	return "edited", seq, err
}

// fields fills in by hand what the product needs to know; what did not change
// stays whose it is.
func (w *Web) doFields(x doing) (string, uint64, error) {
	in := desk.Edit{Request: x.id, Fields: map[string]string{}}
	for name, v := range x.form {
		id, ok := strings.CutPrefix(name, "field.")
		if !ok || len(v) == 0 {
			continue
		}
		if now := strings.TrimSpace(v[0]); now != x.form.Get("was."+id) {
			in.Fields[id] = now
		}
	}
	_, seq, err := w.Desk.Edit(x.c.UserContext(), x.a, in, w.Now())
	return "filled", seq, err
}

// askMissing asks the customer for one field, or for all that is missing.
func (w *Web) doAskMissing(x doing) (string, uint64, error) {
	seen, _ := strconv.ParseUint(x.form.Get("seen"), 10, 64)
	var fields []string
	if f := x.form.Get("ask"); f != "" && f != "all" {
		fields = []string{f}
	}
	_, err := w.Desk.AskMissing(x.c.UserContext(), x.a, x.id, fields, seen, x.form.Get("key"), w.Now())
	return "asked", 0, err
}

func (w *Web) doJudge(x doing) (string, uint64, error) {
	seq, err := x.seq()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Judge(x.c.UserContext(), x.a, x.id, seq, x.form.Get("right") == "1", x.form.Get("product"), w.Now())
	return "judged", 0, err
}

func (w *Web) doParticipant(x doing) (string, uint64, error) {
	value := strings.ToLower(strings.TrimSpace(x.form.Get("address")))
	a := balie.Address{Scheme: balie.Mail, Value: value, Name: strings.TrimSpace(x.form.Get("name"))}
	if strings.HasPrefix(value, "+") {
		a.Scheme = balie.Tel
	}
	_, err := w.Desk.AddParticipant(x.c.UserContext(), x.a, x.id, balie.ID{}, a, w.Now())
	return "joined", 0, err
}

func (w *Web) doApprove(x doing) (string, uint64, error) {
	seq, err := x.seq()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Approve(x.c.UserContext(), x.a, x.id, seq, w.Now())
	return "approved", 0, err
}

func (w *Web) doDismiss(x doing) (string, uint64, error) {
	seq, err := x.seq()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Dismiss(x.c.UserContext(), x.a, x.id, seq, w.Now())
	return "dismissed", 0, err
}

// otherRequest is the other request that a form names by its reference or id.
func (w *Web) otherRequest(x doing) (balie.ID, error) {
	name := strings.TrimPrefix(strings.TrimSpace(x.form.Get("other")), "#")
	id, err := w.Desk.Find(x.c.UserContext(), x.a, name)
	if name == "" || errors.Is(err, balie.ErrNotFound) {
		return id, &balie.InvalidError{Field: "other", Problem: "there is no request with that number", Fix: "write the number as it stands above the request"}
	}
	return id, err
}

// join takes the words of this request to the one it belongs to.
func (w *Web) doJoin(x doing) (string, uint64, error) {
	into, err := w.otherRequest(x)
	if err != nil {
		return "", 0, err
	}
	r, err := w.Desk.JoinInto(x.c.UserContext(), x.a, x.id, into, w.Now())
	return "/r/" + r.Ref + "?did=moved", 0, err
}

func (w *Web) doMerge(x doing) (string, uint64, error) {
	into, err := w.otherRequest(x)
	if err != nil {
		return "", 0, err
	}
	r, err := w.Desk.Merge(x.c.UserContext(), x.a, x.id, into, w.Now())
	return "/r/" + r.Ref + "?did=moved", 0, err
}

func (w *Web) doLink(x doing) (string, uint64, error) {
	to, err := w.otherRequest(x)
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Link(x.c.UserContext(), x.a, x.id, to, x.form.Get("why"), w.Now())
	return "linked", 0, err
}

// split makes a message a request of its own and goes there.
func (w *Web) doSplit(x doing) (string, uint64, error) {
	m, err := balie.ParseID(x.form.Get("message"))
	if err != nil {
		return "", 0, balie.ErrNotFound
	}
	r, err := w.Desk.Split(x.c.UserContext(), x.a, x.id, m, w.Now())
	return "/r/" + r.Ref + "?did=split", 0, err
}

// handout is the hand-out that a form names.
func (x doing) handout() (balie.ID, error) {
	id, err := balie.ParseID(x.form.Get("handout"))
	if err != nil {
		return id, balie.ErrNotFound
	}
	return id, nil
}

func (w *Web) doWithdraw(x doing) (string, uint64, error) {
	h, err := x.handout()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.WithdrawHandout(x.c.UserContext(), x.a, x.id, h, x.form.Get("reason"), w.Now())
	return "withdrawn", 0, err
}

func (w *Web) doReschedule(x doing) (string, uint64, error) {
	h, err := x.handout()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.Reschedule(x.c.UserContext(), x.a, x.id, h, x.form.Get("tell") == "1", w.Now())
	return "rescheduled", 0, err
}

func (w *Web) doTell(x doing) (string, uint64, error) {
	h, err := x.handout()
	if err != nil {
		return "", 0, err
	}
	_, err = w.Desk.TellTeam(x.c.UserContext(), x.a, x.id, h, x.form.Get("text"), nil, x.form.Get("key"), w.Now())
	return "told", 0, err
}
