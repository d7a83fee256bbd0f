package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store/boltstore"
)

// site is an API over a real store.
type site struct {
	t    *testing.T
	db   *boltstore.DB
	http *http.Client
	stop func() error
}

func open(t *testing.T, change func(*api.Parts)) *site {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := api.Parts{Store: db, Version: "v1.2.3", Calendar: "kantoor", Language: "nl",
		Library: sync.OnceValues(func() (*desk.Library, error) { return desk.OpenLibrary(context.Background(), db, first) })}
	if change != nil {
		change(&p)
	}
	dir, err := os.MkdirTemp("", "balie") // a short name: a socket's has few letters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ln, err := net.Listen("unix", filepath.Join(dir, "api.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, p, ln) }()
	s := &site{t: t, db: db, http: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", ln.Addr().String()) }}}}
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() {
		s.http.CloseIdleConnections()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func first(kind string) (string, []byte, error) {
	switch kind {
	case desk.CatalogueDoc:
		return kind, catalogue.Sample(), nil
	case desk.RulesDoc:
		return kind, router.Sample(), nil
	case desk.OrganisationsDoc:
		return kind, []byte("organisations: []\n"), nil
	}
	return kind, nil, nil
}

// call sends a request; body is JSON or nothing.
func (s *site) call(method, path, body string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://localhost/api/v1"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(b)
}

// fill puts n requests with a message, a delivery and a line in the ledger
// into the store.
func (s *site) fill(n int) []balie.Change {
	s.t.Helper()
	var all []balie.Change
	for i := range n {
		now := time.Now()
		id, mid := balie.NewID(now), balie.NewID(now)
		var c balie.Change
		ref := id.Ref(4)
		for _, e := range []balie.Event{
			{Request: id, What: balie.Opened, Data: map[string]string{"ref": ref, "subject": fmt.Sprint("question ", i), "channel": []string{"email", "form"}[i%2]}},
			{What: balie.ToDesk, Message: mid},
		} {
			e.At, e.By = now, "router@1"
			if err := c.Do(e); err != nil {
				s.t.Fatal(err)
			}
		}
		to := balie.Address{Scheme: balie.Mail, Value: "noor@example.org"}
		key := fmt.Sprintf("imap:desk/INBOX/7/%d", i+1)
		c.Messages = []balie.Message{{ID: mid, Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Key: key, MsgID: key + "@x", Text: "hello", At: now}}
		c.Deliveries = []balie.Delivery{{ID: balie.NewID(now), Request: id, Message: mid, Channel: "email", To: to, Created: now, Due: now, Status: balie.Dead, LastError: "550 no"}}
		c.Ledger = []balie.LedgerEntry{{Message: mid, At: now, Channel: "email", Account: "desk", Key: key, Outcome: balie.LedgerTaken, Request: id, Ref: ref}}
		all = append(all, c)
	}
	if err := s.db.Commit(context.Background(), all...); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// An error of an operation, one that huma finds and one of the path all are
// problems of httpd's making, and every answer says which balie gave it.
func TestErrorsAreProblems(t *testing.T) {
	s := open(t, nil)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/requests/7K3Q-P", "", 404, "#not-found"},
		{"GET", "/requests/nonsense", "", 422, "is no reference and no id"},
		{"GET", "/requests?limit=5000", "", 422, "query.limit"},
		{"GET", "/requests?nonsense=1", "", 422, "query.nonsense"},
		{"GET", "/documents/secrets", "", 422, "path.kind"},
		{"GET", "/nonsense", "", 404, "#not-found"},
		{"DELETE", "/requests", "", 405, "#method"},
		{"POST", "/rules/test", `{"body": 1}`, 422, "body.body"},
		{"POST", "/rules/test", `{"body": "version: 1\nrules: [{id: a}]"}`, 422, `"line":2`},
		{"POST", "/rules/test", `{`, 400, "#bad-request"},
		{"PUT", "/documents/rules", `{"body":"version: 1\nrules:\n- {id: a, when: \"true\", then: {to_desk: {}}}","base":7,"reason":"x"}`, 409, "#stale"},
		{"POST", "/deliveries/01KAZ5V9QJ6X3E8M4R2T7W1Y0C/retry", "", 404, "#not-found"},
	} {
		resp, body := s.call(c.method, c.path, c.body)
		if resp.StatusCode != c.status || !strings.Contains(body, c.says) || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %s: got %d %s %s, want %d with %q", c.method, c.path, c.body, resp.StatusCode, resp.Header.Get("Content-Type"), body, c.status, c.says)
		}
		if v := resp.Header.Get(api.VersionHeader); v != "v1.2.3" {
			t.Errorf("%s %s: version %q", c.method, c.path, v)
		}
	}
}

// Pages behind each other give every request once, also of one channel.
func TestPagesGiveEveryRequestOnce(t *testing.T) {
	s := open(t, nil)
	s.fill(25)
	for query, want := range map[string]int{"": 25, "&channel=form": 12, "&state=desk,waiting": 25, "&state=closed": 0} {
		seen := map[string]bool{}
		for after, pages := "", 0; pages < 20; pages++ {
			_, body := s.call("GET", "/requests?limit=4"+query+"&after="+after, "")
			var l api.RequestList
			if err := json.Unmarshal([]byte(body), &l); err != nil {
				t.Fatal(err, body)
			}
			for _, r := range l.Requests {
				if seen[r.Ref] {
					t.Errorf("%s: %s comes twice", query, r.Ref)
				}
				seen[r.Ref] = true
			}
			if after = l.Next; after == "" {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%q: %d requests, want %d", query, len(seen), want)
		}
	}
}

// A mail that was dealt with and has no line is a difference, by its key; one
// that waits is none, and a mailbox that cannot be counted is told as such.
func TestLedgerShowsAMailThatHasNoLine(t *testing.T) {
	s := open(t, func(p *api.Parts) {
		count := func(n api.Counted, err error) func(context.Context) (api.Counted, error) {
			return func(context.Context) (api.Counted, error) { return n, err }
		}
		p.Mailboxes = []api.Mailbox{
			{Name: "whole", Count: count(api.Counted{Prefix: "imap:desk/INBOX/7/", UIDs: []uint32{1, 2, 3}, Pending: 2}, nil)},
			{Name: "lost", Count: count(api.Counted{Prefix: "imap:desk/INBOX/7/", UIDs: []uint32{2, 3, 4}}, nil)},
			{Name: "other", Count: count(api.Counted{Prefix: "imap:desk/INBOX/8/", UIDs: []uint32{1}}, nil)},
			{Name: "away", Count: count(api.Counted{}, errors.New("no route to host"))},
		}
	})
	s.fill(3)
	_, body := s.call("GET", "/ledger/counts?compare=true", "")
	var got api.LedgerCounts
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err, body)
	}
	want := `[{"mailbox":"whole","messages":3,"lines":3,"pending":2,"difference":0},` +
		`{"mailbox":"lost","messages":3,"lines":2,"pending":0,"difference":1,"missing":["imap:desk/INBOX/7/4"]},` +
		`{"mailbox":"other","messages":1,"lines":0,"pending":0,"difference":1,"missing":["imap:desk/INBOX/8/1"]},` +
		`{"mailbox":"away","messages":0,"lines":0,"pending":0,"difference":0,"problem":"the mailbox could not be counted: no route to host"}]`
	if b, _ := json.Marshal(got.Mailboxes); string(b) != want || got.Outcomes["taken"] != 3 || got.Total != 3 {
		t.Errorf("got  %s %v\nwant %s", b, got.Outcomes, want)
	}
}

// A streamed answer that is whole says so; one that is not does not.
func TestAStreamSaysWhetherItIsWhole(t *testing.T) {
	s := open(t, nil)
	s.fill(3)
	for _, path := range []string{"/export/requests", "/export/messages", "/export/events", "/backup", "/verify"} {
		resp, body := s.call("GET", path, "")
		if end := resp.Trailer.Get(api.EndTrailer); resp.StatusCode != 200 || end != "ok" || body == "" {
			t.Errorf("%s: %d, end %q, %d bytes", path, resp.StatusCode, end, len(body))
		}
	}
	s.db.Close()
	for _, path := range []string{"/export/requests", "/backup", "/verify"} {
		resp, _ := s.call("GET", path, "")
		if end := resp.Trailer.Get(api.EndTrailer); end == "ok" || end == "" {
			t.Errorf("%s of a closed store: end %q", path, end)
		}
	}
}

// R15: a reader that stops reading holds up neither the end of the server nor
// that of the store.
func TestR15_AStalledReaderDoesNotHoldUpTheEnd(t *testing.T) {
	s := open(t, nil)
	s.fill(2000)
	for _, path := range []string{"/backup", "/export/messages"} {
		resp, err := s.http.Get("http://localhost/api/v1" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() {
		s.stop()
		ended <- s.db.Close()
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(8 * time.Second):
		t.Error("the server or the store did not end within 8 s")
	}
}

// What is published is in force at once, and what is wrong changes nothing.
func TestPublishIsInForceAtOnce(t *testing.T) {
	s := open(t, nil)
	one := `{"base":1,"reason":"shorter","body":"version: 1\nrules:\n- {id: only, when: \"true\", then: {to_desk: {}}, examples: {must: [hello]}}\n"}`
	for _, wrong := range []string{
		`{"base":1,"reason":"x","body":"version: 1\nrules: [{id: a, when: \"nonsense(\", then: {to_desk: {}}}]"}`,
		`{"base":1,"reason":"x","body":""}`, `{"base":1,"reason":" ","body":"version: 1\nrules: []"}`,
	} {
		if resp, body := s.call("PUT", "/documents/rules", wrong); resp.StatusCode != 422 {
			t.Errorf("%s: %d %s", wrong, resp.StatusCode, body)
		}
	}
	if resp, body := s.call("PUT", "/documents/rules", one); resp.StatusCode != 200 || !strings.Contains(body, `"version":2`) {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	_, body := s.call("POST", "/rules/test", `{"body":""}`)
	var tested api.Tested
	if err := json.Unmarshal([]byte(body), &tested); err != nil || tested.Ruleset != "rules (version 2)" || tested.Rules != 1 || tested.Examples != 1 || len(tested.Failed) > 0 {
		t.Errorf("%v %s", err, body)
	}
	if _, body := s.call("GET", "/documents/rules", ""); !strings.Contains(body, `version: 2\nrules`) {
		t.Errorf("the version line does not say 2: %s", body)
	}
}
