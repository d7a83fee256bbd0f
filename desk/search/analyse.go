package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// The index has words as written (folded), their stems, and terms of filters.
// Each kind begins in its own way. The beginnings are five equal characters
// because the index also keeps the first three and five of every word: of these
// kinds that is then one entry for a request and not one for each word.
const (
	stemMark   = "~~~~~"
	filterMark = "====="
	personMark = "@"
	teamMark   = "^^^^^"
)

// longestWord in bytes: what is longer is no word, and its beginning finds it.
const longestWord = 40

// Fold makes letters alike that people write either way: case, accents,
// ligatures.
func Fold(s string) string {
	plain, simple := true, true
	for _, r := range s {
		plain = plain && r < utf8.RuneSelf
		simple = simple && (r < rune(len(latin)) || r >= 0x2000 && r < 0x2070 || r == '€') // punctuation is no letter
	}
	if plain {
		return strings.ToLower(s)
	}
	if !simple {
		return foldAny(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r < rune(len(latin)) {
			b.WriteString(latin[r])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// latin is what foldAny makes of the letters of Western Europe: taking them
// apart one by one costs ten times as much as looking them up.
var latin = latinLetters()

func latinLetters() []string {
	out := make([]string, 0x250)
	for r := range out {
		out[r] = foldAny(string(rune(r)))
	}
	return out
}

func foldAny(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if f, ok := folds[r]; ok {
			b.WriteString(f)
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// folds are the letters that Unicode does not take apart.
var folds = map[rune]string{'ß': "ss", 'ẞ': "ss", 'ø': "o", 'Ø': "o", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe",
	'ł': "l", 'Ł': "l", 'đ': "d", 'Đ': "d", 'ð': "d", 'Ð': "d", 'þ': "th", 'Þ': "th", 'ı': "i"}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// chunkWords are the words of a piece without spaces. More than one, as in
// e-mail, 4.02 or 7K3Q-F, are found together too: joined is all of them.
func chunkWords(chunk string) (words []string, joined string) {
	words = strings.FieldsFunc(chunk, func(r rune) bool { return !isWordRune(r) })
	if len(words) > 1 {
		joined = clipWord(strings.Join(words, ""))
	}
	for i, w := range words {
		words[i] = clipWord(w)
	}
	return words, joined
}

// chunkJoined are all that is joined in a piece: of an address also what
// stands before and behind the @.
func chunkJoined(chunk string) (words, joined []string) {
	words, all := chunkWords(chunk)
	if all == "" {
		return words, nil
	}
	joined = []string{all}
	if local, domain, ok := strings.Cut(chunk, "@"); ok {
		for _, side := range []string{local, domain} {
			if _, j := chunkWords(side); j != "" {
				joined = append(joined, j)
			}
		}
	}
	return words, joined
}

func clipWord(w string) string {
	if len(w) <= longestWord {
		return w
	}
	return strings.ToValidUTF8(w[:longestWord], "")
}

// stemmer finds the stems of words and remembers them: a desk's words are few
// and come again. It is not safe for concurrent use.
type stemmer struct {
	known map[string][2]string
	seen  map[string]struct{} // of its tokens
}

// mostStems bounds what a stemmer remembers: about 3 MB.
const mostStems = 30_000

func newStemmer() *stemmer { return &stemmer{known: map[string][2]string{}} }

// stems are a folded word's Dutch and its English stem: nobody says in which
// language a search is. A number or a short word has none.
func (s *stemmer) stems(word string) (nl, en string) {
	nl, en = s.marked(word)
	return strings.TrimPrefix(nl, stemMark), strings.TrimPrefix(en, stemMark)
}

// marked are the stems of a word as terms of the index.
func (s *stemmer) marked(word string) (nl, en string) {
	if k, ok := s.known[word]; ok {
		return k[0], k[1]
	}
	if len(word) < 3 || strings.IndexFunc(word, unicode.IsDigit) >= 0 {
		return "", ""
	}
	e := snowballstem.NewEnv(word)
	dutch.Stem(e)
	nl = e.Current()
	e = snowballstem.NewEnv(word)
	english.Stem(e)
	en = e.Current()
	if len(s.known) >= mostStems {
		clear(s.known)
	}
	nl, en = stemMark+nl, stemMark+en
	s.known[strings.Clone(word)] = [2]string{nl, en} // and not the text that the word is part of
	return nl, en
}

// tokens collects what a document is found by; each once, for the index knows
// no places of words.
type tokens struct {
	stemmer *stemmer
	seen    map[string]struct{}
	b       strings.Builder
}

// usualTokens is about what a short request has.
const usualTokens = 256

// newTokens begins with nothing. The tokens of one stemmer before are at an end.
func newTokens(s *stemmer) *tokens {
	if len(s.seen) > 16*usualTokens || s.seen == nil { // after a book, a map is a book's size for ever
		s.seen = make(map[string]struct{}, usualTokens)
	}
	clear(s.seen)
	t := &tokens{stemmer: s, seen: s.seen}
	t.b.Grow(8 * usualTokens)
	return t
}

func (t *tokens) add(mark, word string) {
	k := mark + word
	if _, ok := t.seen[k]; ok {
		return
	}
	t.seen[k] = struct{}{}
	t.b.WriteString(k)
	t.b.WriteByte(' ')
}

// text adds the words of a text and their stems, all behind a mark.
func (t *tokens) text(mark, text string) {
	for chunk := range strings.FieldsSeq(Fold(text)) {
		words, joined := chunkJoined(chunk)
		for _, w := range words {
			t.word(mark, w)
		}
		for _, w := range joined {
			t.word(mark, w)
		}
	}
}

func (t *tokens) word(mark, w string) {
	if _, ok := t.seen[mark+w]; ok {
		return
	}
	t.add(mark, w)
	if nl, en := t.stemmer.marked(w); nl != "" {
		t.add(mark, nl)
		t.add(mark, en)
	}
}

// filter adds a term of a filter.
func (t *tokens) filter(name, value string) { t.add("", filterToken(name, value)) }

// filterToken is the term of a filter. Values are any text: what is no letter
// or digit is written as a number, so that no value can be another term.
func filterToken(name, value string) string {
	var b strings.Builder
	b.WriteString(filterMark + name + ":")
	for _, c := range []byte(strings.ToLower(value)) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf || c == '-' {
			b.WriteByte(c)
			continue
		}
		const hex = "0123456789abcdef"
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
