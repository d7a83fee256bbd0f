package simulate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/balie/balie"
)

// said is one message of a customer on its way in.
type said struct {
	e       *errand
	subject string
	text    string
	reply   bool   // to the last letter
	signed  string // the name under it; "" the whole one
	auto    string // value of Auto-Submitted; "" a person wrote it
}

// hand gives a message to the channel's sink, as the channel itself would.
func (s *sim) hand(ctx context.Context, channel string, raw balie.Raw, body []byte) (balie.Receipt, error) {
	in := s.w.in[channel]
	original, err := in.Keep(ctx, bytes.NewReader(body))
	if err != nil {
		return balie.Receipt{}, fmt.Errorf("keep a message: %w", err)
	}
	raw.Original, raw.At = original, s.now
	s.handed++
	began := time.Now()
	got, err := in.Receive(ctx, nil, raw)
	s.spent("intake", began)
	if err != nil {
		return balie.Receipt{}, fmt.Errorf("take in %s: %w", raw.Key, err)
	}
	s.dirty = true
	s.outcomes[got[0].Outcome]++
	return got[0], nil
}

// number is a number that nothing that came in before has.
func (s *sim) number() int {
	s.numbers++
	return s.numbers
}

// byMail sends a mail as the person's mail program does.
func (s *sim) byMail(ctx context.Context, m said) (balie.Receipt, error) {
	uid := s.number()
	id := fmt.Sprintf("%d.%d@%s", m.e.n, uid, mailDomain(m.e.who.mail))
	raw := balie.Raw{Channel: "email", Format: "mime", Account: mailbox, Key: fmt.Sprintf("imap:%s/INBOX/1/%d", mailbox, uid)}
	return s.hand(ctx, "email", raw, s.mime(m, id))
}

func mailDomain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// mime is a mail with its headers: those of the desk's own mail server first.
func (s *sim) mime(m said, id string) []byte {
	var b bytes.Buffer
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	date := s.now.In(s.w.zone).Format("Mon, 2 Jan 2006 15:04:05 -0700")
	from := mailDomain(m.e.who.mail)
	if m.e.who.proven {
		head("Authentication-Results", authserv+"; dmarc=pass header.from="+from)
	}
	head("Received", "from mail."+from+" by "+authserv+" with ESMTPS; "+date)
	head("From", mime.QEncoding.Encode("utf-8", m.e.who.name)+" <"+m.e.who.mail+">")
	head("To", deskMail)
	head("Subject", mime.QEncoding.Encode("utf-8", m.subject))
	head("Date", date)
	head("Message-ID", "<"+id+">")
	text := m.text + "\n" + cmp.Or(m.signed, m.e.who.name) + "\n"
	if m.reply && m.e.thread != "" {
		head("In-Reply-To", "<"+m.e.thread+">")
		head("References", "<"+m.e.thread+">")
		text += "\n" + s.now.In(s.w.zone).Format("Op 02-01-2006 om 15:04 schreef Servicedesk De Linde <"+deskMail+">:") + "\n> ...\n"
	}
	if m.auto != "" {
		head("Auto-Submitted", m.auto)
	}
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "8bit")
	b.WriteString("\r\n" + strings.ReplaceAll(text, "\n", "\r\n"))
	return b.Bytes()
}

// bySlack says something to the desk in Slack.
func (s *sim) bySlack(ctx context.Context, m said) (balie.Receipt, error) {
	n := s.number()
	ts := fmt.Sprintf("%d.%06d", s.now.Unix(), n%1e6)
	event := map[string]any{"type": "message", "user": m.e.who.user, "text": m.text, "ts": ts, "channel": "D" + m.e.who.user[1:], "channel_type": "im",
		"user_profile": map[string]string{"real_name": m.e.who.name}}
	if m.reply && m.e.first != "" {
		event["thread_ts"] = m.e.first
	}
	body, err := json.Marshal(map[string]any{"type": "event_callback", "team_id": workspace, "event_id": fmt.Sprintf("Ev%08d", n), "event": event})
	if err != nil {
		return balie.Receipt{}, fmt.Errorf("write down a post: %w", err)
	}
	if m.e.first == "" {
		m.e.first = ts
	}
	raw := balie.Raw{Channel: "slack", Format: "slack-event", Account: workspace, Verified: true, Key: "slack:" + workspace + ":" + ts,
		Sender: balie.Address{Scheme: balie.Slack, Value: workspace + "/" + m.e.who.user, Name: m.e.who.name}}
	return s.hand(ctx, "slack", raw, body)
}

