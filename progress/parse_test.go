package progress

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

func theCatalogue(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Parse("catalogue.yaml", catalogue.Sample())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSampleHoldsWithAnyCatalogue(t *testing.T) {
	empty, err := catalogue.Parse("c", []byte("teams: {}\nproducts: []\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*catalogue.Catalogue{nil, empty, theCatalogue(t)} {
		p, err := Parse("progress.yaml", Sample(), c)
		if err != nil {
			t.Fatal(err)
		}
		if p.Default.Resolve != 40*time.Hour || len(p.Targets) != 3 || p.Targets[0].Priorities[0] != balie.Urgent ||
			p.Closing.Solved != 5 || len(p.Closing.Waiting) != 3 || p.Remind.Digest != "08:30" || !p.Inform.Delay || p.Signals.History != 91 {
			t.Errorf("the sample says something else: %+v", p)
		}
	}
}

func TestEachMistakeHasItsPlaceAndItsMend(t *testing.T) {
	c := theCatalogue(t)
	tests := []struct{ body, at, problem, fix string }{
		{"defualt: {}", "1:1", `"defualt" is not a key here`, `did you mean "default"?`},
		{"default: {resolve: 3d}", "1:20", `"3d" is in days`, "8h"},
		{"default: {resolve: 4}", "1:20", `"4" is not a length of time`, "with its unit"},
		{"default: {resolve: 10s}", "1:20", "10s is too little", "give 1m or more"},
		{"default: {resolve: 9999h}", "1:20", "9999h is too much", "year"},
		{"default: {calendar: kantor}", "1:21", `calendar "kantor" does not exist`, `did you mean "kantoor"?`},
		{"targets:\n- {id: a, respond: 1h}", "2:3", `target "a" is for every request`, "default"},
		{"targets:\n- {kinds: [fault], respond: 1h}", "2:3", "no id", "id:"},
		{"targets:\n- {id: a, kinds: [fault]}", "2:3", "promises nothing", "respond"},
		{"targets:\n- {id: a, kinds: [fault], respond: 1h}\n- {id: a, kinds: [wish], respond: 1h}", "3:3", "twice", "another id"},
		{"targets:\n- {id: a, kinds: [storing], respond: 1h}", "2:19", `"storing" is not known here`, "fault"},
		{"targets:\n- {id: a, priorities: [urgnt], respond: 1h}", "2:24", `"urgnt" is not known here`, "urgent"},
		{"targets:\n- {id: a, products: [slutel], respond: 1h}", "2:22", `product "slutel" does not exist`, `did you mean "sleutel"?`},
		{"targets:\n- {id: A b, kinds: [wish], respond: 1h}", "2:8", `"A b" cannot be an id`, "small letters"},
		{"inform: {at: 2}", "1:14", "2 is too much", "0.99"},
		{"inform: {delay: ja}", "1:17", `"ja" is neither`, "write true"},
		{"remind: {digest: 8.30}", "1:18", `"8.30" is no time of the day`, "08:30"},
		{"closing: {waiting: [5, 2]}", "1:24", "day 2 comes after day 5", "each more"},
		{"closing: {solved: 0}", "1:19", "0 is too little", "1 or more"},
		{"aftercare: {bad: 5}", "1:18", "5 is too much", "4"},
		{"aftercare: {not_for: [wish, wish]}", "1:29", `"wish" stands here twice`, "remove"},
		{"signals: {days: 28, history: 30}", "1:10", "too few", "112"},
	}
	for _, tt := range tests {
		_, err := Parse("progress.yaml", []byte(tt.body), c)
		var x *balie.InvalidError
		if !errors.As(err, &x) {
			t.Errorf("%s: %v, want a mistake", tt.body, err)
			continue
		}
		if !strings.Contains(err.Error(), "progress.yaml:"+tt.at) || !strings.Contains(x.Problem, tt.problem) || !strings.Contains(x.Fix, tt.fix) {
			t.Errorf("%s:\n got %v (fix %s)\nwant %s: %s; %s", tt.body, err, x.Fix, tt.at, tt.problem, tt.fix)
		}
	}
}

func TestNothingWrittenPromisesWhatTheProductDoes(t *testing.T) {
	p, err := Parse("progress.yaml", nil, nil)
	if err != nil || p.Default != (Promise{}) {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Sample())
	f.Add([]byte("targets:\n- {id: a, kinds: [fault], respond: 1h}\n"))
	f.Add([]byte("closing: {waiting: [1, 2"))
	c := theCatalogue(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Parse("x", body, c)
		if (p == nil) == (err == nil) {
			t.Errorf("a policy or a mistake, not %v and %v", p, err)
		}
	})
}
