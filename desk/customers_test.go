package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/store"
)

var lex = desk.Actor{ID: "lex", Name: "Lex Jansen", Role: desk.Lead}

// clientele is the rig's customers with both indexes running.
type clientele struct {
	*world
	dir       string
	people    *search.People
	index     *search.Index
	customers *desk.Customers
}

func newClientele(t *testing.T) *clientele {
	t.Helper()
	c := &clientele{world: newWorld(t), dir: t.TempDir()}
	quiet := slog.New(slog.DiscardHandler)
	c.people = search.NewPeople(filepath.Join(c.dir, search.PeopleFile), c.db, quiet)
	c.index = search.New(filepath.Join(c.dir, search.File), c.db, quiet)
	c.customers = desk.NewCustomers(c.db, c.lib, c.people, c.index, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.people.Run(ctx) })
	g.Go(func() error { return c.index.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// settle waits until both indexes have all that was committed.
func (c *clientele) settle(name string) {
	c.t.Helper()
	end, _, err := c.db.Tail(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	if err := c.index.Wait(ctx, end); err != nil {
		c.t.Fatal(err)
	}
	for {
		moved := c.people.Moved()
		ids, _, err := c.people.Find(ctx, search.PeopleQuery{Words: name, Limit: 1})
		if err != nil {
			c.t.Fatal(err)
		}
		if c.people.Ready() && len(ids) > 0 {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			c.t.Fatalf("%q is not found", name)
		}
	}
}

// everything is all that the store tells, and what stands in the files of the
// indexes.
func (c *clientele) everything() map[string]string {
	c.t.Helper()
	out := map[string]string{}
	put := func(name string, v any, err error) {
		if err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			c.t.Fatal(err)
		}
		out[name] = string(b)
	}
	for r, err := range c.db.List(c.t.Context(), store.Filter{}) {
		put("request "+r.Ref, r, err)
		events, err := c.db.Events(c.t.Context(), r.ID, 0)
		put("events "+r.Ref, events, err)
		said, err := c.db.Messages(c.t.Context(), r.ID)
		put("messages "+r.Ref, said, err)
		due, err := c.db.Deliveries(c.t.Context(), r.ID)
		put("deliveries "+r.Ref, due, err)
	}
	for _, kind := range []string{"draft", "calldraft", "bulk", "merged", desk.AuditKind, store.KindErased, store.KindErasing} {
		all, err := c.db.ListRecords(c.t.Context(), kind, "", "", false, 0)
		for _, r := range all {
			out["record "+kind+" "+r.Key] = string(r.Body)
		}
		put("records "+kind, len(all), err)
	}
	people, err := c.db.ListPeople(c.t.Context(), balie.ID{}, 1000)
	put("people", people, err)
	for e, err := range c.db.ListLedger(c.t.Context(), store.LedgerFilter{}) {
		put("ledger "+e.Message.String(), e, err)
	}
	files, err := filepath.Glob(filepath.Join(c.dir, "*"))
	if err != nil || len(files) < 2 {
		c.t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			c.t.Fatal(err)
		}
		out["file "+filepath.Base(f)] = string(b)
	}
	return out
}

// canaries are by what the customer of the test is known, in small letters.
var canaries = []string{"piepstra", "kanarie", "612312399"}

func sung(all map[string]string) []string {
	var out []string
	for name, body := range all {
		for _, k := range canaries {
			if strings.Contains(strings.ToLower(body), k) {
				out = append(out, name+": "+k)
			}
		}
	}
	return out
}

// TestS13_AnErasedCustomerIsNowhereAtTheDesk: not in the store, not in what the
// desk keeps beside it, not in the indexes' files and not in the export of
// somebody else.
func TestS13_AnErasedCustomerIsNowhereAtTheDesk(t *testing.T) {
	c := newClientele(t)
	ctx := t.Context()
	own := c.mail("Karel Piepstra <karel@kanarie.example>", "Kanariekooi", "Mijn kanarie zit vast in de lift.", "")
	twin := c.mail("K. Piepstra <k.piepstra@kanarie.example>", "Nog iets", "Ook dit is van Piepstra.", "")
	other := c.mail("Jan Bakker <jan@klant.example>", "Vraag", "Wanneer is de receptie open op zondag?", "")
	who := own.Customer
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.customers.Edit(ctx, sanne, who, desk.CustomerEdit{Add: &balie.Address{Scheme: balie.Tel, Value: "06 12312399"}}, c.now)
	must(err)
	_, err = c.customers.Merge(ctx, sanne, who, twin.Customer, "zelfde persoon", c.now)
	must(err)
	must(c.desk.SaveDraft(ctx, sanne, own.ID, "reply", "Dag, ik kijk het na.", own.Version, c.now))
	must(c.desk.SaveDraft(ctx, bram, other.ID, "note", "Zie ook karel@kanarie.example", other.Version, c.now))
	must(c.desk.SaveDraft(ctx, bram, other.ID, "reply", "De receptie is dicht.", other.Version, c.now))
	must(c.desk.SaveCallDraft(ctx, sanne, desk.CallDraft{Key: "k", Caller: "0612312399"}, c.now))
	must(c.db.Commit(ctx, balie.Change{Records: []balie.Record{desk.AuditRecord(c.now, "agent:ada", "delivery.retry", "delivery:1", map[string]string{"to": "karel@kanarie.example"}, nil)}}))
	c.settle("piepstra")
	if before := sung(c.everything()); len(before) < 8 {
		t.Fatalf("the test looks in too few places: %v", before)
	}
	if _, err := c.customers.Erase(ctx, sanne, who, "verzoek", c.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("an agent erases: %v", err)
	}
	var invalid *balie.InvalidError
	if _, err := c.customers.Erase(ctx, lex, who, "Karel@Kanarie.example vroeg het", c.now); !errors.As(err, &invalid) {
		t.Errorf("a reason that names the customer: %v", err)
	}
	gone, err := c.customers.Erase(ctx, lex, who, "verzoek van de klant", c.now)
	must(err)
	if gone.Requests < 2 || gone.Messages < 2 {
		t.Errorf("erased %+v", gone)
	}
	end, _, err := c.db.Tail(ctx)
	must(err)
	must(c.index.Wait(ctx, end))
	all := c.everything()
	for _, s := range sung(all) {
		t.Errorf("still there: %s", s)
	}
	if d, err := c.desk.Draft(ctx, bram, other.ID, "reply"); err != nil || d.Text == "" {
		t.Errorf("a draft about somebody else is gone: %+v %v", d, err)
	}
	lines := map[string]int{}
	for name, body := range all {
		if strings.HasPrefix(name, "record audit ") {
			var l desk.AuditLine
			must(json.Unmarshal([]byte(body), &l))
			lines[l.Act]++
			if l.Act == "customer.erase" && (l.By != "agent:lex" || !strings.Contains(string(l.After), "verzoek van de klant")) {
				t.Errorf("the line says %s", body)
			}
		}
	}
	if fmt.Sprint(lines) != "map[customer.address.add:1 customer.erase:1 customer.merge:1 delivery.retry:1]" {
		t.Errorf("lines of the audit log: %v", lines)
	}
	x, err := c.customers.Export(ctx, lex, other.Customer, c.now)
	must(err)
	var b bytes.Buffer
	must(x.Write(ctx, &b))
	if s := sung(map[string]string{"the export of somebody else": b.String()}); len(s) > 0 {
		t.Error(s)
	}
}

// cutOff is over after it was asked a number of times.
type cutOff struct {
	context.Context
	after int64
	asked atomic.Int64
}

func (x *cutOff) Err() error {
	if x.asked.Add(1) > x.after {
		return context.Canceled
	}
	return nil
}

// An erasure that was interrupted goes on at the next start.
func TestS13_AnInterruptedErasureGoesOnAtTheStart(t *testing.T) {
	c := newClientele(t)
	own := c.mail("Karel Piepstra <karel@kanarie.example>", "Kanariekooi", "Mijn kanarie zit vast in de lift.", "")
	under := func() int {
		left, err := c.db.ListRecords(t.Context(), store.KindErasing, "", "", false, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	for n := 1; under() == 0; n++ {
		if _, err := c.db.Erase(&cutOff{Context: t.Context(), after: int64(n)}, own.Customer, "agent:lex", "verzoek", c.now); err == nil {
			t.Fatal("it cannot be cut off in the midst of it")
		}
	}
	if _, err := desk.Resume(t.Context(), c.db, c.now); err != nil {
		t.Fatal(err)
	}
	if n := under(); n > 0 {
		t.Errorf("%d erasures are still under way", n)
	}
	said, err := c.db.Messages(t.Context(), own.ID)
	if err != nil || strings.Contains(fmt.Sprint(said), "kanarie") {
		t.Errorf("%v %v", said, err)
	}
}

// People are found by the index as they are now, also when it was closed while
// they changed, and those who are gone are not.
func TestPeopleAreFoundAsTheyAre(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	quiet := slog.New(slog.DiscardHandler)
	run := func(do func(*search.People)) {
		t.Helper()
		x := search.NewPeople(filepath.Join(dir, search.PeopleFile), w.db, quiet)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		ended := make(chan error, 1)
		go func() { ended <- x.Run(ctx) }()
		for !x.Ready() {
			moved := x.Moved()
			if x.Ready() {
				break
			}
			select {
			case <-moved:
			case <-ctx.Done():
				t.Fatal("the index is not ready")
			}
		}
		do(x)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	find := func(x *search.People, words string) int {
		t.Helper()
		ids, _, err := x.Find(t.Context(), search.PeopleQuery{Words: words, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		return len(ids)
	}
	q := w.mail("Zoë Müller <zoe@klant.example>", "Vraag", "Is er morgen iemand bij de receptie?", "")
	run(func(x *search.People) {
		for words, want := range map[string]int{"zoe": 1, "mull": 1, "ZOE müller": 1, "zoe@klant": 1, "klant.example": 1, "bakker": 0, "%": 1, "'": 1, "zoe bakker": 0} {
			if got := find(x, words); got != want {
				t.Errorf("%q finds %d, want %d", words, got, want)
			}
		}
	})
	p, err := w.db.Person(t.Context(), q.Customer)
	if err != nil {
		t.Fatal(err)
	}
	p.Name, p.Addresses, p.Version = "Zoë Bakker", nil, p.Version+1
	if err := w.db.Commit(t.Context(), balie.Change{People: []balie.Person{p}}); err != nil {
		t.Fatal(err)
	}
	run(func(x *search.People) {
		if find(x, "bakker") != 1 || find(x, "muller") != 0 {
			t.Error("the index has the name from before")
		}
		if _, err := w.db.Erase(t.Context(), p.ID, "agent:lex", "verzoek", w.now); err != nil {
			t.Fatal(err)
		}
	})
	run(func(x *search.People) {
		if find(x, "zoe") != 0 {
			t.Error("whoever is erased is found")
		}
	})
}
