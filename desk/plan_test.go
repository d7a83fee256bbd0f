package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store/boltstore"
)

// planSite is a desk with the sample plan, or without one.
func planSite(t *testing.T, plan []byte) (*desk.Plans, *desk.Library, *boltstore.DB) {
	t.Helper()
	db, err := boltstore.Open(t.TempDir(), boltstore.Options{MinFree: -1, MmapSize: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	lib, err := desk.OpenLibrary(t.Context(), db, func(kind string) (string, []byte, error) {
		return kind + ".yaml", map[string][]byte{desk.CatalogueDoc: catalogue.Sample(), desk.RulesDoc: router.Sample(),
			desk.OrganisationsDoc: []byte("organisations: []\n"), desk.PlanDoc: plan}[kind], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return desk.NewPlans(db, lib, nil), lib, db
}

var (
	planAdmin = desk.Actor{ID: "ada", Role: desk.Admin}
	planDay   = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
)

func TestADeskWithoutAPlanHasNoGoals(t *testing.T) {
	plans, lib, _ := planSite(t, nil)
	v, err := plans.View(t.Context(), planAdmin, 0, planDay)
	if err != nil || v.InForce != 0 || len(v.Goals) != 0 || len(lib.Plan().Goals) != 0 {
		t.Fatalf("it has %+v (%v)", v.Plan, err)
	}
	n, err := plans.Edit(t.Context(), planAdmin, 0, func(p *report.Plan) { p.Capacities.Expected = 90 }, "we begin", planDay)
	if err != nil || n != 1 || lib.Plan().Capacities.Expected != 90 {
		t.Fatalf("the first plan is version %d (%v): %+v", n, err, lib.Plan())
	}
}

func TestAChangedPlanIsNotApproved(t *testing.T) {
	plans, lib, db := planSite(t, report.SamplePlan())
	ctx := t.Context()
	look := func() desk.PlanView {
		t.Helper()
		v, err := plans.View(ctx, planAdmin, 0, planDay)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if _, ok := look().Approved(); ok {
		t.Error("nobody approved it yet")
	}
	yes := report.Approval{By: "Marijke de Wit", Role: "directeur bedrijfsvoering", Version: 1}
	if err := plans.Approve(ctx, desk.Actor{ID: "lex", Role: desk.Lead}, yes, planDay); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("a lead approves the plan: %v", err)
	}
	if err := plans.Approve(ctx, planAdmin, report.Approval{Version: 1}, planDay); err == nil {
		t.Error("nobody approved it, and it is written down")
	}
	if err := plans.Approve(ctx, planAdmin, yes, planDay); err != nil {
		t.Fatal(err)
	}
	if a, ok := look().Approved(); !ok || a.By != yes.By || !a.On.Equal(planDay) {
		t.Errorf("it is approved by %+v, %v", a, ok)
	}
	n, err := plans.Edit(ctx, planAdmin, 1, func(p *report.Plan) { p.Goals[0].Target = 0.72 }, "more ambition", planDay.Add(time.Minute))
	if err != nil || n != 2 {
		t.Fatalf("version %d: %v", n, err)
	}
	v := look()
	if a, ok := v.Approved(); ok {
		t.Errorf("version 2 was approved by %+v, who saw version 1", a)
	}
	if lib.Plan().Goals[0].Target != 0.72 || !strings.Contains(string(v.Body), "# The plan of the desk") {
		t.Error("the change is not in force, or its remarks are gone")
	}
	if err := plans.Approve(ctx, planAdmin, yes, planDay); !errors.Is(err, balie.ErrStale) {
		t.Errorf("version 1 is approved while 2 is in force: %v", err)
	}
	if _, err := plans.Edit(ctx, planAdmin, 1, func(p *report.Plan) { p.Currency = "GBP" }, "late", planDay); !errors.Is(err, balie.ErrStale) {
		t.Errorf("a change on an old version: %v", err)
	}
	if n, err := plans.Rollback(ctx, planAdmin, 1, 2, "back", planDay.Add(time.Hour)); err != nil || n != 3 {
		t.Fatalf("back to 1 is version %d: %v", n, err)
	}
	if _, ok := look().Approved(); ok {
		t.Error("version 3 has the words of version 1, but nobody approved version 3")
	}
	h, err := plans.History(ctx, planAdmin)
	if err != nil || len(h) != 3 || len(h[2].Approvals) != 1 || len(h[0].Approvals) != 0 {
		t.Errorf("history %+v: %v", h, err)
	}
	lines, err := db.ListRecords(ctx, desk.AuditKind, "", "", false, 0)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range lines {
		l, err := desk.ParseAudit(r)
		if err != nil {
			t.Fatal(err)
		}
		acts = append(acts, l.Act)
	}
	if got := strings.Join(acts, " "); got != "plan.approve plan.publish plan.rollback" {
		t.Errorf("S13: the audit log says %q", got)
	}
}

func TestAPlanThatNamesWhatIsNotThere(t *testing.T) {
	plans, _, _ := planSite(t, report.SamplePlan())
	body := strings.Replace(string(report.SamplePlan()), "calendar: kantoor", "calendar: kantor", 1)
	_, err := plans.Publish(t.Context(), planAdmin, 1, "plan.yaml", []byte(body), "a slip", planDay)
	bad, ok := errors.AsType[*balie.InvalidError](err)
	if !ok || bad.Line != 136 || bad.Fix != `did you mean "kantoor"?` {
		t.Errorf("it says %v", err)
	}
}
