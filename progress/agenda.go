package progress

import (
	"bytes"
	"container/heap"
	"time"

	"github.com/balie/balie"
)

// agenda is which request must be looked at next, and when: one entry for each
// request with a timer, about a hundred bytes. It can always be made again from
// the store.
type agenda struct {
	heap  []*entry
	byID  map[balie.ID]*entry
	spent map[balie.ID]map[string]bool // claims that others hold, of timers a request no longer remembers
}

// entry is when a request must be looked at. Moments are in nanoseconds since
// 1970: a time.Time would be three times as large.
type entry struct {
	id balie.ID
	at int64
	i  int // place in the heap
}

func newAgenda() *agenda { return &agenda{byID: map[balie.ID]*entry{}} }

// put says when a request must be looked at; never when the moment is zero.
func (a *agenda) put(id balie.ID, at time.Time) {
	e, ok := a.byID[id]
	switch {
	case at.IsZero():
		if ok {
			heap.Remove(a, e.i)
			delete(a.byID, id)
		}
		delete(a.spent, id)
	case ok:
		if n := at.UnixNano(); n != e.at {
			e.at = n
			heap.Fix(a, e.i)
		}
	default:
		e = &entry{id: id, at: at.UnixNano()}
		a.byID[id] = e
		heap.Push(a, e)
	}
}

// next is the request to look at first; not ok when there is none.
func (a *agenda) next() (id balie.ID, at time.Time, ok bool) {
	if len(a.heap) == 0 {
		return id, at, false
	}
	return a.heap[0].id, time.Unix(0, a.heap[0].at).UTC(), true
}

// spend notes that a timer's claim is taken though the request does not say so.
func (a *agenda) spend(id balie.ID, t Timer) {
	if a.spent == nil {
		a.spent = map[balie.ID]map[string]bool{}
	}
	if a.spent[id] == nil {
		a.spent[id] = map[string]bool{}
	}
	a.spent[id][string(t.Kind)+":"+t.Cause] = true
}

// open leaves out of a request's timers those that are spent.
func (a *agenda) open(id balie.ID, all []Timer) []Timer {
	spent := a.spent[id]
	if len(spent) == 0 {
		return all
	}
	out := all[:0]
	for _, t := range all {
		if !spent[string(t.Kind)+":"+t.Cause] {
			out = append(out, t)
		}
	}
	return out
}

// Len, Less, Swap, Push and Pop are those of a heap. Of two at the same moment
// the older request comes first, so that a replay is the same.
func (a *agenda) Len() int { return len(a.heap) }

// Less is for the heap.
func (a *agenda) Less(i, j int) bool {
	x, y := a.heap[i], a.heap[j]
	if x.at != y.at {
		return x.at < y.at
	}
	return bytes.Compare(x.id[:], y.id[:]) < 0
}

// Swap is for the heap.
func (a *agenda) Swap(i, j int) {
	a.heap[i], a.heap[j] = a.heap[j], a.heap[i]
	a.heap[i].i, a.heap[j].i = i, j
}

// Push is for the heap.
func (a *agenda) Push(x any) {
	e := x.(*entry)
	e.i = len(a.heap)
	a.heap = append(a.heap, e)
}

// Pop is for the heap.
func (a *agenda) Pop() any {
	last := len(a.heap) - 1
	e := a.heap[last]
	a.heap[last] = nil
	a.heap = a.heap[:last]
	return e
}
