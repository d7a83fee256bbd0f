package slack

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/balie/balie/internal/peers"
)

// TestS9_PublishedVectors: the vectors of slack-go (BSD-2-Clause), see
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
			Name, Secret, Timestamp, Body, Signature string
			Valid                                    bool
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		sec, _ := strconv.ParseInt(v.Timestamp, 10, 64)
		err := verify(time.Unix(sec, 0), []string{v.Secret}, v.Timestamp, v.Signature, []byte(v.Body))
		if (err == nil) != v.Valid {
			t.Errorf("%s: %v, want valid %v", v.Name, err, v.Valid)
		}
	}
	if n < 4 {
		t.Errorf("%d vectors", n)
	}
}

func TestS9_ReplayTable(t *testing.T) {
	const old, next = "11111111111111111111111111111111", "22222222222222222222222222222222"
	w := open(t, func(c *Config) { c.SigningSecrets = []string{next, old} })
	event := func(team, app, ts string) []byte {
		b, _ := json.Marshal(map[string]any{"type": "event_callback", "team_id": team, "api_app_id": app, "event": map[string]any{
			"type": "message", "channel": "C1", "user": "U1", "text": "hi", "ts": ts}})
		return b
	}
	const team, app = "T0BALIE", "A0BALIE"
	now := time.Now()
	good := event(team, app, "1764000000.000001")
	with := func(h http.Header, k, v string) http.Header { h.Set(k, v); return h }
	without := func(h http.Header, k string) http.Header { h.Del(k); return h }
	challenge := []byte(`{"type":"url_verification","challenge":"abc"}`)
	cases := []struct {
		name string
		head http.Header
		body []byte
		code int
		took int // messages in the sink afterwards
	}{
		{"no signature", without(peers.SignSlack(old, now, good), "X-Slack-Signature"), good, 401, 0},
		{"no timestamp", without(peers.SignSlack(old, now, good), "X-Slack-Request-Timestamp"), good, 401, 0},
		{"timestamp no number", with(peers.SignSlack(old, now, good), "X-Slack-Request-Timestamp", "soon"), good, 401, 0},
		{"other secret", peers.SignSlack("33333333333333333333333333333333", now, good), good, 401, 0},
		{"empty secret", peers.SignSlack("", now, good), good, 401, 0},
		{"301 s old", peers.SignSlack(old, now.Add(-301*time.Second), good), good, 401, 0},
		{"305 s ahead", peers.SignSlack(old, now.Add(305*time.Second), good), good, 401, 0},
		{"body changed", peers.SignSlack(old, now, good), []byte(strings.Replace(string(good), "hi", "ho", 1)), 401, 0},
		{"spaces changed", peers.SignSlack(old, now, good), append([]byte(" "), good...), 401, 0},
		{"unsigned challenge", http.Header{}, challenge, 401, 0},
		{"other workspace", peers.SignSlack(old, now, event("TEVIL", app, "1.000001")), event("TEVIL", app, "1.000001"), 403, 0},
		{"other app", peers.SignSlack(old, now, event(team, "AEVIL", "1.000001")), event(team, "AEVIL", "1.000001"), 403, 0},
		{"no workspace", peers.SignSlack(old, now, event("", "", "1.000001")), event("", "", "1.000001"), 403, 0},
		{"challenge", peers.SignSlack(old, now, challenge), challenge, 200, 0},
		{"first retry of what was never kept", with(peers.SignSlack(old, now, good), "X-Slack-Retry-Num", "1"), good, 200, 1},
		{"again", peers.SignSlack(old, now, good), good, 200, 1},
		{"again with the next secret", peers.SignSlack(next, now, good), good, 200, 1},
		{"299 s old", peers.SignSlack(old, now.Add(-295*time.Second), good), good, 200, 1},
	}
	for _, c := range cases {
		code, answer, head := post(t, w.events, c.head, c.body)
		if code != c.code {
			t.Errorf("%s: %d %s, want %d", c.name, code, answer, c.code)
		}
		if code >= 400 && !strings.HasPrefix(head.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: answered as %s", c.name, head.Get("Content-Type"))
		}
		if n := len(w.sink.Taken()); n != c.took {
			t.Errorf("%s: %d taken in, want %d", c.name, n, c.took)
		}
	}
}

func TestS9_ChallengeIsAnswered(t *testing.T) {
	w := open(t, nil)
	body := []byte(`{"type":"url_verification","challenge":"<b>abc</b>"}`)
	code, answer, head := post(t, w.events, peers.SignSlack(w.peer.Options().SigningSecret, time.Now(), body), body)
	if code != 200 || answer != "<b>abc</b>" || !strings.HasPrefix(head.Get("Content-Type"), "text/plain") {
		t.Errorf("%d %q as %s", code, answer, head.Get("Content-Type"))
	}
}

func TestS11_EventOverTheLimitIsRefused(t *testing.T) {
	w := open(t, nil)
	body := []byte(strings.Repeat(" ", eventLimit+1))
	code, _, _ := post(t, w.events, peers.SignSlack(w.peer.Options().SigningSecret, time.Now(), body), body)
	if code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d for %d bytes", code, len(body))
	}
}

func TestS9_WithoutSecretNobodyIsLetIn(t *testing.T) {
	for _, secrets := range [][]string{nil, {""}, {"short"}} {
		w := open(t, func(c *Config) { c.SigningSecrets = secrets })
		body := []byte(`{"type":"url_verification","challenge":"abc"}`)
		secret := ""
		if len(secrets) > 0 {
			secret = secrets[0]
		}
		if code, _, _ := post(t, w.events, peers.SignSlack(secret, time.Now(), body), body); code != 401 {
			t.Errorf("secrets %q: %d", secrets, code)
		}
		if w.slack.conf.Validate() == nil {
			t.Errorf("secrets %q are valid", secrets)
		}
	}
}

// FuzzVerify holds our check against slack-go's.
func FuzzVerify(f *testing.F) {
	const secret = "0123456789abcdef0123456789abcdef"
	now := time.Now()
	head := peers.SignSlack(secret, now, []byte("{}"))
	f.Add(head.Get("X-Slack-Request-Timestamp"), head.Get("X-Slack-Signature"), []byte("{}"))
	f.Add("", "v0=", []byte(""))
	f.Add("-9223372036854775808", "v0=00", []byte("x"))
	f.Fuzz(func(t *testing.T, ts, signature string, body []byte) {
		ours := verify(time.Now(), []string{secret}, ts, signature, body) == nil
		h := http.Header{}
		h.Set("X-Slack-Request-Timestamp", ts)
		h.Set("X-Slack-Signature", signature)
		v, err := slack.NewSecretsVerifier(h, secret)
		if err == nil {
			v.Write(body)
			err = v.Ensure()
		}
		if ours && err != nil {
			t.Errorf("accepted what slack-go refuses (%v): ts %q signature %q body %q", err, ts, signature, body)
		}
	})
}
