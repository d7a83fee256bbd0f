package web_test

import (
	"os"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/internal/token"
)

// answeredBy answers a request as an agent did.
func (r *rig) answeredBy(q balie.Request) balie.Request {
	r.t.Helper()
	c := balie.Change{Request: q}
	if q.State == balie.WithTeam {
		if err := c.Do(balie.Event{What: balie.HandoutDone, At: r.now(), By: "team:techniek", Data: map[string]string{"handout": q.Handouts[0].ID.String()}}); err != nil {
			r.t.Fatal(err)
		}
	}
	if c.Request.State == balie.AnsweredState {
		return c.Request
	}
	if err := c.Do(balie.Event{What: balie.Answered, At: r.now(), By: "agent:sanne"}); err != nil {
		r.t.Fatal(err)
	}
	if err := r.db.Commit(r.t.Context(), c); err != nil {
		r.t.Fatal(err)
	}
	return c.Request
}

// Who has a link in a letter and nothing else: the pages are usable by
// everyone, light and dark, on a phone, in both languages, and need no script.
func TestPagesBehindLinksAreUsableByEveryone(t *testing.T) {
	r := newRig(t)
	q := r.answeredBy(r.heating())
	other := r.heating()
	soon := r.now().AddDate(0, 0, 20)
	survey := "/a/" + r.tokens.Link(token.Survey, q.ID, soon)
	stop := "/u/" + r.tokens.Link(token.NoMore, q.Customer, soon)
	team := "/h/" + r.tokens.Link(token.Handout, other.Handouts[0].ID, soon)
	b := browse.Open(t, r.base)
	shots := os.Getenv("BALIE_SHOTS")
	look := func(name, path, see string) {
		for _, l := range []string{"nl", "en"} {
			for _, dark := range []bool{false, true} {
				b.Dark(dark)
				for _, width := range []int64{1280, 390} {
					b.Size(width, 800)
					sep := "?"
					if path == team+"?answer=later" {
						sep = "&"
					}
					b.Go(path+sep+"lang="+l, see)
					b.Bound()
					b.Accessible()
					if shots != "" && l == "nl" {
						b.Shot(shots + "/" + name + map[bool]string{true: "-dark"}[dark] + map[bool]string{true: "-390"}[width == 390] + ".png")
					}
				}
			}
		}
	}
	look("survey", survey+"/4", "fieldset.rate")
	look("nomore", stop, "button")
	look("team", team, "textarea")
	look("team-later", team+"?answer=later", "#until")

	b.Dark(false)
	b.Size(1280, 800)
	b.Scripts(false)
	b.Go(survey+"?lang=nl", "fieldset.rate")
	b.Click("button.primary")
	b.See(".errsum")
	b.Expect(survey[:3]) // the browser notes that the form was refused
	b.Type("#remark", "De monteur was vriendelijk")
	b.Click("label:nth-of-type(2)")
	b.Click("button.primary")
	b.See(".banner.warn")
	b.Scripts(true) // axe-core is one
	b.Accessible()
	b.Scripts(false)
	if shots != "" {
		b.Shot(shots + "/survey-bad.png")
	}
	if got := r.request(q.ID).Score; got != 2 {
		t.Errorf("score %d", got)
	}
	b.Go(stop+"?lang=nl", "button")
	b.Click("button.primary")
	b.See(".banner.ok")
	b.Sound()

	a := r.as(sanne).browser()
	a.Size(1280, 900)
	a.Go("/r/"+q.Ref, "#msg")
	a.Until(`document.body.textContent.includes("De monteur was vriendelijk")`)
	if shots != "" {
		a.Shot(shots + "/request-rated.png")
	}
}
