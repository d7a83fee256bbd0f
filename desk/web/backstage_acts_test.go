package web_test

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/dispatch"
)

// hidden are a page's hidden fields of the form that posts to a path.
func (u *user) hidden(page, action string) url.Values {
	u.r.t.Helper()
	body := u.get(page).body
	i := strings.Index(body, `action="`+action+`"`)
	if i < 0 {
		u.r.t.Fatalf("%s has no form for %s\n%s", page, action, body)
	}
	form, _, _ := strings.Cut(body[i:], "</form>")
	out := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		out.Set(m[1], m[2])
	}
	return out
}

// lastLetter is the text of the last letter to somebody's request.
func (r *rig) lastLetter(q balie.Request) string {
	r.t.Helper()
	all, err := r.db.Messages(r.t.Context(), q.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	text := ""
	for _, m := range all {
		if m.Direction == balie.Out && m.Side == balie.CustomerSide {
			text = m.Text
		}
	}
	return text
}

func TestATextOfOurOwnIsInTheNextLetter(t *testing.T) {
	r := newRig(t)
	a, path := r.as(ada), "/settings/templates/text/receipt/nl"
	before := r.lastLetter(r.vague())
	if !strings.Contains(before, "Je bericht is binnen") {
		t.Fatalf("the built-in receipt: %s", before)
	}
	send := func(text, reason string) answer {
		v := a.hidden(path, path)
		v.Set("text", text)
		v.Set("reason", reason)
		v.Set("act", "save")
		return a.post(path, v)
	}
	got := send("Dank, {wie}!", "korter")
	if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "{wie} kent balie hier niet. Deze tekst kent {moment}.") || !strings.Contains(got.body, "Dank, {wie}!") {
		t.Errorf("an unknown placeholder: %d\n%s", got.StatusCode, got.body)
	}
	if text := r.lastLetter(r.ask("Piet Post", vagueSubject, vagueText)); !strings.Contains(text, "Je bericht is binnen") {
		t.Errorf("what was refused is in force: %s", text)
	}
	if got := send("Genoteerd {{.Secret}} <script>; we bellen voor {moment}.", ""); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.StatusCode)
	}
	if got := send("Genoteerd {{.Secret}} <script>; we bellen voor {moment}.", "persoonlijker"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	if text := r.lastLetter(r.ask("Kees Kok", vagueSubject, vagueText)); !strings.Contains(text, "Genoteerd {{.Secret}}") || strings.Contains(text, "{moment}") {
		t.Errorf("the next letter says %s", text)
	}
	r.traced(ada, "templates.publish")
	// Somebody else publishes between looking and saving.
	v := a.hidden(path, path)
	if _, err := desk.NewUpkeep(r.db, r.lib, nil).SetTemplate(t.Context(), desk.Actor{ID: "emil", Role: desk.Admin}, 1, "bye", "nl", "Groet, {desk}", "x", r.now()); err != nil {
		t.Fatal(err)
	}
	v.Set("text", "Van mij {moment}")
	v.Set("reason", "x")
	if got := a.post(path, v); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "Van mij {moment}") {
		t.Errorf("over somebody else's: %d", got.StatusCode)
	}
	// And back to what is built in.
	v = a.hidden(path, path)
	v.Set("act", "reset")
	v.Set("reason", "toch niet")
	a.post(path, v)
	if text := r.lastLetter(r.ask("Lies Lint", vagueSubject, vagueText)); !strings.Contains(text, "Je bericht is binnen") {
		t.Errorf("after the reset: %s", text)
	}
}

