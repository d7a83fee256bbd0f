package web_test

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Questions whose way through the sample rules is known.
const (
	// heating goes to the team techniek.
	heatingSubject = "Verwarming"
	heatingText    = "De verwarming in kamer 2.14 doet het niet, het is hier ijskoud."
	// vague fits no product.
	vagueSubject = "Vraagje"
	vagueText    = "Ik wilde nog even terugkomen op wat we vorige week bespraken. Kan iemand mij bellen?"
)

// requests are all that are stored.
func (r *rig) requests() []balie.Request {
	r.t.Helper()
	var out []balie.Request
	for q, err := range r.db.List(r.t.Context(), store.Filter{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, q)
	}
	return out
}

// heating is a request that the team techniek has in hand.
func (r *rig) heating() balie.Request {
	r.t.Helper()
	q := r.mail("Els Mulder <els@klant.example>", heatingSubject, heatingText, "")
	if q.State != balie.WithTeam || q.Handouts[0].Team != "techniek" {
		r.t.Fatalf("the question about heating is %s: %+v", q.State, q.Handouts)
	}
	return q
}

// vague is a request that stays at the desk.
func (r *rig) vague() balie.Request {
	r.t.Helper()
	q := r.ask("Jan Bakker", vagueSubject, vagueText)
	if q.State != balie.AtDesk {
		r.t.Fatalf("the vague question is %s", q.State)
	}
	return q
}

// busy brings in a small working day: twelve questions over some hours.
func (r *rig) busy() []balie.Request {
	r.t.Helper()
	var out []balie.Request
	for _, q := range [][3]string{
		{"Joost van der Veen", "Lekkage plafond kamer 2.14", "Er lekt water uit het plafond van kamer 2.14 in gebouw A. Het druppelt nu ook op het bureau van mijn collega."},
		{"Saskia de Wit", "Lift staat stil", "De lift in gebouw B staat stil, er staat iemand met een rolstoel te wachten op de begane grond."},
		{"Ravi Ramdin", "Offerte verhuizing", "Kunnen jullie een offerte maken voor een verhuizing van onze afdeling met twintig werkplekken?"},
		{"Fatima El Amrani", "Pas werkt niet meer op de derde", "Mijn toegangspas werkt niet meer op de derde verdieping. Ik sta nu voor de deur."},
		{"Daan Bakker", "Koffieautomaat vleugel C", "De koffieautomaat in vleugel C geeft foutcode E-17, ook na herstart."},
		{"Meryem Yıldız", "Zit-stabureau na operatie", "Graag een zit-stabureau na mijn operatie. Het advies zit bij het formulier."},
		{"Anouk Visser", "Lunch voor 12 personen, donderdag", "Graag lunch voor 12 personen op donderdag om 12.00 uur in zaal Maas. Twee keer vegetarisch, één keer glutenvrij."},
		{"Pieter Hoekstra", "Waar vraag ik een bezoekersplek aan?", "Waar kan ik een parkeerplek voor een bezoeker aanvragen?"},
		{"Eline Mulder", "Verwarming 4.02 blijft op 16 graden", "De verwarming in kamer 4.02 gebouw A blijft op 16 graden. Al sinds maandag, met drie collega's."},
		{"Thijs Kuipers", "Sleutel locker 118 afgebroken", "De sleutel van locker 118 is afgebroken. De reservesleutel ligt niet in het kluisje."},
		{"Noortje Blom", "Vergaderzaal Maas: beamer flikkert", "De beamer in vergaderzaal Maas flikkert. We hebben er om 14.00 uur een presentatie."},
		{"Hester Prins", "Vraagje over vorige week", "Ik wilde nog even terugkomen op wat we vorige week bespraken. Kan iemand mij bellen?"},
	} {
		out = append(out, r.ask(q[0], q[1], q[2]))
		r.pass(17 * time.Minute)
	}
	return out
}

// letter is the Message-ID of the last letter of a request to an address.
func (r *rig) letter(request balie.ID, to string) string {
	r.t.Helper()
	all, err := r.db.Deliveries(r.t.Context(), request)
	if err != nil {
		r.t.Fatal(err)
	}
	msgID := ""
	for _, d := range all {
		if d.To.Value != to {
			continue
		}
		m, err := r.db.Message(r.t.Context(), d.Message)
		if err != nil {
			r.t.Fatal(err)
		}
		msgID = m.MsgID
	}
	if msgID == "" {
		r.t.Fatalf("nothing was written to %s", to)
	}
	return msgID
}
