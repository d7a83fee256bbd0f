package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/balie/balie/store/boltstore"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"balie": func() { os.Exit(run(os.Args[1:])) }})
}

// TestCommands runs the scripts: each with a desk of its own, and balie as a
// process of its own.
func TestCommands(t *testing.T) {
	testscript.Run(t, scripts("testdata/script"))
}

// canaries are secrets that must not come out of any command (S12).
var canaries = map[string]string{
	"secret.key": "canary-signing-key-0123456789abcdef-0123456789abcdef",
	"smtp.pw":    "canary-smtp-password-0123",
	"imap.pw":    "canary-imap-password-0123",
	"api.token":  "canary-api-token-0123456789abcdef",
	"slack.sign": "canary-slack-signing-0123456789",
	"slack.bot":  "xoxb-canary-slack-bot-0123456789",
	"phone.key":  "whsec_Y2FuYXJ5LXBob25lLWtleS0wMTIzNDU2Nzg5YWI=",
}

func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			return makeDesk(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serveScript, "halt": haltScript, "logged": loggedScript, "ask": askScript, "exits": exitsScript, "lock": lockScript,
			"jsonlines": jsonLinesScript, "mute": muteScript, "deadsocket": deadSocketScript, "damage": damageScript, "socket": socketScript,
		},
	}
}

// makeDesk writes a desk with the canaries as its secrets. Mail goes to a
// port where nobody listens: what must go out waits.
func makeDesk(dir string) error {
	if out, err := exec.Command("balie", "init", dir, "--language", "en").CombinedOutput(); err != nil {
		return fmt.Errorf("balie init: %w\n%s", err, out)
	}
	for name, value := range canaries {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value+"\n"), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "balie.yaml"), []byte(deskYAML), 0o600)
}

const deskYAML = `
desk: {name: {nl: Balie, en: Desk}, language: en, calendar: kantoor, leads: [lead@example.org]}
public_url: http://127.0.0.1
listen: 127.0.0.1:0
data: data
secret_key: {file: secret.key}
log: {level: info, format: json}
limits: {min_free: 1}
form:
  enabled: true
  api_tokens: [{id: tests, secret: {file: api.token}}]
email:
  domain: example.org
  smtp: {host: 127.0.0.1, port: 1, tls: none, user: desk, password: {file: smtp.pw}, from: "Desk <desk@example.org>"}
  mailboxes: [{name: desk, host: 127.0.0.1, port: 1, tls: none, user: desk, password: {file: imap.pw}}]
slack:
- {signing_secrets: [{file: slack.sign}], bot_token: {file: slack.bot}, team_id: T1, app_id: A1}
phone:
- {name: line, secrets: [{file: phone.key}]}
`

// server is a balie that serves a script's desk.
type server struct {
	cmd  *exec.Cmd
	logs *bytes.Buffer
	mu   sync.Mutex
	more *sync.Cond    // a line was read, or the last one
	over bool          // the last one was read
	read chan struct{} // closed then
}

// servers by work directory: a script has at most one.
var servers sync.Map

// startServer starts balie serve and waits until it says that it is ready.
func startServer(dir string) (s *server, address string, err error) {
	s = &server{logs: &bytes.Buffer{}, read: make(chan struct{})}
	s.more = sync.NewCond(&s.mu)
	s.cmd = exec.Command("balie", "serve", "--config", filepath.Join(dir, "balie.yaml"))
	s.cmd.Dir = dir
	out, err := s.cmd.StderrPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, "", err
	}
	ready := make(chan string, 1)
	go s.follow(out, ready)
	address, ok := <-ready
	if !ok {
		s.cmd.Wait()
		return nil, "", fmt.Errorf("balie serve ended:\n%s", s.text())
	}
	return s, address, nil
}

// serveScript starts a server; LISTEN is its address then.
func serveScript(ts *testscript.TestScript, _ bool, _ []string) {
	s, address, err := startServer(ts.Getenv("WORK"))
	ts.Check(err)
	servers.Store(ts.Getenv("WORK"), s)
	ts.Defer(func() { s.stop() })
	ts.Setenv("LISTEN", address)
}

var readyLine = regexp.MustCompile(`"msg":"ready".*"listen":"([^"]+)"`)

