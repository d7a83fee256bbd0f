package simulate

import (
	"container/heap"
	"context"
	"time"
)

// agenda is what is going to happen, by moment and then in the order in which
// it was written down.
type agenda struct {
	all  []happening
	next int
}

type happening struct {
	at time.Time
	n  int
	do func(context.Context) error
}

func (a *agenda) at(t time.Time, do func(context.Context) error) {
	a.next++
	heap.Push(a, happening{t, a.next, do})
}

func (a *agenda) first() (happening, bool) {
	if len(a.all) == 0 {
		return happening{}, false
	}
	return a.all[0], true
}

func (a *agenda) take() happening { return heap.Pop(a).(happening) }

// Len, Less, Swap, Push and Pop are those of a heap.
func (a *agenda) Len() int { return len(a.all) }

// Less is for the heap.
func (a *agenda) Less(i, j int) bool {
	if !a.all[i].at.Equal(a.all[j].at) {
		return a.all[i].at.Before(a.all[j].at)
	}
	return a.all[i].n < a.all[j].n
}

// Swap is for the heap.
func (a *agenda) Swap(i, j int) { a.all[i], a.all[j] = a.all[j], a.all[i] }

// Push is for the heap.
func (a *agenda) Push(x any) { a.all = append(a.all, x.(happening)) }

// Pop is for the heap.
func (a *agenda) Pop() any {
	last := len(a.all) - 1
	h := a.all[last]
	a.all[last] = happening{}
	a.all = a.all[:last]
	return h
}
