package simulate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

// errand is what somebody wants of the desk, from their side.
type errand struct {
	n        int
	at       time.Time
	who      *person
	channel  string
	product  string // what they mean; "" when the catalogue has nothing for it
	language string
	subject  string
	text     string
	answers  map[string]string // to what a product asks, as a customer writes them
	fields   map[string]string // and as a field has them
	burst    string            // the outage it is of
	customer *rand.Rand
	desk     *rand.Rand
	team     *rand.Rand

	request balie.ID
	reach   string // the channel by which they can be written to; "": they only rang
	thread  string // Message-ID or Slack ts that a reply refers to
	first   string // the ts of the first word in Slack
	replies int
	chased  bool
	noticed bool // somebody at the desk corrected what the match said
	scored  bool
	wrong   bool // the answer was about something else
	late    bool
	delays  int
	nudged  time.Time // when somebody last looked into it because a team was late
	handed  map[balie.ID]*work
}

// newErrand draws one. Everything about it hangs on its number alone.
func (s *sim) newErrand(n int, at time.Time, t topic, channel string) *errand {
	r := luck(s.o.Seed, "errand", n)
	e := &errand{n: n, at: at, channel: channel, product: t.ID, handed: map[balie.ID]*work{},
		customer: luck(s.o.Seed, "customer", n), desk: luck(s.o.Seed, "desk", n), team: luck(s.o.Seed, "team", n)}
	if t.Product != "" || len(t.ID) > 0 && t.Weight == 0 {
		e.product, e.burst = t.Product, t.ID
	}
	e.who = s.people.some(r, at)
	switch channel {
	case "email", "form":
		e.reach = "email"
	case "slack":
		e.reach = "slack"
	}
	e.language = e.who.language
	g := s.words.slots(r, at)
	if e.burst != "" {
		g.room = fmt.Sprintf("C%d.%02d", r.IntN(5), 1+r.IntN(20))
	}
	said := g.fill(one(r, t.in(e.language)))
	if happens(r, 0.15) {
		said = slip(r, said)
	}
	e.subject = s.subjectOf(r, e, said)
	parts := []string{one(r, s.words.Hello.in(e.language)), said}
	if happens(r, 0.25) {
		parts = append(parts, one(r, s.words.Chatter.in(e.language)))
	}
	parts = append(parts, one(r, s.words.Bye.in(e.language)))
	e.text = strings.TrimSpace(strings.Join(parts, "\n\n"))
	if channel == "slack" {
		e.text = said
	}
	e.fill(r, s, g)
	return e
}

func (s *sim) subjectOf(r *rand.Rand, e *errand, said string) string {
	p, ok := s.w.lib.Brain().Catalogue.Product(e.product)
	switch {
	case happens(r, 0.15):
		return map[string]string{"nl": "Vraag", "en": "Question"}[e.language]
	case ok && happens(r, 0.35):
		return p.Name(e.language)
	}
	w := strings.Fields(said)
	return strings.TrimRight(strings.Join(w[:min(len(w), 6)], " "), ".,?!")
}

// fill makes up what the customer would answer to all that the product asks.
func (e *errand) fill(r *rand.Rand, s *sim, g slots) {
	e.answers, e.fields = map[string]string{}, map[string]string{}
	p, ok := s.w.lib.Brain().Catalogue.Product(e.product)
	if !ok {
		return
	}
	locations := 0
	for _, f := range p.Fields {
		v, canon := "", ""
		switch f.Type {
		case balie.LocationField:
			v = []string{g.room, g.room2}[locations%2]
			locations++
		case balie.PersonField:
			v = g.name
		case balie.NumberField:
			v = g.n
		case balie.DateField:
			v, canon = g.day, isoDay(g.day)
		case balie.DateTimeField:
			clock := g.time
			if f.ID == "end" {
				clock = g.until
			}
			v, canon = g.day+" "+clock, isoDay(g.day)+"T"+pad(clock)
		case balie.ChoiceField:
			o := one(r, f.Options)
			v, canon = o.Names[e.language], o.Value
		case balie.EmailField:
			v = e.who.mail
		case balie.PhoneField:
			v, canon = g.phone, e.who.phone
		default:
			v = wordFor(f.ID, g, e.language)
		}
		if canon == "" {
			canon = v
		}
		if catalogue.Valid(f, canon) {
			e.answers[f.ID], e.fields[f.ID] = v, canon
		}
	}
}

func isoDay(day string) string {
	t, err := time.Parse("02-01-2006", day)
	if err != nil {
		return day
	}
	return t.Format(time.DateOnly)
}

func pad(clock string) string {
	if len(clock) < 5 {
		return "0" + clock
	}
	return clock
}

// wordFor is a customer's answer to an open question.
func wordFor(field string, g slots, language string) string {
	nl := map[string]string{"cost_centre": "4410", "plate": g.plate, "menu": "soep en broodjes, twee vegetarisch", "what": "alles op de gang en in de kamer",
		"problem": "geeft een foutmelding", "guest": g.name, "goal": "een stilteruimte", "details": "over de afspraken van dit jaar", "about": "de afhandeling", "amount": "ongeveer tien"}
	en := map[string]string{"menu": "soup and sandwiches, two vegetarian", "what": "all in the corridor and the room", "problem": "shows an error",
		"goal": "a quiet room", "details": "about this year's agreements", "about": "the handling", "amount": "about ten"}
	if v, ok := en[field]; ok && language == "en" {
		return v
	}
	if v, ok := nl[field]; ok {
		return v
	}
	return "-"
}
