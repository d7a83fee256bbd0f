package simulate

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// organisations are the customers of the simulated desk.
const organisations = `organisations:
- {id: elzendam, name: Gemeente Elzendam, domains: [elzendam.example], segment: overheid, account_manager: accountmanagement}
- {id: zuiderzorg, name: Zuiderzorg, domains: [zuiderzorg.example], key_account: true, segment: zorg, account_manager: accountzorg}
- {id: tenkate, name: Drukkerij Ten Kate, domains: [tenkate.example]}
`

// never is a rule that no message ever takes: the flow chart names it.
const never = `- id: fax
  name: {nl: Wat per fax komt, en: What comes by fax}
  when: message.channel == "fax"
  then: {tag: fax, to_desk: {reason: "came by fax"}}
  examples:
    must:
    - {text: "Zie bijlage", with: {message.channel: fax}}

`

// network is the rule that is made in summer, when the desk has seen that all
// questions about the network go to the same team.
const network = `- id: network
  name: {nl: Netwerk en wifi, en: Network and wifi}
  when: 'match.score < 0.8 && message.text.matches(r"(?i)\b(wifi|netwerk|network)\b")'
  then: {tag: network, hand_out: {team: techniek}}
  examples:
    must:
    - "De wifi valt steeds weg"
    must_not:
    - "De verwarming doet het niet"

`

// wordEvery is how long a customer hears nothing at most, in opening time.
const wordEvery = "9h"

// last is the rule before which new ones are put.
const last = "- id: desk\n"

// documents are what the desk begins the year with.
func documents(o Options) (map[string][]byte, error) {
	cat := string(catalogue.Sample())
	cat = regexp.MustCompile(`holidays: \[[^\]]*\]`).ReplaceAllString(cat, `holidays: ["nl"]`)
	if o.Desk.ByHand {
		cat = strings.ReplaceAll(cat, "answer_mode: send", "answer_mode: suggest")
	}
	for _, product := range []string{"post", "afval"} { // not from the first day
		cat = answering(cat, product, "send", "suggest")
	}
	for _, x := range trusted {
		if x.at(o).Before(o.From) && !o.Desk.ByHand {
			cat = answering(cat, x.product, "suggest", "send")
		}
	}
	cat = scaled(cat, `(response_hours|resolution_hours): ([0-9.]+)`, "", o.Desk.Targets)
	// This desk promises a word every opening day.
	keeps := strings.Replace(string(progress.Sample()), "  update: 24h", "  update: "+wordEvery, 1)
	for _, unit := range []string{"h", "m"} {
		keeps = scaled(keeps, `(respond|resolve|update): ([0-9.]+)`+unit+`\b`, unit, o.Desk.Targets)
	}
	if !o.Desk.Inform {
		keeps = strings.NewReplacer("delay: true", "delay: false", "silent: true", "silent: false").Replace(keeps)
	}
	if o.Desk.NoReminds {
		keeps = regexp.MustCompile(`(?m)^  (before|overdue|most|silent|digest): .*$`).ReplaceAllString(keeps, "")
	}
	rules := strings.Replace(string(router.Sample()), last, never+last, 1)
	return map[string][]byte{
		desk.CatalogueDoc: []byte(cat), desk.RulesDoc: []byte(rules), desk.OrganisationsDoc: []byte(organisations),
		desk.ProgressDoc: []byte(keeps), desk.PlanDoc: planned(o),
	}, nil
}

// planned is the sample plan for what comes in and who there is: a smaller desk
// costs more for a request.
func planned(o Options) []byte {
	fte := strconv.FormatFloat(3.4*float64(o.Desk.Agents)/defaultAgents, 'f', 2, 64)
	return []byte(strings.NewReplacer("fte: 3.4", "fte: "+fte, "expected: 133", "expected: "+strconv.FormatFloat(o.PerDay, 'f', 0, 64),
		"target: 7.50", "target: 10.50").Replace(string(report.SamplePlan())))
}

