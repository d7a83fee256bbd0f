package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/dispatch"
)

// wireBackstage gives the pages what catalogue and settings work with.
func (a *app) wireBackstage(p *web.Parts) {
	a.products = desk.NewProducts(a.feed, a.documents, a.log)
	p.Products = a.products
	p.Policies = desk.NewPolicies(a.store, a.documents, a.calendar())
	p.Upkeep, p.Trail = desk.NewUpkeep(a.store, a.documents, a.intake), desk.NewTrail(a.store)
	p.Lines = ways{a, dispatch.NewRenderer()}
	p.Configured = a.configured
}

// ways are the channels, for whoever looks after them.
type ways struct {
	a      *app
	render *dispatch.Renderer
}

// Health is how each channel fares that takes something in.
func (w ways) Health() []channels.Status { return w.a.supervisor.Health() }

// Known are the channels of the configuration.
func (w ways) Known() []web.Line {
	var out []web.Line
	for i, m := range w.a.lines.mailboxes {
		c := w.a.cfg.Email.Mailboxes[i]
		out = append(out, web.Line{Name: m.Name(), Kind: "email", Where: fmt.Sprintf("%s, %s@%s", c.Folder, c.User, c.Host)})
	}
	if s := w.a.cfg.Email.SMTP; s != nil {
		out = append(out, web.Line{Name: "email", Kind: "smtp", Where: fmt.Sprintf("%s, %s", s.Host, s.From), Sends: "email"})
	}
	for i, s := range w.a.lines.slacks {
		out = append(out, web.Line{Name: s.Name(), Kind: "slack", Where: w.a.cfg.Slack[i].TeamID, Sends: "slack"})
	}
	for _, p := range w.a.lines.phones {
		out = append(out, web.Line{Name: p.Name(), Kind: "phone", Where: w.a.cfg.PublicURL})
	}
	if f := w.a.lines.form; f != nil {
		out = append(out, web.Line{Name: f.Name(), Kind: "form", Where: w.a.cfg.PublicURL + "/form"})
	}
	return out
}

// Show is a letter as a channel's people read it.
func (w ways) Show(channel string, m balie.Message) balie.Message {
	return w.render.Message(w.a.senders()[channel], channel, m)
}

// Try sends a message now, past the queue.
func (w ways) Try(ctx context.Context, channel string, to balie.Address, m balie.Message) (string, error) {
	s, ok := w.a.senders()[channel]
	if !ok {
		return "", fmt.Errorf("nothing goes out by %q: %w", channel, balie.ErrNotFound)
	}
	m.MsgID = w.a.tokens.MessageID(m.ID, w.a.cfg.Email.Domain)
	d := balie.Delivery{ID: m.ID, Message: m.ID, Channel: channel, To: to, Created: m.At, Due: m.At, Attempt: 1, Status: balie.Leased}
	return s.Send(ctx, d, w.render.Message(s, channel, m), balie.Request{})
}

// configured is the configuration in force, for the settings page.
func (a *app) configured() []web.Setting {
	var out []web.Setting
	for _, g := range a.cfg.Given() {
		if strings.TrimSpace(g.Value) == "" {
			continue
		}
		out = append(out, web.Setting{Key: g.Field, Value: g.Value, Source: g.From, Secret: g.Secret})
	}
	return out
}
