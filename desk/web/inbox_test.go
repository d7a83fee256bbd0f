package web_test

import (
	"testing"
)

func TestAnAgentSeesTheInbox(t *testing.T) {
	r := newRig(t)
	r.as(sanne).sees("/inbox", 200, "Alles open", "De Linde", `aria-current="page"`)
	r.as(sanne).sees("/keys", 200, "Sneltoetsen")
	r.as(sanne).sees("/inbox/views", 200, "Eigen weergaven")
	if a := r.nobody().get("/inbox"); a.StatusCode != 303 || a.Header.Get("Location") != "/login?next=%2Finbox" {
		t.Errorf("nobody: %d %q", a.StatusCode, a.Header.Get("Location"))
	}
	r.as(sanne).sees("/nothing", 404, "Naar de inbox")
}
