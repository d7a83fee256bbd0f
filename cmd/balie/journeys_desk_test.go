package main

import (
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// firstAdmin: whoever has the link of the first start becomes the admin, and
// lets an agent in, who makes a password of their own.
func (s *site) firstAdmin() {
	_, path, _ := strings.Cut(strings.TrimPrefix(s.first, "http://"), "/")
	b := s.visit()
	b.Go("/"+path, "#password")
	b.look("first")
	b.Type("#name", "Ada Bos")
	b.Type("#id", "ada")
	b.Type("#mail", "ada@"+demoDomain)
	b.Type("#password", firstPassword)
	b.Click("form[action='/" + path + "'] button.primary")
	b.See("nav.rail")
	b.Go("/settings/users", "table.people")
	b.look("users")
	b.Click("a[href='/settings/users/new']")
	b.See("#role")
	b.look("user, new")
	b.Type("#name", "Iris Kamp")
	b.Type("#id", "iris")
	b.Type("#mail", "iris@"+demoDomain)
	b.Click("[name=role][value=agent]")
	b.Click("form[action='/settings/users'] button.primary")
	b.See(".once code")
	b.look("user, invited")
	_, invite, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(b.Text(".once code")), "http://"), "/")

	iris := s.visit()
	iris.Go("/"+invite, "#password")
	iris.look("invite")
	iris.Type("#password", newPassword)
	iris.Click("form[action='/" + invite + "'] button.primary")
	iris.See(".scroll.list")
	iris.Go("/profile", "h1")
	iris.look("profile")
	u, err := s.app.auth.User(s.t.Context(), "iris")
	if err != nil || !u.HasPassword {
		s.t.Errorf("the agent is %+v, %v", u, err)
	}
	b.Expect("404")
	b.Go("/"+path, "main")
	if got := browse.Get(b.Browser, chromedp.Evaluate[bool](`!document.querySelector("#password")`)); !got {
		s.t.Error("the link of the first admin works twice")
	}
}

// answer: an agent takes a request, answers it, takes that back, and answers
// better; the customer gets that one, in the thread of their own mail.
func (s *site) answer() {
	const customer = "fatima.elamrani@elzendam.example"
	r, first := s.ask("Fatima El Amrani <"+customer+">", "Vierde verdieping", "Kan iemand even langskomen op de vierde? Er hangt iets los.")
	s.listed(r)
	b := s.as("sanne")
	b.Go("/inbox", "li[data-id='"+r.ID.String()+"']")
	b.look("inbox")
	b.Click("li[data-id='" + r.ID.String() + "'] a")
	b.See("#msg")
	b.look("request")
	b.leave()
	b.Keys("a")
	b.See("details.menu[open] .pop")
	b.Keys("m")
	b.See(".toast")
	if got := s.request(r.ID).Assignee; got != "sanne" {
		s.t.Errorf("it is assigned to %q", got)
	}
	b.Type("#msg", "Dag Fatima, te snel verstuurd")
	b.send()
	b.See(".msg.pending") // the toast of taking it is still there until then
	b.See(".toast [data-key=z]")
	b.leave()
	b.Keys("z")
	b.See(".msg.unsent")
	b.Until(`document.getElementById("msg").value.includes("te snel verstuurd")`)
	b.look("request, taken back")
	b.set("#msg", "Dag Fatima, Karim komt om elf uur langs.")
	b.send()
	b.See(".msg.pending")
	b.look("request, sending")

	_, head := s.got(customer, "Karim komt om elf uur langs")
	if !strings.Contains(head.Get("References"), first) {
		s.t.Errorf("the answer is not in the thread: references %q, the customer's mail was %s", head.Get("References"), first)
	}
	for _, t := range s.mail.Transactions() {
		if strings.Contains(string(t.Data), "te snel verstuurd") {
			s.t.Error("what was taken back was sent")
		}
	}
}

