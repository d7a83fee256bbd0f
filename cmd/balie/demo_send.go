package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/internal/peers"
)

// sending is what was handed over for a question, as its sender knows it.
type sending struct {
	q        question
	msgID    string // mail
	ts       string // Slack
	page     string // form: the page the browser was led to
	body     []byte // the mail or the call to the API, to send the same again
	key      string // Idempotency-Key
	ref      string // what the receipt said
	repeated bool   // the receipt is that of the first one
	letter   letter // the last letter to the customer about it
	team     letter // the last letter to a team about it
}

// send hands a question over in its own channel.
func (w *world) send(ctx context.Context, q question) (sending, error) {
	s := sending{q: q}
	first := w.sent[q.Again]
	s.body, s.key, s.msgID = first.body, first.key, first.msgID
	var err error
	switch q.Via {
	case "mail":
		err = w.sendMail(&s)
	case "slack":
		err = w.say(ctx, &s)
	case "form":
		err = w.submit(ctx, &s)
	case "api":
		err = w.call(ctx, &s)
	case "phone":
		err = w.ring(ctx, &s)
	}
	if err != nil {
		return s, fmt.Errorf("send %s by %s: %w", q.ID, q.Via, err)
	}
	s.repeated = q.Again != "" && (s.ref != "" || s.page != "") && s.ref == first.ref && s.page == first.page
	return s, nil
}

// sendMail writes the mail as the customer's program does, and gives it to the
// mail server.
func (w *world) sendMail(s *sending) error {
	q := s.q
	to := q.To
	if len(to) == 0 {
		to = []string{demoDesk}
	}
	if s.body == nil {
		_, domain, _ := strings.Cut(q.address(), "@")
		s.msgID = q.ID + "." + w.run + "@" + domain
		var err error
		if s.body, err = w.compose(s, to); err != nil {
			return err
		}
	}
	from := q.Envelope
	switch from {
	case "":
		from = q.address()
	case "<>":
		from = ""
	}
	addr := net.JoinHostPort(w.mail.Host, strconv.Itoa(w.mail.SMTPPort))
	return smtp.SendMail(addr, nil, from, to, s.body)
}

// compose is the mail of a question: its file, or one of a plain mail program.
func (w *world) compose(s *sending, to []string) ([]byte, error) {
	q, answered := s.q, w.answered(s.q)
	if q.File != "" {
		b, err := demoFiles.ReadFile("demo/" + q.File)
		if err != nil {
			return nil, err
		}
		text := strings.NewReplacer("{{id}}", s.msgID, "{{date}}", w.mailDate(), "{{letter}}", answered.msgID,
			"{{to}}", answered.to).Replace(string(b))
		return []byte(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")), nil
	}
	var b bytes.Buffer
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", mime.QEncoding.Encode("utf-8", q.name())+" <"+q.address()+">")
	head("To", strings.Join(to, ", "))
	subject := q.Subject
	if subject == "" && answered.msgID != "" {
		subject = "Re: " + strings.TrimPrefix(answered.subject, "Re: ")
	}
	head("Subject", mime.QEncoding.Encode("utf-8", subject))
	head("Date", w.mailDate())
	head("Message-ID", "<"+s.msgID+">")
	text := strings.TrimSpace(q.Text) + "\n"
	if answered.msgID != "" {
		head("In-Reply-To", "<"+answered.msgID+">")
		head("References", "<"+answered.msgID+">")
		text += "\n" + w.clock().Format(attribution[q.language()]) + "\n> " +
			strings.ReplaceAll(strings.TrimSpace(answered.text), "\n", "\n> ") + "\n"
	}
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "8bit")
	b.WriteString("\r\n" + strings.ReplaceAll(text, "\n", "\r\n"))
	return b.Bytes(), nil
}

// attribution is the line that mail programs write above what they quote.
var attribution = map[string]string{
	"nl": "Op 02-01-2006 om 15:04 schreef Servicedesk De Linde <" + demoDesk + ">:",
	"en": "On 2/01/2006 15:04, Servicedesk De Linde <" + demoDesk + "> wrote:",
}

func (w *world) mailDate() string { return w.clock().Format("Mon, 2 Jan 2006 15:04:05 -0700") }

// answered is the letter a reply answers.
func (w *world) answered(q question) letter {
	if q.Team {
		return w.sent[q.Reply].team
	}
	return w.sent[q.Reply].letter
}

// say writes in Slack: to the bot directly, in its thread, or by calling it in
// a channel.
func (w *world) say(ctx context.Context, s *sending) error {
	q, events := s.q, w.url+"/slack/events"
	var err error
	if place, ok := strings.CutPrefix(w.answered(q).msgID, "slack:"); ok && q.Team {
		channel, ts, _ := strings.Cut(place, ":")
		_, err = w.slack.Say(ctx, events, q.address(), channel, q.Text, ts)
		return err
	}
	if q.Channel != "" {
		s.ts, err = w.slack.Mention(ctx, events, q.address(), q.Channel, q.Text)
		return err
	}
	s.ts, err = w.slack.Say(ctx, events, q.address(), q.conversation(), q.Text, w.sent[q.Reply].ts)
	return err
}

