package search

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/balie/balie"
)

// mostLooked bounds how many candidates are read for what the index does not
// know (check): about 10 ms.
const mostLooked = 2000

// Hit is a request that was found.
type Hit struct {
	Request balie.ID
	Place   int64 // the newest have the greatest
}

// Hits are what was found, opened last first.
type Hits struct {
	Hits []Hit
	Next int64 // where to go on (Want.Before); 0: this is all
}

// Want says which hits.
type Want struct {
	Before int64 // places before this; 0: from the newest on
	Limit  int
	Now    time.Time // in the desk's zone
}

// Find finds requests. Of what changed this second it knows the old state, and
// it does not look at the time left: the caller looks at each request again.
func (x *Index) Find(ctx context.Context, q Query, who Who, names Naming, want Want) (Hits, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.read == nil {
		return Hits{}, nil // Progress says so
	}
	p := compile(q, who, names)
	at, err := x.places(ctx, p, want.Now)
	if err != nil {
		return Hits{}, x.judge(fmt.Errorf("search by date: %w", err))
	}
	if want.Before != 0 {
		at.last = min(at.last, want.Before-1)
	}
	find := x.plain
	if len(p.checks) > 0 && !p.only {
		find = x.looking
	}
	hits, err := find(ctx, p, at, want.Limit)
	if err != nil {
		return Hits{}, x.judge(fmt.Errorf("search: %w", err))
	}
	return hits, nil
}

// judge makes Run begin anew when the file is damaged.
func (x *Index) judge(err error) error {
	if damaged(err) {
		x.again.Store(true)
		x.poke()
	}
	return err
}

// questions are the same of all requests and of the open ones.
type questions struct{ plain, looking, count, countDated string }

var ofAll = questions{
	plain: `SELECT d.place, d.request FROM words w CROSS JOIN docs d ON d.place = w.rowid
		WHERE w.words MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?`,
	looking: `SELECT d.place, d.request, t.cut, t.head, t.text FROM words w CROSS JOIN docs d ON d.place = w.rowid CROSS JOIN texts t ON t.place = w.rowid
		WHERE w.words MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?`,
	count: `SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)`,
	countDated: `SELECT count(*) FROM (SELECT 1 FROM words w CROSS JOIN docs d ON d.place = w.rowid
		WHERE w.words MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?)`,
}

var ofOpen = questions{
	plain: `SELECT d.place, d.request FROM openwords w CROSS JOIN docs d ON d.place = w.rowid
		WHERE w.openwords MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?`,
	looking: `SELECT d.place, d.request, t.cut, t.head, t.text FROM openwords w CROSS JOIN docs d ON d.place = w.rowid CROSS JOIN texts t ON t.place = w.rowid
		WHERE w.openwords MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?`,
	count: `SELECT count(*) FROM (SELECT 1 FROM openwords WHERE openwords MATCH ? LIMIT ?)`,
	countDated: `SELECT count(*) FROM (SELECT 1 FROM openwords w CROSS JOIN docs d ON d.place = w.rowid
		WHERE w.openwords MATCH ? AND w.rowid BETWEEN ? AND ? AND d.opened >= ? AND d.opened < ? ORDER BY w.rowid DESC LIMIT ?)`,
}

func (p plan) questions() questions {
	if p.open {
		return ofOpen
	}
	return ofAll
}

func (x *Index) plain(ctx context.Context, p plan, at reach, limit int) (Hits, error) {
	rows, err := x.read.QueryContext(ctx, p.questions().plain, p.match, at.first, at.last, at.from, at.to, limit+1)
	if err != nil {
		return Hits{}, err
	}
	defer rows.Close()
	var out Hits
	for rows.Next() {
		var h Hit
		var id []byte
		if err := rows.Scan(&h.Place, &id); err != nil {
			return out, err
		}
		if len(out.Hits) == limit {
			out.Next = out.Hits[limit-1].Place
			break
		}
		copy(h.Request[:], id)
		out.Hits = append(out.Hits, h)
	}
	return out, rows.Err()
}

