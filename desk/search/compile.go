package search

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
)

// Who searches. A team member finds what one of its teams got, by its subject
// and by the words of that team's own thread.
type Who struct {
	Me    string   // the user's id
	Teams []string // of a team member
	Only  bool     // a team member
}

// Naming knows what people call things. Each returns ids; none: there is no
// such thing.
type Naming interface {
	Products(words string) []string
	Teams(name string) []string // an id, a name, or a kind of team
	Organisations(words string) []string
}

// plan is a query as the index can run it. What it finds is a little more than
// what the query means: the time left, what is new, and what has changed this
// second, its caller must look at.
type plan struct {
	match  string
	open   bool // no closed request is meant
	checks []check
	only   bool // no texts are looked at: the searcher may not know them
	dates  []Term
}

// check looks for something in a text that the index does not know: the order
// of words, or a beginning that is longer than those it keeps.
type check struct {
	phrase []string // these words in this order
	begins string   // a word that begins so, or one of the stems
	stems  [2]string
	not    bool
}

// nothing is a term that no document has, everything one that all have.
var (
	nothing    = quote(filterToken("none", ""))
	everything = quote(filterToken("any", ""))
)

// quote writes a term for FTS5. No term has a quotation mark.
func quote(token string) string { return `"` + strings.ReplaceAll(token, `"`, "") + `"` }

func anyOf(exprs ...string) string {
	switch len(exprs) {
	case 0:
		return nothing
	case 1:
		return exprs[0]
	}
	return "(" + strings.Join(exprs, " OR ") + ")"
}

func allOf(exprs ...string) string {
	if len(exprs) == 1 {
		return exprs[0]
	}
	return "(" + strings.Join(exprs, " AND ") + ")"
}

// compiler makes a plan of a query.
type compiler struct {
	who     Who
	names   Naming
	stemmer *stemmer
	p       plan
}

func compile(q Query, who Who, names Naming) plan {
	c := compiler{who: who, names: names, stemmer: newStemmer(), p: plan{only: who.Only}}
	c.p.open = q.OnlyOpen()
	var must, not []string
	for i, t := range q.Terms {
		typing := i == len(q.Terms)-1 && t.Key == Text && !t.Phrase && !t.Not
		expr, exact := c.term(t, typing)
		switch {
		case expr == "":
		case !t.Not:
			must = append(must, expr)
		case exact:
			not = append(not, expr)
		}
	}
	if who.Only {
		var had []string
		for _, team := range who.Teams {
			had = append(had, quote(filterToken("had", team)))
		}
		must = append(must, anyOf(had...))
	}
	if len(must) == 0 {
		must = []string{everything}
	}
	c.p.match = allOf(must...)
	if len(not) > 0 {
		c.p.match += " NOT " + anyOf(not...)
	}
	return c.p
}

// term is the expression of a term; "": it is looked at elsewhere. exact: all
// that it finds is meant, so that it may be turned round.
func (c *compiler) term(t Term, typing bool) (expr string, exact bool) {
	f := func(name string, values ...string) string {
		var out []string
		for _, v := range values {
			out = append(out, quote(filterToken(name, v)))
		}
		return anyOf(out...)
	}
	switch t.Key {
	case Text:
		return c.words(t, typing)
	case Is:
		return c.is(t.Value, f)
	case Customer:
		return c.customer(t.Value), true
	case Product:
		return f("product", c.names.Products(t.Value)...), true
	case At:
		switch t.Value {
		case "desk":
			return f("status", balie.AtDesk.String()), true
		case "customer":
			return f("status", balie.Waiting.String()), true
		}
		return f("at", c.names.Teams(t.Value)...), true
	case Assignee:
		return f("assignee", assignee(t.Value, c.who.Me)), true
	case Priority:
		return f("priority", strconv.Itoa(PriorityOf(t.Value))), true
	case Org:
		return f("org", c.names.Organisations(t.Value)...), true
	case Ref:
		return f("ref", plainRef(t.Value)), true
	case SLA:
		return f("open", ""), false
	case From, To:
		c.p.dates = append(c.p.dates, t)
		return "", false
	}
	return f(string(t.Key), t.Value), true
}

