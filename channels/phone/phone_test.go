package phone

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/channeltest"
	"github.com/balie/balie/internal/peers"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // of the published vectors
	next   = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t *testing.T, c Config) (url string, sink *channeltest.Sink, p *Phone) {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = []string{secret}
	}
	sink = channeltest.NewSink()
	p = New(c, quiet())
	return channeltest.Serve(t, p, sink) + "/phone/calls", sink, p
}

func missed(callID string) []byte {
	return fmt.Appendf(nil, `{"type":"call.missed","timestamp":"2026-11-24T09:30:00+01:00","data":{"call_id":%q,`+
		`"direction":"inbound","from":"+31201234567","to":"+31207654321","note":"word"}}`, callID)
}

// answer is what the outside hears.
type answer struct {
	status int
	head   http.Header
	receipt
	body string
}

func post(ctx context.Context, url string, head http.Header, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = head
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, head: resp.Header, body: string(b)}
	if err == nil && resp.StatusCode == http.StatusOK {
		err = json.Unmarshal(b, &a.receipt)
	}
	return a, err
}

func send(t *testing.T, url, id string, body []byte) answer {
	t.Helper()
	a, err := post(t.Context(), url, peers.SignWebhook(secret, id, time.Now(), body), body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPhoneKeepsThePromisesOfAChannel(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		Package: "github.com/balie/balie/channels/phone",
		Start: func(t *testing.T, sink channels.Sink) channeltest.Line {
			p := New(Config{Secrets: []string{secret}, Patience: 200 * time.Millisecond}, quiet())
			url := channeltest.Serve(t, p, sink) + "/phone/calls"
			return channeltest.Line{Channel: p, Send: func(ctx context.Context, id, text string) channeltest.Answer {
				body := bytes.Replace(missed("c-1"), []byte(`"word"`), fmt.Appendf(nil, "%q", text), 1)
				a, err := post(ctx, url, peers.SignWebhook(secret, id, time.Now(), body), body)
				switch {
				case err != nil:
					return channeltest.TryLater
				case a.status == http.StatusOK:
					return channeltest.Received
				case a.status == http.StatusServiceUnavailable && a.head.Get("Retry-After") != "":
					return channeltest.TryLater
				}
				return channeltest.Refused
			}}
		},
	})
}

// TestS9_PublishedVectors: the vectors of Standard Webhooks (MIT), see
// testdata/SOURCE.
func TestS9_PublishedVectors(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "vectors.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var v struct {
			Name, ID, Secret, Timestamp, Body, Signature string
			Valid                                        bool
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		sec, _ := strconv.ParseInt(v.Timestamp, 10, 64)
		err := signed{v.ID, v.Timestamp, v.Signature}.verify(time.Unix(sec, 0), []string{v.Secret}, []byte(v.Body))
		if (err == nil) != v.Valid {
			t.Errorf("%s: %v, want valid %v", v.Name, err, v.Valid)
		}
	}
	if n < 5 {
		t.Errorf("%d vectors", n)
	}
}

