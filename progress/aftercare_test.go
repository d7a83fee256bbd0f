package progress_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

var surveyed = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// happy is a customer whose order was solved, at n o'clock so to say.
func happy(n int) progress.Candidate {
	at := surveyed.Add(time.Duration(n) * time.Minute)
	p := balie.Person{ID: balie.NewID(at), Addresses: []balie.Address{{Scheme: balie.Mail, Value: "klant" + strconv.Itoa(n) + "@x.example"}}}
	return progress.Candidate{Person: p, To: p.Addresses[0], Request: balie.Request{ID: balie.NewID(at), State: balie.Closed, Outcome: balie.Solved,
		Solved: at, Opened: at, Channel: "email", Kind: balie.Order, Customer: p.ID}}
}

var everybody = progress.Aftercare{Sample: 1, Every: 60, Holds: 30, Bad: 2, NotFor: []balie.Kind{balie.Compliment}, Channel: []string{"email", "form"}}

func TestS4_ASurveyGoesToNobodyWhoMayNotBeWritten(t *testing.T) {
	if ok, why := everybody.Asked(happy(1), surveyed); !ok {
		t.Fatalf("who may be asked is not: %s", why)
	}
	for name, change := range map[string]func(*progress.Candidate){
		"a machine, a no-reply, a forger, one letter too many": func(c *progress.Candidate) { c.To = balie.Address{} },
		"a phone number":            func(c *progress.Candidate) { c.To = balie.Address{Scheme: balie.Tel, Value: "+31201234567"} },
		"a program":                 func(c *progress.Candidate) { c.To = balie.Address{Scheme: balie.Hook, Value: "x"} },
		"who wants no surveys":      func(c *progress.Candidate) { c.Person.NoSurveys = true },
		"who was asked last week":   func(c *progress.Candidate) { c.Asked = surveyed.AddDate(0, 0, -7) },
		"who was asked 59 days ago": func(c *progress.Candidate) { c.Asked = surveyed.AddDate(0, 0, -59) },
		"who gave a score already":  func(c *progress.Candidate) { c.Request.Score = 3 },
		"who was erased":            func(c *progress.Candidate) { c.Request.Customer = balie.ID{} },
		"somebody else":             func(c *progress.Candidate) { c.Person.ID = balie.NewID(surveyed) },
		"a kind that is not asked":  func(c *progress.Candidate) { c.Request.Kind = balie.Compliment },
		"a channel that is not":     func(c *progress.Candidate) { c.Request.Channel = "phone" },
		"spam":                      func(c *progress.Candidate) { c.Request.Outcome = balie.Spam },
		"a duplicate":               func(c *progress.Candidate) { c.Request.Outcome = balie.Duplicate },
		"who never answered":        func(c *progress.Candidate) { c.Request.Outcome = balie.NoAnswer },
		"who still waits":           func(c *progress.Candidate) { c.Request.State = balie.AtDesk },
	} {
		c := happy(1)
		change(&c)
		if ok, why := everybody.Asked(c, surveyed); ok || why == "" {
			t.Errorf("%s: asked %v, because %q", name, ok, why)
		}
	}
	c := happy(1)
	c.Asked = surveyed.AddDate(0, 0, -60)
	if ok, why := everybody.Asked(c, surveyed); !ok {
		t.Errorf("60 days later: %s", why)
	}
}

// Whoever looks again decides the same, also when ids are drawn anew.
func TestTheSampleIsFairAndStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.SampledFrom([]float64{0, 0.1, 0.5, 0.9, 1}).Draw(t, "share")
		from := rapid.IntRange(0, 1e6).Draw(t, "from")
		a := everybody
		a.Sample, a.Every = share, 0
		const people = 1000
		asked := 0
		for n := range people {
			c := happy(from + n)
			ok, _ := a.Asked(c, surveyed)
			if ok {
				asked++
			}
			again := c
			again.Person.ID = balie.NewID(surveyed)
			again.Request.ID, again.Request.Customer = balie.NewID(surveyed), again.Person.ID
			if same, _ := a.Asked(again, surveyed.Add(time.Hour)); same != ok {
				t.Fatalf("of customer %d it is decided %v and then %v", n, ok, same)
			}
		}
		// Six times the standard deviation of a fair draw: one in 10^8 fails.
		if got := float64(asked) / people; got < share-0.1 || got > share+0.1 {
			t.Errorf("%.3f were asked, want about %.2f", got, share)
		}
	})
}

// Over any days on which surveys come due, a person is never asked twice within
// Every days, whatever boundary of a window lies between.
func TestNobodyIsAskedTooOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := everybody
		a.Every = rapid.IntRange(1, 90).Draw(t, "every")
		claims := map[string]store.Claim{}
		person := balie.NewID(surveyed)
		now := surveyed.Add(time.Duration(rapid.IntRange(0, 90*24).Draw(t, "start")) * time.Hour)
		var last time.Time
		for range 60 {
			now = now.Add(time.Duration(rapid.IntRange(1, 30*24).Draw(t, "hours")) * time.Hour)
			c := happy(1)
			c.Person.ID, c.Request.Customer = person, person
			keys := a.SurveyKeys(person, now)
			c.Asked = progress.LastAsked(claims, keys)
			ok, _ := a.Asked(c, now)
			if _, taken := claims[keys[0]]; taken || !ok {
				if last.IsZero() {
					t.Fatal("nobody is asked at all")
				}
				continue
			}
			if !last.IsZero() && now.Before(last.AddDate(0, 0, a.Every)) {
				t.Fatalf("asked on %v and on %v with every %d", last, now, a.Every)
			}
			last = now
			claims[keys[0]] = store.Claim{Message: balie.NewID(now)}
		}
	})
}

func TestARequestCanBeRatedForAWhile(t *testing.T) {
	r := happy(1).Request
	if until, ok := everybody.Ratable(r, r.Solved.AddDate(0, 0, 29)); !ok || !until.Equal(r.Solved.AddDate(0, 0, 30)) {
		t.Errorf("after 29 days: %v until %v", ok, until)
	}
	if _, ok := everybody.Ratable(r, r.Solved.AddDate(0, 0, 30)); ok {
		t.Error("after 30 days it still can be rated")
	}
	gone := r
	gone.Customer = balie.ID{}
	if _, ok := everybody.Ratable(gone, r.Solved); ok {
		t.Error("of who was erased it can be rated")
	}
	r.State, r.Solved = balie.AtDesk, time.Time{}
	if until, ok := everybody.Ratable(r, surveyed); ok || !until.IsZero() {
		t.Errorf("what we work on: %v until %v", ok, until)
	}
}
