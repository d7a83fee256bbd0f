package router

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cel.dev/cel-go/common/types"
	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// sure are the facts of a question that may be answered.
func sure() balie.Facts {
	f := asked("Hoe vraag ik een sleutel aan?", "nl")
	f.Match = balie.MatchFacts{Product: "sleutel", Score: 0.97, Margin: 0.5, RunnerUp: "pas"}
	f.Product = balie.ProductFacts{ID: "sleutel", Kind: "question", Owner: "backoffice", Team: "beveiliging", AnswerMode: "send", Threshold: 0.9}
	return f
}

// always is a ruleset of one rule that matches whatever it sees.
func alwaysDo(then string) string {
	return "version: 7\nrules:\n- {id: eager, when: \"true\", then: " + then + "}\n"
}

func TestFirstRuleThatDecidesWins(t *testing.T) {
	rs := mustCompile(t, `
version: 4
rules:
- {id: tag, when: sender.known, then: {tag: [a, b], priority: low}}
- {id: again, when: "true", then: {tag: b, priority: high, alert: lead}}
- {id: no, when: match.score > 2, then: {discard: {reason: never}}}
- {id: first, when: "true", then: {assign: sanne, hand_out: {team: techniek}}}
- {id: second, when: "true", then: {to_desk: {}, tag: late}}
`)
	f := sure()
	f.Sender.Known = true
	matches := []balie.Match{{Product: "sleutel", Score: 0.97}}
	d := rs.Decide(f, matches, 12)
	want := []balie.Action{
		{Do: balie.DoTag, Value: "a", Rule: "tag"}, {Do: balie.DoTag, Value: "b", Rule: "tag"},
		{Do: balie.DoPriority, Value: "high", Rule: "again"}, {Do: balie.DoAlert, Value: "lead", Rule: "again"},
		{Do: balie.DoAssign, Value: "sanne", Rule: "first"}, {Do: balie.DoHandOut, Team: "techniek", Rule: "first"},
	}
	if !reflect.DeepEqual(d.Do, want) {
		t.Errorf("got  %+v\nwant %+v", d.Do, want)
	}
	if d.Rule != "first" || d.Ruleset != 4 || d.Catalogue != 12 || !slices.Equal(d.Matched, []string{"tag", "again", "first"}) ||
		len(d.Failed) > 0 || !reflect.DeepEqual(d.Facts, f) || !reflect.DeepEqual(d.Match, matches) || d.Reason != `rule "first": it always matches` {
		t.Errorf("got %+v", d)
	}
}

func TestNoRuleMeansTheDesk(t *testing.T) {
	d := mustCompile(t, `rules: [{id: a, when: "false", then: {discard: {reason: x}}}]`).Decide(sure(), nil, 1)
	if d.Deciding().Do != balie.DoDesk || d.Rule != "" || d.Reason == "" || len(d.Do) != 1 {
		t.Errorf("got %+v", d)
	}
}

func TestRuleThatFailsDoesNotStopLaterOnes(t *testing.T) {
	rs := mustCompile(t, `
rules:
- {id: broken, when: 'message.fields["room"] == "1"', then: {discard: {reason: x}}}
- {id: zero, when: '1 / message.attachments > 0', then: {discard: {reason: x}}}
- {id: saved, when: 'message.fields["room"] == "1" || match.score > 0.5', then: {tag: saved}}
- {id: good, when: "true", then: {hand_out: {owner: true}}}
`)
	d := rs.Decide(sure(), nil, 1)
	if d.Rule != "good" || !slices.Equal(d.Failed, []string{"broken", "zero"}) || !slices.Equal(d.Matched, []string{"saved", "good"}) {
		t.Errorf("rule %q, failed %v, matched %v", d.Rule, d.Failed, d.Matched)
	}
	if a := d.Deciding(); a.Team != "beveiliging" {
		t.Errorf("handed out to %q", a.Team)
	}
}

