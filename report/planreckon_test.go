package report

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie/internal/hours"
)

// The first two are worked through in public: 360 calls of 4 minutes in half an
// hour with 55 people ("The Erlang-C Formula", mitan.co.uk), and 100 calls of 3
// minutes in half an hour, 80 % in 20 s ("Erlang C Formula – Made Simple With an
// Easy Worked Example", callcentrehelper.com). The others are the closed forms of
// M/M/c: with one person C = load, with two C = load²/(2+load).
func TestErlangCAgreesWithWorkedExamples(t *testing.T) {
	for _, x := range []struct {
		people           int
		load             float64
		handling, within time.Duration
		waits, inTime    float64
		mean             time.Duration
	}{
		{55, 48, 4 * time.Minute, 15 * time.Second, 0.239, 0.846, 8200 * time.Millisecond},
		{14, 10, 3 * time.Minute, 20 * time.Second, 0.174, 0.888, 7800 * time.Millisecond},
		{11, 10, 3 * time.Minute, 20 * time.Second, 0.682, 0.390, 122800 * time.Millisecond},
		{1, 0.5, time.Minute, 0, 0.5, 0.5, time.Minute},
		{2, 1, time.Minute, 0, 1.0 / 3, 2.0 / 3, 20 * time.Second},
	} {
		if got := ErlangC(x.people, x.load); math.Abs(got-x.waits) > 0.0005 {
			t.Errorf("%d people, %v Erlang: %.4f must wait, want %.3f", x.people, x.load, got, x.waits)
		}
		share, mean := Answered(x.people, x.load, x.handling, x.within)
		if math.Abs(share-x.inTime) > 0.0005 || (mean-x.mean).Abs() > 50*time.Millisecond {
			t.Errorf("%d people, %v Erlang: %.4f in time after %v, want %.3f after %v", x.people, x.load, share, mean, x.inTime, x.mean)
		}
	}
	if got := PeopleFor(10, 3*time.Minute, 20*time.Second, 0.8); got != 14 {
		t.Errorf("100 calls of 3 minutes in half an hour, 80 %% in 20 s: %d people, want 14", got)
	}
}

func TestErlangCIsTheSumItIsDefinedBy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.IntRange(1, 60).Draw(t, "people")
		load := rapid.Float64Range(0.01, 0.99).Draw(t, "busy") * float64(people)
		sum, term := 0.0, 1.0
		for k := range people {
			sum += term
			term *= load / float64(k+1)
		}
		last := term * float64(people) / (float64(people) - load)
		if want, got := last/(sum+last), ErlangC(people, load); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%d people, %v Erlang: %v, want %v", people, load, got, want)
		}
	})
}

// flat is open from 9 to 17 for 250 days.
func flat() Opening {
	o := Opening{Days: 250, Hours: 8}
	for m := 9 * 60; m < 17*60; m += halfMinutes {
		o.Halves = append(o.Halves, OpenHalf{m, 1})
	}
	return o
}

