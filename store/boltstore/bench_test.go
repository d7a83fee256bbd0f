package boltstore

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// benchCallers are how many write at once.
var benchCallers = []int{1, 64, 256}

// intakeChange is what one mail costs: a request with two events, a message of
// 1.5 KB, a delivery, a ledger line and two dedupe keys.
func intakeChange(tb testing.TB, at time.Time, n int64) balie.Change {
	id, mid := balie.NewID(at), balie.NewID(at)
	var c balie.Change
	do := func(e balie.Event) {
		if err := c.Do(e); err != nil {
			tb.Fatal(err)
		}
	}
	do(balie.Event{What: balie.Opened, Request: id, At: at, By: "router@14", Message: mid, Data: map[string]string{
		"ref": id.Ref(6), "channel": "email", "account": "desk@balie.example", "subject": "De printer doet het niet", "language": "nl", "product": "printer"}})
	do(balie.Event{What: balie.ToDesk, At: at, By: "router@14", Message: mid, Next: at.Add(time.Hour),
		Data: map[string]string{"reason": "no rule decided", "promised": at.Add(8 * time.Hour).Format(time.RFC3339)}})
	from := balie.Address{Scheme: balie.Mail, Value: fmt.Sprintf("klant%d@klant.example", n%5000), Name: "Jan Jansen"}
	desk := balie.Address{Scheme: balie.Mail, Value: "desk@balie.example"}
	key := fmt.Sprintf("email/desk@balie.example/1/%d", n)
	c.Messages = []balie.Message{{ID: mid, Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Account: "desk@balie.example",
		Key: key, From: from, To: []balie.Address{desk}, Subject: "De printer doet het niet",
		Text: strings.Repeat("De printer op de tweede piept. ", 48), MsgID: key + "@mail.klant.example", At: at}}
	c.Deliveries = []balie.Delivery{{ID: balie.NewID(at), Request: id, Message: mid, Channel: "email", To: from, Created: at, Due: at, Status: balie.Pending, Auto: true}}
	c.Ledger = []balie.LedgerEntry{{Message: mid, At: at, Channel: "email", Account: "desk@balie.example", Key: key,
		MsgID: key + "@mail.klant.example", From: from.Value, Subject: "De printer doet het niet", Outcome: balie.LedgerTaken, Request: id, Ref: c.Request.Ref}}
	c.Seen = []string{"raw:" + key, "mid:" + key}
	return c
}

func BenchmarkCommit(b *testing.B) {
	for _, callers := range benchCallers {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{MinFree: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			var n atomic.Int64
			b.ReportAllocs()
			share(b, callers, func() error {
				return db.Commit(b.Context(), intakeChange(b, time.Now(), n.Add(1)))
			})
		})
	}
}

