package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/balie/balie/config"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/store/boltstore"
)

// The desk of the demo, as the outside knows it.
const (
	demoDomain   = "delinde.example"
	demoDesk     = "desk@" + demoDomain
	demoInfo     = "info@" + demoDomain
	demoLead     = "teamleider@" + demoDomain
	demoAuthserv = "mx." + demoDomain
	demoTeams    = "@backoffice." + demoDomain
	demoTeamID   = "T0LINDE"
	demoLine     = "+31205550100"
)

// world is everything around balie, and balie.
type world struct {
	out       *account
	patience  time.Duration
	run       string // differs in every run: no id of one is an id of another
	dir       string
	temporary bool
	logFile   string
	url       string

	mail     *peers.Mail
	slack    *peers.Slack
	signOn   *peers.OIDC
	password string
	apiToken string
	phoneKey string

	db    *boltstore.DB
	app   *app
	stop  context.CancelFunc
	ended chan error

	forms   map[string]openForm // opened and not yet sent, by question
	sent    map[string]sending  // by question
	told    []told
	slacks  []string       // channels in which the bot may post
	looked  int            // transactions looked at
	posts   map[string]int // posts looked at, by channel
	status  string         // a status page to try
	closers []io.Closer
	skew    atomic.Int64  // nanoseconds that what comes in is older than now
	awake   chan struct{} // closed when balie guards by itself
	people  []signIn      // who can sign in
	first   string        // the link of the first admin
}

// startPeers starts the mail server and the workspace.
func (w *world) startPeers(script []question) error {
	w.password, w.apiToken, w.phoneKey = rand.Text(), rand.Text(), demoPhoneKey()
	var err error
	w.mail, err = peers.StartMail(peers.MailOptions{
		Accounts: map[string]string{demoDesk: w.password, demoInfo: w.password}, AuthservID: demoAuthserv,
	})
	if err != nil {
		return fmt.Errorf("start the mail server: %w", err)
	}
	w.closers = append(w.closers, w.mail)
	users := map[string]string{}
	w.posts = map[string]int{}
	w.slacks = []string{demoCatering}
	for _, q := range script {
		if q.Via == "slack" {
			users[q.address()] = q.name()
			w.slacks = append(w.slacks, q.conversation())
		}
	}
	w.slack, err = peers.StartSlack(peers.SlackOptions{
		TeamID: demoTeamID, Users: users, SigningSecret: rand.Text() + rand.Text()[:6],
		Pauses: []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second},
	})
	if err != nil {
		return fmt.Errorf("start the workspace: %w", err)
	}
	w.closers = append(w.closers, w.slack)
	w.signOn, err = peers.StartOIDC(demoNewcomer)
	if err != nil {
		return fmt.Errorf("start single sign-on: %w", err)
	}
	w.closers = append(w.closers, w.signOn)
	return nil
}

// demoNewcomer is nobody balie knows before they sign in with their work
// account: their group makes them an agent.
var demoNewcomer = peers.OIDCPerson{Sub: "mila", Name: "Mila Kok", Mail: "mila@" + demoDomain, Verified: true, Groups: []string{"servicedesk"}}

// demoCatering is where the sample catalogue reaches its caterers.
const demoCatering = "C0CATERING"

// config is the balie.yaml of the demo.
func (w *world) config(listen string) config.Config {
	c := config.Default()
	c.Desk.Name = map[string]string{"nl": "Servicedesk De Linde", "en": "De Linde service desk"}
	c.Desk.Calendar, c.Desk.Leads, c.Desk.Urgent = "kantoor", []string{demoLead}, "020 555 0100"
	c.PublicURL, c.Listen, c.Data = w.url, listen, filepath.Join(w.dir, "store")
	c.SecretKey = config.Plain(rand.Text() + rand.Text())
	c.HTTP.Rate = -1 // all customers share one address here
	c.Email = config.Email{
		Domain: demoDomain, TrustedAuthserv: []string{demoAuthserv},
		Mailboxes: []config.Mailbox{w.mailbox("desk", demoDesk), w.mailbox("info", demoInfo)},
		SMTP: &config.SMTP{
			Host: w.mail.Host, Port: w.mail.SMTPPort, TLS: "none", User: demoDesk, Password: config.Plain(w.password),
			From:     "Servicedesk De Linde <" + demoDesk + ">",
			Accounts: map[string]string{"info": "Servicedesk De Linde <" + demoInfo + ">"},
		},
	}
	s := w.slack.Options()
	c.Slack = []config.Slack{{
		Name: "slack", TeamID: s.TeamID, AppID: s.AppID, BotToken: config.Plain(s.Token),
		SigningSecrets: []config.Secret{config.Plain(s.SigningSecret)}, APIURL: w.slack.URL(),
	}}
	c.Auth.OIDC = &config.OIDC{Issuer: w.signOn.Issuer, ClientID: w.signOn.Client, ClientSecret: config.Plain(w.signOn.Secret),
		RoleClaim: "groups", Roles: map[string]string{"servicedesk": "agent"}}
	c.Outside.Allow = []string{"127.0.0.0/8"} // where it is
	c.Form = config.Form{Enabled: true, API: []config.APIToken{{ID: "demo", Secret: config.Plain(w.apiToken)}}}
	c.Phone = []config.Phone{{Name: "phone", Secrets: []config.Secret{config.Plain(w.phoneKey)}}}
	return c
}

func (w *world) mailbox(name, user string) config.Mailbox {
	return config.Mailbox{Name: name, Host: w.mail.Host, Port: w.mail.IMAPPort, TLS: "none", User: user,
		Password: config.Plain(w.password), Folder: peers.Inbox}
}

// close ends balie first, then those it talks to. The store of a demo that
// went wrong stays, to look into.
func (w *world) close(wrong bool) error {
	var errs []error
	if w.stop != nil {
		w.stop()
		errs = append(errs, <-w.ended)
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	for _, c := range w.closers {
		errs = append(errs, c.Close())
	}
	switch {
	case w.temporary && wrong:
		w.out.note("the store and balie's log stay in " + w.dir)
	case w.temporary:
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}
