package desk

import (
	"bytes"
	"context"
	"html/template"
	"strings"

	"github.com/balie/balie/report/export"
)

// paper is a version of the plan as the exporter wants it.
func (v PlanView) paper() export.Plan {
	p := export.Plan{Plan: v.Plan, InForce: v.InForce, At: v.At, By: v.By, Reason: v.Reason, Reckoning: v.Reckoning}
	if _, name, ok := strings.Cut(v.By, ":"); ok {
		p.By = name
	}
	for _, e := range invalid(v.Lost) {
		p.Lost = append(p.Lost, e.Field+" ("+e.Problem+")")
	}
	return p
}

// PlanSheet is a version of the plan as two pages, for a page of the desk.
func (r *Reports) PlanSheet(v PlanView, language string) (template.HTML, error) {
	return export.PlanSheet(v.paper(), r.Words(language), "/figures/definitions?language="+language)
}

// PlanFile is a version of the plan as a file that stands by itself: HTML or
// PDF.
func (r *Reports) PlanFile(ctx context.Context, v PlanView, language string, pdf bool) ([]byte, error) {
	var b bytes.Buffer
	if err := export.PlanHTML(&b, v.paper(), r.Words(language), r.o.CSS); err != nil || !pdf {
		return b.Bytes(), err
	}
	return r.print(ctx, b.Bytes())
}
