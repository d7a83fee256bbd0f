package intake

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/progress"
)

// act carries out a decision: first what only adds, then the one action that
// says where the request goes. An action that cannot be carried out ends at
// the desk, with the reason.
func (t *turn) act() error {
	for _, a := range t.dec.Do {
		if a.Do.Decides() {
			continue
		}
		if err := t.add(a); err != nil {
			return err
		}
	}
	d := t.dec.Deciding()
	switch d.Do {
	case balie.DoAnswer:
		return t.answer()
	case balie.DoAsk:
		return t.ask(d.Fields)
	case balie.DoOffer:
		return t.offer(d.Products)
	case balie.DoHandOut:
		return t.handOut(d.Team)
	}
	return t.toDesk(reason(d, t.dec))
}

// add carries out an action that does not decide.
func (t *turn) add(a balie.Action) error {
	e := balie.Event{What: balie.Edited, At: t.now, By: t.by()}
	switch a.Do {
	case balie.DoPriority:
		e.Data = map[string]string{"priority": strconv.Itoa(priorities[a.Value])}
	case balie.DoProduct:
		e.Data = map[string]string{"product": a.Value}
	case balie.DoKind:
		e.Data = map[string]string{"kind": a.Value}
	case balie.DoAssign:
		e.Data = map[string]string{"assignee": a.Value}
	case balie.DoTag:
		e.What, e.Data = balie.Tagged, map[string]string{"add": a.Value}
	case balie.DoAlert:
		return t.alert(a)
	default:
		return nil
	}
	return t.c.Do(e)
}

// alert tells the leads at once. The letter names the reference and the rule,
// never the content.
func (t *turn) alert(a balie.Action) error {
	why := a.Reason
	if why == "" {
		why = a.Rule
	}
	l := t.in.write.Alert(t.c.Request, t.in.o.Language, why)
	for _, to := range t.in.o.Leads {
		t.in.write.Enclose(t.c, l, letters.Post{Side: balie.DeskSide, Channel: to.Channel(), To: to, Auto: true}, t.now)
	}
	return t.c.Do(balie.Event{What: balie.Alerted, At: t.now, By: t.by(), Data: map[string]string{"whom": a.Value, "reason": why}})
}

// tell writes to the customer, if anybody may. It returns the letter's id.
func (t *turn) tell(l letters.Letter) balie.ID {
	if t.post.Channel == "" {
		return balie.ID{}
	}
	if k := t.in.freeCap(t.b, t.post.To, t.now); k != "" {
		t.c.Seen = append(t.c.Seen, k)
	}
	return t.in.write.Enclose(t.c, l, t.post, t.now)
}

func (t *turn) product() (balie.Product, bool) {
	return t.brain.Catalogue.Product(t.c.Request.Product)
}

// answer sends the product's answer.
func (t *turn) answer() error {
	p, ok := t.product()
	if !ok || t.post.Channel == "" {
		return t.toDesk("there is nobody or nothing to answer")
	}
	text, err := catalogue.RenderAnswer(p, t.reader.Language, t.values(p))
	if err != nil {
		return t.toDesk("the answer of " + p.ID + " cannot be written: " + err.Error())
	}
	e := balie.Event{What: balie.Answered, At: t.now, By: t.by(), Decision: &t.dec, Next: t.in.o.Calendar.AddDays(t.now, t.in.o.ReopenDays)}
	if err := t.move(e); err != nil {
		return t.toDesk(err.Error())
	}
	t.c.Enclosed(t.tell(t.in.write.Answer(t.c.Request, t.reader, p, text, t.now)))
	return nil
}

// values are what an answer's placeholders are filled with. What the customer
// typed is among them only when the sender is proven (S4); an answer that needs
// it goes to the desk otherwise.
func (t *turn) values(p balie.Product) map[string]string {
	l := t.reader.Language
	promise, _ := t.promise()
	v := map[string]string{
		"reference": t.c.Request.Ref, "organisation": t.brain.Catalogue.Organisation[i18n.Language(l)],
		"promise": i18n.Moment(l, promise.In(t.in.o.Calendar.Zone())),
	}
	if team, ok := t.brain.Catalogue.Team(p.Owner); ok {
		v["team"] = team.Name(l)
	}
	if t.m.Proof != balie.Proven {
		return v
	}
	maps.Copy(v, t.c.Request.Fields)
	if t.reader.Name != "" {
		v["customer"] = t.reader.Name
	}
	return v
}

// remindDays is after how many opening days a customer is reminded of what
// was asked.
const remindDays = 2

// ask asks for what is missing, all in one letter.
func (t *turn) ask(ids []string) error {
	p, ok := t.product()
	fields := named(p, ids)
	if !ok || t.post.Channel == "" || len(fields) == 0 {
		return t.toDesk("there is nobody to ask, or nothing to ask for")
	}
	e := balie.Event{What: balie.Asked, At: t.now, By: t.by(), Decision: &t.dec,
		Data: map[string]string{"fields": strings.Join(ids, ",")}, Next: t.in.o.Calendar.AddDays(t.now, remindDays)}
	if err := t.move(e); err != nil {
		return t.toDesk(err.Error())
	}
	t.c.Enclosed(t.tell(t.in.write.Ask(t.c.Request, t.reader, p, fields, t.now)))
	return nil
}