func TestADeadLetterThatIsTriedAgainReallyGoesOut(t *testing.T) {
	r := newRig(t)
	q, a := r.vague(), r.as(ada)
	d := dispatch.New(r.db, map[string]channels.Sender{"email": r.lines}, dispatch.Options{}, slog.New(slog.DiscardHandler), func(string, string) {})
	r.lines.no = channels.Permanent(errRevoked)
	if _, err := d.Step(t.Context(), r.now()); err != nil {
		t.Fatal(err)
	}
	page := a.sees("/settings/deliveries", http.StatusOK, "jan.bakker@akker.example", "the password is wrong", q.Ref)
	id := regexp.MustCompile(`name="id" value="([0-9A-Z]{26})"`).FindStringSubmatch(page.body)
	if id == nil {
		t.Fatalf("nothing can be chosen\n%s", page.body)
	}
	if got := a.post("/settings/deliveries", url.Values{"act": {"discard"}, "id": {id[1]}}); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("stopped without a reason: %d", got.StatusCode)
	}
	if got := r.as(lex).post("/settings/deliveries", url.Values{"act": {"retry"}, "id": {id[1]}}); got.StatusCode != http.StatusForbidden {
		t.Errorf("a lead: %d", got.StatusCode)
	}
	if got := a.post("/settings/deliveries", url.Values{"act": {"retry"}, "id": {id[1]}, "view": {"dead"}}); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	r.lines.no = nil
	if _, err := d.Step(t.Context(), r.now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if len(r.lines.sent) != 1 || r.lines.to[0].Value != "jan.bakker@akker.example" {
		t.Errorf("went out: %+v", r.lines.to)
	}
	if l := r.traced(ada, "delivery.retry"); !strings.Contains(string(l.Before), "dead") || !strings.Contains(string(l.After), "pending") {
		t.Errorf("before %s, after %s", l.Before, l.After)
	}
	// It is on its way: trying again says why not.
	if got := a.post("/settings/deliveries", url.Values{"act": {"retry"}, "id": {id[1]}}); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "sent") {
		t.Errorf("again: %d", got.StatusCode)
	}
}

func TestS13_AHeldMessageIsReleasedByNameAndItsOriginalIsAFile(t *testing.T) {
	r := newRig(t)
	a := r.as(ada)
	id := r.held("Onze nieuwsbrief", "=HYPERLINK(\"http://x\")")
	a.sees("/settings/intake?view=held", http.StatusOK, "Onze nieuwsbrief", "held for the test")
	got := a.get("/settings/intake/" + id + "/original")
	if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || got.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	r.traced(ada, "message.open")
	got = a.post("/settings/intake/"+id+"/release", nil)
	_, ref, _ := strings.Cut(got.Header.Get("Location"), "released=")
	if got.StatusCode != http.StatusSeeOther || ref == "" {
		t.Fatalf("%d %s\n%s", got.StatusCode, got.Header.Get("Location"), got.body)
	}
	var q balie.Request
	for _, x := range r.requests() {
		if x.Ref == ref {
			q = x
		}
	}
	if q.State != balie.AtDesk || q.Subject != "Onze nieuwsbrief" || r.lastLetter(q) != "" {
		t.Errorf("%+v, a letter %q", q, r.lastLetter(q))
	}
	if all, err := r.db.Messages(t.Context(), q.ID); err != nil || len(all) != 1 {
		t.Errorf("its messages: %v, %v", all, err)
	}
	events, err := r.db.Events(t.Context(), q.ID, 0)
	if err != nil || events[len(events)-1].By != "agent:ada" {
		t.Errorf("%v, %+v", err, events)
	}
	r.traced(ada, "message.release")
	if got := a.post("/settings/intake/"+id+"/release", nil); got.StatusCode != http.StatusConflict {
		t.Errorf("released twice: %d", got.StatusCode)
	}
}

// held stores a message that was kept without a request.
func (r *rig) held(subject, text string) string {
	r.t.Helper()
	m := balie.Message{ID: balie.NewID(r.now()), Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Account: "desk", Key: "imap:held/" + subject,
		From: balie.Address{Scheme: balie.Mail, Value: "nieuws@krant.example", Name: "Krant"}, Subject: subject, Text: text, MsgID: "held@krant.example", At: r.now()}
	err := r.db.Commit(r.t.Context(), balie.Change{Messages: []balie.Message{m}, Seen: []string{"raw:" + m.Key},
		Ledger: []balie.LedgerEntry{{Message: m.ID, At: r.now(), Channel: "email", Account: "desk", Key: m.Key, From: m.From.Value, Subject: subject, Outcome: balie.LedgerHeld, Reason: "held for the test"}}})
	if err != nil {
		r.t.Fatal(err)
	}
	return m.ID.String()
}

