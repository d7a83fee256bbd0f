package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/balie/balie"
)

func TestWhoLooksIsSeenForHalfAMinute(t *testing.T) {
	p := NewPresence()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	id := balie.NewID(now)
	noor, bram := Actor{ID: "noor", Name: "Noor Jansen"}, Actor{ID: "bram", Name: "Bram de Groot"}
	changed := p.Changed()
	p.Look(noor, id, false, now)
	p.Look(bram, id, true, now.Add(time.Second))
	select {
	case <-changed:
	default:
		t.Error("nobody heard that somebody came")
	}
	if got := p.Of(id, now.Add(2*time.Second)); len(got) != 2 || got[0].ID != "bram" || !got[0].Typing || got[1].Typing {
		t.Errorf("%+v: whoever types stands first", got)
	}
	changed = p.Changed()
	p.Look(noor, id, false, now.Add(15*time.Second)) // a sign of life is no news
	select {
	case <-changed:
		t.Error("a sign of life woke everybody")
	default:
	}
	if got := p.Of(id, now.Add(40*time.Second)); len(got) != 1 || got[0].ID != "noor" {
		t.Errorf("after 40 s %+v are there, want noor", got)
	}
	changed = p.Changed()
	p.Step(now.Add(40 * time.Second))
	select {
	case <-changed:
	default:
		t.Error("nobody heard that bram is gone")
	}
	p.Leave(noor, id)
	if got := p.Of(id, now.Add(41*time.Second)); len(got) != 0 || p.n != 0 || len(p.on) != 0 {
		t.Errorf("%+v stay, %d counted", got, p.n)
	}
}

// R8: a client that says it looks at everything takes no memory that matters.
func TestR8_PresenceIsBounded(t *testing.T) {
	p := NewPresence()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	one := balie.NewID(now)
	for i := range 2 * mostViewers {
		p.Look(Actor{ID: fmt.Sprint(i)}, one, false, now)
	}
	for range 2 * mostPresences {
		p.Look(Actor{ID: "x"}, balie.NewID(now), false, now)
	}
	if p.n > mostPresences || len(p.Of(one, now)) != mostViewers {
		t.Errorf("%d kept, %d on one", p.n, len(p.Of(one, now)))
	}
	now = now.Add(time.Minute)
	p.Look(Actor{ID: "late"}, one, false, now) // what ran out makes room
	if got := p.Of(one, now); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}
