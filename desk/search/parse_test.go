package search

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestASearchIsReadAsPeopleWriteIt(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		bad      int
	}{
		{"is:open kanaal:slack klant:visser sla:<1u", "is:open channel:slack customer:visser sla:<1h", 0},
		{"  Vergaderzaal   maas ", "Vergaderzaal maas", 0},
		{`"twee keer vegetarisch" -lunch`, `"twee keer vegetarisch" -lunch`, 0},
		{"-status:afgesloten -kanaal:mail", "-status:closed -channel:email", 0},
		{"bij:backoffice bij:techniek bij:Balie", "at:backoffice at:techniek at:desk", 0},
		{"behandelaar:mij assignee:NIEMAND", "assignee:me assignee:none", 0},
		{"van:2026-11-01 tot:24-11-2026 vanaf:gisteren to:7d", "from:2026-11-01 to:2026-11-24 from:yesterday to:7d", 0},
		{"from:visser", "customer:visser", 0},
		{`klant:"jan de vries" soort:storing prio:spoed taal:Engels`, `customer:"jan de vries" kind:fault priority:urgent lang:en`, 0},
		{"klnt:visser", "klnt:visser", 1},
		{"is:weg", "is:weg", 1},
		{"klant:", "", 1},
		{"https://balie.nl 12:30 re:offerte", "https://balie.nl 12:30 re:offerte", 1},
		{"-", "", 0}, {`""`, "", 0}, {`"`, "", 0}, {":", "", 0}, {"::", "", 0}, {"- - -", "", 0},
		{"“gekrulde aanhaling”", `"gekrulde aanhaling"`, 0},
		{`klant:"`, "", 1},
		{"lunch lunch", "lunch", 0},
		{"van:2026-02-30", "customer:2026-02-30", 0},
		{"sla:>3d sla:<=30min", "sla:>3d sla:<30m", 0},
		{"nr:7K3Q-F", "ref:7K3Q-F", 0},
	} {
		q, bad := ParseQuery(tt.in, "nl")
		if got := q.String(); got != tt.want || len(bad) != tt.bad {
			t.Errorf("%q is %q with %d problems %+v, want %q with %d", tt.in, got, len(bad), bad, tt.want, tt.bad)
		}
	}
}

func TestAnUnknownKeyIsSaidAndSuggested(t *testing.T) {
	_, bad := ParseQuery("klnt:visser is:opne", "nl")
	want := []Problem{{Word: "klnt:visser", Key: "klnt", Value: "visser", Near: "klant"},
		{Word: "is:opne", Key: "is", Value: "opne", Values: bad[1].Values}}
	if d := cmp.Diff(want, bad); d != "" {
		t.Error(d)
	}
	if !slices.Contains(bad[1].Values, "reactie") {
		t.Errorf("the values of is: are %v", bad[1].Values)
	}
}

func TestASearchIsShownInTheReadersLanguage(t *testing.T) {
	q, _ := ParseQuery(`channel:phone -status:waiting at:supplier assignee:none from:today "een zin"`, "en")
	if got, want := q.In("nl"), `kanaal:telefoon -status:wacht bij:leverancier behandelaar:niemand vanaf:vandaag "een zin"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	again, bad := ParseQuery(q.In("nl"), "nl")
	if d := cmp.Diff(q, again); d != "" || len(bad) > 0 {
		t.Error(d, bad)
	}
}

// Every name of the help is understood, and no word has two meanings.
func TestNamesAreUnderstood(t *testing.T) {
	seen := map[string]Key{}
	for _, e := range keys {
		for _, word := range slices.Concat(e.words.nl, e.words.en) {
			if k, ok := seen[word]; ok && k != e.key {
				t.Errorf("%s is both %s and %s", word, k, e.key)
			}
			seen[word] = e.key
		}
	}
	for _, l := range []string{"nl", "en"} {
		for _, k := range Names(l) {
			for _, v := range k.Values {
				q, bad := ParseQuery(k.Word+":"+v.Word, l)
				if want := (Query{[]Term{{Key: k.Key, Value: v.Value}}}); cmp.Diff(q, want) != "" || len(bad) > 0 {
					t.Errorf("%s:%s is %+v %v", k.Word, v.Word, q, bad)
				}
			}
		}
	}
}

func TestDaysAndSpans(t *testing.T) {
	ams, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2027, 3, 28, 12, 0, 0, 0, ams) // the day of 23 hours
	from, to := Day("today", now)
	if to.Sub(from) != 23*time.Hour {
		t.Errorf("today lasts %v", to.Sub(from))
	}
	if from, _ := Day("7d", now); from.Format(time.DateOnly) != "2027-03-21" || from.Hour() != 0 {
		t.Errorf("7d is %v", from)
	}
	if less, d := Span("<2h"); !less || d != 2*time.Hour {
		t.Error(less, d)
	}
	if less, d := Span(">1d"); less || d != workday {
		t.Error(less, d)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"is:open klant:visser", `-"a b" klnt:x`, `klant:"a b"`, "a:b:c", `a"b"c`, "van:1-2-2026", "sla:<1u", "\xff\x00", "-:\"", "--a", "\u00a0x", `klant:-a`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, _ := ParseQuery(s, "nl")
		for _, text := range []string{q.String(), q.In("nl"), q.In("en")} {
			again, _ := ParseQuery(text, "en")
			if len(text) <= longestQuery && !slices.Equal(q.Terms, again.Terms) {
				t.Fatalf("%q: %q reads as %+v, not %+v", s, text, again.Terms, q.Terms)
			}
		}
	})
}
