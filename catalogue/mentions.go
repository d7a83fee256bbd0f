package catalogue

import (
	"bytes"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/balie/balie"
)

var numberWords = map[string]int{
	"een": 1, "één": 1, "twee": 2, "drie": 3, "vier": 4, "vijf": 5, "zes": 6, "zeven": 7, "acht": 8, "negen": 9, "tien": 10,
	"elf": 11, "twaalf": 12, "dertien": 13, "veertien": 14, "vijftien": 15, "zestien": 16, "zeventien": 17, "achttien": 18,
	"negentien": 19, "twintig": 20, "vijfentwintig": 25, "dertig": 30, "veertig": 40, "vijftig": 50, "zestig": 60, "honderd": 100,
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
	"twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
	"twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100,
}

func numberWord(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, true
	}
	n, ok := numberWords[strings.ToLower(s)]
	return n, ok
}

var peopleCount = regexp.MustCompile(`(?i)(?:^|[^\p{L}\d.,:-])(\d{1,4}|\p{L}+(?:-\p{L}+)?)\s+(?:personen|persoon|man|mensen|gasten|bezoekers|deelnemers|collega'?s|studenten|people|persons|person|guests|visitors|participants|attendees|colleagues|students)(?:$|[^\p{L}])`)

// people is the one number of people a text names.
func people(text string) string {
	return one(peopleCount.FindAllStringSubmatch(text, -1), func(m []string) string {
		if n, ok := numberWord(m[1]); ok {
			return strconv.Itoa(n)
		}
		return ""
	})
}

// one is the value of all matches when they have just one.
func one(matches [][]string, value func(m []string) string) string {
	found := ""
	for _, m := range matches {
		v := value(m)
		if v == "" || v == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = v
	}
	return found
}

var mailAddress = regexp.MustCompile(`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}`)

func email(text string) string {
	return one(mailAddress.FindAllStringSubmatch(text, -1), func(m []string) string { return strings.ToLower(m[0]) })
}

var phoneLike = regexp.MustCompile(`(?:^|[^\p{L}\d.,/-])((?:\+|00)?[0-9(][0-9() .-]{7,18}[0-9])`)

// phone is the one telephone number a text names, as E.164. Numbers without a
// country are Dutch.
func phone(text string) string {
	return one(phoneLike.FindAllStringSubmatch(text, -1), func(m []string) string { return phoneNumber(m[1]) })
}

func phoneNumber(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	n, err := phonenumbers.Parse(s, "NL")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

const (
	placeCode  = `[A-Za-z]{0,2}[-]?\d{1,4}(?:[.:-]\d{1,4})*[a-z]?`
	floorNames = `begane grond|eerste|tweede|derde|vierde|vijfde|zesde|zevende|achtste|negende|tiende|ground|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|top|bovenste|\d{1,2}(?:e|de|ste|st|nd|rd|th)?`
)

// places are the patterns of what places are called. There are three, because
// the library is several times slower with a larger one; where two begin at one
// letter the earlier counts.
var places = []kindOfPlace{
	{roomHint, nil, regexp.MustCompile(aPlace(
		`(?i:kamer|kamernummer|ruimte|lokaal|werkplek|room|office|gebouw|building|vleugel|wing|trap|stairs|lift|plek|space)\s+(?i:nr\.?\s*|nummer\s*|number\s*)?(?:` + placeCode + `|[A-Z])` +
			`|(?i:zaal|vergaderzaal|vergaderkamer)\s+(?:` + placeCode + `|\p{Lu}[\p{L}]*)` +
			`|(?:\p{Lu}\p{Ll}+)\s+(?:room|Room)`))},
	{floorHint, floorAt, regexp.MustCompile(aPlace(
		`(?i:begane grond|ground floor|kelder|basement|souterrain)` +
			`|(?i:(?:` + floorNames + `)\s+(?:verdieping|etage|floor))` +
			`|(?i:verdieping|etage|floor)\s+\d{1,2}` +
			`|[A-Z]\d{1,2}\.\d{2,3}`))},
	{spotHint, spotAt, regexp.MustCompile(aPlace(
		`(?i:kantine|canteen|archief|archive|magazijn|storeroom|serverruimte|server room|boardroom|trainingszaal|training room|pantry|herentoiletten|damestoiletten|herentoilet|damestoilet)`))},
}

type kindOfPlace struct {
	hint  hint
	at    func(h *heard, i, to int) (end int) // as named, for ordinary letters; nil: not
	named *regexp.Regexp                      // its first submatch is the place
}

func aPlace(names string) string { return `(?:^|[^\p{L}\d])(` + names + `)(?:$|[^\p{L}\d])` }

// named is a place in a text, with what was said just before it.
type named struct {
	name   string
	before string
}

// placesIn are the places a text names. Places named together ("kamer 2.14 in
// gebouw C") are one.
func placesIn(h *heard) []named {
	const gap = 14 // bytes between two names of one place: " op de ", " on the "
	text := h.text
	var out []named
	end, start := -1, 0
	for from, to := range eachPlace(h) {
		name := text[from:to]
		if notAPlace(name) {
			continue
		}
		if end >= 0 && from-end <= gap && joins(text[end:from]) {
			out[len(out)-1].name = text[start:to]
			end = to
			continue
		}
		start, end = from, to
		out = append(out, named{name, strings.ToLower(text[max(0, from-24):from])})
	}
	return out
}

// eachPlace gives where the names of places stand, in order. What parts a name
// from the next may belong to both.
func eachPlace(h *heard) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		var next [3]nextPlace
		for i, k := range places {
			next[i] = nextPlace{kind: k, spans: k.hint.around(h)}
		}
		for at := 0; ; {
			first := -1
			for i := range next {
				if next[i].find(h, at) && (first < 0 || next[i].begin < next[first].begin) {
					first = i
				}
			}
			if first < 0 || !yield(next[first].from, next[first].to) {
				return
			}
			at = next[first].to
		}
	}
}

