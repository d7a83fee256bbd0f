package webform_test

import (
	"os"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// The customer's own page, in every state that says something of its own, is
// usable by everyone: both languages, light and dark, wide and on a phone.
func TestTheStatusPageIsUsableByEveryone(t *testing.T) {
	s := open(t, nil)
	b := browse.Open(t, s.base)
	shots := os.Getenv("BALIE_SHOTS")
	look := func(name, path, see string) {
		for _, l := range []string{"nl", "en"} {
			for _, dark := range []bool{false, true} {
				b.Dark(dark)
				for _, width := range []int64{1280, 390} {
					b.Size(width, 800)
					b.Go(path+"?lang="+l, see)
					b.Bound()
					b.Accessible()
					if shots != "" && l == "nl" {
						b.Shot(shots + "/status-" + name + map[bool]string{true: "-dark"}[dark] + map[bool]string{true: "-390"}[width == 390] + ".png")
					}
				}
			}
		}
	}
	at := trimmed(s.ask("Toegang parkeerdek zaterdag"))
	r := s.lastRequest()
	s.desk.do(t, r.ID, balie.Event{What: balie.Edited, By: "router@1", Data: map[string]string{"promised": monday.Add(8 * time.Hour).Format(time.RFC3339)}},
		balie.Event{What: balie.Asked, By: "agent:x"})
	look("waiting", at, "#text")
	s.desk.do(t, r.ID, balie.Event{What: balie.Replied, By: "customer"}, balie.Event{What: balie.Answered, By: "agent:x"})
	s.desk.say(balie.Message{Request: r.ID, Side: balie.CustomerSide, Direction: balie.Out, Language: "nl", Text: "Je pas doet het zaterdag ook."})
	look("answered", at, "fieldset.rate")
	s.desk.do(t, r.ID, balie.Event{What: balie.Confirmed, By: "customer"})
	look("done", at, "fieldset.rate")
	s.desk.do(t, r.ID, balie.Event{What: balie.Rated, By: "customer", Data: map[string]string{"score": "4"}})
	look("rated", at, "#text")
	s.clock.pass(40 * 24 * time.Hour)
	look("follow", at, "#text")
	b.Sound()
}
