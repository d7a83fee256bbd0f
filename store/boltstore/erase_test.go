package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// canary stands in everything that is known of a person: in each test below it
// must be nowhere afterwards.
const canary = "kanarie"

// kept are the fields that an erased person's records keep: what happened, how
// and when, in the desk's own words.
var kept = []string{
	"Address.Scheme", "Message.Channel", "Message.Account", "Message.Language", "Message.Auto", "Message.Original",
	"Part.Blob", "Bounce.Action", "Bounce.Status", "Event.What", "Event.By", "Delivery.Channel", "Delivery.Account",
	"Delivery.Status", "LedgerEntry.Channel", "LedgerEntry.Account", "LedgerEntry.Outcome", "LedgerEntry.Ref",
	"Decision.Rule", "Decision.Matched", "Action.Do", "Action.Team", "Action.Products", "Action.Fields", "Action.Value",
	"Action.Rule", "Match.Product", "MessageFacts.Channel", "MessageFacts.Account", "MessageFacts.Language",
	"MessageFacts.Auto", "CustomerFacts.Segment", "Facts.Missing", "Facts.Request", "Facts.Match", "Facts.Product", "Facts.Now",
	"Handout.Team", "Handout.State", "Handout.To",
}

// taint writes the canary into every text of a value, but for what is kept.
func taint(v reflect.Value, where string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(canary + " in " + where)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		taint(v.Elem(), where)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			taint(v.Index(i), where)
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(reflect.ValueOf("kanarie-key"), reflect.ValueOf(canary+" in "+where))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name := v.Type().Name() + "." + f.Name; !slices.Contains(kept, name) && v.Field(i).CanSet() {
				taint(v.Field(i), name)
			}
		}
	}
}

func tainted[T any](v T) T {
	taint(reflect.ValueOf(&v).Elem(), "")
	return v
}

// world is a store in which somebody is known everywhere.
type world struct {
	t                        *testing.T
	db                       *DB
	at                       time.Time
	her                      balie.Person
	other                    balie.Person
	own, joined, named, free balie.ID // requests: hers, hers too, of others with her address, of others
	leased                   balie.Delivery
	shared, big, drafted     balie.BlobID
	theirs                   balie.Message // of somebody else on joined
}

var (
	herMail = balie.Address{Scheme: balie.Mail, Value: "kanarie@klant.example", Name: "Kanarie"}
	near    = balie.Address{Scheme: balie.Mail, Value: "marjan.kanarie@klant.example"} // not hers
)

func (w *world) now() time.Time {
	w.at = w.at.Add(time.Second)
	return w.at
}

func (w *world) commit(c ...balie.Change) {
	w.t.Helper()
	if err := w.db.Commit(w.t.Context(), c...); err != nil {
		w.t.Fatal(err)
	}
}

