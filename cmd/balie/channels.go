package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/email"
	"github.com/balie/balie/channels/phone"
	"github.com/balie/balie/channels/slack"
	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/config"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/dispatch"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/progress"
)

// lines are the channels of this balie.
type lines struct {
	mailboxes []*email.Mailbox
	smtp      *email.SMTP
	slacks    []*slack.Slack
	phones    []*phone.Phone
	form      *webform.Form
}

// all are the channels that take something in.
func (l lines) all() []channels.Channel {
	var out []channels.Channel
	for _, m := range l.mailboxes {
		out = append(out, m)
	}
	for _, s := range l.slacks {
		out = append(out, s)
	}
	for _, p := range l.phones {
		out = append(out, p)
	}
	if l.form != nil {
		out = append(out, l.form)
	}
	return out
}

// wireChannels makes every configured channel and gives it its sink. A new
// kind of channel is one line here.
func (a *app) wireChannels(context.Context) error {
	for _, wire := range []func() error{a.wirePages, a.wireMailboxes, a.wireSMTP, a.wireSlack, a.wirePhone, a.wireForm} {
		if err := wire(); err != nil {
			return err
		}
	}
	a.supervisor = channels.NewSupervisor(a.log, channels.Options{Counters: a.metrics.channels()})
	for _, c := range a.lines.all() {
		a.supervisor.Add(c, a.tracing.sink(c.Name(), a.intake.Sink(c.Name())))
	}
	a.dispatch = dispatch.New(a.store, a.senders(), dispatch.Options{Senders: a.cfg.Limits.Senders}, a.log, a.metrics.sent)
	return nil
}

// senders are the ways out, by the name a delivery carries.
func (a *app) senders() map[string]channels.Sender {
	out := map[string]channels.Sender{}
	if a.lines.smtp != nil {
		out["email"] = a.tracing.sender("email", a.lines.smtp)
	}
	for _, s := range a.lines.slacks {
		out["slack"] = a.tracing.sender("slack", s)
	}
	return out
}

func (a *app) wirePages() error {
	brand := ui.Brand{Name: a.cfg.Desk.Name[a.cfg.Desk.Language], Urgent: a.cfg.Desk.Urgent}
	var err error
	a.ui, err = ui.New(a.texts, brand, webform.Pages(), web.Pages(), api.Pages())
	return err
}

func (a *app) wireMailboxes() error {
	for _, m := range a.cfg.Email.Mailboxes {
		password, err := m.Password.Read()
		if err != nil {
			return err
		}
		trust, err := trusting(m.Host, m.CA)
		if err != nil {
			return err
		}
		a.lines.mailboxes = append(a.lines.mailboxes, email.NewMailbox(email.MailboxConfig{
			Name: m.Name, Host: m.Host, Port: m.Port, TLS: m.TLS, User: m.User, Password: password, Folder: m.Folder,
			TLSConfig: trust, Poll: m.Poll, MaxSize: m.MaxSize, NotBefore: m.NotBefore, Tidy: m.Tidy,
		}, a.log))
	}
	return nil
}

func (a *app) wireSMTP() error {
	s := a.cfg.Email.SMTP
	if s == nil {
		return nil
	}
	password, err := s.Password.Read()
	if err != nil {
		return err
	}
	trust, err := trusting(s.Host, s.CA)
	if err != nil {
		return err
	}
	from, ok := normalize.ParseAddress(s.From)
	if !ok {
		return &balie.InvalidError{Field: "email.smtp.from", Problem: fmt.Sprintf("%q is no mail address", s.From), Fix: `write it as "Servicedesk <desk@example.nl>"`}
	}
	accounts := map[string]balie.Address{}
	for name, text := range s.Accounts {
		if accounts[name], ok = normalize.ParseAddress(text); !ok {
			return &balie.InvalidError{Field: "email.smtp.accounts." + name, Problem: fmt.Sprintf("%q is no mail address", text), Fix: `write it as "Servicedesk <desk@example.nl>"`}
		}
	}
	a.lines.smtp = email.NewSMTP(email.SMTPConfig{
		Host: s.Host, Port: s.Port, TLS: s.TLS, User: s.User, Password: password, From: from, Accounts: accounts,
		Domain: a.cfg.Email.Domain, Instance: a.instance(), NullSender: s.NullSender, TLSConfig: trust, Open: a.openFile(),
	}, a.log)
	return nil
}

// openFile reads what goes with a mail; nothing when lines are only tried.
func (a *app) openFile() func(context.Context, balie.BlobID) (io.ReadCloser, error) {
	if a.store == nil {
		return nil
	}
	return a.store.OpenBlob
}

