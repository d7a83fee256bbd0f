package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// SlackOptions describe the workspace that is played. Zero values get names
// that are Slack's in shape.
type SlackOptions struct {
	TeamID, AppID, BotID, BotUser string
	Token                         string
	SigningSecret                 string
	Users                         map[string]string // user id -> real name
	// Pauses before each redelivery of an event that was not taken: Slack's
	// own are none, one minute, five minutes.
	Pauses []time.Duration
	// Patience is how long an event may go unanswered: Slack's is 3 s.
	Patience time.Duration
}

// Slack is a workspace on loopback: it speaks the methods of the Web API that
// balie uses and sends signed events.
type Slack struct {
	opts   SlackOptions
	server *http.Server
	url    string
	done   chan struct{}

	mu       sync.Mutex
	last     int64 // microseconds of the newest ts: every ts is later
	messages map[string][]SlackMessage
	faults   map[string][]SlackFault
	calls    map[string]int
	changed  chan struct{} // closed and replaced when a message comes
	events   int
}

// SlackMessage is what stands in a channel.
type SlackMessage struct {
	TS       string
	ThreadTS string
	User     string
	BotID    string
	Text     string
	Metadata json.RawMessage // as it was posted
	Form     map[string]string
}

// SlackFault is how one call of a method goes wrong. The zero value is a call
// that goes well, to leave a gap.
type SlackFault struct {
	Code       string        // {"ok": false, "error": Code}
	Status     int           // an HTTP status without JSON
	RetryAfter time.Duration // with Status 429
	Location   string        // with a Status of 3xx
	// Silent takes the message and closes the connection without an answer:
	// nobody but Slack knows the outcome.
	Silent bool
	// Deaf closes the connection before anything happened.
	Deaf bool
}

// StartSlack starts a workspace.
func StartSlack(o SlackOptions) (*Slack, error) {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&o.TeamID, "T0BALIE")
	set(&o.AppID, "A0BALIE")
	set(&o.BotID, "B0BALIE")
	set(&o.BotUser, "U0BALIE")
	set(&o.Token, "xoxb-stand-in")
	set(&o.SigningSecret, "0123456789abcdef0123456789abcdef")
	if o.Pauses == nil {
		o.Pauses = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if o.Patience <= 0 {
		o.Patience = 3 * time.Second
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen as slack: %w", err)
	}
	s := &Slack{opts: o, url: "http://" + l.Addr().String() + "/api/", done: make(chan struct{}),
		messages: map[string][]SlackMessage{}, faults: map[string][]SlackFault{}, calls: map[string]int{},
		changed: make(chan struct{})}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(l) // ends with Close
	}()
	return s, nil
}

// URL is where the Web API is, as for slack.Config.APIURL.
func (s *Slack) URL() string { return s.url }

// Options are the options with what was filled in.
func (s *Slack) Options() SlackOptions { return s.opts }

// Close ends the workspace.
func (s *Slack) Close() error {
	err := s.server.Close()
	<-s.done
	return err
}

// Fail makes the next calls of a method go wrong, one fault each.
func (s *Slack) Fail(method string, f ...SlackFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], f...)
}

// Calls is how often a method was called.
func (s *Slack) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Posted is what the bot posted in a channel, oldest first.
func (s *Slack) Posted(channel string) []SlackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posted(channel)
}

func (s *Slack) posted(channel string) []SlackMessage {
	var out []SlackMessage
	for _, m := range s.messages[channel] {
		if m.BotID != "" {
			out = append(out, m)
		}
	}
	return out
}

// Wait waits until the bot posted n messages in a channel.
func (s *Slack) Wait(ctx context.Context, channel string, n int) ([]SlackMessage, error) {
	for {
		s.mu.Lock()
		got, changed := s.posted(channel), s.changed
		s.mu.Unlock()
		if len(got) >= n {
			return got, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return got, fmt.Errorf("wait for %d messages in %s, have %d: %w", n, channel, len(got), ctx.Err())
		}
	}
}

// add puts a message in a channel under a fresh ts.
func (s *Slack) add(channel string, m SlackMessage) SlackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, time.Now().UnixMicro())
	m.TS = fmt.Sprintf("%d.%06d", s.last/1e6, s.last%1e6)
	s.messages[channel] = append(s.messages[channel], m)
	close(s.changed)
	s.changed = make(chan struct{})
	return m
}

func (s *Slack) serve(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	f := s.fault(method)
	if f.Deaf {
		hangUp(w)
		return
	}
	if err := r.ParseForm(); err != nil {
		answer(w, map[string]any{"ok": false, "error": "invalid_form_data"})
		return
	}
	switch {
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
		}
		if f.Location != "" {
			w.Header().Set("Location", f.Location)
		}
		w.WriteHeader(f.Status)
		return
	case f.Code != "":
		answer(w, map[string]any{"ok": false, "error": f.Code})
		return
	case bearer(r) != s.opts.Token:
		answer(w, map[string]any{"ok": false, "error": "invalid_auth"})
		return
	}
	out := s.call(method, r)
	if f.Silent {
		hangUp(w)
		return
	}
	answer(w, out)
}

