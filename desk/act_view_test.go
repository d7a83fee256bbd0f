package desk_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// asked is a store that counts how often it is asked.
type asked struct {
	desk.Store
	n int
}

func (s *asked) Request(ctx context.Context, id balie.ID) (balie.Request, error) {
	s.n++
	return s.Store.Request(ctx, id)
}

func (s *asked) Lookup(ctx context.Context, q store.Query) (store.Found, error) {
	s.n++
	return s.Store.Lookup(ctx, q)
}

func (s *asked) List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error] {
	s.n++
	return s.Store.List(ctx, f)
}

func (s *asked) Count(ctx context.Context, f store.Filter) (int, error) {
	s.n++
	return s.Store.Count(ctx, f)
}

func (s *asked) Events(ctx context.Context, id balie.ID, after uint64) ([]balie.Event, error) {
	s.n++
	return s.Store.Events(ctx, id, after)
}

func (s *asked) Messages(ctx context.Context, id balie.ID) ([]balie.Message, error) {
	s.n++
	return s.Store.Messages(ctx, id)
}

func (s *asked) Message(ctx context.Context, id balie.ID) (balie.Message, error) {
	s.n++
	return s.Store.Message(ctx, id)
}

func (s *asked) Deliveries(ctx context.Context, id balie.ID) ([]balie.Delivery, error) {
	s.n++
	return s.Store.Deliveries(ctx, id)
}

func (s *asked) ListRecords(ctx context.Context, kind, prefix, after string, back bool, limit int) ([]balie.Record, error) {
	s.n++
	return s.Store.ListRecords(ctx, kind, prefix, after, back, limit)
}

func (s *asked) Person(ctx context.Context, id balie.ID) (balie.Person, error) {
	s.n++
	return s.Store.Person(ctx, id)
}

// A page costs the same number of store calls on a request with two lines and
// on one with two hundred.
func TestAViewIsAFixedNumberOfStoreCalls(t *testing.T) {
	w := newWorld(t)
	s := &asked{Store: w.db}
	d := desk.New(s, w.lib, w.write, w.tokens, desk.Options{Language: "nl"}, slog.New(slog.DiscardHandler))
	count := func(id balie.ID) int {
		s.n = 0
		if _, err := d.View(t.Context(), sanne, id, w.now); err != nil {
			t.Fatal(err)
		}
		return s.n
	}
	small := w.question()
	few := count(small.ID)
	big, h := w.handedOut()
	for i := range 20 {
		w.pass(time.Second)
		key := fmt.Sprint(i)
		if _, err := w.desk.TellTeam(t.Context(), sanne, big.ID, h, "x", nil, key, w.now); err != nil {
			t.Fatal(err)
		}
		if _, err := w.desk.Reply(t.Context(), sanne, desk.Reply{Request: big.ID, Text: "x", Anyway: true, Key: key}, w.now); err != nil {
			t.Fatal(err)
		}
		if _, err := w.desk.AddParticipant(t.Context(), sanne, big.ID, balie.ID{}, balie.Address{Scheme: balie.Mail, Value: "p" + key + "@klant.example"}, w.now); err != nil {
			t.Fatal(err)
		}
		other := w.question()
		if _, err := w.desk.Link(t.Context(), sanne, big.ID, other.ID, "", w.now); err != nil {
			t.Fatal(err)
		}
	}
	if many := count(big.ID); many != few || many > 9 {
		t.Errorf("%d calls for a small request, %d for a big one", few, many)
	}
	v := w.view(sanne, big.ID)
	if v.Customer.Count < 20 || len(v.Customer.Last) == 0 || len(v.Participants) != 20 || len(v.Related) < 20 {
		t.Errorf("count %d, last %d, participants %d, related %d", v.Customer.Count, len(v.Customer.Last), len(v.Participants), len(v.Related))
	}
}

// The timeline is in the order in which things happened, with each message
// once, and each of ours with where it went.
func TestTheTimelineHasEveryMessageOnceInOrder(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	w.pass(time.Minute)
	if _, err := w.desk.TellTeam(t.Context(), sanne, r.ID, h, "zie jij dit?", nil, "k", w.now); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Note(t.Context(), bram, r.ID, "let op", nil, "n", w.now); err != nil {
		t.Fatal(err)
	}
	w.mail("jan@klant.example", "Re: Vraagje", "Nog altijd koud.\n\n> Wat vinden jullie", w.letterTo(r.ID, "jan@klant.example").MsgID)
	v := w.view(sanne, r.ID)
	seen := map[balie.ID]int{}
	var last uint64
	for _, e := range v.Entries {
		if e.Seq < last {
			t.Errorf("event %d stands behind %d", e.Seq, last)
		}
		last = e.Seq
		if e.Message != nil {
			seen[e.Message.ID]++
			if e.Message.Direction == balie.Out && e.Message.Side == balie.CustomerSide && len(e.Posts) == 0 {
				t.Errorf("%q went nowhere", e.Message.Text)
			}
			if e.Note != (e.Message.Text == "let op") {
				t.Errorf("note: %q", e.Message.Text)
			}
		}
	}
	for _, h := range v.Handouts {
		for _, e := range h.Entries {
			if e.Message != nil {
				seen[e.Message.ID]++
			}
		}
	}
	ms, err := w.db.Messages(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		if seen[m.ID] != 1 {
			t.Errorf("%q stands there %d times", m.Text, seen[m.ID])
		}
	}
	final := v.Entries[len(v.Entries)-1]
	if final.Message == nil || final.Message.Text != "Nog altijd koud." || final.Quoted == "" {
		t.Errorf("the last entry %+v", final)
	}
	if v.Product.Missing != 0 || len(v.Product.Fields) < 2 || v.Product.Fields[0].By != sanne.By() {
		t.Errorf("product %+v", v.Product)
	}
}

// The HTML of a mail is made again from the original, cleaned.
func TestS1_MailHTMLIsCleanedEachTime(t *testing.T) {
	w := newWorld(t)
	r := w.raw(w.eml("jan@klant.example", "Vraagje", "", "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Wat vinden jullie van de nieuwe <b>minister</b>?</p><script>alert(1)</script><img src=\"https://elders.example/x.png\">\r\n"))
	v := w.view(sanne, r.ID)
	if !v.Entries[0].HTML {
		t.Fatal("not offered")
	}
	html, remote, err := w.desk.MailHTML(t.Context(), sanne, v.Entries[0].Message.ID)
	if err != nil || !remote {
		t.Fatalf("remote %v, %v", remote, err)
	}
	for _, bad := range []string{"<script", "elders.example"} {
		if strings.Contains(html, bad) {
			t.Errorf("%q in %s", bad, html)
		}
	}
	if !strings.Contains(html, "<b>minister</b>") {
		t.Errorf("%s", html)
	}
}