func assignee(v, me string) string {
	switch v {
	case "me":
		return me
	case "none":
		return ""
	}
	return v
}

// PriorityOf is the priority with a name.
func PriorityOf(name string) int {
	return map[string]int{"low": balie.Low, "normal": balie.Normal, "high": balie.High, "urgent": balie.Urgent}[name]
}

// plainRef is a reference without its dash; one that was misheard stays as it
// was typed and finds nothing.
func plainRef(s string) string {
	if ref, ok := balie.ParseRef(s); ok {
		s = ref
	}
	return strings.ReplaceAll(s, "-", "")
}

func (c *compiler) is(v string, f func(string, ...string) string) (string, bool) {
	switch v {
	case "closed", "waiting", "answered", "handedout", "planned":
		return f("status", v), true
	case "mine":
		return allOf(f("assignee", c.who.Me), f("open", "")), true
	case "unassigned":
		return allOf(f("status", balie.AtDesk.String()), f("assignee", "")), true
	case "reopened":
		return f("reopened", ""), true
	case "reply":
		return allOf(f("reply", ""), f("open", "")), true
	case "new":
		return allOf(f("status", balie.AtDesk.String()), f("assignee", "")), false
	case "open":
		return f("open", ""), true
	}
	return f("open", ""), false // late, risk
}

// customer finds people by the beginnings of their names and addresses.
func (c *compiler) customer(v string) string {
	if c.who.Only {
		return nothing
	}
	var out []string
	for chunk := range strings.FieldsSeq(Fold(v)) {
		words, joined := chunkWords(chunk)
		if joined != "" {
			words = []string{joined}
		}
		for _, w := range words {
			out = append(out, quote(personMark+w)+"*")
		}
	}
	return allOf(out...)
}

// words is the expression of free words.
func (c *compiler) words(t Term, typing bool) (string, bool) {
	var each []string
	var phrase []string
	for chunk := range strings.FieldsSeq(Fold(t.Value)) {
		words, joined := chunkWords(chunk)
		phrase = append(phrase, words...)
		switch {
		case t.Phrase:
			for _, w := range words {
				each = append(each, c.marked(func(mark string) string { return quote(mark + w) }))
			}
		case joined != "":
			each = append(each, c.one(joined, typing, t.Value))
		default:
			for _, w := range words {
				each = append(each, c.one(w, typing, t.Value))
			}
		}
	}
	if len(each) == 0 {
		return "", false
	}
	// The texts that are kept to look at are not a team member's to know: for
	// them a phrase is all its words.
	if t.Phrase && len(phrase) > 1 && !c.who.Only {
		c.p.checks = append(c.p.checks, check{phrase: phrase, not: t.Not})
		return allOf(each...), !t.Not
	}
	return allOf(each...), true
}

// marked is an expression in all the words that the searcher may search in.
func (c *compiler) marked(expr func(mark string) string) string {
	if !c.who.Only {
		return expr("")
	}
	var out []string
	for _, team := range c.who.Teams {
		out = append(out, expr(teamWords(team)))
	}
	return anyOf(out...)
}

// beginnings are how many letters the index keeps of every word (tables). Each
// costs a fifth of what indexing costs; of two the second is long enough that
// few words begin so.
var beginnings = []int{3, 5}

// one is the expression of one word: any form of it, and while it is typed
// also what begins with it.
func (c *compiler) one(word string, typing bool, typed string) string {
	nl, en := c.stemmer.stems(word)
	expr := c.marked(func(mark string) string {
		var out []string
		if nl == "" {
			out = append(out, quote(mark+word))
		} else if out = append(out, quote(mark+stemMark+nl)); en != nl {
			out = append(out, quote(mark+stemMark+en))
		}
		if n := len([]rune(word)); typing && n >= beginnings[0] {
			out = append(out, c.beginning(mark, word, n, nl, en))
		}
		return anyOf(out...)
	})
	if ref, ok := balie.ParseRef(typed); ok && strings.ContainsAny(typed, "-0123456789") {
		expr = anyOf(expr, quote(filterToken("ref", plainRef(ref))))
	}
	return expr
}