func TestActionsAreFilledInFromTheFacts(t *testing.T) {
	for _, tt := range []struct {
		then   string
		change func(*balie.Facts)
		want   balie.Action
	}{
		{"{answer: {}}", nil, balie.Action{Do: balie.DoAnswer, Products: []string{"sleutel"}}},
		{"{offer: {}}", nil, balie.Action{Do: balie.DoOffer, Products: []string{"sleutel", "pas"}}},
		{"{ask: {fields: missing}}", func(f *balie.Facts) { f.Missing = []string{"room"} }, balie.Action{Do: balie.DoAsk, Products: []string{"sleutel"}, Fields: []string{"room"}}},
		{"{ask: {fields: [floor]}}", nil, balie.Action{Do: balie.DoAsk, Products: []string{"sleutel"}, Fields: []string{"floor"}}},
		{"{hand_out: {team: techniek}}", nil, balie.Action{Do: balie.DoHandOut, Team: "techniek"}},
		{"{hand_out: {owner: true}}", nil, balie.Action{Do: balie.DoHandOut, Team: "beveiliging"}},
		{"{hand_out: {account_manager: true}}", nil, balie.Action{Do: balie.DoHandOut, Team: "accountmanagement"}},
		{"{hand_out: {account_manager: true}}", func(f *balie.Facts) { f.Customer.Manager = "klaas" }, balie.Action{Do: balie.DoHandOut, Team: "klaas"}},
		{"{hand_out: {owner: true}}", func(f *balie.Facts) { f.Product.Team = "" }, balie.Action{Do: balie.DoDesk, Reason: "it is not known whom to hand it out to"}},
		{"{product: pas, hand_out: {owner: true}}", nil, balie.Action{Do: balie.DoDesk, Reason: "it is not known whom to hand it out to"}},
		{"{to_desk: {reason: why}}", nil, balie.Action{Do: balie.DoDesk, Reason: "why"}},
		{"{discard: {reason: why}}", nil, balie.Action{Do: balie.DoDiscard, Reason: "why"}},
	} {
		f := sure()
		if tt.change != nil {
			tt.change(&f)
		}
		tt.want.Rule = "eager"
		if got := mustCompile(t, alwaysDo(tt.then)).Decide(f, nil, 1).Deciding(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.then, got, tt.want)
		}
	}
	small := catalogueOf{teams: []string{"beveiliging"}}
	rs, err := Compile("rules.yaml", []byte(alwaysDo("{hand_out: {account_manager: true}}")), small)
	if err != nil {
		t.Fatal(err)
	}
	if got := rs.Decide(sure(), nil, 1).Deciding().Team; got != "beveiliging" {
		t.Errorf("a desk without account managers hands out to %q", got)
	}
}

// What no ruleset can bring about.
func TestS4_RulesCannotOverrideSafety(t *testing.T) {
	const talk = "answer ask offer"
	for _, tt := range []struct {
		name, actions, reason string
		change                func(*balie.Facts)
	}{
		{"complaint", "answer offer", "a complaint is never answered by itself", func(f *balie.Facts) { f.Request.Kind = "complaint" }},
		{"complaint dropped", "discard", "a complaint is never closed by itself", func(f *balie.Facts) { f.Request.Kind = "complaint" }},
		{"automatic", talk, "an automatic message is never answered", func(f *balie.Facts) { f.Message.Automatic = true }},
		{"no reply", talk, "may not be answered automatically", func(f *balie.Facts) { f.Message.NoReply = true }},
		{"pretender", talk, "somebody pretends to be the sender", func(f *balie.Facts) { f.Sender.Failed = true }},
		{"asked twice", "ask", "the customer was asked 2 times already", func(f *balie.Facts) { f.Request.Asked = 2 }},
		{"fault", talk, "a fault is never answered with the text of an order", func(f *balie.Facts) { f.Request.Kind, f.Product.Kind = "fault", "order" }},
		{"no product", "answer", "no product was recognised", func(f *balie.Facts) { f.Match.Product = "" }},
		{"no two products", "offer", "there are no two products", func(f *balie.Facts) { f.Match.RunnerUp = "" }},
		{"nothing missing", "ask", "there is nothing to ask", func(f *balie.Facts) { f.Missing = nil }},
		{"unreadable", talk + " discard hand_out", "the message could not be read", func(f *balie.Facts) { f.Message.Unreadable = true }},
		{"suggest only", "answer", "is not answered without an agent", func(f *balie.Facts) { f.Product.AnswerMode = "suggest" }},
		{"below threshold", "answer", "is below the threshold 0.9", func(f *balie.Facts) { f.Match.Score = 0.89 }},
		{"not a number", "answer", "is below the threshold 0.9", func(f *balie.Facts) { f.Match.Score = math.NaN() }},
		{"no threshold", "answer", "has no threshold", func(f *balie.Facts) { f.Product.Threshold = 0 }},
		{"other product", "answer", `nothing is known of product "sleutel"`, func(f *balie.Facts) { f.Product.ID = "pas" }},
	} {
		for do, then := range map[string]string{
			"answer": "{answer: {}}", "ask": "{ask: {fields: missing}}", "offer": "{offer: {}}",
			"discard": "{discard: {reason: x}}", "hand_out": "{hand_out: {team: techniek}}",
		} {
			f := sure()
			f.Missing = []string{"room"}
			rs := mustCompile(t, alwaysDo(then))
			if got := rs.Decide(f, nil, 1).Deciding(); string(got.Do) != do {
				t.Fatalf("%s is not done even when it may: %+v", do, got)
			}
			tt.change(&f)
			d := rs.Decide(f, nil, 1)
			a := d.Deciding()
			if !strings.Contains(tt.actions, do) {
				complaint := f.Request.Kind == "complaint" // each half of its row is the other's
				if string(a.Do) != do && !complaint && tt.name != "no product" {
					t.Errorf("%s: %s became %s (%s)", tt.name, do, a.Do, a.Reason)
				}
				continue
			}
			if a.Do != balie.DoDesk || !strings.Contains(a.Reason, tt.reason) || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("%s: %s gave %s, reason %q, want the desk and %q", tt.name, do, a.Do, d.Reason, tt.reason)
			}
		}
	}
}

