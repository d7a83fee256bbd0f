package search

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/store/boltstore"
)

type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// desk is a store whose feed an index follows.
type desk struct {
	dir  string
	db   *boltstore.DB
	x    *Index
	stop func() error
	now  time.Time
}

func newDesk(t tester, dir string) *desk {
	t.Helper()
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{dir: dir, db: db, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	d.start(t)
	return d
}

func (d *desk) file() string { return filepath.Join(d.dir, File) }

func (d *desk) start(t tester) {
	t.Helper()
	x := New(d.file(), d.db, slog.New(slog.DiscardHandler))
	d.x = x
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return x.Run(ctx) })
	d.stop = func() error { cancel(); return g.Wait() }
}

func (d *desk) halt(t tester) {
	t.Helper()
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) close(t tester) {
	t.Helper()
	d.halt(t)
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) settle(t tester) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	at, _, err := d.db.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.x.Wait(ctx, at); err != nil {
		t.Fatal(err)
	}
}

// opened is a request of somebody with a message, as a Change.
func (d *desk) opened(name, subject, text string, data map[string]string) balie.Change {
	d.now = d.now.Add(time.Second)
	id := balie.NewID(d.now)
	mail := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "." + strings.ToLower(id.String()) + "@linde.example"
	p := balie.Person{ID: balie.NewID(d.now), Version: 1, Name: name, Addresses: []balie.Address{{Scheme: balie.Mail, Value: mail}}}
	m := balie.Message{ID: balie.NewID(d.now), Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Subject: subject, Text: text, At: d.now}
	all := map[string]string{"ref": id.Ref(4), "channel": "email", "subject": subject, "customer": p.ID.String()}
	for k, v := range data {
		all[k] = v
	}
	c := balie.Change{People: []balie.Person{p}, Messages: []balie.Message{m}}
	for _, e := range []balie.Event{{Request: id, What: balie.Opened, By: "customer", Message: m.ID, Data: all}, {What: balie.ToDesk, By: "router@1"}} {
		e.At = d.now
		if err := c.Do(e); err != nil {
			panic(err)
		}
	}
	return c
}

func (d *desk) commit(t tester, c ...balie.Change) {
	t.Helper()
	if err := d.db.Commit(context.Background(), c...); err != nil {
		t.Fatal(err)
	}
}

// does adds an event, and a message when there are words, to a request.
func (d *desk) does(t tester, id balie.ID, e balie.Event, side balie.Side, words string) {
	t.Helper()
	r, err := d.db.Request(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Second)
	c := balie.Change{Request: r}
	if words != "" {
		m := balie.Message{ID: balie.NewID(d.now), Request: id, Side: side, Direction: balie.In, Channel: "email", Text: words, At: d.now}
		if h := r.OpenHandouts(); side == balie.TeamSide && len(h) > 0 {
			m.Handout = h[0].ID
		}
		e.Message, c.Messages = m.ID, []balie.Message{m}
	}
	e.At, e.By = d.now, "agent:sanne"
	if err := c.Do(e); err != nil {
		t.Fatal(err)
	}
	d.commit(t, c)
}

// ids is a naming in which things are called by their ids.
type ids struct{}

func (ids) Products(s string) []string      { return []string{s} }
func (ids) Teams(s string) []string         { return []string{s} }
func (ids) Organisations(s string) []string { return []string{s} }

var agent = Who{Me: "sanne"}

// refs are what a search finds, the newest first.
func (d *desk) refs(t tester, who Who, text string) []string {
	t.Helper()
	q, _ := ParseQuery(text, "nl")
	var out []string
	want := Want{Limit: 7, Now: d.now}
	for {
		hits, err := d.x.Find(context.Background(), q, who, ids{}, want)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for _, h := range hits.Hits {
			r, err := d.db.Request(context.Background(), h.Request)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.Ref)
		}
		if want.Before = hits.Next; hits.Next == 0 {
			return out
		}
	}
}