// beginning finds the words that begin so. A list for every beginning of
// several letters is kept in the index; for others the next shorter one is
// taken and the text looked at, for FTS5 would read every list of every such
// word to its end.
func (c *compiler) beginning(mark, word string, n int, nl, en string) string {
	if c.who.Only || slices.Contains(beginnings, n) {
		return quote(mark+word) + "*"
	}
	keep := beginnings[0]
	for _, k := range beginnings {
		if k < n {
			keep = k
		}
	}
	c.p.checks = append(c.p.checks, check{begins: word, stems: [2]string{nl, en}})
	return quote(mark+string([]rune(word)[:keep])) + "*"
}

// breaks stands between what was said apart: a phrase does not go over it.
const breaks = "\f"

// holds looks at a text, folded; cut: there was more of it.
func (k check) holds(text string, cut bool, s *stemmer) bool {
	var found bool
	if k.phrase != nil {
		found = hasPhrase(text, k.phrase)
	} else {
		found = k.hasWord(text, s)
	}
	if k.not {
		return !found
	}
	return found || cut
}

// hasWord reports whether a text has a word that is searched for.
func (k check) hasWord(text string, s *stemmer) bool {
	if strings.Contains(text, k.begins) { // seldom inside a word only
		for i := 0; ; {
			j := strings.Index(text[i:], k.begins)
			if j < 0 {
				break
			}
			if i += j; begins(text, i) {
				return true
			}
			i += len(k.begins)
		}
	}
	return slices.ContainsFunc(foldedWords(text, true), func(w string) bool { return k.like(w, s) })
}

// begins reports whether a word begins at a place of a text.
func begins(text string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return i == 0 || !isWordRune(r)
}

// like reports whether a word is one that is searched for. Stems are made only
// of those that begin alike.
func (k check) like(w string, s *stemmer) bool {
	if strings.HasPrefix(w, k.begins) {
		return true
	}
	if len(w) < 2 || w[:2] != k.begins[:2] {
		return false
	}
	nl, en := s.stems(w)
	return nl != "" && (nl == k.stems[0] || en == k.stems[1] || nl == k.stems[1] || en == k.stems[0])
}

// hasPhrase reports whether words stand one behind the other in a folded text.
func hasPhrase(text string, phrase []string) bool {
	for i := 0; i < len(text); {
		j := strings.Index(text[i:], phrase[0])
		if j < 0 {
			return false
		}
		i += j
		if begins(text, i) && follow(text[i:], phrase) {
			return true
		}
		i += len(phrase[0])
	}
	return false
}

// follow reports whether a text begins with words.
func follow(text string, words []string) bool {
	for n, w := range words {
		if n > 0 {
			i := strings.IndexFunc(text, isWordRune)
			if i < 0 || strings.Contains(text[:i], breaks) {
				return false
			}
			text = text[i:]
		}
		rest, ok := strings.CutPrefix(text, w)
		if r, _ := utf8.DecodeRuneInString(rest); !ok || rest != "" && isWordRune(r) && len(w) < longestWord {
			return false
		}
		text = rest
	}
	return true
}

// foldedWords are the words of a folded text in order, if wanted with joined
// ones behind theirs.
func foldedWords(text string, withJoined bool) []string {
	var out []string
	for chunk := range strings.FieldsSeq(text) {
		words, joined := chunkJoined(chunk)
		out = append(out, words...)
		if withJoined {
			out = append(out, joined...)
		}
	}
	return out
}

// between are the first and the last moment that From and To leave.
func (p plan) between(now time.Time) (from, to time.Time) {
	for _, t := range p.dates {
		if t.Not { // seldom: the caller looks at it
			continue
		}
		first, behind := Day(t.Value, now)
		if t.Key == From && first.After(from) {
			from = first
		}
		if t.Key == To && (to.IsZero() || behind.Before(to)) {
			to = behind
		}
	}
	return from, to
}
