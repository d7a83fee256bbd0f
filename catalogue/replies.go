package catalogue

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/balie/balie"
)

// answered reads a reply to questions: numbered, labelled, line by line, or
// the one answer to the one question.
func answered(p balie.Product, ask []string, lines []string, language string, now time.Time, out map[string]string) {
	fields := asked(p, ask)
	if len(fields) == 0 {
		return
	}
	give := func(f balie.Field, words string) bool {
		v := valueOf(f, words, language, now)
		if v == "" || out[f.ID] != "" {
			return false
		}
		out[f.ID] = v
		return true
	}
	all := strings.Join(lines, "\n")
	if parts := numbered(all, len(fields)); len(parts) > 0 {
		for i, words := range parts {
			give(fields[i-1], words)
		}
		return
	}
	if byLabel(fields, lines, give) {
		return
	}
	if len(lines) == len(fields) && inOrder(fields, lines, language, now) {
		for i, f := range fields {
			give(f, shortLabel.ReplaceAllString(lines[i], ""))
		}
		return
	}
	if len(fields) == 1 && len(all) <= valueBytes && !strings.HasSuffix(strings.TrimSpace(all), "?") {
		give(fields[0], all)
	}
}

func asked(p balie.Product, ask []string) []balie.Field {
	var out []balie.Field
	for _, id := range ask {
		for _, f := range p.Fields {
			if f.ID == id {
				out = append(out, f)
			}
		}
	}
	return out
}

// shortLabel is what people put before an answer: "Probleem: geen heet water".
var shortLabel = regexp.MustCompile(`^\p{L}+(?: \p{L}+){0,2}:\s+`)

var number = regexp.MustCompile(`(?:^|\s)(\d{1,2})\s?[.):]\s+`)

// numbered are the parts of a reply that go by the questions' numbers, from 1.
// The numbers must rise, begin with a line or the text, and not go beyond the
// questions; "kamer 2. Dank" is no number 2.
func numbered(all string, questions int) map[int]string {
	found := number.FindAllStringSubmatchIndex(all, -1)
	out := map[int]string{}
	last, from := 0, -1
	for _, m := range found {
		n, _ := strconv.Atoi(sub(all, m, 1))
		if n <= last || n > questions || (last == 0 && strings.TrimSpace(all[:m[0]]) != "" && all[m[0]] != '\n') || (last > 0 && n > last+1 && all[m[0]] != '\n') {
			continue
		}
		if last > 0 {
			out[last] = strings.TrimSpace(all[from:m[0]])
		}
		last, from = n, m[1]
	}
	if last == 0 || (last == 1 && questions > 1 && len(out) == 0 && strings.Contains(all[from:], "\n")) {
		return nil
	}
	out[last] = strings.TrimSpace(all[from:])
	return out
}

// byLabel reads lines as "Kamer: 2.14". It reports whether there were any.
func byLabel(fields []balie.Field, lines []string, give func(balie.Field, string) bool) bool {
	some := false
	for _, l := range lines {
		label, words, ok := strings.Cut(l, ":")
		if !ok || len(label) > 60 || strings.TrimSpace(words) == "" || endsInDigit(label) {
			continue
		}
		if f, ok := labelledBy(fields, label); ok && give(f, words) {
			some = true
		}
	}
	return some
}

func endsInDigit(s string) bool { return s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' }

// labelledBy is the one field whose id or prompt has the label's words.
func labelledBy(fields []balie.Field, label string) (balie.Field, bool) {
	var hit []balie.Field
	words := slices.DeleteFunc(spoken(label), func(w string) bool { return common["nl"][w] || common["en"][w] })
	for _, f := range fields {
		said := spoken(f.ID + " " + f.Prompts["nl"] + " " + f.Prompts["en"])
		if len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(said, w) }) {
			hit = append(hit, f)
		}
	}
	if len(hit) != 1 {
		return balie.Field{}, false
	}
	return hit[0], true
}