func named(p balie.Product, ids []string) []balie.Field {
	var out []balie.Field
	for _, id := range ids {
		for _, f := range p.Fields {
			if f.ID == id {
				out = append(out, f)
			}
		}
	}
	return out
}

// offerPrefix marks an asked "field" that stands for a product to choose.
const offerPrefix = "product:"

// offer asks which of the products is meant.
func (t *turn) offer(ids []string) error {
	var products []balie.Product
	var asked []string
	for _, id := range ids {
		if p, ok := t.brain.Catalogue.Product(id); ok {
			products = append(products, p)
			asked = append(asked, offerPrefix+id)
		}
	}
	if len(products) < 2 || t.post.Channel == "" {
		return t.toDesk("there is nobody to ask, or nothing to choose from")
	}
	e := balie.Event{What: balie.Asked, At: t.now, By: t.by(), Decision: &t.dec,
		Data: map[string]string{"fields": strings.Join(asked, ",")}, Next: t.in.o.Calendar.AddDays(t.now, remindDays)}
	if err := t.move(e); err != nil {
		return t.toDesk(err.Error())
	}
	t.c.Enclosed(t.tell(t.in.write.Offer(t.c.Request, t.reader, products, t.now)))
	return nil
}

// margin is the share of the promise that a team gets; the rest is for the
// desk to tell the customer, or to step in.
const margin = 0.8

// handOut gives the request to a team: its letter with the summary, and word
// to the customer with the promise.
func (t *turn) handOut(team string) error {
	to, ok := t.brain.Catalogue.Team(team)
	if !ok {
		return t.toDesk("team " + strconv.Quote(team) + " is not known")
	}
	p, _ := t.product()
	promise, due := t.promise()
	h := balie.Handout{ID: balie.NewID(t.now), Team: to.ID, To: to.Reach, State: balie.Offered, Due: due, Opened: t.now}
	e := balie.Event{What: balie.HandedOut, At: t.now, By: t.by(), Handout: &h, Decision: &t.dec, Next: due,
		Data: map[string]string{"promised": promise.UTC().Format(time.RFC3339)}}
	if err := t.move(e); err != nil {
		return t.toDesk(err.Error())
	}
	word := t.tell(t.in.write.HandedOut(t.c.Request, t.reader, p, to, promise, t.now))
	summary := letters.Summary{
		Product: p, Team: to, Language: t.in.o.Language, Asked: t.earlier + t.m.Text, From: t.requester(),
		Known: t.c.Request.Fields, Missing: catalogue.Missing(p, t.c.Request.Fields), Told: !word.IsZero(), Due: due,
	}
	letter := t.in.write.HandOut(t.c.Request, h, summary, t.now)
	t.c.Enclosed(t.in.write.Enclose(t.c, letter, letters.Post{
		ID: h.ID, Side: balie.TeamSide, Handout: h.ID, Channel: to.Reach.Channel(), To: to.Reach,
	}, t.now))
	if word.IsZero() {
		return nil
	}
	return t.c.Do(balie.Event{What: balie.Told, At: t.now, By: t.by(), Message: word})
}

// promise is by when the customer is helped, and the earlier moment at which
// the team is due, both in the hours in which progress will reckon them.
func (t *turn) promise() (promise, due time.Time) {
	p, cal := t.promised()
	d := p.Resolve
	if d == 0 {
		d = t.in.o.Respond
	}
	return cal.Add(t.now, d), cal.Add(t.now, time.Duration(float64(d)*margin))
}

// promised is what the request as it is by now may count on.
func (t *turn) promised() (progress.Promise, hours.Calendar) {
	s := t.brain.Setting(t.in.o.Calendar, t.dec.Facts.Customer.Organisation)
	p, _ := s.Promise(t.c.Request)
	return p, s.Hours(t.c.Request)
}

func (t *turn) requester() string {
	f := t.m.From
	switch {
	case f.IsZero():
		return t.in.write.Text(t.in.o.Language, "mail.anonymous")
	case f.Name == "":
		return f.Value
	}
	return f.Name + " (" + f.Value + ")"
}

// toDesk puts the request before a person, and tells the customer when they
// will hear.
func (t *turn) toDesk(why string) error {
	p, cal := t.promised()
	respond := p.Respond
	if respond == 0 {
		respond = t.in.o.Respond
	}
	by := cal.Add(t.now, respond)
	e := balie.Event{What: balie.ToDesk, At: t.now, By: t.by(), Decision: &t.dec, Next: by,
		Data: map[string]string{"reason": why, "promised": by.UTC().Format(time.RFC3339)}}
	if err := t.move(e); err != nil {
		return err
	}
	about, _ := t.product()
	t.c.Enclosed(t.tell(t.in.write.Receipt(t.c.Request, t.reader, about, by, t.now)))
	return nil
}

// move applies a deciding event.
func (t *turn) move(e balie.Event) error {
	if e.Message.IsZero() {
		e.Message = t.m.ID
	}
	return t.c.Do(e)
}
