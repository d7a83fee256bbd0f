package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// hidden are the fields that a page's form carries along.
func hidden(page string) url.Values {
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(base|draft)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		v.Set(m[1], m[2])
	}
	return v
}

// form is the rule form of a page with everything in it as a browser would
// send it.
func form(t *testing.T, page string) url.Values {
	t.Helper()
	_, body, ok := strings.Cut(page, `<form id="rule"`)
	if !ok {
		t.Fatalf("there is no rule form\n%s", page)
	}
	body, _, _ = strings.Cut(body, "</form>")
	v := url.Values{}
	attr := func(tag, name string) string {
		m := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if m == nil {
			return ""
		}
		return strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+").Replace(m[1])
	}
	for _, tag := range regexp.MustCompile(`<input[^>]*>`).FindAllString(body, -1) {
		box := strings.Contains(tag, `type="checkbox"`)
		if name := attr(tag, "name"); name != "" && (!box || strings.Contains(tag, " checked")) {
			v.Add(name, attr(tag, "value"))
		}
	}
	for _, m := range regexp.MustCompile(`(?s)<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>`).FindAllStringSubmatch(body, -1) {
		chosen := regexp.MustCompile(`<option[^>]*selected[^>]*>[^<]*`).FindString(m[2])
		if chosen == "" {
			chosen = regexp.MustCompile(`<option[^>]*>[^<]*`).FindString(m[2])
		}
		value := attr(chosen, "value")
		if !strings.Contains(chosen, "value=") {
			_, value, _ = strings.Cut(chosen, ">")
		}
		v.Add(m[1], value)
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(body, -1) {
		v.Add(m[1], strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+").Replace(m[2]))
	}
	return v
}

func (a answer) want(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	for _, s := range texts {
		if !strings.Contains(a.body, s) {
			t.Errorf("%s %s does not show %q\n%s", a.Request.Method, a.Request.URL.Path, s, a.body)
		}
	}
	return a
}

func TestRulesAreSeenByTheDeskAndChangedByAdmins(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/rules", "/rules/safety", "/rules/test", "/rules/history", "/rules/history/1", "/rules/text"} {
		for who, status := range map[string]int{ada: 200, lex: 200, sanne: 200, rita: 200, tom: 403} {
			if got := r.as(who).get(path).StatusCode; got != status {
				t.Errorf("GET %s as %s: %d, want %d", path, who, got, status)
			}
		}
	}
	for _, path := range []string{"/rules/new", "/rules/safety", "/rules/publish", "/rules/rollback", "/rules/discard", "/rules/move", "/rules/text", "/rules/backtest", "/rules/reapply"} {
		if got := r.as(lex).post(path, nil).StatusCode; got != 403 {
			t.Errorf("POST %s as a lead: %d", path, got)
		}
	}
	for _, path := range []string{"/rules/nonsense", "/rules/history/9", "/rules/backtest/NONSENSE"} {
		if got := r.as(ada).get(path).StatusCode; got != 404 {
			t.Errorf("GET %s: %d", path, got)
		}
	}
	if page := r.as(sanne).get("/rules/safety").body; strings.Contains(page, `value="save">Bewaar`) {
		t.Error("an agent is offered to save")
	}
}

// Every rule that is opened and saved as it is stays as it is.
func TestSavingARuleUnchangedChangesNothing(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	before := string(r.lib.Brain().Rules.Source())
	for _, rule := range r.lib.Brain().Rules.Rules() {
		v := form(t, u.sees("/rules/"+rule.ID, 200).body)
		v.Set("act", "save")
		u.post("/rules/"+rule.ID, v).want(t, 303)
	}
	page := u.sees("/rules/review", 200, "Je concept is gelijk aan wat er geldt").body
	if strings.Contains(page, `class="diff"`) {
		t.Error("there is a difference")
	}
	if text := u.get("/rules/text").body; !strings.Contains(text, strings.SplitN(before, "\n", 2)[0]) {
		t.Error("the remarks are gone")
	}
}

// The journey of an admin, without script: change, try, look back, publish,
// the next mail is routed by it, and back.
func TestARuleIsChangedTriedPublishedAndTakenBack(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	old := r.ask("Kim Visser", "Kerstpakket", "Waar kan ik mijn kerstpakket ophalen?")
	if old.State == balie.WithTeam {
		t.Fatalf("it was handed out already: %+v", old)
	}
	v := form(t, u.sees("/rules/new", 200, "Nieuwe regel").body)
	v.Set("name.nl", "Kerstpakketten")
	v.Set("c0.value", "kerstpakket, kerstpakketten")
	v.Set("decide", "hand_out")
	v.Set("to", "catering")
	v.Set("en.text", "Mijn kerstpakket is zoek")
	v.Set("act", "example")
	page := u.post("/rules/new", v).want(t, 200, "Mijn kerstpakket is zoek", "kerstpakket|kerstpakketten").body
	v = form(t, page)
	v.Set("act", "save")
	res := u.post("/rules/new", v).want(t, 303)
	path, _, _ := strings.Cut(res.Header.Get("Location"), "?")
	if path != "/rules/kerstpakketten" {
		t.Fatalf("it is at %s", path)
	}
	u.sees(path, 200, "Kerstpakketten", "Catering", "1 goed", "Concept v2")
	v = form(t, u.get(path).body)
	u.post("/rules/move", url.Values{"base": v["base"], "draft": v["draft"], "rule": {"kerstpakketten"}, "to": {"1"}}).want(t, 303)

	u.post("/rules/test", url.Values{"text": {"Krijg ik dit jaar een kerstpakket?"}, "channel": {"email"}}).
		want(t, 200, "Je concept beslist anders", "Catering", "Kerstpakketten")
	u.post("/rules/test", url.Values{"ref": {old.Ref}}).want(t, 200, "Je concept beslist anders", old.Ref)

	job := u.post("/rules/backtest", url.Values{"last": {"1000"}}).want(t, 303).Header.Get("Location")
	for limit := time.Now().Add(20 * time.Second); !strings.Contains(u.get(job).body, "Van de laatste 1 beslissingen veranderen er"); {
		if time.Now().After(limit) {
			t.Fatalf("it does not end\n%s", u.get(job).body)
		}
	}
	u.sees(job, 200, old.Ref, "Catering")

	review := u.sees("/rules/review", 200, "Concept vergeleken met v1", "Kerstpakketten", "Publiceren als v2", "1 van 1 anders")
	publish := hidden(review.body)
	u.post("/rules/publish", publish).want(t, 422, "Zeg waarom je dit verandert")
	publish.Set("reason", "december")
	u.post("/rules/publish", publish).want(t, 303)
	u.sees("/rules?did=published&v=2", 200, "v2 is van kracht", "Ongedaan maken")
	if q := r.ask("Noor Bakker", "Pakket", "Mijn kerstpakket is beschadigd"); q.State != balie.WithTeam || q.Handouts[0].Team != "catering" {
		t.Errorf("the next mail is %s %+v", q.State, q.Handouts)
	}
	u.post("/rules/rollback", url.Values{"version": {"1"}, "base": {"2"}}).want(t, 303)
	u.sees("/rules/history", 200, "terug naar versie 1", "december")
	u.sees("/rules/history/3?with=2", 200, "Van v2 naar v3", "Kerstpakketten")
	if q := r.ask("Piet Meer", "Pakket", "Waar is mijn kerstpakket toch?"); q.State == balie.WithTeam {
		t.Error("it is still routed by the rule")
	}
	u.post("/rules/rollback", url.Values{"version": {"1"}, "base": {"2"}}).want(t, 409)
}

// What is wrong is said at the field, and what was typed stays.
func TestAWrongRuleIsRefusedWithTheMendAndWhatWasTyped(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	v := form(t, u.get("/rules/bulk").body)
	v.Set("act", "cel")
	v = form(t, u.post("/rules/bulk", v).want(t, 200, `name="when"`).body)
	v.Set("when", `mesage.auto == "bulk"`)
	v.Set("name.nl", "Nieuwsbrief van Ada")
	v.Set("act", "save")
	u.post("/rules/bulk", v).want(t, 422, "mesage.auto bestaat niet", "Bedoelde je message.auto", `mesage.auto == &#34;bulk&#34;`, "Nieuwsbrief van Ada", "errsum")
	v.Set("when", `message.auto == "bulk"`)
	v.Set("decide", "hand_out")
	v.Set("to", "")
	u.post("/rules/bulk", v).want(t, 422, "Niet gezegd naar wie")
	v = form(t, u.get("/rules/bulk").body)
	v.Set("c0.fact", "now.hour")
	v.Set("c0.op", "at_least")
	v.Set("c0.value", "acht")
	v.Set("act", "save")
	u.post("/rules/bulk", v).want(t, 422, "vul een getal in", "acht")
	if r.as(ada).get("/rules/review").StatusCode != 200 || strings.Contains(u.get("/rules").body, "Concept v2") {
		t.Error("something was kept")
	}
}

// Rows are added and taken away by buttons, without script.
func TestTheBuilderWorksByButtonsAlone(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	v := form(t, u.get("/rules/complaint-key").body)
	if v.Get("c0.fact") != "request.kind" || v.Get("c0.value") != "complaint" || v.Get("c1.fact") != "customer.key_account" {
		t.Fatalf("rows %v", v)
	}
	press := func(act string) {
		t.Helper()
		v.Set("act", act)
		v = form(t, u.post("/rules/complaint-key", v).want(t, 200).body)
	}
	press("addgroup")
	for i, hour := range map[string]string{"2": "8", "3": "18"} {
		v.Set("c"+i+".fact", "now.hour")
		v.Set("c"+i+".op", map[string]string{"2": "less_than", "3": "at_least"}[i])
		v.Set("c"+i+".value", hour)
	}
	press("add")
	v.Set("c4.fact", "now.hour")
	v.Set("c4.op", "between")
	v.Set("c4.value", "6")
	press("show")
	v.Set("c4.to", "23")
	press("remove.1")
	if !v.Has("c3.to") {
		t.Fatalf("rows %v", v)
	}
	page := u.post("/rules/complaint-key", func() url.Values { v.Set("act", "show"); return v }()).want(t, 200).body
	want := "&amp;&amp; (now.hour &lt; 8\n  || now.hour &gt;= 18)\n&amp;&amp; now.hour &gt;= 6 &amp;&amp; now.hour &lt;= 23"
	if flat := regexp.MustCompile(`</?span[^>]*>`).ReplaceAllString(page, ""); !strings.Contains(flat, want) {
		t.Errorf("no %s in\n%s", want, flat)
	}
}

// Two admins: the second is shown what the first changed, and loses nothing.
func TestTheSecondAdminSeesWhatTheFirstPublished(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	change := func(id, name string) {
		t.Helper()
		v := form(t, u.get("/rules/"+id).body)
		v.Set("name.nl", name)
		v.Set("act", "save")
		u.post("/rules/"+id, v).want(t, 303)
	}
	change("bulk", "Massamail van Ada")
	change("desk", "Vangnet van Ada")
	first := hidden(u.get("/rules/review").body)
	r.publishAsOther("bulk", "Massamail van Emil", "Emil was eerst")
	first.Set("reason", "ik ook")
	u.post("/rules/publish", first).want(t, 409, "Emil was eerst", "Massamail van Emil", "Jullie veranderden allebei", "ik ook")
	again := hidden(u.get("/rules/review").body)
	u.post("/rules/reapply", again).want(t, 422, "Kies van wie regel")
	again.Set("pick.bulk", "theirs")
	u.post("/rules/reapply", again).want(t, 303)
	last := hidden(u.sees("/rules/review", 200, "Concept vergeleken met v2", "Vangnet van Ada").body)
	last.Set("reason", "samen")
	u.post("/rules/publish", last).want(t, 303)
	u.sees("/rules", 200, "Massamail van Emil", "Vangnet van Ada")
}

// publishAsOther changes a rule's name as another admin and publishes that.
func (r *rig) publishAsOther(id, name, reason string) {
	r.t.Helper()
	emil := desk.Actor{ID: "emil", Name: "Emil", Role: desk.Admin}
	v, err := r.rules.View(r.t.Context(), emil, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	rule, _, _ := v.Rule(id)
	rule.Names = map[string]string{"nl": name}
	d, err := r.rules.SaveRule(r.t.Context(), emil, v.Draft.Seen(), rule, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.rules.PublishDraft(r.t.Context(), emil, d.Seen(), reason, r.now()); err != nil {
		r.t.Fatal(err)
	}
}