// nextPlace is the next place of one kind.
type nextPlace struct {
	kind            kindOfPlace
	spans           []span
	known           bool
	begin, from, to int // of the match, which may begin with what stands before the name
}

// find looks for the first place that begins at or behind at.
func (n *nextPlace) find(h *heard, at int) bool {
	if n.known && n.begin >= at {
		return true
	}
	for ; len(n.spans) > 0; n.spans = n.spans[1:] {
		s := n.spans[0]
		start := max(s.from, at)
		if start >= s.to {
			continue
		}
		if n.kind.at != nil && !h.odd() {
			if n.begin, n.from, n.to = h.placeIn(start, s.to, n.kind.at); n.to > 0 {
				n.known = true
				return true
			}
			continue
		}
		if m := n.kind.named.FindStringSubmatchIndex(h.text[start:s.to]); m != nil {
			n.known, n.begin, n.from, n.to = true, start+m[0], start+m[2], start+m[3]
			return true
		}
	}
	n.known = false
	return false
}

// notAPlace are capitalised words before "room" that name none.
func notAPlace(name string) bool {
	first, rest, ok := strings.Cut(strings.ToLower(name), " ")
	if !ok || rest != "room" {
		return false
	}
	return slices.Contains([]string{"the", "meeting", "which", "what", "this", "that", "a", "conference", "is", "our", "my", "any", "no"}, first)
}

var joining = regexp.MustCompile(`(?i)^[\s,(]*(in|op|van|of|on|at|bij|near|the|de|het)?(\s+(de|het|the))?\s*$`)

func joins(between string) bool {
	return joining.MatchString(between) && !strings.ContainsAny(between, ".\n")
}

var (
	fromWord = regexp.MustCompile(`(?:^|\s)(van|vanuit|vanaf|uit|from)\s+(de |het |the )?$`)
	toWord   = regexp.MustCompile(`(?:^|\s)(naar|to|into|richting)\s+(de |het |the )?$`)
)

// whoFor finds a name behind words that say that something is for a person.
// Particles stand between names; a capital starts and ends one.
var whoFor = regexp.MustCompile(`(?:[Vv]oor|[Ff]or|[Nn]amens|[Oo]n behalf of)\s+(?:(?:mijn|onze|de|een|my|our|the|a|an)\s+)?(?:(?:nieuwe|new)\s+)?(?:(?:collega|medewerker|medewerkster|stagiair|stagiaire|gast|bezoeker|colleague|employee|intern|guest|visitor|manager|leidinggevende)\s+)?((?:(?:mevrouw|meneer|mevr\.|dhr\.|mw\.|Ms\.?|Mr\.?|Mrs\.?)\s+)?` + personName + `)`)

