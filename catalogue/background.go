package catalogue

import (
	_ "embed"
	"strings"
)

//go:embed background.txt
var backgroundText string

// background are everyday sentences of business mail that are about nothing a
// desk offers: "nl" or "en", a tab, the sentence.
func background() []line {
	var out []line
	for l := range strings.Lines(backgroundText) {
		language, s, ok := strings.Cut(strings.TrimSpace(l), "\t")
		if ok && (language == "nl" || language == "en") {
			out = append(out, line{text: s, language: language, cost: 1, kind: noneLine})
		}
	}
	return out
}
