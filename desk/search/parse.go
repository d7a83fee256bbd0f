package search

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is typed: a person types less, and a longer one would only
// cost time.
const (
	longestQuery = 1000 // bytes
	mostTerms    = 24
)

// ParseQuery reads what somebody typed. Keys and values may be written in any
// language; language is that of the suggestions. It takes anything.
func ParseQuery(s, language string) (Query, []Problem) {
	var q Query
	var bad []Problem
	for _, c := range chunks(clean(s)) {
		if len(q.Terms) == mostTerms {
			bad = append(bad, Problem{Word: c.typed})
			continue
		}
		t, ok, p := c.term(language)
		if p != nil {
			bad = append(bad, *p)
		}
		if ok && !slices.Contains(q.Terms, t) {
			q.Terms = append(q.Terms, t)
		}
	}
	return q, bad
}

// clean takes away what no search has: broken text and control characters.
func clean(s string) string {
	if len(s) > longestQuery {
		s = s[:longestQuery]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
			s = s[:len(s)-1]
		}
	}
	s = strings.ToValidUTF8(s, " ")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case strings.ContainsRune("“”„«»", r):
			return '"'
		}
		return r
	}, s)
}

// chunk is a piece of what was typed, up to a space that is not in quotes.
type chunk struct {
	typed  string
	not    bool
	key    string // before the colon, lower-cased; "" when there is none
	value  string
	quoted bool
}

// chunks cuts at spaces. A quotation mark opens at the beginning of a chunk or
// behind a colon; one that is never closed is closed at the end.
func chunks(s string) []chunk {
	var out []chunk
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" {
			return out
		}
		c, rest := nextChunk(s)
		s = rest
		if c.value != "" || c.key != "" {
			out = append(out, c)
		}
	}
}

func nextChunk(s string) (chunk, string) {
	var c chunk
	all := s
	if s[0] == '-' {
		c.not, s = true, s[1:]
	}
	end := strings.IndexAny(s, ` "`)
	if end < 0 {
		end = len(s)
	}
	if i := strings.IndexByte(s[:end], ':'); i > 0 {
		c.key, s, end = strings.ToLower(s[:i]), s[i+1:], end-i-1
	}
	if strings.HasPrefix(s, `"`) {
		text, rest, _ := strings.Cut(s[1:], `"`)
		c.value, c.quoted = strings.Join(strings.Fields(text), " "), true
		c.typed = strings.TrimSuffix(all, rest)
		return c, rest
	}
	c.value = s[:end]
	c.typed = strings.TrimSuffix(all, s[end:])
	return c, s[end:]
}

// term is the condition that a chunk is.
func (c chunk) term(language string) (Term, bool, *Problem) {
	if c.key == "" {
		return Term{Value: c.value, Not: c.not, Phrase: c.quoted}, hasWord(c.value), nil
	}
	e, ok := keyNamed(c.key)
	if !ok {
		return c.asWords(), hasWord(c.key + c.value), c.unknown(language)
	}
	if c.value == "" { // somebody is typing it
		return Term{}, false, &Problem{Word: c.typed, Key: c.key, Values: shown(e.named(), language)}
	}
	if e.key == From && !isDay(c.value) { // as people write it in mail
		e, _ = keyOf(Customer)
	}
	v, ok := e.canonical(c.value)
	if !ok {
		return c.asWords(), true, &Problem{Word: c.typed, Key: c.key, Value: c.value, Values: shown(e.named(), language)}
	}
	return Term{Key: e.key, Value: v, Not: c.not}, true, nil
}

// asWords keeps a chunk as it was typed.
func (c chunk) asWords() Term {
	if c.quoted {
		return Term{Value: strings.TrimSpace(c.key + " " + c.value), Not: c.not, Phrase: true}
	}
	return Term{Value: c.key + ":" + c.value, Not: c.not}
}

func hasWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

// unknown reports a key that does not exist; a time or an address of the web
// was not meant as one.
func (c chunk) unknown(language string) *Problem {
	if strings.HasPrefix(c.value, "//") || strings.Trim(c.key, "0123456789") == "" {
		return nil
	}
	p := &Problem{Word: c.typed, Key: c.key, Value: c.value}
	best := 2 // letters that may differ
	for _, e := range keys {
		for _, word := range slices.Concat(e.words.nl, e.words.en) {
			if d := distance(word, c.key); d <= best && d < len(word) {
				p.Near, best = e.words.in(language), d-1
			}
		}
	}
	return p
}

func shown(all []value, language string) []string {
	var out []string
	for _, v := range all {
		out = append(out, v.words.in(language))
	}
	return out
}

