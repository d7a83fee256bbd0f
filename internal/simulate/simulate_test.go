package simulate

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"
)

func TestTrial(t *testing.T) {
	perDay, _ := strconv.ParseFloat(os.Getenv("PER_DAY"), 64)
	days, _ := strconv.Atoi(os.Getenv("DAYS"))
	if days == 0 {
		t.Skip()
	}
	zone, _ := time.LoadLocation(zoneName)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
	o := Options{Dir: t.TempDir() + "/d", Seed: 7, PerDay: perDay, Until: from.AddDate(0, 0, days)}
	if d := os.Getenv("DIR"); d != "" {
		o.Dir = d
	}
	s, err := Run(t.Context(), o)
	b, _ := json.MarshalIndent(s, "", " ")
	t.Logf("%s\n%v", b, err)
	for k, v := range s.Where {
		t.Log(k, v.Round(time.Millisecond))
	}
	t.Log(s.Took)
	if err != nil {
		t.Fatal(err)
	}
}
