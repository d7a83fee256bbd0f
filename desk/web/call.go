package web

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) callRoutes() []route {
	row := func(method, path string, h handler) route {
		return route{method: method, path: path, right: desk.ActOnRequests, handle: h}
	}
	return []route{
		row(fiber.MethodGet, "/call", w.call),
		row(fiber.MethodPost, "/call", w.logCall),
		row(fiber.MethodGet, "/call/caller", w.callCaller),
		row(fiber.MethodPost, "/call/answers", w.callAnswers),
	}
}

// callPage is what call.html shows: a call or a visit that is written down.
type callPage struct {
	shell
	In      desk.CallDraft
	Title   string
	Seconds int // since it began
	Clock   string
	Caller  callerPart
	Answers answersPart
	Rings   []ringLine
	Today   []callLine
	Faults  []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p callPage) Fault(field string) string { return faultAt(p.Faults, field) }

// ringLine is a call that the telephone announced.
type ringLine struct{ Path, Who, Number, When string }

// callLine is a call of today.
type callLine struct{ Time, Who, Path, Ref, State, Class string }

// longestCaller bounds what is typed of a caller, in bytes.
const longestCaller = 200

// call is the page. With a call of the telephone it is filled in from that.
func (w *Web) call(c *fiber.Ctx, s auth.Session) error {
	in, err := w.Desk.CallDraft(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	if c.Query("channel") == "counter" && in.IsEmpty() {
		in.Channel = "counter"
	}
	if id := c.Query("call"); id != "" && w.Ringing != nil {
		for _, r := range w.Ringing.All(s.Actor(), w.Now()) {
			if r.ID == id && (in.IsEmpty() || in.CallID == "") {
				in.CallID, in.Caller, in.Person, in.Started = r.ID, r.Address.Value, r.Person.ID, r.At
			}
		}
	}
	return w.showCall(c, s, in, nil)
}

func (w *Web) showCall(c *fiber.Ctx, s auth.Session, in desk.CallDraft, faults []formFault) error {
	g := w.callGuide(c, s, in)
	p := callPage{shell: w.around(c, s), In: in, Faults: faults}
	var err error
	if p.Caller, err = g.caller(); err != nil {
		return err
	}
	p.Answers = g.answers(p.Caller, faultAt(faults, "why") != "")
	p.Title = g.text("title_" + in.Channel)
	if p.Caller.Name != "" {
		p.Title = p.Caller.Name
	}
	p.Seconds = max(0, int(g.now.Sub(in.Started).Seconds()))
	p.Clock = twoDigits(p.Seconds/60) + ":" + twoDigits(p.Seconds%60)
	if p.Seconds > 99*60 { // picked up again the next day: it says nothing
		p.Seconds, p.Clock = 0, ""
	}
	if w.Ringing != nil {
		for _, r := range w.Ringing.All(s.Actor(), w.Now()) {
			if r.ID != in.CallID {
				p.Rings = append(p.Rings, g.ring(r))
			}
		}
	}
	if p.Today, err = g.today(); err != nil {
		return err
	}
	return w.UI.Render(c, "call", p)
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// callCaller is who calls, while the number is typed.
func (w *Web) callCaller(c *fiber.Ctx, s auth.Session) error {
	in := desk.CallDraft{Channel: "phone", Caller: c.Query("q")[:min(len(c.Query("q")), longestCaller)]}
	in.Person, _ = balie.ParseID(c.Query("person"))
	in.Caller = strings.ToValidUTF8(in.Caller, "")
	g := w.callGuide(c, s, in)
	part, err := g.caller()
	if err != nil {
		return err
	}
	return w.UI.Part(c, "call", "caller", callPage{shell: shell{CSRF: s.CSRF}, In: in, Caller: part})
}

// callAnswers keeps what was typed so far and gives what fits it.
func (w *Web) callAnswers(c *fiber.Ctx, s auth.Session) error {
	in, err := w.typedCall(c, s)
	if err != nil {
		return err
	}
	if in.IsEmpty() {
		err = w.Desk.DropCallDraft(c.UserContext(), s.Actor())
	} else {
		err = w.Desk.SaveCallDraft(c.UserContext(), s.Actor(), in, w.Now())
	}
	if err != nil {
		return err
	}
	g := w.callGuide(c, s, in)
	part, err := g.caller()
	if err != nil {
		return err
	}
	return w.UI.Part(c, "call", "answers", callPage{shell: w.around(c, s), In: in, Caller: part, Answers: g.answers(part, false)})
}

// typedCall is the form as it was sent.
func (w *Web) typedCall(c *fiber.Ctx, s auth.Session) (desk.CallDraft, error) {
	f := values(c)
	in := desk.CallDraft{Key: f.Get("key"), Channel: f.Get("channel"), Caller: strings.TrimSpace(f.Get("q")), Name: strings.TrimSpace(f.Get("name")),
		Mail: strings.TrimSpace(f.Get("contact")), For: strings.TrimSpace(f.Get("for")), Subject: strings.TrimSpace(f.Get("subject")),
		Text: strings.ReplaceAll(f.Get("text"), "\r\n", "\n"), Product: f.Get("product"), Team: f.Get("team"), Why: f.Get("why"),
		Answer: f.Get("answer"), Language: f.Get("language"), CallID: f.Get("call"), Fields: map[string]string{}}
	in.Caller = in.Caller[:min(len(in.Caller), longestCaller)]
	in.Person, _ = balie.ParseID(f.Get("person"))
	in.Priority, _ = strconv.Atoi(f.Get("priority"))
	if in.Channel != "counter" {
		in.Channel = "phone"
	}
	if in.Product == f.Get("auto") && f.Get("other") == "" { // nobody chose it: what fits better may take its place
		in.Product = ""
	}
	if other := f.Get("other"); other != "" {
		in.Product = other
	}
	for k, v := range f {
		if id, ok := strings.CutPrefix(k, "f."); ok && len(v) > 0 && strings.TrimSpace(v[0]) != "" {
			in.Fields[id] = strings.TrimSpace(v[0])
		}
	}
	if started, err := strconv.ParseInt(f.Get("started"), 10, 64); err == nil && started > 0 {
		in.Started = time.Unix(started, 0).UTC()
	}
	if now := w.Now(); in.Started.IsZero() || in.Started.After(now) {
		in.Started = now.UTC()
	}
	if in.Key == "" {
		return in, &balie.InvalidError{Field: "key", Problem: "the form has no key", Fix: "open the page again"}
	}
	return in, nil
}

// logCall writes the call down, or does what else a button of the form says.
func (w *Web) logCall(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	ctx, a := c.UserContext(), s.Actor()
	if f.Get("act") == "drop" {
		if err := w.Desk.DropCallDraft(ctx, a); err != nil {
			return err
		}
		return c.Redirect("/call", fiber.StatusSeeOther)
	}
	in, err := w.typedCall(c, s)
	if err != nil {
		c.Status(fiber.StatusUnprocessableEntity)
		fresh, ferr := w.Desk.CallDraft(ctx, a, w.Now())
		if ferr != nil {
			return ferr
		}
		return w.showCall(c, s, fresh, w.callFaults(c, err))
	}
	if f.Get("outcome") == "" && f.Get("into") == "" { // look up, without script
		if err := w.Desk.SaveCallDraft(ctx, a, in, w.Now()); err != nil {
			return err
		}
		return c.Redirect("/call#said", fiber.StatusSeeOther)
	}
	call, err := w.callOf(c, s, in, f)
	if err != nil {
		return err
	}
	r, err := w.Desk.LogCall(ctx, a, call, w.Now())
	if err != nil {
		return w.callAgain(c, s, in, err)
	}
	if err := w.Desk.DropCallDraft(ctx, a); err != nil {
		w.Log.Warn("a call that is logged stays as a draft", "err", err)
	}
	return c.Redirect("/r/"+url.PathEscape(r.Ref)+"?did=logged&undo="+strconv.FormatUint(r.Version, 10), fiber.StatusSeeOther)
}

// callOf is the call as it is logged.
func (w *Web) callOf(c *fiber.Ctx, s auth.Session, in desk.CallDraft, f url.Values) (desk.Call, error) {
	g := w.callGuide(c, s, in)
	who, err := g.caller()
	if err != nil {
		return desk.Call{}, err
	}
	g.answers(who, false) // chooses the product nobody chose by hand
	out := desk.Call{Key: in.Key, Channel: in.Channel, Person: who.person, Name: in.Name, Address: desk.TypedAddress(in.Caller), For: in.For,
		Subject: in.Subject, Text: in.Text, Product: g.product, Language: in.Language, Priority: in.Priority, Team: in.Team, Why: in.Why, CallID: in.CallID,
		Outcome: desk.CallOutcome(f.Get("outcome")), Answer: in.Answer, Fields: maps.Clone(in.Fields)}
	if out.Address.IsZero() {
		out.Address = desk.TypedAddress(in.Mail)
		if out.Name == "" && who.person.IsZero() {
			out.Name = in.Caller
		}
	}
	if took := w.Now().Sub(in.Started); took < 4*time.Hour {
		out.Took = took
	}
	if out.Outcome == "answered" { // the catalogue's answer was read out
		out.Outcome, out.Answer = desk.CallSolved, g.said
	}
	if id, err := balie.ParseID(f.Get("into")); err == nil && !id.IsZero() {
		out.Into = id
		if out.Outcome == "" {
			out.Outcome, out.Product, out.Fields = desk.CallDesk, "", nil
		}
	}
	if out.Team == "" {
		out.Team = g.team
	}
	p, ok := w.Library.Brain().Catalogue.Product(out.Product)
	maps.DeleteFunc(out.Fields, func(id, _ string) bool {
		return !ok || !slices.ContainsFunc(p.Fields, func(f balie.Field) bool { return f.ID == id })
	})
	for id, v := range g.read { // what the words said already
		f, known := fieldOf(p, id)
		if known && out.Fields[id] == "" && catalogue.Valid(f, v) && out.Into.IsZero() {
			if out.Fields == nil {
				out.Fields = map[string]string{}
			}
			out.Fields[id] = v
		}
	}
	return out, nil
}

func fieldOf(p balie.Product, id string) (balie.Field, bool) {
	i := slices.IndexFunc(p.Fields, func(f balie.Field) bool { return f.ID == id })
	if i < 0 {
		return balie.Field{}, false
	}
	return p.Fields[i], true
}

// callAgain shows the form with all that was typed and what is wrong with it.
func (w *Web) callAgain(c *fiber.Ctx, s auth.Session, in desk.CallDraft, err error) error {
	var move *balie.MoveError
	faults := w.callFaults(c, err)
	status := fiber.StatusUnprocessableEntity
	if errors.As(err, &move) {
		status, faults = fiber.StatusConflict, []formFault{{"outcome", w.moveFault(ui.Language(c), move)}}
	}
	if len(faults) == 0 {
		return err
	}
	if err := w.Desk.SaveCallDraft(c.UserContext(), s.Actor(), in, w.Now()); err != nil {
		w.Log.Warn("a call that was refused is not kept", "err", err)
	}
	c.Status(status)
	return w.showCall(c, s, in, faults)
}

// callFaults says in the reader's language what is wrong.
func (w *Web) callFaults(c *fiber.Ctx, err error) []formFault {
	var out []formFault
	l := ui.Language(c)
	for _, e := range invalidFields(err) {
		key := "phone.wrong_" + e.Field
		words := w.Texts.Text(l, key)
		if words == key {
			words = w.Texts.Text(l, "request.fault", "problem", e.Problem, "fix", e.Fix)
		}
		field := e.Field
		switch field {
		case "text":
			field = "said"
		case "address", "person":
			field = "q"
		case "why", "team", "outcome":
		default:
			if id, ok := strings.CutPrefix(field, "field."); ok {
				field, words = "f-"+id, w.Texts.Text(l, "phone.wrong_field", "problem", e.Problem, "fix", e.Fix)
			}
		}
		out = append(out, formFault{field, words})
	}
	return out
}
