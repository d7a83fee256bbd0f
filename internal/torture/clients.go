package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/internal/rig"
)

// item is one message of the world. It is acknowledged when balie said that it
// has it, or, for mail, when it lies in the mailbox.
type item struct {
	marker  string // stands in its words
	key     string // of its line in the ledger; "" when only its words tell
	message string // the id that balie gave, when it gave one
	acked   bool
	silent  bool // part of a call that asks nothing: no request of its own
}

// sender is one kind of client: it hands the n-th item in, as often as it
// takes, and returns when balie acknowledged it.
type sender func(ctx context.Context, n int) error

func (w *world) senders() map[string]sender {
	return map[string]sender{"api": w.api, "form": w.form, "phone": w.phone, "slack": w.say, "mail": w.post}
}

// begin notes an item before it goes out.
func (w *world) begin(i item) *item {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.items[i.marker] = &i
	return &i
}

func (w *world) acked(i *item, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i.acked, i.message = true, message
}

var questions = []string{
	"Er ligt water onder de gootsteen op de derde verdieping.",
	"Mag ik een nieuwe toegangspas voor een collega?",
	"Ik wil een vergaderzaal reserveren voor acht personen.",
	"Het is veel te koud in kamer B2.14.",
	"Kunt u een taart en koffie regelen voor twintig gasten?",
	"De printer doet het niet en niemand weet waarom.",
	"Ik heb een klacht over de schoonmaak van gisteren.",
}

// words are the words of an item: they hold its marker.
func words(marker string, n int) string {
	return questions[n%len(questions)] + " Kenmerk: " + marker + "."
}

// soon is the pause before a client comes again.
const soon = 20 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errRefused says that balie refused an item for good.
var errRefused = errors.New("refused for good")

// insist sends a request again until it is answered with one of the statuses
// that mean yes. Others than 409, 429 and 5xx are final.
func (w *world) insist(ctx context.Context, request func() (*http.Request, error)) (*http.Response, []byte, error) {
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for {
		req, err := request()
		if err != nil {
			return nil, nil, err
		}
		resp, err := client.Do(req.WithContext(ctx))
		if err == nil {
			body, rerr := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case rerr != nil: // cut off in the answer
			case resp.StatusCode < 400:
				return resp, body, nil
			case resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500:
				return resp, body, fmt.Errorf("%w: %s %s: %s: %s", errRefused, req.Method, req.URL.Path, resp.Status, body)
			}
		}
		if err := pause(ctx, soon); err != nil {
			return nil, nil, err
		}
	}
}

// api hands in by the API with an Idempotency-Key.
func (w *world) api(ctx context.Context, n int) error {
	marker := fmt.Sprintf("api-%d", n)
	i := w.begin(item{marker: marker, key: "api:rig:" + marker})
	body, err := json.Marshal(map[string]any{"name": "Piet", "email": marker + "@klant.example", "subject": "Vraag " + marker, "text": words(marker, n)})
	if err != nil {
		return err
	}
	_, answer, err := w.insist(ctx, func() (*http.Request, error) {
		req, err := http.NewRequest(http.MethodPost, w.site.URL()+"/api/v1/intake", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header = http.Header{"Authorization": {"Bearer " + rig.APIToken}, "Content-Type": {"application/json"}, "Idempotency-Key": {`"` + marker + `"`}}
		return req, nil
	})
	if err != nil {
		return err
	}
	var got struct{ Message string }
	if err := json.Unmarshal(answer, &got); err != nil {
		return fmt.Errorf("read the receipt of %s: %w", marker, err)
	}
	w.acked(i, got.Message)
	return nil
}

var hidden = regexp.MustCompile(`name="token" value="([^"]+)"`)

// form opens the form and sends it, again with the same token while it is not
// answered.
func (w *world) form(ctx context.Context, n int) error {
	marker := fmt.Sprintf("form-%d", n)
	i := w.begin(item{marker: marker})
	_, page, err := w.insist(ctx, func() (*http.Request, error) { return http.NewRequest(http.MethodGet, w.site.URL()+"/form", nil) })
	if err != nil {
		return err
	}
	m := hidden.FindSubmatch(page)
	if m == nil {
		return errors.New("the form has no token")
	}
	values := url.Values{"token": {string(m[1])}, "lang": {"nl"}, "name": {"Els"}, "email": {marker + "@klant.example"}, "text": {words(marker, n)}}
	_, _, err = w.insist(ctx, func() (*http.Request, error) {
		req, err := http.NewRequest(http.MethodPost, w.site.URL()+"/form", strings.NewReader(values.Encode()))
		if err != nil {
			return nil, err
		}
		req.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {w.site.URL()}}
		return req, nil
	})
	if err == nil {
		w.acked(i, "")
	}
	return err
}

// phone tells of a call that rings and of its end, each until it is answered.
func (w *world) phone(ctx context.Context, n int) error {
	marker := fmt.Sprintf("phone-%d", n)
	for _, e := range []struct{ what, note string }{{"call.ringing", ""}, {"call.ended", words(marker, n)}} {
		id := marker + "-" + strings.TrimPrefix(e.what, "call.")
		i := w.begin(item{marker: id, key: "call:phone:" + id, silent: e.note == ""})
		body, err := json.Marshal(map[string]any{"type": e.what, "timestamp": time.Now().Format(time.RFC3339), "data": map[string]any{
			"call_id": marker, "direction": "inbound", "from": "+31201234567", "to": "+31207654321", "note": e.note}})
		if err != nil {
			return err
		}
		_, _, err = w.insist(ctx, func() (*http.Request, error) {
			req, err := http.NewRequest(http.MethodPost, w.site.URL()+"/phone/calls", bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			req.Header = peers.SignWebhook(rig.PhoneSecret, id, time.Now(), body)
			return req, nil
		})
		if err != nil {
			return err
		}
		w.acked(i, "")
	}
	return nil
}

// say writes in Slack; Slack tells balie until it is answered.
func (w *world) say(ctx context.Context, n int) error {
	marker := fmt.Sprintf("slack-%d", n)
	i := w.begin(item{marker: marker})
	_, err := w.slack.Say(ctx, w.site.URL()+"/slack/events", "U1", "D1", words(marker, n), "")
	if err == nil {
		w.acked(i, "")
	}
	return err
}

// post puts a mail into the mailbox: from then on it is balie's to find.
func (w *world) post(_ context.Context, n int) error {
	marker := fmt.Sprintf("mail-%d", n)
	i := w.begin(item{marker: marker})
	mail := fmt.Sprintf("From: Kees <%s@klant.example>\r\nTo: %s\r\nSubject: Vraag\r\nDate: %s\r\nMessage-ID: <%s@klant.example>\r\n\r\n%s\r\n",
		marker, deskAddress, time.Now().Format(time.RFC1123Z), marker, words(marker, n))
	if err := w.imap.Deliver(deskAddress, []byte(mail)); err != nil {
		return err
	}
	w.acked(i, "")
	return nil
}
