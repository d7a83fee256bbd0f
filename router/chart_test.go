package router_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

func chartOf(t interface{ Fatalf(string, ...any) }, when string) router.ChartRule {
	rs, err := router.Compile("rules.yaml", fmt.Appendf(nil, "version: 1\nrules:\n- id: one\n  when: %q\n  then: {tag: x, hand_out: {owner: true}}\n", when), nil)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	return rs.Chart()[0]
}

// TestAChartSaysOnWhichChannels a rule can be taken.
func TestAChartSaysOnWhichChannels(t *testing.T) {
	for when, want := range map[string][2][]string{
		`match.two`:                               {},
		`message.channel == "phone"`:              {{"phone"}, nil},
		`"phone" == message.channel && match.two`: {{"phone"}, nil},
		`message.channel != "phone"`:              {nil, {"phone"}},
		`message.channel in ["email", "form"] && message.channel != "form"`:                {{"email"}, nil},
		`message.channel == "phone" || match.two`:                                          {},
		`!(message.channel in ["phone", "counter"])`:                                       {nil, {"phone", "counter"}},
		`message.channel == "phone" && message.channel == "email"`:                         {{}, nil},
		`!(message.channel == "phone" && match.two)`:                                       {},
		`message.channel == "phone" || !(message.channel in ["phone", "form"])`:            {nil, {"form"}},
		`!(message.channel in ["phone", "form"]) || message.channel == "phone"`:            {nil, {"form"}},
		`message.channel.startsWith("e")`:                                                  {},
		`(message.channel == "email" || message.channel == "form") && message.no_reply`:    {{"email", "form"}, nil},
		`message.channel != "email" && (message.channel != "form" || message.text == "x")`: {nil, {"email"}},
	} {
		got := chartOf(t, when)
		if !slices.Equal(got.Only, want[0]) || (got.Only == nil) != (want[0] == nil) || !slices.Equal(got.Except, want[1]) {
			t.Errorf("%s: only %v except %v, want %v and %v", when, got.Only, got.Except, want[0], want[1])
		}
	}
}

// TestAChartForgetsNoChannel: on a channel that the chart leaves out, the rule
// never matches.
func TestAChartForgetsNoChannel(t *testing.T) {
	channels := []string{"email", "form", "slack", "phone"}
	var cond func(t *rapid.T, deep int) string
	cond = func(t *rapid.T, deep int) string {
		c := rapid.SampledFrom(channels).Draw(t, "channel")
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return fmt.Sprintf("message.channel == %q", c)
		case 1:
			return fmt.Sprintf("message.channel != %q", c)
		case 2:
			return fmt.Sprintf("message.channel in [%q, %q]", c, rapid.SampledFrom(channels).Draw(t, "other"))
		case 3:
			return "match.two"
		}
		if deep == 0 {
			return "message.no_reply"
		}
		a, b := cond(t, deep-1), cond(t, deep-1)
		return rapid.SampledFrom([]string{"(" + a + ") && (" + b + ")", "(" + a + ") || (" + b + ")", "!(" + a + ")"}).Draw(t, "joined")
	}
	rapid.Check(t, func(t *rapid.T) {
		when := cond(t, 3)
		rs, err := router.Compile("rules.yaml", fmt.Appendf(nil, "version: 1\nrules:\n- id: one\n  when: %q\n  then: {to_desk: {}}\n", when), nil)
		if err != nil {
			t.Fatal(err)
		}
		chart := rs.Chart()[0]
		for _, c := range append(channels, "counter") {
			for i := range 4 {
				f := balie.Facts{Message: balie.MessageFacts{Channel: c, NoReply: i&1 > 0}, Match: balie.MatchFacts{Two: i&2 > 0}}
				out := chart.Only != nil && !slices.Contains(chart.Only, c) || slices.Contains(chart.Except, c)
				if d := rs.Decide(f, nil, 0); d.Rule == "one" && out {
					t.Fatalf("%s matches on %s, the chart has only %v except %v", when, c, chart.Only, chart.Except)
				}
			}
		}
	})
}

// TestAChartHasTheSample: every rule, what it looks at, adds and decides.
func TestAChartHasTheSample(t *testing.T) {
	rs, err := router.Compile("sample.yaml", router.Sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	chart := rs.Chart()
	if len(chart) != len(rs.Rules()) {
		t.Fatalf("%d of %d rules", len(chart), len(rs.Rules()))
	}
	for i, r := range rs.Rules() {
		decides := slices.ContainsFunc(r.Then, func(a balie.Action) bool { return a.Do.Decides() })
		if c := chart[i]; c.ID != r.ID || c.Place != i+1 || (c.Does.Do != "") != decides || len(c.Facts) == 0 && !c.Always {
			t.Errorf("%s became %+v", r.ID, c)
		}
	}
	got := chartOf(t, `match.two && message.text.contains("x") && match.two`)
	if !slices.Equal(got.Facts, []string{"message.text", "match.two"}) || got.Does.Do != balie.DoHandOut || got.Ask != router.AskOwner || len(got.Adds) != 1 {
		t.Errorf("%+v", got)
	}
}
