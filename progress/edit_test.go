package progress

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

func mustParse(t failer, body []byte) Policy {
	p, err := Parse("progress.yaml", body, nil)
	if err != nil {
		t.Fatal(err, string(body))
	}
	out := *p
	out.source, out.Interventions = nil, nil
	return out
}

func TestAValueChangesAndTheRemarksStay(t *testing.T) {
	for _, tt := range []struct {
		section, key, value string
		want                func(*Policy)
	}{
		{"inform", "gap", "4h", func(p *Policy) { p.Inform.Gap = 4 * time.Hour }},
		{"inform", "quiet", "kantoor", func(p *Policy) { p.Inform.Quiet = "kantoor" }},
		{"closing", "waiting", "[3, 6]", func(p *Policy) { p.Closing.Waiting = []int{3, 6} }},
		{"default", "update", "", func(p *Policy) { p.Default.Update = 0 }},
		{"remind", "digest", `"07:45"`, func(p *Policy) { p.Remind.Digest = "07:45" }},
	} {
		out, err := WithValue(Sample(), tt.section, tt.key, tt.value)
		if err != nil {
			t.Fatal(err)
		}
		want := mustParse(t, Sample())
		tt.want(&want)
		if got := mustParse(t, out); !reflect.DeepEqual(got, want) {
			t.Errorf("%s.%s:\n got %+v\nwant %+v", tt.section, tt.key, got, want)
		}
		gone := strings.Count(string(Sample()), "#") - strings.Count(string(out), "#")
		if gone != 0 {
			t.Errorf("%s.%s: %d remarks are gone", tt.section, tt.key, gone)
		}
	}
	out, err := WithValue([]byte("closing: {waiting: [1, 2], solved: 3} # so\n"), "closing", "solved", "9")
	if err != nil || mustParse(t, out).Closing.Solved != 9 || len(mustParse(t, out).Closing.Waiting) != 2 {
		t.Errorf("a section on one line: %v\n%s", err, out)
	}
	if out, err = WithValue(nil, "inform", "delay", "true"); err != nil || !mustParse(t, out).Inform.Delay {
		t.Errorf("an empty document: %v\n%s", err, out)
	}
	for _, bad := range [][3]string{{"inform", "gap", "soon"}, {"inform", "gapp", "1h"}, {"targets", "x", "1h"}, {"inform", "gap", "1h\nx: 1"}} {
		if _, err := WithValue(Sample(), bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestTargetsAreAddedChangedAndTakenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SampledFrom([]string{string(Sample()), "", "targets: []\n", "targets:\n- {id: urgent, priorities: [high], respond: 1h}\n  # of the lift\n- {id: lift, kinds: [fault], resolve: 2h}\ndefault: {respond: 1h}\n"}).Draw(t, "body")
		x := Target{ID: rapid.SampledFrom([]string{"urgent", "lift", "new"}).Draw(t, "id"), KeyAccount: true,
			Groups: rapid.SampledFrom([][]string{nil, {"Huis & tuin", "b: c"}}).Draw(t, "groups")}
		x.Respond = time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute
		x.Priorities = rapid.SampledFrom([][]int{nil, {balie.Urgent, balie.Low}}).Draw(t, "priorities")
		out, err := WithTarget([]byte(body), x)
		if err != nil {
			t.Fatal(err)
		}
		before, after := mustParse(t, []byte(body)), mustParse(t, out)
		i := -1
		for n := range after.Targets {
			if after.Targets[n].ID == x.ID {
				i = n
			}
		}
		if i < 0 || !reflect.DeepEqual(after.Targets[i], x) || strings.Count(string(out), "#") < strings.Count(body, "#") {
			t.Fatalf("%+v\n%s", x, out)
		}
		gone, err := WithoutTarget(out, x.ID)
		if err != nil {
			t.Fatal(err)
		}
		without := mustParse(t, gone)
		want := before.Targets[:0:0]
		for _, y := range before.Targets {
			if y.ID != x.ID {
				want = append(want, y)
			}
		}
		if len(without.Targets) != len(want) || len(want) > 0 && !reflect.DeepEqual(without.Targets, want) || !reflect.DeepEqual(without.Default, before.Default) {
			t.Fatalf("got %+v, want %+v\n%s", without.Targets, want, gone)
		}
	})
}
