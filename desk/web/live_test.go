package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie/internal/browse"
)

// listening is an open stream.
type listening struct {
	t     *testing.T
	res   *http.Response
	lines chan string
}

// listen opens a stream as a user.
func (u *user) listen(t *testing.T) *listening {
	t.Helper()
	req := u.request(http.MethodGet, "/live", "", "")
	req = req.WithContext(context.WithoutCancel(t.Context()))
	res, err := (&http.Client{Transport: u.r.apart()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	l := &listening{t, res, make(chan string, 100)}
	t.Cleanup(func() { res.Body.Close() })
	go func() {
		defer close(l.lines)
		s := bufio.NewScanner(res.Body)
		for s.Scan() {
			l.lines <- s.Text()
		}
	}()
	return l
}

// apart is a transport with connections of its own, closed with the test.
func (r *rig) apart() *http.Transport {
	tr := &http.Transport{}
	r.t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// until reads lines up to one that has a text; "" is the end of the stream.
func (l *listening) until(text string) string {
	l.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case line, open := <-l.lines:
			switch {
			case !open && text == "":
				return ""
			case !open:
				l.t.Fatalf("the stream ended before %q", text)
			case text != "" && strings.Contains(line, text):
				return line
			}
		case <-limit:
			l.t.Fatalf("no %q in the stream", text)
		}
	}
}

func TestAStreamTellsWhatChangedAndOnlyToWhoMayKnow(t *testing.T) {
	r := newRig(t)
	r.settled()
	agent, team := r.as(sanne).listen(t), r.as(tom).listen(t)
	agent.until("event: hello")
	team.until("event: hello")
	vague := r.vague()
	if got := agent.until("data: {\""); !strings.Contains(got, vague.ID.String()) || strings.Contains(got, vagueSubject) {
		t.Errorf("the agent hears %s", got)
	}
	heating := r.heating()
	if got := team.until(heating.ID.String()); strings.Contains(got, vague.ID.String()) {
		t.Errorf("the team hears of another's request: %s", got)
	}
	r.presence.Look(r.as(bram).Actor(), vague.ID, true, r.now())
	agent.until(`"here":["` + vague.ID.String())
	r.presence.Look(r.as(bram).Actor(), heating.ID, true, r.now())
	if got := team.until(`"here":`); strings.Contains(got, vague.ID.String()) {
		t.Errorf("the team hears who is on another's request: %s", got)
	}
}

// R15: streams end when the server stops, so that it stops at once.
func TestR15_StreamsEndWhenTheServerStops(t *testing.T) {
	r := newRig(t)
	var open []*listening
	for _, id := range []string{sanne, bram, tom} {
		l := r.as(id).listen(t)
		l.until("event: hello")
		open = append(open, l)
	}
	began := time.Now()
	r.stop()
	for _, l := range open {
		l.until("")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

// R8: one user cannot take all connections by opening streams.
func TestR8_AUserHasAFewStreamsAtOnce(t *testing.T) {
	r := newRig(t)
	oldest := r.as(sanne).listen(t)
	oldest.until("event: hello")
	for range 6 {
		r.as(sanne).listen(t).until("event: hello")
	}
	oldest.until("event: enough")
	r.as(bram).listen(t).until("event: hello")
}

// S8: what a page asks by itself does not keep a session alive.
func TestS8_AnOpenPageDoesNotKeepASessionAlive(t *testing.T) {
	r := newRig(t)
	q := r.vague()
	u := r.as(sanne)
	for range 5 {
		r.pass(20 * time.Minute)
		req := u.request(http.MethodGet, "/inbox/rows", "", "")
		req.Header.Set("X-Balie-Auto", "1")
		u.do(req)
		u.post("/r/"+q.Ref+"/here", nil)
	}
	if a := u.get("/inbox"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("after 100 minutes of nobody there: %d", a.StatusCode)
	}
}

// shifts watches for anything that moves on the page.
const shifts = `window.moved = 0; new PerformanceObserver(l => { for (const e of l.getEntries()) { window.moved += e.value; window.sources = (window.sources ?? "") + e.sources.map(s => s.node?.outerHTML ?? s.node?.nodeName).join("\n").slice(0, 600) } }).observe({type: "layout-shift", buffered: false}); true`

// TestNothingMovesWhenThingsChange: new requests, changes by others and who is
// typing come into a list that stands still.
func TestNothingMovesWhenThingsChange(t *testing.T) {
	r := newRig(t)
	all := r.busy()
	r.settled()
	b := r.as(sanne).browser()
	b.Size(1280, 800)
	b.Go("/inbox?lang=nl", ".list .row")
	b.Until("document.documentElement.dataset.line === 'on'")
	first := browse.Get(b, chromedp.Evaluate[string](order))
	browse.Get(b, chromedp.Evaluate[bool](shifts))
	r.vague()
	b.See(".newbar:not([hidden])")
	if got := b.Text(".newbar"); !strings.Contains(got, "1 nieuw verzoek") {
		t.Errorf("the bar says %q", got)
	}
	r.vague()
	b.Until(`document.querySelector(".newbar").textContent.includes("2 nieuwe verzoeken")`)
	id := all[len(all)-1].ID.String()
	r.as(bram).post("/inbox/bulk", url.Values{"act": {"mine"}, "id": {id}})
	b.Until(`document.querySelector("[data-id='` + id + `'] .av").textContent === "BG"`)
	r.presence.Look(r.as(bram).Actor(), all[0].ID, true, r.now())
	b.Until(`document.querySelector("[data-id='` + all[0].ID.String() + `'] .chip.warn")?.textContent.includes("Bram")`)
	r.as(bram).post("/inbox/bulk", url.Values{"act": {"spam"}, "id": {id}})
	b.See(`[data-id="` + id + `"].gone`)
	if now := browse.Get(b, chromedp.Evaluate[string](order)); now != first {
		t.Errorf("rows stand in another order:\n%s\n%s", first, now)
	}
	if moved := browse.Get(b, chromedp.Evaluate[float64]("window.moved")); moved != 0 {
		t.Errorf("the page moved by %g: %s", moved, browse.Get(b, chromedp.Evaluate[string]("window.sources")))
	}
	if got := b.Text(`.views [data-count="open"]`); got != "13" {
		t.Errorf("%s open in the rail, want 13", got)
	}
	b.Accessible()
	b.Click(".newbar")
	b.Until(`document.querySelectorAll("ol > .row").length === 13`)
	b.Sound()
}

const order = `[...document.querySelectorAll("ol > .row")].map(r => r.dataset.id).join(" ")`

// TestAPageWithoutItsLineSaysSoAndAsks: a list goes on without the stream.
func TestAPageWithoutItsLineSaysSoAndAsks(t *testing.T) {
	r := newRig(t)
	r.vague()
	r.settled()
	b := r.as(sanne).browser()
	b.Go("/inbox?lang=nl", ".list .row")
	b.Until("document.documentElement.dataset.line === 'on'")
	b.Expect("ERR_INTERNET_DISCONNECTED")
	b.Offline(true)
	b.See("[data-offline]:not([hidden])")
	b.Until(`document.querySelector("[data-live]").matches(".off")`)
	b.Offline(false)
	b.Until(`document.querySelector("[data-offline]").hidden`)
	b.Sound()
}
