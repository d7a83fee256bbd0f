package desk

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
)

// glance is what the board needs of all open requests.
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

// pressing is what the board keeps beside the lanes, so that it need not go
// over what is neither late nor soon.
type pressing struct {
	byHand map[*row]bool // a letter came to nothing, or the customer is to be called
	words  []*row        // that have a word, by it
	desk   int           // how many are at the desk
}

func byWord(x, y *row) int {
	return cmp.Or(cmp.Compare(x.word, y.word), bytes.Compare(x.id[:], y.id[:]))
}

// press adds a row; loose: words are put in order later.
func (p *pressing) press(w *row, loose bool) {
	if w.state == balie.AtDesk {
		p.desk++
	}
	if w.is&(isFailed|isCall) != 0 {
		p.byHand[w] = true
	}
	switch {
	case w.word == noDue:
	case loose:
		p.words = append(p.words, w)
	default:
		i, _ := slices.BinarySearchFunc(p.words, w, byWord)
		p.words = slices.Insert(p.words, i, w)
	}
}

// release takes a row away.
func (p *pressing) release(w *row, loose bool) {
	if w.state == balie.AtDesk {
		p.desk--
	}
	delete(p.byHand, w)
	if w.word == noDue {
		return
	}
	if i, ok := slices.BinarySearchFunc(p.words, w, byWord); ok && !loose {
		p.words = slices.Delete(p.words, i, i+1)
		return
	}
	p.words = slices.DeleteFunc(p.words, func(x *row) bool { return x == w })
}

// glance looks at what is late, soon or to be done by hand, and counts the
// rest. Of alarms and words it keeps the foremost.
func (o *Overview) glance(now time.Time) glance {
	o.mu.RLock()
	defer o.mu.RUnlock()
	b, at := o.open, now.UnixNano()
	g := glance{teams: map[uint32]*TeamLoad{}, open: b.count[OpenView] - b.count[AftercareView]}
	g.desk.Open = b.desk
	for v, n := range b.count {
		if team, ok := strings.CutPrefix(string(v), string(TeamView(""))); ok && n > 0 {
			g.teams[b.names[team]] = &TeamLoad{Team: team, Open: n}
		}
	}
	pressing := map[*row]bool{} // by hand, and seen in its lane
	for _, l := range b.lanes {
		parts := l.parts(limitsOf(l, now, o.zone()))
		late, soon := parts[1], max(parts[1], parts[2]) // a lane that is being read is in no order
		g.late, g.soon = g.late+late, g.soon+soon-late
		for i, w := range l.rows[:soon] {
			if i < late {
				g.carry(b, w)
			}
			if b.byHand[w] {
				pressing[w] = true
			}
			g.alarm(w, at)
		}
	}
	for w := range b.byHand {
		if !pressing[w] {
			g.alarm(w, at)
		}
	}
	g.words = slices.Clone(b.words[:min(len(b.words), mostWords)])
	g.wordless, _ = slices.BinarySearchFunc(b.words, at, func(w *row, at int64) int { return cmp.Compare(w.word, at) })
	return g
}

func (g *glance) alarm(w *row, now int64) {
	g.alarms = foremost(g.alarms, w, mostAlarms, func(x, y *row) int { return weigh(x, y, now) })
}

// carry adds a late request to the load of whoever has it.
func (g *glance) carry(b *board, w *row) {
	if w.state == balie.AtDesk {
		g.desk.Late++
	}
	for _, team := range b.lists[w.open] {
		if t := g.teams[team]; t != nil {
			t.Late++
		}
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
