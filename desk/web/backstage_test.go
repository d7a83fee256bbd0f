package web_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/dispatch"
)

// lines are two channels: one that is well, and one that is not.
type lines struct {
	mu   sync.Mutex
	sent []balie.Message
	to   []balie.Address
	no   error // why nothing can be sent
}

func (*lines) Health() []channels.Status {
	return []channels.Status{
		{Name: "email/desk/INBOX", State: channels.Up, Heard: tuesday, Within: 5 * time.Minute, Since: tuesday.Add(-time.Hour)},
		{Name: "slack/main", State: channels.BackingOff, Restarts: 3, LastError: "invalid_auth: the token is revoked", Since: tuesday},
	}
}

func (*lines) Known() []web.Line {
	return []web.Line{{Name: "email/desk/INBOX", Kind: "email", Where: "desk@imap.delinde.example"}, {Name: "slack/main", Kind: "slack", Where: "T0TEAM", Sends: "slack"},
		{Name: "email", Kind: "smtp", Where: "smtp.delinde.example", Sends: "email"}}
}

func (*lines) Show(channel string, m balie.Message) balie.Message {
	return dispatch.NewRenderer().Message(nil, channel, m)
}

func (l *lines) Try(_ context.Context, _ string, to balie.Address, m balie.Message) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.no != nil {
		return "", l.no
	}
	l.sent, l.to = append(l.sent, m), append(l.to, to)
	return "250 2.0.0 queued as 4Xy", nil
}

// Send makes lines a sender of dispatch.
func (l *lines) Send(ctx context.Context, d balie.Delivery, m balie.Message, _ balie.Request) (string, error) {
	return l.Try(ctx, d.Channel, d.To, m)
}

var _ channels.Sender = (*lines)(nil)

var errRevoked = errors.New("535 5.7.8 the password is wrong")

// traced fails the test unless the newest audit lines have an act by somebody.
func (r *rig) traced(by, act string) desk.AuditLine {
	r.t.Helper()
	page, err := desk.NewTrail(r.db).Page(r.t.Context(), desk.Actor{Role: desk.Admin}, desk.AuditFilter{What: act})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, l := range page.Lines {
		if l.By == "agent:"+by && l.Act == act {
			return l
		}
	}
	r.t.Errorf("there is no audit line %s by %s", act, by)
	return desk.AuditLine{}
}

// backstage are the pages of catalogue and settings.
var backstage = []struct {
	path     string
	see, act bool // a lead sees it; POST
}{
	{"/settings", true, false}, {"/settings/channels", true, false}, {"/settings/hours", true, false}, {"/settings/hours/kantoor", true, false},
	{"/settings/templates", true, false}, {"/settings/templates/history", true, false}, {"/settings/templates/text/receipt/nl", true, false},
	{"/settings/deliveries", true, false}, {"/settings/audit", true, false}, {"/settings/audit?of=requests", true, false}, {"/settings/audit/csv", true, false},
	{"/settings/intake", true, false}, {"/settings/general", true, false},
	{"/settings/channels/test", false, true}, {"/settings/hours/kantoor", false, true}, {"/settings/templates/text/receipt/nl", false, true},
	{"/settings/templates/rollback", false, true}, {"/settings/deliveries", false, true}, {"/settings/intake/01ARZ3NDEKTSV4RRFFQ69G5FAV/release", false, true},
	{"/catalogue/publish", false, true}, {"/catalogue/import", false, true}, {"/catalogue/product/sleutel", false, true}, {"/catalogue/rollback", false, true},
	{"/catalogue/discard", false, true}, {"/catalogue/reapply", false, true}, {"/catalogue/new", false, true}, {"/catalogue/product/sleutel/drop", false, true},
	{"/catalogue/product/sleutel/example", false, true},
}

