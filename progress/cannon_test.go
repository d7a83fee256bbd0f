package progress

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

// out are the deliveries to an address, oldest first.
func (d *desk) out(to string) []balie.Delivery {
	d.t.Helper()
	var all []balie.Delivery
	for _, r := range d.all() {
		ds, err := d.db.Deliveries(d.t.Context(), r.ID)
		d.must(err)
		for _, x := range ds {
			if x.To.Value == to {
				all = append(all, x)
			}
		}
	}
	return all
}

// Whatever threatens to go wrong: who may not be written to by itself gets
// nothing, and the trace says why.
func TestS4_NoWordByItselfToWhoMayNotBeWrittenTo(t *testing.T) {
	for name, tt := range map[string]struct {
		q    question
		then func(*desk, balie.ID)
		why  string
	}{
		"a machine":          {question{wrote: func(m *balie.Message) { m.Auto = balie.AutoSystem }}, nil, "it was written by a machine"},
		"a list":             {question{wrote: func(m *balie.Message) { m.Auto = balie.AutoBulk }}, nil, "it was written by a machine"},
		"who wants no reply": {question{wrote: func(m *balie.Message) { m.NoReply = "a no-reply address" }}, nil, "the sender wants no automatic answer"},
		"who pretends":       {question{wrote: func(m *balie.Message) { m.Proof = balie.Failed }}, nil, "the sender was not who they said"},
		"who rang":           {question{wrote: func(m *balie.Message) { m.From = balie.Address{Scheme: balie.Tel, Value: "+3120123456" + m.MsgID[1:2]} }, channel: "phone"}, nil, "there is no address to write to"},
		"who is not reached": {question{}, func(d *desk, id balie.ID) {
			d.do(id, balie.Event{What: balie.Bounced, By: "mail server", Data: map[string]string{"hard": "true"}})
		}, "letters do not reach the customer"},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, plainPolicy)
			p := d.guard()
			late, asked, answered := d.ask(tt.q), d.ask(tt.q), d.ask(tt.q)
			d.now = d.now.Add(time.Minute)
			d.do(late, balie.Event{What: balie.Told})
			d.do(asked, balie.Event{What: balie.Asked})
			d.do(answered, balie.Event{What: balie.Answered})
			if tt.then != nil {
				for _, id := range []balie.ID{late, asked, answered} {
					tt.then(d, id)
				}
			}
			d.until(p, d.at("2026-10-05 12:00"))
			for _, id := range []balie.ID{late, asked, answered} {
				ds, err := d.db.Deliveries(t.Context(), id)
				d.must(err)
				for _, x := range ds {
					if x.To.Value != "lead@desk.example" {
						t.Errorf("a letter went to %s", x.To.Value)
					}
				}
				held := strings.Join(d.fired(id, "held"), "\n")
				if !strings.Contains(held, tt.why) {
					t.Errorf("it is not said why nothing went out, want %q:\n%s", tt.why, held)
				}
			}
			if r := d.request(asked); r.State != balie.Closed {
				t.Errorf("what waits for them never ends: %s", r.State)
			}
		})
	}
}

