package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// hostile steers a terminal (title, clear, colour, C1), breaks lines, turns
// the direction of writing, and is no valid UTF-8 at its end.
const hostile = "A\x1b]0;owned\x07B\x1b[2J\x1b[31mC\u009b31mD\nREF  closed\r\tE\u202efdp.exe\u2066\x00\x7f\x9b5mF\xff"

// rawBytes are what must never reach a terminal, beside what is valid UTF-8.
func harmfulIn(out []byte) string {
	for i := 0; i < len(out); {
		r, n := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Sprintf("byte %#x at %d", out[i], i)
		}
		if r != '\n' && harmful(r) {
			return fmt.Sprintf("%U at %d", r, i)
		}
		i += n
	}
	return ""
}

// hostileStore has a request of which every text is hostile.
func hostileStore(t *testing.T, dir string) (ref string, delivery balie.ID) {
	t.Helper()
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, now := context.Background(), time.Now()
	id, mid, hid := balie.NewID(now), balie.NewID(now), balie.NewID(now)
	from := balie.Address{Scheme: balie.Mail, Value: hostile + "@example.org", Name: hostile}
	person := balie.Person{ID: balie.NewID(now), Version: 1, Name: hostile, Addresses: []balie.Address{from}}
	c := balie.Change{People: []balie.Person{person}}
	d := &balie.Decision{Do: []balie.Action{{Do: balie.DoHandOut, Team: hostile, Reason: hostile}}, Rule: hostile, Ruleset: 1, Reason: hostile,
		Facts: balie.Facts{Message: balie.MessageFacts{Text: hostile, Subject: hostile, Channel: hostile}}, Matched: []string{hostile}}
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, Data: map[string]string{"ref": id.Ref(0), "subject": hostile, "channel": hostile, "account": hostile, "language": hostile, "product": hostile, "customer": person.ID.String()}},
		{What: balie.HandedOut, Message: mid, Decision: d, Handout: &balie.Handout{ID: hid, Team: hostile, To: from, State: balie.Offered, Opened: now}},
		{What: balie.HandoutReturned, Data: map[string]string{"handout": hid.String(), "reason": hostile}},
		{What: balie.What(hostile), Data: map[string]string{hostile: hostile}},
	} {
		e.At, e.By = now, hostile
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	c.Messages = []balie.Message{{ID: mid, Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: hostile, Account: hostile, Key: hostile, From: from,
		Subject: hostile, Text: hostile, Full: hostile, MsgID: hostile, Auto: balie.Auto(hostile), At: now,
		Parts: []balie.Part{{Name: hostile, Type: hostile}}, Warnings: []string{hostile}}}
	delivery = balie.NewID(now)
	c.Deliveries = []balie.Delivery{{ID: delivery, Request: id, Message: mid, Channel: hostile, To: from, Created: now, Due: now, Status: balie.Dead, LastError: hostile}}
	c.Ledger = []balie.LedgerEntry{{Message: mid, At: now, Channel: hostile, Account: hostile, Key: hostile, From: hostile, Subject: hostile, Outcome: balie.LedgerTaken, Reason: hostile, Request: id, Ref: id.Ref(0)}}
	if err := db.Commit(ctx, c); err != nil {
		t.Fatal(err)
	}
	// Whoever publishes is known, and yet what they say is text too.
	rules, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.PutDocument(ctx, store.Document{Kind: "rules", Body: rules, At: now, By: hostile, Reason: hostile}, 0); err != nil {
		t.Fatal(err)
	}
	return id.Ref(0), delivery
}

// everything is each command that shows something of a store.
func everything(ref, delivery string) [][]string {
	return [][]string{
		{"requests", "list"}, {"requests", "list", "--json"}, {"requests", "show", ref}, {"requests", "show", ref, "--json"},
		{"requests", "show", "\x1b[31m"}, {"requests", "list", "--customer", "\x1b]0;x\x07@y"}, {"requests", "list", "--state", "\x1b[31m"},
		{"deliveries", "list"}, {"deliveries", "list", "--json"}, {"deliveries", "discard", delivery, "--reason", hostile},
		{"deliveries", "list", "--status", "held"}, {"deliveries", "retry", delivery}, {"deliveries", "retry", delivery}, {"deliveries", "retry", hostile},
		{"ledger", "--limit", "50"}, {"ledger", "--limit", "50", "--json"},
		{"export", "requests"}, {"export", "messages"}, {"export", "events"},
		{"rules", "history"}, {"rules", "history", "--json"}, {"rules", "export"}, {"rules", "test"}, {"rules", "backtest"}, {"rules", "backtest", "--json"},
		{"rules", "test", "hostile.yaml"}, {"rules", "diff", "hostile.yaml"}, {"rules", "diff", "hostile.yaml", "--text"}, {"rules", "diff", "hostile.yaml", "--json"},
		{"rules", "backtest", "hostile.yaml"}, {"rules", "publish", "hostile.yaml", "--reason", hostile}, {"rules", "publish", "broken.yaml", "--reason", hostile},
		{"rules", "publish", "hostile.yaml", "--reason", "stale now"}, {"rules", "history"},
		{"catalogue", "history"}, {"catalogue", "import", "broken.yaml"}, {"check", "--store"},
	}
}

