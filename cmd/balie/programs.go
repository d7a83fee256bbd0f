package main

import (
	"maps"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/seal"
)

// hookTime is how long another system may take to answer a call.
const hookTime = 15 * time.Second

// wireHooks makes what tells other systems what happens.
func (a *app) wireHooks(p *web.Parts) error {
	keys, err := a.keys()
	if err != nil {
		return err
	}
	inside, err := insideAllowed(a.cfg.Outside.Allow)
	if err != nil {
		return err
	}
	client := outside.Client(outside.Options{Allow: inside, Timeout: hookTime})
	a.hooks = hooks.New(a.feed, seal.New("webhooks", keys...), client, a.log, nil)
	p.Hooks = a.hooks
	return nil
}

// programs are the operations for commands and programs.
func (a *app) programs(pages web.Parts, plans *desk.Plans) *api.API {
	p := a.api()
	p.Desk, p.Overview, p.Customers, p.Places, p.Upkeep, p.Trail, p.Hooks = a.desk, a.overview, a.customers, pages.Places, pages.Upkeep, pages.Trail, a.hooks
	p.Policies, p.Day = pages.Policies, pages.Day
	p.Reports = func() (*desk.Reports, error) { return a.reports, nil }
	p.Plans = func() (*desk.Plans, error) { return plans, nil }
	p.UI, p.Also = a.ui, [][]byte{webform.OpenAPI()}
	p.Config = func() []api.Setting {
		var out []api.Setting
		for _, s := range a.configured() {
			out = append(out, api.Setting{Key: s.Key, Value: s.Value, Source: s.Source, Secret: s.Secret})
		}
		return out
	}
	return api.New(p)
}

// mountPrograms mounts the door for programs around what channels have there.
func (a *app) mountPrograms(app *fiber.App, channels func(fiber.Router)) error {
	a.operations.Describe(app)
	channels(app)
	return a.operations.Mount(app)
}

// bodies are the paths that take more than others.
func (a *app) bodies() map[string]int64 {
	out := web.Uploads()
	maps.Copy(out, api.Bodies())
	if a.lines.form != nil {
		maps.Copy(out, a.lines.form.Bodies())
	}
	return out
}
