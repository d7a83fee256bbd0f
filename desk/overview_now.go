package desk

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/balie/balie"
)

// glance is what the board needs of all open requests: one pass over them.
type glance struct {
	open, late, soon int
	wordless         int // customers who should have heard something by now
	teams            map[uint32]*TeamLoad
	desk             TeamLoad
	alarms, words    []*row // the foremost
}

// Bounds of the board.
const (
	mostAlarms = 12
	mostWords  = 6
)

// glance goes over all open requests. Of alarms and words it keeps the foremost.
func (o *Overview) glance(now time.Time) glance {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := glance{teams: map[uint32]*TeamLoad{}}
	b := o.open
	for _, l := range b.lanes {
		at := limitsOf(l, now, o.zone())
		for _, w := range l.rows {
			g.see(b, w, at, now.UnixNano())
		}
	}
	return g
}

// see counts one open request.
func (g *glance) see(b *board, w *row, at limits, now int64) {
	late, soon := w.due < at.now, w.due < at.soon
	if w.state != balie.AnsweredState {
		g.open++
	}
	switch {
	case late:
		g.late++
	case soon:
		g.soon++
	}
	g.carry(b, w, late)
	if late || soon || w.is&(isFailed|isCall) != 0 {
		g.alarms = foremost(g.alarms, w, mostAlarms, func(x, y *row) int { return weigh(x, y, now) })
	}
	if w.word != noDue {
		if w.word < now {
			g.wordless++
		}
		g.words = foremost(g.words, w, mostWords, func(x, y *row) int { return cmp.Compare(x.word, y.word) })
	}
}

// carry adds a request to the load of whoever has it.
func (g *glance) carry(b *board, w *row, late bool) {
	add := func(t *TeamLoad) {
		t.Open++
		if late {
			t.Late++
		}
	}
	if w.state == balie.AtDesk {
		add(&g.desk)
	}
	for _, team := range b.lists[w.open] {
		t, ok := g.teams[team]
		if !ok {
			t = &TeamLoad{Team: b.texts[team]}
			g.teams[team] = t
		}
		add(t)
	}
}

// weigh orders alarms: what is late by its priority, then what somebody must do
// by hand, then what is late within the hour; the oldest first.
func weigh(x, y *row, now int64) int {
	class := func(w *row) int {
		switch {
		case w.due < now && w.priority >= balie.High:
			return 0
		case w.is&(isFailed|isCall) != 0:
			return 1
		case w.due < now && w.is&isPaused == 0:
			return 2
		}
		return 3
	}
	return cmp.Or(cmp.Compare(class(x), class(y)), cmp.Compare(y.priority, x.priority), cmp.Compare(x.due, y.due), bytes.Compare(x.id[:], y.id[:]))
}

// foremost keeps the first most of a list in order.
func foremost(list []*row, w *row, most int, before func(x, y *row) int) []*row {
	if len(list) == most && before(w, list[most-1]) >= 0 {
		return list
	}
	i, _ := slices.BinarySearchFunc(list, w, before)
	list = slices.Insert(list, i, w)
	return list[:min(len(list), most)]
}
