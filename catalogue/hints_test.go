package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
	check := func(t rapid.TB, text string) {
		for re, h := range patterns {
			want := fmt.Sprint(re.FindAllStringSubmatchIndex(text, -1))
			if got := fmt.Sprint(findAll(re, text, h.around(text))); got != want {
				t.Fatalf("%s in %q:\n got %s\nwant %s", re, text, got, want)
			}
		}
		var got, want []string
		for from, to := range eachPlace(text) {
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
