package desk

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// picked is a row of a page, taken down while the board was held.
type picked struct {
	id, customer balie.ID
	group        Group
	place        place
}

// picking is what a board has for a page.
type picking struct {
	rows   []picked
	groups map[Group]int
	total  int
	next   string
}

// place is where a row stands in a list: its group and the number it is
// ordered by. It is written into the address of the next page.
type place struct {
	group int
	at    int64
	id    balie.ID
}

func (p place) String() string {
	return strconv.Itoa(p.group) + "." + strconv.FormatInt(p.at, 36) + "." + p.id.String()
}

// parsePlace reads a place; the empty text is the beginning.
func parsePlace(s string) (p place, begin bool, err error) {
	if s == "" {
		return p, true, nil
	}
	part := strings.Split(s, ".")
	if len(part) == 3 {
		if p.group, err = strconv.Atoi(part[0]); err == nil {
			if p.at, err = strconv.ParseInt(part[1], 36, 64); err == nil {
				p.id, err = balie.ParseID(part[2])
			}
		}
	}
	if err != nil || len(part) != 3 || p.id.IsZero() {
		return p, false, badPlace(s)
	}
	return p, false, nil
}

func badPlace(s string) error {
	return &balie.InvalidError{Field: "after", Problem: fmt.Sprintf("%.60q is not a place in a list", s), Fix: "begin the list anew"}
}

// strand is rows of one lane by due time: all of them, or those that were found.
type strand struct {
	lane *lane
	rows []*row
}

func (b *board) strands() []strand {
	out := make([]strand, len(b.lanes))
	for i, l := range b.lanes {
		out[i] = strand{l, l.rows}
	}
	return out
}

// strandsOf are the rows of some requests; those that are not open have none.
func (b *board) strandsOf(ids []balie.ID) []strand {
	var out []strand
	for _, id := range ids {
		w, ok := b.rows[id]
		if !ok {
			continue
		}
		i := slices.IndexFunc(out, func(s strand) bool { return s.lane == w.lane })
		if i < 0 {
			i = len(out)
			out = append(out, strand{lane: w.lane})
		}
		out[i].rows = append(out[i].rows, w)
	}
	for _, s := range out {
		slices.SortFunc(s.rows, byDue)
	}
	return out
}

// parts cuts a strand at the beginnings of its groups.
func (s strand) parts(at limits) [5]int { return (&lane{rows: s.rows}).parts(at) }

// pick takes a page of strands.
func (f *filter) pick(all []strand, by Sort, after string, limit int) (picking, error) {
	from, begin, err := parsePlace(after)
	if err != nil {
		return picking{}, err
	}
	out := f.sums(all)
	switch by {
	case "", ByUrgency:
		out.rows = f.urgent(all, from, begin, limit+1)
	case Newest, Oldest, Recent:
		out.rows = f.sorted(all, by, from, begin, limit+1)
		out.groups = map[Group]int{"": out.total}
	default:
		return picking{}, &balie.InvalidError{Field: "sort", Problem: fmt.Sprintf("there is no order %.40q", string(by)), Fix: "use urgency, newest, oldest or recent"}
	}
	if len(out.rows) > limit {
		out.rows = out.rows[:limit]
		out.next = out.rows[limit-1].place.String()
	}
	return out, nil
}

// sums counts a list by group.
func (f *filter) sums(all []strand) picking {
	out := picking{groups: map[Group]int{}}
	for _, s := range all {
		cuts := s.parts(f.limitsOf(s.lane))
		for g, name := range Groups {
			n := cuts[g+1] - cuts[g]
			if !f.everything() {
				n = 0
				for _, w := range s.rows[cuts[g]:cuts[g+1]] {
					if f.has(w) {
						n++
					}
				}
			}
			out.groups[name] += n
			out.total += n
		}
	}
	return out
}

func (f *filter) limitsOf(l *lane) limits { return f.of(&row{lane: l}) }

// urgent takes rows group by group, in each by due time.
func (f *filter) urgent(all []strand, from place, begin bool, most int) []picked {
	var out []picked
	for g := range Groups {
		if !begin && g < from.group {
			continue
		}
		heads := make([][]*row, 0, len(all))
		for _, s := range all {
			cuts := s.parts(f.limitsOf(s.lane))
			rows := s.rows[cuts[g]:cuts[g+1]]
			if !begin && g == from.group {
				rows = behind(rows, from)
			}
			heads = append(heads, f.skip(rows))
		}
		for len(out) < most {
			i := first(heads)
			if i < 0 {
				break
			}
			w := heads[i][0]
			out = append(out, picked{w.id, w.customer, Groups[g], place{g, w.due, w.id}})
			heads[i] = f.skip(heads[i][1:])
		}
	}
	return out
}

// behind are the rows of a strand behind a place.
func behind(rows []*row, from place) []*row {
	i, found := slices.BinarySearchFunc(rows, &row{due: from.at, id: from.id}, byDue)
	if found {
		i++
	}
	return rows[i:]
}

// skip goes to the first row that is in the list.
func (f *filter) skip(rows []*row) []*row {
	for len(rows) > 0 && !f.has(rows[0]) {
		rows = rows[1:]
	}
	return rows
}

// first is the strand whose head is due first, or -1.
func first(heads [][]*row) int {
	best := -1
	for i, h := range heads {
		if len(h) > 0 && (best < 0 || byDue(h[0], heads[best][0]) < 0) {
			best = i
		}
	}
	return best
}

// sorted takes the first rows in an order of time.
func (f *filter) sorted(all []strand, by Sort, from place, begin bool, most int) []picked {
	at := func(w *row) int64 {
		switch by {
		case Oldest:
			return w.opened
		case Recent:
			return -w.changed
		}
		return -w.opened
	}
	order := func(x, y place) int { return cmp.Or(cmp.Compare(x.at, y.at), bytes.Compare(x.id[:], y.id[:])) }
	var out []picked
	for _, s := range all {
		for _, w := range s.rows {
			p := place{0, at(w), w.id}
			if !begin && order(p, from) <= 0 || len(out) == most && order(p, out[most-1].place) >= 0 || !f.has(w) {
				continue
			}
			i, _ := slices.BinarySearchFunc(out, p, func(x picked, p place) int { return order(x.place, p) })
			if len(out) == most {
				out = out[:most-1]
			}
			out = slices.Insert(out, i, picked{w.id, w.customer, "", p})
		}
	}
	return out
}

// risk counts what is late, and what is late or due within the hour.
func (b *board) risk(now time.Time, zone *time.Location) (late, risk int) {
	for _, l := range b.lanes {
		cuts := l.parts(limitsOf(l, now, zone))
		late += cuts[1]
		risk += cuts[2]
	}
	return late, risk
}