// inOrder reports whether each line can be the answer to the question of its
// place.
func inOrder(fields []balie.Field, lines []string, language string, now time.Time) bool {
	if len(fields) < 2 {
		return false
	}
	for i, f := range fields {
		if len(lines[i]) > askedLine || strings.HasSuffix(lines[i], "?") || valueOf(f, lines[i], language, now) == "" {
			return false
		}
	}
	return true
}

// noAnswers are words people answer with when they do not know.
var noAnswers = set("ja nee yes no ok oke okay geen weet onbekend idem zie see unknown nvt n.v.t")

// valueOf reads words that are the answer to a field's question.
func valueOf(f balie.Field, words, language string, now time.Time) string {
	words = strings.Trim(strings.TrimSpace(words), " .,;")
	if words == "" {
		return ""
	}
	switch f.Type {
	case balie.NumberField:
		return numberIn(words)
	case balie.DateField, balie.DateTimeField:
		return momentAnswer(f, words, language, now)
	case balie.ChoiceField:
		return choice(f, hear(words))
	case balie.LocationField:
		return placeAnswer(words)
	case balie.PersonField:
		return personAnswer(words)
	case balie.EmailField:
		return email(words)
	case balie.PhoneField:
		return phone(words)
	}
	if noAnswers[strings.ToLower(words)] {
		return ""
	}
	if f.Pattern != "" {
		return patterned(f, words)
	}
	return bounded(words)
}

// momentAnswer reads a day, with a time when the field needs one.
func momentAnswer(f balie.Field, words, language string, now time.Time) string {
	h := hear(words)
	m, ok := theOne(moments(h, language, now), asks(f, "sinds", "since"))
	if !ok {
		return ""
	}
	if f.Type == balie.DateField {
		return m.day.Format(dateForm)
	}
	start, end := times(h)
	if isEnd(f) && end > 0 {
		start = end
	}
	if start == 0 {
		return ""
	}
	return m.withTime(start)
}

var bareNumber = regexp.MustCompile(`(?i)^(?:(?:we zijn|wij zijn|we are|voor|for|met|with|ongeveer|circa|ca\.?|about)\s+)*(?:met\s+|z'n\s+)?(\d{1,6}|\p{L}+(?:-\p{L}+)?)(?:\s+\p{L}+)?$`)

// numberIn is the number in a short answer. "10 à 12" and "about 10 or so" are
// none.
func numberIn(words string) string {
	if v := people(words); v != "" {
		return v
	}
	m := bareNumber.FindStringSubmatch(words)
	if m == nil {
		return ""
	}
	n, ok := numberWord(m[1])
	if !ok {
		return ""
	}
	return strconv.Itoa(n)
}

// placeAnswer takes a place that is named, or a short answer that can only be
// one.
func placeAnswer(words string) string {
	const limit = 60 // bytes
	if found := placesIn(hear(words)); len(found) == 1 {
		return found[0].name
	}
	if len(words) > limit || strings.Contains(words, "\n") || noAnswers[strings.ToLower(words)] || len(strings.Fields(words)) > 6 {
		return ""
	}
	if m, _, _ := strings.Cut(strings.ToLower(words), " "); noAnswers[m] || m == "ik" || m == "i" || m == "dat" || m == "that" {
		return ""
	}
	return words
}

// personAnswer takes a name on its own, as people sign, or one that something
// is said to be for.
func personAnswer(words string) string {
	if m := wholeName.FindStringSubmatch(words); m != nil && !slices.Contains(notNames, strings.ToLower(m[1])) && !noAnswers[strings.ToLower(m[1])] {
		return words
	}
	if v := person(words); v != "" {
		return v
	}
	m := namedSelf.FindStringSubmatch(words)
	if m != nil && unicode.IsUpper([]rune(m[1])[0]) {
		return m[1]
	}
	return ""
}

var namedSelf = regexp.MustCompile(`(?:^|\s)(?:[Dd]at (?:is|ben ik),?|[Hh]et is|[Dd]e naam is|[Nn]aam:?|[Tt]hat is|[Tt]hat's|[Ii]t is|[Ii]t's|[Nn]ame:?|[Mm]ijn collega|[Mm]y colleague|[Oo]nze collega|[Cc]ollega)\s+(` + personName + `)\.?$`)
