package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
)

// An agent answers by keyboard alone: the suggestion, the reply, taking it
// back, a note; and a draft that nobody saved is there after the page was left.
func TestAnAgentAnswersByKeyboard(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	b := r.as(sanne).browser()
	b.Size(1280, 800)
	b.Expect("/live") // this test opens pages faster than a person
	b.Go("/r/"+q.Ref, "#msg")
	b.Keys("r")
	// A key that a script sends may also land in the field that it focused; one
	// that a person presses does not.
	b.Until(`document.activeElement?.id === "msg" && (document.activeElement.value = "", true)`)
	b.Type("#msg", "Dag Fatima, ik kijk het na.")
	b.Until(`document.querySelector("[data-state]").textContent.includes("saved")`)
	b.Go("/inbox", "h1")
	b.Go("/r/"+q.Ref+"?tab=reply", "#msg")
	b.Until(`document.getElementById("msg").value === "Dag Fatima, ik kijk het na."`)
	ctrlEnter(b)
	b.See(".toast [data-key=z]")
	if got := b.Text(".msg.pending .txt"); !strings.Contains(got, "ik kijk het na") {
		t.Errorf("what is on its way reads %q", got)
	}
	b.Until(`document.activeElement?.id !== "msg" || (document.activeElement.blur(), true)`)
	b.Keys("z")
	b.See(".msg.unsent")
	b.Until(`document.getElementById("msg").value === "Dag Fatima, ik kijk het na."`)
	if _, statuses := r.letters(q); len(statuses) != 1 || statuses[0] != balie.TakenBack {
		t.Errorf("deliveries %v", statuses)
	}
	b.Until(`(document.activeElement?.blur(), true)`)
	b.Keys("n")
	b.See("nav.tabs [aria-current][data-key=n]")
	b.Type("#msg", "Karim weet hiervan.")
	ctrlEnter(b)
	b.See(".msg.note")
	b.Keys("a")
	b.See("details.menu[open] .pop")
	b.Keys("m")
	b.See(".toast [data-key=z]")
	if got := r.request(q.ID).Assignee; got != sanne {
		t.Errorf("assigned to %q", got)
	}
	b.Sound()
}

// Two agents on one request see each other, and what one says is announced to
// the other without anything moving.
func TestTwoAgentsSeeEachOther(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.settled()
	b := r.as(sanne).browser()
	b.Size(1280, 800)
	b.Go("/r/"+q.Ref, "#msg")
	r.presence.Look(r.as(bram).Actor(), q.ID, true, r.now())
	b.See("#presence .av.busy")
	if got := b.Text("#presence"); !strings.Contains(got, "Bram is writing a reply") {
		t.Errorf("the presence reads %q", got)
	}
	b.Type("#msg", "Dag")
	if a := r.as(bram).compose(q, reply(q, "Je pas is weer actief.")); a.StatusCode != 303 {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	b.See("#newbar:not([hidden])")
	if got := b.Text("#newbar"); !strings.Contains(got, "Bram de Groot") {
		t.Errorf("the bar reads %q", got)
	}
	b.Click("#newbar")
	b.See(".msg.new")
	b.Until(`document.getElementById("msg").value === "Dag"`)
	b.Sound()
}

// Every form of the page works without a script, and the page is one that
// everybody can use.
func TestTheRequestPageIsAccessible(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.as(bram).compose(q, reply(q, "Je pas is weer actief."))
	b := r.as(sanne).browser()
	b.Expect("/live") // this test opens pages faster than a person
	for _, dark := range []bool{false, true} {
		b.Dark(dark)
		for _, path := range []string{"", "?tab=note", "?tab=backoffice", "?tab=account", "/why"} {
			b.Size(1280, 800)
			b.Go("/r/"+q.Ref+path, "h1")
			b.Accessible()
		}
		b.Size(390, 844)
		for _, path := range []string{"", "/complete", "/why"} {
			b.Go("/r/"+q.Ref+path, "h1")
			b.Accessible()
			b.Until(`document.documentElement.scrollWidth <= 390`)
		}
		b.Go("/snippets", "h1")
		b.Accessible()
	}
	b.Size(1280, 800)
	b.Go("/r/"+q.Ref, ".rq-top")
	for _, menu := range []string{".rq-top details:nth-of-type(1) > summary", ".rq-top details:last-of-type > summary", ".cfoot .to > summary"} {
		b.Click(menu)
		b.Accessible()
		b.Keys("\x1b")
	}
	b.Sound()
}

// ctrlEnter sends what is in the composer.
func ctrlEnter(b *browse.Browser) {
	b.Do(chromedp.Focus(chromedp.CSS("#msg")), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}