// instance names this balie in its mail; nothing when lines are only tried.
func (a *app) instance() string {
	if a.store == nil {
		return ""
	}
	return a.store.Instance()
}

// trusting is a TLS configuration that also trusts the certificates in a file.
func trusting(host, file string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if file == "" {
		return c, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &balie.InvalidError{File: file, Field: "ca", Problem: "cannot be read: " + err.Error(), Fix: "name a file with certificates in PEM"}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &balie.InvalidError{File: file, Field: "ca", Problem: "there is no certificate in it", Fix: "name a file with certificates in PEM"}
	}
	c.RootCAs = pool
	return c, nil
}

func (a *app) wireSlack() error {
	for _, s := range a.cfg.Slack {
		secrets, err := readAll(s.SigningSecrets)
		if err != nil {
			return err
		}
		token, err := s.BotToken.Read()
		if err != nil {
			return err
		}
		c := slack.Config{Name: s.Name, SigningSecrets: secrets, BotToken: token, TeamID: s.TeamID, AppID: s.AppID, APIURL: s.APIURL}
		if err := c.Validate(); err != nil {
			return err
		}
		a.lines.slacks = append(a.lines.slacks, slack.New(c, a.log))
	}
	return nil
}

func (a *app) wirePhone() error {
	for _, p := range a.cfg.Phone {
		secrets, err := readAll(p.Secrets)
		if err != nil {
			return err
		}
		c := phone.Config{Name: p.Name, Account: p.Name, Secrets: secrets, Body: a.callBody}
		if err := c.Validate(); err != nil {
			return err
		}
		a.lines.phones = append(a.lines.phones, phone.New(c, a.log))
	}
	return nil
}

// callBody tells the phone channel with which body a key was taken in.
func (a *app) callBody(ctx context.Context, message balie.ID, key string) (balie.BlobID, bool, error) {
	m, err := a.store.Message(ctx, message)
	if err != nil {
		return "", false, err
	}
	id, ok := normalize.CallBody(m, key)
	return id, ok, nil
}

func readAll(secrets []config.Secret) ([]string, error) {
	var out []string
	for _, s := range secrets {
		v, err := s.Read()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (a *app) wireForm() error {
	f := a.cfg.Form
	if !f.Enabled {
		return nil
	}
	c := webform.Config{
		PublicURL: a.cfg.PublicURL, ID: f.ID, Within: f.Within, Zone: a.zone, MaxFiles: f.MaxFiles, MaxBytes: f.MaxBytes,
		RequireMail: f.RequireMail, PerClient: f.PerClient, PerAddress: f.PerAddress, Embed: f.Embed,
	}
	for _, t := range f.API {
		secret, err := t.Secret.Read()
		if err != nil {
			return err
		}
		c.API = append(c.API, webform.APIToken{ID: t.ID, Secret: secret})
	}
	words := offered{a}
	var err error
	a.lines.form, err = webform.New(c, webform.Parts{
		Requests: a.store, Tokens: a.tokens, Texts: a.texts, UI: a.ui, Catalogue: words, Teams: words, Promises: words,
	}, a.log)
	return err
}

// offered is what the form may know of the documents in force.
type offered struct{ a *app }

// Products are what can be chosen now.
func (o offered) Products(language string) []webform.Choice {
	var out []webform.Choice
	for _, p := range o.a.documents.Brain().Catalogue.Products {
		if catalogue.Offered(p, time.Now()) {
			out = append(out, webform.Choice{ID: p.ID, Name: p.Name(language)})
		}
	}
	return out
}

// Told is until when a customer was told to hear from us.
func (o offered) Told(r balie.Request) time.Time {
	b := o.a.documents.Brain()
	return progress.Setting{Policy: b.Policy, Catalogue: b.Catalogue, Calendar: o.a.calendar()}.Told(r)
}

// Reopens is until when a reply opens a request again.
func (o offered) Reopens(r balie.Request, events []balie.Event) time.Time {
	return o.a.documents.Brain().Policy.ReopensUntil(r, events, o.a.calendar(), o.a.cfg.Limits.ReopenDays)
}

// Rates is until when a customer can say how it went.
func (o offered) Rates(r balie.Request, now time.Time) (time.Time, bool) {
	if p := o.a.documents.Brain().Policy; p != nil {
		return p.Aftercare.Ratable(r, now)
	}
	return time.Time{}, false
}

// TeamName names a team to customers.
func (o offered) TeamName(id, language string) string {
	t, ok := o.a.documents.Brain().Catalogue.Team(id)
	if !ok {
		return ""
	}
	return t.Name(language)
}
