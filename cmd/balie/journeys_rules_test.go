package main

import (
	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// changeRule: an admin makes a rule in the builder, sees what it would do,
// looks back, publishes it; the next mail follows it until it is put back.
func (s *site) changeRule() {
	old, _ := s.ask("Gijs Mol <gijs.mol@elzendam.example>", "Dakrand", "Er nestelen gierzwaluwen onder de dakrand, is dat bekend?")
	if old.State == balie.WithTeam {
		s.t.Fatalf("it is handed out already: %+v", old.Handouts)
	}
	b := s.admin()
	b.Go("/rules", "nav.rlist")
	b.look("rules")
	b.Click("a[href='/rules/new']")
	b.Type("[name='name.en']", "Birds")
	b.Type("[name='c0.value']", "gierzwaluwen, zwaluwen")
	b.Until(`document.querySelector(".celbox").textContent.includes("gierzwaluwen|zwaluwen")`)
	b.set("#f-decide", "hand_out")
	b.set("#f-to", "techniek")
	b.look("rule, new")
	b.Click(".ed-h button[name=act][value=save]")
	b.Until(`location.pathname === "/rules/birds"`)
	b.See(".pubbar a[href='/rules/review']")

	b.Go("/rules/test", "#f-text")
	b.Type("#f-text", "Zitten er nog zwaluwen in de spouw?")
	b.Click("form:has(#f-text) button.primary")
	b.See(".card.differs")
	b.look("rules, tried")

	b.Go("/rules/review", "form[action='/rules/backtest']")
	b.Click("form[action='/rules/backtest'] button")
	b.Until(`document.querySelector("[data-balie=progress]")?.dataset.state === "done"`)
	b.See("a[href='/r/" + old.Ref + "']")
	b.look("rules, looked back")
	b.Go("/rules/review", "#f-reason")
	b.look("rules, review")
	b.Type("#f-reason", "the birds are protected")
	b.Click("button[form=publish]")
	b.See(".toast")
	next, _ := s.ask("Roos Timmer <roos.timmer@elzendam.example>", "Vogels", "Er nestelen zwaluwen onder de dakrand van gebouw C, is dat bekend?")
	if next.State != balie.WithTeam || next.Handouts[0].Team != "techniek" {
		s.t.Errorf("the next mail is %s %+v", next.State, next.Handouts)
	}

	b.Go("/rules/history", "ol.hist")
	b.look("rules, history")
	b.Click("form[action='/rules/rollback']:has([name=version][value='1']) button")
	b.See(".toast")
	after, _ := s.ask("Sem de Lange <sem.delange@elzendam.example>", "Nesten", "Er nestelen ook zwaluwen onder de dakrand van gebouw B, is dat bekend?")
	if after.State == balie.WithTeam {
		s.t.Errorf("it is still routed by the rule: %+v", after.Handouts)
	}
}

// changeAnswer: an admin mends an answer, sees what it would do, publishes
// it, and the next customer gets the new one.
func (s *site) changeAnswer() {
	const customer, words = "fenna.dijk@elzendam.example", "Vanaf maandag gaat het gebouw om zes uur open."
	b := s.admin()
	b.Go("/catalogue", "table.prods")
	b.look("catalogue")
	b.Click("a[href='/catalogue/product/openingstijden']")
	b.See("#nl_answer")
	b.look("product")
	b.set("#nl_answer", words)
	b.Click("#product .ed-h button.primary")
	b.See(".pubbar a[href='/catalogue/review']")
	b.Click(".pubbar a[href='/catalogue/review']")
	b.Until(`!!document.querySelector("ul.gate")`) // the page asks again until the check is over
	b.look("catalogue, review")
	b.Type("#reason", "new hours")
	if browse.Get(b.Browser, chromedp.Evaluate[bool](`!!document.querySelector("[name=anyway]")`)) {
		s.t.Error("a new answer is said to break something")
	}
	b.Click("form[action='/catalogue/publish'] button.primary")
	b.Until(`!location.search.includes("publishing") && !!document.querySelector(".toast")`)
	b.look("catalogue, published")
	s.ask("Fenna Dijk <"+customer+">", "Vraag", "Hoe laat gaat het gebouw 's ochtends open?")
	s.got(customer, words)
	b.Go("/catalogue/history", "table.people")
	b.look("catalogue, history")
	b.Click("a[href='/catalogue/history/1']")
	b.Type("#reason", "as it was")
	b.Click("form[action='/catalogue/rollback'] button.primary")
	b.Until(`!!document.querySelector(".toast")`)
}
