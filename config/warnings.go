package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"

	"github.com/balie/balie"
)

// Warnings are what is allowed and yet works badly or is unsafe.
func (c Config) Warnings() []*balie.InvalidError {
	var out []*balie.InvalidError
	warn := func(field, problem, fix string, a ...any) { out = append(out, c.invalid(field, problem, fix, a...)) }
	each(reflect.ValueOf(&c).Elem(), "", func(s *Secret, field string) {
		if s.File == "" {
			return
		}
		if i, err := os.Stat(s.File); err == nil && i.Mode().IsRegular() && i.Mode()&0o007 != 0 {
			warn(field, fmt.Sprintf("everybody on this machine can open %s (%s)", s.File, i.Mode().Perm()), "chmod 600 it")
		}
	})
	outside := false // people reach it from elsewhere
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		outside = !loopback(u.Hostname())
		if outside && u.Scheme == "http" {
			warn("public_url", "what customers write travels readable over the network", "use https, by a proxy with TLS")
		}
	}
	host, _, _ := net.SplitHostPort(c.Listen)
	if outside && loopback(host) && len(c.HTTP.Proxies) == 0 {
		warn("http.trusted_proxies", "behind a proxy that is not named all customers count as one client", "name it: trusted_proxies: [127.0.0.1]")
	}
	if len(c.Desk.Leads) == 0 {
		warn("desk.leads", "nobody is told of complaints, emergencies and promises that are not kept", "give one or more mail addresses")
	} else if c.Email.SMTP == nil {
		warn("desk.leads", "without email.smtp the leads cannot be told", "set up email.smtp")
	}
	if c.Form.Enabled && c.Email.SMTP == nil {
		warn("form.enabled", "without email.smtp customers read their answer on the status page only, also who left a mail address", "set up email.smtp")
	}
	if len(c.Email.Mailboxes) > 0 && len(c.Email.TrustedAuthserv) == 0 {
		warn("email.trusted_authserv_ids", "no server's verdict on senders counts: every sender is unproven", "name your own mail server as it stands in Authentication-Results")
	}
	for i, s := range c.Slack {
		if s.BotToken.IsZero() {
			warn(fmt.Sprintf("slack[%d].bot_token", i), "without it questions come in and answers do not go out", "give the app's xoxb- token")
		}
	}
	if !c.OldKey.IsZero() {
		warn("old_secret_key", "the key before this one still opens links", "remove it when those links have expired")
	}
	if !c.Form.Enabled && len(c.Email.Mailboxes) == 0 && len(c.Slack) == 0 && len(c.Phone) == 0 {
		warn("form.enabled", "no channel is set up: nothing can come in", "turn the form on, or add a mailbox")
	}
	return out
}
