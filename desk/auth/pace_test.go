package auth

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestS8_NoGuessingKeepsAnybodyOut lets a stranger guess as they like, from
// any number of addresses: whoever the account belongs to gets in at once from
// a known place, and from a new one within the longest wait.
func TestS8_NoGuessingKeepsAnybodyOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, now := newPace(), t0
		tried := 0
		for range rapid.IntRange(1, 300).Draw(rt, "guesses") {
			from := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "from")
			if p.begin(pacedBy("noor", from, false), now) == 0 {
				tried++
			}
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 20 * time.Second}).Draw(rt, "pause"))
			home := pacedBy("noor", "home", true)
			if wait := p.begin(home, now); wait != 0 {
				rt.Fatalf("after %d guesses noor waits %s at home", tried, wait)
			}
			p.right(home, now)
		}
		wait := p.begin(pacedBy("noor", "hotel", false), now)
		if wait > longestWait {
			rt.Fatalf("noor waits %s", wait)
		}
		if wait > 0 && p.begin(pacedBy("noor", "hotel", false), now.Add(wait)) != 0 {
			rt.Fatalf("noor waited %s and waits again", wait)
		}
		// Each try beyond the free ones doubles the wait: in this time no more fit.
		if most := freeOfAccount + 10 + int(now.Sub(t0)/longestWait); tried > most {
			rt.Fatalf("%d guesses in %s, at most %d", tried, now.Sub(t0), most)
		}
	})
}

func TestS8_TheCountsAreBounded(t *testing.T) {
	p := newPace()
	for i := range mostPaced * 2 {
		p.begin(pacedBy(hashOf(string(rune(i))), "one", true), t0)
	}
	if len(p.keys) > mostPaced {
		t.Errorf("%d keys are remembered", len(p.keys))
	}
}

// A clock that was set back leaves nobody waiting for the time in between.
func TestS8_AClockSetBackLeavesNobodyOut(t *testing.T) {
	p := newPace()
	by := pacedBy("noor", "a", true)
	for range 30 {
		p.begin(by, t0)
	}
	if wait := p.begin(by, t0.AddDate(-1, 0, 0)); wait > longestWait {
		t.Errorf("waits %s", wait)
	}
}