func TestARequestIsFoundByWhatIsKnownOfIt(t *testing.T) {
	d := newDesk(t, t.TempDir())
	defer d.close(t)
	lunch := d.opened("Anouk Visser", "Catering 12 personen, donderdag 12.00", "Twee keer vegetarisch, één keer glutenvrij. Zaal 4.02, a.u.b.",
		map[string]string{"product": "catering", "language": "nl", "assignee": "sanne", "kind": "order", "priority": "2"})
	rooms := d.opened("Meryem Yıldız", "Vergaderzalen op de derde", "Kunnen wij de vergaderzaal met beamer reserveren? We worden met 8 collega's verwacht.",
		map[string]string{"product": "vergaderruimte", "language": "nl", "channel": "slack"})
	badge := d.opened("Zoë van der Berg", "Lost my badge", "I was walking to the meetings and lost it near the café. My e-mail is broken too.",
		map[string]string{"product": "toegangspas", "language": "en", "assignee": "bram"})
	d.commit(t, lunch, rooms, badge)
	d.does(t, lunch.Request.ID, balie.Event{What: balie.HandedOut, Handout: &balie.Handout{ID: balie.NewID(d.now), Team: "keuken", State: balie.Offered, Opened: d.now}}, 0, "")
	d.does(t, lunch.Request.ID, balie.Event{What: balie.TeamSaid}, balie.TeamSide, "De oven is stuk, mag het ook koud?")
	d.does(t, rooms.Request.ID, balie.Event{What: balie.Noted}, balie.DeskSide, "Klant is vertrouwelijk boos")
	d.does(t, rooms.Request.ID, balie.Event{What: balie.Tagged, Data: map[string]string{"add": "vleugel c"}}, 0, "")
	d.does(t, badge.Request.ID, balie.Event{What: balie.ClosedAs, Data: map[string]string{"outcome": "spam"}}, 0, "")
	d.settle(t)
	a, b, c := lunch.Request.Ref, rooms.Request.Ref, badge.Request.Ref
	for text, want := range map[string][]string{
		"vegetarisch": {a}, "VEGETARISCHE": {a}, "glutenvr": {a}, "een keer": {a}, "één": {a}, "4.02": {a}, "4.03": nil, "12.00 ": {a},
		"vergad": {b}, "vergaderzaal": {b}, "vergaderzalen": {b}, "vergaderz": {b}, "beamers": {b}, "collegas": {b}, "collega": {b}, "yildiz": {b}, "Yıldız meryem": {b},
		"meeting": {c}, "walked": {c}, "cafe": {c}, "email": {c}, "e-mail": {c}, "zoe berg": {c}, "badges": {c},
		"anouk.visser@": {a}, "linde.example": {c, b, a}, "klant:vis": {a}, "klant:boos": nil, "klant:anouk": {a}, `klant:"van der"`: {c},
		`"glutenvrij zaal"`: {a}, `"zaal glutenvrij"`: nil, `"lost near"`: nil, `"lost it near"`: {c}, `-"lost it near"`: {b, a}, `-"lost near"`: {c, b, a},
		"is:open": {b, a}, "is:closed": {c}, "-is:open": {c}, "status:uitgezet": {a}, "bij:keuken": {a}, "bij:balie": {b},
		"kanaal:slack": {b}, "-kanaal:slack": {c, a}, "product:catering": {a}, "behandelaar:mij": {a}, "assignee:none": {b}, "behandelaar:bram": {c},
		"soort:aanvraag": {a}, "prio:spoed": {a}, "taal:nl": {b, a}, "taal:en lost": {c}, `label:"vleugel c"`: {b}, "afloop:spam": {c},
		"ref:" + strings.ToLower(a): {a}, a: {a}, strings.ReplaceAll(b, "-", ""): {b},
		"oven": {a}, "vertrouwelijk": {b}, "-vertrouwelijk": {c, a}, "zaal -beamer": {a}, "bestaatniet": nil, "van:vandaag": {c, b, a}, "tot:gisteren": nil,
		"van:2026-11-24 tot:2026-11-24 lost": {c}, "": {c, b, a}, `weird " OR 1 ) ( * ^ : -- ' \`: nil, "AND OR NOT NEAR(": nil,
	} {
		if got := d.refs(t, agent, text); !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", text, got, want)
		}
	}
}

// S7: a team member finds what its team got, by the subject and the team's own
// thread, and cannot learn from a search what customer and desk said.
func TestS7_ATeamMemberFindsOnlyItsOwn(t *testing.T) {
	d := newDesk(t, t.TempDir())
	defer d.close(t)
	c := d.opened("Anouk Visser", "Lekkage plafond", "Het geheimwoord is aardbei", nil)
	other := d.opened("Jan Bos", "Lekkage kelder", "Ook nat", nil)
	d.commit(t, c, other)
	for _, team := range []string{"techniek", "keuken"} {
		d.does(t, c.Request.ID, balie.Event{What: balie.HandedOut, Handout: &balie.Handout{ID: balie.NewID(d.now), Team: team, State: balie.Offered, Opened: d.now}}, 0, "")
	}
	d.does(t, c.Request.ID, balie.Event{What: balie.TeamSaid}, balie.TeamSide, "De dakgoot is verstopt") // in the thread of techniek
	d.does(t, c.Request.ID, balie.Event{What: balie.Noted}, balie.DeskSide, "Niet te duur maken")
	d.settle(t)
	techniek := Who{Me: "t", Teams: []string{"techniek"}, Only: true}
	keuken := Who{Me: "k", Teams: []string{"keuken"}, Only: true}
	nobody := Who{Me: "n", Only: true}
	for _, tt := range []struct {
		who  Who
		text string
		n    int
	}{
		{techniek, "lekkage", 1}, {techniek, "dakgoot", 1}, {techniek, "", 1}, {techniek, c.Request.Ref, 1}, {keuken, "lekkage", 1},
		{techniek, "aardbei", 0}, {techniek, "aardb", 0}, {techniek, "visser", 0}, {techniek, "klant:visser", 0}, {techniek, "duur", 0},
		{techniek, "kelder", 0}, {techniek, other.Request.Ref, 0}, {keuken, "dakgoot", 0}, {nobody, "", 0}, {nobody, "lekkage", 0},
		{techniek, "-aardbei", 1}, {techniek, "-klant:visser", 1}, {techniek, `-"geheimwoord is"`, 1}, {techniek, `"geheimwoord is"`, 0},
	} {
		if got := d.refs(t, tt.who, tt.text); len(got) != tt.n {
			t.Errorf("%v with %q finds %v, want %d", tt.who.Teams, tt.text, got, tt.n)
		}
	}
}

// words are few, so that searches meet them; some begin alike, some are forms
// of each other.
var words = []string{"lunch", "lunches", "vergaderzaal", "vergaderzalen", "vergadering", "pas", "passen", "kamer", "kamers", "Café", "E-mail", "4.02", "meeting", "meetings", "walking", "één", "x"}

// A search finds what a look at every word of every request finds; while
// requests come in, after a restart, and when the file is gone.
func TestSearchFindsWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "balie-search-*")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		d := newDesk(t, dir)
		defer d.close(t)
		said := map[string]string{} // by reference
		var order []string
		for i := range rapid.IntRange(1, 25).Draw(t, "requests") {
			subject := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 3).Draw(t, "subject"), " ")
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 6).Draw(t, "text"), " ")
			c := d.opened("Jan", subject, text, nil)
			d.commit(t, c)
			order = append([]string{c.Request.Ref}, order...)
			said[c.Request.Ref] = subject + " | " + text
			if rapid.Bool().Draw(t, "more") {
				more := rapid.SampledFrom(words).Draw(t, "word")
				d.does(t, c.Request.ID, balie.Event{What: balie.Received}, balie.CustomerSide, more)
				said[c.Request.Ref] += " | " + more
			}
			if i%5 == 4 {
				switch rapid.IntRange(0, 3).Draw(t, "then") {
				case 0: // a restart in the middle
					d.halt(t)
					d.start(t)
				case 1: // the file is gone
					d.halt(t)
					for _, end := range []string{"", "-wal", "-shm"} {
						os.Remove(d.file() + end)
					}
					d.start(t)
				case 2: // the file is broken
					d.halt(t)
					if err := os.WriteFile(d.file(), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
						t.Fatal(err)
					}
					d.start(t)
				}
			}
		}
		d.settle(t)
		for range 8 {
			q := rapid.SliceOfN(rapid.SampledFrom(append(words, "verg", "vergad", "vergaderz", "lun", "kame", "-pas", "-lunch", `"pas kamer"`, `-"4.02 pas"`)), 1, 3).Draw(t, "query")
			text := strings.Join(q, " ")
			var want []string
			for _, ref := range order {
				if plainly(text, said[ref]) {
					want = append(want, ref)
				}
			}
			if got := d.refs(t, agent, text); !slices.Equal(got, want) {
				t.Fatalf("%q finds %q, want %q in %q", text, got, want, said)
			}
		}
	})
}

// plainly is a search by looking: every term, every word.
func plainly(query, text string) bool {
	q, _ := ParseQuery(query, "nl")
	s := newStemmer()
	for i, t := range q.Terms {
		found := false
		want := foldedWords(Fold(t.Value), true)
		if t.Phrase {
			for _, part := range strings.Split(text, "|") {
				found = found || hasPhrase(Fold(part), foldedWords(Fold(t.Value), false))
			}
		} else {
			w := want[len(want)-1] // joined ones stand last
			nl, en := s.stems(w)
			for _, x := range foldedWords(Fold(text), true) {
				xnl, xen := s.stems(x)
				same := x == w || nl != "" && (slices.Contains([]string{nl, en}, xnl) || slices.Contains([]string{nl, en}, xen))
				begins := i == len(q.Terms)-1 && !t.Not && len(w) >= 3 && strings.HasPrefix(x, w)
				found = found || same || begins
			}
		}
		if found == t.Not {
			return false
		}
	}
	return true
}

// S13: what is erased is gone from the files of the index, not only from what
// a search shows.
func TestS13_WhatIsErasedIsGoneFromTheIndex(t *testing.T) {
	d := newDesk(t, t.TempDir())
	defer d.close(t)
	var all []balie.Change
	for i := range 300 {
		all = append(all, d.opened(fmt.Sprintf("Iemand %d", i), "Een vraag", "Waar is de lunch?", nil))
	}
	closed := d.opened("Kanarieklant", "Kanarieveer", "Een kanariekooi", nil)
	canary := d.opened("Kanarievogel Zwart", "Onderwerp kanariegeel", "De tekst noemt kanariepiet en 31kanarie.", nil)
	d.commit(t, append(all, canary, closed)...)
	d.settle(t)
	d.does(t, closed.Request.ID, balie.Event{What: balie.ClosedAs, Data: map[string]string{"outcome": "spam"}}, 0, "")
	d.settle(t)
	if got := d.refs(t, agent, "kanar"); len(got) != 2 {
		t.Fatalf("found %v before", got)
	}
	if n := d.inFiles(t, "kanari"); n == 0 {
		t.Fatal("the canary was never there: this test proves nothing")
	}
	for _, c := range []balie.Change{canary, closed} {
		if _, err := d.db.Erase(context.Background(), c.People[0].ID, "agent:lead", "asked for it", d.now); err != nil {
			t.Fatal(err)
		}
	}
	d.settle(t)
	if got := d.refs(t, agent, "kanar"); len(got) != 0 {
		t.Errorf("still found: %v", got)
	}
	if n := d.inFiles(t, "kanari"); n != 0 {
		t.Errorf("the canary still stands %d times in the files", n)
	}
	if got := d.refs(t, agent, "lunch"); len(got) != 300 {
		t.Errorf("%d others are found", len(got))
	}
}

// inFiles counts a text in all files of the index.
func (d *desk) inFiles(t tester, text string) (n int) {
	t.Helper()
	files, err := filepath.Glob(d.file() + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(strings.ToLower(string(b)), text)
	}
	return n
}

// The index is made while the desk takes in, and a search meanwhile is neither
// an error nor a wait.
func TestTheIndexIsMadeBehindIntake(t *testing.T) {
	d := newDesk(t, t.TempDir())
	defer d.close(t)
	for range 20 {
		var some []balie.Change
		for i := range 50 {
			some = append(some, d.opened("Jan Bos", fmt.Sprintf("Vraag %d", i), "Waar is de lunch?", nil))
		}
		d.commit(t, some...)
		d.x.Rebuild() // again and again: nothing is missed between making and following
		q, _ := ParseQuery("lunch", "nl")
		if _, err := d.x.Find(context.Background(), q, agent, ids{}, Want{Limit: 10, Now: d.now}); err != nil {
			t.Fatal(err)
		}
	}
	d.settle(t)
	if got := d.refs(t, agent, "lunch"); len(got) != 1000 {
		t.Errorf("%d found, want 1000", len(got))
	}
	if p := d.x.Progress(); !p.Ready || p.Share() != 1 {
		t.Errorf("%+v", p)
	}
}

func TestSnippetsShowTheWords(t *testing.T) {
	text := "Beste mensen, wij zoeken voor donderdag nog een zaal. " + strings.Repeat("Verder niets bijzonders. ", 20) + "Graag een beamer."
	for _, tt := range []struct{ query, want string }{
		{"zalen", "…wij zoeken voor donderdag nog een [zaal]. Verder niets bijzonders. Verder niets bijzonders. Verder niets bijzonders. Verder niets bijzonders. Verder niets…"},
		{"beam", "…Verder niets bijzonders. Graag een [beamer]."},
		{"kanaal:slack", ""}, {"-zaal", ""}, {"lunch", ""},
	} {
		q, _ := ParseQuery(tt.query, "nl")
		var b strings.Builder
		for _, s := range Snippet(q, text) {
			if s.Mark {
				b.WriteString("[" + s.Text + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		if b.String() != tt.want {
			t.Errorf("%q:\n%s\nwant\n%s", tt.query, b.String(), tt.want)
		}
	}
	q, _ := ParseQuery("ca", "nl")
	if got := Highlight(q, "<b>ca"); len(got) != 2 || !got[1].Mark {
		t.Errorf("%+v", got)
	}
}

// A snippet is made of any text and loses nothing of it.
func FuzzHighlight(f *testing.F) {
	f.Add("zaal", "de zaal in Café één")
	f.Add("e", "\xff\xfe é \u202e")
	f.Fuzz(func(t *testing.T, query, text string) {
		q, _ := ParseQuery(query, "nl")
		var b strings.Builder
		for _, s := range Highlight(q, text) {
			b.WriteString(s.Text)
		}
		if b.String() != text {
			t.Fatalf("%q became %q", text, b.String())
		}
		Snippet(q, text)
	})
}
