package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/store"
)

// screen is one to take pictures of.
type screen struct {
	name, who, path, see string
	before               func(*visitor) // once the page is there
}

// window is that of a browser window.
type window struct {
	name          string
	width, height int64
}

// sizes are those of a screen: the wall hangs on one of its own.
func (sc screen) sizes() []window {
	if strings.HasPrefix(sc.name, wallScreen) {
		return []window{{"", 1920, 1080}}
	}
	return []window{{"", 1280, 800}, {"-mobile", 390, 844}}
}

const wallScreen = "06-board-wall"

// TestScreenshots writes every screen into the folder that BALIE_SCREENSHOTS
// names (make screenshots): in both languages, light and dark, wide and on a
// phone. The desk in them is that of the demo.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("BALIE_SCREENSHOTS")
	if dir == "" {
		t.Skip("make screenshots takes them")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script, err := readScript(demoFiles)
	if err != nil {
		t.Fatal(err)
	}
	s := openSite(t, script)
	if err := s.playAll(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	if err := s.openDesk(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.prepare()
	only := os.Getenv("BALIE_SCREENS") // a part of a name
	byWho := map[string][]screen{}
	for _, sc := range s.screens() {
		if strings.Contains(sc.name, only) {
			byWho[sc.who] = append(byWho[sc.who], sc)
		}
	}
	for who, all := range byWho {
		for _, language := range []string{"nl", "en"} {
			t.Run(cmp.Or(who, "public")+"-"+language, func(t *testing.T) {
				s.t = t
				s.shoot(dir, who, language, all)
			})
		}
	}
}

// shoot takes the pictures of somebody's screens in a language.
func (s *site) shoot(dir, who, language string, all []screen) {
	var b *visitor
	switch who {
	case "":
		b = s.visit()
	case "noor":
		b = s.admin()
	default:
		b = s.as(who)
	}
	b.Language(language)
	for _, status := range []string{"404", "409", "422"} { // of screens about what is wrong
		b.Expect(status)
	}
	for _, sc := range all {
		for _, size := range sc.sizes() {
			b.Size(size.width, size.height)
			b.Go(sc.path, sc.see)
			b.Bound()
			if sc.before != nil {
				sc.before(b)
			}
			for _, theme := range []string{"", "-dark"} {
				b.Dark(theme != "")
				name := sc.name + map[string]string{"nl": "", "en": "-en"}[language] + theme + size.name
				b.Shot(filepath.Join(dir, name+".png"))
			}
		}
	}
}

// about is the demo's request of a question.
func (s *site) about(id string) balie.Request {
	s.t.Helper()
	key := balie.MessageKey(s.sent[id].msgID)
	found, err := s.db.Lookup(s.t.Context(), store.Query{Seen: []string{key}})
	if err != nil || found.Seen[key].Request.IsZero() {
		s.t.Fatalf("the demo did not ask %s: %v", id, err)
	}
	return s.request(found.Seen[key].Request)
}

// prepare leaves a draft of the rules, a stale reply and one on its way.
func (s *site) prepare() {
	b := s.admin()
	b.Go("/rules/new", "[name='name.en']")
	b.Type("[name='name.en']", "Christmas hampers")
	browse.Get(b.Browser, chromedp.Evaluate[bool](`document.querySelector("[name='name.nl']").closest("details").open = true`))
	b.Type("[name='name.nl']", "Kerstpakketten")
	b.Type("[name='c0.value']", "kerstpakket, kerstpakketten")
	b.set("#f-decide", "hand_out")
	b.set("#f-to", "logistiek")
	b.Click(".ed-h button[name=act][value=save]")
	b.Until(`location.pathname.startsWith("/rules/c")`)
}

// screens are all of them; the names of those that were drawn are theirs.
func (s *site) screens() []screen {
	pass, screenM, chair := "/r/"+s.about("w-pas").Ref, s.about("w-beamer"), "/r/"+s.about("w-stoel").Ref
	customer := "/customers/" + s.about("w-pas").Customer.String()
	typeCall := func(b *visitor) {
		b.set("#q", "fatima.elamrani@elzendam.example")
		b.set("#said", "De verwarming in kamer A1.07 wordt niet warm. Het is er veel te koud.")
		b.Until(`!!document.querySelector(".matches input:checked") && !!document.querySelector("[data-name]")?.value`)
	}
	sendReply := func(b *visitor) {
		b.set("#msg", "Dag Meryem, de arboadviseur belt je vandaag voor een afspraak.")
		b.Click("[data-send]")
		b.See(".msg.pending")
	}
	stale := func(b *visitor) {
		browse.Get(b.Browser, chromedp.Evaluate[bool](`!!(document.querySelector("#compose [name=seen]").value = "1")`))
		b.set("#msg", "Dag Fatima, ik laat je rechten nu herstellen.")
		b.Click("[data-send]")
		b.See("button[name=act][value=anyway]")
	}
	wrong := func(b *visitor) {
		b.set("#email", "joost.vandenberg")
		b.Click("form[action='/form'] button.primary")
		b.See(".errsum")
	}
	team, late, rated := "/r/"+screenM.Ref, "/r/"+s.about("w-luifel").Ref, "/r/"+s.about("p-boos").Ref
	whyClock := func(b *visitor) {
		browse.Get(b.Browser, chromedp.Evaluate[bool](`(() => { const d = document.querySelector(".whyclock"); d.open = true; d.scrollIntoView(); return true; })()`))
	}
	survey := strings.TrimPrefix(s.app.letters().SurveyLink(s.about("p-langer").ID, 30, time.Now()), s.url)
	return []screen{
		{"01-inbox", "sanne", "/inbox", "li.row", nil},
		{"02-request", "sanne", pass, "#msg", nil},
		{"02-request-handoff", "sanne", pass + "?tab=backoffice&team=techniek", "#h1", nil},
		{"02-request-team", "sanne", team, "#msg", nil},
		{"02-request-stale", "sanne", pass, "#msg", stale},
		{"02-request-sent", "yara", chair, "#msg", sendReply},
		{"02-request-of-team", "karim", team, "main", nil},
		{"03-phone", "sanne", "/call", "#said", typeCall},
		{"04-rules", "noor", "/rules/complaint-key", ".celbox", nil},
		{"04-rules-home", "noor", "/rules", "main", nil},
		{"04-rules-review", "noor", "/rules/review", "#f-reason", nil},
		{"05-catalogue", "noor", "/catalogue/product/toegangspas", "#nl_answer", nil},
		{"05-catalogue-list", "noor", "/catalogue", "main", nil},
		{"07-factsheet", "lex", "/figures?period=" + time.Now().Format("2006-01"), ".a4", nil},
		{"07-definitions", "lex", "/figures/definitions", "main", nil},
		{"02-request-late", "lex", late, "main", whyClock},
		{"02-request-rated", "lex", rated, "#tl", nil},
		{"06-board", "lex", "/board", "#board", nil},
		{"06-board-inform", "lex", "/board/inform", "main", nil},
		{wallScreen, "lex", "/board/wall", "body", nil},
		{"07-figures-flow", "lex", "/figures/flow", "main", nil},
		{"07-plan", "lex", "/plan", "main", nil},
		{"08-survey", "", survey + "/4", "[name=score]", nil},
		{"08-form", "", "/form", "#text", nil},
		{"08-form-error", "", "/form", "#text", wrong},
		{"08-status", "", s.sent["nameless"].page, "h1", nil},
		{"08-status-done", "", s.sent["wifi"].page, "h1", nil},
		{"09-error", "sanne", "/nothing", "main", nil},
		{"09-inbox-empty", "sanne", "/inbox?q=onvindbaarwoord", ".empty", nil},
		{"09-keys", "sanne", "/keys", "main", nil},
		{"09-login", "", "/login", "#password", nil},
		{"10-profile", "sanne", "/profile", "main", nil},
		{"10-settings", "noor", "/settings", "main", nil},
		{"10-settings-channels", "noor", "/settings/channels", "main", nil},
		{"10-settings-deliveries", "noor", "/settings/deliveries", "main", nil},
		{"10-settings-intake", "noor", "/settings/intake", "main", nil},
		{"10-settings-progress", "noor", "/settings/progress", "main", nil},
		{"10-settings-progress-edit", "noor", "/settings/progress/edit", "#yaml", nil},
		{"10-settings-wall", "noor", "/settings/wall", "main", nil},
		{"10-settings-templates", "noor", "/settings/templates", "main", nil},
		{"10-settings-audit", "noor", "/settings/audit", "main", nil},
		{"10-settings-users", "noor", "/settings/users", "main", nil},
		{"11-customers", "sanne", "/customers?q=elzendam", "main", nil},
		{"11-customer", "lex", customer, "main", nil},
		{"11-customer-erase", "lex", customer + "/erase", "main", nil},
		{"12-handout", "", s.handoutPage(screenM), "main", nil},
	}
}

// handoutPage is the page that a team got in its letter.
func (s *site) handoutPage(r balie.Request) string {
	for _, t := range slices.Backward(s.mail.Transactions()) {
		if l := s.readMail("techniek"+demoTeams, t.Data); t.User != "" && slices.Contains(t.To, l.to) && slices.Contains(l.refs, r.Ref) {
			if link := teamLink.FindString(l.text); link != "" {
				return link
			}
		}
	}
	s.t.Fatalf("no team got a page about %s", r.Ref)
	return ""
}
