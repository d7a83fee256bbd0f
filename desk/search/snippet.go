package search

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/balie/balie"
)

// How much of a text stands around the first word found, in bytes.
const (
	snippetBefore = 40
	snippetAll    = 160
)

// wanted are the words that a query looks for.
type wanted struct {
	exact  map[string]bool
	stems  map[string]bool
	begins string          // the word being typed
	first  map[string]bool // how any of them begins
	s      *stemmer
}

func newWanted(q Query) wanted {
	w := wanted{exact: map[string]bool{}, stems: map[string]bool{}, first: map[string]bool{}, s: newStemmer()}
	for i, t := range q.Terms {
		if t.Key != Text || t.Not {
			continue
		}
		for _, word := range foldedWords(Fold(t.Value), true) {
			w.exact[word] = true
			if nl, en := w.s.stems(word); nl != "" && !t.Phrase {
				w.stems[nl], w.stems[en] = true, true
			}
			if i == len(q.Terms)-1 && !t.Phrase && utf8.RuneCountInString(word) >= beginnings[0] {
				w.begins = word
			}
		}
	}
	for _, words := range []map[string]bool{w.exact, w.stems} {
		for word := range words {
			w.first[start(word)] = true
		}
	}
	return w
}

// start is the first two letters: a stem begins as its word does (but for
// dying, lying and tying, which are found and not marked).
func start(word string) string { return word[:min(2, len(word))] }

func (w wanted) has(word string) bool {
	if !w.first[start(word)] { // most words: their stems need not be known
		return false
	}
	if w.exact[word] || w.begins != "" && strings.HasPrefix(word, w.begins) {
		return true
	}
	nl, en := w.s.stems(word)
	return nl != "" && (w.stems[nl] || w.stems[en])
}

// place is a word in a text.
type place struct{ from, to int }

// find are the places of wanted words in a text, at most so many bytes behind
// the first.
func (w wanted) find(text string, within int) []place {
	var out []place
	end := len(text)
	for i := 0; i < end; {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !isWordRune(r) {
			i += n
			continue
		}
		j := i
		for j < len(text) {
			r, n := utf8.DecodeRuneInString(text[j:])
			if !isWordRune(r) {
				break
			}
			j += n
		}
		if w.has(clipWord(Fold(text[i:j]))) {
			if len(out) == 0 {
				end = min(end, i+within)
			}
			out = append(out, place{i, j})
		}
		i = j
	}
	return out
}

// Highlight is a whole text with the words searched for marked.
func Highlight(q Query, text string) []Segment {
	return segments(text, newWanted(q).find(text, len(text)))
}

// Snippet is the surroundings of the first word searched for, or nil when the
// text has none.
func Snippet(q Query, text string) []Segment { return newWanted(q).snippet(text) }

func (w wanted) snippet(text string) []Segment {
	places := w.find(text, snippetAll-snippetBefore)
	if len(places) == 0 {
		return nil
	}
	from := max(0, places[0].from-snippetBefore)
	if i := strings.IndexAny(text[from:places[0].from], " \n\f"); from > 0 && i >= 0 {
		from += i + 1
	}
	to := min(len(text), max(from+snippetAll, places[len(places)-1].to))
	if i := strings.LastIndexAny(text[places[len(places)-1].to:to], " \n\f"); to < len(text) && i >= 0 {
		to = places[len(places)-1].to + i
	}
	for from > 0 && !utf8.RuneStart(text[from]) {
		from++
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to--
	}
	for i := range places {
		places[i].from -= from
		places[i].to -= from
	}
	out := segments(text[from:to], places)
	if from > 0 {
		out[0].Text = "…" + out[0].Text
		if out[0].Mark {
			out[0].Text = strings.TrimPrefix(out[0].Text, "…")
			out = append([]Segment{{Text: "…"}}, out...)
		}
	}
	if to < len(text) {
		out = append(out, Segment{Text: "…"})
	}
	for i := range out {
		out[i].Text = strings.NewReplacer("\n", " ", breaks, " ").Replace(out[i].Text)
	}
	return out
}

func segments(text string, places []place) []Segment {
	var out []Segment
	at := 0
	for _, p := range places {
		if p.from > at {
			out = append(out, Segment{Text: text[at:p.from]})
		}
		out = append(out, Segment{Text: text[p.from:p.to], Mark: true})
		at = p.to
	}
	if at < len(text) {
		out = append(out, Segment{Text: text[at:]})
	}
	return out
}

// Snippets are those of some requests, from what was said on them; a request
// in whose texts the words do not stand has none. It is one read.
func (x *Index) Snippets(ctx context.Context, q Query, ids []balie.ID) (map[balie.ID][]Segment, error) {
	out := map[balie.ID][]Segment{}
	if !q.Words() || len(ids) == 0 {
		return out, nil
	}
	list, err := json.Marshal(hexed(ids))
	if err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.read == nil {
		return out, nil
	}
	const texts = `SELECT d.request, t.text FROM json_each(?) j CROSS JOIN docs d ON d.request = unhex(j.value) CROSS JOIN texts t ON t.place = d.place`
	rows, err := x.read.QueryContext(ctx, texts, string(list))
	if err != nil {
		return nil, x.judge(fmt.Errorf("read what was said: %w", err))
	}
	defer rows.Close()
	w := newWanted(q)
	for rows.Next() {
		var b []byte
		var text string
		if err := rows.Scan(&b, &text); err != nil {
			return nil, err
		}
		if s := w.snippet(text); s != nil {
			var id balie.ID
			copy(id[:], b)
			out[id] = s
		}
	}
	if err := rows.Err(); err != nil {
		return nil, x.judge(fmt.Errorf("read what was said: %w", err))
	}
	return out, nil
}
