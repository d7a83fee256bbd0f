// Package i18n is in charge of the words that customers and agents read, in
// Dutch and English, side by side by key.
//
// Guarantees:
//  1. Every key has both languages, with the same placeholders (tested).
//  2. Placeholders are replaced once and literally: what a customer typed is
//     never read as a template.
package i18n

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Languages that every text exists in; the first is the default.
var Languages = []string{"nl", "en"}

// Texts has every text by key and language. It never changes.
type Texts struct{ byKey map[string]map[string]string }

// Language is the nearest language there are texts in.
func Language(l string) string {
	for _, have := range Languages {
		if strings.HasPrefix(strings.ToLower(l), have) {
			return have
		}
	}
	return Languages[0]
}

// Text is the text of a key with its {placeholders} filled in from pairs of
// name and value. An unknown key gives the key itself, so that it is seen.
func (t *Texts) Text(language, key string, pairs ...string) string {
	s, ok := t.byKey[key][Language(language)]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return s
	}
	args := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		args = append(args, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(args...).Replace(s)
}

// Keys are all keys, sorted.
func (t *Texts) Keys() []string {
	var out []string
	for k := range t.byKey {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Raw is a key's texts by language, for tests and editors.
func (t *Texts) Raw(key string) map[string]string { return t.byKey[key] }

var (
	daysNL   = []string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"}
	monthsNL = []string{"", "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}
)

// Moment is a time as people write it: "donderdag 26 november, 16.00 uur" or
// "Thursday 26 November, 16:00". t must be in the desk's zone already.
func Moment(language string, t time.Time) string {
	if Language(language) == "en" {
		return t.Format("Monday 2 January, 15:04")
	}
	return fmt.Sprintf("%s %d %s, %s uur", daysNL[t.Weekday()], t.Day(), monthsNL[t.Month()], t.Format("15.04"))
}

// Day is a date as people write it: "donderdag 26 november" or "Thursday 26 November".
func Day(language string, t time.Time) string {
	if Language(language) == "en" {
		return t.Format("Monday 2 January")
	}
	return fmt.Sprintf("%s %d %s", daysNL[t.Weekday()], t.Day(), monthsNL[t.Month()])
}
