package progress

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"
)

// The law of Poisson and the negative binomial one, against values of tables:
// P(X>=5) of mean 2 is 0.0527, P(X>=10) of mean 4 is 0.0081; the negative
// binomial of size 2 and mean 2 (p = 1/2) has P(X>=5) = 7/64.
func TestATailIsWhatTablesSay(t *testing.T) {
	for _, tt := range []struct {
		n              int
		mean, variance float64
		want           float64
	}{{5, 2, 2, 0.0527}, {10, 4, 0, 0.0081}, {5, 2, 4, 7.0 / 64}, {0, 3, 3, 1}} {
		if got := tail(tt.n, tt.mean, tt.variance); math.Abs(got-tt.want) > 5e-5 {
			t.Errorf("P(X >= %d) of mean %v, variance %v is %.5f, want %.5f", tt.n, tt.mean, tt.variance, got, tt.want)
		}
	}
}

// comes is a history of so many requests a day, and a last week.
type comes map[string][]int

func (c comes) Daily(_ context.Context, about string, from, to time.Time) ([]Series, error) {
	var out []Series
	for id, last := range c {
		if about != AboutProduct {
			break
		}
		days := int(to.Sub(from).Hours()/24 + 0.5)
		x := Series{ID: id, Name: id, Days: make([]int, days)}
		for i := range x.Days {
			if i%7 == 0 {
				x.Days[i] = last[0]
			}
		}
		x.Days[days-2] = last[1]
		out = append(out, x)
	}
	return out, nil
}

func TestASignalIsToldOnceWithItsNumbers(t *testing.T) {
	d := begin(t, plainPolicy+"signals: {days: 7, history: 91, least: 5, surely: 0.99}\ninterventions:\n- {id: trouble, on: [signal], when: signal.count > 5, do: [{notify: lead}]}\n")
	d.o.Counts = comes{"lift": {1, 14}, "klimaat": {6, 8}, "sleutel": {0, 3}}
	p := d.guard()
	d.step(p, d.now)
	all := p.Signals()
	if len(all) != 1 || all[0].ID != "lift" || all[0].Count < 14 || all[0].Expected > 2 || all[0].Rules != "trouble" {
		t.Fatalf("signals %+v", all)
	}
	d.step(p, d.now.Add(24*time.Hour))
	d.step(d.guard(), d.now.Add(24*time.Hour)) // after a restart
	given := 0
	claims, err := d.db.Claim(t.Context(), d.now, time.Minute, 10)
	d.must(err)
	for _, c := range claims {
		if c.Delivery.To.Value == "lead@desk.example" {
			given++
			if !strings.Contains(c.Message.Text, "lift") || !strings.Contains(c.Message.Text, "verwacht") {
				t.Errorf("it says %q", c.Message.Text)
			}
		}
	}
	if given != 1 {
		t.Errorf("%d letters", given)
	}
	left, err := d.db.ListRecords(t.Context(), KindSignal, "", "", false, 0)
	d.must(err)
	if len(left) != 1 {
		t.Errorf("%d records", len(left))
	}
}
