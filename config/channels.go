package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/balie/balie/internal/yamltree"
)

// hostName is a domain: labels of letters, digits and hyphens.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

// idForm is what ids look like: they stand in keys, addresses and logs.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func (k *check) id(field, id string) {
	if !idForm.MatchString(id) {
		k.problem(field, fmt.Sprintf("%q cannot be an id", yamltree.Short(id)), "an id has letters, digits, - and _, at most 64")
	}
}

func (k *check) email() {
	e := k.c.Email
	if len(e.Mailboxes) > 0 && e.SMTP == nil {
		k.problem("email.mailboxes", "mail comes in and nothing goes out", "add email.smtp, so that customers are answered")
	}
	if e.SMTP != nil && e.Domain == "" {
		k.problem("email.domain", "there is no email.domain", "give the part after the @ of the desk's own address; our Message-IDs end in it")
	}
	if e.Domain != "" && !hostName.MatchString(e.Domain) {
		k.problem("email.domain", fmt.Sprintf("%q is not a domain", yamltree.Short(e.Domain)), "write it as example.nl")
	}
	for i, id := range e.TrustedAuthserv {
		if strings.TrimSpace(id) == "" || strings.ContainsAny(id, " ;") {
			k.problem(fmt.Sprintf("email.trusted_authserv_ids[%d]", i), fmt.Sprintf("%q is not an authserv-id", yamltree.Short(id)), "copy the first word of Authentication-Results in a mail that came in")
		}
	}
	seen := map[string]bool{}
	for i, m := range e.Mailboxes {
		field := fmt.Sprintf("email.mailboxes[%d]", i)
		k.mailbox(field, m)
		if key := m.Name + "\x00" + m.Folder; seen[key] {
			k.problem(field+".name", fmt.Sprintf("two mailboxes are called %q with folder %q", yamltree.Short(m.Name), yamltree.Short(m.Folder)), "give each its own name")
		} else {
			seen[key] = true
		}
	}
	if e.SMTP != nil {
		k.smtp(*e.SMTP)
	}
}

// pollMost is the longest time between two looks; mail servers end a
// connection that is silent for longer.
const pollMost = 9 * time.Minute

func (k *check) mailbox(field string, m Mailbox) {
	k.reach(field, m.Host, m.Port, m.TLS)
	if m.User == "" {
		k.problem(field+".user", "there is no user", "give the name the mailbox is opened with")
	}
	if m.Password.IsZero() {
		k.problem(field+".password", "there is no password", "write password: {file: secrets/NAME} or password: {env: NAME}")
	}
	if m.Poll < time.Second || m.Poll > pollMost {
		k.problem(field+".poll", fmt.Sprintf("%s is not possible", m.Poll), "give from 1s to %s", pollMost)
	}
	const leastMail = 64 << 10
	if m.MaxSize < leastMail {
		k.problem(field+".max_size", fmt.Sprintf("%d bytes is too little", m.MaxSize), "give 64KiB or more; larger mails come in without their files")
	}
	switch folder, moves := strings.CutPrefix(m.Tidy, "move:"); {
	case m.Tidy == "", m.Tidy == "flag":
	case !moves:
		k.problem(field+".tidy", fmt.Sprintf("%q is not known here", yamltree.Short(m.Tidy)), `use flag, "move:Folder" or leave it out`)
	case folder == "":
		k.problem(field+".tidy", "there is no folder to move to", `write "move:Folder"`)
	case strings.EqualFold(folder, m.Folder):
		k.problem(field+".tidy", "mail would be moved to the folder it is in", "name another folder")
	}
}

