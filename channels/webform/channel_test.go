package webform_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/channeltest"
	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

// blank knows every message by its id and nothing else.
type blank struct{}

func (blank) Request(context.Context, balie.ID) (balie.Request, error) {
	return balie.Request{}, balie.ErrNotFound
}
func (blank) Messages(context.Context, balie.ID) ([]balie.Message, error) { return nil, nil }
func (blank) Message(_ context.Context, id balie.ID) (balie.Message, error) {
	return balie.Message{ID: id}, nil
}
func (blank) Events(context.Context, balie.ID, uint64) ([]balie.Event, error) { return nil, nil }

// line starts a form on a sink.
func line(t *testing.T, sink channels.Sink) (*webform.Form, string) {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := ui.New(texts, ui.Brand{}, webform.Pages())
	if err != nil {
		t.Fatal(err)
	}
	f, err := webform.New(webform.Config{Patience: 500 * time.Millisecond, API: []webform.APIToken{{ID: "t", Secret: apiSecret}}},
		webform.Parts{Requests: blank{}, Tokens: tokens, Texts: texts, UI: pages}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f, channeltest.Serve(t, f, sink)
}

func heard(req *http.Request, err error) channeltest.Answer {
	if err != nil {
		return 0
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return channeltest.TryLater
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusCreated, http.StatusSeeOther:
		return channeltest.Received
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return channeltest.TryLater
	}
	return channeltest.Refused
}

func TestAPIKeepsTheChannelsPromises(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{Package: "github.com/balie/balie/channels/webform", Start: func(t *testing.T, sink channels.Sink) channeltest.Line {
		f, base := line(t, sink)
		return channeltest.Line{Channel: f, Send: func(ctx context.Context, id, text string) channeltest.Answer {
			req, err := http.NewRequestWithContext(ctx, "POST", base+"/api/v1/intake", strings.NewReader(fmt.Sprintf(`{"text":%q}`, text)))
			if err == nil {
				req.Header.Set("Authorization", "Bearer "+apiSecret)
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Idempotency-Key", `"`+id+`"`)
			}
			return heard(req, err)
		}}
	}})
}

func TestFormKeepsTheChannelsPromises(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{Package: "github.com/balie/balie/channels/webform", Start: func(t *testing.T, sink channels.Sink) channeltest.Line {
		f, base := line(t, sink)
		var mu sync.Mutex
		shown := map[string]string{} // the form each message is written in
		return channeltest.Line{Channel: f, Send: func(ctx context.Context, id, text string) channeltest.Answer {
			mu.Lock()
			if shown[id] == "" {
				shown[id] = f.Tokens.Link(token.Form, balie.NewID(time.Now().Add(-time.Minute)), time.Now().Add(time.Hour))
			}
			v := url.Values{"token": {shown[id]}, "text": {text}}
			mu.Unlock()
			req, err := http.NewRequestWithContext(ctx, "POST", base+"/form", strings.NewReader(v.Encode()))
			if err == nil {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			return heard(req, err)
		}}
	}})
}