func TestS9_ReplayTable(t *testing.T) {
	url, sink, _ := open(t, Config{Secrets: []string{next, secret}})
	now, body := time.Now(), missed("c-1")
	set := func(h http.Header, k, v string) http.Header { h.Set(k, v); return h }
	sign := func(s, id string, at time.Time) http.Header { return peers.SignWebhook(s, id, at, body) }
	del := func(k string) http.Header { h := sign(secret, "m1", now); h.Del(k); return h }
	good := sign(secret, "m1", now).Get("webhook-signature")
	spaced := append([]byte(" "), body...)
	cases := []struct {
		name string
		head http.Header
		body []byte
		code int
		took int
	}{
		{"nothing", http.Header{}, body, 401, 0},
		{"no id", del("webhook-id"), body, 401, 0},
		{"no timestamp", del("webhook-timestamp"), body, 401, 0},
		{"no signature", del("webhook-signature"), body, 401, 0},
		{"id with a dot", sign(secret, "m.1", now), body, 401, 0},
		{"id with a space", sign(secret, "m 1", now), body, 401, 0},
		{"id too long", sign(secret, strings.Repeat("m", 256), now), body, 401, 0},
		{"wrong secret", sign("whsec_"+strings.Repeat("QUFB", 8), "m1", now), body, 401, 0},
		{"empty secret", sign("whsec_", "m1", now), body, 401, 0},
		{"other id", set(sign(secret, "m1", now), "webhook-id", "m2"), body, 401, 0},
		{"other timestamp", set(sign(secret, "m1", now), "webhook-timestamp", strconv.FormatInt(now.Unix()-1, 10)), body, 401, 0},
		{"body written anew", sign(secret, "m1", now), spaced, 401, 0},
		{"no version", set(sign(secret, "m1", now), "webhook-signature", strings.TrimPrefix(good, "v1,")), body, 401, 0},
		{"other version", set(sign(secret, "m1", now), "webhook-signature", "v2"+good[2:]), body, 401, 0},
		{"301 s old", sign(secret, "m1", now.Add(-301*time.Second)), body, 401, 0},
		{"305 s ahead", sign(secret, "m1", now.Add(305*time.Second)), body, 401, 0},
		{"right", sign(secret, "m1", now), body, 200, 1},
		{"replayed", sign(secret, "m1", now), body, 200, 1},
		{"signed afresh", sign(secret, "m1", now.Add(-200*time.Second)), body, 200, 1},
		{"with the next secret", sign(next, "m1", now), body, 200, 1},
		{"second of two signatures", set(sign(secret, "m2", now), "webhook-signature",
			"v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" "+sign(secret, "m2", now).Get("webhook-signature")), body, 200, 2},
	}
	for _, c := range cases {
		a, err := post(t.Context(), url, c.head, c.body)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if a.status != c.code || len(sink.Taken()) != c.took {
			t.Errorf("%s: %d, %d taken in; want %d, %d\n%s", c.name, a.status, len(sink.Taken()), c.code, c.took, a.body)
		}
		if c.code >= 400 && !strings.HasPrefix(a.head.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: answered as %s", c.name, a.head.Get("Content-Type"))
		}
	}
}

func TestS9_WithoutSecretNobodyIsLetIn(t *testing.T) {
	for _, secrets := range [][]string{{}, {""}, {"whsec_"}, {"whsec_c2hvcnQ="}, {"not base64!"}} {
		url, _, p := open(t, Config{Secrets: secrets})
		body := missed("c-1")
		s := ""
		if len(secrets) > 0 {
			s = secrets[0]
		}
		if a, err := post(t.Context(), url, peers.SignWebhook(s, "m1", time.Now(), body), body); err != nil || a.status != 401 {
			t.Errorf("secrets %q: %d %v", secrets, a.status, err)
		}
		var invalid *balie.InvalidError
		if err := p.Check(t.Context()); !errors.As(err, &invalid) {
			t.Errorf("secrets %q: %v", secrets, err)
		}
	}
}

func TestR2_SameEventAgainGetsTheSameReceipt(t *testing.T) {
	url, sink, _ := open(t, Config{Account: "line-1"})
	first := send(t, url, "m1", missed("c-1"))
	if first.status != 200 || first.Message.IsZero() || first.Ref == "" || first.Outcome != balie.LedgerTaken || first.Duplicate {
		t.Fatalf("%d %s", first.status, first.body)
	}
	again := send(t, url, "m1", missed("c-1"))
	if again.status != 200 || !again.Duplicate || again.Message != first.Message || again.Ref != first.Ref || again.Request != first.Request {
		t.Errorf("again: %d %s, first %s", again.status, again.body, first.body)
	}
	r := sink.Taken()[0]
	if r.Key != "call:line-1:m1" || r.Format != "call" || r.Verified || !r.Sender.IsZero() ||
		!r.At.Equal(time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)) {
		t.Errorf("taken in as %+v", r)
	}
}

func TestR2_FiftyAtOnceAreOne(t *testing.T) {
	url, sink, _ := open(t, Config{})
	body := missed("c-1")
	var wg sync.WaitGroup
	refs := make([]string, 50)
	for i := range refs {
		wg.Go(func() {
			a, err := post(t.Context(), url, peers.SignWebhook(secret, "m1", time.Now(), body), body)
			if err != nil || a.status != 200 {
				t.Errorf("%d %v %s", a.status, err, a.body)
			}
			refs[i] = a.Ref
		})
	}
	wg.Wait()
	for _, r := range refs {
		if r != refs[0] {
			t.Errorf("references %q and %q", r, refs[0])
		}
	}
	if n := len(sink.Taken()); n != 1 {
		t.Errorf("%d taken in", n)
	}
}

func TestS9_SameIDWithOtherWordsIsRefused(t *testing.T) {
	url, sink, _ := open(t, Config{})
	send(t, url, "m1", missed("c-1"))
	a := send(t, url, "m1", missed("c-2"))
	if a.status != 422 || !strings.Contains(a.body, "webhook-id") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := len(sink.Taken()); n != 1 {
		t.Errorf("%d taken in", n)
	}

	// After a restart only the store knows.
	store := func(_ context.Context, _ balie.ID, key string) (balie.BlobID, bool, error) {
		b, ok := sink.BodyOf(key)
		return b, ok, nil
	}
	restarted := New(Config{Secrets: []string{secret}, Body: store}, quiet())
	url = channeltest.Serve(t, restarted, sink) + "/phone/calls"
	if a := send(t, url, "m1", missed("c-2")); a.status != 422 {
		t.Errorf("after a restart: %d %s", a.status, a.body)
	}
	if a := send(t, url, "m1", missed("c-1")); a.status != 200 || !a.Duplicate {
		t.Errorf("the right words after a restart: %d %s", a.status, a.body)
	}
	down := New(Config{Secrets: []string{secret}, Body: func(context.Context, balie.ID, string) (balie.BlobID, bool, error) {
		return "", false, errors.New("disk")
	}}, quiet())
	url = channeltest.Serve(t, down, sink) + "/phone/calls"
	if a := send(t, url, "m1", missed("c-1")); a.status != 503 {
		t.Errorf("store down: %d %s", a.status, a.body)
	}
}

func TestWrongEventSaysWhichMember(t *testing.T) {
	url, sink, _ := open(t, Config{})
	change := func(old, new string) string { return strings.Replace(string(missed("c-1")), old, new, 1) }
	for i, c := range []struct{ body, field string }{
		{``, ""}, {`[]`, ""}, {`{`, ""}, {"nonsense", ""},
		{`{}`, "data"}, {`{"data":{}}`, "type"},
		{change(`"call.missed"`, `"call.exploded"`), "type"},
		{change(`"call.missed"`, `7`), "type"},
		{change(`"2026-11-24T09:30:00+01:00"`, `"yesterday"`), "timestamp"},
		{change(`"c-1"`, `""`), "data.call_id"},
		{change(`"c-1"`, `"`+strings.Repeat("c", 201)+`"`), "data.call_id"},
		{change(`"inbound"`, `"sideways"`), "data.direction"},
		{change(`"to":"+31207654321",`, ``), "data.to"},
		{change(`"note":"word"`, `"outcome":"maybe"`), "data.outcome"},
		{change(`"note":"word"`, `"started_at":"9:30"`), "data.started_at"},
		{change(`"note":"word"`, `"fields":{"a":["b"]}`), "data.fields"},
		{change(`"note":"word"`, `"fields":{"":"b"}`), "data.fields"},
		{change(`"note":"word"`, `"fields":"b"`), "data.fields"},
	} {
		a := send(t, url, fmt.Sprintf("m%d", i), []byte(c.body))
		var p struct{ Field, Detail string }
		json.Unmarshal([]byte(a.body), &p)
		if a.status != 422 || p.Field != c.field || p.Detail == "" {
			t.Errorf("%s\n%d field %q, want %q: %s", c.body, a.status, p.Field, c.field, a.body)
		}
	}
	if n := len(sink.Taken()); n != 0 {
		t.Errorf("%d taken in", n)
	}
	for i, ok := range []string{
		change(`"note":"word"`, `"tomorrow":{"x":[1]},"fields":{"a":"b","n":3,"yes":true,"none":null}`),
		change(`"from":"+31201234567",`, ``), change(`"+31201234567"`, `"anonymous"`),
	} {
		if a := send(t, url, fmt.Sprintf("ok%d", i), []byte(ok)); a.status != 200 {
			t.Errorf("%s\n%d %s", ok, a.status, a.body)
		}
	}
}

func TestS11_EventOverTheLimitIsRefused(t *testing.T) {
	url, _, _ := open(t, Config{})
	body := []byte(strings.Repeat(" ", callLimit+1))
	if a := send(t, url, "m1", body); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d for %d bytes", a.status, len(body))
	}
}

func TestRememberedIDsAreBounded(t *testing.T) {
	r := remembered{by: map[string]balie.BlobID{}}
	for i := range maxRemembered + 10 {
		r.put(strconv.Itoa(i), "b")
	}
	if _, ok := r.get("9"); ok || len(r.by) != maxRemembered {
		t.Errorf("%d remembered", len(r.by))
	}
	if _, ok := r.get("10"); !ok {
		t.Error("the oldest went too soon")
	}
}

func FuzzReadCall(f *testing.F) {
	f.Add(missed("c-1"))
	f.Add([]byte(`{"type":"call.ended","timestamp":"2026-11-24T09:30:00Z","data":{"call_id":"x","direction":"outbound","to":"1","fields":{"a":1e400}}}`))
	f.Add([]byte(`{"data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := readCall(body)
		var invalid *balie.InvalidError
		switch {
		case err == nil && (e.Data == nil || e.Data.CallID == "" || e.at.IsZero()):
			t.Errorf("accepted without what it must have: %q", body)
		case err != nil && !errors.As(err, &invalid):
			t.Errorf("%q: %v is not for people", body, err)
		case err != nil && invalid.Problem == "":
			t.Errorf("%q: no problem named", body)
		}
	})
}