func TestS4_KindSetByARuleCountsForSafety(t *testing.T) {
	f := sure()
	d := mustCompile(t, alwaysDo("{kind: complaint, answer: {}}")).Decide(f, nil, 1)
	if d.Deciding().Do != balie.DoDesk {
		t.Errorf("a rule calls it a complaint and answers it: %+v", d.Do)
	}
	d = mustCompile(t, alwaysDo("{product: pas, answer: {}}")).Decide(f, nil, 1)
	if d.Deciding().Do != balie.DoDesk {
		t.Errorf("a product nothing is known of is answered: %+v", d.Do)
	}
}

// Whatever facts and rules: nothing is sent where it may not be.
func TestS4_NoRulesetWritesToMachinesOrPretenders(t *testing.T) {
	var sets []*Ruleset
	for _, then := range []string{"{answer: {}}", "{ask: {fields: missing}}", "{offer: {}}", "{kind: question, answer: {}}"} {
		sets = append(sets, mustCompile(t, alwaysDo(then)))
	}
	sets = append(sets, mustCompile(t, string(Sample())))
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		for _, rs := range sets {
			a := rs.Decide(f, nil, 1).Deciding()
			if talks(a.Do) && (f.Message.Automatic || f.Message.NoReply || f.Sender.Failed || f.Message.Unreadable) {
				t.Fatalf("%s is written to %+v %+v", a.Do, f.Message, f.Sender)
			}
			if a.Do == balie.DoAnswer && (a.Products[0] != f.Product.ID || f.Match.Score < f.Product.Threshold || f.Product.AnswerMode != "send") {
				t.Fatalf("answered %+v on %+v %+v", a, f.Match, f.Product)
			}
		}
	})
}

