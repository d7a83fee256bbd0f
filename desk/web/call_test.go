package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// saskia is a customer with a mail address and a telephone number.
func (r *rig) saskia() balie.Person {
	r.t.Helper()
	q := r.mail("Saskia de Wit <saskia.de.wit@akker.example>", "Extra stoelen", "Kunnen er morgen twintig extra stoelen in de raadzaal?", "")
	p, err := r.customers.Edit(r.t.Context(), desk.Actor{ID: sanne, Role: desk.Agent}, q.Customer, desk.CustomerEdit{Add: &balie.Address{Scheme: balie.Tel, Value: "06 8765 4321"}}, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	r.found(p.Name)
	return p
}

// found waits until somebody is found by their name.
func (r *rig) found(name string) {
	r.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		moved := r.people.Moved()
		all, err := r.customers.Find(r.t.Context(), desk.Actor{Role: desk.Admin}, desk.CustomerQuery{Words: name, Limit: 1})
		if err != nil {
			r.t.Fatal(err)
		}
		if all.Ready && len(all.Lines) > 0 {
			return
		}
		select {
		case <-moved:
		case <-limit:
			r.t.Fatalf("%s is not found", name)
		}
	}
}

// A caller is found by their number however it is typed, by a part of their
// name, by mail address and by organisation.
func TestACallerIsFoundHoweverTyped(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	u := r.as(sanne)
	for _, typed := range []string{"06 8765 4321", "0687654321", "06-87654321", "+31687654321", "+31 6 8765 4321", "+31 (0)6 87654321", "0031 6 87654321", "saskia.de.wit@akker.example", "Saskia.de.Wit@AKKER.example"} {
		a := u.sees("/call/caller?q="+url.QueryEscape(typed), http.StatusOK, "Saskia de Wit", "Extra stoelen")
		if !strings.Contains(a.body, `name="person" value="`+p.ID.String()+`"`) {
			t.Errorf("%q is an address of hers, and she is not chosen", typed)
		}
	}
	for _, typed := range []string{"sas", "wit saskia", "06 8765", "+31 6 87", "0031 6 8765", "Akker", "saskia.de", "SASKIA akker"} {
		a := u.sees("/call/caller?q="+url.QueryEscape(typed), http.StatusOK, "Saskia de Wit")
		if strings.Contains(a.body, `value="`+p.ID.String()+`" checked`) {
			t.Errorf("%q chose somebody by itself", typed)
		}
	}
	if a := u.get("/call/caller?q=" + url.QueryEscape("06 1111 1111")); strings.Contains(a.body, "Saskia") || !strings.Contains(a.body, `name="name"`) {
		t.Errorf("another number gives\n%s", a.body)
	}
}

