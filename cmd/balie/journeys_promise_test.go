package main

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// surveyLink is one score of a survey, in the letter to its customer.
var surveyLink = regexp.MustCompile(`/a/[\w.~-]+/2\b`)

// promise: a customer is told of a delay before it happens and a team is
// reminded, all by itself; an agent sees what is late on the board, takes it
// and resolves it; the customer says how it went, by the link in their letter.
func (s *site) promise() {
	const customer = "wim.dekker@elzendam.example"
	ctx := s.t.Context()
	if err := s.playPast(ctx, []deskWork{
		{Ago: 37 * time.Hour, Ask: question{ID: "promise", Via: "mail", From: "Wim Dekker <" + customer + ">", Subject: "Oostkant", Text: "Aan de oostkant schijnt de zon recht op ons grote bord. Kan daar iets voor komen?"}},
		{Ago: 34 * time.Hour, Ask: question{ID: "overdue", Via: "mail", From: "Cor Blaauw <cor.blaauw@elzendam.example>", Subject: "Luifel", Text: "Onder de luifel bij de fietsen blijft een plas staan waar iedereen doorheen moet. Wie kan daar naar kijken?"},
			Acts: []deskAct{{By: "bram", Do: "take"}, {By: "bram", Do: "handout", Team: "techniek", Text: "plas onder de luifel"}}},
	}); err != nil {
		s.t.Fatal(err)
	}
	r, late := s.about("promise"), s.about("overdue")
	if !wentOff(r, "delay:") || wentOff(r, "overdue:resolution") {
		s.t.Errorf("the customer was not told of the delay before it happened: %v", r.Fired)
	}
	if !wentOff(late, "handout_overdue:") {
		s.t.Errorf("nobody was told that the team is late: %v", late.Fired)
	}
	s.got("techniek"+demoTeams, "Hoe staat het ervoor")
	s.listed(r)
	s.listed(late)

	b := s.as("bram")
	b.Go("/board", "li[data-ref='"+late.Ref+"']")
	b.look("board")
	b.Go("/r/"+late.Ref, ".whyclock")
	browse.Get(b.Browser, chromedp.Evaluate[bool](`document.querySelector(".whyclock").open = true`))
	b.look("request, a team is late")
	b.Go("/board", "li[data-ref='"+r.Ref+"']")
	b.Click("form[action='/board/take/" + r.Ref + "'] button")
	b.See("#msg")
	if got := s.request(r.ID).Assignee; got != "bram" {
		s.t.Errorf("taken from the board, it is %q's", got)
	}
	b.Click("summary[data-key=e]")
	b.Click("button[name=how][value=phone]")
	b.See(".toast")
	if got := s.request(r.ID); got.State != balie.Closed || got.Outcome != balie.Solved {
		s.t.Fatalf("resolved, it is %s", got.State)
	}
	s.score(r, customer)
	b.Go("/r/"+r.Ref, "#tl")
	b.see("#tl", "gave a 2")
	b.look("request, scored")
}

// score has a customer asked how it went, an opening hour on, and answer.
func (s *site) score(r balie.Request, customer string) {
	guard, err := s.app.newGuard()
	if err != nil {
		s.t.Fatal(err)
	}
	on := s.app.calendar().Add(time.Now(), time.Hour+time.Minute)
	if _, err := guard.Step(s.t.Context(), on); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.app.dispatch.Step(s.t.Context(), on.Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	l, _ := s.got(customer, "/a/")
	link := surveyLink.FindString(l.text)
	if link == "" {
		s.t.Fatalf("the survey has no link:\n%s", l.text)
	}
	b := s.visit()
	b.Go(link, "[name=score]:checked")
	b.look("survey")
	if got := s.request(r.ID).Score; got != 0 {
		s.t.Fatalf("looking at the page gave a %d", got)
	}
	b.Until(`performance.now() > 2500`)
	b.Click("main button.primary, form button.primary")
	b.See(".banner[role=status]")
	b.look("survey, given")
	if got := s.request(r.ID).Score; got != 2 {
		s.t.Errorf("the score is %d", got)
	}
}

func wentOff(r balie.Request, timer string) bool {
	return slices.ContainsFunc(r.Fired, func(f string) bool { return strings.HasPrefix(f, timer) })
}

// changePromise: an admin changes how soon what was answered is closed, sees
// what that does, and publishes it.
func (s *site) changePromise() {
	b := s.admin()
	b.Go("/settings/progress", "main h1")
	b.look("promises")
	b.Click("a[href='/settings/progress/edit']")
	b.See("#yaml")
	body := browse.Get(b.Browser, chromedp.Evaluate[string](`document.getElementById("yaml").value`))
	changed := strings.Replace(body, "\n  solved: 5 ", "\n  solved: 4 ", 1)
	if changed == body {
		s.t.Fatal("the document does not say when what was answered is closed")
	}
	b.set("#yaml", changed)
	b.Click("button[name=act][value=try]")
	b.See("#e1")
	b.look("promises, tried")
	if got := s.app.documents.Brain().Policy.Closing.Solved; got != 5 {
		s.t.Errorf("trying it put it in force: %d", got)
	}
	b.Type("#reason", "vijf dagen was te lang")
	b.Click("button[name=act][value=publish]")
	b.Until(`location.pathname === "/settings/progress"`)
	if got := s.app.documents.Brain().Policy.Closing.Solved; got != 4 {
		s.t.Errorf("published, it is %d", got)
	}
}
