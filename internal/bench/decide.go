package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
)

// goalDecide is what deciding may take at 1,000 rules and 10,000 products.
const goalDecide = time.Millisecond

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// decide measures match, facts and rules together, called directly.
func (b *bench) decide(ctx context.Context) error {
	for _, products := range []int{20, 1000, 10_000} {
		w := newWords(products)
		cat, err := catalogue.Parse("catalogue.yaml", w.catalogue())
		if err != nil {
			return err
		}
		began := time.Now()
		m := catalogue.Train(cat, catalogue.TrainOptions{})
		b.table.note(fmt.Sprintf("training, %d products", products), "%s", short(time.Since(began)))
		for _, rules := range []int{10, 100, 1000} {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			rs, err := router.Compile("rules.yaml", manyRules(rules), nil)
			if err != nil {
				return err
			}
			t, cpu, err := decisions(&intake.Brain{Catalogue: cat, Matcher: m, Rules: rs}, w)
			if err != nil {
				return err
			}
			r := row{figure: fmt.Sprintf("decision, %d rules, %d products", rules, products),
				value: fmt.Sprintf("p50 %s, p99 %s (of processor: %s, %s)", short(t.at(.5)), short(t.at(.99)), short(cpu.at(.5)), short(cpu.at(.99)))}
			if rules == 1000 && products == 10_000 {
				r.goal, r.ok = "p99 <= "+goalDecide.String(), t.at(.99) <= goalDecide
			}
			b.table.add(r)
		}
	}
	return nil
}

// decisions are the times of deciding on many questions: by the clock, and of
// the processor alone, which other programs on the machine do not touch.
func decisions(brain *intake.Brain, w *words) (clock, processor times, err error) {
	const asked, warm = 2000, 200
	runtime.LockOSThread() // the processor's time is the thread's
	defer runtime.UnlockOSThread()
	calendar := brain.Catalogue.Calendars["altijd"]
	now := time.Now()
	for i := range asked + warm {
		m := balie.Message{ID: balie.NewID(now), Channel: "email", Account: "desk", From: balie.Address{Scheme: balie.Mail, Value: "jan@klant.example"},
			Subject: "Vraag", Text: w.question(i), Language: "nl", At: now}
		cpu, err := threadCPU()
		if err != nil {
			return nil, nil, err
		}
		began := time.Now()
		intake.Decide(brain, m, intake.Known{Calendar: calendar, Language: "nl"}, now)
		took := time.Since(began)
		after, err := threadCPU()
		if err != nil {
			return nil, nil, err
		}
		if i >= warm {
			clock, processor = append(clock, took), append(processor, after-cpu)
		}
	}
	return clock, processor, nil
}

func threadCPU() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, fmt.Errorf("read the thread's clock: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// words are a made-up vocabulary: each product has five of its own, and all
// share some hundreds of common ones, as catalogues do.
type words struct {
	products int
	rng      *rand.Rand
}

func newWords(products int) *words { return &words{products, rand.New(rand.NewPCG(7, 11))} }

var syllables = []string{"ba", "ke", "lo", "mi", "ru", "sta", "ven", "do", "pl", "gri", "hu", "ze", "kr", "wi", "tos", "na", "fe", "jo", "pi", "sn"}

// word is the n-th word.
func word(n int) string {
	var b strings.Builder
	for range 3 {
		b.WriteString(syllables[n%len(syllables)])
		n /= len(syllables)
	}
	if n > 0 {
		fmt.Fprintf(&b, "%s", syllables[n%len(syllables)])
	}
	return b.String()
}

const common = 400 // words that any product may use; they come first

func (w *words) own(product int) string {
	return word(common + (product*5+w.rng.IntN(5))%7600)
}

// sentence is what somebody says about a product: two or three of its own
// words among common ones.
func (w *words) sentence(product int) string {
	said := make([]string, 5)
	for i := range said {
		said[i] = word(w.rng.IntN(common))
	}
	for range 3 {
		said[w.rng.IntN(len(said))] = w.own(product)
	}
	return strings.Join(said, " ")
}

// question is three sentences around one product.
func (w *words) question(n int) string {
	p := n * 7919 % w.products
	return fmt.Sprintf("Goedemiddag, %s. Kunt u %s? Dank alvast, %s.", w.sentence(p), w.sentence(p), word(w.rng.IntN(common)))
}

func (w *words) catalogue() []byte {
	var b strings.Builder
	b.WriteString("version: 1\norganisation: {nl: Bench, en: Bench}\ncurrency: EUR\ncalendars:\n  altijd: {timezone: Europe/Amsterdam, always_open: true}\n")
	b.WriteString("teams:\n  t: {nl: Team, en: Team, kind: backoffice, calendar: altijd, reach: {mail: team@delinde.example}}\nproducts:\n")
	for p := range w.products {
		fmt.Fprintf(&b, "- {id: p%d, kind: order, package: basis, ", p)
		for _, language := range catalogue.Languages {
			fmt.Fprintf(&b, "%s: {name: %s, answer: Ja, examples: [%s, %s]}, ", language, word(common+p*5%7600), w.sentence(p), w.sentence(p))
		}
		b.WriteString("owner: {type: backoffice, team: t}, calendar: altijd, promise: {response_hours: 1, resolution_hours: 8}, answer_mode: send}\n")
	}
	return []byte(b.String())
}

// manyRules is a ruleset as on a desk that grew over years: most look at what
// is known, three in ten into the text. None matches but the last.
func manyRules(n int) []byte {
	forms := []string{
		`message.channel == "email" && message.language == "nl" && match.product == "geen-%d"`,
		`message.text.contains("zaaknummer %d") && message.channel == "email"`,
		`match.score >= product.threshold && product.group == "groep-%d" && !match.two`,
		`message.text.matches("(?i)\\b(toestel|apparaat|pomp) %d\\b") && message.language == "nl"`,
		`sender.domain == "anders%d.example" && customer.key_account`,
		`message.subject.contains("project %d") || message.text.contains("project %d")`,
		`match.score > 0.8 && size(missing) > 0 && product.team == "geen-%d"`,
		`customer.organisation in ["org-%d", "org-x%d"] && now.open`,
		`request.kind == "fault" && product.package == "maatwerk" && now.hour == %d`,
		`"room" in message.fields && message.fields["room"] == "B%d"`,
	}
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range n - 1 {
		form := strings.ReplaceAll(forms[i%len(forms)], "%d", fmt.Sprint(i+100))
		fmt.Fprintf(&b, "- {id: rule-%d, when: '%s', then: {hand_out: {team: t}}}\n", i, form)
	}
	b.WriteString("- {id: desk, when: \"true\", then: {to_desk: {}}}\n")
	return []byte(b.String())
}