// handOut: an agent hands a request out with its summary; the team answers on
// its signed page; the agent shares that with the customer.
func (s *site) handOut() {
	const customer, team = "noortje.blom@elzendam.example", "techniek" + demoTeams
	r, _ := s.ask("Noortje Blom <"+customer+">", "Vergaderzaal Maas", "Kan iemand even langskomen in de Maas? Het flikkert daar zo.")
	b := s.as("bram")
	b.Go("/r/"+r.Ref+"?tab=backoffice&team=techniek", "#h2")
	b.look("request, handing out")
	b.set("#h2", "Het scherm flikkert sinds maandag.")
	if browse.Get(b.Browser, chromedp.Evaluate[bool](`!!document.getElementById("why-now")`)) {
		b.Type("#why-now", "vrijdag zit de directie er")
	}
	b.Click("#compose [data-send]")
	b.See(".toast")
	if got := s.request(r.ID); got.State != balie.WithTeam || len(got.Handouts) != 1 {
		s.t.Fatalf("it is %s with hand-outs %+v", got.State, got.Handouts)
	}
	l, _ := s.got(team, "Het scherm flikkert sinds maandag")
	link := teamLink.FindString(l.text)
	if link == "" {
		s.t.Fatalf("the team's letter has no link:\n%s", l.text)
	}

	karim := s.visit()
	karim.Go(link, "#text")
	karim.look("hand-out")
	karim.Type("#text", "De kabel is vervangen, het beeld staat stil.")
	karim.Click("button[name=act][value=done]")
	karim.See("[role=status]")
	karim.look("hand-out, done")

	b.Go("/r/"+r.Ref, "#tl")
	b.Until(`!!document.querySelector("button[form=share-form]")`)
	browse.Get(b.Browser, chromedp.Evaluate[bool](`document.querySelector("button[form=share-form]").closest("details")?.setAttribute("open", ""), true`))
	b.look("request, the team was done")
	b.Click("button[form=share-form]")
	b.See("#msg")
	b.Until(`document.querySelectorAll("[name=share]").length + document.getElementById("msg").value.includes("De kabel is vervangen") > 0`)
	if !strings.Contains(browse.Get(b.Browser, chromedp.Evaluate[string](`document.getElementById("msg").value`)), "kabel") {
		b.Type("#msg", "Dag Noortje, dit zegt onze techniek.")
	}
	b.send()
	b.See(".msg.pending")
	s.got(customer, "De kabel is vervangen")
}

// collide: what an agent answers while a colleague already did is held back
// until they have seen it, and sent when they say so.
func (s *site) collide() {
	const customer = "hester.prins@elzendam.example"
	r, _ := s.ask("Hester Prins <"+customer+">", "Na de open dag", "Kan iemand even langskomen in de hal? Daar ligt nog van alles.")
	sanne, bram := s.as("sanne"), s.as("bram")
	sanne.Go("/r/"+r.Ref, "#msg")
	bram.Go("/r/"+r.Ref, "#msg")
	sanne.See("#presence .av")
	bram.Type("#msg", "Dag Hester, vanmiddag ruimen we het op.")
	bram.send()
	bram.See(".msg.pending")
	sanne.See("#newbar:not([hidden])")
	sanne.look("request, something new")
	// Answering all the same, without having looked.
	sanne.Expect("409")
	sanne.Type("#msg", "Dag Hester, ik stuur iemand.")
	sanne.send()
	sanne.See("button[name=act][value=anyway]")
	sanne.look("request, stale")
	sanne.Until(`document.getElementById("msg").value.includes("ik stuur iemand")`)
	sanne.Click("button[name=act][value=anyway]")
	sanne.See(".msg.pending")
	s.got(customer, "vanmiddag ruimen we het op")
	s.got(customer, "ik stuur iemand")
}

