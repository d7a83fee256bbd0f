package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/balie/balie"
)

var update = flag.Bool("update", false, "write what is found as what is wanted")

func TestExampleLoadsAndShowsEverySetting(t *testing.T) {
	c, err := Parse("example.yaml", Example(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys() {
		if _, ok := c.source.places[key]; !ok {
			t.Errorf("example.yaml does not show %s", key)
		}
	}
}

// What the example says of a default is what holds.
func TestExampleShowsTheDefaults(t *testing.T) {
	c, err := Parse("example.yaml", Example(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := Default()
	for _, x := range [][2]any{
		{c.Listen, d.Listen}, {c.Log, d.Log}, {c.Limits, d.Limits}, {c.HTTP.Rate, d.HTTP.Rate}, {c.Data, d.Data},
		{c.Form.MaxFiles, d.Form.MaxFiles}, {c.Form.MaxBytes, d.Form.MaxBytes}, {c.Form.PerClient, d.Form.PerClient},
		{c.Form.PerAddress, d.Form.PerAddress}, {c.Desk.Name, d.Desk.Name}, {c.Desk.Timezone, d.Desk.Timezone},
		{c.Email.Mailboxes[0].Poll, pollDefault}, {c.Email.Mailboxes[0].MaxSize, int64(mailDefault)},
	} {
		if !reflect.DeepEqual(x[0], x[1]) {
			t.Errorf("the example has %v, the default is %v", x[0], x[1])
		}
	}
}

func TestWhatInitWritesHolds(t *testing.T) {
	for _, l := range languages {
		c, err := Parse("balie.yaml", Start(l), nil)
		if err != nil {
			t.Error(err)
		}
		if c.Desk.Language != l || !c.Form.Enabled || c.Email.SMTP != nil {
			t.Errorf("%s: language %s, form %v", l, c.Desk.Language, c.Form.Enabled)
		}
		// The commented lines hold too, once the # is gone.
		open := bytes.ReplaceAll(Start(l), []byte("\n# email:"), []byte("\nemail:"))
		lines := strings.Split(string(open), "\n")
		in := false
		for i, line := range lines {
			in = line == "email:" || in && strings.HasPrefix(line, "#   ")
			if in {
				lines[i] = strings.TrimPrefix(line, "# ")
			}
		}
		c, err = Parse("balie.yaml", []byte(strings.Join(lines, "\n")), nil)
		if err != nil || len(c.Email.Mailboxes) != 1 || c.Email.SMTP == nil {
			t.Errorf("%s, with mail: %v, %d mailboxes", l, err, len(c.Email.Mailboxes))
		}
	}
}

// allKeys are the keys of Config; in lists, those of the first item.
func allKeys() []string {
	var out []string
	var walk func(t reflect.Type, field string)
	walk = func(t reflect.Type, field string) {
		switch {
		case t == secretType || t == timeType:
		case t.Kind() == reflect.Pointer:
			walk(t.Elem(), field)
		case t.Kind() == reflect.Slice:
			walk(t.Elem(), field+"[0]")
		case t.Kind() == reflect.Struct:
			for i := range t.NumField() {
				if k, ok := t.Field(i).Tag.Lookup("yaml"); ok {
					whole := strings.TrimPrefix(field+"."+k, ".")
					out = append(out, whole)
					walk(t.Field(i).Type, whole)
				}
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return out
}

// Each pair of testdata/mistakes.txtar is a file and what is said of it.
func TestEveryMistakeIsNamedWithItsPlaceAndTheMend(t *testing.T) {
	const name = "testdata/mistakes.txtar"
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		in, want := a.Files[i], &a.Files[i+1]
		_, err := Parse("balie.yaml", in.Data, nil)
		got := "nothing\n"
		if err != nil {
			got = err.Error() + "\n"
		}
		if *update {
			want.Data = []byte(got)
		} else if got != string(want.Data) {
			t.Errorf("%s:\n%s\ngot:\n%s\nwant:\n%s", in.Name, in.Data, got, want.Data)
		}
		if err == nil {
			continue
		}
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			bad, ok := errors.AsType[*balie.InvalidError](e)
			if !ok || bad.File == "" && !strings.HasPrefix(bad.Field, prefix) {
				t.Errorf("%s: %v does not say where", in.Name, e)
			}
		}
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const least = "secret_key: {file: k}\n"

func TestEnvironmentGoesOverTheFile(t *testing.T) {
	c, err := Parse("desk/balie.yaml", []byte(least+"listen: 127.0.0.1:1\nlog: {level: warn}\ndesk: {leads: [a@example.nl]}\n"), []string{
		"BALIE_LISTEN=127.0.0.1:2", "BALIE_PUBLIC_URL=https://balie.example.nl", "BALIE_EMAIL_SMTP_HOST=smtp.example.nl",
		"BALIE_EMAIL_SMTP_FROM=desk@example.nl", "BALIE_EMAIL_DOMAIN=example.nl", "BALIE_EMAIL_SMTP_USER=desk",
		"BALIE_EMAIL_SMTP_PASSWORD=geheim", "BALIE_DESK_LEADS=b@example.nl, c@example.nl", "BALIE_DESK_NAME_NL=Balie",
		"BALIE_FORM_ENABLED=true", "BALIE_FORM_MAX_BYTES=1MiB", "BALIE_LIMITS_SENDERS=3", "BALIE_HTTP_REQUESTS_PER_SECOND=2.5",
		"BALIE_FAIL=x", "BALIE_FAIL_LIST=y", "BALIE_SHARED=z", "BALIE_CONFIG=w", "PATH=/bin", "BALIE_DATA=",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Listen, c.Log.Level, c.PublicURL, c.Email.SMTP.Host, c.Email.SMTP.Port, c.Email.SMTP.Password.Env, c.Desk.Leads,
		c.Desk.Name["nl"], c.Form.MaxBytes, c.Limits.Senders, c.HTTP.Rate, c.Data, c.SecretKey.File}
	want := []any{"127.0.0.1:2", "warn", "https://balie.example.nl", "smtp.example.nl", 465, "BALIE_EMAIL_SMTP_PASSWORD",
		[]string{"b@example.nl", "c@example.nl"}, "Balie", int64(1 << 20), 3, 2.5, "desk/data", "desk/k"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Every single setting has a variable, and it reaches that setting.
func TestEverySettingHasAVariable(t *testing.T) {
	for name, l := range leaves() {
		c := Default()
		r := &reader{places: map[string]place{}}
		value := map[bool]string{true: "true", false: "7"}[strings.HasSuffix(name, "ENABLED") || strings.HasSuffix(name, "MAIL") || strings.HasSuffix(name, "NULL_SENDER")]
		if strings.HasPrefix(name, "BALIE_AUTH_") && !strings.Contains(name, "OIDC") {
			value = "7h" // a length of time
		}
		before := fmt.Sprintf("%#v", c)
		r.environment(&c, []string{name + "=" + value})
		if len(r.problems) > 0 {
			t.Errorf("%s (%s): %v", name, l.field, r.problems)
		}
		if after := fmt.Sprintf("%#v", c); after == before && c.Email.SMTP == nil {
			t.Errorf("%s does not change %s", name, l.field)
		}
	}
	for _, key := range allKeys() {
		if strings.Contains(key, "[0]") || key == "email.smtp.accounts" || key == "auth.oidc.roles" || key == "desk.name" {
			continue
		}
		v := prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		group := slices.ContainsFunc(allKeys(), func(k string) bool { return strings.HasPrefix(k, key+".") || strings.HasPrefix(k, key+"[") })
		if _, ok := leaves()[v]; !ok && !group {
			t.Errorf("%s has no variable %s", key, v)
		}
	}
}

func TestUnknownVariableIsAMistake(t *testing.T) {
	_, err := Parse("balie.yaml", []byte("secret_key: {env: BALIE_MY_OWN}\n"), []string{"BALIE_LISTN=:1", "BALIE_MY_OWN=x", "BALIE_LOG_LEVEL=loud", "BALIE_LIMITS_SENDERS=many"})
	want := `BALIE_LIMITS_SENDERS: "many" is not a whole number
BALIE_LISTN: no setting has this variable; did you mean "BALIE_LISTEN"?`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
	_, err = Parse("balie.yaml", []byte(least), []string{"BALIE_LOG_LEVEL=loud", "BALIE_SECRET_KEY=a", "BALIE_SECRET_KEY_FILE=b"})
	if err == nil || !strings.Contains(err.Error(), "BALIE_SECRET_KEY_FILE: the secret is also given by BALIE_SECRET_KEY") {
		t.Errorf("got %v", err)
	}
	_, err = Parse("balie.yaml", []byte(least), []string{"BALIE_LOG_LEVEL=loud"})
	if err == nil || !strings.HasPrefix(err.Error(), `BALIE_LOG_LEVEL: "loud" is not known here`) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsAreReadAndTheirFaultsNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, body string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", strings.Repeat("k", 32)+"\r\n", 0o600)
	write("short", "kort\n", 0o600)
	write("empty", "\n", 0o600)
	write("open", strings.Repeat("k", 32), 0o644)
	t.Setenv("DESK_KEY", strings.Repeat("e", 40))
	for _, x := range []struct{ secret, problem, warning string }{
		{"{file: good}", "", ""},
		{"{env: DESK_KEY}", "", ""},
		{"{env: DESK_NONE}", "secret_key: the environment has no DESK_NONE", ""},
		{"{file: none}", "no such file", ""},
		{"{file: empty}", "is empty", ""},
		{"{file: short}", "the secret has 4 bytes; give at least 32", ""},
		{"{file: open}", "", "everybody on this machine can open"},
		{"{file: .}", "is a directory", ""},
	} {
		c, err := Parse(filepath.Join(dir, "balie.yaml"), []byte("secret_key: "+x.secret+"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		err = c.CheckSecrets()
		if (err == nil) != (x.problem == "") || err != nil && !strings.Contains(err.Error(), x.problem) {
			t.Errorf("%s: got %v, want %q", x.secret, err, x.problem)
		}
		if bad, ok := errors.AsType[*balie.InvalidError](err); ok && bad.Line != 1 {
			t.Errorf("%s: line %d", x.secret, bad.Line)
		}
		if w := fmt.Sprint(c.Warnings()); strings.Contains(w, "everybody on this machine") != (x.warning != "") {
			t.Errorf("%s: warnings %s", x.secret, w)
		}
	}
	c, _ := Parse(filepath.Join(dir, "balie.yaml"), []byte("secret_key: {file: good}\n"), nil)
	if v, err := c.SecretKey.Read(); v != strings.Repeat("k", 32) || err != nil {
		t.Errorf("read %q, %v: the line end belongs to the file, not to the secret", v, err)
	}
}

func TestWarningsSayWhatIsUnwise(t *testing.T) {
	for _, x := range []struct{ body, want string }{
		{"public_url: http://balie.example.nl\n", "travels readable"},
		{"public_url: https://balie.example.nl\n", "all customers count as one client"},
		{"public_url: https://balie.example.nl\nhttp: {trusted_proxies: [127.0.0.1]}\n", "no channel is set up"},
		{"", "nobody is told of complaints"},
		{"desk: {leads: [a@example.nl]}\n", "the leads cannot be told"},
		{"slack: [{signing_secrets: [{file: s}]}]\n", "questions come in and answers do not go out"},
		{"old_secret_key: {file: o}\n", "still opens links"},
	} {
		c, err := Parse("balie.yaml", []byte(least+x.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		if w := fmt.Sprint(c.Warnings()); !strings.Contains(w, x.want) {
			t.Errorf("%q: no %q in %s", x.body, x.want, w)
		}
	}
}

const canary = "kanarie-0123456789-abcdefghijklmnopqrstuvwxyz"

// S12: whatever prints a Config or says what is wrong with one, no secret is in
// it, also not one that somebody wrote in the wrong place.
func TestS12_SecretsAreNeverPrinted(t *testing.T) {
	c := Default()
	c.SecretKey, c.OldKey = Plain(canary), Plain(canary)
	c.Email = Email{SMTP: &SMTP{Password: Plain(canary)}, Mailboxes: []Mailbox{{Password: Plain(canary)}}}
	c.Slack = []Slack{{SigningSecrets: []Secret{Plain(canary)}, BotToken: Plain(canary)}}
	var said strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T"} {
		fmt.Fprintf(&said, verb, c)
		fmt.Fprintf(&said, verb, c.SecretKey)
		fmt.Fprintf(&said, verb, &c.SecretKey)
		fmt.Fprintf(&said, verb, struct{ hidden Config }{c})
		fmt.Fprintf(&said, verb, *c.Email.SMTP)
	}
	if j, err := json.Marshal(c); err != nil {
		t.Error(err)
	} else {
		said.Write(j)
	}
	if y, err := yaml.Marshal(c); err != nil {
		t.Error(err)
	} else {
		said.Write(y)
	}
	slog.New(slog.NewJSONHandler(&said, nil)).Info("x", "config", c, "secret", c.SecretKey)
	slog.New(slog.NewTextHandler(&said, nil)).Info("x", "config", c, "secret", c.SecretKey)
	for _, body := range []string{
		"secret_key: CANARY", "secret_key: [CANARY]", "secret_key: {value: CANARY}", "secret_key: {file: [CANARY]}",
		"email: {smtp: {password: CANARY}}", "email: {smtp: {password: {env: a, value: CANARY}}}", "email:\n  smtp:\n    password: CANARY\n   user: x",
		"email:\n  smtp:\n    password: 'CANARY\n    user: x", "email: {smtp: {password: \"CANARY}}", "phone: [{secrets: [CANARY]}]",
		"slack:\n- signing_secrets: CANARY", "slack:\n- bot_token: |\n    CANARY\n  x", "public_url: https://desk:CANARY@balie.example.nl",
		"telemetry: {otlp_endpoint: 'https://CANARY@x'}", "slack: [{api_url: 'http://x?token=CANARY'}]", "form: {api_tokens: [{id: a, secret: CANARY}]}",
		"secret_key: &a CANARY\nold_secret_key: *a", "secret_key: !!binary CANARY", "email: {smtp: {password: CANARY", "\tsecret_key: CANARY", "CANARY",
	} {
		c, err := Parse("balie.yaml", []byte(strings.ReplaceAll(body, "CANARY", canary)), nil)
		if err == nil {
			t.Errorf("%s: nothing wrong?", body)
		}
		fmt.Fprintln(&said, err, c.Warnings())
	}
	if i := strings.Index(said.String(), canary); i >= 0 {
		t.Errorf("a secret was printed: …%s", said.String()[max(0, i-300):i+len(canary)])
	}
	if hex := fmt.Sprintf("%x", canary); strings.Contains(said.String(), hex) {
		t.Error("a secret was printed in hex")
	}
}

func TestSizesAndTimesAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "512": 512, "30MiB": 30 << 20, "30 mib": 30 << 20, "25MB": 25e6, "1_000": 1000, "2GiB": 2 << 30, "-1": -1, "5b": 5} {
		var n int64
		if problem, _ := set(reflect.ValueOf(&n).Elem(), text); problem != "" || n != want {
			t.Errorf("%q: %d, %s", text, n, problem)
		}
	}
	for _, text := range []string{"", "MiB", "1.5MiB", "9999999999GiB", "1 TiB", "0x10"} {
		var n int64
		if problem, _ := set(reflect.ValueOf(&n).Elem(), text); problem == "" {
			t.Errorf("%q became %d", text, n)
		}
	}
	var d time.Duration
	if problem, _ := set(reflect.ValueOf(&d).Elem(), "90"); problem == "" {
		t.Error("a time without its unit was taken")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Example())
	f.Add(Start("nl"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? [a]\n: {b"))
	f.Add([]byte("email: {mailboxes: [{port: -1}, null, 3]}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := Parse("balie.yaml", body, nil)
		c.Warnings()
		if err == nil {
			return
		}
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			if _, ok := errors.AsType[*balie.InvalidError](e); !ok {
				t.Errorf("%v is not for people", e)
			}
		}
	})
}
