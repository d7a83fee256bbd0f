package progress_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// squad is a desk with two teams: techniek by mail on weekdays in Amsterdam,
// night in its own hours every day; and one that is told nothing.
type squad struct {
	t     *testing.T
	db    *boltstore.DB
	write *letters.Writer
	set   progress.Setting
}

func newSquad(t *testing.T) *squad {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tokens, err := token.New([]byte("a secret key of at least thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	office, always := calendar(t, "mon-fri: 08:30-17:00"), calendar(t, "mon-sun: 00:00-24:00")
	cat := &catalogue.Catalogue{
		Teams: []balie.Team{
			{ID: "techniek", Names: map[string]string{"nl": "Techniek"}, Reach: balie.Address{Scheme: balie.Mail, Value: "techniek@x.example"}, Calendar: "office"},
			{ID: "night", Names: map[string]string{"nl": "Nacht"}, Reach: balie.Address{Scheme: balie.Mail, Value: "night@x.example"}, Calendar: "always"},
			{ID: "queue", Names: map[string]string{"nl": "Kijkt zelf"}},
			{ID: "hook", Names: map[string]string{"nl": "Programma"}, Reach: balie.Address{Scheme: balie.Hook, Value: "x"}},
		},
		Products:  []balie.Product{{ID: "lamp", Names: map[string]string{"nl": "Lamp *vervangen*"}}},
		Calendars: map[string]hours.Calendar{"office": office, "always": always},
	}
	return &squad{t, db, letters.New(texts, tokens, letters.Options{Domain: "desk.example", PublicURL: "https://desk.example", Zone: office.Zone()}),
		progress.Setting{Catalogue: cat, Calendar: office, Policy: &progress.Policy{Remind: progress.Remind{Digest: "08:30", Silent: 16 * time.Hour}}}}
}

func calendar(t *testing.T, week string) hours.Calendar {
	t.Helper()
	days, times, _ := strings.Cut(week, ": ")
	s := hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{}}
	for _, d := range map[string][]string{"mon-fri": {"mon", "tue", "wed", "thu", "fri"}, "mon-sun": {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}[days] {
		s.Week[d] = []string{times}
	}
	c, err := hours.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hand opens a request that a team has.
func (s *squad) hand(team string, due, at time.Time, priority int) balie.Request {
	s.t.Helper()
	id := balie.NewID(at)
	var c balie.Change
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, At: at, By: "customer", Data: map[string]string{"ref": id.Ref(2), "channel": "email", "subject": "CANARY van de klant", "product": "lamp", "priority": fmt.Sprint(priority)}},
		{What: balie.HandedOut, At: at, By: "router@1", Handout: &balie.Handout{ID: balie.NewID(at), Team: team, State: balie.Offered, Opened: at, Due: due}},
	} {
		if err := c.Do(e); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.db.Commit(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	return c.Request
}

func (s *squad) digests() *progress.Digests {
	return progress.NewDigests(s.db, func() progress.Setting { return s.set }, s.write, "nl")
}

func (s *squad) step(d *progress.Digests, now time.Time) (sent int, next time.Time) {
	s.t.Helper()
	sent, next, err := d.Step(s.t.Context(), now)
	if err != nil {
		s.t.Fatal(err)
	}
	return sent, next
}

// sent are all letters, by address.
func (s *squad) sent() map[string][]store.Claimed {
	s.t.Helper()
	all, err := s.db.Claim(s.t.Context(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Minute, 10_000)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string][]store.Claimed{}
	for _, c := range all {
		out[c.Delivery.To.Value] = append(out[c.Delivery.To.Value], c)
	}
	return out
}

func amsterdam(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestATeamReadsItsDay(t *testing.T) {
	s := newSquad(t)
	now := amsterdam(t, "2026-11-24 08:30")
	fresh := amsterdam(t, "2026-11-23 16:00")
	late := s.hand("techniek", amsterdam(t, "2026-11-23 12:00"), amsterdam(t, "2026-11-20 09:00"), 0)
	today := s.hand("techniek", amsterdam(t, "2026-11-24 16:00"), fresh, 0)
	silent := s.hand("techniek", amsterdam(t, "2026-11-30 16:00"), amsterdam(t, "2026-11-17 09:00"), 0)
	urgent := s.hand("techniek", amsterdam(t, "2026-11-26 16:00"), fresh, balie.Urgent)
	open := s.hand("techniek", time.Time{}, fresh, 0)
	other := s.hand("night", amsterdam(t, "2026-11-23 12:00"), fresh, 0)
	d := s.digests()
	if n, next := s.step(d, now.Add(-time.Second)); n != 0 || !next.Equal(now) {
		t.Errorf("%d letters a second too early, the next at %v", n, next)
	}
	if n, _ := s.step(d, now); n != 2 {
		t.Errorf("%d letters, want one for each team that reads them", n)
	}
	got := s.sent()["techniek@x.example"]
	if len(got) != 1 {
		t.Fatalf("%d letters, want one", len(got))
	}
	text, at := got[0].Message.Text, -1
	for _, part := range []string{"Te laat (1)", late.Ref, "Vandaag gereed (1)", today.Ref, "lang niets over (1)", silent.Ref, "Verder open (2)", "SPOED **" + urgent.Ref, open.Ref} {
		i := strings.Index(text, part)
		if i < at {
			t.Errorf("%q stands at %d, after %d\n%s", part, i, at, text)
		}
		at = i
	}
	if n := strings.Count(text, "https://desk.example/h/"); n != 5 {
		t.Errorf("%d links, want one for each", n)
	}
	if strings.Contains(text, other.Ref) || strings.Contains(text, "CANARY") || strings.Contains(text, "Lamp *v") {
		t.Errorf("it has another team's, the customer's words, or markup of a name\n%s", text)
	}
	if !got[0].Delivery.Auto || !got[0].Request.ID.IsZero() || got[0].Message.Side != balie.TeamSide {
		t.Errorf("%+v", got[0])
	}
}

func TestATeamWithNothingInHandHearsNothingThatDay(t *testing.T) {
	s := newSquad(t)
	d := s.digests()
	if n, _ := s.step(d, amsterdam(t, "2026-11-24 08:30")); n != 0 {
		t.Errorf("%d letters about nothing", n)
	}
	s.hand("techniek", time.Time{}, amsterdam(t, "2026-11-24 09:00"), 0)
	if n, _ := s.step(s.digests(), amsterdam(t, "2026-11-24 10:00")); n != 0 {
		t.Errorf("%d letters about what came later that day", n)
	}
	if n, _ := s.step(d, amsterdam(t, "2026-11-25 08:30")); n != 1 {
		t.Errorf("%d letters the next day, want 1", n)
	}
}

// A year in steps of an hour and a half, with restarts, two at once and a clock
// that jumps: on each of its days a team gets one letter, at its time.
func TestR12_ATeamGetsItsDayOnceAcrossRestartsAndSummerTime(t *testing.T) {
	s := newSquad(t)
	start := amsterdam(t, "2026-01-01 00:10")
	s.hand("techniek", time.Time{}, start, 0)
	s.hand("night", time.Time{}, start, 0)
	d, twin := s.digests(), s.digests()
	days := map[string]int{}
	steps := 0
	for now := start; now.Before(start.AddDate(1, 0, 0)); now = now.Add(90 * time.Minute) {
		if steps++; steps%13 == 0 {
			d = s.digests() // a restart
		}
		if steps%700 == 0 { // a clock that is an hour, or a year, off for a moment
			s.step(d, now.Add(-time.Hour))
			s.step(d, now.AddDate(-1, 0, 0))
		}
		s.step(d, now)
		_, next := s.step(twin, now)
		if !next.After(now) || next.Sub(now) > 25*time.Hour {
			t.Fatalf("at %v the next is %v", now, next)
		}
	}
	early, sent := 0, s.sent()
	for _, c := range sent["techniek@x.example"] {
		at := c.Message.At.In(start.Location())
		if at.Year() < 2026 {
			early++ // of the year that the clock jumped to
			continue
		}
		days[at.Format(time.DateOnly)]++
		if clock := at.Format("15:04"); clock < "08:30" || clock > "10:30" {
			t.Errorf("a letter at %s", at)
		}
	}
	for day := start; day.Before(start.AddDate(1, 0, 0)); day = day.AddDate(0, 0, 1) {
		want := 1
		if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
			want = 0
		}
		if got := days[day.Format(time.DateOnly)]; got != want {
			t.Errorf("%s: %d letters, want %d", day.Format("Mon 2006-01-02"), got, want)
		}
	}
	if early > 8 {
		t.Errorf("%d letters of another year", early)
	}
	if n := len(sent["night@x.example"]); n < 365 || n > 365+8 {
		t.Errorf("who works every day has %d letters", n)
	}
}

func TestR12_ADigestHasItsMomentInNightsTheClockChanges(t *testing.T) {
	always := calendar(t, "mon-sun: 00:00-24:00")
	for _, c := range []struct{ at, from, want string }{
		{"02:30", "2026-03-29 00:00", "2026-03-29 03:30"}, // there is no 02.30
		{"02:30", "2026-10-25 00:00", "2026-10-25 02:30"}, // there are two
		{"08:30", "2026-03-28 23:00", "2026-03-29 08:30"},
		{"08:30", "2026-10-25 08:30", "2026-10-26 08:30"},
		{"00:00", "2026-01-31 00:00", "2026-02-01 00:00"},
	} {
		if got, want := progress.NextDigest(c.at, always, amsterdam(t, c.from)), amsterdam(t, c.want); !got.Equal(want) {
			t.Errorf("%s after %s: %v, want %v", c.at, c.from, got, want)
		}
	}
	if got := progress.NextDigest("08:30", calendar(t, "mon-fri: 08:30-17:00"), amsterdam(t, "2026-11-27 08:30")); !got.Equal(amsterdam(t, "2026-11-30 08:30")) {
		t.Errorf("after a Friday: %v", got)
	}
	if got := progress.NextDigest("nonsense", always, surveyed); !got.IsZero() {
		t.Errorf("no time: %v", got)
	}
}
