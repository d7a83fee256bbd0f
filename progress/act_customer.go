package progress

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
)

// way is how the customer may be written to by itself, or why not.
type way struct {
	post   letters.Post
	reader letters.Reader
	why    string // nobody may be written to
}

// way finds where a letter by itself goes. Only to who asked, where they last
// wrote from, and to nobody whose words were a machine's, who wants no reply,
// was not who they said, or whom our letters do not reach (S4, RFC 3834).
func (a *act) way() (way, error) {
	r := a.request()
	said, err := a.messages()
	if err != nil {
		return way{}, err
	}
	var wrote, ours balie.Message
	machine, proven := false, true
	for _, m := range slices.Backward(said) {
		switch {
		case m.Side != balie.CustomerSide || m.Bounce != nil:
		case m.Direction == balie.Out:
			if ours.ID.IsZero() {
				ours = m
			}
		case m.Auto != "":
			machine = true
		default:
			proven = proven && m.Proof == balie.Proven
			if own := r.Customer.IsZero() || a.person.Has(m.From); own && wrote.ID.IsZero() {
				wrote = m
			}
		}
	}
	to, account := letters.ReplyAddress(wrote), wrote.Account
	if to.Channel() == "" && len(ours.To) > 0 { // they rang, and an agent wrote to them
		to, account = ours.To[0], ours.Account
	}
	w := way{reader: letters.Reader{Language: cmp.Or(r.Language, a.p.o.Language)}}
	switch {
	case wrote.ID.IsZero() && machine:
		w.why = "it was written by a machine"
	case wrote.Proof == balie.Failed:
		w.why = "the sender was not who they said"
	case wrote.NoReply != "":
		w.why = "the sender wants no automatic answer"
	case to.Channel() == "" || to.Channel() == "webhook":
		w.why = "there is no address to write to"
	case !r.Failed.IsZero():
		w.why = "letters do not reach the customer"
	}
	if proven && !wrote.ID.IsZero() { // what an unproven sender typed is not repeated
		w.reader.Name, w.reader.Subject = wrote.From.Name, r.Subject
	}
	w.post = letters.Post{Side: balie.CustomerSide, Channel: to.Channel(), Account: account, To: to, Thread: threadOf(said, balie.ID{}),
		Auto: true, Language: w.reader.Language, Due: a.opens()}
	return w, nil
}

// threadOf is what a letter answers to: the newest message on the same side.
func threadOf(said []balie.Message, handout balie.ID) []string {
	for _, m := range slices.Backward(said) {
		side := m.Side == balie.CustomerSide && m.Bounce == nil && (m.Channel == "email" || m.Direction == balie.Out)
		if !handout.IsZero() {
			side = m.Handout == handout
		}
		if side && m.MsgID != "" {
			return append([]string{m.MsgID}, m.Thread...)
		}
	}
	return nil
}

// opens is when something may go out: in opening hours, but for what is urgent.
func (a *act) opens() time.Time {
	if a.urgent() {
		return a.now
	}
	cal := a.s.Calendar
	if q := a.s.policy().Inform.Quiet; q != "" {
		_, cal = a.s.named(q)
	}
	return cal.Next(a.now)
}

// writable finds where the customer may be written to now, and claims the
// letter's place among those of the day. Not ok: it says in the event why not.
func (a *act) writable(gap bool) (way, bool, error) {
	if a.told {
		return way{}, false, nil
	}
	w, err := a.way()
	if err != nil {
		return w, false, err
	}
	in := a.s.policy().Inform
	if w.why == "" && gap && in.Gap > 0 && !a.request().Heard.IsZero() && a.now.Sub(a.request().Heard) < in.Gap {
		w.why = "the customer heard from us less than " + short(in.Gap) + " ago"
	}
	if w.why != "" {
		a.hold(w.why)
		return w, false, nil
	}
	caps, days := letters.CapKeys(w.post.To, a.p.o.DailyCap, a.now), a.dayKeys()
	seen, err := a.lookup(append(slices.Clone(caps), days...)...)
	if err != nil {
		return w, false, err
	}
	free := func(keys []string) string {
		i := slices.IndexFunc(keys, func(k string) bool { _, taken := seen[k]; return !taken })
		if i < 0 {
			return ""
		}
		return keys[i]
	}
	first, second := free(caps), free(days)
	switch {
	case first == "":
		a.hold("the address has had its letters of the day")
	case second == "" && len(days) > 0:
		a.hold("the request has had its letters of the day")
	default:
		a.c.Seen = append(a.c.Seen, first)
		if second != "" {
			a.c.Seen = append(a.c.Seen, second)
		}
		return w, true, nil
	}
	return w, false, nil
}

// dayKeys count the letters by itself for a request on a day of the desk.
func (a *act) dayKeys() []string {
	keys := make([]string, a.s.policy().Inform.PerDay)
	day := a.now.In(a.s.Calendar.Zone()).Format("20060102")
	for i := range keys {
		keys[i] = "guard:" + a.request().ID.String() + ":" + day + ":" + strconv.Itoa(i)
	}
	return keys
}

