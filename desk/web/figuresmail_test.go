package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAFactsheetByMailIsSetUpAndStopped does it as an admin, and tries as others.
func TestAFactsheetByMailIsSetUpAndStopped(t *testing.T) {
	r := newRig(t)
	a := r.as(ada)
	wrong := url.Values{"span": {"month"}, "format": {"html"}, "language": {"nl"}, "to": {"the management"}}
	if got := a.post("/settings/reports", wrong); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "the management</textarea>") || !strings.Contains(got.body, `href="#to"`) {
		t.Fatalf("what is no address gives %d\n%s", got.StatusCode, got.body)
	}
	right := url.Values{"span": {"month"}, "format": {"html"}, "language": {"en"}, "team": {"techniek"}, "to": {"mt@delinde.example\r\nlex@delinde.example"}}
	if got := a.post("/settings/reports", right); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	page := r.as(lex).get("/settings/reports")
	for _, want := range []string{"Elke maand: ", "lex@delinde.example, mt@delinde.example", "Engels", "Volgende: 1 april 2030, 7.00 uur"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("a lead does not see %q\n%s", want, page.body)
		}
	}
	if strings.Contains(page.body, "/settings/reports/remove") {
		t.Error("a lead sees a button that is not theirs")
	}
	if got := r.as(lex).post("/settings/reports", right); got.StatusCode != http.StatusForbidden {
		t.Errorf("a lead sets one up: %d", got.StatusCode)
	}
	_, id, _ := strings.Cut(a.get("/settings/reports").body, `name="mailing" value="`)
	id, _, _ = strings.Cut(id, `"`)
	if got := a.post("/settings/reports/remove", url.Values{"mailing": {id}}); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("stop: %d", got.StatusCode)
	}
	if got := a.get("/settings/reports"); !strings.Contains(got.body, "Er gaat nog niets per mail") {
		t.Errorf("it still goes\n%s", got.body)
	}
}

// TestTheMailPageInABrowser sets one up with the keyboard's form and looks at it.
func TestTheMailPageInABrowser(t *testing.T) {
	r := newRig(t)
	b := r.as(ada).browser()
	for _, language := range []string{"nl", "en"} {
		b.Language(language)
		for _, dark := range []bool{false, true} {
			b.Dark(dark)
			b.Go("/settings/reports", "#to")
			b.Accessible()
		}
	}
	b.Type("#to", "nobody")
	b.Expect("422")
	b.Click(".formcard button.primary")
	b.See(".errsum")
	b.Accessible()
	b.Sound()
}