func TestS6_TheLogIsHarmlessInASpreadsheet(t *testing.T) {
	r := newRig(t)
	payloads := []string{"=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "＝1+1", "a\nb", "<script>alert(1)</script>", `"; DROP`}
	for _, p := range payloads {
		c := balie.Change{Records: []balie.Record{desk.AuditRecord(r.now(), p, p, p, p, map[string]string{p: p})}}
		if err := r.db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got := r.as(lex).get("/settings/audit/csv")
	if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(rows) < len(payloads)+1 {
		t.Fatalf("%v, %d rows\n%s", err, len(rows), got.body)
	}
	for _, row := range rows {
		for _, cell := range row {
			if first := strings.TrimLeft(cell, " \t\r\n"); first != "" && strings.ContainsAny(first[:1], "=+-@|") || strings.ContainsAny(cell, "\t\r\n") {
				t.Errorf("a spreadsheet would carry out %q", cell)
			}
		}
	}
	if page := r.as(lex).get("/settings/audit"); strings.Contains(page.body, "<script>alert") {
		t.Error("the page carries a line out")
	}
}

func TestTheCatalogueIsChangedReviewedPublishedAndTakenBackWithoutAScript(t *testing.T) {
	r := newRig(t)
	a, path := r.as(ada), "/catalogue/product/sleutel"
	form := func() url.Values { return a.filled(path) }
	v := form()
	v.Set("nl_name", "Reservesleutel")
	v.Set("nl_examples", v.Get("nl_examples")+"\nDe sleutel van het archief is zoek")
	v.Set("respond", "onzin")
	if got := a.post(path, v); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, `value="Reservesleutel"`) {
		t.Fatalf("a wrong figure: %d", got.StatusCode)
	}
	v.Set("respond", "2,5")
	old := v
	if got := a.post(path, v); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	if x, _ := r.lib.Brain().Catalogue.Product("sleutel"); x.Names["nl"] == "Reservesleutel" {
		t.Fatal("a draft is in force")
	}
	if got := a.post(path, old); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "Reservesleutel") {
		t.Errorf("from an older page: %d", got.StatusCode)
	}
	page := a.sees("/catalogue/review", http.StatusOK, "Reservesleutel", "De sleutel van het archief is zoek")
	for range 30 {
		if page.Header.Get("Refresh") == "" {
			break
		}
		page = a.get("/catalogue/review")
	}
	if !strings.Contains(page.body, "minstens zo goed als nu") || !strings.Contains(page.body, "%") {
		t.Errorf("the check says nothing of the examples\n%s", page.body)
	}
	v = a.hidden("/catalogue/review", "/catalogue/publish")
	if got := a.post("/catalogue/publish", v); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.StatusCode)
	}
	v.Set("reason", "zo heet het")
	got := a.post("/catalogue/publish", v)
	for range 60 {
		where := got.Header.Get("Location")
		if got.StatusCode == http.StatusSeeOther && strings.Contains(where, "did=published") {
			break
		}
		if got.StatusCode == http.StatusSeeOther {
			got = a.get(where)
			continue
		}
		if got.StatusCode != http.StatusOK {
			t.Fatalf("%d\n%s", got.StatusCode, got.body)
		}
		got = a.get(got.Request.URL.RequestURI())
	}
	x, _ := r.lib.Brain().Catalogue.Product("sleutel")
	if x.Names["nl"] != "Reservesleutel" || x.Respond != 150*time.Minute {
		t.Errorf("in force: %q, %v", x.Names["nl"], x.Respond)
	}
	r.traced(ada, "catalogue.publish")
	v = a.hidden("/catalogue/history/1", "/catalogue/rollback")
	v.Set("reason", "toch niet")
	if got := a.post("/catalogue/rollback", v); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	if x, _ := r.lib.Brain().Catalogue.Product("sleutel"); x.Names["nl"] == "Reservesleutel" {
		t.Error("it was not taken back")
	}
	r.traced(ada, "catalogue.rollback")
	if got := a.get("/catalogue/export"); !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.body, "products:") {
		t.Errorf("the export: %v", got.Header)
	}
}

var (
	inputs    = regexp.MustCompile(`<input [^>]*name="([a-z0-9_]+)"[^>]*>`)
	areas     = regexp.MustCompile(`(?s)<textarea [^>]*name="([a-z0-9_]+)"[^>]*>(.*?)</textarea>`)
	selects   = regexp.MustCompile(`(?s)<select [^>]*name="([a-z0-9_]+)"[^>]*>(.*?)</select>`)
	selected  = regexp.MustCompile(`<option value="([^"]*)" selected`)
	valueAttr = regexp.MustCompile(` value="([^"]*)"`)
)

