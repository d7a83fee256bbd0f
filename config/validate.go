package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// Validate says what cannot work in a Config, all of it at once.
func (c Config) Validate() error { return errors.Join(c.problems()...) }

func (c Config) problems() []error {
	k := &check{c: &c}
	k.desk()
	k.server()
	k.log()
	k.email()
	k.slack()
	k.form()
	k.phone()
	k.auth()
	k.limits()
	return k.found
}

// check gathers problems.
type check struct {
	c     *Config
	found []error
}

func (k *check) problem(field, problem, fix string, a ...any) {
	k.found = append(k.found, k.c.invalid(field, problem, fix, a...))
}

// oneOf wants a word of a closed list.
func (k *check) oneOf(field, value string, words ...string) {
	if !slices.Contains(words, value) {
		k.problem(field, fmt.Sprintf("%q is not known here", yamltree.Short(value)), "%s", yamltree.Suggest(value, words))
	}
}

func (k *check) atLeast(field string, value, least float64) {
	if value < least {
		k.problem(field, fmt.Sprintf("%g is too little", value), "give %g or more", least)
	}
}

func (k *check) port(field string, port int) {
	if port < 1 || port > 65535 {
		k.problem(field, fmt.Sprintf("%d is not a port", port), "it is between 1 and 65535")
	}
}

func (k *check) address(field, text string) {
	if a, err := mail.ParseAddress(text); err != nil || !strings.Contains(a.Address, ".") && !strings.HasSuffix(a.Address, "@localhost") {
		k.problem(field, fmt.Sprintf("%q is no mail address", yamltree.Short(text)), `write it as desk@example.nl or "Servicedesk <desk@example.nl>"`)
	}
}

// web wants an absolute http or https address. It is never shown: people put
// passwords into addresses.
func (k *check) web(field, text string) *url.URL {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		k.problem(field, "this is not the address of a website", "write it as https://balie.example.nl")
	case u.User != nil:
		k.problem(field, "a name or password stands in the address", "leave it out; it has been seen by whoever saw this, so make a new one")
	case u.RawQuery != "" || u.Fragment != "":
		k.problem(field, "the address has a ? or # part", "leave it out")
	default:
		return u
	}
	return nil
}

// country is two capital letters (ISO 3166).
var country = regexp.MustCompile(`^[A-Z]{2}$`)

// telephone is what people write for a number.
var telephone = regexp.MustCompile(`^\+?[0-9][0-9 ()/.-]{1,30}$`)

func (k *check) desk() {
	d := k.c.Desk
	k.oneOf("desk.language", d.Language, languages...)
	for l, name := range d.Name {
		k.oneOf("desk.name."+l, l, languages...)
		if strings.TrimSpace(name) == "" || strings.ContainsAny(name, "\r\n") {
			k.problem("desk.name."+l, "the name is empty or has more than one line", "give the name that customers know")
		}
	}
	if _, err := time.LoadLocation(d.Timezone); err != nil || d.Timezone == "" || d.Timezone == "Local" {
		k.problem("desk.timezone", fmt.Sprintf("%q is not a time zone", yamltree.Short(d.Timezone)), "use a name such as Europe/Amsterdam")
	}
	if !country.MatchString(d.Country) {
		k.problem("desk.country", fmt.Sprintf("%q is not a country", yamltree.Short(d.Country)), "use two capitals such as NL, BE or GB")
	}
	for i, lead := range d.Leads {
		k.address(fmt.Sprintf("desk.leads[%d]", i), lead)
	}
	if d.Urgent != "" && !telephone.MatchString(d.Urgent) {
		k.problem("desk.urgent", fmt.Sprintf("%q is not a telephone number", yamltree.Short(d.Urgent)), "write it as customers dial it: 030 123 45 67")
	}
}

func (k *check) server() {
	if k.c.SecretKey.IsZero() {
		k.problem("secret_key", "there is no secret_key", "balie init writes one; or: openssl rand -base64 48 > secret.key, and secret_key: {file: secret.key}")
	}
	if k.c.Data == "" {
		k.problem("data", "there is no directory for the store", "give one, such as data")
	}
	k.listen("listen", k.c.Listen)
	if k.c.HTTP.Metrics != "" {
		k.listen("http.metrics", k.c.HTTP.Metrics)
	}
	if u := k.c.PublicURL; u != "" {
		if strings.HasSuffix(u, "/") {
			k.problem("public_url", "the address ends in a slash", "leave the slash out")
		} else {
			k.web("public_url", u)
		}
	} else if k.c.Form.Enabled {
		k.problem("public_url", "the form is on and there is no public_url", "give the address at which people reach this balie: https://balie.example.nl")
	}
	for i, p := range k.c.HTTP.Proxies {
		if _, err := netip.ParseAddr(p); err == nil {
			continue
		}
		if _, err := netip.ParsePrefix(p); err != nil {
			k.problem(fmt.Sprintf("http.trusted_proxies[%d]", i), fmt.Sprintf("%q is neither an address nor a network", yamltree.Short(p)), "write 127.0.0.1 or 10.0.0.0/8")
		}
	}
	if e := k.c.Telemetry.Endpoint; e != "" {
		k.web("telemetry.otlp_endpoint", e)
	}
}

func (k *check) listen(field, text string) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		k.problem(field, fmt.Sprintf("%q is not an address to listen on", yamltree.Short(text)), "write host:port: 127.0.0.1:8080, or :8080 for every network")
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		k.problem(field, fmt.Sprintf("%q is not a port", yamltree.Short(port)), "it is between 1 and 65535")
	}
	if host != "" && net.ParseIP(host) == nil && strings.ContainsAny(host, " /:@") {
		k.problem(field, fmt.Sprintf("%q is not a host", yamltree.Short(host)), "write an IP address or a name")
	}
}

func (k *check) log() {
	k.oneOf("log.level", k.c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", k.c.Log.Format, "json", "text")
}

func (k *check) limits() {
	l := k.c.Limits
	k.atLeast("limits.reopen_days", float64(l.ReopenDays), 0)
	k.atLeast("limits.daily_cap", float64(l.DailyCap), 1)
	k.atLeast("limits.senders", float64(l.Senders), 1)
	const most = 64 // each is a connection to the mail server
	if l.Senders > most {
		k.problem("limits.senders", fmt.Sprintf("%d is too many", l.Senders), "give %d or fewer; mail servers allow few connections", most)
	}
}

// CheckSecrets reads every secret and says which cannot be read or are too
// short. Nothing of a secret is in its error.
func (c Config) CheckSecrets() error {
	k := &check{c: &c}
	each(reflect.ValueOf(&c).Elem(), "", func(s *Secret, field string) {
		if s.IsZero() {
			return
		}
		v, err := s.Read()
		if bad, ok := errors.AsType[*balie.InvalidError](err); ok {
			k.problem(field, bad.Problem, "%s", bad.Fix)
			return
		}
		if least := leastBytes(field); len(v) < least {
			k.problem(field, fmt.Sprintf("the secret has %d bytes", len(v)), "give at least %d: openssl rand -base64 48", least)
		}
	})
	return errors.Join(k.found...)
}

// leastBytes is how long a secret must be.
func leastBytes(field string) int {
	switch {
	case field == "secret_key", field == "old_secret_key":
		return 32 // of the key that signs links and Message-IDs
	case strings.HasPrefix(field, "form.api_tokens"):
		return 20
	}
	return 1
}
