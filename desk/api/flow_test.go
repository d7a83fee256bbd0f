package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/balie/balie/report/export"
)

// TestTheFlowChartByTheAPI asks for it in every form, and for what is not there.
func TestTheFlowChartByTheAPI(t *testing.T) {
	s := figured(t)
	ask := func(query string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/v1/figures/flow?period=2030-02"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(b)
	}
	resp, body := ask("&language=en")
	var f export.FlowFile
	if err := json.Unmarshal([]byte(body), &f); err != nil || resp.StatusCode != 200 || f.Schema != export.FlowSchema || f.Title != "Flow chart February 2030" || len(f.Rules) == 0 {
		t.Fatalf("%d %v: %.500s", resp.StatusCode, err, body)
	}
	for kind, begin := range map[export.FlowKind]string{export.FlowSVG: "<svg xmlns=", export.FlowMermaid: "flowchart LR\n", export.FlowSankey: "---\n", export.DesignSVG: "<svg xmlns=",
		export.DesignMermaid: "flowchart TD\n", export.FlowPage: "<!doctype html>"} {
		resp, body := ask("&format=" + string(kind))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != export.FlowMedia[kind].Media || !strings.HasPrefix(body, begin) || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d %q %.60q", kind, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
	for _, query := range []string{"&format=exe", "&team=nobody", "&channel=" + strings.Repeat("x", 99)} {
		if resp, body := ask(query); resp.StatusCode != 422 {
			t.Errorf("%s: %d %s", query, resp.StatusCode, body)
		}
	}
}
