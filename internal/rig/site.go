package rig

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/router"
)

// Secrets of every site. They open nothing but a balie on loopback.
const (
	APIToken    = "rig-token-of-thirty-two-letters-"
	PhoneSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	secretKey   = "a secret key of at least thirty-two bytes, for a rig in " // each in its own: two desks share none
)

// Mailbox is an IMAP account to read.
type Mailbox struct {
	Host           string
	Port           int
	User, Password string
}

// SMTP is where mail goes out.
type SMTP struct {
	Host           string
	Port           int
	User, Password string
}

// Setup is what a site has besides its API and form.
type Setup struct {
	Address   string // of the desk, with its domain
	Mailbox   *Mailbox
	SMTP      *SMTP
	Slack     *peers.Slack
	Phone     bool
	Catalogue []byte // nil: the sample
	Rules     []byte // nil: the sample
	// Authserv are the mail servers whose verdict counts.
	Authserv []string
	LogLevel string // "": info
	DailyCap int    // automatic letters to one address a day; 0: 10
}

// Site is the folder a balie runs in.
//
//	dir/balie.yaml, catalogue.yaml, rules.yaml, organisations.yaml
//	dir/secrets/NAME
//	dir/data/        the store
//	dir/log          what it said, over all its starts
type Site struct {
	Dir  string
	Addr string // of HTTP
}

// Lay writes a site into dir.
func Lay(dir string, s Setup) (*Site, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	site := &Site{Dir: dir, Addr: fmt.Sprintf("127.0.0.1:%d", port)}
	if s.Catalogue == nil {
		s.Catalogue = catalogue.Sample()
	}
	if s.Rules == nil {
		s.Rules = router.Sample()
	}
	if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
		return nil, err
	}
	y := &yaml{dir: dir}
	y.all(s, site)
	files := map[string][]byte{
		"balie.yaml": []byte(y.b.String()), "catalogue.yaml": s.Catalogue, "rules.yaml": s.Rules,
		"organisations.yaml": []byte("organisations: []\n"),
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			return nil, fmt.Errorf("lay out a site: %w", err)
		}
	}
	return site, y.err
}

// URL is where the site's HTTP is, without a slash at the end.
func (s *Site) URL() string { return "http://" + s.Addr }

// Data is the folder of its store.
func (s *Site) Data() string { return filepath.Join(s.Dir, "data") }

// LogFile is where its balie writes.
func (s *Site) LogFile() string { return filepath.Join(s.Dir, "log") }

func (s *Site) config() string { return filepath.Join(s.Dir, "balie.yaml") }

// yaml writes a configuration line by line, and the secrets beside it.
type yaml struct {
	dir string
	b   strings.Builder
	err error
}

func (y *yaml) line(format string, a ...any) { fmt.Fprintf(&y.b, format+"\n", a...) }

// secret writes a secret to its file and returns how the configuration names it.
func (y *yaml) secret(name, value string) string {
	file := filepath.Join(y.dir, "secrets", name)
	y.err = errors.Join(y.err, os.WriteFile(file, []byte(value+"\n"), 0o600))
	return fmt.Sprintf("{file: %q}", file)
}

// much is a rate that nobody here reaches: the limits of one client are not
// what bench and torture are about, and every client here has one address.
const much = 1_000_000_000

func (y *yaml) all(s Setup, site *Site) {
	level, dailyCap := s.LogLevel, s.DailyCap
	if level == "" {
		level = "info"
	}
	if dailyCap == 0 {
		dailyCap = 10
	}
	y.line(`desk: {name: {nl: "De Linde", en: "De Linde"}, language: nl, timezone: Europe/Amsterdam, calendar: altijd, country: NL}`)
	y.line("public_url: %s", site.URL())
	y.line("listen: %s", site.Addr)
	y.line("data: %q", site.Data())
	y.line("secret_key: %s", y.secret("key", secretKey+y.dir))
	y.line("log: {level: %s, format: json}", level)
	// One client gets an eighth of all connections; a trusted proxy, as stands
	// before most desks, gets all.
	y.line("http: {requests_per_second: %d, trusted_proxies: [127.0.0.1]}", much)
	y.line("limits: {daily_cap: %d, senders: 8, reopen_days: 10, min_free: 1048576}", dailyCap)
	y.line("form: {enabled: true, id: form, per_client: %d, per_address: %d, api_tokens: [{id: rig, secret: %s}]}", much, much, y.secret("api", APIToken))
	y.mail(s)
	if s.Slack != nil {
		o := s.Slack.Options()
		y.line("slack: [{name: slack, signing_secrets: [%s], bot_token: %s, team_id: %s, app_id: %s, api_url: %q}]",
			y.secret("slack", o.SigningSecret), y.secret("bot", o.Token), o.TeamID, o.AppID, s.Slack.URL())
	}
	if s.Phone {
		y.line("phone: [{name: phone, secrets: [%s]}]", y.secret("phone", PhoneSecret))
	}
}

func (y *yaml) mail(s Setup) {
	if s.Address == "" {
		return
	}
	_, domain, _ := strings.Cut(s.Address, "@")
	y.line("email:")
	y.line("  domain: %s", domain)
	if len(s.Authserv) > 0 {
		y.line("  trusted_authserv_ids: [%s]", strings.Join(s.Authserv, ", "))
	}
	if m := s.Mailbox; m != nil {
		y.line("  mailboxes: [{name: desk, host: %s, port: %d, tls: none, user: %q, password: %s, poll: 5s}]",
			m.Host, m.Port, m.User, y.secret("imap", m.Password))
	}
	if m := s.SMTP; m != nil {
		user := ""
		if m.User != "" {
			user = fmt.Sprintf(", user: %q, password: %s", m.User, y.secret("smtp", m.Password))
		}
		y.line("  smtp: {host: %s, port: %d, tls: none, from: %q%s}", m.Host, m.Port, s.Address, user)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
