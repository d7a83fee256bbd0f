package simulate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/report"
)

// Comparison is the same customers at two desks.
type Comparison struct {
	As    Summary           `json:"as"`
	If    Summary           `json:"if"`
	Means map[string]string `json:"means"` // in a sentence, by language
}

// Compare plays the same year once more with another staffing. Of the second
// desk nothing is kept.
func Compare(ctx context.Context, o Options, other Staffing) (Comparison, error) {
	var c Comparison
	dir, err := os.MkdirTemp("", "balie-simulate-")
	if err != nil {
		return c, fmt.Errorf("find a place for the other desk: %w", err)
	}
	defer os.RemoveAll(dir)
	second := o
	second.Dir, second.Desk, second.Day = filepath.Join(dir, "store"), other, nil
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		c.As, err = Run(ctx, o)
		return err
	})
	g.Go(func() (err error) {
		c.If, err = Run(ctx, second)
		return err
	})
	if err := g.Wait(); err != nil {
		return c, err
	}
	c.Means = map[string]string{"nl": c.means("nl"), "en": c.means("en")}
	return c, nil
}

// ParseStaffing reads what is otherwise: "agents=3,targets=1.5,teams=1.2,automatic=off,inform=on,reminders=off".
// What is not said is as in as.
func ParseStaffing(text string, as Staffing) (Staffing, error) {
	s := as
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := s.set(name, value); err != nil {
			return s, err
		}
	}
	return s.complete(), nil
}

func (s *Staffing) set(name, value string) error {
	is := func(to *bool, word string) error {
		if value != "on" && value != "off" {
			return &balie.InvalidError{Field: name, Problem: fmt.Sprintf("%q is neither on nor off", value), Fix: "write " + name + "=on or " + name + "=off"}
		}
		*to = value == word
		return nil
	}
	share := func(to *float64) error {
		n, err := strconv.ParseFloat(strings.TrimSuffix(value, "x"), 64)
		if err != nil || n < 0.1 || n > 10 {
			return &balie.InvalidError{Field: name, Problem: fmt.Sprintf("%q is not how many times as long", value), Fix: "write " + name + "=1.5"}
		}
		*to = n
		return nil
	}
	switch name {
	case "agents":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 40 {
			return &balie.InvalidError{Field: name, Problem: fmt.Sprintf("%q is no number of agents", value), Fix: "write a number from 1 to 40"}
		}
		s.Agents = n
		return nil
	case "targets":
		return share(&s.Targets)
	case "teams":
		return share(&s.Teams)
	case "automatic":
		return is(&s.ByHand, "off")
	case "inform":
		return is(&s.Inform, "on")
	case "reminders":
		return is(&s.NoReminds, "off")
	}
	return &balie.InvalidError{Field: "what-if", Problem: fmt.Sprintf("there is nothing called %q to change", name), Fix: "use agents, targets, teams, automatic, inform or reminders"}
}

// shown are the metrics of the table, in order.
var shown = []string{report.FirstTimeRight, report.ResponseKept, report.ResolveKept, report.InformedKept, report.AutoAnswered, report.AutoPrecision, report.AtOnce,
	report.CompleteOut, report.ReopenedShare, report.ReturnedShare, report.Satisfaction, report.SurveyResponse, report.RespondMedian, report.ResolveMedian,
	report.ResolveP90, report.Backlog, report.LateNow, report.CostPerRequest}

// otherwise is what of the second desk is not as of the first, in words.
func (c Comparison) otherwise(language string) string {
	a, b := c.As.Desk, c.If.Desk
	var out []string
	add := func(differs bool, nl, en string, values ...any) {
		if differs {
			out = append(out, fmt.Sprintf(map[string]string{"nl": nl, "en": en}[language], values...))
		}
	}
	add(a.Agents != b.Agents, "%d medewerkers in plaats van %d", "%d agents instead of %d", b.Agents, a.Agents)
	add(a.Targets != b.Targets, "beloften die %s keer zo lang duren", "promises %s times as long", number(language, b.Targets/a.Targets))
	add(a.Teams != b.Teams, "teams die er %s keer zo lang over doen", "teams that take %s times as long", number(language, b.Teams/a.Teams))
	add(a.ByHand != b.ByHand && b.ByHand, "geen antwoord zonder medewerker", "no answer without a person")
	add(b.Inform && !a.Inform, "tussenberichten die vanzelf gaan", "words to customers that go by themselves")
	add(a.Inform && !b.Inform, "geen tussenbericht vanzelf", "no word to customers by itself")
	add(a.NoReminds != b.NoReminds && b.NoReminds, "geen herinnering aan teams", "no reminders to teams")
	if len(out) == 0 {
		return map[string]string{"nl": "dezelfde bezetting", "en": "the same staffing"}[language]
	}
	and := map[string]string{"nl": " en ", "en": " and "}[language]
	return strings.Join(out, and)
}

// means says in a sentence what the difference comes to.
func (c Comparison) means(language string) string {
	form := map[string]string{
		"nl": "Met %s wordt %s in plaats van %s op tijd afgehandeld, krijgt de klant %s in plaats van %s van de beloofde berichten op tijd, wacht een op de tien langer dan %s (was %s) op de oplossing en liggen er aan het eind %s verzoeken (was %s).",
		"en": "With %s, %s instead of %s is solved in time, customers get %s instead of %s of the promised words in time, one in ten waits longer than %s (was %s) for the solution, and %s requests are open at the end (was %s).",
	}[language]
	a, b := &c.As.Figures, &c.If.Figures
	return fmt.Sprintf(form, c.otherwise(language), b.written(language, report.ResolveKept), a.written(language, report.ResolveKept),
		b.written(language, report.InformedKept), a.written(language, report.InformedKept),
		report.WriteTime(language, b.Resolve.P90), report.WriteTime(language, a.Resolve.P90), b.written(language, report.Backlog), a.written(language, report.Backlog))
}

// written is a metric as people write it; a dash when there was nothing to
// count.
func (f *Figures) written(language, metric string) string {
	m, ok := report.MetricOf(metric)
	v, counted := f.Metrics[metric]
	if !ok || !counted {
		return "–"
	}
	return m.Write(language, v, currency)
}

// currency is that of the sample plan.
const currency = "EUR"

// number writes a factor as a language does.
func number(language string, v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if language == "nl" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