// looking reads the texts too and drops what does not have the words as they
// were typed.
func (x *Index) looking(ctx context.Context, p plan, at reach, limit int) (Hits, error) {
	rows, err := x.read.QueryContext(ctx, p.questions().looking, p.match, at.first, at.last, at.from, at.to, mostLooked)
	if err != nil {
		return Hits{}, err
	}
	defer rows.Close()
	var out Hits
	s := newStemmer()
	looked, last := 0, int64(0)
	for rows.Next() {
		var h Hit
		var id []byte
		var cut bool
		var head, text string
		if err := rows.Scan(&h.Place, &id, &cut, &head, &text); err != nil {
			return out, err
		}
		looked, last = looked+1, h.Place
		if !p.holds(head+breaks+text, cut, s) {
			continue
		}
		if len(out.Hits) == limit {
			out.Next = out.Hits[limit-1].Place
			return out, nil
		}
		copy(h.Request[:], id)
		out.Hits = append(out.Hits, h)
	}
	if looked == mostLooked {
		out.Next = last
	}
	return out, rows.Err()
}

func (p plan) holds(text string, cut bool, s *stemmer) bool {
	text = Fold(text)
	for _, k := range p.checks {
		if !k.holds(text, cut, s) {
			return false
		}
	}
	return true
}

// margin is how many places dates may be out of order: requests of the same
// moment, and a clock that was set back a little.
const margin = 256

// reach are the dates of a plan, and the first and last place they can mean.
type reach struct{ first, last, from, to int64 }

func (x *Index) places(ctx context.Context, p plan, now time.Time) (reach, error) {
	at := reach{0, math.MaxInt64, math.MinInt64, math.MaxInt64}
	from, to := p.between(now)
	if !from.IsZero() {
		first, err := x.placeAt(ctx, from)
		if err != nil {
			return at, err
		}
		at.first, at.from = first-margin, from.Unix()
	}
	if !to.IsZero() {
		last, err := x.placeAt(ctx, to)
		if err != nil {
			return at, err
		}
		at.last, at.to = last+margin, to.Unix()
	}
	return at, nil
}

// placeAt is about the first place of what was opened at a moment or later:
// places grow with the order of opening, so a moment is found by halving.
func (x *Index) placeAt(ctx context.Context, t time.Time) (int64, error) {
	var lo, hi sql.NullInt64
	if err := x.read.QueryRowContext(ctx, `SELECT (SELECT min(place) FROM docs), (SELECT max(place) FROM docs)`).Scan(&lo, &hi); err != nil || !lo.Valid {
		return 0, err
	}
	a, b := lo.Int64, hi.Int64+1
	for a < b {
		mid := a + (b-a)/2
		var place, opened int64
		err := x.read.QueryRowContext(ctx, `SELECT place, opened FROM docs WHERE place >= ? ORDER BY place LIMIT 1`, mid).Scan(&place, &opened)
		if err != nil {
			return 0, err
		}
		if opened >= t.Unix() {
			b = mid
		} else {
			a = place + 1
		}
	}
	return a, nil
}

// Count is how many requests Find would give, up to a number.
func (x *Index) Count(ctx context.Context, q Query, who Who, names Naming, now time.Time, most int) (n int, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.read == nil {
		return 0, nil
	}
	p := compile(q, who, names)
	at, err := x.places(ctx, p, now)
	if err != nil {
		return 0, x.judge(fmt.Errorf("count by date: %w", err))
	}
	ask, values := p.questions().count, []any{p.match, most}
	if len(p.dates) > 0 {
		ask, values = p.questions().countDated, []any{p.match, at.first, at.last, at.from, at.to, most}
	}
	if err := x.read.QueryRowContext(ctx, ask, values...).Scan(&n); err != nil {
		return 0, x.judge(fmt.Errorf("count what is found: %w", err))
	}
	return n, nil
}
