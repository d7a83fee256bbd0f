package dispatch

import (
	"strings"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

func TestALetterIsReadableWithoutMarkup(t *testing.T) {
	in := "Beste Jan,\n\nWe hebben nog dit nodig voor **Toegangspas**:\n\n1. Voor wie?\n2. Welke deur? (kies uit: a, b)\n\nZie [hier](https://x.example/s/1) of https://y.example.\n\n> gevraagd  \n> nog een regel\n\n- een\n- twee\n\nGroet,\nDe Linde"
	want := "Beste Jan,\n\nWe hebben nog dit nodig voor Toegangspas:\n\n1. Voor wie?\n2. Welke deur? (kies uit: a, b)\n\nZie hier (https://x.example/s/1) of https://y.example.\n\n> gevraagd\n> nog een regel\n\n- een\n- twee\n\nGroet,\nDe Linde\n"
	if got := NewRenderer().Plain(in); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestS6_WordsInALetterNeverBecomeMarkup(t *testing.T) {
	for _, in := range []string{`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `[klik](javascript:alert(1))`, "<iframe src=//evil>", `<a href="http://evil">bank</a>`} {
		m := NewRenderer().Message(channels.Sender(nil), "email", balie.Message{Text: in, Language: `nl"><script>`})
		for _, bad := range []string{"<script", "<img", "<iframe", "javascript:", "<a href=\"http://evil"} {
			if strings.Contains(strings.ToLower(m.HTML), bad) {
				t.Errorf("%s became %s", in, m.HTML)
			}
		}
	}
}
