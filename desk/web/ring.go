package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/balie/balie/desk"
)

// rang is closed when a call comes or goes; without a telephone never.
func (w *Web) rang() <-chan struct{} {
	if w.Ringing == nil {
		return nil
	}
	return w.Ringing.Changed()
}

// freshRing is how long a call is announced to a page that opens meanwhile.
const freshRing = time.Minute

// called is what a stream says of a call that just came in.
type called struct {
	Call   string `json:"call"`
	Path   string `json:"path"`
	Name   string `json:"name,omitempty"`
	Number string `json:"number,omitempty"`
}

// ring announces the calls that came in since the last time, each once.
func (l *listener) ring(out *bufio.Writer) bool {
	if l.w.Ringing == nil || !l.actor.Can(desk.ActOnRequests) {
		return true
	}
	now, on := l.w.Now(), map[string]bool{}
	for _, r := range l.w.Ringing.All(l.actor, now) {
		on[r.ID] = true
		if l.rings[r.ID] || now.Sub(r.At) > freshRing {
			continue
		}
		data, err := json.Marshal(called{r.ID, "/call?call=" + url.QueryEscape(r.ID), r.Person.Name, r.Address.Value})
		if err != nil || !l.flush(out, fmt.Sprintf("event: call\ndata: %s\n\n", data)) {
			return false
		}
	}
	l.rings = on
	return true
}
