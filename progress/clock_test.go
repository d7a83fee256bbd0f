package progress

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
)

func office(t failer) hours.Calendar {
	t.Helper()
	c, err := hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{
		"mon": {"08:00-17:30"}, "tue": {"08:00-17:30"}, "wed": {"08:00-17:30"}, "thu": {"08:00-17:30"}, "fri": {"08:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// moment is a time on the desk's clock.
func moment(t failer, c hours.Calendar, s string) time.Time {
	t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", s, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// failer is a test, a benchmark or a property.
type failer interface {
	Helper()
	Fatal(...any)
}

// with is the clocks of a request of a product that is promised in a calendar.
func with(r balie.Request, p balie.Product, c hours.Calendar, now time.Time) Clocks {
	if p.ID != "" {
		r.Product = p.ID
	}
	return Setting{Catalogue: &catalogue.Catalogue{Products: []balie.Product{p}}, Calendar: c}.Clocks(r, now)
}

// What the list says of a request in each state: which clock, until when, and
// how it stands.
func TestTheNearestClockIsShown(t *testing.T) {
	c := office(t)
	at := func(s string) time.Time { return moment(t, c, "2026-11-24 "+s) } // a Tuesday
	product := balie.Product{ID: "lift", Respond: time.Hour, Resolve: 4 * time.Hour}
	base := balie.Request{State: balie.AtDesk, Opened: at("09:00")}
	but := func(f func(*balie.Request)) balie.Request { r := base; f(&r); return r }
	for _, tt := range []struct {
		name string
		r    balie.Request
		p    balie.Product
		now  string
		want Clock
	}{
		{"new", base, product, "09:15", Clock{Kind: ResponseClock, Due: at("10:00"), Share: 0.25, Left: 45 * time.Minute, Soon: true}},
		{"nobody answered", base, product, "10:30", Clock{Kind: ResponseClock, Due: at("10:00"), Share: 1, Left: -30 * time.Minute, Late: true}},
		{"responded", but(func(r *balie.Request) { r.Responded = at("09:30") }), product, "11:00", Clock{Kind: ResolutionClock, Due: at("13:00"), Share: 0.5, Left: 2 * time.Hour}},
		{"waits for the customer", but(func(r *balie.Request) { r.State, r.Responded = balie.Waiting, at("09:30") }), product, "14:00", Clock{Kind: ResolutionClock, Due: at("13:00"), Share: 1, Left: -time.Hour, Paused: true}},
		{"answered", but(func(r *balie.Request) { r.State, r.Responded = balie.AnsweredState, at("09:30") }), product, "14:00", Clock{Kind: ResolutionClock, Due: at("13:00"), Share: 1, Left: -time.Hour, Met: true}},
		{"closed", but(func(r *balie.Request) { r.State = balie.Closed }), product, "14:00", Clock{}},
		{"a team has it", but(func(r *balie.Request) {
			r.State, r.Promised = balie.WithTeam, at("13:00")
			r.Handouts = []balie.Handout{{Team: "x", State: balie.Accepted, Opened: at("09:00"), Due: at("12:00")}}
		}), product, "10:30", Clock{Kind: HandoutClock, Due: at("12:00"), Share: 0.5, Left: 90 * time.Minute}},
		{"promised later", but(func(r *balie.Request) { r.State, r.Promised = balie.WithTeam, at("17:00") }), product, "13:00", Clock{Kind: ResolutionClock, Due: at("17:00"), Share: 0.5, Left: 4 * time.Hour}},
		{"no product, told when", but(func(r *balie.Request) { r.Promised = at("11:00") }), balie.Product{}, "10:30", Clock{Kind: ResponseClock, Due: at("11:00"), Share: 0.75, Left: 30 * time.Minute, Soon: true}},
		{"nothing promised", base, balie.Product{}, "10:30", Clock{}},
		{"late since closing time", but(func(r *balie.Request) { r.Promised = at("17:30") }), balie.Product{}, "20:00", Clock{Kind: ResponseClock, Due: at("17:30"), Share: 1, Late: true}},
		{"planned", but(func(r *balie.Request) { r.State, r.Responded = balie.Planned, at("09:10") }), product, "14:00", Clock{Kind: ResolutionClock, Due: at("13:00"), Share: 1, Left: -time.Hour, Paused: true}},
	} {
		got := with(tt.r, tt.p, c, at(tt.now)).Nearest()
		if got.IsZero() != tt.want.IsZero() || got.Kind != tt.want.Kind || !got.Due.Equal(tt.want.Due) || got.Share != tt.want.Share || got.Left != tt.want.Left ||
			got.Late != tt.want.Late || got.Soon != tt.want.Soon || got.Paused != tt.want.Paused || got.Met != tt.want.Met {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// R12: over nights in which the clock changes, weekends and years, a clock's
// share grows from 0 to 1, what is left falls, and late is late by the
// moment, not by the reckoning.
func TestR12_AClockRunsOneWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := office(t)
		if rapid.Bool().Draw(t, "nights") {
			var err error
			if c, err = hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{"sun": {"00:00-06:00"}, "sat": {"20:00-24:00"}, "mon": {"08:00-09:00"}}}); err != nil {
				t.Fatal(err)
			}
		}
		near := rapid.SampledFrom([]string{"2027-03-28 02:00", "2027-10-31 02:00", "2027-01-31 12:00", "2026-12-24 16:00", "2026-11-24 09:00"}).Draw(t, "near")
		opened := moment(t, c, near).Add(time.Duration(rapid.Int64Range(-72*3600, 72*3600).Draw(t, "off")) * time.Second)
		p := balie.Product{ID: "p", Respond: time.Duration(rapid.Int64Range(1, 40*3600).Draw(t, "respond")) * time.Second,
			Resolve: time.Duration(rapid.Int64Range(1, 50*3600).Draw(t, "resolve")) * time.Second}
		r := balie.Request{Opened: opened, State: rapid.SampledFrom([]balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.AnsweredState, balie.Planned}).Draw(t, "state")}
		if rapid.Bool().Draw(t, "responded") {
			r.Responded = opened.Add(time.Minute)
		}
		before := with(r, p, c, opened)
		now := opened
		for range 12 {
			now = now.Add(time.Duration(rapid.Int64Range(0, 30*3600).Draw(t, "pass")) * time.Second)
			k := with(r, p, c, now)
			for i, x := range []Clock{k.Response, k.Resolution, k.Handout} {
				y := []Clock{before.Response, before.Resolution, before.Handout}[i]
				if x.IsZero() {
					continue
				}
				if x.Share < y.Share || x.Left > y.Left || x.Share < 0 || x.Share > 1 || !x.Due.Equal(y.Due) {
					t.Fatalf("from %+v to %+v at %s", y, x, now)
				}
				if x.Late != (x.Running() && x.Due.Before(now)) || x.Late && x.Left > 0 || x.Soon && (x.Late || x.Left >= Soon) {
					t.Fatalf("%+v at %s", x, now)
				}
				if x.Running() && !x.Late && x.Soon != now.Before(x.Due) && c.Between(now, x.Due) < Soon && now.Before(x.Due) {
					t.Fatalf("%+v is within the hour at %s", x, now)
				}
			}
			if n := k.Nearest(); n.Running() {
				for _, x := range []Clock{k.Response, k.Resolution, k.Handout} {
					if x.Running() && x.Due.Before(n.Due) {
						t.Fatalf("%+v is shown, %+v ends first", n, x)
					}
				}
			}
			before = k
		}
	})
}
