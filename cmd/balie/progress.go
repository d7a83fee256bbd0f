package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/balie/balie"
	"github.com/balie/balie/config"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/progress"
)

// wireProgress makes what guards promises.
func (a *app) wireProgress(context.Context) (err error) {
	a.guard, err = a.newGuard()
	return err
}

// newGuard makes one: of several over a store, each timer goes off in one.
func (a *app) newGuard() (*progress.Progress, error) {
	leads, err := leadsOf(a.cfg)
	if err != nil {
		return nil, err
	}
	calendar := a.calendar()
	setting := func(organisation string) progress.Setting { return a.documents.Brain().Setting(calendar, organisation) }
	return progress.New(a.store, setting, a.letters(), progress.Options{
		Language: a.cfg.Desk.Language, Leads: leads, DailyCap: a.cfg.Limits.DailyCap, Agent: a.agent, Meter: a.metrics.guarded, Counts: traffic{a},
	}, a.log), nil
}

// guarding guards what was promised, once it may begin.
func (a *app) guarding(ctx context.Context) error {
	if a.after != nil {
		select {
		case <-a.after:
		case <-ctx.Done():
			return nil
		}
	}
	return a.guard.Run(ctx, a.clock)
}

// leadsOf are the addresses of who is told when something goes wrong.
func leadsOf(cfg config.Config) ([]balie.Address, error) {
	var out []balie.Address
	for _, l := range cfg.Desk.Leads {
		to, ok := normalize.ParseAddress(l)
		if !ok {
			return nil, &balie.InvalidError{Field: "desk.leads", Problem: fmt.Sprintf("%q is no mail address", l), Fix: "write it as name@example.nl"}
		}
		out = append(out, to)
	}
	return out, nil
}

// agent is where an agent is told what happens with their requests.
func (a *app) agent(ctx context.Context, name string) (balie.Address, string, bool) {
	u, err := a.auth.User(ctx, name)
	if err != nil || u.Disabled || u.Mail == "" {
		return balie.Address{}, "", false
	}
	to, ok := normalize.ParseAddress(u.Mail)
	return to, u.Profile.Language, ok
}

func (m *metrics) guarded(timer progress.TimerKind, did bool) {
	result := "nothing"
	if did {
		result = "acted"
	}
	m.timers.WithLabelValues(string(timer), result).Inc()
}

func newTimers() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "balie_progress_timers_total", Help: "Timers that went off, and whether anything came of it."}, []string{"timer", "result"})
}