// form is what the page would send.
func (u *user) callForm(more url.Values) url.Values {
	u.r.t.Helper()
	a := u.sees("/call", http.StatusOK)
	key, rest, ok := strings.Cut(a.body[strings.Index(a.body, `name="key" value="`)+len(`name="key" value="`):], `"`)
	if !ok || rest == "" {
		u.r.t.Fatal("the page has no key")
	}
	f := url.Values{"key": {key}, "channel": {"phone"}, "started": {fmt.Sprint(u.r.now().Add(-2 * time.Minute).Unix())}}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// The form sent twice is one call, and says how long it took.
func TestACallSentTwiceIsOneCall(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	before := len(r.requests())
	u := r.as(sanne)
	f := u.callForm(url.Values{"q": {"06 87654321"}, "person": {p.ID.String()}, "text": {"De lift staat stil"}, "product": {"-"}, "outcome": {"desk"}})
	one, two := u.post("/call", f), u.post("/call", f)
	if one.StatusCode != http.StatusSeeOther || one.Header.Get("Location") != two.Header.Get("Location") {
		t.Fatalf("%d %q, then %d %q", one.StatusCode, one.Header.Get("Location"), two.StatusCode, two.Header.Get("Location"))
	}
	all := r.requests()
	if len(all) != before+1 {
		t.Fatalf("%d requests of one call", len(all)-before)
	}
	i := len(all) - 1
	for j := range all {
		if all[j].Channel == "phone" {
			i = j
		}
	}
	if all[i].Customer != p.ID || all[i].Assignee != sanne || all[i].State != balie.AtDesk {
		t.Errorf("the call became %+v", all[i])
	}
	said, err := r.db.Messages(t.Context(), all[i].ID)
	if err != nil || said[0].Fields["took"] != "2m0s" {
		t.Errorf("it took %v (%v)", said[0].Fields, err)
	}
	u.sees(strings.SplitN(one.Header.Get("Location"), "#", 2)[0], http.StatusOK, `class="toast"`)
}

// Without script a call takes two steps: look up, and finish. What was typed
// is there in between, also in another browser.
func TestACallWithoutScriptTakesTwoSteps(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	u := r.as(sanne)
	f := u.callForm(url.Values{"q": {"+31 6 87654321"}, "text": {heatingText}, "act": {"look"}})
	if a := u.post("/call", f); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/call#said" {
		t.Fatalf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	a := u.sees("/call", http.StatusOK, "Saskia de Wit", heatingText, "Te warm, te koud of tocht", "f.")
	if !strings.Contains(a.body, `name="person" value="`+p.ID.String()+`"`) {
		t.Error("she is not chosen")
	}
	f.Del("act")
	f.Set("outcome", "handout")
	f.Set("person", p.ID.String())
	f.Set("why", "het is ijskoud")
	got := u.post("/call", f)
	if got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	ref := strings.TrimPrefix(strings.SplitN(got.Header.Get("Location"), "?", 2)[0], "/r/")
	found, err := r.db.Lookup(t.Context(), store.Query{Refs: []string{ref}})
	if err != nil {
		t.Fatal(err)
	}
	if q := r.request(found.Refs[ref]); q.State != balie.WithTeam || q.Handouts[0].Team != "techniek" || q.Customer != p.ID {
		t.Errorf("the call became %+v", q)
	}
	if d, err := r.desk.CallDraft(t.Context(), u.Actor(), r.now()); err != nil || !d.IsEmpty() {
		t.Errorf("the draft stays: %+v, %v", d, err)
	}
}

// A call that cannot be logged is shown again with everything that was typed.
func TestARefusedCallKeepsWhatWasTyped(t *testing.T) {
	r := newRig(t)
	u := r.as(sanne)
	f := u.callForm(url.Values{"q": {"06 12345678"}, "name": {"Piet Nieuw"}, "for": {"mevrouw Bos"}, "outcome": {"desk"}})
	a := u.post("/call", f)
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	for _, s := range []string{"06 12345678", "Piet Nieuw", "mevrouw Bos", `href="#said"`, "Schrijf in één regel op"} {
		if !strings.Contains(a.body, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
	if len(r.requests()) != 0 {
		t.Error("something was stored")
	}
}

// rings brings in an event of the telephone.
func (r *rig) rings(id, kind, from string) {
	r.t.Helper()
	r.taken++
	body := fmt.Sprintf(`{"type":%q,"timestamp":%q,"data":{"call_id":%q,"direction":"inbound","from":%q,"to":"+31207654321"}}`, kind, r.now().Format(time.RFC3339), id, from)
	sink := r.intake.Sink("phone")
	o, err := sink.Keep(r.t.Context(), bytes.NewReader([]byte(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := sink.Receive(r.t.Context(), nil, balie.Raw{Channel: "phone", Format: "call", Account: "phone", Key: fmt.Sprintf("call:phone:%d", r.taken), At: r.now(), Original: o}); err != nil {
		r.t.Fatal(err)
	}
}

// A telephone that rings pops up wherever an agent is, with who it is; taking
// it fills the page in; logged, it is one request with the telephone's own
// events, and rings no more.
func TestARingingCallIsTaken(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	b := r.as(sanne).browser()
	b.Size(1280, 800)
	b.Expect("/live")
	b.Go("/inbox", "h1")
	b.Until(`document.documentElement.dataset.line === "on"`)
	before := len(r.requests())
	r.rings("c-77", "call.ringing", "+31687654321")
	b.See(".toast.ring a")
	if got := b.Text(".toast.ring span"); !strings.Contains(got, "Saskia de Wit") {
		t.Errorf("it rings for %q", got)
	}
	b.Click(".toast.ring a")
	b.See("#said")
	b.Until(`document.querySelector("h1").textContent === "Saskia de Wit" && document.querySelector("[name=call]").value.endsWith("c-77")`)
	b.Type("#said", "Ze vraagt waar de stoelen blijven.")
	b.Until(`document.querySelector("[data-state]").textContent !== ""`)
	b.Click(".oc[value=callback]")
	b.See(".toast")
	r.rings("c-77", "call.ended", "+31687654321")
	all := r.requests()
	if len(all) != before+1 {
		t.Fatalf("%d requests of one call", len(all)-before)
	}
	for _, q := range all {
		if q.Channel == "phone" && (q.Customer != p.ID || q.State != balie.AtDesk) {
			t.Errorf("the call became %+v", q)
		}
	}
	limit := time.After(10 * time.Second)
	for {
		changed := r.ringing.Changed()
		if len(r.ringing.All(r.as(sanne).Actor(), r.now())) == 0 {
			break
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatal("the call that was written down still rings")
		}
	}
	b.Sound()
}

// A call from beginning to end by keyboard alone: Shift+C from the inbox, the
// number, Enter, the words; what fits shows while typing; Esc and one digit.
func TestACallByKeyboardAlone(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	b := r.as(sanne).browser()
	b.Size(1280, 800)
	b.Expect("/live")
	b.Expect("/call")
	b.Go("/inbox", "h1")
	b.Until(`(document.activeElement?.blur(), true)`)
	b.Keys("C")
	b.See("#said")
	b.Until(`document.activeElement?.id === "q"`)
	b.Type("#q", "06-8765 4321")
	b.Until(`document.querySelector("h1").textContent === "Saskia de Wit"`)
	b.Keys("\r")
	b.Until(`document.activeElement?.id === "said"`)
	b.Type("#said", heatingText)
	b.Until(`document.querySelector(".matches input:checked")?.value !== undefined && document.querySelectorAll(".ask label").length > 0`)
	if got := b.Text(".oc[value=handout] b"); !strings.Contains(got, "Building services") && !strings.Contains(got, "Techniek") {
		t.Errorf("it would go to %q", got)
	}
	b.Until(`document.activeElement?.id === "said"`) // nothing took the focus away
	b.Keys("\x1b")
	b.Until(`document.activeElement === document.body`)
	b.Keys("3")
	b.See(".toast")
	for _, q := range r.requests() {
		if q.Channel == "phone" && (q.Customer != p.ID || q.Assignee != sanne || q.Product == "") {
			t.Errorf("the call became %+v", q)
		}
	}
	// Once more: added to what runs, with 0.
	before := len(r.requests())
	b.Until(`(document.activeElement?.blur(), true)`)
	b.Keys("C")
	b.See("#said")
	b.Until(`document.activeElement?.id === "q"`)
	b.Type("#q", "0687654321")
	b.Until(`document.querySelector("[data-key='0']") !== null`)
	b.Keys("\r")
	b.Type("#said", "Ze belt er weer over.")
	b.Keys("\x1b")
	b.Until(`document.activeElement === document.body`)
	b.Keys("0")
	b.See(".toast")
	if got := len(r.requests()); got != before {
		t.Errorf("%d requests more", got-before)
	}
	b.Sound()
}
