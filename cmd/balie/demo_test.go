package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// demoOutcome is a line of demo --json.
type demoOutcome struct {
	ID, Channel, Question, Outcome, Expected, Product, Rule string
	Faults                                                  []string
	Letters                                                 []struct{ To, Kind, Subject string }
}

// playDemo runs a demo to its end and returns what it wrote.
func playDemo(t *testing.T, c demoCmd) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	var out bytes.Buffer
	c.out, c.Once = &out, true
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Data == "" {
		c.Data = filepath.Join(t.TempDir(), "demo")
	}
	err := c.Run(ctx)
	return out.String(), err
}

func readDemo(t *testing.T, out string) ([]demoOutcome, tally) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var all []demoOutcome
	for _, l := range lines[:len(lines)-1] {
		var o demoOutcome
		if err := json.Unmarshal([]byte(l), &o); err != nil {
			t.Fatalf("line %q: %v", l, err)
		}
		all = append(all, o)
	}
	var sum tally
	d := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	d.DisallowUnknownFields()
	if err := d.Decode(&sum); err != nil {
		t.Fatalf("last line %q: %v", lines[len(lines)-1], err)
	}
	return all, sum
}

func TestDemo_EveryQuestionEndsWhereItShould(t *testing.T) {
	out, err := playDemo(t, demoCmd{JSON: true})
	if err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	all, sum := readDemo(t, out)
	script, err := readScript(demoFiles)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(script) || len(script) < 40 {
		t.Fatalf("%d of %d questions were accounted for", len(all), len(script))
	}
	counts := map[string]int{}
	for i, o := range all {
		counts[o.Outcome]++
		if o.ID != script[i].ID || o.Outcome != script[i].Expect || len(o.Faults) > 0 {
			t.Errorf("%s %q\n got %s (product %s, rule %s, letters %v)\nwant %s\nfaults %q", o.ID, o.Question, o.Outcome, o.Product, o.Rule, o.Letters, script[i].Expect, o.Faults)
		}
	}
	want := tally{Sent: len(script), Requests: sum.Requests, Answered: counts[endAnswered], Asked: counts[endAsked],
		HandedOut: counts[endHandedOut], Desk: counts[endDesk]}
	if sum.Sent != want.Sent || sum.Answered != want.Answered || sum.Asked != want.Asked || sum.HandedOut != want.HandedOut ||
		sum.Desk != want.Desk || sum.Lost != 0 || sum.Duplicates != 0 || sum.Requests == 0 {
		t.Errorf("the last line says %+v, its questions %+v", sum, want)
	}
}

func TestDemo_AllFourChannelsAndBothLanguagesAreInIt(t *testing.T) {
	script, err := readScript(demoFiles)
	if err != nil {
		t.Fatal(err)
	}
	var via, expect []string
	for _, q := range script {
		via, expect = append(via, q.Via), append(expect, q.Expect)
	}
	for _, want := range []string{"mail", "slack", "form", "api", "phone"} {
		if !slices.Contains(via, want) {
			t.Errorf("nothing comes by %s", want)
		}
	}
	for _, want := range ends {
		if !slices.Contains(expect, want) {
			t.Errorf("nothing ends %s", want)
		}
	}
}

func TestDemo_AMessageNobodyTookInIsLost(t *testing.T) {
	script := []question{{ID: "nowhere", Via: "mail", From: "Jan <jan@klant.example>", To: []string{"nobody@" + demoDomain},
		Subject: "Hallo", Text: "Hoe laat gaat het gebouw open?", Expect: endAnswered}}
	out, err := playDemo(t, demoCmd{JSON: true, script: script, patience: 100 * time.Millisecond})
	if !errors.Is(err, errDemo) {
		t.Errorf("the demo ended with %v", err)
	}
	all, sum := readDemo(t, out)
	if sum.Lost != 1 || all[0].Outcome != endLost {
		t.Errorf("lost %d, outcome %s: a message that no mailbox got", sum.Lost, all[0].Outcome)
	}
}

