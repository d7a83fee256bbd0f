package report

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// words is a dictionary for tests.
type wordlist struct{ words []string }

func (d *wordlist) number(w string) (uint32, error) {
	if i := slices.Index(d.words, w); i > 0 {
		return uint32(i), nil
	}
	if len(d.words) == 0 {
		d.words = []string{""}
	}
	d.words = append(d.words, w)
	return uint32(len(d.words) - 1), nil
}

// anyFact draws a fact with anything in it that a fact can have.
func anyFact(t *rapid.T) Fact {
	at := func(name string) time.Time {
		if rapid.Bool().Draw(t, "no "+name) {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(1, 1<<33).Draw(t, name), 0).UTC()
	}
	span := func(name string) time.Duration {
		return time.Duration(rapid.Int64Range(0, 1<<31).Draw(t, name)) * time.Second
	}
	word := rapid.SampledFrom([]string{"", "a", "techniek", "wc", "é\x00<b>"})
	n := rapid.IntRange(0, 300)
	f := Fact{
		Opened: time.Unix(rapid.Int64Range(1, 1<<33).Draw(t, "opened"), 0).UTC(), Solved: at("solved"), Closed: at("closed"), Paused: at("paused"),
		Outcome: balie.Outcome(word.Draw(t, "outcome")), State: balie.State(rapid.IntRange(0, 6).Draw(t, "state")), Kind: balie.Kind(word.Draw(t, "kind")),
		Priority: rapid.IntRange(-3, 3).Draw(t, "priority"), Channel: word.Draw(t, "channel"), Product: word.Draw(t, "product"), Language: word.Draw(t, "language"),
		Place: word.Draw(t, "place"), Agent: word.Draw(t, "agent"), Organisation: word.Draw(t, "organisation"), Decided: Decided(rapid.IntRange(0, 7).Draw(t, "decided")),
		Rule: word.Draw(t, "rule"), Ruleset: n.Draw(t, "ruleset"), Responded: at("responded"), Respond: span("respond"), Resolve: span("resolve"),
		RespondTarget: span("respond target"), ResolveTarget: span("resolve target"), RespondKept: rapid.Bool().Draw(t, "kept"), ResolveKept: rapid.Bool().Draw(t, "kept too"),
		RespondDue: at("respond due"), ResolveDue: at("resolve due"), Waited: span("waited"), Had: span("had"), Words: n.Draw(t, "words"), WordsLate: n.Draw(t, "late"),
		WordDue: at("word due"), Rounds: n.Draw(t, "rounds"), Passed: n.Draw(t, "passed"), Returned: n.Draw(t, "returned"), Complete: n.Draw(t, "complete"),
		Handouts: n.Draw(t, "handouts"), Reopened: n.Draw(t, "reopened"), Reopens: at("reopens"), Judged: n.Draw(t, "judged"), JudgedOK: n.Draw(t, "judged ok"),
		Automatic: rapid.Bool().Draw(t, "automatic"), Unaided: rapid.Bool().Draw(t, "unaided"), Score: rapid.IntRange(0, 5).Draw(t, "score"), Scored: at("scored"),
		Surveyed: rapid.Bool().Draw(t, "surveyed"), Alarms: n.Draw(t, "alarms"), Touches: n.Draw(t, "touches"), Merged: rapid.Bool().Draw(t, "merged"),
	}
	f.Request = balie.NewID(f.Opened)
	if rapid.Bool().Draw(t, "known") {
		f.Customer = balie.NewID(f.Opened)
	}
	for range rapid.IntRange(0, 3).Draw(t, "teams") {
		f.Teams = append(f.Teams, rapid.SampledFrom([]string{"a", "techniek", "wc"}).Draw(t, "team"))
	}
	if len(f.Teams) > 0 {
		f.Team = f.Teams[0]
	}
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		f.Path = append(f.Path, Step{word.Draw(t, "holder"), span("took"), word.Draw(t, "step rule")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "rulings") {
		r := Ruling{Rule: word.Draw(t, "ruling"), Ruleset: n.Draw(t, "of")}
		for range rapid.IntRange(0, 2).Draw(t, "also") {
			r.Also = append(r.Also, word.Draw(t, "also"))
		}
		f.Rulings = append(f.Rulings, r)
	}
	return f
}

func TestAFactComesBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFact(t)
		var d wordlist
		d.words = []string{""}
		rec, err := encode(f, d.number)
		if err != nil {
			t.Fatal(err)
		}
		var p packed
		if err := p.unpack(f.Request[:], rec); err != nil {
			t.Fatal(err)
		}
		got, err := p.fact(f.Request[:], d.words)
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, f)
		}
	})
}

// One changed bit, anywhere, is noticed, and so is a record under another key.
func TestR9_ADamagedFactIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFact(t)
		d := wordlist{[]string{""}}
		rec, err := encode(f, d.number)
		if err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(rec)
		i := rapid.IntRange(0, len(bad)*8-1).Draw(t, "bit")
		bad[i/8] ^= 1 << (i % 8)
		var p packed
		if err := p.unpack(f.Request[:], bad); !errors.Is(err, errDamaged) {
			t.Fatalf("bit %d changed: %v", i, err)
		}
		other := balie.NewID(f.Opened)
		if err := p.unpack(other[:], rec); !errors.Is(err, errDamaged) {
			t.Fatalf("under another key: %v", err)
		}
	})
}
