package main

import (
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// tab goes through fields with the Tab key until the one with an id has the
// focus.
func (v *visitor) tab(id string) {
	v.s.t.Helper()
	const most = 20
	for range most {
		v.Keys("\t")
		if browse.Get(v.Browser, chromedp.Evaluate[bool](`document.activeElement?.id === "`+id+`"`)) {
			return
		}
	}
	v.s.t.Fatalf("Tab does not lead to %s", id)
}

// phone: a call is written down and sent on without a mouse.
func (s *site) phone() {
	const customer, words = "wouter.smit@elzendam.example", "De verwarming in kamer A1.07 wordt niet warm. Het is er veel te koud."
	b := s.as("sanne")
	b.Go("/inbox", ".scroll.list")
	b.leave()
	b.Keys("C")
	b.See("#said")
	b.Bound()
	b.look("call")
	b.Until(`document.activeElement?.id === "q"`)
	b.Keys(strings.Split(customer, "")...)
	b.See("[data-caller] #name")
	b.tab("said")
	b.Keys(strings.Split(words, "")...)
	b.Until(`document.querySelector(".matches input:checked")?.value === "klimaat" && !!document.querySelector(".oc.on")`)
	b.look("call, recognised")
	b.Do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Until(`location.pathname.startsWith("/r/")`)
	b.See("#tl")
	b.look("request, from a call")
	ref, _, _ := strings.Cut(strings.TrimPrefix(b.path(), "/r/"), "?")
	id, err := s.app.desk.Find(s.t.Context(), setup, ref)
	if err != nil {
		s.t.Fatal(err)
	}
	if r := s.request(id); r.Channel != "phone" || r.Product != "klimaat" || r.State != balie.WithTeam {
		s.t.Errorf("it came by %s, is about %s and %s", r.Channel, r.Product, r.State)
	}
}

// erase: a lead gives somebody all that is kept of them, and then takes it
// away for good.
func (s *site) erase() {
	const name, customer = "Daan Bakker", "daan.bakker@elzendam.example"
	r, _ := s.ask(name+" <"+customer+">", "Vleugel C", "Kan iemand even langskomen in vleugel C? Het apparaat doet niets.")
	b := s.as("lex")
	b.Go("/customers", "h1")
	b.look("customers")
	path := "/customers/" + r.Customer.String()
	b.Go(path, "form[action='"+path+"/export']")
	b.look("customer")
	if got := browse.Get(b.Browser, chromedp.Evaluate[int](`(async () => { const f = document.querySelector("form[action$='/export']");
		const a = await fetch(f.action, { method: "POST", body: new URLSearchParams(new FormData(f)) });
		return a.ok ? (await a.arrayBuffer()).byteLength : 0; })()`, chromedp.EvalAwaitPromise)); got < 500 {
		s.t.Errorf("all that is kept of somebody is %d bytes", got)
	}
	b.Click("a[href='" + path + "/erase']")
	b.See("#reason")
	b.look("customer, erase")
	b.Type("#reason", "asked for it")
	b.Click("form[action='" + path + "/erase'] button")
	b.See(".toast")
	left, err := s.db.Messages(s.t.Context(), r.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range left {
		if m.Direction == balie.In && m.Text != "" || strings.Contains(m.From.Value+m.Text, "daan") {
			s.t.Errorf("of who was erased is left: %+v", m)
		}
	}
	b.Expect("404")
	b.Go(path, "main")
	if strings.Contains(b.Text("main"), name) {
		s.t.Error("the page still shows them")
	}
}
