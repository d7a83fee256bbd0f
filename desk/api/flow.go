package api

import (
	"context"
	"mime"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/report/export"
)

// FlowOf is also in which format a flow chart is wanted.
type FlowOf struct {
	FiguresOf
	Format string `query:"format" doc:"json, svg, mermaid, sankey, html, rules-svg or rules-mermaid. Empty: json."`
}

// flow registers how requests went.
func (a *api) flow() {
	if a.Reports == nil {
		return
	}
	o := op("GET", "/figures/flow", "get-flow", "How requests went, beside what the rules mean", desk.SeeDocuments, noObject).
		described("From channel over decision and holders to outcome, the rules in force with how often each was taken, and the differences between the two. As JSON, or by format as SVG, Mermaid or a page; " +
			export.FlowSchema + " names the shape and changes when a name in it does.")
	content := map[string]*huma.MediaType{"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[export.FlowFile](), true, "Flow")}}
	for kind, m := range export.FlowMedia {
		if name, _, err := mime.ParseMediaType(m.Media); err == nil && kind != export.FlowJSON {
			content[name] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
		}
	}
	o.Responses = map[string]*huma.Response{"200": {Description: "The flow chart", Content: content}}
	add(a, o, a.flowChart)
}

func (a *api) flowChart(ctx context.Context, in *FlowOf) (*huma.StreamResponse, error) {
	reports, err := a.Reports()
	if err != nil {
		return nil, err
	}
	kind := export.FlowJSON
	if in.Format != "" {
		if kind, err = desk.FlowKind(in.Format); err != nil {
			return nil, err
		}
	}
	now := a.Now()
	q, err := reports.Ask(in.value, now)
	if err != nil {
		return nil, err
	}
	f, err := reports.Flow(ctx, actor(ctx), q, now)
	if err != nil {
		return nil, err
	}
	b, err := reports.FlowFile(f, q.Language, kind)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", export.FlowMedia[kind].Media)
		if kind != export.FlowJSON {
			hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": desk.FlowName(f, kind)}))
			hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
		}
		_, _ = hc.BodyWriter().Write(b) // whoever asked has gone
	}}, nil
}