// reach checks how a mail server is reached.
func (k *check) reach(field, host string, port int, tls string) {
	if host == "" {
		k.problem(field+".host", "there is no host", "give the name of the mail server")
	} else if net.ParseIP(host) == nil && !hostName.MatchString(host) {
		k.problem(field+".host", fmt.Sprintf("%q is not a host", yamltree.Short(host)), "write it as imap.example.nl, without a port")
	}
	k.port(field+".port", port)
	k.oneOf(field+".tls", tls, "tls", "starttls", "none")
	if tls == "none" && !loopback(host) {
		k.problem(field+".tls", "without TLS the password travels readable over the network", `use tls or starttls; none is for a server on this machine only`)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (k *check) smtp(s SMTP) {
	k.reach("email.smtp", s.Host, s.Port, s.TLS)
	if s.From == "" {
		k.problem("email.smtp.from", "there is no sender", `give the desk's own address: "Servicedesk <desk@example.nl>"`)
	} else {
		k.address("email.smtp.from", s.From)
	}
	if s.User != "" && s.Password.IsZero() {
		k.problem("email.smtp.password", "there is a user and no password", "write password: {file: secrets/NAME} or password: {env: NAME}")
	}
	if s.User == "" && !s.Password.IsZero() {
		k.problem("email.smtp.user", "there is a password and no user", "give the name to log in with")
	}
	names := map[string]bool{}
	var known []string
	for _, m := range k.c.Email.Mailboxes {
		names[m.Name] = true
		known = append(known, m.Name)
	}
	for name, from := range s.Accounts {
		k.address("email.smtp.accounts."+name, from)
		if !names[name] && len(known) > 0 {
			k.problem("email.smtp.accounts."+name, fmt.Sprintf("no mailbox is called %q", yamltree.Short(name)), "%s", yamltree.Suggest(name, known))
		}
	}
}

func (k *check) slack() {
	for i, s := range k.c.Slack {
		field := fmt.Sprintf("slack[%d]", i)
		if i > 0 {
			k.problem(field, "only one Slack workspace can be served", "run another balie for the other workspace")
			break
		}
		k.id(field+".name", s.Name)
		if len(s.SigningSecrets) == 0 {
			k.problem(field+".signing_secrets", "there is no signing secret", "copy it from Basic Information at api.slack.com/apps into a file: signing_secrets: [{file: secrets/slack-signing}]")
		}
		k.startsWith(field+".team_id", s.TeamID, "T")
		k.startsWith(field+".app_id", s.AppID, "A")
		if s.APIURL == "" {
			continue
		}
		if u := k.web(field+".api_url", s.APIURL); u != nil && u.Scheme == "http" && !loopback(u.Hostname()) {
			k.problem(field+".api_url", "without https the token travels readable over the network", "use https")
		}
	}
}

func (k *check) startsWith(field, id, letter string) {
	if id != "" && !strings.HasPrefix(id, letter) {
		k.problem(field, fmt.Sprintf("%q is not such an id", yamltree.Short(id)), "it begins with %s", letter)
	}
}

func (k *check) form() {
	f := k.c.Form
	if !f.Enabled {
		return
	}
	k.id("form.id", f.ID)
	k.atLeast("form.max_files", float64(f.MaxFiles), 1)
	k.atLeast("form.max_bytes", float64(f.MaxBytes), 1024)
	k.atLeast("form.per_client", f.PerClient, 1)
	k.atLeast("form.per_address", f.PerAddress, 1)
	for i, origin := range f.Embed {
		field := fmt.Sprintf("form.embed[%d]", i)
		if u, err := url.Parse(origin); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || strings.ContainsAny(origin, " ;,'*") {
			k.problem(field, "this is not the origin of a website", "write it as https://www.example.nl, without a path")
		}
	}
	seen := map[string]bool{}
	for i, t := range f.API {
		field := fmt.Sprintf("form.api_tokens[%d]", i)
		k.id(field+".id", t.ID)
		if seen[t.ID] {
			k.problem(field+".id", fmt.Sprintf("%q is there twice", yamltree.Short(t.ID)), "give each its own id")
		}
		seen[t.ID] = true
		if t.Secret.IsZero() {
			k.problem(field+".secret", "there is no secret", "write secret: {file: secrets/NAME}")
		}
	}
}

func (k *check) phone() {
	for i, p := range k.c.Phone {
		field := fmt.Sprintf("phone[%d]", i)
		if i > 0 {
			k.problem(field, "only one telephone line can be served", "give the secrets of both systems to one line: two secrets may hold at once")
			break
		}
		k.id(field+".name", p.Name)
		if len(p.Secrets) == 0 {
			k.problem(field+".secrets", "there is no secret", "make one, and give it to the telephone system: secrets: [{file: secrets/phone}]")
		}
	}
}
