package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/balie/balie/internal/peers"
)

var updateFiles = flag.Bool("update", false, "write what the scripts print as what they want")

// TestFileCommands runs the scripts of the commands that need no store.
func TestFileCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/files", RequireExplicitExec: true, UpdateScripts: *updateFiles,
		Setup: func(e *testscript.Env) error { e.Setenv("TZ", "UTC"); return nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exitsScript,
			"mode": func(ts *testscript.TestScript, _ bool, args []string) {
				i, err := os.Stat(ts.MkAbs(args[1]))
				ts.Check(err)
				if got := fmt.Sprintf("%o", i.Mode().Perm()); got != args[0] {
					ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
				}
			},
		},
	})
}

// patience bounds what a test waits for; nothing takes so long that works.
const patience = 60 * time.Second

// process is a balie that serves, with the lines it logs.
type process struct {
	cmd     *exec.Cmd
	lines   chan string
	said    strings.Builder
	address string
}

// serving makes a desk as balie init does and starts it. more is appended to
// its balie.yaml.
func serving(t *testing.T, more string, environ ...string) (*process, string) {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("balie", "init", dir, "--language", "en").CombinedOutput(); err != nil {
		t.Fatalf("balie init: %v\n%s", err, out)
	}
	file := filepath.Join(dir, "balie.yaml")
	add(t, file, more)
	p := &process{cmd: exec.Command("balie", "serve", "--config", file), lines: make(chan string, 10_000)}
	p.cmd.Env = append(append(os.Environ(), "BALIE_LISTEN=127.0.0.1:0", "BALIE_LOG_FORMAT=json", "BALIE_LIMITS_MIN_FREE=1", "BALIE_HTTP_REQUESTS_PER_SECOND=100000"), environ...)
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	var ready struct{ Listen string }
	if err := json.Unmarshal([]byte(p.await(t, `"msg":"ready"`)), &ready); err != nil {
		t.Fatal(err)
	}
	p.address = ready.Listen
	return p, file
}

// await reads the log up to a line with a text.
func (p *process) await(t *testing.T, text string) string {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case line, ok := <-p.lines:
			p.said.WriteString(line + "\n")
			if !ok {
				t.Fatalf("balie ended without saying %q:\n%s", text, p.said.String())
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-late.C:
			t.Fatalf("no %q within %s:\n%s", text, patience, p.said.String())
		}
	}
}

// end asks it to stop and returns how long that took, and its exit code.
func (p *process) end(t *testing.T) (time.Duration, int) {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for line := range p.lines {
		p.said.WriteString(line + "\n")
	}
	p.cmd.Wait()
	return time.Since(began), p.cmd.ProcessState.ExitCode()
}

