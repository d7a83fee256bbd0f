package auth

import (
	"sync"
	"time"
)

// Attempts that cost nothing, and how long one waits after them: it doubles
// with each wrong attempt. Nobody is ever locked out for good, and attempts
// that were refused while waiting do not count.
const (
	freeOfAccount = 5
	freeOfAddress = 20 // an office may share one
	firstWait     = time.Second
	longestWait   = 5 * time.Minute
	forgetAfter   = time.Hour // after the last wait ended
	mostPaced     = 1 << 16   // keys remembered, of about 100 bytes
)

// pace slows guessing down. It is in memory: a restart forgives.
type pace struct {
	mu   sync.Mutex
	keys map[string]tries
}

type tries struct {
	n     int
	until time.Time
}

func newPace() *pace { return &pace{keys: map[string]tries{}} }

// paced is one thing that is counted.
type paced struct {
	key  string
	free int
}

// pacedBy is what an attempt counts for. Somebody who signed in before from
// where they are is counted on their own: who guesses from elsewhere can
// not keep them out, nor can a colleague behind the same address.
func pacedBy(name, from string, known bool) []paced {
	if known {
		return []paced{{"both " + name + " " + from, freeOfAccount}}
	}
	return []paced{{"name " + name, freeOfAccount}, {"from " + from, freeOfAddress}}
}

// begin counts an attempt as wrong before it is made, so that a hundred at
// once are a hundred. It returns how long to wait instead, when it is too soon.
func (p *pace) begin(by []paced, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var wait time.Duration
	for _, b := range by {
		t := p.keys[b.key]
		if t.until.After(now.Add(longestWait)) { // the clock was set back
			t.until = now
		}
		wait = max(wait, t.until.Sub(now))
	}
	if wait > 0 {
		return wait
	}
	for _, b := range by {
		t := p.keys[b.key]
		if now.Sub(t.until) > forgetAfter {
			t = tries{}
		}
		t.n++
		t.until = now.Add(waitAfter(t.n - b.free))
		p.keys[b.key] = t
	}
	p.sweep(now)
	return 0
}

// waitAfter is how long one waits after n wrong attempts too many.
func waitAfter(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return min(firstWait<<min(n-1, 20), longestWait)
}

// right takes the count of an attempt back. What else was counted for the
// address stays: owning one account earns no guesses at others.
func (p *pace) right(by []paced, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range by {
		t := p.keys[b.key]
		t.n, t.until = max(t.n-1, 0), now
		p.keys[b.key] = t
	}
}

// sweep forgets what is long ago and, when that is not enough, some others.
func (p *pace) sweep(now time.Time) {
	if len(p.keys) <= mostPaced {
		return
	}
	for k, t := range p.keys {
		if now.Sub(t.until) > forgetAfter {
			delete(p.keys, k)
		}
	}
	for k := range p.keys {
		if len(p.keys) <= mostPaced*15/16 {
			return
		}
		delete(p.keys, k)
	}
}