const personName = `\p{Lu}[\p{L}'’-]+(?:\s+(?:(?:van|de|den|der|ten|ter|el|al|von|van de|van den|van der)\s+)*\p{Lu}[\p{L}'’-]+){1,3}`

var wholeName = regexp.MustCompile(`^(?:(?:mevrouw|meneer|mevr\.|dhr\.|mw\.|Ms\.?|Mr\.?|Mrs\.?)\s+)?(` + personName + `|\p{Lu}[\p{Ll}'’-]+)$`)

// person is the one person a text says something is for.
func person(text string) string {
	return one(whoFor.FindAllStringSubmatch(text, -1), func(m []string) string {
		first, _, _ := strings.Cut(m[1], " ")
		if slices.Contains(notNames, strings.ToLower(first)) {
			return ""
		}
		return m[1]
	})
}

// notNames begin with a capital and are no people.
var notNames = []string{"zaal", "kamer", "gebouw", "room", "building", "lift", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag",
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "facilitair", "afdeling", "team"}

// sayings are other words for what options are often called; each line is one
// thought. They are tighter than concepts.txt: one that stands for another
// option would fill in a wrong value.
var sayings = [][]string{
	{"verloren", "kwijt", "kwijtgeraakt", "zoekgeraakt", "verlies", "vermist", "gestolen", "lost", "missing", "stolen"},
	{"defect", "kapot", "stuk", "afgebroken", "broken", "broke", "defective", "werkt niet", "doet het niet", "not working", "does not work", "no longer works"},
	{"nieuw", "nieuwe", "new"},
	{"extra", "tweede", "additional", "spare"},
	{"tijdelijk", "tijdelijke", "dagpas", "temporary", "day pass"},
	{"extra rechten", "toegangsrechten", "extra toegang", "access rights", "extra rights", "more rights"},
	{"te koud", "koud", "ijskoud", "cold", "freezing"},
	{"te warm", "warm", "heet", "bloedheet", "hot", "too warm"},
	{"tocht", "tochtig", "tochtige", "draught", "draughty", "drafty"},
	{"benauwd", "bedompt", "stuffy"},
	{"stank", "stinkt", "ruikt", "muf", "smells", "smell", "smelly", "stinks"},
	{"verstopt", "verstopping", "blocked", "clogged"},
	{"druppelt", "druppelen", "dripping", "drips"},
	{"stromend water", "stroomt", "running water", "gushing", "flooding", "overstroming"},
	{"reparatie", "repareren", "gerepareerd", "repair", "repaired"},
	{"advies", "werkplekadvies", "ergonoom", "advice", "ergonomist"},
	{"versturen", "verzenden", "opsturen", "send"},
	{"koerier", "courier"},
	{"offerte", "prijsopgave", "quotation", "quote"},
	{"factuur", "doorbelasting", "invoice", "recharge"},
	{"evenement", "open dag", "event", "open day"},
	{"karton", "dozen", "cardboard", "boxes"},
	{"batterijen", "batteries"},
	{"elektronica", "monitoren", "beeldschermen", "electronics", "monitors"},
	{"vertrouwelijk papier", "vertrouwelijke stukken", "confidential paper", "confidential papers"},
	{"grof vuil", "bulky waste"},
	{"stopcontact", "socket", "power point"},
	{"noodverlichting", "emergency light", "emergency lighting"},
	{"hele afdeling", "hele verdieping", "whole department", "halve afdeling", "half the department"},
	{"u-vorm", "u vorm", "u shape", "u-shape", "u-opstelling"},
	{"theater", "theateropstelling", "theatre"},
}

// thoughts are the sayings as they stand in a text, and which of them a word
// belongs to.
var thoughts = sync.OnceValue(func() (out struct {
	said [][][]byte
	of   map[string]int
}) {
	out.of = map[string]int{}
	for i, words := range sayings {
		var said [][]byte
		for _, w := range words {
			said = append(said, appendSpoken(nil, w))
			out.of[w] = i
		}
		out.said = append(out.said, said)
	}
	return out
})

