// Package hooks is in charge of telling other systems what happens to
// requests: subscriptions, and signed calls to them (Standard Webhooks 1.0).
//
// Guarantees:
//  1. Every event a subscription asks for is told at least once and in order,
//     whatever restarts; the same event always has the same webhook-id.
//  2. One slow or dead subscriber holds up no other, and nothing else.
//  3. A call says references and states. Words and names of people go along
//     only when the subscription was made so.
//  4. No inside address is called unless it is allowed (S10: package outside),
//     and no redirect is followed.
//  5. Secrets are stored closed, and are shown once.
package hooks

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/seal"
	"github.com/balie/balie/store"
)

// Store is what hooks need of a store.
type Store interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
	store.Records
	store.Feed
}

// Hook is a subscription.
type Hook struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	URL     string           `json:"url"`
	Events  []string         `json:"events"`  // names of events; empty: all
	Private bool             `json:"private"` // with the customer's words and name
	Made    time.Time        `json:"made"`
	By      string           `json:"by"`
	Ended   string           `json:"ended,omitempty"` // why it is told nothing more
	Closed  []string         `json:"secrets"`         // newest first, at most two
	Start   store.FeedCursor `json:"start"`           // it hears what comes after this

	version uint64
}

// Progress is how far a subscription is told.
type Progress struct {
	Cursor  store.FeedCursor `json:"cursor"`
	Told    uint64           `json:"told"`    // calls that were taken
	Attempt int              `json:"attempt"` // of the call that waits
	Since   time.Time        `json:"since"`   // of its first try
	Next    time.Time        `json:"next"`    // when it is tried again
	Tries   []Try            `json:"tries"`   // the last few, newest first

	version uint64
}

// Try is one call.
type Try struct {
	At     time.Time     `json:"at"`
	Event  string        `json:"event"`
	Ref    string        `json:"ref"`
	Status int           `json:"status"` // 0: no answer
	Error  string        `json:"error,omitempty"`
	Took   time.Duration `json:"took"`
}

// Kinds of the records.
const (
	hookKind  = "hook"
	stateKind = "hook-state"
)

// maxHooks bounds the subscriptions of a desk: each has its own connections.
const maxHooks = 50

// Hooks are all subscriptions.
type Hooks struct {
	store  Store
	seal   *seal.Seal
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	wake   chan struct{} // a subscription was made, changed or removed
}

// New returns the subscriptions. client must be one of package outside; it is
// used without following redirects. now nil is time.Now.
func New(s Store, sl *seal.Seal, client *http.Client, log *slog.Logger, now func() time.Time) *Hooks {
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if now == nil {
		now = time.Now
	}
	return &Hooks{s, sl, &c, log, now, make(chan struct{}, 1)}
}

// List is all subscriptions, by when they were made.
func (h *Hooks) List(ctx context.Context) ([]Hook, error) {
	records, err := h.store.ListRecords(ctx, hookKind, "", "", false, 0)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	out := make([]Hook, 0, len(records))
	for _, r := range records {
		k, err := readHook(r)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Hook is one subscription and how far it is.
func (h *Hooks) Hook(ctx context.Context, id string) (Hook, Progress, error) {
	r, err := h.store.Record(ctx, hookKind, id)
	if err != nil {
		return Hook{}, Progress{}, err
	}
	k, err := readHook(r)
	if err != nil {
		return k, Progress{}, err
	}
	p, err := h.progress(ctx, k)
	return k, p, err
}

func readHook(r balie.Record) (Hook, error) {
	var k Hook
	if err := json.Unmarshal(r.Body, &k); err != nil {
		return k, fmt.Errorf("read webhook %s: %w", r.Key, err)
	}
	k.version = r.Version
	return k, nil
}

func (h *Hooks) progress(ctx context.Context, k Hook) (Progress, error) {
	p := Progress{Cursor: k.Start}
	r, err := h.store.Record(ctx, stateKind, k.ID)
	if errors.Is(err, balie.ErrNotFound) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("read how far webhook %s is: %w", k.Name, err)
	}
	if err := json.Unmarshal(r.Body, &p); err != nil {
		return p, fmt.Errorf("read how far webhook %s is: %w", k.Name, err)
	}
	p.version = r.Version
	return p, nil
}

// Add makes a subscription that hears what comes from now on. The secret is
// returned and never again.
func (h *Hooks) Add(ctx context.Context, a desk.Actor, k Hook, now time.Time) (Hook, string, error) {
	if !a.Can(desk.Manage) {
		return k, "", balie.ErrDenied
	}
	if err := check(&k); err != nil {
		return k, "", err
	}
	all, err := h.List(ctx)
	if err != nil {
		return k, "", err
	}
	if len(all) >= maxHooks {
		return k, "", &balie.InvalidError{Field: "url", Problem: fmt.Sprintf("there are %d webhooks already", len(all)), Fix: "remove one that is no longer used"}
	}
	if k.Start, _, err = h.store.Tail(ctx); err != nil {
		return k, "", fmt.Errorf("find where the webhook begins: %w", err)
	}
	k.ID, k.Made, k.By, k.Ended, k.Closed = balie.NewID(now).String(), now.UTC(), a.By(), "", nil
	secret := h.addSecret(&k)
	return k, secret, h.put(ctx, a, k, nil, "webhook.add", now)
}

// addSecret gives a hook a new secret; the one before stays valid beside it.
func (h *Hooks) addSecret(k *Hook) string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand)
	k.Closed = append([]string{h.seal.Close(raw, k.ID)}, k.Closed...)
	k.Closed = k.Closed[:min(len(k.Closed), 2)]
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}

