package web

import (
	"context"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// Lines are the channels, for whoever looks after them.
type Lines interface {
	// Health is how each channel fares that takes something in.
	Health() []channels.Status
	// Known are all ways in and out, with what an admin knows them by.
	Known() []Line
	// Show is a letter as a channel's people read it.
	Show(channel string, m balie.Message) balie.Message
	// Try sends a message now, past the queue, and gives the receipt.
	Try(ctx context.Context, channel string, to balie.Address, m balie.Message) (string, error)
}

// Line is one way in or out.
type Line struct {
	Name  string // as in Health; of a way out, as deliveries name it
	Kind  string // "email", "smtp", "slack", "form", "phone"
	Where string // host and user, workspace, address: no secret
	Sends string // the channel deliveries name, "" when nothing goes out here
}

// Setting is one line of the configuration in force.
type Setting struct {
	Key, Value string
	Source     string // "file", "environment", "default", "command"
	Secret     bool   // Value says where it comes from, not what it is
}

func (w *Web) settingsRoutes() []route {
	get := fiber.MethodGet
	return []route{
		{method: get, path: "/settings", right: desk.SeeAudit, handle: w.settings},
		{method: get, path: "/settings/general", right: desk.SeeAudit, handle: w.general},
	}
}

// settingsCard is one place of the settings.
type settingsCard struct {
	Path, Icon, Title, Hint string
	Note, Class             string // what needs a look
}

type settingsPage struct {
	shell
	Cards []settingsCard
}

// countMost is up to how many deliveries are counted for the index.
const countMost = 200

// settings is the index, with what needs a look.
func (w *Web) settings(c *fiber.Ctx, s auth.Session) error {
	l, a := ui.Language(c), s.Actor()
	counts, err := w.Upkeep.CountDeliveries(c.UserContext(), a, countMost, balie.Dead, balie.Held)
	if err != nil {
		return err
	}
	ill := 0
	for _, h := range w.health() {
		if !h.Healthy() {
			ill++
		}
	}
	p := settingsPage{shell: w.around(c, s)}
	card := func(right desk.Right, path, icon, key, note, class string) {
		if a.Can(right) {
			p.Cards = append(p.Cards, settingsCard{path, icon, w.Texts.Text(l, "settings."+key), w.Texts.Text(l, "settings."+key+"_hint"), note, class})
		}
	}
	say := func(key string, n int) string {
		if n == 0 {
			return ""
		}
		return w.Texts.Text(l, "settings."+key, "n", strconv.Itoa(n))
	}
	card(desk.SeeAudit, "/settings/channels", "mail", "channels", say("ill", ill), "bad")
	if a.Can(desk.SeeDocuments) {
		p.Cards = append(p.Cards, settingsCard{"/settings/progress", "alarm", w.Texts.Text(l, "promises.title"), w.Texts.Text(l, "promises.hint"), "", ""})
	}
	card(desk.SeeAudit, "/settings/hours", "clock", "hours", "", "")
	card(desk.SeeAudit, "/settings/templates", "note", "templates", "", "")
	card(desk.SeeAudit, "/settings/deliveries", "send", "deliveries", say("dead", counts[balie.Dead]+counts[balie.Held]), "warn")
	card(desk.SeeAudit, "/settings/reports", "chart", "reports", "", "")
	card(desk.SeeAudit, "/settings/intake", "archive", "intake", "", "")
	card(desk.SeeAudit, "/settings/audit", "hist", "audit", "", "")
	card(desk.Manage, "/settings/users", "users", "users", "", "")
	card(desk.Manage, "/settings/tokens", "key", "tokens", "", "")
	card(desk.Manage, "/settings/wall", "eye", "wall", "", "")
	card(desk.Manage, "/settings/webhooks", "bolt", "webhooks", "", "")
	card(desk.SeeAudit, "/settings/general", "gear", "general", "", "")
	return w.UI.Render(c, "settings", p)
}

// stamp is a moment in a log: with its year, for it may be long ago.
func (w *Web) stamp(t time.Time) string { return t.In(w.Zone).Format("2006-01-02 15:04") }

func (w *Web) health() []channels.Status {
	if w.Lines == nil {
		return nil
	}
	return w.Lines.Health()
}

type generalPage struct {
	shell
	Settings []Setting
}

// general shows the configuration in force. Secrets are never shown.
func (w *Web) general(c *fiber.Ctx, s auth.Session) error {
	p := generalPage{shell: w.around(c, s)}
	if w.Configured != nil {
		p.Settings = w.Configured()
	}
	return w.UI.Render(c, "settingsgeneral", p)
}