// choice is the one option a text speaks of. An option that is denied ("niet
// defect") does not count.
func choice(f balie.Field, h *heard) string {
	found := ""
	var room [64]byte
	for _, o := range f.Options {
		if !h.speaksOf(o, room[:0]) {
			continue
		}
		if found != "" && !strings.Contains(strings.ToLower(o.Value), strings.ToLower(found)) {
			return ""
		}
		found = o.Value // "extra rechten" is more than "extra"
	}
	return found
}

func spoken(text string) []string {
	var out []string
	tokens(prepare(text), func(w string) { out = append(out, strings.Clone(w)) })
	return out
}

// appendSpoken appends the words of a text, with a space before, between and
// behind them.
func appendSpoken(out []byte, text string) []byte {
	out = append(out, ' ')
	n := len(out)
	tokens(prepare(text), func(w string) { out = append(append(out, w...), ' ') })
	if len(out) == n {
		out = append(out, ' ')
	}
	return out
}

// speaksOf reports whether an option is called by its value, its name in any
// language, or another word for one of these.
func (h *heard) speaksOf(o balie.Option, room []byte) bool {
	known := thoughts()
	called := func(name string) bool {
		if h.says(appendSpoken(room, name)) {
			return true
		}
		i, ok := known.of[strings.ToLower(name)]
		return ok && slices.ContainsFunc(known.said[i], h.says)
	}
	if called(o.Value) {
		return true
	}
	for _, l := range Languages {
		if n := o.Names[l]; n != "" && called(n) {
			return true
		}
	}
	return false
}

// says reports whether words stand in what is said and are meant.
func (h *heard) says(words []byte) bool {
	said := h.spoken()
	if len(words) > 2 && !h.saids.may(words[0], words[1], words[2]) {
		return false
	}
	for at := 0; at < len(said); {
		i := bytes.Index(said[at:], words)
		if i < 0 {
			return false
		}
		if !denied(string(said[max(0, at+i-longestDenial):at+i])) && !aboutPerson(string(words), string(said[at+i+len(words):min(len(said), at+i+len(words)+longestPerson)])) {
			return true
		}
		at += i + len(words) - 1
	}
	return false
}

// How far denied and aboutPerson look, in bytes.
const (
	longestDenial = len(" without")
	longestPerson = len("leidinggevende")
)

func denied(before string) bool {
	for _, w := range []string{" niet", " geen", " not", " no", " without", " zonder", " never", " nooit"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// aboutPerson reports whether "new" speaks of a colleague and not of the thing.
func aboutPerson(words, after string) bool {
	if words != " nieuw " && words != " nieuwe " && words != " new " && words != " tijdelijke " && words != " temporary " {
		return false
	}
	for _, w := range []string{"collega", "medewerk", "stagiair", "mensen", "leidinggevende", "colleague", "employee", "intern", "people", "staff", "manager", "starter"} {
		if strings.HasPrefix(after, w) {
			return true
		}
	}
	return false
}

// labelled are words that stand before a value in running text.
var labelled = [][]string{
	{"kostenplaats", "cost centre", "cost center"},
	{"kenteken", "number plate", "licence plate", "license plate", "registration"},
	{"volgnummer", "trackingnummer", "track & trace", "tracking number"},
	{"factuurnummer", "regelnummer", "factuur", "invoice number", "invoice"},
	{"meldingsnummer", "referentie", "reference"},
}

var code = regexp.MustCompile(`^\s*(?:is|nr\.?|nummer|number|:|=)*\s*:?\s*([A-Za-z0-9][A-Za-z0-9./-]{1,24}[A-Za-z0-9])`)

// codeFor is a value with a digit that stands behind the word the field asks
// for.
func codeFor(f balie.Field, text string) string {
	asks := strings.ToLower(f.Prompts["nl"] + " " + f.Prompts["en"])
	found := ""
	for _, words := range labelled {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(asks, w) }) {
			continue
		}
		for _, w := range words {
			for at := 0; ; {
				i := index(text[at:], w)
				if i < 0 {
					break
				}
				at += i + len(w)
				m := code.FindStringSubmatch(text[at:])
				if m == nil || !strings.ContainsFunc(m[1], unicode.IsDigit) || m[1] == found {
					continue
				}
				if found != "" {
					return ""
				}
				found = m[1]
			}
		}
	}
	return found
}

// index finds an ASCII word whatever its case, without moving byte offsets.
func index(text, word string) int {
	for i := 0; i+len(word) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