// Change replaces name, URL, events and Private, and begins an ended one again.
func (h *Hooks) Change(ctx context.Context, a desk.Actor, k Hook, now time.Time) error {
	return h.edit(ctx, a, k.ID, "webhook.change", now, func(old *Hook) error {
		old.Name, old.URL, old.Events, old.Private, old.Ended = k.Name, k.URL, k.Events, k.Private, ""
		return check(old)
	})
}

// Rotate gives it a new secret. Calls are signed with both until the next
// Rotate, so that the other side can change over in between.
func (h *Hooks) Rotate(ctx context.Context, a desk.Actor, id string, now time.Time) (string, error) {
	var secret string
	err := h.edit(ctx, a, id, "webhook.rotate", now, func(k *Hook) error {
		secret = h.addSecret(k)
		return nil
	})
	return secret, err
}

// Remove ends a subscription for good.
func (h *Hooks) Remove(ctx context.Context, a desk.Actor, id string, now time.Time) error {
	if !a.Can(desk.Manage) {
		return balie.ErrDenied
	}
	k, _, err := h.Hook(ctx, id)
	if err != nil {
		return err
	}
	c := balie.Change{Records: []balie.Record{{Kind: hookKind, Key: id}, {Kind: stateKind, Key: id},
		a.Audit(now, "webhook.remove", "webhook:"+id, shown(k), nil)}}
	if err := h.store.Commit(ctx, c); err != nil {
		return fmt.Errorf("remove webhook %s: %w", k.Name, err)
	}
	h.woken()
	return nil
}

func (h *Hooks) edit(ctx context.Context, a desk.Actor, id, act string, now time.Time, change func(*Hook) error) error {
	if !a.Can(desk.Manage) {
		return balie.ErrDenied
	}
	return store.Retry(ctx, func(ctx context.Context) error {
		k, _, err := h.Hook(ctx, id)
		if err != nil {
			return err
		}
		before := shown(k)
		if err := change(&k); err != nil {
			return err
		}
		return h.put(ctx, a, k, before, act, now)
	})
}

// put stores a hook with its audit line, and what waits for it is tried at once.
func (h *Hooks) put(ctx context.Context, a desk.Actor, k Hook, before any, act string, now time.Time) error {
	body, err := json.Marshal(k)
	if err != nil {
		return err
	}
	p, err := h.progress(ctx, k)
	if err != nil {
		return err
	}
	p.Next, p.Since, p.Attempt = time.Time{}, time.Time{}, 0
	c := balie.Change{Records: []balie.Record{
		{Kind: hookKind, Key: k.ID, Version: k.version + 1, Body: body},
		a.Audit(now, act, "webhook:"+k.ID, before, shown(k)),
		p.record(k.ID),
	}}
	if err := h.store.Commit(ctx, c); err != nil {
		return fmt.Errorf("store webhook %s: %w", k.Name, err)
	}
	h.woken()
	return nil
}

// record is the progress as it is stored; tries fit in a page of the store.
func (p Progress) record(id string) balie.Record {
	body, err := json.Marshal(p)
	if err != nil { // numbers, times and texts
		panic(err)
	}
	return balie.Record{Kind: stateKind, Key: id, Version: p.version + 1, Body: body}
}

func (h *Hooks) woken() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// shown is a hook as the audit log has it.
func shown(k Hook) map[string]any {
	return map[string]any{"name": k.Name, "url": k.URL, "events": k.Events, "private": k.Private, "secrets": len(k.Closed), "ended": k.Ended}
}

// urlLimit bounds an address, in bytes.
const urlLimit = 2000

// check says what is wrong with a subscription.
func check(k *Hook) error {
	k.Name, k.URL = strings.TrimSpace(k.Name), strings.TrimSpace(k.URL)
	u, err := url.Parse(k.URL)
	switch {
	case k.Name == "":
		return &balie.InvalidError{Field: "name", Problem: "it has no name", Fix: "say which system listens"}
	case err != nil || len(k.URL) > urlLimit || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return &balie.InvalidError{Field: "url", Problem: "that is no address to call", Fix: "write it as https://system.example.nl/hook, without a password in it"}
	}
	for _, e := range k.Events {
		if !slices.Contains(Events, e) {
			return &balie.InvalidError{Field: "events", Problem: fmt.Sprintf("there is no event %.40q", e), Fix: "use some of " + strings.Join(Events, ", ")}
		}
	}
	return nil
}