// distance is how many letters must be added, taken away or changed.
func distance(a, b string) int {
	if len(b) > 20 {
		return len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := before
			if a[i] != b[j] {
				d = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// canonical is the value as String writes it.
func (e entry) canonical(v string) (string, bool) {
	low := strings.ToLower(v)
	if name, ok := valueNamed(e.named(), low); ok {
		return name, true
	}
	switch e.key {
	case SLA:
		return canonicalSpan(low)
	case From, To:
		return canonicalDay(low)
	case Channel, At, Assignee, Tag, Lang, Org: // names that a desk makes up
		return low, true
	case Customer, Product, Ref:
		return v, hasWord(v)
	}
	return "", false
}

var span = regexp.MustCompile(`^([<>])=?([0-9]{1,4})(m|min|h|u|uur|hours?|d|dag|dagen|days?)$`)

// canonicalSpan is "<1h" of "<1u".
func canonicalSpan(v string) (string, bool) {
	m := span.FindStringSubmatch(v)
	if m == nil {
		return "", false
	}
	unit := map[byte]string{'m': "m", 'h': "h", 'u': "h", 'd': "d"}[m[3][0]]
	n, _ := strconv.Atoi(m[2])
	return m[1] + strconv.Itoa(n) + unit, true
}

// workday is how much opening time a day is in sla:<1d.
const workday = 8 * time.Hour

// Span reads the value of an SLA term: less than so much opening time left, or
// more.
func Span(v string) (less bool, d time.Duration) {
	m := span.FindStringSubmatch(v)
	if m == nil {
		return false, 0
	}
	n, _ := strconv.Atoi(m[2])
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': workday}[m[3][0]]
	return m[1] == "<", time.Duration(n) * unit
}

var daysAgo = regexp.MustCompile(`^[0-9]{1,4}d$`)

func isDay(v string) bool {
	low := strings.ToLower(v)
	if _, ok := valueNamed(days, low); ok {
		return true
	}
	_, ok := canonicalDay(low)
	return ok
}

// canonicalDay is 2026-11-01 of the ways in which people write a day; "7d" is
// seven days ago.
func canonicalDay(v string) (string, bool) {
	if daysAgo.MatchString(v) {
		n, _ := strconv.Atoi(strings.TrimSuffix(v, "d"))
		return strconv.Itoa(n) + "d", true
	}
	for _, layout := range []string{time.DateOnly, "2-1-2006", "2/1/2006"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// Day is the day that a From or To term means, from its first moment up to the
// first of the next day, in the zone of now.
func Day(v string, now time.Time) (from, to time.Time) {
	y, m, d := now.Date()
	switch {
	case v == "today":
	case v == "yesterday":
		d--
	case daysAgo.MatchString(v):
		n, _ := strconv.Atoi(strings.TrimSuffix(v, "d"))
		d -= n
	default:
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return time.Time{}, time.Time{}
		}
		y, m, d = t.Date()
	}
	return time.Date(y, m, d, 0, 0, 0, 0, now.Location()), time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
}

// String writes a query so that ParseQuery reads the same one.
func (q Query) String() string {
	return q.write(func(e entry, v string) (string, string) { return string(e.key), v })
}

// In writes a query in a language.
func (q Query) In(language string) string {
	return q.write(func(e entry, v string) (string, string) {
		for _, x := range e.named() {
			if x.name == v {
				v = x.words.in(language)
			}
		}
		return e.words.in(language), v
	})
}

func (q Query) write(name func(entry, string) (string, string)) string {
	var b strings.Builder
	for _, t := range q.Terms {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if t.Not {
			b.WriteByte('-')
		}
		key, v := "", t.Value
		if e, ok := keyOf(t.Key); ok {
			key, v = name(e, t.Value)
			b.WriteString(key + ":")
		}
		if t.Phrase || strings.ContainsAny(v, ` "`) {
			v = `"` + v + `"`
		}
		b.WriteString(v)
	}
	return b.String()
}

// With is the query with a term more, or in place of the one with its key that
// can have one value only.
func (q Query) With(t Term) Query {
	out := q.Without(t.Key)
	if t.Key == Text || t.Key == Tag || t.Key == Is {
		out.Terms = slices.DeleteFunc(slices.Clone(q.Terms), func(u Term) bool { return u == t })
	}
	out.Terms = append(out.Terms, t)
	return out
}

// Without is the query without the terms of a key.
func (q Query) Without(k Key) Query {
	return Query{slices.DeleteFunc(slices.Clone(q.Terms), func(u Term) bool { return u.Key == k })}
}

// Words reports whether words are searched for, so that the index is needed.
func (q Query) Words() bool {
	return slices.ContainsFunc(q.Terms, func(t Term) bool { return t.Key == Text })
}

// OnlyOpen reports whether no closed request can be meant.
func (q Query) OnlyOpen() bool {
	return slices.ContainsFunc(q.Terms, func(t Term) bool {
		switch {
		case t.Not:
			return false
		case t.Key == Is:
			return t.Value != "closed" && t.Value != "reopened"
		case t.Key == Status:
			return t.Value != "closed"
		}
		return t.Key == At || t.Key == SLA
	})
}