// command runs balie in a folder and returns all that it wrote.
func command(dir string, args ...string) []byte {
	cmd := exec.Command("balie", args...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput() // whatever its exit code
	return out
}

const hostileRules = `version: 1
rules:
- id: "x\e[31m\x9b"
  name: {nl: "\e]0;owned\a", en: "\u202Ex"}
  when: message.text.contains("REF") # \e
  then: {tag: ["\e[2J"], to_desk: {reason: "\e[31m\n\n"}}
  examples: {must: ["nothing \e[31m of that"]}
- id: rest
  when: "true"
  then: {to_desk: {}}
`

// A stranger's subject, name, file or error text does nothing to the terminal
// of whoever looks at it, and cannot look like a line of ours.
func TestS6_TerminalOutputIsHarmless(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makeDesk(dir); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{"hostile.yaml": hostileRules, "broken.yaml": strings.Replace(hostileRules, "then: {tag", "thenn: {\"\\e[31m\"", 1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ref, delivery := hostileStore(t, filepath.Join(dir, "data"))
	s, _, err := startServer(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	shown := 0
	for _, args := range everything(ref, delivery.String()) {
		out := command(dir, args...)
		if where := harmfulIn(out); where != "" {
			t.Errorf("balie %q writes %s:\n%q", args, where, out)
		}
		if bytes.Contains(out, []byte("fdp.exe")) {
			shown++
		}
		if !strings.Contains(strings.Join(args, " "), "--text") && bytes.Contains(out, []byte("\nREF  closed")) {
			t.Errorf("balie %q shows a stranger's line as one of its own:\n%s", args, out)
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if where := harmfulIn([]byte(s.text())); where != "" {
		t.Errorf("serve logs %s:\n%q", where, s.text())
	}
	if shown < 12 {
		t.Errorf("only %d commands show the hostile text at all: the test looks at too little", shown)
	}
}

// What a program reads as JSON is what was stored, escapes and all.
func TestS6_EscapesInJSONKeepTheValue(t *testing.T) {
	in := []byte(`{"a":"é ü` + "\u009b\u202e\u007f" + `"}`)
	out := harmlessJSON(in)
	if where := harmfulIn(out); where != "" {
		t.Errorf("%s in %q", where, out)
	}
	if want := `{"a":"é ü\u009b\u202e\u007f"}`; string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

// No secret of the configuration is in the output of any command, nor in what
// serve logs: also not when what the secret is for cannot be reached.
func TestS12_NoSecretInAnyOutput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makeDesk(dir); err != nil {
		t.Fatal(err)
	}
	s, listen, err := startServer(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	ref, _, err := handIn(listen, "noor@example.org", "Sleutel", "Waar ligt mijn sleutel?")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	commands := append(everything(ref, "01KAZ5V9QJ6X3E8M4R2T7W1Y0C"),
		[]string{"check"}, []string{"check", "--connect"}, []string{"backup", "b.tar"}, []string{"restore", "--verify", "b.tar"}, []string{"version"})
	for _, args := range commands {
		fmt.Fprintf(&out, "$ balie %q\n%s\n", args, command(dir, args...))
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	out.WriteString(s.text())
	// And as they answer by themselves, when nobody serves.
	for _, args := range [][]string{{"requests", "show", ref}, {"deliveries", "list"}, {"ledger", "--limit", "9"}, {"export", "events"}, {"rules", "history"}} {
		fmt.Fprintf(&out, "$ balie %q\n%s\n", args, command(dir, args...))
	}
	backup, err := os.ReadFile(filepath.Join(dir, "b.tar"))
	if err != nil {
		t.Fatal(err)
	}
	out.Write(backup)
	for name, secret := range canaries {
		if i := strings.Index(out.String(), secret); i >= 0 {
			t.Errorf("the secret in %s is written:\n%s", name, out.String()[max(0, i-300):i+len(secret)])
		}
	}
	if !strings.Contains(out.String(), ref) || !strings.Contains(out.String(), "not read yet") {
		t.Error("the commands did not show what they should: the test looks at too little")
	}
}

// An export cannot be used to act as a customer or a team.
func TestS12_NoWorkingLinkInAnExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makeDesk(dir); err != nil {
		t.Fatal(err)
	}
	s, listen, err := startServer(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	if _, _, err := handIn(listen, "noor@example.org", "Sleutel", "Waar ligt mijn sleutel?"); err != nil {
		t.Fatal(err)
	}
	out := command(dir, "export", "messages")
	if !bytes.Contains(out, []byte("http://127.0.0.1/s/…")) {
		t.Errorf("no letter with a link is there: the test looks at too little:\n%s", out)
	}
	if i := bytes.Index(out, []byte("/s/0")); i >= 0 {
		t.Errorf("a working link is exported: %s", out[i:i+70])
	}
}
