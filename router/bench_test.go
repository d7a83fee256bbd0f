package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

// BenchRules is a ruleset of n rules, mixed as on a desk that grew over years:
// of ten rules three look for words in the text, one by a regular expression;
// the others ask after channel, language, product, customer and score. None
// matches the bench mail but the last.
func BenchRules(n int) []byte {
	forms := []string{
		`message.channel == "email" && message.language == "nl" && match.product == "product-%d"`,
		`message.text.contains("zaaknummer %d") && message.channel == "email"`,
		`match.score >= product.threshold && product.group == "groep-%d" && !match.two`,
		`message.text.matches("(?i)\\b(toestel|apparaat|pomp) %d\\b") && message.language == "nl"`,
		`sender.domain == "klant%d.example" && customer.key_account`,
		`message.subject.contains("project %d") || message.text.contains("project %d")`,
		`match.score > 0.8 && size(missing) > 0 && product.team == "team-%d"`,
		`customer.organisation in ["org-%d", "org-x%d"] && now.open`,
		`request.kind == "fault" && product.package == "maatwerk" && now.hour == %d`,
		`"room" in message.fields && message.fields["room"] == "B%d"`,
	}
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range n - 1 {
		form := strings.ReplaceAll(forms[i%len(forms)], "%d", fmt.Sprint(i+100))
		fmt.Fprintf(&b, "- {id: rule-%d, when: '%s', then: {hand_out: {team: team-%d}}}\n", i, form, i%7)
	}
	b.WriteString("- {id: desk, when: \"true\", then: {to_desk: {}}}\n")
	return []byte(b.String())
}

// benchMail has 2.4 kB of text, as the median mail with quotes removed has less.
func benchMail() balie.Facts {
	line := "Goedemiddag, op de derde verdieping van gebouw B werkt het toestel bij de koffiecorner al sinds maandag niet, kunt u iemand sturen? "
	f := asked(strings.Repeat(line, 19)[:2400], "nl")
	f.Message.Subject = "Toestel werkt niet, derde verdieping"
	f.Message.Fields = map[string]string{"room": "C3.01"}
	f.Sender = balie.SenderFacts{Address: "jan@klant.example", Domain: "klant.example", Known: true}
	f.Match = balie.MatchFacts{Product: "koffie", Score: 0.86, RunnerUp: "lekkage", Margin: 0.4}
	f.Product = balie.ProductFacts{ID: "koffie", Group: "catering", Owner: "backoffice", Team: "catering", Threshold: 0.9, AnswerMode: "suggest"}
	f.Missing = []string{"floor"}
	return f
}

// BenchmarkDecide measures one decision; tracked is the same with every clause
// explained.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		rs := mustCompile(b, string(BenchRules(n)))
		f := benchMail()
		b.Run(fmt.Sprintf("plain/%d", n), func(b *testing.B) {
			measure(b, func() { rs.Decide(f, nil, 1) })
		})
		b.Run(fmt.Sprintf("tracked/%d", n), func(b *testing.B) {
			measure(b, func() { rs.Trace(f) })
		})
	}
}

func measure(b *testing.B, step func()) {
	step() // what is made once, such as tracking programs, is not counted
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		step()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}

func BenchmarkCompile(b *testing.B) {
	body := BenchRules(1000)
	for b.Loop() {
		if _, err := Compile("rules.yaml", body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