func (s *Slack) fault(method string) SlackFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	q := s.faults[method]
	if len(q) == 0 {
		return SlackFault{}
	}
	s.faults[method] = q[1:]
	return q[0]
}

func bearer(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.Form.Get("token")
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			c.Close()
		}
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the caller is gone: nothing to do
}

func (s *Slack) call(method string, r *http.Request) map[string]any {
	switch method {
	case "auth.test":
		return map[string]any{"ok": true, "url": "https://stand-in.slack.com/", "team": "Stand-in", "user": "balie",
			"team_id": s.opts.TeamID, "user_id": s.opts.BotUser, "bot_id": s.opts.BotID}
	case "chat.postMessage":
		return s.post(r)
	case "conversations.replies":
		return s.replies(r)
	case "conversations.history":
		return s.history(r)
	case "users.info":
		return s.user(r.Form.Get("user"))
	}
	return map[string]any{"ok": false, "error": "unknown_method"}
}

func (s *Slack) post(r *http.Request) map[string]any {
	channel, text := r.Form.Get("channel"), r.Form.Get("text")
	switch {
	case channel == "":
		return map[string]any{"ok": false, "error": "channel_not_found"}
	case text == "":
		return map[string]any{"ok": false, "error": "no_text"}
	}
	m := SlackMessage{ThreadTS: r.Form.Get("thread_ts"), User: s.opts.BotUser, BotID: s.opts.BotID, Text: text,
		Form: map[string]string{}}
	for k := range r.Form {
		if k != "token" {
			m.Form[k] = r.Form.Get(k)
		}
	}
	if meta := r.Form.Get("metadata"); json.Valid([]byte(meta)) {
		m.Metadata = json.RawMessage(meta)
	}
	m = s.add(channel, m)
	return map[string]any{"ok": true, "channel": channel, "ts": m.TS, "message": s.shape(m, false)}
}

// shape is a message as Slack's JSON has it.
func (s *Slack) shape(m SlackMessage, meta bool) map[string]any {
	out := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": s.opts.TeamID}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if m.BotID != "" {
		out["bot_id"], out["app_id"] = m.BotID, s.opts.AppID
	}
	if meta && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	return out
}

func (s *Slack) replies(r *http.Request) map[string]any {
	ts := r.Form.Get("ts")
	found := false
	out := s.said(r, func(m SlackMessage) bool {
		found = found || m.TS == ts
		return m.TS == ts || m.ThreadTS == ts
	})
	if !found {
		return map[string]any{"ok": false, "error": "thread_not_found"}
	}
	return out
}

// history lists newest first and without the replies in threads, as Slack does.
func (s *Slack) history(r *http.Request) map[string]any {
	return s.said(r, func(m SlackMessage) bool { return m.ThreadTS == "" || m.ThreadTS == m.TS })
}

// said is a page of the messages of a channel. A thread's first message is
// always on the first page of its replies.
func (s *Slack) said(r *http.Request, want func(SlackMessage) bool) map[string]any {
	s.mu.Lock()
	all := slices.Clone(s.messages[r.Form.Get("channel")])
	s.mu.Unlock()
	oldest, meta := r.Form.Get("oldest"), r.Form.Get("include_all_metadata") == "1"
	var list []map[string]any
	for _, m := range all {
		if want(m) && (m.TS > oldest || m.TS == r.Form.Get("ts")) {
			list = append(list, s.shape(m, meta))
		}
	}
	if r.Form.Get("ts") == "" {
		slices.Reverse(list)
	}
	limit, err := strconv.Atoi(r.Form.Get("limit"))
	if err != nil || limit <= 0 {
		limit = 100
	}
	from, _ := strconv.Atoi(r.Form.Get("cursor"))
	from = min(max(from, 0), len(list))
	next, to := "", min(from+limit, len(list))
	if to < len(list) {
		next = strconv.Itoa(to)
	}
	return map[string]any{"ok": true, "messages": append([]map[string]any{}, list[from:to]...), "has_more": next != "",
		"response_metadata": map[string]any{"next_cursor": next}}
}

func (s *Slack) user(id string) map[string]any {
	name, ok := s.opts.Users[id]
	if !ok {
		return map[string]any{"ok": false, "error": "user_not_found"}
	}
	return map[string]any{"ok": true, "user": map[string]any{"id": id, "team_id": s.opts.TeamID, "name": strings.ToLower(name),
		"real_name": name, "profile": map[string]any{"real_name": name, "display_name": name}}}
}