// form: somebody asks in the form, follows it on its own page and adds to it;
// the agent who has it open is told.
func (s *site) form() {
	b := s.visit()
	b.Go("/form?lang=nl", "#text")
	b.look("form")
	b.Type("#text", "Kan iemand even langskomen op de derde?")
	b.Type("#name", "Thea Vos")
	b.Type("#email", "thea.vos@elzendam.example")
	b.Until(`performance.now() > 2500`) // nobody fills a form in faster: that would be a machine
	b.Click("form[action='/form'] button.primary")
	b.See(".refno")
	b.look("form, received")
	ref := strings.TrimSpace(b.Text(".refno"))
	b.Click(".linkbox a")
	b.See("#text")
	b.look("status page")

	id, err := s.app.desk.Find(s.t.Context(), setup, ref)
	if err != nil {
		s.t.Fatal(err)
	}
	sanne := s.as("sanne")
	sanne.Go("/r/"+ref, "#msg")
	if got := s.request(id); got.Ref != ref {
		s.t.Errorf("the page says %s, the request is %s", ref, got.Ref)
	}
	b.Type("#text", "Het gaat om de klapdeur bij de pantry.")
	b.Until(`performance.now() > 2500`)
	b.Click("form.fg button.primary")
	b.See("[role=status]")
	b.look("status page, added")
	sanne.See("#newbar:not([hidden])")
	sanne.Click("#newbar")
	sanne.Until(`document.getElementById("tl").innerText.includes("klapdeur bij de pantry")`)
}

// signOnByWork: somebody whom nobody added signs in with their work account,
// and their group says what they may.
func (s *site) signOnByWork() {
	b := s.visit()
	b.Befriend(s.signOn.Issuer)
	b.Go("/login", "a[href^='/login/sso']")
	b.look("sign-in")
	b.Click("a[href^='/login/sso']")
	b.Click("button[name=sub][value=" + demoNewcomer.Sub + "]")
	b.See(".scroll.list")
	b.Go("/profile", "h1")
	users, err := s.app.auth.Users(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, u := range users {
		if u.Name == demoNewcomer.Name {
			if u.Role != "agent" {
				s.t.Errorf("the work account makes %s a %s", u.Name, u.Role)
			}
			return
		}
	}
	s.t.Errorf("nobody is called %s, after %s", demoNewcomer.Name, time.Now())
}

// withoutScript: signing in, opening, answering and handing out need none.
func (s *site) withoutScript() {
	const customer = "ilse.kok@elzendam.example"
	r, _ := s.ask("Ilse Kok <"+customer+">", "Verkeerde kamer", "Kan iemand even langskomen bij mijn kamer? Het bordje klopt niet.")
	s.listed(r)
	b := s.visit()
	b.Scripts(false)
	b.Go("/login", "#password")
	b.Type("#name", "yara")
	b.Type("#password", s.passwordOf("yara"))
	b.Click("form[action='/login'] button")
	b.See(".scroll.list")
	b.Click("li[data-id='" + r.ID.String() + "'] .s1 a")
	b.See("#msg")
	b.Type("#msg", "Dag Ilse, vandaag hangt er een nieuw bordje.")
	b.Click("#compose button[name=act][value=send]")
	b.See(".msg.pending")
	s.got(customer, "vandaag hangt er een nieuw bordje")
	b.Go("/r/"+r.Ref+"?tab=backoffice&team=techniek", "#h2")
	b.Type("#h2", " Naast de deur van 2.14.")
	if browse.Get(b.Browser, chromedp.Evaluate[bool](`!!document.getElementById("why-now")`)) {
		b.Type("#why-now", "de melder weet niet meer")
	}
	b.Click("#compose button[name=act][value=send]")
	b.See(".toast")
	if got := s.request(r.ID); got.State != balie.WithTeam {
		s.t.Errorf("without script it is not handed out: %s", got.State)
	}
	s.got("techniek"+demoTeams, "Naast de deur van 2.14")

	b.Go("/call", "#q")
	b.Type("#q", customer)
	b.Click("button[name=act][value=look]")
	b.Until(`document.querySelector("[data-name]")?.value === "Ilse Kok"`)
	b.Type("#said", "Er piept iets achter de wand van kamer 3.11.")
	b.Click("button[name=act][value=look]")
	b.Until(`document.getElementById("said").value.includes("piept") && !!document.querySelector("button.oc.on")`)
	b.Click("button.oc[value=desk]")
	b.See("#msg")
	b.see(".msg", "Er piept iets achter de wand")
}
