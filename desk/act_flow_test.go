package desk_test

import (
	"io"
	"log/slog"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/email"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/dispatch"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/normalize"
)

// The whole way of an answer: a mail comes in, an agent answers with a file,
// nothing goes out while it can be taken back, then it arrives in the
// customer's thread; and the reply to it comes to the request.
func TestR5_AnAnswerArrivesThreadedWithItsFileAfterTheTimeToUndo(t *testing.T) {
	w := newWorld(t)
	server, err := peers.StartMail(peers.MailOptions{Accounts: map[string]string{"desk@delinde.example": "geheim"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	smtp := email.NewSMTP(email.SMTPConfig{Host: server.Host, Port: server.SMTPPort, TLS: "none", User: "desk@delinde.example", Password: "geheim",
		From: balie.Address{Scheme: balie.Mail, Value: "desk@delinde.example"}, Domain: "delinde.example", Open: w.db.OpenBlob}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { smtp.Close() })
	out := dispatch.New(w.db, map[string]channels.Sender{"email": smtp}, dispatch.Options{}, slog.New(slog.DiscardHandler), nil)
	step := func() {
		t.Helper()
		for range 4 { // letters of one request go one by one
			if _, err := out.Step(t.Context(), w.now); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := w.question()
	step()
	f, err := w.desk.KeepFile(t.Context(), sanne, "plan.pdf", "application/pdf", strings.NewReader("%PDF-1.7 een plan"))
	if err != nil {
		t.Fatal(err)
	}
	back := w.reply(r, "Dit niet.", desk.ThenResolve)
	if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, back.Message, w.now); err != nil {
		t.Fatal(err)
	}
	r = w.get(r.ID)
	sent, err := w.desk.Reply(t.Context(), sanne, desk.Reply{Request: r.ID, Seen: r.Version, Text: "Zie de bijlage.\nGroet!", Then: desk.ThenResolve, Files: []desk.File{f}, Key: "k"}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.pass(undoSend - time.Second)
	step()
	if n := len(server.Mailbox("jan@klant.example")); n != 1 {
		t.Fatalf("%d mails before the time to undo is over, want the receipt", n)
	}
	w.pass(time.Second)
	step()
	got := server.Mailbox("jan@klant.example")
	if len(got) != 2 {
		t.Fatalf("%d mails, want receipt and answer", len(got))
	}
	msg, err := mail.ReadMessage(strings.NewReader(string(got[1])))
	if err != nil {
		t.Fatal(err)
	}
	if h := msg.Header; h.Get("In-Reply-To") == "" || !strings.Contains(h.Get("References"), "m1@klant.example") || !strings.Contains(h.Get("Subject"), r.Ref) {
		t.Errorf("headers %v", h)
	}
	arrives(t, got[1])
	if v := w.view(sanne, r.ID); !sentAt(v, sent.Message) || v.Unsendable != nil {
		t.Error("the request does not say that it was sent")
	}
	w.n++
	w.mail("jan@klant.example", "Re: Vraagje", "Het plan klopt niet, zie kamer 3.", strings.Trim(msg.Header.Get("Message-ID"), "<>"))
	if now := w.get(r.ID); now.State != balie.AtDesk || now.ReopenCount != 1 {
		t.Errorf("the reply: %s, reopened %d", now.State, now.ReopenCount)
	}
	w.verify()
}

// arrives reads the answer as the customer's mail program would.
func arrives(t *testing.T, eml []byte) {
	t.Helper()
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(eml))), nil }
	m, err := normalize.New(normalize.Options{}).Message(balie.Raw{Channel: "email", Format: "mime"}, open)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Parts) != 1 || m.Parts[0].Name != "plan.pdf" {
		t.Fatalf("parts %+v", m.Parts)
	}
	if !strings.Contains(m.Full+m.Text, "Zie de bijlage.\nGroet!") || !strings.Contains(m.Full+m.Text, "Sanne Vos") {
		t.Errorf("text %q", m.Full+m.Text)
	}
	body, _, err := normalize.OpenPart(open, m.Parts[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if b, err := io.ReadAll(body); err != nil || string(b) != "%PDF-1.7 een plan" {
		t.Errorf("file %q, %v", b, err)
	}
}

func sentAt(v desk.RequestView, message balie.ID) bool {
	for _, e := range v.Entries {
		if e.Message != nil && e.Message.ID == message {
			return len(e.Posts) == 1 && e.Posts[0].Status == balie.SentOK
		}
	}
	return false
}