// open begins a request with a message of its customer's.
func (w *world) open(who balie.Person, taints bool) (balie.Change, balie.Message) {
	at := w.now()
	id := balie.NewID(at)
	var c balie.Change
	m := balie.Message{ID: balie.NewID(at), Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", At: at, Text: "Hallo"}
	e := balie.Event{Request: id, What: balie.Opened, At: at, By: "router@1", Message: m.ID, Data: map[string]string{
		"ref": id.Ref(6), "channel": "email", "customer": who.ID.String(), "product": "printer", "subject": "Vraag", "preview": "Hallo"}}
	l := balie.LedgerEntry{Message: m.ID, At: at, Channel: "email", Account: "desk", Key: id.String(), Outcome: balie.LedgerTaken, Request: id}
	if len(who.Addresses) > 0 {
		m.From, l.From = who.Addresses[0], who.Addresses[0].Value
	}
	if taints {
		m, l = tainted(m), tainted(l)
		m.From = herMail
		e.Data["subject"], e.Data["preview"], e.Data["note"] = canary, canary, canary
		e.Decision = &balie.Decision{}
		*e.Decision = tainted(*e.Decision)
	}
	w.do(&c, e)
	w.do(&c, balie.Event{What: balie.ToDesk, At: at, By: "router@1", Data: map[string]string{"reason": e.Data["note"]}})
	c.Messages, c.Ledger, c.Seen = []balie.Message{m}, []balie.LedgerEntry{l}, []string{"mid:" + id.String()}
	return c, m
}

func (w *world) do(c *balie.Change, e balie.Event) {
	w.t.Helper()
	if e.At.IsZero() {
		e.At = w.now()
	}
	if err := c.Do(e); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) blob(c *balie.Change, text string, size int) balie.BlobID {
	body := bytes.Repeat([]byte(text+"\n"), size/len(text)+1)
	o, err := w.db.PutBlob(w.t.Context(), bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if o.Inline != nil {
		c.Blobs = append(c.Blobs, balie.Blob{ID: o.Blob, Data: o.Inline})
	}
	return o.Blob
}

func (w *world) delivery(m balie.Message, to balie.Address, s balie.Status) balie.Delivery {
	at := w.now()
	d := balie.Delivery{ID: balie.NewID(at), Request: m.Request, Message: m.ID, Channel: "email", To: to, Created: at, Due: at, Status: s}
	if to == herMail {
		d = tainted(d)
		d.To, d.Status = herMail, s
	}
	return d
}

func newWorld(t *testing.T, dir string) *world {
	w := &world{t: t, db: openTest(t, dir), at: time.Date(2027, 3, 26, 12, 0, 0, 0, time.UTC)}
	w.her = tainted(balie.Person{ID: balie.NewID(w.at), Version: 1})
	w.her.Addresses = []balie.Address{herMail, {Scheme: balie.Tel, Value: "+31612345678"}, {Scheme: balie.Slack, Value: "T1/UKANARIE", Name: canary}}
	w.other = balie.Person{ID: balie.NewID(w.at), Version: 1, Name: "Marjan", Addresses: []balie.Address{near}}
	w.commit(balie.Change{People: []balie.Person{w.her, w.other}})
	w.makeOwn()
	w.makeJoined()
	w.makeNamed()
	return w
}

// makeOwn is a request of hers with everything that can happen to one.
func (w *world) makeOwn() {
	c, m := w.open(w.her, true)
	w.own = c.Request.ID
	m.Text = strings.Repeat(canary+" lang verhaal ", 200)
	w.shared = w.blob(&c, "een brief die twee keer kwam", 3000)
	w.drafted = w.blob(&c, "een bijlage", balie.InlineLimit+20)
	w.big = w.blob(&c, canary, balie.InlineLimit+10)
	m.Original, m.Parts = w.blob(&c, canary+" klein", 5000), []balie.Part{{Name: canary, Blob: w.big}, {Name: canary, Blob: w.shared}, {Name: canary, Blob: w.drafted}}
	reply := tainted(balie.Message{ID: balie.NewID(w.at), Request: w.own, Side: balie.DeskSide, Direction: balie.Out, At: w.now(), Channel: "email"})
	h := &balie.Handout{ID: balie.NewID(w.at), Team: "techniek", State: balie.Offered, Opened: w.at, Reason: canary}
	c.Messages = []balie.Message{m, reply}
	for _, e := range []balie.Event{
		{What: balie.Joined, By: "agent:sanne", Data: map[string]string{"person": w.other.ID.String()}},
		{What: balie.Filled, By: "customer", Data: map[string]string{"name": canary, "account": canary}},
		{What: balie.Edited, By: "agent:sanne", Data: map[string]string{"subject": canary, "assignee": "sanne"}},
		{What: balie.Tagged, By: "agent:sanne", Data: map[string]string{"add": canary}},
		{What: balie.HandedOut, By: "agent:sanne", Handout: h},
		{What: balie.HandoutRefused, By: "team:techniek", Data: map[string]string{"handout": h.ID.String(), "reason": canary}},
		{What: balie.Received, By: "customer", Message: m.ID, Data: map[string]string{"preview": canary}},
		{What: balie.Proposed, By: "router@1", Data: map[string]string{"address": herMail.Key(), "name": canary}},
		{What: balie.Alerted, By: "router@1", Data: map[string]string{"whom": "lead", "reason": canary}},
		{What: balie.Undelivered, By: "dispatch", Data: map[string]string{"error": "550 <" + herMail.Value + "> unknown"}},
		{What: balie.Bounced, By: "mail server", Data: map[string]string{"recipient": herMail.Value, "hard": "true"}},
		{What: balie.Told, By: "agent:sanne", Message: reply.ID, Data: map[string]string{canary: canary}},
		{What: balie.ClosedAs, By: "agent:sanne", Data: map[string]string{"outcome": "spam", "reason": canary}},
	} {
		w.do(&c, e)
	}
	w.leased = w.delivery(m, herMail, balie.Pending)
	w.leased.Due = w.at.Add(-time.Hour)
	c.Deliveries = []balie.Delivery{w.leased, w.delivery(reply, herMail, balie.SentOK), w.delivery(m, herMail, balie.Dead)}
	w.commit(c)
	got, err := w.db.Claim(w.t.Context(), w.leased.Due, time.Hour, 1)
	if err != nil || len(got) != 1 {
		w.t.Fatalf("claimed %d: %v", len(got), err)
	}
	w.leased = got[0].Delivery
}

// makeJoined is a request of somebody else in which she takes part.
func (w *world) makeJoined() {
	c, m := w.open(w.other, false)
	w.joined, w.theirs = c.Request.ID, m
	hers := tainted(balie.Message{ID: balie.NewID(w.at), Request: w.joined, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", At: w.now()})
	hers.From = herMail
	w.do(&c, balie.Event{What: balie.Joined, By: "agent:sanne", Data: map[string]string{"person": w.her.ID.String()}})
	w.do(&c, balie.Event{What: balie.Received, By: "customer", Message: hers.ID, Data: map[string]string{"preview": canary}})
	c.Messages = append(c.Messages, hers)
	c.Deliveries = []balie.Delivery{w.delivery(m, herMail, balie.Pending), w.delivery(m, near, balie.Pending)}
	w.commit(c)
}

// makeNamed is a request of others in which her address stands, a message of
// hers that belongs to none, and a request that has nothing to do with her.
func (w *world) makeNamed() {
	c, m := w.open(w.other, false)
	w.named = c.Request.ID
	m.Cc = []balie.Address{near, herMail}
	c.Messages[0] = m
	w.do(&c, balie.Event{What: balie.Proposed, By: "router@1", Message: m.ID, Data: map[string]string{
		"address": "KANARIE@klant.example", "name": "Kanarie", "message": m.ID.String()}})
	w.do(&c, balie.Event{What: balie.Filled, By: "customer", Data: map[string]string{"mail": herMail.Value, "room": "2.14", "colleague": near.Value}})
	held := tainted(balie.Message{ID: balie.NewID(w.at), Side: balie.CustomerSide, Direction: balie.In, Channel: "email", At: w.now()})
	held.From = balie.Address{Scheme: balie.Slack, Value: "T1/UKANARIE"}
	line := tainted(balie.LedgerEntry{At: w.now(), Channel: "email", Account: "desk", Outcome: balie.LedgerDuplicate})
	line.From = "Kanarie@Klant.example"
	heldLine := tainted(balie.LedgerEntry{Message: held.ID, At: w.now(), Channel: "email", Account: "desk", Outcome: balie.LedgerHeld})
	w.commit(c, balie.Change{Messages: []balie.Message{held}, Ledger: []balie.LedgerEntry{line, heldLine}})

	d, n := w.open(w.other, false)
	w.free = d.Request.ID
	n.Original = w.shared
	d.Messages[0] = n
	d.Records = []balie.Record{{Kind: "draft", Key: "sanne/" + w.free.String(), Version: 1, Body: []byte(`{"file":"` + string(w.drafted) + `"}`)}}
	w.commit(d)
}

// has reports whether something of hers stands in it.
func has(b []byte) bool {
	b = bytes.ReplaceAll(bytes.ToLower(b), []byte(near.Value), nil)
	return bytes.Contains(b, []byte(canary)) || bytes.Contains(b, []byte("31612345678"))
}

// found is where the canary is among what can be reached.
func (w *world) found() []string {
	w.t.Helper()
	var out []string
	err := w.db.view(w.t.Context(), func(r *reader) error {
		for k := kindMeta; k < kindCount; k++ {
			c := r.bucket(k).Cursor()
			for key, rec := c.First(); key != nil; key, rec = c.Next() {
				if has(key) || has(rec) {
					out = append(out, fmt.Sprintf("%s: %.300q", where(k, key), rec))
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(w.db.dir, blobFolder), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if has(b) {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// snapshot is all that can be read of a request.
func (w *world) snapshot(id balie.ID) string {
	w.t.Helper()
	ctx := w.t.Context()
	r, err := w.db.Request(ctx, id)
	ev, err2 := w.db.Events(ctx, id, 0)
	ms, err3 := w.db.Messages(ctx, id)
	ds, err4 := w.db.Deliveries(ctx, id)
	b, err5 := json.Marshal([]any{r, ev, ms, ds})
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// TestS13_AnErasedPersonIsNowhere puts a canary into every text of every record
// of a person and looks for it afterwards.
func TestS13_AnErasedPersonIsNowhere(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, dir)
	if n := len(w.found()); n < 20 {
		t.Fatalf("only %d records have a canary", n)
	}
	noFlaws(t, w.db)
	before, apart := w.request(w.own), w.snapshot(w.free)
	got, err := w.db.Erase(t.Context(), w.her.ID, "agent:lead", "AVG 2027-14", w.now())
	if err != nil {
		t.Fatal(err)
	}
	if left := w.found(); len(left) > 0 {
		t.Errorf("%d records still have a canary:\n%s", len(left), strings.Join(left, "\n"))
	}
	noFlaws(t, w.db)
	if want := (store.Erased{Requests: 3, Messages: 4, Originals: 2}); got != want {
		t.Errorf("it says %+v, want %+v", got, want)
	}
	w.figuresStay(before)
	w.othersStay(apart)
	w.cannotComeBack()
	w.db.Close()

	raw, err := os.ReadFile(filepath.Join(dir, storeFile))
	if err != nil || !has(raw) {
		t.Fatalf("the free pages were empty already, so that the rest proves nothing: %v", err)
	}
	w.db = openTest(t, dir)
	noFlaws(t, w.db)
	if raw, err = os.ReadFile(filepath.Join(dir, storeFile)); err != nil || has(raw) {
		t.Errorf("after a restart the file still has a canary on a free page: %v", err)
	}
	if w.snapshot(w.free) != apart {
		t.Error("a request of somebody else reads differently after the restart")
	}
}

func (w *world) request(id balie.ID) balie.Request {
	w.t.Helper()
	r, err := w.db.Request(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// figuresStay: what reports count by is as it was.
func (w *world) figuresStay(before balie.Request) {
	w.t.Helper()
	r := w.request(w.own)
	want := before
	want.Version, want.Changed, want.Customer = r.Version, r.Changed, balie.ID{}
	want.Subject, want.Preview, want.Fields, want.Tags = "", "", nil, nil
	want.Handouts[0].Reason = ""
	if !reflect.DeepEqual(r, want) {
		w.t.Errorf("the request is\n%+v\nwant\n%+v", r, want)
	}
	ms, err := w.db.Messages(w.t.Context(), w.own)
	if err != nil || len(ms) != 2 || ms[0].At.IsZero() || ms[1].Side != balie.DeskSide {
		w.t.Errorf("the shells are %+v: %v", ms, err)
	}
	events, err := w.db.Events(w.t.Context(), w.own, r.Version-1)
	if err != nil || len(events) != 1 || events[0].What != balie.Erased || events[0].By != "agent:lead" || events[0].Data["reason"] != "AVG 2027-14" {
		w.t.Errorf("the last event is %+v: %v", events, err)
	}
	feed, _, err := w.db.Read(w.t.Context(), "", 0)
	if n := len(feed); err != nil || feed[n-1].What != balie.Erased {
		w.t.Errorf("the feed does not end with it: %v", err)
	}
}

// othersStay: what is not hers reads as before.
func (w *world) othersStay(apart string) {
	w.t.Helper()
	ctx := w.t.Context()
	if w.snapshot(w.free) != apart {
		w.t.Error("a request of somebody else reads differently")
	}
	if m, err := w.db.Message(ctx, w.theirs.ID); err != nil || !reflect.DeepEqual(m, w.theirs) {
		w.t.Errorf("a message of the other reads %+v: %v", m, err)
	}
	if r := w.request(w.joined); r.Customer != w.other.ID || r.Subject != "Vraag" || r.Preview != "Hallo" || len(r.Participants) != 0 {
		w.t.Errorf("the other's request is %+v", r)
	}
	if r := w.request(w.named); r.Fields["room"] != "2.14" || r.Fields["colleague"] != near.Value || r.Preview != "Hallo" {
		w.t.Errorf("the other's fields are %v", r.Fields)
	}
	ds, err := w.db.Deliveries(ctx, w.joined)
	if err != nil || ds[0].Status != balie.TakenBack || ds[1].Status != balie.Pending || ds[1].To != near {
		w.t.Errorf("deliveries %+v: %v", ds, err)
	}
	for _, id := range []balie.BlobID{w.shared, w.drafted} {
		b, err := w.db.OpenBlob(ctx, id)
		if err != nil {
			w.t.Errorf("an original that others name: %v", err)
			continue
		}
		b.Close()
	}
	if _, err := w.db.OpenBlob(ctx, w.big); !errors.Is(err, balie.ErrNotFound) {
		w.t.Errorf("her large original gives %v", err)
	}
}

// cannotComeBack: neither by a sender, nor by a Change of before.
func (w *world) cannotComeBack() {
	w.t.Helper()
	ctx := w.t.Context()
	stale := func(what string, c balie.Change) {
		w.t.Helper()
		if err := w.db.Commit(ctx, c); !errors.Is(err, balie.ErrStale) {
			w.t.Errorf("%s gives %v", what, err)
		}
	}
	sent := w.leased
	sent.Status = balie.SentOK
	stale("a late sender", balie.Change{Deliveries: []balie.Delivery{sent}})
	late, _ := w.open(w.her, true)
	stale("a request decided on before", late)
	old := w.her
	old.Version = 2
	stale("the person written again", balie.Change{People: []balie.Person{old}})
	if due, err := w.db.Claim(ctx, w.at.Add(time.Hour), time.Minute, 9); err != nil || len(due) != 1 || due[0].Delivery.To != near {
		w.t.Errorf("there is to send: %+v, %v", due, err)
	}
	ref := "mid:" + w.own.String()
	f, err := w.db.Lookup(ctx, store.Query{Seen: []string{ref}, Addresses: w.her.Addresses, People: []balie.ID{w.her.ID}})
	if err != nil || len(f.Seen) != 1 || len(f.Addresses) != 0 || len(f.People) != 0 {
		w.t.Errorf("found %+v: %v", f, err)
	}
	first, err := w.db.Erase(ctx, w.her.ID, "agent:x", "again", w.now())
	if err != nil || first.Requests != 3 {
		w.t.Errorf("again: %+v, %v", first, err)
	}
	if _, err := w.db.Erase(ctx, balie.NewID(w.at), "agent:x", "", w.now()); !errors.Is(err, balie.ErrNotFound) {
		w.t.Errorf("somebody unknown: %v", err)
	}
	if _, err := w.db.Record(ctx, store.KindErasing, w.her.ID.String()); !errors.Is(err, balie.ErrNotFound) {
		w.t.Errorf("it is not done: %v", err)
	}
	back := balie.Person{ID: balie.NewID(w.at), Version: 1, Addresses: []balie.Address{{Scheme: balie.Mail, Value: herMail.Value}}}
	w.commit(balie.Change{People: []balie.Person{back}}) // she may write again, as somebody new
	if _, err := w.db.Erase(ctx, back.ID, "agent:x", "", w.now()); err != nil {
		w.t.Error(err)
	}
}

// countdown is a context that is over after so many looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestS13_AnInterruptedErasureGoesOn stops it at every place where it can be
// stopped, opens the store again and lets it go on.
func TestS13_AnInterruptedErasureGoesOn(t *testing.T) {
	for n := 0; ; n++ {
		dir := t.TempDir()
		w := newWorld(t, dir)
		_, err := w.db.Erase(&countdown{t.Context(), n}, w.her.ID, "agent:lead", "AVG 2027-14", w.now())
		if err == nil {
			if n < 20 {
				t.Fatalf("it could be stopped at %d places only", n)
			}
			return
		}
		noFlaws(t, w.db)
		w.db.Close()
		w.db = openTest(t, dir)
		got, err := w.db.Erase(t.Context(), w.her.ID, "agent:other", "other words", w.now())
		if err != nil {
			t.Fatalf("stopped at %d: %v", n, err)
		}
		if want := (store.Erased{Requests: 3, Messages: 4, Originals: 2}); got != want {
			t.Errorf("stopped at %d it says %+v, want %+v", n, got, want)
		}
		if left := w.found(); len(left) > 0 {
			t.Fatalf("stopped at %d, %d records still have a canary:\n%s", n, len(left), strings.Join(left, "\n"))
		}
		noFlaws(t, w.db)
		w.db.Close()
	}
}
