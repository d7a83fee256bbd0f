// Package config is in charge of balie.yaml: its shape, its defaults, and where
// secrets come from.
//
// Guarantees:
//  1. A flag goes over BALIE_* in the environment, that over the file, that
//     over the default.
//  2. An unknown key, a wrong type or an impossible value is an error with
//     file, line, column and the mend; all of them at once.
//  3. A secret is read from a file or the environment and never printed.
package config

import "time"

// Config is balie.yaml.
type Config struct {
	Desk      Desk      `yaml:"desk"`
	PublicURL string    `yaml:"public_url"`     // base of links, without a slash at the end
	Listen    string    `yaml:"listen"`         // address of HTTP
	Data      string    `yaml:"data"`           // directory of the store
	SecretKey Secret    `yaml:"secret_key"`     // at least 32 bytes; signs links and Message-IDs
	OldKey    Secret    `yaml:"old_secret_key"` // still accepted during rotation
	Log       Log       `yaml:"log"`
	HTTP      HTTP      `yaml:"http"`
	Email     Email     `yaml:"email"`
	Slack     []Slack   `yaml:"slack"`
	Form      Form      `yaml:"form"`
	Phone     []Phone   `yaml:"phone"`
	Auth      Auth      `yaml:"auth"`
	Outside   Outside   `yaml:"outside"`
	Limits    Limits    `yaml:"limits"`
	Telemetry Telemetry `yaml:"telemetry"`

	source *source
}

// Desk is who we are.
type Desk struct {
	Name     map[string]string `yaml:"name"`     // by language
	Language string            `yaml:"language"` // of the desk, and of customers whose own is not known
	Timezone string            `yaml:"timezone"`
	Calendar string            `yaml:"calendar"` // of the catalogue; the desk's own opening hours
	Country  string            `yaml:"country"`  // for phone numbers without a country code
	Leads    []string          `yaml:"leads"`    // mail addresses that get alerts
	Urgent   string            `yaml:"urgent"`   // phone number for what cannot wait
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // json, text
}

// HTTP is the server.
type HTTP struct {
	Proxies []string `yaml:"trusted_proxies"`
	Rate    float64  `yaml:"requests_per_second"` // of one client
	Metrics string   `yaml:"metrics"`             // address of /metrics; "" puts it on loopback clients of Listen
}

// Email is every mailbox, and how mail goes out.
type Email struct {
	Mailboxes       []Mailbox `yaml:"mailboxes"`
	SMTP            *SMTP     `yaml:"smtp"`
	Domain          string    `yaml:"domain"` // of our Message-IDs
	TrustedAuthserv []string  `yaml:"trusted_authserv_ids"`
}

// Mailbox is one folder of one account to read.
type Mailbox struct {
	Name      string        `yaml:"name"`
	Host      string        `yaml:"host"`
	Port      int           `yaml:"port"`
	TLS       string        `yaml:"tls"` // tls, starttls; none only on this machine
	CA        string        `yaml:"ca"`  // file with certificates to trust besides the system's
	User      string        `yaml:"user"`
	Password  Secret        `yaml:"password"`
	Folder    string        `yaml:"folder"`
	Poll      time.Duration `yaml:"poll"`
	MaxSize   int64         `yaml:"max_size"` // bytes
	NotBefore time.Time     `yaml:"not_before"`
	Tidy      string        `yaml:"tidy"`
}

// SMTP is the submission server.
type SMTP struct {
	Host       string            `yaml:"host"`
	Port       int               `yaml:"port"`
	TLS        string            `yaml:"tls"`
	CA         string            `yaml:"ca"`
	User       string            `yaml:"user"`
	Password   Secret            `yaml:"password"`
	From       string            `yaml:"from"`     // "Servicedesk <desk@example.nl>"
	Accounts   map[string]string `yaml:"accounts"` // another From by mailbox name
	NullSender bool              `yaml:"null_sender"`
}

// Slack is one workspace.
type Slack struct {
	Name           string   `yaml:"name"`
	SigningSecrets []Secret `yaml:"signing_secrets"`
	BotToken       Secret   `yaml:"bot_token"`
	TeamID         string   `yaml:"team_id"`
	AppID          string   `yaml:"app_id"`
	APIURL         string   `yaml:"api_url"`
}

// Form is the public form, its status page and the intake API.
type Form struct {
	Enabled     bool       `yaml:"enabled"`
	ID          string     `yaml:"id"`
	Within      string     `yaml:"within"` // what is promised in words: "30 minuten"
	RequireMail bool       `yaml:"require_mail"`
	MaxFiles    int        `yaml:"max_files"`
	MaxBytes    int64      `yaml:"max_bytes"`
	PerClient   float64    `yaml:"per_client"`  // questions an hour from one client
	PerAddress  float64    `yaml:"per_address"` // questions an hour for one mail address
	Embed       []string   `yaml:"embed"`
	API         []APIToken `yaml:"api_tokens"`
}

// APIToken is who may hand in by the API.
type APIToken struct {
	ID     string `yaml:"id"`
	Secret Secret `yaml:"secret"`
}

// Phone is one telephone line or system.
type Phone struct {
	Name    string   `yaml:"name"`
	Secrets []Secret `yaml:"secrets"`
}

// Auth is how people at the desk sign in.
type Auth struct {
	Idle     time.Duration `yaml:"idle"`     // a session nobody used for this long ends
	Absolute time.Duration `yaml:"absolute"` // no session is older
	OIDC     *OIDC         `yaml:"oidc"`
}

// OIDC is single sign-on by OpenID Connect.
type OIDC struct {
	Issuer       string            `yaml:"issuer"`
	ClientID     string            `yaml:"client_id"`
	ClientSecret Secret            `yaml:"client_secret"`
	Scopes       []string          `yaml:"scopes"`     // beside openid, profile and email
	RoleClaim    string            `yaml:"role_claim"` // the claim that names groups
	Roles        map[string]string `yaml:"roles"`      // role by group
	Unknown      string            `yaml:"unknown"`    // role of somebody nobody added; "" keeps them out
}

// Outside says where balie may call to.
type Outside struct {
	Allow []string `yaml:"allow"` // addresses and networks of our own
}

// Limits bound what comes in and goes out.
type Limits struct {
	ReopenDays int   `yaml:"reopen_days"` // opening days in which a reply reopens
	DailyCap   int   `yaml:"daily_cap"`   // automatic letters to one address a day
	Senders    int   `yaml:"senders"`     // deliveries at the same time
	MinFree    int64 `yaml:"min_free"`    // bytes of disk under which nothing is taken in
}

// Telemetry sends traces to an OpenTelemetry collector when Endpoint is set.
type Telemetry struct {
	Endpoint string `yaml:"otlp_endpoint"`
}

// Secret is read from a file or an environment variable. Value is only for
// programs that make a Config themselves; a file may not hold it.
type Secret struct {
	File  string  `yaml:"file"`
	Env   string  `yaml:"env"`
	value *string // a pointer: what prints a Config by reflection shows no more
}