func (p *process) get(path string) (int, string, error) {
	resp, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + p.address + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func add(t *testing.T, file, text string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(b, "\n"+text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What init writes is served at once, and stops cleanly within the bound, also
// while browsers hold connections open and a client is in the middle of a body.
func TestR15_StopsWithinThirtySecondsWhateverIsOpen(t *testing.T) {
	t.Parallel()
	p, _ := serving(t, "")
	if status, page, err := p.get("/"); status != http.StatusOK || err != nil || !strings.Contains(page, "<form") {
		t.Fatalf("the form: %d, %v\n%.300s", status, err, page)
	}
	for _, said := range []string{
		"", // opened ahead, never used
		"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", // kept alive
		"POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ntext=", // halfway
		"GET / HTTP/1.1\r\nHo",
	} {
		c, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, said); err != nil {
			t.Fatal(err)
		}
	}
	took, code := p.end(t)
	if took > 30*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if code != 0 || strings.Contains(p.said.String(), "panic") {
		t.Errorf("code %d after %s:\n%s", code, took, p.said.String())
	}
}

func TestR15_AnIdleBalieEndsAtOnceWithZero(t *testing.T) {
	t.Parallel()
	p, _ := serving(t, "")
	for _, said := range []string{"", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"} {
		c, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, said)
		if said != "" {
			if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if took, code := p.end(t); code != 0 || took > 8*time.Second {
		t.Errorf("code %d after %s:\n%s", code, took, p.said.String())
	}
}

// A configuration that does not hold leaves the running one alone and is told
// of; one that holds is taken over, and no caller finds the door shut.
func TestR15_ReloadTakesWhatHoldsAndLosesNobody(t *testing.T) {
	t.Parallel()
	p, file := serving(t, "")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	hup := func(body string) {
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hup(string(good) + "\nlog2: {}\n")
	if line := p.await(t, "the old one stays"); !strings.Contains(line, "balie.yaml:") || !strings.Contains(line, "log2") {
		t.Errorf("it does not say why: %s", line)
	}
	hup(strings.Replace(string(good), "calendar: kantoor", "calendar: nergens", 1))
	if line := p.await(t, "the old one stays"); !strings.Contains(line, "nergens") {
		t.Errorf("it does not say why: %s", line)
	}
	if status, page, err := p.get("/"); status != http.StatusOK || err != nil || !strings.Contains(page, "Service desk") {
		t.Errorf("the old one does not answer: %d, %v", status, err)
	}

	stop := make(chan struct{})
	var callers sync.WaitGroup
	var refused []error
	callers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if status, _, err := p.get("/readyz"); err != nil || status != http.StatusOK {
				refused = append(refused, fmt.Errorf("%d %w", status, err))
			}
		}
	})
	// One that dawdles keeps it for a while, and ends nothing.
	slow, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	io.WriteString(slow, "POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nte")
	for i := range 3 {
		hup(strings.NewReplacer("en: Service desk", fmt.Sprintf("en: The new desk %d", i)).Replace(string(good)))
		p.await(t, `"msg":"ready"`)
	}
	close(stop)
	callers.Wait()
	if len(refused) > 0 {
		t.Errorf("%d callers were refused during a reload, the first with: %v", len(refused), refused[0])
	}
	if status, page, err := p.get("/"); status != http.StatusOK || err != nil || !strings.Contains(page, "The new desk 2") {
		t.Errorf("the new one does not show: %d, %v", status, err)
	}
	if _, code := p.end(t); code != 0 {
		t.Errorf("ended with %d:\n%s", code, p.said.String())
	}
}

// refusing is a mail server that lets nobody in and repeats what it was told,
// which real ones do in their logs and some in their answers.
func refusing(t *testing.T, greeting, capability, refusal string) (port int, tried <-chan struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	seen := make(chan struct{}, 100)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go refuse(c, greeting, capability, refusal, seen)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port, seen
}

func refuse(c net.Conn, greeting, capability, refusal string, seen chan<- struct{}) {
	defer c.Close()
	fmt.Fprintf(c, "%s\r\n", greeting)
	for s := bufio.NewScanner(c); s.Scan(); {
		tag, command, _ := strings.Cut(s.Text(), " ")
		switch up := strings.ToUpper(s.Text()); {
		case strings.Contains(up, "EHLO"), strings.HasPrefix(strings.ToUpper(command), "CAPABILITY"):
			fmt.Fprint(c, strings.ReplaceAll(capability, "TAG", tag))
		case strings.Contains(up, "LOGIN"), strings.Contains(up, "AUTH"):
			fmt.Fprintf(c, "%s: %s\r\n", strings.ReplaceAll(refusal, "TAG", tag), s.Text())
			seen <- struct{}{}
		default:
			fmt.Fprintf(c, "%s BAD\r\n", tag)
		}
	}
}

// S12: neither the log at its most talkative nor check shows a secret, even
// when the servers that refuse a password repeat it.
func TestS12_SecretsAreNotInTheLogOfRefusedLogins(t *testing.T) {
	imap, imapTried := refusing(t, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n", "TAG NO [AUTHENTICATIONFAILED] no such login")
	smtp, smtpTried := refusing(t, "220 hello", "250-hello\r\n250 AUTH PLAIN LOGIN\r\n", "535 5.7.8 not you")
	secrets := t.TempDir()
	for name, value := range canaries {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return "{file: " + filepath.Join(secrets, name) + "}" }
	mail := fmt.Sprintf(`
email:
  domain: example.org
  smtp: {host: 127.0.0.1, port: %d, tls: none, user: desk, password: %s, from: "Desk <desk@example.org>"}
  mailboxes: [{name: desk, host: 127.0.0.1, port: %d, tls: none, user: desk, password: %s}]
`, smtp, in("smtp.pw"), imap, in("imap.pw"))
	p, file := serving(t, mail, "BALIE_LOG_LEVEL=debug", "BALIE_SECRET_KEY="+canaries["secret.key"])
	await(t, imapTried, "the mailbox was not tried")
	p.await(t, "channel ended")

	check := exec.Command("balie", "check", "--config", file, "--connect")
	check.Env = append(os.Environ(), "BALIE_SECRET_KEY="+canaries["secret.key"])
	out, err := check.CombinedOutput()
	if check.ProcessState.ExitCode() != exitInvalid {
		t.Errorf("check --connect: %v\n%s", err, out)
	}
	await(t, smtpTried, "the SMTP server was not tried")
	if s := string(out); !strings.Contains(s, "does not let us in") {
		t.Errorf("check does not say what is wrong:\n%s", s)
	}
	p.end(t)
	everything := p.said.String() + string(out)
	for name, value := range canaries {
		if strings.Contains(everything, value) {
			t.Errorf("the secret %s was printed:\n%s", name, everything)
		}
	}
	if len(everything) < 500 {
		t.Errorf("too little was said to prove anything:\n%s", everything)
	}
}

func await(t *testing.T, c <-chan struct{}, otherwise string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(otherwise)
	}
}

// check --connect says of every line whether it works, over TLS with an
// authority of one's own, and a wrong password is called so.
func TestCheckConnectsToWhatIsThere(t *testing.T) {
	t.Parallel()
	m, err := peers.StartMail(peers.MailOptions{Accounts: map[string]string{"desk@example.org": "geheim"}, TLS: true, RequireAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	dir := t.TempDir()
	if out, err := exec.Command("balie", "init", dir).CombinedOutput(); err != nil {
		t.Fatalf("balie init: %v\n%s", err, out)
	}
	writeFiles(t, dir, map[string]string{"key": strings.Repeat("k", 40), "good": "geheim", "wrong": "fout", "ca.pem": certificate(t, m.Host, m.IMAPPort)})
	for _, x := range []struct {
		password, says string
		code           int
	}{{"good", "email/desk@example.org/INBOX yes", 0}, {"wrong", "it does not let us in", exitInvalid}} {
		writeFiles(t, dir, map[string]string{"balie.yaml": fmt.Sprintf(`
secret_key: {file: key}
email:
  domain: example.org
  smtp: {host: %[1]s, port: %[3]d, ca: ca.pem, user: desk@example.org, password: {file: %[4]s}, from: desk@example.org}
  mailboxes: [{name: desk, host: %[1]s, port: %[2]d, ca: ca.pem, user: desk@example.org, password: {file: %[4]s}}]
`, m.Host, m.IMAPPort, m.SMTPPort, x.password)})
		cmd := exec.Command("balie", "check", "--connect", "--config", filepath.Join(dir, "balie.yaml"))
		out, _ := cmd.CombinedOutput()
		said := strings.Join(strings.Fields(string(out)), " ")
		if cmd.ProcessState.ExitCode() != x.code || !strings.Contains(said, x.says) || !strings.Contains(said, "email out") {
			t.Errorf("%s: code %d, want %d and %q in:\n%s", x.password, cmd.ProcessState.ExitCode(), x.code, x.says, out)
		}
	}
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// certificate is what a server shows, as a file to trust.
func certificate(t *testing.T, host string, port int) string {
	t.Helper()
	c, err := tls.Dial("tcp", address(host, port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	chain := c.ConnectionState().PeerCertificates
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[len(chain)-1].Raw}))
}
