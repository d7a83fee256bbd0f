package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentenceLimit is how many sentences of a mail are looked at.
const sentenceLimit = 40

// Lines that belong to the shell of a mail and not to its question.
var (
	greeting = regexp.MustCompile(`(?i)^\s*(beste|geachte|hallo|hoi|hi|hey|dag|goedemorgen|goedemiddag|goedenavond|dear|hello|good (morning|afternoon|evening)|l\.?s\.?)(\s+[\p{L}.'’/-]+){0,5}\s*[,!.:]*\s*$`)
	opener   = regexp.MustCompile(`(?i)^\s*(beste|geachte|hallo|hoi|hi|hey|dag|goedemorgen|goedemiddag|goedenavond|dear|hello|good (morning|afternoon|evening))(\s+[\p{L}.'’/-]+){0,4}\s*[,!]\s*`)
	closing  = regexp.MustCompile(`(?i)^\s*((met )?vriendelijke groet(en)?|(met )?hartelijke groet(en)?|hartelijke groet(en)?|groet(en|jes)?|mvg|m\.v\.g\.?|hoogachtend|kind(est)? regards|best regards|warm regards|regards|best wishes|all the best|best|cheers|yours (sincerely|faithfully|truly)|sincerely|many thanks|thanks|thank you|thx|dank je wel|dank u wel|bedankt|dank)\b[^?]{0,60}$`)
	thanks   = regexp.MustCompile(`(?i)^\s*(alvast\s+|bij voorbaat\s+)?(hartelijk\s+|heel erg\s+)?(bedankt|dank( u| je)?( wel)?|many thanks|thanks|thank you|thx)(\s+(alvast|vast|voor de moeite|voor uw hulp|voor je hulp|in advance|for your help|very much|so much|a lot))*\s*[.!,]*\s*$`)
	prefix   = regexp.MustCompile(`(?i)^\s*((re|fw|fwd|aw|antw|doorst|tr)\s*(\[\d+\])?\s*:\s*)+`)
	phoneish = regexp.MustCompile(`^\s*(t|tel|m|mob|mobiel|phone|e|email|w|www)?\.?:?\s*[+(]?[\d][\d\s().-]{7,}\s*$`)
)

// sentences are the parts of a mail that can hold a question: the subject
// first, then the text sentence by sentence, without greeting and signature.
func sentences(subject, text string) []string {
	var out []string
	if s := strings.TrimSpace(behind(prefix, clip(subject))); hasWord(s) {
		out = append(out, s)
	}
	for _, l := range contentLines(clip(text)) {
		out = split(l, out)
		if len(out) >= sentenceLimit {
			return out[:sentenceLimit]
		}
	}
	return out
}

// behind is what stands behind the pattern a text begins with.
func behind(begin *regexp.Regexp, s string) string {
	if at := begin.FindStringIndex(s); at != nil {
		return s[at[1]:]
	}
	return s
}

// clip bounds a text to what is looked at, at a character's border.
func clip(s string) string {
	if len(s) <= textLimit {
		return s
	}
	s = s[:textLimit]
	for len(s) > 0 && !utf8.ValidString(s[len(s)-1:]) && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// contentLines are a text's paragraphs as lines, without greeting, thanks and
// what follows the closing. Lines that were only wrapped are joined again.
func contentLines(text string) []string {
	var out []string
	join := false
	for raw := range strings.Lines(text) {
		l := strings.TrimSpace(raw)
		switch {
		case l == "":
			join = false
			continue
		case l == "--" || (len(out) > 0 && closing.MatchString(l)):
			return out
		case greeting.MatchString(l) || thanking(l):
			join = false
			continue
		}
		if len(out) == 0 {
			l = behind(opener, l)
		}
		if join && startsLower(l) {
			out[len(out)-1] += " " + l
		} else {
			out = append(out, l)
		}
		join = !endsSentence(l)
	}
	return out
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

func endsSentence(s string) bool { return strings.ContainsAny(s[len(s)-1:], ".?!:;") }

// split cuts a paragraph behind full stops, question and exclamation marks
// that are followed by a space. "B2.14", "14.00" and "bijv. om" stay whole.
func split(p string, out []string) []string {
	start := 0
	for i := 0; i < len(p); i++ {
		if c := p[i]; c != '.' && c != '?' && c != '!' && c != ';' {
			continue
		}
		if i+1 < len(p) && p[i+1] != ' ' {
			continue
		}
		if p[i] == '.' && abbreviation(p[start:i]) {
			continue
		}
		out = keep(p[start:i+1], out)
		start = i + 1
	}
	return keep(p[start:], out)
}

func keep(s string, out []string) []string {
	if s = strings.TrimSpace(s); hasWord(s) && !thanking(s) && !aNumber(s) {
		return append(out, s)
	}
	return out
}

// thanking reports whether a trimmed text is thanks. Most sentences begin with
// a letter that none of thanks do.
func thanking(s string) bool {
	return s != "" && strings.IndexByte("abdhmtABDHMT", s[0]) >= 0 && thanks.MatchString(s)
}

// aNumber reports whether a trimmed text is a line with a telephone number: it
// ends in seven figures and signs.
func aNumber(s string) bool {
	return len(s) > 7 && strings.IndexByte("0123456789 \t\r\n\f().-", s[len(s)-2]) >= 0 && phoneish.MatchString(s)
}

// abbreviation reports whether a text ends in a word that is written with a
// full stop.
func abbreviation(s string) bool {
	i := strings.LastIndexAny(s, " (")
	w := strings.ToLower(s[i+1:])
	switch w {
	case "bijv", "bv", "nr", "dhr", "mevr", "mw", "dr", "drs", "ir", "ing", "evt", "incl", "excl", "ca", "o.a", "m.b.t", "i.v.m", "d.w.z",
		"a.u.b", "z.s.m", "e.g", "i.e", "mr", "mrs", "ms", "no", "approx", "st", "tel", "vs", "max", "min", "t.a.v":
		return true
	}
	return len(w) == 1
}

func hasWord(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// turn is where a sentence may go on to another question.
var turn = regexp.MustCompile(`(?i)(?:,?\s+(?:en ook|en daarnaast|daarnaast|en verder|verder|bovendien|ook nog|and also|also|in addition|besides|furthermore|on top of that|plus)\s+` +
	`|,\s+(?:en|and)\s+` +
	`|\s+(?:en|and)\s+(?:kan|kunt|kunnen|mag|wil|waar|wanneer|hoe|is|de|het|er|ik|we|wij|mijn|onze|can|could|may|where|when|how|would|the|there|i|my|our)\s+)`)

// turning are words of which turn needs one.
var turning = []string{" en ", " and ", "daarnaast", "verder", "bovendien", "ook nog", "also", "addition", "besides", "furthermore", "on top", "plus"}

// clauses are the parts of a sentence that could be questions on their own; none
// when there is only one.
func clauses(sentence string) []string {
	const least = 12 // bytes; shorter parts are no question
	if !slices.ContainsFunc(turning, func(w string) bool { return strings.Contains(sentence, w) }) {
		return nil // most sentences; the expression is costly
	}
	var out []string
	start := 0
	for _, at := range turn.FindAllStringIndex(sentence, 4) {
		if at[0]-start >= least && len(sentence)-at[1] >= least {
			out = append(out, sentence[start:at[0]])
			start = at[1]
		}
	}
	if start == 0 {
		return nil
	}
	return append(out, sentence[start:])
}