// send adds a letter to the customer and the event that they were told.
func (a *act) send(w way, l letters.Letter, what string) error {
	id := a.p.write.Enclose(a.c, l, w.post, a.now)
	a.told = true
	a.note("told the customer: " + what)
	return a.do(balie.Event{What: balie.Told, Message: id, Data: map[string]string{"letter": id.String(), "why": what}})
}

// tellDelay says that it takes longer than was promised.
func (a *act) tellDelay() error {
	w, ok, err := a.writable(true)
	if !ok || err != nil {
		return err
	}
	r := a.request()
	c := a.t.Clock
	if c.Kind != ResolutionClock && c.Kind != ResponseClock {
		c = a.s.Due(r).Resolution
	}
	if c.IsZero() {
		return a.send(w, a.p.write.Progress(r, w.reader, a.product(), a.holder(), a.hears(), a.now), "progress")
	}
	return a.send(w, a.p.write.Delay(r, w.reader, a.product(), c.Due, a.hears(), a.now), "delay")
}

// tellProgress says that we are still on it.
func (a *act) tellProgress() error {
	if count(a.request(), SilentTimer, "") > mostWords {
		a.hold("the customer was told so " + strconv.Itoa(mostWords) + " times: a person must write")
		return nil
	}
	w, ok, err := a.writable(true)
	if !ok || err != nil {
		return err
	}
	return a.send(w, a.p.write.Progress(a.request(), w.reader, a.product(), a.holder(), a.hears(), a.now), "progress")
}

// hears is when the customer hears from us next, if that is promised.
func (a *act) hears() time.Time {
	p, _ := a.s.Promise(a.request())
	if p.Update <= 0 {
		return time.Time{}
	}
	_, cal := a.s.named(p.Calendar)
	return cal.Add(a.now, p.Update)
}

// holder is the team that has the request; the zero one is the desk.
func (a *act) holder() balie.Team {
	if open := a.request().OpenHandouts(); len(open) > 0 {
		return a.team(open[0].Team)
	}
	return balie.Team{}
}

// remind reminds the customer of what was asked.
func (a *act) remind() error {
	w, ok, err := a.writable(false)
	if !ok || err != nil {
		return err
	}
	r := a.request()
	var closes time.Time
	if r.Kind != balie.Complaint {
		for _, t := range a.s.Timers(r, a.now) {
			if t.Kind == UnansweredTimer {
				closes = t.At
			}
		}
	}
	return a.send(w, a.p.write.Remind(r, w.reader, a.product(), a.fields(), closes, a.now), "reminder")
}

// fields are those of the product that were last asked for.
func (a *act) fields() []balie.Field {
	var out []balie.Field
	for _, f := range a.product().Fields {
		if slices.Contains(a.request().Asked, f.ID) {
			out = append(out, f)
		}
	}
	return out
}

// reopenDays is how long a reply opens a request again when nobody says.
const reopenDays = 10

// unanswered closes what the customer did not answer, with a last notice.
func (a *act) unanswered() error {
	if a.request().Kind != balie.Complaint {
		w, ok, err := a.writable(false)
		if err != nil {
			return err
		}
		if ok {
			days := cmp.Or(a.s.policy().Closing.Reopen, reopenDays)
			if err := a.send(w, a.p.write.Unanswered(a.request(), w.reader, a.product(), days, a.now), "closed"); err != nil {
				return err
			}
		}
	}
	return a.end(balie.Unanswered)
}

// survey asks how it went, if this customer is to be asked.
func (a *act) survey() error {
	p := a.s.policy().Aftercare
	w, err := a.way()
	if err != nil {
		return err
	}
	caps, keys := letters.CapKeys(w.post.To, a.p.o.DailyCap, a.now), p.SurveyKeys(a.person.ID, a.now)
	seen, err := a.lookup(append(slices.Clone(caps), keys...)...)
	if err != nil {
		return err
	}
	free := slices.IndexFunc(caps, func(k string) bool { _, taken := seen[k]; return !taken })
	if w.why == "" && free < 0 {
		w.why = "the address has had its letters of the day"
	}
	c := Candidate{Request: a.request(), Person: a.person, To: w.post.To, Asked: LastAsked(seen, keys)}
	if w.why != "" {
		c.To = balie.Address{}
	}
	if ok, why := p.Asked(c, a.now); !ok {
		a.hold(cmp.Or(w.why, why))
		return nil
	}
	l := a.p.write.Survey(a.request(), w.reader, a.person.ID, p.Days(), a.now)
	if l.Text == "" {
		a.hold("there is no public address to ask at")
		return nil
	}
	a.c.Seen = append(a.c.Seen, caps[free], keys[0])
	id := a.p.write.Enclose(a.c, l, w.post, a.now)
	a.told = true
	a.note("asked how it went")
	return a.do(balie.Event{What: balie.Told, Message: id, Data: map[string]string{"letter": id.String(), "why": "aftercare"}})
}