// The reckoning by hand: 160 requests a day, a quarter by itself (40) and 80 calls
// leave 40 to write. 5 calls of 6 minutes in each of 16 half hours are 1 Erlang;
// 2 people answer 1 - 1/3·e^(-1/6) = 71.8 %, 3 answer 1 - 1/11·e^(-2/6) = 93.5 %
// within a minute. 3 people for 8 hours are 24 hours, of which 8 are spoken; in
// half of the 16 others 8 hours of the 40 × 15 min = 10 hours are written. That
// leaves 2: 26 hours a day. 250 days are 4.791 a week: 124.6 hours, and with 70 %
// occupied 177.9 paid hours, 4.94 FTE of 36.
func TestPlanIsReckonedAsByHand(t *testing.T) {
	text := map[string]string{"en": "x"}
	p := Plan{Currency: "EUR", Capacities: Capacities{
		Channels: []string{"email", "phone"}, Expected: 160, From: []ChannelShare{{"email", 0.5}, {"phone", 0.5}}, ByItself: 0.25,
		Handling: 15 * time.Minute, Occupied: 0.7,
		Calls:  Calls{Channels: []string{"phone"}, Handling: 6 * time.Minute, Within: time.Minute, Share: 0.8, Between: 0.5},
		People: []Staff{{ID: "a", Names: text, FTE: 4, Hours: 36, Rate: 3000, Share: 1}, {ID: "b", Names: text, FTE: 1, Hours: 36, Rate: 5000, Share: 0.5}},
	}, Finances: Finances{
		Investments: []Investment{{text, 1_000_000, 5}}, Running: []Amount{{text, 300_000}}, Replaces: []Amount{{text, 40_000_000}},
	}, Goals: []PlanGoal{{ID: "cost", Metric: CostPerRequest, Target: 700, AtMost: true}}}
	r := p.Reckon(p.Expected(), flat())
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"by itself", r.Automatic, 40}, {"calls", r.Calls, 80}, {"written", r.Written, 40},
		{"load", r.Halves[0].Load, 1}, {"people for calls", float64(r.Halves[0].ForCalls), 3}, {"in time", r.Halves[0].InTime, 0.9349},
		{"present", r.Present, 24}, {"spoken", r.CallHours, 8}, {"writing", r.WrittenHours, 10}, {"between", r.Between, 8}, {"desk hours", r.DeskHours, 26},
		{"paid hours", r.PaidHours, 177.96}, {"needed", r.Needed, 4.943}, {"planned", r.Planned, 4.5}, {"at once", r.AtOnce, 4.5 * 0.7},
		{"people", float64(r.Costs.People), math.Round(4*36*weeks*3000) + math.Round(36*weeks*5000)},
		{"depreciation", float64(r.Costs.Depreciation), 200_000}, {"requests", r.Costs.Requests, 40_000},
	} {
		if math.Abs(x.got-x.want) > 0.001*max(1, x.want) {
			t.Errorf("%s: %v, want %v", x.what, x.got, x.want)
		}
	}
	if feasible, known := r.Feasible(); feasible || !known {
		t.Errorf("4.5 FTE for 4.94 is feasible: %+v", r.Reasons)
	}
	p.Capacities.People[0].FTE = 5
	if feasible, _ := p.Reckon(p.Expected(), flat()).Feasible(); feasible {
		t.Error("a request of more than 7.00 meets the goal")
	}
	p.Goals[0].Target = 1100
	if feasible, _ := p.Reckon(p.Expected(), flat()).Feasible(); !feasible {
		t.Errorf("it is not feasible: %+v", p.Reckon(p.Expected(), flat()).Reasons)
	}
}

func TestPlanSampleIsFeasible(t *testing.T) {
	p, err := ParsePlan("sample", SamplePlan(), PlanNames{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Holidays: []string{"nl"}, Week: map[string][]string{
		"mon": {"08:00-17:30"}, "tue": {"08:00-17:30"}, "wed": {"08:00-17:30"}, "thu": {"08:00-17:30"}, "fri": {"08:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	o := OpeningOf(c, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	r := p.Reckon(p.Expected(), o)
	if feasible, known := r.Feasible(); !feasible || !known || len(r.Missing) > 0 || r.Peak != 2 || r.PeakMinute != 9*60 {
		t.Errorf("the sample is not feasible: %+v", r.Reasons)
	}
	if o.Days < 250 || o.Days > 257 || math.Abs(o.Hours-9.4) > 0.01 || len(o.Halves) != 19 || o.Halves[18].Open > 0.82 {
		t.Errorf("it is open on %v days for %v hours: %v", o.Days, o.Hours, o.Halves)
	}
}

func TestCostAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := map[string]string{"nl": "x"}
		money := rapid.Int64Range(0, 1e10)
		p := Plan{Capacities: Capacities{People: []Staff{{ID: "a", FTE: rapid.Float64Range(0, 500).Draw(t, "fte"), Hours: 36, Rate: rapid.Int64Range(0, 20_000).Draw(t, "rate"), Share: 1}}},
			Finances: Finances{Running: []Amount{{text, money.Draw(t, "running")}}, Investments: []Investment{{text, money.Draw(t, "invested"), rapid.Float64Range(0.25, 50).Draw(t, "years")}}}}
		products := map[string]Handled{}
		requests := 0
		for i := range rapid.IntRange(0, 30).Draw(t, "products") {
			n := rapid.IntRange(0, 100_000).Draw(t, "requests")
			products[fmt.Sprint("p", i)] = Handled{n, rapid.IntRange(0, n).Draw(t, "by a person")}
			requests += n
		}
		year := p.costs(0)
		if year.Total != year.People+year.Depreciation+year.Running {
			t.Fatalf("a year does not add up: %+v", year)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c := p.CostOver(from, from.AddDate(0, 0, rapid.IntRange(1, 400).Draw(t, "days")), products)
		if !c.Known || requests == 0 {
			return
		}
		sum := int64(0)
		for id, v := range c.PerProduct {
			if v < 0 {
				t.Fatalf("%s costs %d", id, v)
			}
			sum += v
		}
		if sum != c.Total {
			t.Fatalf("the products cost %d together, all of it %d", sum, c.Total)
		}
		if d := c.PerRequest*int64(requests) - c.Total; d > int64(requests) || d < -int64(requests) {
			t.Fatalf("%d requests at %d are not %d", requests, c.PerRequest, c.Total)
		}
	})
}
