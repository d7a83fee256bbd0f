package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/store/boltstore"
)

// Shape of the requests that are made: about 950 a day, most of them closed.
const (
	spacing   = 90 * time.Second // between two requests
	perPerson = 4                // requests of one customer
	mostOpen  = 5000             // what a desk has open does not grow with its history
	batchSize = 500              // Changes of one commit
)

// filler makes requests as a desk has them, without matching them.
type filler struct {
	n, open  int
	now      time.Time
	products []balie.Product
	teams    []string
	agents   []string
	opened   int
}

func newFiller(n, open int, c *catalogue.Catalogue, now time.Time) *filler {
	f := &filler{n: n, open: open, now: now, products: c.Products, agents: []string{"noor", "bram", "yasmin", "sanne", "daan", "eline", "joost", "karin"}}
	for _, t := range c.Teams {
		f.teams = append(f.teams, t.ID)
	}
	return f
}

// fill writes all requests, oldest first.
func (f *filler) fill(ctx context.Context, db *boltstore.DB) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []balie.Change, 4)
	g.Go(func() error {
		defer close(batches)
		r := rand.New(rand.NewPCG(1, uint64(f.n)))
		var some []balie.Change
		for i := range f.n {
			c, err := f.request(r, i)
			if err != nil {
				return fmt.Errorf("make request %d: %w", i, err)
			}
			if some = append(some, c); len(some) < batchSize && i < f.n-1 {
				continue
			}
			select {
			case batches <- some:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			some = nil
		}
		return nil
	})
	for range 2 { // while one waits for the disk the other encodes
		g.Go(func() error {
			for some := range batches {
				if err := db.Commit(ctx, some...); err != nil {
					return fmt.Errorf("store requests: %w", err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// isOpen: most of what is open came lately, some of it long ago.
func (f *filler) isOpen(r *rand.Rand, i int) bool {
	late := f.n - i
	switch left := f.open - f.opened; {
	case left <= 0:
		return false
	case late <= left:
		return true
	case late < 2*f.open:
		return r.Float64() < 0.45
	}
	return r.Float64() < 0.1*float64(f.open)/float64(f.n)
}

func (f *filler) request(r *rand.Rand, i int) (balie.Change, error) {
	at := f.now.Add(-time.Duration(f.n-i) * spacing)
	p := f.products[r.IntN(len(f.products))]
	language := "nl"
	if r.IntN(5) == 0 {
		language = "en"
	}
	person, fresh := f.person(i, r)
	b := &builder{r: r, at: at, id: balie.NewID(at), p: p, language: language}
	if fresh {
		b.c.People = []balie.Person{person}
	}
	subject, text := f.words(r, p, language)
	m := b.say(balie.CustomerSide, balie.In, person.Addresses[0], subject, text)
	channel := []string{"email", "email", "email", "slack", "form", "phone"}[r.IntN(6)]
	b.do("customer", balie.Opened, m, map[string]string{"ref": b.id.Ref(5), "channel": channel, "account": "desk", "subject": subject, "language": language,
		"customer": person.ID.String(), "product": p.ID, "kind": string(p.Kind), "priority": strconv.Itoa([]int{0, 0, 0, 0, 1, 2, -1}[r.IntN(7)]), "preview": text[:min(len(text), balie.PreviewLimit)]})
	if r.IntN(8) == 0 {
		b.do("agent:noor", balie.Tagged, balie.ID{}, map[string]string{"add": []string{"vleugel c", "directie", "evenement", "spoed"}[r.IntN(4)]})
	}
	if f.isOpen(r, i) {
		f.opened++
		f.leaveOpen(b, i)
	} else {
		f.end(b)
	}
	return b.c, b.err
}

// leaveOpen leaves a request somewhere on its way.
func (f *filler) leaveOpen(b *builder, i int) {
	who := f.agents[b.r.IntN(len(f.agents))]
	if f.n-i > 400 && b.r.IntN(6) > 0 { // lately promised, or they would all be late
		b.at = f.now.Add(-time.Duration(b.r.IntN(6*60)) * time.Minute)
	}
	due := b.at.Add(time.Duration(2+b.r.IntN(100)) * time.Hour)
	switch b.r.IntN(10) {
	case 0, 1, 2:
		b.do("router@1", balie.ToDesk, balie.ID{}, map[string]string{"promised": due.UTC().Format(time.RFC3339)})
	case 3, 4:
		b.do("router@1", balie.ToDesk, balie.ID{}, nil)
		b.do("agent:"+who, balie.Edited, balie.ID{}, map[string]string{"assignee": who})
	case 5:
		b.do("router@1", balie.Asked, b.reply(), map[string]string{"fields": "waar"})
	case 6:
		b.do("router@1", balie.ToDesk, balie.ID{}, nil)
		b.do("agent:"+who, balie.Edited, balie.ID{}, map[string]string{"assignee": who})
		b.do("agent:"+who, balie.Answered, b.reply(), nil)
	default:
		team := f.teams[b.r.IntN(len(f.teams))]
		h := balie.Handout{ID: balie.NewID(b.at), Team: team, State: balie.Offered, Opened: b.at, Due: due}
		b.event(balie.Event{What: balie.HandedOut, By: "router@1", Handout: &h, Data: map[string]string{"promised": due.Add(time.Hour).UTC().Format(time.RFC3339)}})
		if b.r.IntN(2) == 0 {
			b.do("agent:"+who, balie.Edited, balie.ID{}, map[string]string{"assignee": who})
		}
	}
	b.event(balie.Event{What: balie.Fired, By: "timer", Next: due})
}

// end closes a request as most are.
func (f *filler) end(b *builder) {
	who := f.agents[b.r.IntN(len(f.agents))]
	b.at = b.at.Add(time.Duration(b.r.IntN(180)) * time.Minute)
	b.do("router@1", balie.ToDesk, balie.ID{}, nil)
	b.do("agent:"+who, balie.Edited, balie.ID{}, map[string]string{"assignee": who})
	if b.r.IntN(4) == 0 {
		m := b.say(balie.CustomerSide, balie.In, balie.Address{}, "", "Dank je, en nog iets: "+rare(b.r)+" staat er ook nog, kamer "+room(b.r)+".")
		b.do("customer", balie.Received, m, nil)
	}
	b.do("agent:"+who, balie.Answered, b.reply(), nil)
	b.at = b.at.Add(time.Hour)
	b.do("customer", balie.Confirmed, balie.ID{}, nil)
}

// words are a subject and a text made of the product's examples.
func (f *filler) words(r *rand.Rand, p balie.Product, language string) (subject, text string) {
	ex := p.Examples[language]
	if len(ex) == 0 {
		return p.Name(language), p.Name(language)
	}
	subject = p.Name(language) + " " + room(r)
	if r.IntN(3) == 0 {
		subject = ex[r.IntN(len(ex))]
	}
	hello, bye := "Beste collega's,", "Met vriendelijke groet"
	if language == "en" {
		hello, bye = "Dear all,", "Kind regards"
	}
	parts := []string{hello}
	for range 1 + r.IntN(3) {
		parts = append(parts, ex[r.IntN(len(ex))])
	}
	parts = append(parts, "Kamer "+room(r)+", "+rare(r)+".", bye)
	return subject, strings.Join(parts, "\n")
}

var (
	firstNames = strings.Fields("Anouk Pieter Eline Thijs Noortje Hester Wouter Karin Omar Fatima Daan Meryem Joost Saskia Ravi Zoë Lars Ineke Bas Sofie")
	lastNames  = strings.Fields("Visser Jansen Mulder Bakker Smit Bos Haddad Prins Blom Kuipers Hoekstra Ramdin Yıldız Peters Vos Brouwer Maas Dekker Kok Hendriks")
)

// person is the i-th request's; the same one comes back a few times.
func (f *filler) person(i int, r *rand.Rand) (p balie.Person, fresh bool) {
	n := i / perPerson
	at := f.now.Add(-time.Duration(f.n-n*perPerson) * spacing)
	p = balie.Person{Version: 1, Language: "nl"}
	p.ID = balie.NewID(at)
	copy(p.ID[6:], fmt.Sprintf("%010d", n)) // the same for the same number
	k := rand.New(rand.NewPCG(uint64(n), 2))
	p.Name = firstNames[k.IntN(len(firstNames))] + " " + lastNames[k.IntN(len(lastNames))]
	p.Addresses = []balie.Address{{Scheme: balie.Mail, Name: p.Name, Value: strings.ToLower(strings.ReplaceAll(p.Name, " ", ".")) + "." + strconv.Itoa(n) + "@klant" + strconv.Itoa(n%300) + ".example"}}
	return p, i%perPerson == 0
}

func room(r *rand.Rand) string { return fmt.Sprintf("%d.%02d", r.IntN(9), r.IntN(60)) }

// rare is a word that few requests have: a name, a number of something.
func rare(r *rand.Rand) string {
	const cons, vowels = "bdfghklmnprstvw", "aeiou"
	var b []byte
	for range 2 + r.IntN(3) {
		b = append(b, cons[r.IntN(len(cons))], vowels[r.IntN(len(vowels))])
	}
	return string(b) + "n"
}

// builder makes the Change of one request.
type builder struct {
	r        *rand.Rand
	at       time.Time
	id       balie.ID
	p        balie.Product
	language string
	c        balie.Change
	err      error
}

func (b *builder) event(e balie.Event) {
	if b.err != nil {
		return
	}
	e.Request, e.At = b.id, b.at
	b.err = b.c.Do(e)
}

func (b *builder) do(by string, what balie.What, message balie.ID, data map[string]string) {
	b.event(balie.Event{What: what, By: by, Message: message, Data: data})
}

func (b *builder) say(side balie.Side, d balie.Direction, from balie.Address, subject, text string) balie.ID {
	m := balie.Message{ID: balie.NewID(b.at), Request: b.id, Side: side, Direction: d, Channel: "email", Account: "desk", From: from, Subject: subject, Text: text, Language: b.language, At: b.at}
	b.c.Messages = append(b.c.Messages, m)
	return m.ID
}

// reply is what the desk writes: the product's answer.
func (b *builder) reply() balie.ID {
	text, _ := b.p.Answer(b.language)
	return b.say(balie.CustomerSide, balie.Out, balie.Address{}, "Re: "+b.p.Name(b.language), "Hallo,\n\n"+text+"\n\nMet vriendelijke groet")
}

// some are requests spread over all of them, with their references.
func (f *filler) some(ctx context.Context, db *boltstore.DB, n int) ([]string, error) {
	var refs []string
	for _, states := range [][]balie.State{{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.AnsweredState}, {balie.Closed}} {
		for r, err := range db.List(ctx, storeFilter(states, n)) {
			if err != nil {
				return nil, fmt.Errorf("choose requests: %w", err)
			}
			refs = append(refs, r.Ref)
		}
	}
	slices.Sort(refs)
	return refs, nil
}
