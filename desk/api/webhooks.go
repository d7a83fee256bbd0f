package api

import (
	"context"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/hooks"
)

// HookLine is a webhook without its secrets.
type HookLine struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	URL     string     `json:"url"`
	Events  []string   `json:"events"` // none: all
	Private bool       `json:"private"`
	Made    time.Time  `json:"made"`
	By      string     `json:"by"`
	Ended   string     `json:"ended,omitempty"` // why it is told nothing more
	Told    uint64     `json:"told"`            // calls that were taken
	Next    *time.Time `json:"next,omitempty"`  // when a call that was not taken is made again
	Tries   []TryLine  `json:"tries"`           // the last ones, newest first
}

// TryLine is one call.
type TryLine struct {
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
	Ref    string    `json:"ref,omitempty"`
	Status int       `json:"status"` // 0: no answer
	Error  string    `json:"error,omitempty"`
	Took   float64   `json:"took"` // seconds
}

func tryLine(t hooks.Try) TryLine {
	return TryLine{t.At, t.Event, t.Ref, t.Status, t.Error, t.Took.Seconds()}
}

// HookBody is what a webhook is made of.
type HookBody struct {
	Name    string   `json:"name" doc:"Which system listens."`
	URL     string   `json:"url" doc:"An https address outside our own network, or an inside one that the configuration allows."`
	Events  []string `json:"events,omitempty" doc:"Without any: all."`
	Private bool     `json:"private,omitempty" doc:"Send the customer's name, addresses and words along."`
}

func (b HookBody) hook(id string) hooks.Hook {
	return hooks.Hook{ID: id, Name: b.Name, URL: b.URL, Events: b.Events, Private: b.Private}
}

// OneHook is the part of a path that says which webhook.
type OneHook struct {
	ID string `path:"id"`
}

func (a *api) hook(ctx context.Context, id string) (HookLine, error) {
	k, p, err := a.Hooks.Hook(ctx, id)
	if err != nil {
		return HookLine{}, err
	}
	out := HookLine{ID: k.ID, Name: k.Name, URL: k.URL, Events: append([]string{}, k.Events...), Private: k.Private, Made: k.Made, By: k.By, Ended: k.Ended, Told: p.Told, Tries: []TryLine{}}
	if !p.Next.IsZero() {
		out.Next = &p.Next
	}
	for _, t := range p.Tries {
		out.Tries = append(out.Tries, tryLine(t))
	}
	return out, nil
}

// webhooks registers who is told what happens.
func (a *api) webhooks() {
	if a.Hooks == nil {
		return
	}
	type list struct {
		Body struct {
			Webhooks []HookLine `json:"webhooks"`
			Events   []string   `json:"events"` // that can be asked for
		}
	}
	add(a, op("GET", "/webhooks", "list-webhooks", "List who is told what happens", desk.Manage, hookObject),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			all, err := a.Hooks.List(ctx)
			out := &list{}
			out.Body.Webhooks, out.Body.Events = []HookLine{}, hooks.Events
			for _, k := range all {
				l, err := a.hook(ctx, k.ID)
				if err != nil {
					return nil, err
				}
				out.Body.Webhooks = append(out.Body.Webhooks, l)
			}
			return out, err
		})
	type one struct{ Body HookLine }
	add(a, op("GET", "/webhooks/{id}", "get-webhook", "Read a webhook and its last calls", desk.Manage, hookObject),
		func(ctx context.Context, in *OneHook) (*one, error) {
			l, err := a.hook(ctx, in.ID)
			return &one{l}, err
		})
	a.hookEdits()
	a.hookSecrets()
}

type hookSecret struct {
	Body struct {
		ID     string `json:"id"`
		Secret string `json:"secret"` // shown now and never again
	}
}

func (a *api) hookSecrets() {
	type made struct{ Body HookBody }
	add(a, op("POST", "/webhooks", "add-webhook", "Be told what happens from now on; the secret is shown once", desk.Manage, hookObject).shownOnce(),
		func(ctx context.Context, in *made) (*hookSecret, error) {
			k, secret, err := a.Hooks.Add(ctx, actor(ctx), in.Body.hook(""), a.Now())
			out := &hookSecret{}
			out.Body.ID, out.Body.Secret = k.ID, secret
			return out, err
		})
	add(a, op("POST", "/webhooks/{id}/rotate", "rotate-webhook", "Make a new secret; calls are signed with both until the next one", desk.Manage, hookObject).shownOnce(),
		func(ctx context.Context, in *OneHook) (*hookSecret, error) {
			secret, err := a.Hooks.Rotate(ctx, actor(ctx), in.ID, a.Now())
			out := &hookSecret{}
			out.Body.ID, out.Body.Secret = in.ID, secret
			return out, err
		})
}

func (a *api) hookEdits() {
	type one struct{ Body HookLine }
	type change struct {
		OneHook
		Body HookBody
	}
	add(a, op("PUT", "/webhooks/{id}", "change-webhook", "Replace name, address and events; one that ended begins again", desk.Manage, hookObject),
		func(ctx context.Context, in *change) (*one, error) {
			if err := a.Hooks.Change(ctx, actor(ctx), in.Body.hook(in.ID), a.Now()); err != nil {
				return nil, err
			}
			l, err := a.hook(ctx, in.ID)
			return &one{l}, err
		})
	add(a, op("DELETE", "/webhooks/{id}", "remove-webhook", "Tell it nothing more", desk.Manage, hookObject),
		func(ctx context.Context, in *OneHook) (*struct{}, error) {
			return nil, a.Hooks.Remove(ctx, actor(ctx), in.ID, a.Now())
		})
	type tried struct{ Body TryLine }
	add(a, op("POST", "/webhooks/{id}/test", "test-webhook", "Make a call of type balie.test now", desk.Manage, hookObject),
		func(ctx context.Context, in *OneHook) (*tried, error) {
			t, err := a.Hooks.Test(ctx, in.ID)
			return &tried{tryLine(t)}, err
		})
}