// follow reads what a server logs; ready gets its address.
func (s *server) follow(r io.Reader, ready chan<- string) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = true
		s.more.Broadcast()
		close(s.read)
		close(ready)
	}()
	told := false
	for lines := bufio.NewScanner(r); lines.Scan(); {
		s.mu.Lock()
		s.logs.WriteString(lines.Text() + "\n")
		s.more.Broadcast()
		s.mu.Unlock()
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil && !told {
			told = true
			ready <- m[1]
		}
	}
}

// logged waits until the log has a line that matches.
func (s *server) logged(line *regexp.Regexp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !line.Match(s.logs.Bytes()) {
		if s.over {
			return false
		}
		s.more.Wait()
	}
	return true
}

// loggedScript waits until the server has logged something: logged REGEX.
func loggedScript(ts *testscript.TestScript, _ bool, args []string) {
	s, ok := servers.Load(ts.Getenv("WORK"))
	if !ok || !s.(*server).logged(regexp.MustCompile(args[0])) {
		ts.Fatalf("the server ended and never logged %s", args[0])
	}
}

func (s *server) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.String()
}

func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.read
	return s.cmd.Wait()
}

// haltScript ends the server; its log is the stdout of the step.
func haltScript(ts *testscript.TestScript, _ bool, _ []string) {
	s, ok := servers.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("no server runs")
	}
	if err := s.(*server).stop(); err != nil {
		ts.Fatalf("balie serve: %v\n%s", err, s.(*server).text())
	}
	ts.Check(os.WriteFile(ts.MkAbs("serve.log"), []byte(s.(*server).text()), 0o600))
}

// handIn hands a question in by the API.
func handIn(listen, address, subject, text string) (ref, request string, err error) {
	body, err := json.Marshal(map[string]string{"name": "Noor", "email": address, "subject": subject, "text": text, "language": "nl"})
	if err != nil {
		return "", "", err
	}
	req, err := http.NewRequest("POST", "http://"+listen+"/api/v1/intake", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Host = "127.0.0.1"
	req.Header.Set("Authorization", "Bearer "+canaries["api.token"])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", "", err
	}
	var a struct{ Ref, Request string }
	if resp.StatusCode != http.StatusCreated || json.Unmarshal(got, &a) != nil || a.Ref == "" {
		return "", "", fmt.Errorf("intake answered %d: %s", resp.StatusCode, got)
	}
	return a.Ref, a.Request, nil
}

// askScript hands a question in: ask ADDRESS SUBJECT TEXT. REF and REQUEST are
// set to what it became.
func askScript(ts *testscript.TestScript, _ bool, args []string) {
	ref, request, err := handIn(ts.Getenv("LISTEN"), args[0], args[1], args[2])
	ts.Check(err)
	ts.Setenv("REF", ref)
	ts.Setenv("REQUEST", request)
}

// socketScript checks that a file is a socket that only its owner can open.
func socketScript(ts *testscript.TestScript, _ bool, args []string) {
	i, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if i.Mode() != os.ModeSocket|0o600 {
		ts.Fatalf("%s has mode %v, want a socket with 0600", args[0], i.Mode())
	}
}

// exitsScript runs a command and compares its exit code: exits 5 balie …
func exitsScript(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// lockScript opens the store as another program would that has no socket.
func lockScript(ts *testscript.TestScript, _ bool, _ []string) {
	db, err := boltstore.Open(ts.MkAbs("data"), boltstore.Options{MinFree: -1})
	ts.Check(err)
	ts.Defer(func() { db.Close() })
}

// muteScript listens on the socket and never answers.
func muteScript(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := listenSocket(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
}

// deadSocketScript leaves a socket behind on which nobody listens.
func deadSocketScript(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := listenSocket(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(ln.(*socketListener).UnixListener.Close())
}

// damageScript changes a byte in each place where a text is in a file.
func damageScript(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%s does not have %q", args[0], args[1])
	}
	other := []byte(args[1])
	other[0] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.ReplaceAll(b, []byte(args[1]), other), 0o600))
}

// jsonLinesScript checks that a file has at least N lines, each JSON with the
// named keys: jsonlines FILE N KEY…
func jsonLinesScript(ts *testscript.TestScript, _ bool, args []string) {
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			ts.Fatalf("line %d is no JSON: %v\n%s", n+1, err, line)
		}
		for _, k := range args[2:] {
			if v[k] == nil {
				ts.Fatalf("line %d has no %s: %s", n+1, k, line)
			}
		}
		n++
	}
	if n < least {
		ts.Fatalf("%s has %d lines, want at least %d", args[0], n, least)
	}
}
