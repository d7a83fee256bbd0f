package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Events are the names that a subscription can ask for: those of balie.What
// that somebody outside can act on.
var Events = []string{
	"opened", "to_desk", "asked", "answered", "handed_out", "handout_accepted", "handout_done", "handout_refused",
	"handout_returned", "handout_withdrawn", "planned", "resumed", "replied", "reopened", "confirmed", "lapsed", "unanswered",
	"closed", "undone", "unsent", "received", "team_said", "told", "edited", "filled", "tagged", "undelivered", "bounced", "rated",
}

// called is the body of a call.
type called struct {
	Type string    `json:"type"`      // "request.answered"
	At   time.Time `json:"timestamp"` // of the event
	Data payload   `json:"data"`
}

type payload struct {
	Seq     uint64  `json:"seq"` // its number on the request
	By      string  `json:"by"`
	Request request `json:"request"`
	Private *person `json:"customer,omitempty"`
}

// request is what is said of a request: it as it is when the call is made,
// which may be later than the event.
type request struct {
	ID       balie.ID      `json:"id"`
	Ref      string        `json:"ref"`
	Version  uint64        `json:"version"`
	State    balie.State   `json:"state"`
	Outcome  balie.Outcome `json:"outcome,omitzero"`
	Kind     balie.Kind    `json:"kind,omitzero"`
	Channel  string        `json:"channel"`
	Product  string        `json:"product,omitzero"`
	Priority int           `json:"priority"`
	Assignee string        `json:"assignee,omitzero"`
	Teams    []string      `json:"teams,omitzero"` // that have it
	Opened   time.Time     `json:"opened"`
	Changed  time.Time     `json:"changed"`
	Promised time.Time     `json:"promised,omitzero"`
}

// person is what a subscription with Private hears besides.
type person struct {
	ID        balie.ID          `json:"id,omitzero"`
	Name      string            `json:"name,omitzero"`
	Addresses []balie.Address   `json:"addresses,omitzero"`
	Subject   string            `json:"subject,omitzero"`
	Words     string            `json:"words,omitzero"` // the beginning of the last ones
	Fields    map[string]string `json:"fields,omitzero"`
}

// wants reports whether a subscription asks for an event.
func (k Hook) wants(e balie.Event) bool {
	if !slices.Contains(Events, string(e.What)) {
		return false
	}
	return len(k.Events) == 0 || slices.Contains(k.Events, string(e.What))
}

// body is what is said of an event.
func (h *Hooks) body(ctx context.Context, k Hook, e balie.Event) (string, []byte, error) {
	r, err := h.store.Request(ctx, e.Request)
	if err != nil {
		return "", nil, err
	}
	out := called{Type: "request." + string(e.What), At: e.At.UTC(), Data: payload{Seq: e.Seq, By: e.By, Request: request{
		r.ID, r.Ref, r.Version, r.State, r.Outcome, r.Kind, r.Channel, r.Product, r.Priority, r.Assignee, nil, r.Opened, r.Changed, r.Promised}}}
	for _, t := range r.OpenHandouts() {
		out.Data.Request.Teams = append(out.Data.Request.Teams, t.Team)
	}
	if k.Private {
		if out.Data.Private, err = h.person(ctx, r); err != nil {
			return "", nil, err
		}
	}
	b, err := json.Marshal(out)
	return r.Ref, b, err
}

func (h *Hooks) person(ctx context.Context, r balie.Request) (*person, error) {
	p := &person{ID: r.Customer, Subject: r.Subject, Words: r.Preview, Fields: r.Fields}
	if r.Customer.IsZero() {
		return p, nil
	}
	found, err := h.store.Lookup(ctx, store.Query{People: []balie.ID{r.Customer}})
	if err != nil {
		return nil, err
	}
	c := found.People[r.Customer]
	p.Name, p.Addresses = c.Name, c.Addresses
	return p, nil
}

// answerBytes is how much of an answer is read: only its status counts.
const answerBytes = 4 << 10

// call makes one call. retryAfter is what the other side asked for.
func (h *Hooks) call(ctx context.Context, k Hook, id string, body []byte) (status int, retryAfter time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.URL, strings.NewReader(string(body)))
	if err != nil {
		return 0, 0, err
	}
	if err := h.sign(req, k, id, body); err != nil {
		return 0, 0, err
	}
	res, err := h.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	if _, err := io.CopyN(io.Discard, res.Body, answerBytes); err != nil && !errors.Is(err, io.EOF) {
		return res.StatusCode, 0, fmt.Errorf("read the answer: %w", err)
	}
	return res.StatusCode, after(res.Header.Get("Retry-After"), h.now()), nil
}

// sign signs with every secret there is (Standard Webhooks, "Multiple signatures").
func (h *Hooks) sign(req *http.Request, k Hook, id string, body []byte) error {
	at := h.now()
	var all []string
	for _, closed := range k.Closed {
		raw, err := h.seal.Open(closed, k.ID)
		if err != nil {
			return fmt.Errorf("the webhook's secret cannot be opened: was secret_key replaced? give the webhook a new secret: %w", err)
		}
		w, err := webhooks.NewWebhookRaw(raw)
		if err != nil {
			return err
		}
		s, err := w.Sign(id, at, body)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "balie-webhooks/1")
	req.Header.Set(webhooks.HeaderWebhookID, id)
	req.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(webhooks.HeaderWebhookSignature, strings.Join(all, " "))
	return nil
}

// retryMost bounds what another system can ask for.
const retryMost = 24 * time.Hour

// after reads Retry-After (RFC 9110 section 10.2.3): seconds or a date.
func after(s string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), retryMost)
}

// callID is the same at every try: the other side knows it by that.
func callID(e balie.Event) string { return fmt.Sprintf("evt_%s_%d", e.Request, e.Seq) }

// Test makes one call of type "balie.test", outside the order of events.
func (h *Hooks) Test(ctx context.Context, id string) (Try, error) {
	k, _, err := h.Hook(ctx, id)
	if err != nil {
		return Try{}, err
	}
	now := h.now()
	body := fmt.Appendf(nil, `{"type":"balie.test","timestamp":%q,"data":{}}`, now.UTC().Format(time.RFC3339))
	status, _, err := h.call(ctx, k, "test_"+balie.NewID(now).String(), body)
	return tried(now, h.now(), "test", "", status, err), nil
}

// tried is a call for the list of tries.
func tried(began, ended time.Time, event, ref string, status int, err error) Try {
	t := Try{At: began.UTC(), Event: event, Ref: ref, Status: status, Took: ended.Sub(began)}
	if err != nil {
		t.Error = clip(err.Error())
	}
	return t
}

// errorLimit bounds what is kept of an error, in bytes.
const errorLimit = 300

func clip(s string) string {
	if len(s) > errorLimit {
		s = strings.ToValidUTF8(s[:errorLimit], "") + "…"
	}
	return s
}
