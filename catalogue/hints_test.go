package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// fragments are what texts are made of here: everything the patterns look for,
// in whole and in part, and what stands between.
var fragments = []string{
	"maandag", "Maandagochtend", "volgende week", "vrijdag over een week", "next", "tuesday", "MORGEN", "overmorgen", "the day after tomorrow", "this afternoon",
	"vandaag", "gisteren", "sinds", "26-11", "26/11/2026", "2026-11-26", "26 november", "26e", "of", "november 26th", "nov.", "2026", "om", "at", "9", "9:30", "14.00", "uur",
	"van", "tot", "9 uur", "tot aan 17 u", "half drie", "kwart over 8", "2pm", "o'clock", "to", "and", "12 personen", "kamer", "Kamer B2.14", "kamernummer", "nr. 12", "nummer", "zaal Eik",
	"gebouw", "C", "derde verdieping", "de 3e", "etage", "floor 2", "Meeting room", "Room", "A1.023", "kantine", "herentoiletten", "ſtairs 4", "\u212Aamer 3", "Éénmalig", "µ", "日本",
	" ", "  ", "\n", "\t", ",", ".", "(", ")", "-", "gootsteen", "wij", "willen", "graag", "iets", "weten", "over", "dit", "ding", "en", "dan", "nog", "wat",
}

func drawnText(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 60).Draw(t, "length") {
		b.WriteString(rapid.SampledFrom(fragments).Draw(t, "fragment"))
		b.WriteString(rapid.SampledFrom([]string{" ", " ", " ", "\n", "", ", ", ".\u00A0", "  "}).Draw(t, "between"))
	}
	return b.String()
}

// wholePlaces is all kinds of place in one pattern, as said in mentions.go.
var wholePlaces = func() *regexp.Regexp {
	var names []string
	for _, k := range places {
		s := strings.TrimPrefix(k.named.String(), `(?:^|[^\p{L}\d])(`)
		names = append(names, strings.TrimSuffix(s, `)(?:$|[^\p{L}\d])`))
	}
	return regexp.MustCompile(aPlace(strings.Join(names, "|")))
}()

// What is found beside the hints is what is found in the whole text.
func TestHintsHideNothing(t *testing.T) {
	patterns := map[*regexp.Regexp]hint{isoDay: figureHint, figureDay: figureHint, monthDay: figureHint, dayOfMonth: figureHint,
		clockSpan: figureHint, clockTime: figureHint, wordDay: dayHint, weekDay: weekHint, halfTime: halfHint}
	only := map[*regexp.Regexp]func(string) bool{isoDay: partedFigures, figureDay: partedFigures, monthDay: namesMonth,
		dayOfMonth: namesMonth, clockSpan: twoFigures, clockTime: timelike}
	check := func(t rapid.TB, text string) {
		for re, h := range patterns {
			all := re.FindAllStringSubmatchIndex(text, -1)
			heard := hear(text)
			if got, want := fmt.Sprint(findAll(re, text, h.around(heard))), fmt.Sprint(all); got != want {
				t.Fatalf("%s in %q:\n got %s\nwant %s", re, text, got, want)
			}
			if only[re] == nil {
				continue
			}
			found := findAll(re, text, heard.only(h.around(heard), only[re]))
			if re == clockTime { // that a bare number is no time is decided later
				all, found = cued(text, all), cued(text, found)
			}
			if got, want := fmt.Sprint(found), fmt.Sprint(all); got != want {
				t.Fatalf("%s in what may hold it of %q:\n got %s\nwant %s", re, text, got, want)
			}
		}
		var got, want []string
		for from, to := range eachPlace(hear(text)) {
			got = append(got, fmt.Sprint(from, text[from:to]))
		}
		for at := 0; at < len(text); {
			m := wholePlaces.FindStringSubmatchIndex(text[at:])
			if m == nil {
				break
			}
			want = append(want, fmt.Sprint(at+m[2], text[at+m[2]:at+m[3]]))
			at += m[3]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("places in %q:\n got %q\nwant %q", text, got, want)
		}
	}
	var all strings.Builder
	for _, p := range sampleCatalogue(t).Products {
		for _, examples := range p.Examples {
			for _, e := range examples {
				check(t, e)
				all.WriteString(e + "\n")
			}
		}
	}
	check(t, all.String())
	rapid.Check(t, func(t *rapid.T) { check(t, drawnText(t)) })
}

// cued are the matches of clockTime that times looks at.
func cued(text string, found [][]int) (out [][]int) {
	for _, m := range found {
		cue := strings.ToLower(sub(text, m, 1))
		if sub(text, m, 5) != "" || cue == "om" || cue == "at" || strings.Contains(text[m[0]:m[1]], ":") {
			out = append(out, m)
		}
	}
	return out
}

// What choice finds is what looking for each name of each option finds.
func TestAnOptionIsFoundByEachOfItsNames(t *testing.T) {
	seen := map[string]bool{}
	var words []string
	for _, s := range sayings {
		for _, w := range s {
			if seen[w] || w != strings.ToLower(w) {
				t.Fatalf("%q is not one thought in lower case", w)
			}
			seen[w] = true
		}
		words = append(words, s...)
	}
	var options []balie.Option
	for _, p := range sampleCatalogue(t).Products {
		for _, f := range p.Fields {
			options = append(options, f.Options...)
		}
	}
	plain := func(text string, o balie.Option) bool {
		names := []string{o.Value, o.Names["nl"], o.Names["en"]}
		for _, s := range sayings {
			if slices.ContainsFunc(names, func(n string) bool { return slices.Contains(s, strings.ToLower(n)) }) {
				names = append(names, s...)
			}
		}
		said := " " + strings.Join(spoken(text), " ") + " "
		for _, n := range names {
			words := " " + strings.Join(spoken(n), " ") + " "
			for at := 0; n != ""; at++ {
				i := strings.Index(said[at:], words)
				if i < 0 {
					break
				}
				if at += i; !denied(said[:at]) && !aboutPerson(words, said[at+len(words):]) {
					return true
				}
			}
		}
		return false
	}
	words = append(words, "niet", "geen", "not", "zonder", "collega", "medewerker", "leidinggevende", "É", "e\u0301", "Nieuwe", "DEFECT", ".", "")
	for _, o := range options {
		words = append(words, o.Value)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words"), rapid.SampledFrom([]string{" ", "\n", ", "}).Draw(t, "between"))
		for _, o := range options {
			if got, want := hear(text).speaksOf(o, nil), plain(text, o); got != want {
				t.Fatalf("%q speaks of %v: got %v, want %v", text, o, got, want)
			}
		}
	})
}