func TestDemo_AnEndThatShouldNotBeIsNamed(t *testing.T) {
	script := []question{
		{ID: "hours", Via: "mail", From: "Jan <jan@klant.example>", Subject: "Vraag", Text: "Hoe laat gaat het gebouw open?", Expect: endDesk},
		{ID: "person", Via: "mail", From: "Jan <jan@klant.example>", Subject: "Vraag", Text: "Kan iemand even langskomen?", Expect: endDesk, Is: "sleutel"},
	}
	out, err := playDemo(t, demoCmd{script: script})
	if !errors.Is(err, errDemo) {
		t.Errorf("the demo ended with %v", err)
	}
	for _, want := range []string{"ended answered, should be desk", `should be "sleutel"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the account does not say %q:\n%s", want, out)
		}
	}
}

func TestDemo_LettersTooManyAreSeen(t *testing.T) {
	l := letter{to: "jan@klant.example", kind: "answer", msgID: "a"}
	for name, letters := range map[string][]letter{
		"the same letter twice": {l, l},
		"two letters for one":   {l, {to: l.to, kind: "receipt", msgID: "b"}},
	} {
		one := told{q: question{Expect: endAnswered}, end: endAnswered, letters: letters}
		if one.judge(sending{}); one.twice == 0 || len(one.faults) == 0 {
			t.Errorf("%s: nothing was noticed", name)
		}
	}
}

func TestDemo_LettersToTheWrongPeopleAreSeen(t *testing.T) {
	q := question{Via: "mail", From: "Jan <jan@klant.example>", Expect: endDesk}
	silent := q
	silent.Silent = true
	for want, one := range map[string]told{
		"got the letter of jan":    {q: q, letters: []letter{{to: "piet@klant.example", kind: "receipt", language: "nl"}}},
		"got the letter of a team": {q: q, letters: []letter{{to: "jan@klant.example", kind: "team", language: "nl"}}},
		"got the word to the lead": {q: q, letters: []letter{{to: "jan@klant.example", kind: "alert", language: "nl"}}},
		`a letter in "en"`:         {q: q, letters: []letter{{to: "jan@klant.example", kind: "receipt", language: "en"}}},
		"should get none":          {q: silent, letters: []letter{{to: "jan@klant.example", kind: "receipt", language: "nl"}}},
	} {
		one.end = endDesk
		if one.judge(sending{}); !strings.Contains(strings.Join(one.faults, "; "), want) {
			t.Errorf("want %q, got %q", want, one.faults)
		}
	}
	good := told{q: q, end: endDesk, letters: []letter{{to: "jan@klant.example", kind: "receipt", language: "nl"}}}
	if good.judge(sending{}); len(good.faults) > 0 {
		t.Errorf("nothing is wrong, got %q", good.faults)
	}
}

func TestDemo_TheAccountFitsTheTerminal(t *testing.T) {
	const wide = 110
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	script := []question{
		{ID: "long", Via: "mail", From: strings.Repeat("Jan-Willem ", 8) + "<" + strings.Repeat("jan", 20) + "@klant.example>", Subject: strings.Repeat("Toegangspas ", 20),
			Text: strings.Repeat("Ik heb een toegangspas nodig. ", 20), Expect: endAsked},
		{ID: "escape", Via: "mail", From: "Jan <jan@klant.example>", Subject: "Brand \x1b[31mrood", Text: "Er is \x1b]0;brand\x07 brand in de kelder!", Expect: endHandedOut},
	}
	out, err := playDemo(t, demoCmd{script: script, Listen: taken.Addr().String()})
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, "is taken") {
		t.Errorf("nobody is told that the port is another one:\n%s", out)
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > wide {
			t.Errorf("%d letters wide: %s", n, line)
		}
		if strings.Contains(line, "\x1b") {
			t.Errorf("a terminal would obey %q", line)
		}
	}
}

func TestDemo_AStoreThatWasUsedIsNotUsedAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "store"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := playDemo(t, demoCmd{Data: dir, script: []question{}})
	if exitCode(err) != exitInvalid {
		t.Errorf("%v", err)
	}
}