// openForm is a form as the server showed it.
type openForm struct {
	at    time.Time
	token string
}

// formWait is a little longer than the least time in which a person fills in
// the form.
const formWait = 2100 * time.Millisecond

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// openForms lets everybody who will send a form open it: they fill it in while
// others are helped.
func (w *world) openForms(ctx context.Context, script []question) error {
	w.forms = map[string]openForm{}
	for _, q := range script {
		if q.Via != "form" || q.Reply != "" || q.Again != "" {
			continue
		}
		page, err := w.get(ctx, "/form?lang="+q.language())
		if err != nil {
			return err
		}
		found := formToken.FindSubmatch(page)
		if found == nil {
			return fmt.Errorf("open the form: there is no token in it")
		}
		w.forms[q.ID] = openForm{time.Now(), string(found[1])}
	}
	return nil
}

func (q question) language() string {
	if q.Language == "" {
		return "nl"
	}
	return q.Language
}

func (w *world) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, nil)
	if err != nil {
		return nil, err
	}
	body, _, err := w.do(req, nil)
	return body, err
}

// submit sends a form as a browser does, or a reply on the status page.
func (w *world) submit(ctx context.Context, s *sending) error {
	q := s.q
	path, form := "/form", w.forms[q.ID]
	if q.Reply != "" {
		path = w.sent[q.Reply].page
		page, err := w.get(ctx, path)
		if err != nil {
			return err
		}
		found := formToken.FindSubmatch(page)
		if found == nil {
			return fmt.Errorf("open the status page: there is no token in it")
		}
		form.token = string(found[1])
	}
	if q.Again != "" { // the button pressed twice
		form = w.forms[q.Again]
	}
	fill := time.NewTimer(time.Until(form.at.Add(formWait)))
	defer fill.Stop()
	select {
	case <-fill.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	v := url.Values{"token": {form.token}, "lang": {q.language()}, "text": {q.Text}}
	if q.Reply == "" {
		v.Set("name", q.name())
		v.Set("email", q.address())
		v.Set("phone", q.Fields["phone"])
		v.Set("product", q.Product)
		v.Set("extra", "")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, to, err := w.do(req, []byte(v.Encode()))
	s.page = strings.TrimSuffix(to.Path, "/received")
	return err
}

// call hands a question in by the API, as an app of the customer does.
func (w *world) call(ctx context.Context, s *sending) error {
	q := s.q
	if s.body == nil {
		s.key = q.ID + "-" + w.run
		var err error
		s.body, err = json.Marshal(map[string]any{"name": q.name(), "email": q.address(), "subject": q.Subject,
			"text": q.Text, "language": q.language(), "product": q.Product, "fields": q.Fields})
		if err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/api/v1/intake", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.apiToken)
	req.Header.Set("Idempotency-Key", strconv.Quote(s.key))
	body, _, err := w.do(req, s.body)
	if err != nil {
		return err
	}
	var receipt struct {
		Ref    string `json:"ref"`
		Status string `json:"status_url"`
	}
	if err := json.Unmarshal(body, &receipt); err != nil {
		return fmt.Errorf("read the receipt: %w", err)
	}
	s.ref, s.page = receipt.Ref, strings.TrimPrefix(receipt.Status, w.url)
	return nil
}

// ring tells the events of a telephone call, each signed.
func (w *world) ring(ctx context.Context, s *sending) error {
	q := s.q
	call := q.ID + "-" + w.run
	for i, e := range q.Calls {
		now := time.Now()
		body, err := json.Marshal(map[string]any{"type": e.Type, "timestamp": now.Format(time.RFC3339), "data": map[string]any{
			"call_id": call, "direction": "inbound", "from": q.address(), "from_name": q.name(), "to": demoLine,
			"note": e.Note, "outcome": e.Outcome, "fields": q.Fields}})
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/phone/calls", nil)
		if err != nil {
			return err
		}
		req.Header = peers.SignWebhook(w.phoneKey, call+"-"+strconv.Itoa(i), now, body)
		answer, _, err := w.do(req, body)
		if err != nil {
			return err
		}
		var receipt struct{ Ref string }
		if err := json.Unmarshal(answer, &receipt); err != nil {
			return fmt.Errorf("read the receipt: %w", err)
		}
		s.ref = receipt.Ref
	}
	return nil
}

// comeAgain is how often a sender that was told to come later comes again.
const comeAgain = 5

// do sends a request, and again when it is asked to come later.
func (w *world) do(req *http.Request, body []byte) ([]byte, *url.URL, error) {
	for try := 1; ; try++ {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, nil, err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode == http.StatusServiceUnavailable && try < comeAgain {
			if err := pause(req.Context(), resp.Header.Get("Retry-After")); err != nil {
				return nil, nil, err
			}
			continue
		}
		if resp.StatusCode/100 != 2 {
			return nil, nil, fmt.Errorf("%s %s: %s: %.200s", req.Method, req.URL.Path, resp.Status, b)
		}
		return b, resp.Request.URL, nil
	}
}

func pause(ctx context.Context, seconds string) error {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		n = 1
	}
	t := time.NewTimer(time.Duration(n) * time.Second)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
