package desk_test

import (
	"testing"
	"time"

	"github.com/balie/balie/desk"
)

func TestS13_AnAuditLineSaysWhatWasAndWhatBecame(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("", 3600))
	r := desk.AuditRecord(now, "agent:noor", "user.edit", "user:sanne", map[string]string{"role": "agent"}, map[string]string{"role": "lead"})
	if r.Kind != desk.AuditKind || r.Version != 1 || len(r.Key) != 26 {
		t.Fatalf("record %+v", r)
	}
	l, err := desk.ParseAudit(r)
	if err != nil {
		t.Fatal(err)
	}
	if !l.At.Equal(now) || l.By != "agent:noor" || l.Act != "user.edit" || l.Object != "user:sanne" || string(l.Before) != `{"role":"agent"}` || string(l.After) != `{"role":"lead"}` {
		t.Errorf("line %+v", l)
	}
	odd, err := desk.ParseAudit(desk.AuditRecord(now, "setup", "x.y", "z", nil, make(chan int)))
	if err != nil || odd.Before != nil || string(odd.After) != `"chan int"` {
		t.Errorf("what JSON cannot say: %+v, %v", odd, err)
	}
}