func TestS11_RuleCostIsBounded(t *testing.T) {
	items := make([]string, manyItems)
	for i := range items {
		items[i] = fmt.Sprint("field", i)
	}
	f := sure()
	f.Missing = items
	f.Message.Text = strings.Repeat("a", 10*balie.RuleTextLimit)
	nested := "missing.all(a, missing.all(b, missing.all(c, a + b + c != \"x\")))"
	for name, when := range map[string]string{
		"nested":    nested,
		"growing":   `[message.text].map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).exists(x, x == "")`,
		"long":      strings.TrimSuffix(strings.Repeat("message.text + ", 400), " + ") + ` == ""`,
		"backtrack": `message.text.matches("(a+)+$") && message.text.matches("(a|aa)+b")`,
	} {
		rs, err := Compile("rules.yaml", []byte("rules:\n- {id: bomb, when: '"+when+"', then: {to_desk: {}}}\n- {id: ok, when: 'true', then: {hand_out: {team: x}}}\n"), nil)
		if err != nil {
			if _, ok := errors.AsType[*balie.InvalidError](err); !ok {
				t.Errorf("%s: %v", name, err)
			}
			continue // refused is bounded too
		}
		start := time.Now()
		d := rs.Decide(f, nil, 1)
		if took := time.Since(start); took > 2*time.Second { // 5-60 ms here; without limit the first takes seconds
			t.Errorf("%s took %v", name, took)
		}
		if d.Rule != "ok" && d.Rule != "bomb" {
			t.Errorf("%s: %+v", name, d)
		}
		if len(d.Facts.Message.Text) > balie.RuleTextLimit {
			t.Errorf("a decision keeps %d bytes of text", len(d.Facts.Message.Text))
		}
	}
	rs := mustCompile(t, "rules:\n- {id: bomb, when: '"+nested+"', then: {to_desk: {}}}")
	if d := rs.Decide(f, nil, 1); !slices.Equal(d.Failed, []string{"bomb"}) {
		t.Errorf("a rule of eight million steps was not stopped: %+v", d.Failed)
	}
	var many strings.Builder
	many.WriteString("rules:\n")
	for i := range limitedRules + 1 {
		fmt.Fprintf(&many, "- {id: b%d, when: '%s', then: {tag: x}}\n", i, nested)
	}
	if _, err := Compile("rules.yaml", []byte(many.String()), nil); err == nil {
		t.Error("any number of costly rules is accepted")
	}
	for name, when := range map[string]string{
		"deep": strings.Repeat("(", 400) + "true" + strings.Repeat(")", 400),
		"huge": strings.Repeat("sender.known && ", 2000) + "true",
		"re":   `message.text.matches("((a{1,100}){1,100}){1,10}")`,
	} {
		if _, err := Compile("rules.yaml", []byte("rules:\n- {id: bomb, when: '"+when+"', then: {to_desk: {}}}"), nil); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// drawFacts draws facts near the edges that rules ask after.
func drawFacts(t *rapid.T) balie.Facts {
	yes := rapid.Bool()
	some := func(name string, list ...string) string { return rapid.SampledFrom(list).Draw(t, name) }
	score := rapid.SampledFrom([]float64{0, 0.5, 0.8, 0.89, 0.9, 0.97, 1, math.NaN()})
	return balie.Facts{
		Message: balie.MessageFacts{
			Channel: some("channel", "email", "slack"), Subject: some("subject", "", "BRAND", "Re: fire", "vraag"),
			Text:     strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"brand", "Klacht", "rook", "er is", "in", "de", "\u212Aey", "ſleutel", "\xff", "é", "123", "offerte"}), 0, 12).Draw(t, "text"), " "),
			Language: some("language", "nl", "en", ""), Automatic: yes.Draw(t, "automatic"), NoReply: yes.Draw(t, "no reply"),
			Auto: some("auto", "", "bulk", "auto-reply", "system"), Unreadable: rapid.IntRange(0, 9).Draw(t, "unreadable") == 0,
			Fields: map[string]string{some("field", "room", "floor"): "B2"}, Attachments: rapid.IntRange(0, 3).Draw(t, "attachments"),
		},
		Sender:   balie.SenderFacts{Failed: yes.Draw(t, "failed"), Proven: yes.Draw(t, "proven"), Known: yes.Draw(t, "known"), Domain: some("domain", "klant.example", "x.example")},
		Request:  balie.RequestFacts{Kind: some("kind", kinds...), Priority: some("priority", priorities...), Asked: rapid.IntRange(0, 3).Draw(t, "asked")},
		Customer: balie.CustomerFacts{KeyAccount: yes.Draw(t, "key account"), Manager: some("manager", "", "klaas")},
		Match:    balie.MatchFacts{Product: some("product", "", "sleutel", "pas"), Score: score.Draw(t, "score"), RunnerUp: some("runner up", "", "pas"), Two: yes.Draw(t, "two"), TwoCertain: yes.Draw(t, "two certain")},
		Product:  balie.ProductFacts{ID: some("id", "sleutel", "pas"), Kind: some("product kind", kinds...), Owner: some("owner", owners...), Team: some("team", "", "techniek"), Package: some("package", "basis", "maatwerk"), AnswerMode: some("mode", modes...), Threshold: score.Draw(t, "threshold")},
		Missing:  rapid.SliceOfN(rapid.SampledFrom([]string{"room", "floor"}), 0, 2).Draw(t, "missing"),
		Now:      balie.NowFacts{Open: yes.Draw(t, "open"), Hour: rapid.IntRange(0, 23).Draw(t, "hour")},
	}
}

// mixed has clauses of every form.
const mixed = `
rules:
- {id: a, when: 'message.text.matches("(?i)\\b(brand|rook)\\b") && message.language == "nl"', then: {tag: a}}
- {id: b, when: 'message.text.contains("Klacht") || message.subject.contains("BRAND")', then: {tag: b, kind: complaint}}
- {id: c, when: '!(message.text.contains("brand")) && !message.subject.matches("(?i)^re: ")', then: {tag: c}}
- {id: d, when: '!(match.score >= product.threshold) || match.score != 0.5', then: {tag: d}}
- {id: e, when: 'request.kind in ["complaint", "fault"] && 3 > request.asked', then: {tag: e}}
- {id: f, when: 'message.fields["room"] == "B2" || sender.known', then: {tag: f}}
- {id: g, when: 'message.fields["room"] == "B2" && sender.domain.endsWith("klant.example")', then: {priority: urgent}}
- {id: h, when: 'message.text.matches("(?i)key|sleutel") && request.priority == "urgent"', then: {tag: h}}
- {id: i, when: 'match.score < 0.9 && match.score <= 1 && message.attachments >= 1.5 && "a" < sender.domain', then: {tag: i}}
- {id: j, when: 'sender.proven == false && (now.open != true || missing.exists(m, m == "room"))', then: {tag: j}}
- {id: k, when: 'message.text.matches("^$") || message.text.matches("[0-9]+") || message.text.matches("(in|de) (de|in)+")', then: {tag: k}}
- {id: l, when: 'match.two ? sender.known : size(missing) == 1', then: {answer: {}}}
- {id: m, when: 'message.text.contains("")', then: {ask: {fields: missing}}}
`

