package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/report"
)

// TestThePlanByTheAPI puts a plan in force, has it approved, and changes it.
func TestThePlanByTheAPI(t *testing.T) {
	s := open(t, func(*api.Parts) {})
	var p api.Plan
	call := func(method, path string, in any, want int) {
		t.Helper()
		var text string
		if in != nil {
			b, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		resp, body := s.call(method, path, text)
		if resp.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, want, body)
		}
		if want == http.StatusOK {
			p = api.Plan{}
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err)
			}
		}
	}
	call("GET", "/plan", nil, http.StatusOK)
	if p.InForce != 0 || len(p.Goals) != 0 || len(p.Unaimed) != len(report.Metrics()) {
		t.Errorf("a desk without a plan has %+v", p)
	}
	put := func(base int, body string, want int) {
		t.Helper()
		call("PUT", "/plan", map[string]any{"body": body, "base": base, "reason": "we begin"}, want)
	}
	put(0, string(report.SamplePlan()), http.StatusOK)
	if p.Version != 1 || len(p.Goals) != 8 || p.Goals[7].Target != 750 || p.Feasible == nil || p.Costs.Total != p.Costs.People+p.Costs.Depreciation+p.Costs.Running || p.Approved != nil {
		t.Errorf("the sample is %+v", p)
	}
	put(0, string(report.SamplePlan()), http.StatusConflict)
	put(1, "goals:\n- id: a\n  metrics: x\n", http.StatusUnprocessableEntity)
	call("POST", "/plan/check", map[string]any{"body": "capacities: {expected: 20}\n"}, http.StatusOK)
	if p.Version != 0 || p.Capacity.Requests != 20 || p.Feasible != nil || len(p.Missing) == 0 {
		t.Errorf("a plan that says little is %+v", p)
	}
	yes := map[string]any{"version": 1, "by": "Marijke de Wit", "role": "director", "on": time.Now().Format(time.DateOnly)}
	call("POST", "/plan/approve", yes, http.StatusOK)
	if p.Approved == nil || p.Approved.By != "Marijke de Wit" || p.Approved.Version != 1 {
		t.Errorf("it is approved by %+v", p.Approved)
	}
	put(1, string(report.SamplePlan())+"# changed\n", http.StatusOK)
	if p.Version != 2 || p.Approved != nil || len(p.Approvals) != 1 {
		t.Errorf("version 2 is approved by %+v", p.Approved)
	}
	call("POST", "/plan/approve", yes, http.StatusConflict)
}