// filled is a product's form as a browser would send it.
func (u *user) filled(page string) url.Values {
	u.r.t.Helper()
	body := u.get(page).body
	i := strings.Index(body, `<form id="product"`)
	if i < 0 {
		u.r.t.Fatalf("%s has no form\n%s", page, body)
	}
	form, _, _ := strings.Cut(body[i:], "</form>")
	out := url.Values{}
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&lt;", "<", "&gt;", ">", "&#43;", "+")
	for _, m := range inputs.FindAllStringSubmatch(form, -1) {
		box := strings.Contains(m[0], `type="checkbox"`)
		if box && !strings.Contains(m[0], "checked") {
			continue
		}
		value := "on"
		if at := valueAttr.FindStringSubmatch(m[0]); at != nil {
			value = unescape.Replace(at[1])
		} else if !box {
			value = ""
		}
		out.Set(m[1], value)
	}
	for _, m := range areas.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], unescape.Replace(m[2]))
	}
	for _, m := range selects.FindAllStringSubmatch(form, -1) {
		if at := selected.FindStringSubmatch(m[2]); at != nil {
			out.Set(m[1], at[1])
		} else {
			out.Set(m[1], "")
		}
	}
	out.Set("threshold", "0.9")
	return out
}

func TestQualityIsHiddenUnderThirtyReviewed(t *testing.T) {
	r := newRig(t)
	path := "/catalogue/product/toegangspas"
	review := func(i int) {
		q := r.ask("Kim "+strconv.Itoa(i), "Pas", "Mijn toegangspas doet het niet meer bij de poort "+strconv.Itoa(i))
		c := balie.Change{Request: q}
		if err := c.Do(balie.Event{What: balie.Judged, At: r.now(), By: "agent:sanne", Data: map[string]string{"right": "true"}}); err != nil {
			t.Fatal(err)
		}
		if err := r.db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	until := func(n int) {
		for {
			more := r.products.Followed()
			if r.products.Traffic(r.now())["toegangspas"].At(0).Reviewed >= n {
				return
			}
			<-more
		}
	}
	for i := range desk.FewReviewed - 1 {
		review(i)
	}
	until(desk.FewReviewed - 1)
	if a := r.as(ada).sees(path, http.StatusOK, "29 verzoeken zijn nagekeken. Nog 1"); strings.Contains(a.body, `class="curve"`) {
		t.Error("a curve is shown of 29")
	}
	review(desk.FewReviewed)
	until(desk.FewReviewed)
	r.as(ada).sees(path, http.StatusOK, `class="curve"`, "gemeten op 30 nagekeken verzoeken", "100%")
}

func TestOpeningHoursAreChangedAndTriedOut(t *testing.T) {
	r := newRig(t)
	a, path := r.as(ada), "/settings/hours/kantoor"
	a.sees(path+"?from=2030-03-05T16:30&hours=2", http.StatusOK, "woensdag 6 maart, 09.00 uur")
	v := a.hidden(path, path)
	for _, d := range []string{"mon", "tue", "wed", "thu"} {
		v.Set(d, "08.00-12.30, 13:00-17:00")
	}
	v.Set("zone", "Europe/Amsterdam")
	v.Set("holidays", "nl without Goede Vrijdag\n2030-03-06 Verhuizing")
	v.Set("reason", "verhuizing")
	bad := url.Values{}
	for k, x := range v {
		bad[k] = x
	}
	bad["mon"] = []string{"12:30-08:00"}
	if got := a.post(path, bad); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "12:30-08:00") {
		t.Errorf("hours that end before they begin: %d", got.StatusCode)
	}
	if got := a.post(path, v); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.StatusCode, got.body)
	}
	a.sees(path+"?from=2030-03-05T16:30&hours=2", http.StatusOK, "donderdag 7 maart, 09.30 uur", "Verhuizing", "Nieuwjaarsdag")
	r.traced(ada, "calendar.change")
	if got := a.post(path, v); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "Verhuizing") {
		t.Errorf("on an older version: %d", got.StatusCode)
	}
}