// What is told without CEL must be what CEL says.
func TestSkippingRulesChangesNothing(t *testing.T) {
	rs := mustCompile(t, mixed+string(Sample()[strings.Index(string(Sample()), "- id: safety"):]))
	rapid.Check(t, func(t *rapid.T) {
		run := rs.start(capped(drawFacts(t)))
		for _, r := range rs.rules {
			told := r.cond.eval(run.seen)
			v, _, err := r.program.Eval(run.seen)
			if told == no && (err != nil || v != types.False) || told == yes && (err != nil || v != types.True) {
				t.Fatalf("rule %s: told %d, CEL says %v, %v\nfacts %+v", r.ID, told, v, err, run.facts)
			}
		}
	})
}

func TestStoredFactsGiveTheSameDecision(t *testing.T) {
	rs := mustCompile(t, mixed)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		if rapid.IntRange(0, 19).Draw(t, "long") == 0 {
			f.Message.Text = strings.Repeat("é"+f.Message.Text, 20000)
		}
		d := rs.Decide(f, nil, 3)
		again := rs.Decide(d.Facts, d.Match, d.Catalogue)
		if show(d) != show(again) {
			t.Fatalf("first %+v\nagain %+v", d, again)
		}
		trace := rs.Trace(d.Facts)
		var matched, failed []string
		for _, r := range trace.Rules {
			switch r.Is {
			case True:
				matched = append(matched, r.ID)
			case Failed:
				failed = append(failed, r.ID)
			}
			if (r.Is == True || r.Is == False) && r.Clause.Is != r.Is {
				t.Fatalf("rule %s is %s, its clauses say %s: %+v", r.ID, r.Is, r.Clause.Is, r.Clause)
			}
		}
		if !slices.Equal(matched, d.Matched) || !slices.Equal(failed, d.Failed) || trace.Decision.Reason != d.Reason {
			t.Fatalf("decision %+v\ntrace %+v", d, trace)
		}
	})
}

// show compares decisions that may hold NaN.
func show(d balie.Decision) string { return fmt.Sprintf("%+v", d) }

func TestFactNamesAreThoseOfTheJSON(t *testing.T) {
	var names []string
	facts := reflect.TypeFor[balie.Facts]()
	for i := range facts.NumField() {
		group, _, _ := strings.Cut(facts.Field(i).Tag.Get("json"), ",")
		if facts.Field(i).Type.Kind() != reflect.Struct {
			names = append(names, group)
			continue
		}
		for j := range facts.Field(i).Type.NumField() {
			name, _, _ := strings.Cut(facts.Field(i).Type.Field(j).Tag.Get("json"), ",")
			names = append(names, group+"."+name)
		}
	}
	got := routing.names()
	slices.Sort(names)
	slices.Sort(got)
	if !slices.Equal(got, names) {
		t.Errorf("got  %v\nwant %v", got, names)
	}
}

func TestSharedRulesCompile(t *testing.T) {
	dir := os.Getenv("BALIE_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	body, err := os.ReadFile(filepath.Join(dir, "data", "catalogue", "rules.yaml"))
	if err != nil {
		t.Skip("no shared rules here")
	}
	rs := mustCompile(t, string(body))
	d := rs.Decide(asked("Ik sta vast in lift B", "nl"), nil, 1)
	if d.Rule != "safety" || d.Deciding().Team != "techniek" || !strings.Contains(d.Reason, `message.text has "vast in lift"`) {
		t.Errorf("got %+v", d)
	}
}

// One ruleset serves all channels at once, and the desk's traces.
func TestDecidesForManyAtOnce(t *testing.T) {
	rs := mustCompile(t, mixed)
	f := sure()
	want := show(rs.Decide(f, nil, 1))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := show(rs.Decide(f, nil, 1)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				rs.Trace(f)
			}
		})
	}
	all.Wait()
}