func TestS4_WhatAnUnprovenSenderTypedGoesToNobody(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	const canary = "KOOP-NU"
	q := question{product: "sleutel", wrote: func(m *balie.Message) {
		m.Proof, m.Subject, m.Text, m.From.Name = balie.Unproven, canary+" onderwerp", canary+" tekst", canary+" naam"
	}}
	late, asked := d.ask(q), d.ask(q)
	d.now = d.now.Add(time.Minute)
	d.do(late, balie.Event{What: balie.Told})
	d.do(late, balie.Event{What: balie.Filled, Data: map[string]string{"room": canary}})
	d.do(asked, balie.Event{What: balie.Asked, Data: map[string]string{"fields": "room"}})
	d.handOut(late, "techniek", 4*time.Hour)
	d.until(p, d.at("2026-10-05 12:00"))
	n := 0
	for _, id := range []balie.ID{late, asked} {
		all, err := d.db.Messages(t.Context(), id)
		d.must(err)
		for _, m := range all {
			if m.Direction != balie.Out {
				continue
			}
			n++
			if strings.Contains(m.Subject+m.Text, canary) {
				t.Errorf("a letter repeats it: %s\n%s", m.Subject, m.Text)
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d letters to look at", n)
	}
}

func TestS4_AnAddressGetsNoMoreThanItsLettersOfTheDay(t *testing.T) {
	d := begin(t, plainPolicy)
	d.o.DailyCap = 3
	p := d.guard()
	one := func(m *balie.Message) {
		m.From.Value = "een@akker.example"
	}
	var ids []balie.ID
	for i := range 8 {
		ids = append(ids, d.ask(question{wrote: one, nobody: i > 0}))
		d.do(ids[i], balie.Event{What: balie.Asked})
	}
	d.until(p, d.at("2026-09-10 17:00"))
	if n := len(d.out("een@akker.example")); n != 3 {
		t.Errorf("%d letters went to one address on one day", n)
	}
	held := 0
	for _, id := range ids {
		held += strings.Count(strings.Join(d.fired(id, "held"), "\n"), "the address has had its letters of the day")
	}
	if held != 5 {
		t.Errorf("of %d it is said why nothing went out", held)
	}
}

func TestS4_ARequestIsNotWrittenAboutMoreOftenThanTheDeskWants(t *testing.T) {
	d := begin(t, `
default: {respond: 4h, update: 1h, resolve: 16h}
inform: {delay: true, at: 0.5, silent: true, per_day: 2, gap: 90m}
`)
	p := d.guard()
	id := d.ask(question{})
	d.now = d.now.Add(time.Minute)
	d.do(id, balie.Event{What: balie.Told})
	d.until(p, d.at("2026-09-08 17:30"))
	if n := len(d.out("klant1@akker.example")); n != 2 {
		t.Errorf("%d letters on one day: %v", n, d.fired(id, "due", "did", "held"))
	}
	all := strings.Join(d.fired(id, "held"), "\n")
	if !strings.Contains(all, "the request has had its letters of the day") && !strings.Contains(all, "less than") {
		t.Errorf("it is not said why: %s", all)
	}
}

// A promise of the night: what is not urgent waits until the desk is open.
func TestS4_QuietHoursAreKept(t *testing.T) {
	d := begin(t, `
default: {respond: 4h, update: 3h, resolve: 40h, calendar: altijd}
inform: {silent: true, quiet: kantoor, per_day: 9}
`)
	d.now = d.at("2026-09-08 17:00")
	p := d.guard()
	plain, urgent := d.ask(question{}), d.ask(question{priority: balie.Urgent})
	for _, id := range []balie.ID{plain, urgent} {
		d.now = d.now.Add(time.Minute)
		d.do(id, balie.Event{What: balie.Told})
	}
	d.until(p, d.at("2026-09-08 22:00"))
	for _, tt := range []struct {
		to   string
		id   balie.ID
		want time.Time
	}{{"klant1@akker.example", plain, d.at("2026-09-09 08:00")}, {"klant2@akker.example", urgent, d.at("2026-09-08 20:02")}} {
		ds := d.out(tt.to)
		if len(ds) != 1 || !ds[0].Due.Equal(tt.want) {
			t.Errorf("%s: %v, want one at %s (%v)", tt.to, ds, tt.want, d.fired(tt.id, "due", "held"))
		}
	}
}

// Two desks that are each other's customers: each letter of the one is a
// machine's to the other, so nothing answers anything.
func TestS4_AnAutomaticReplyToAReminderSetsNothingOff(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Asked})
	for day := range 20 {
		d.until(p, d.now.Add(24*time.Hour))
		if d.request(id).State == balie.Closed {
			break
		}
		c := balie.Change{Request: d.request(id)}
		m := balie.Message{ID: balie.NewID(d.now), Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email",
			From: balie.Address{Scheme: balie.Mail, Value: "klant1@akker.example"}, Auto: balie.AutoReply, Text: fmt.Sprint("afwezig ", day), At: d.now}
		c.Messages = []balie.Message{m}
		d.must(c.Do(balie.Event{What: balie.Received, At: d.now, By: "customer", Message: m.ID, Data: map[string]string{"auto": "auto-reply"}}))
		d.commit(c)
	}
	diff(t, "told", d.told(id), []string{"reminder", "reminder", "closed"})
}