// share spreads b.N steps over callers.
func share(b *testing.B, callers int, step func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := step(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// bare is the least a store on bbolt can do: it puts the same records and
// index entries with the same grouping, without looking at anything.
type bare struct {
	db   *bolt.DB
	jobs chan *bareJob
	done chan struct{}
}

type bareJob struct {
	puts []barePut
	done chan error
}

type barePut struct {
	k          kind
	key, value []byte
}

func (d *bare) run() {
	defer close(d.done)
	for j := range d.jobs {
		batch := []*bareJob{j}
		for len(d.jobs) > 0 && len(batch) < maxJobs {
			batch = append(batch, <-d.jobs)
		}
		err := d.db.Update(func(tx *bolt.Tx) error {
			r := reader{tx: tx}
			for _, j := range batch {
				for _, p := range j.puts {
					if err := r.bucket(p.k).Put(p.key, p.value); err != nil {
						return err
					}
				}
			}
			return nil
		})
		for _, j := range batch {
			j.done <- err
		}
	}
}

// barePuts are all puts of a Change.
func barePuts(e *encoded, n uint64) []barePut {
	out := []barePut{{kindRequest, e.id[:], e.request}}
	for k := range eachKey(e.keys) {
		out = append(out, barePut{kindList, k, nil})
	}
	for i, p := range e.events {
		out = append(out, barePut{kindEvent, p.key, p.rec}, barePut{kindFeed, numberKey(n*2 + uint64(i)), make([]byte, 30)})
	}
	for _, m := range e.messages {
		out = append(out, barePut{kindMessage, m.id[:], m.rec}, barePut{kindList, messageKey(m.request, m.id), nil})
		if m.text != nil {
			out = append(out, barePut{kindText, m.id[:], m.text})
		}
	}
	for _, d := range e.deliveries {
		q := newQueued(d.Delivery)
		out = append(out, barePut{kindDelivery, d.ID[:], d.rec}, barePut{kindList, append(queuePrefix(d.Request), q.key...), q.value()},
			barePut{kindList, q.dueKey(), nil}, barePut{kindList, statusKey(q), nil})
	}
	for _, l := range e.ledger {
		out = append(out, barePut{kindLedger, l.key(), l.rec}, barePut{kindList, lineKey(l.id), l.at})
	}
	for _, p := range e.seen {
		out = append(out, barePut{kindSeen, p.key, p.rec})
	}
	return out
}

// BenchmarkBareBolt is what BenchmarkCommit is compared with. Its Changes are
// made and encoded within the time too: somebody must.
func BenchmarkBareBolt(b *testing.B) {
	for _, callers := range benchCallers {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			dir := b.TempDir()
			if err := create(dir, 1); err != nil {
				b.Fatal(err)
			}
			file, err := openFile(dir+"/"+storeFile, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			d := &bare{file, make(chan *bareJob, maxJobs), make(chan struct{})}
			go d.run()
			var n atomic.Int64
			share(b, callers, func() error {
				i := n.Add(1)
				e, err := encode(intakeChange(b, time.Now(), i))
				if err != nil {
					return err
				}
				j := &bareJob{barePuts(e, uint64(i)), make(chan error, 1)}
				d.jobs <- j
				return <-j.done
			})
			close(d.jobs)
			<-d.done
		})
	}
}

// BenchmarkCountUnassigned counts the open requests that nobody has, one in a
// hundred of all open ones.
func BenchmarkCountUnassigned(b *testing.B) {
	db, err := Open(b.TempDir(), Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const open = 20_000
	for chunk := range slices.Chunk(make([]int64, open), 500) {
		var cs []balie.Change
		for i := range chunk {
			c := intakeChange(b, time.Now(), int64(i))
			if i%100 > 0 {
				if err := c.Do(balie.Event{What: balie.Edited, At: time.Now(), By: "agent:sanne", Data: map[string]string{"assignee": "sanne"}}); err != nil {
					b.Fatal(err)
				}
			}
			c.Seen = nil
			cs = append(cs, c)
		}
		if err := db.Commit(b.Context(), cs...); err != nil {
			b.Fatal(err)
		}
	}
	f := store.Filter{Unassigned: true, States: []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}}
	for b.Loop() {
		if n, err := db.Count(b.Context(), f); err != nil || n != open/100 {
			b.Fatalf("%d are unassigned: %v", n, err)
		}
	}
}

// BenchmarkErase erases somebody with one request from a store of 20,000; its
// speed is that of looking through the file.
func BenchmarkErase(b *testing.B) {
	dir := b.TempDir()
	db, err := Open(dir, Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for chunk := range slices.Chunk(make([]int64, 20_000), 500) {
		var cs []balie.Change
		for range chunk {
			c := intakeChange(b, time.Now(), int64(len(cs)))
			c.Seen = nil
			cs = append(cs, c)
		}
		if err := db.Commit(b.Context(), cs...); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(dir + "/" + storeFile)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	n := int64(1_000_000)
	for b.Loop() {
		n++
		c := intakeChange(b, time.Now(), n)
		p := balie.Person{ID: balie.NewID(time.Now()), Version: 1, Addresses: []balie.Address{
			{Scheme: balie.Mail, Value: fmt.Sprintf("klant%d@erased.example", n)}}}
		c.People = []balie.Person{p}
		if err := c.Do(balie.Event{What: balie.Edited, At: time.Now(), By: "router@14", Data: map[string]string{"customer": p.ID.String()}}); err != nil {
			b.Fatal(err)
		}
		if err := db.Commit(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		if got, err := db.Erase(b.Context(), p.ID, "agent:lead", "AVG", time.Now()); err != nil || got.Requests != 1 {
			b.Fatalf("erased %+v: %v", got, err)
		}
	}
}