// scaled multiplies numbers in a document.
func scaled(text, pattern, unit string, by float64) string {
	if by == 1 {
		return text
	}
	re := regexp.MustCompile(pattern)
	return re.ReplaceAllStringFunc(text, func(found string) string {
		m := re.FindStringSubmatch(found)
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return found
		}
		n *= by
		if unit == "h" {
			return fmt.Sprintf("%s: %dm", m[1], int(n*60))
		}
		if unit == "m" {
			return fmt.Sprintf("%s: %dm", m[1], max(int(n), 1))
		}
		return m[1] + ": " + strconv.FormatFloat(n, 'f', -1, 64)
	})
}

// trusted are the products of which the answer may go out by itself from a day
// of the year on.
var trusted = []trust{{2, 2, "afval"}, {2, 24, poor}, {4, 7, "parkeren"}, {9, 1, "vergaderruimte"}}

type trust struct {
	month   time.Month
	day     int
	product string
}

func (m trust) at(o Options) time.Time {
	return time.Date(o.Year, m.month, m.day, 9, 0, 0, 0, o.From.Location())
}

// script is what is decided in the course of the year. What was decided before
// the run begins is in the documents it begins with.
func (s *sim) script() {
	on := func(at time.Time, do func(context.Context) error) {
		if !at.Before(s.o.From) {
			s.agenda.at(at, do)
		}
	}
	for _, x := range trusted {
		on(x.at(s.o), func(ctx context.Context) error { return s.mayAnswer(ctx, x.product) })
	}
	better := trust{5, 4, poor}.at(s.o)
	s.improved = better.Before(s.o.From)
	on(better, s.better)
	on(trust{7, 1, ""}.at(s.o), func(ctx context.Context) error {
		body := strings.Replace(string(s.w.lib.Brain().Rules.Source()), last, network+last, 1)
		return s.publish(ctx, desk.RulesDoc, body, s.w.lib.Brain().Rules.Version, "alles over het netwerk gaat naar hetzelfde team")
	})
}

// mayAnswer lets the catalogue answer a product by itself from now on.
func (s *sim) mayAnswer(ctx context.Context, product string) error {
	if s.o.Desk.ByHand {
		return nil
	}
	cat := s.w.lib.Brain().Catalogue
	return s.publish(ctx, desk.CatalogueDoc, answering(s.catalogue, product, "suggest", "send"), cat.Version, "het antwoord over "+product+" mag vanzelf de deur uit")
}

// answering is a catalogue in which the answer of a product goes out in another
// way.
func answering(cat, product, from, to string) string {
	mark := "\n- id: " + product + "\n"
	before, after, ok := strings.Cut(cat, mark)
	if !ok {
		return cat
	}
	return before + mark + strings.Replace(after, "answer_mode: "+from, "answer_mode: "+to, 1)
}

// better makes an answer that many came back upon a good one.
func (s *sim) better(ctx context.Context) error {
	cat := s.w.lib.Brain().Catalogue
	p, ok := cat.Product(poor)
	if !ok {
		return nil
	}
	answer, _ := p.Answer("nl")
	body := strings.Replace(s.catalogue, answer, answer+" Een pakket volgt u met het nummer op uw bericht; is het er na twee werkdagen niet, dan zoeken wij het uit.", 1)
	s.improved = true
	return s.publish(ctx, desk.CatalogueDoc, body, cat.Version, "het antwoord over post zegt nu ook waar een pakket is")
}

// poor is the product whose answer is not good enough at first.
const poor = "post"

func (s *sim) publish(ctx context.Context, kind, body string, base int, reason string) error {
	d := store.Document{Kind: kind, Body: []byte(body), At: s.now, By: keeper.ID, Reason: reason}
	if _, err := s.w.lib.Publish(ctx, d, base, kind+".yaml"); err != nil {
		return fmt.Errorf("publish the %s: %w", kind, err)
	}
	if kind == desk.CatalogueDoc {
		s.catalogue = body
	}
	s.dirty = true
	return nil
}