// byForm fills in the form: most choose a product and answer what it asks.
func (s *sim) byForm(ctx context.Context, e *errand) (balie.Receipt, error) {
	n := s.number()
	d := map[string]any{"v": 1, "via": "page", "name": e.who.name, "email": e.who.mail, "text": e.text, "language": e.language, "digest": fmt.Sprintf("form-%d", n)}
	if e.product != "" && e.product != "klacht" && happens(e.customer, 0.7) {
		d["product"] = e.product
		if happens(e.customer, 0.75) {
			d["fields"] = e.fields
		}
	}
	body, err := json.Marshal(d)
	if err != nil {
		return balie.Receipt{}, fmt.Errorf("write down a form: %w", err)
	}
	return s.hand(ctx, "form", balie.Raw{Channel: "form", Format: "form", Account: "form", Key: fmt.Sprintf("form:%d", n)}, body)
}

// voicemail is a call that nobody took, as the telephone tells it.
func (s *sim) voicemail(ctx context.Context, e *errand) (balie.Receipt, error) {
	n := s.number()
	at := s.now.Format(time.RFC3339)
	kind, note := "call.missed", ""
	if happens(e.customer, 0.6) {
		kind, note = "call.voicemail", e.text
	}
	body, err := json.Marshal(map[string]any{"type": kind, "timestamp": at, "data": map[string]any{
		"call_id": fmt.Sprintf("call-%d", n), "direction": "inbound", "from": e.who.phone, "from_name": e.who.name, "to": "+31205550100",
		"started_at": at, "ended_at": at, "transcript": note}})
	if err != nil {
		return balie.Receipt{}, fmt.Errorf("write down a call: %w", err)
	}
	return s.hand(ctx, "phone", balie.Raw{Channel: "phone", Format: "call", Account: "phone", Key: fmt.Sprintf("call:phone:%d", n)}, body)
}

// bounce is what a mail server says of a letter that nobody can have.
func (s *sim) bounce(ctx context.Context, e *errand, letter string) (balie.Receipt, error) {
	uid := s.number()
	from := mailDomain(e.who.mail)
	date := s.now.In(s.w.zone).Format("Mon, 2 Jan 2006 15:04:05 -0700")
	text := "From: Mail Delivery System <mailer-daemon@" + from + ">\nTo: " + deskMail + "\nSubject: Undelivered Mail Returned to Sender\nDate: " + date +
		fmt.Sprintf("\nMessage-ID: <bounce-%d@%s>\n", uid, from) +
		"Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=part\n\n" +
		"--part\nContent-Type: text/plain\n\nThe mailbox is not there any more.\n\n" +
		"--part\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail." + from + "\n\nFinal-Recipient: rfc822; " + e.who.mail +
		"\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n" +
		"--part\nContent-Type: message/rfc822-headers\n\nMessage-ID: <" + letter + ">\nFrom: " + deskMail + "\nTo: " + e.who.mail + "\n\n--part--\n"
	raw := balie.Raw{Channel: "email", Format: "mime", Account: mailbox, Key: fmt.Sprintf("imap:%s/INBOX/1/%d", mailbox, uid)}
	return s.hand(ctx, "email", raw, []byte(strings.ReplaceAll(text, "\n", "\r\n")))
}

// write says something more about an errand, where it began.
func (s *sim) write(ctx context.Context, e *errand, text string) error {
	e.replies++
	m := said{e: e, subject: "Re: " + e.subject, text: text, reply: true}
	var err error
	if e.channel == "slack" {
		_, err = s.bySlack(ctx, m)
	} else {
		_, err = s.byMail(ctx, m)
	}
	return err
}
