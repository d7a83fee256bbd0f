package web_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// A team member sees no customer, and cannot tell one that is there from one
// that is not.
func TestS7_ATeamMemberSeesNoCustomer(t *testing.T) {
	r := newRig(t)
	q := r.heating() // tom's team has it
	u := r.as(tom)
	for _, id := range []string{q.Customer.String(), balie.NewID(r.now()).String()} {
		for _, path := range []string{"/customers", "/customers/" + id, "/customers/" + id + "/merge", "/customers/" + id + "/erase", "/call", "/call/caller?q=els"} {
			if a := u.get(path); a.StatusCode != http.StatusForbidden || strings.Contains(a.body, "Mulder") {
				t.Errorf("GET %s: %d", path, a.StatusCode)
			}
		}
	}
	if a := r.as(sanne).get("/customers/" + q.Customer.String() + "/erase"); a.StatusCode != http.StatusForbidden {
		t.Errorf("an agent may erase: %d", a.StatusCode)
	}
}

// A customer's page is changed from itself: name, addresses, and back again;
// each leaves its audit line (S13).
func TestACustomerIsLookedAfter(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	path := "/customers/" + p.ID.String()
	u := r.as(sanne)
	u.sees("/customers?q=0687", http.StatusOK, "Saskia de Wit", "Akker Zorg")
	a := u.sees(path, http.StatusOK, "Extra stoelen", "&#43;31687654321", "bewezen", "Accountmanagement", `name="version" value="2"`)
	if strings.Contains(a.body, path+"/erase") {
		t.Error("an agent is offered to erase")
	}
	if a := u.post(path, url.Values{"version": {"2"}, "name": {"Saskia de Wit-Bos"}, "organisation": {"akker"}, "language": {"nl"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	if a := u.post(path, url.Values{"version": {"2"}, "name": {"Iemand"}}); a.StatusCode != http.StatusConflict {
		t.Errorf("a form of an older version: %d", a.StatusCode)
	}
	other := r.mail("Jan Bakker <jan@klant.example>", vagueSubject, vagueText, "")
	a = u.post(path+"/address", url.Values{"act": {"add"}, "address": {"jan@klant.example"}})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "/customers/"+other.Customer.String()) {
		t.Errorf("an address of somebody else: %d\n%s", a.StatusCode, a.body)
	}
	a = u.post(path+"/address", url.Values{"act": {"remove"}, "scheme": {"tel"}, "address": {"+31687654321"}})
	u.sees(a.Header.Get("Location"), http.StatusOK, "Adres weggehaald", `name="address" value="&#43;31687654321"`)
	if got := r.acts("customer:" + p.ID.String()); strings.Join(got, " ") != "customer.address.add customer.address.remove customer.edit" {
		t.Errorf("the audit log says %v", got)
	}
}

// acts are what the audit log says of an object, by name: the clock stands still.
func (r *rig) acts(object string) []string {
	r.t.Helper()
	p, err := desk.NewTrail(r.db).Page(r.t.Context(), desk.Actor{Role: desk.Admin}, desk.AuditFilter{Object: object})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, l := range p.Lines {
		out = append(out, l.Act)
	}
	slices.Sort(out)
	return out
}

// Two customers who are one are merged by hand: the pages lead from one to the
// other, and a call from either's address is theirs.
func TestTwoCustomersAreMerged(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	q := r.mail("Saskia <saskia@thuis.example>", vagueSubject, vagueText, "")
	path := "/customers/" + p.ID.String()
	u := r.as(sanne)
	r.found("saskia thuis")
	u.sees(path+"/merge?q=saskia", http.StatusOK, q.Customer.String(), "saskia@thuis.example")
	if a := u.post(path+"/merge", url.Values{"with": {q.Customer.String()}}); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", a.StatusCode)
	}
	if a := u.post(path+"/merge", url.Values{"with": {q.Customer.String()}, "reason": {"zelfde persoon, belde net"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	u.sees(path, http.StatusOK, "saskia@thuis.example", "&#43;31687654321", q.Ref)
	if a := u.get("/customers/" + q.Customer.String()); a.Header.Get("Location") != path {
		t.Errorf("the other leads to %q", a.Header.Get("Location"))
	}
	u.sees("/call/caller?q=saskia@thuis.example", http.StatusOK, "Saskia de Wit", p.ID.String())
	if got := r.request(q.ID).Customer; got != p.ID {
		t.Errorf("the request is %s's", got)
	}
	if a := u.get("/customers?q=thuis"); strings.Contains(a.body, q.Customer.String()) {
		t.Error("whoever is gone is still listed")
	}
}

// An export has all of a customer: words, files and what is theirs in other
// people's requests, and nothing of others.
func TestS13_AnExportHoldsEverything(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	other := r.mail("Jan Bakker <jan@klant.example>", "=SOM(A1)", "Geheim van Jan.", "")
	formula := r.mail("Saskia de Wit <saskia.de.wit@akker.example>", "=HYPERLINK(1)", "Mijn tweede vraag.", "")
	a := r.as(lex).post("/customers/"+p.ID.String()+"/export", nil)
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(a.body)), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(b)
	}
	for name, want := range map[string]string{"customer.json": "+31687654321", "requests.csv": "'=HYPERLINK(1)", "requests/" + formula.Ref + ".json": "Mijn tweede vraag."} {
		if !strings.Contains(all[name], want) {
			t.Errorf("%s lacks %q: %q", name, want, all[name])
		}
	}
	originals := 0
	for name, body := range all {
		if strings.HasSuffix(name, "original.eml") && strings.Contains(body, "Mijn tweede vraag.") {
			originals++
		}
		if strings.Contains(body, "Geheim van Jan") || strings.Contains(name, other.Ref) {
			t.Errorf("%s has something of somebody else", name)
		}
	}
	if originals != 1 {
		t.Errorf("%d originals", originals)
	}
	if a := r.as(sanne).post("/customers/"+p.ID.String()+"/export", nil); a.StatusCode != http.StatusForbidden {
		t.Errorf("an agent exports: %d", a.StatusCode)
	}
	if got := r.acts("customer:" + p.ID.String()); got[len(got)-1] != "customer.export" {
		t.Errorf("the audit log says %v", got)
	}
}

// Erasing shows what goes, wants a reason that does not name the customer, and
// leaves nothing to be found.
func TestS13_ACustomerIsErasedFromThePages(t *testing.T) {
	r := newRig(t)
	p := r.saskia()
	u := r.as(lex)
	path := "/customers/" + p.ID.String()
	if a := r.as(sanne).post("/call/answers", r.as(sanne).callForm(url.Values{"q": {"06 87654321"}, "text": {"Over Saskia de Wit"}})); a.StatusCode != http.StatusOK {
		t.Fatalf("%d", a.StatusCode)
	}
	r.as(sanne).sees("/call", http.StatusOK, "Over Saskia de Wit") // kept, although nothing was sent
	u.sees(path+"/erase", http.StatusOK, "1 eigen verzoeken")
	if a := u.post(path+"/erase", url.Values{"reason": {"Saskia de Wit vroeg het"}}); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a reason with the name: %d", a.StatusCode)
	}
	a := u.post(path+"/erase", url.Values{"reason": {"verzoek van de klant"}})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	u.sees(a.Header.Get("Location"), http.StatusOK, "Klant gewist, met 1 verzoeken")
	if a := u.get(path); a.StatusCode != http.StatusNotFound {
		t.Errorf("the page is still there: %d", a.StatusCode)
	}
	for _, look := range []string{"/customers?q=saskia", "/call", "/call/caller?q=0687654321", "/settings/audit"} {
		if a := r.as(ada).get(look); strings.Contains(a.body, "Saskia de Wit") || strings.Contains(a.body, "31687654321") {
			t.Errorf("%s still names her", look)
		}
	}
	if d, err := r.desk.CallDraft(t.Context(), r.as(sanne).Actor(), r.now()); err != nil || !d.IsEmpty() {
		t.Errorf("the call about her stays: %+v %v", d, err)
	}
	if got := r.acts("customer:" + p.ID.String()); strings.Join(got, " ") != "customer.address.add customer.erase" {
		t.Errorf("the audit log says %v", got)
	}
}

// An organisation and a team are changed by publishing, with a reason, and not
// over what somebody else published.
func TestOrganisationsAndTeamsAreChanged(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	u.sees("/organisations", http.StatusOK, "Akker Zorg", "akker.example", "Accountmanagement")
	f := url.Values{"base": {"1"}, "name": {"Akker Zorggroep"}, "domains": {"akker.example\nakkerzorg.example"}, "manager": {"accountzorg"}, "key": {"on"}, "reason": {"fusie"}}
	if a := u.post("/organisations/of/akker", f); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	q := r.mail("Kim Bos <kim@akkerzorg.example>", vagueSubject, vagueText, "")
	if p, err := r.db.Person(t.Context(), q.Customer); err != nil || p.Organisation != "akker" {
		t.Errorf("the next mail is of %q (%v)", p.Organisation, err)
	}
	if a := u.post("/organisations/of/akker", f); a.StatusCode != http.StatusConflict {
		t.Errorf("on top of an older version: %d", a.StatusCode)
	}
	f.Set("base", "2")
	f.Set("domains", "geen domein")
	if a := u.post("/organisations/of/akker", f); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a domain that is none: %d", a.StatusCode)
	}
	version := r.lib.Brain().Catalogue.Version
	u.sees("/teams", http.StatusOK, "Techniek", "techniek@backoffice.delinde.example")
	u.sees("/teams/techniek", http.StatusOK, "Tom Smit", "Te warm, te koud of tocht")
	team := url.Values{"base": {"1"}, "name.nl": {"Techniek en onderhoud"}, "name.en": {"Building services"}, "kind": {"backoffice"}, "calendar": {"kantoor"}, "scheme": {"mail"}, "reach": {"storing@delinde.example"}, "reason": {"nieuw adres"}}
	if a := u.post("/teams/techniek", team); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	got, _ := r.lib.Brain().Catalogue.Team("techniek")
	if got.Names["nl"] != "Techniek en onderhoud" || got.Reach.Value != "storing@delinde.example" || r.lib.Brain().Catalogue.Version != version+1 {
		t.Errorf("the team is %+v, version %d", got, r.lib.Brain().Catalogue.Version)
	}
	if a := r.as(sanne).post("/teams/techniek", team); a.StatusCode != http.StatusForbidden {
		t.Errorf("an agent publishes: %d", a.StatusCode)
	}
	if got := r.acts("document:"); strings.Join(got, " ") != "organisations.publish team.change" {
		t.Errorf("the audit log says %v", got)
	}
}