func TestS7_SettingsAreSeenByLeadsAndChangedByAdmins(t *testing.T) {
	r := newRig(t)
	for _, x := range backstage {
		for _, who := range []string{ada, lex, sanne, tom, rita} {
			a := r.as(who)
			var got answer
			if x.act {
				got = a.post(x.path, nil)
			} else {
				got = a.get(x.path)
			}
			refused := got.StatusCode == http.StatusForbidden
			may := who == ada || who == lex && x.see
			if may == refused || may && !x.act && got.StatusCode != http.StatusOK {
				t.Errorf("%s %s: %d", who, x.path, got.StatusCode)
			}
			if !may && strings.Contains(got.body, "imap.delinde.example") {
				t.Errorf("%s sees settings at %s", who, x.path)
			}
		}
		if !x.act {
			if got := r.nobody().get(x.path); got.StatusCode != http.StatusSeeOther {
				t.Errorf("nobody %s: %d", x.path, got.StatusCode)
			}
		}
	}
	// Who may not go there does not see the way either.
	if body := r.as(sanne).get("/inbox").body; strings.Contains(body, `href="/settings"`) {
		t.Error("an agent sees the way to the settings")
	}
	for _, who := range []string{ada, sanne, rita} {
		r.as(who).sees("/catalogue", http.StatusOK, "Toegangspas")
	}
	if body := r.as(sanne).get("/catalogue/product/sleutel").body; strings.Contains(body, "Opslaan in concept") {
		t.Error("an agent is offered to change a product")
	}
	if got := r.as(tom).get("/catalogue"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a team member sees the catalogue: %d", got.StatusCode)
	}
	if got := r.as(ada).get("/catalogue/product/nothing"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a product that is not there: %d", got.StatusCode)
	}
}

func TestChannelsSayHowTheyFareAndATestReallyGoesOut(t *testing.T) {
	r := newRig(t)
	a := r.as(ada)
	a.sees("/settings/channels", http.StatusOK, "gezond", "mislukt, wordt opnieuw geprobeerd", "invalid_auth: the token is revoked", "3 keer opnieuw gestart")
	a.sees("/settings", http.StatusOK, "1 niet gezond")
	got := a.post("/settings/channels/test", url.Values{"channel": {"email"}, "to": {"noor@example.nl"}})
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, "aangenomen") || len(r.lines.sent) != 1 || r.lines.to[0].Value != "noor@example.nl" {
		t.Fatalf("%d, %+v\n%s", got.StatusCode, r.lines.sent, got.body)
	}
	if l := r.traced(ada, "channel.test"); !strings.Contains(string(l.After), "noor@example.nl") {
		t.Errorf("%s", l.After)
	}
	for _, bad := range []string{"", "noor", "a@b@c.nl", "noor@example.nl\r\nBcc: x@y.nl", "a@b.nl,c@d.nl"} {
		if got := a.post("/settings/channels/test", url.Values{"channel": {"email"}, "to": {bad}}); got.StatusCode != http.StatusUnprocessableEntity || len(r.lines.sent) != 1 {
			t.Errorf("%q: %d", bad, got.StatusCode)
		}
	}
	r.lines.no = errRevoked
	got = a.post("/settings/channels/test", url.Values{"channel": {"email"}, "to": {"noor@example.nl"}})
	if got.StatusCode != http.StatusBadGateway || !strings.Contains(got.body, "the password is wrong") {
		t.Errorf("%d\n%s", got.StatusCode, got.body)
	}
}

// backstage gives the pages what settings and catalogue work with.
func (r *rig) backstage(p *web.Parts, log *slog.Logger) {
	r.lines = &lines{}
	r.products = desk.NewProducts(r.db, r.lib, log)
	if p.Rules == nil {
		p.Rules = desk.NewRules(r.db, r.lib, desk.RulesOptions{Calendar: r.calendar(), Language: "nl", Log: log})
	}
	p.Products, p.Lines = r.products, r.lines
	p.Upkeep, p.Trail = desk.NewUpkeep(r.db, r.lib, r.intake), desk.NewTrail(r.db)
	p.Configured = func() []web.Setting {
		return []web.Setting{{Key: "desk.timezone", Value: "Europe/Amsterdam", Source: "file"}, {Key: "secret_key", Value: "BALIE_SECRET_KEY", Source: "environment", Secret: true}}
	}
}
