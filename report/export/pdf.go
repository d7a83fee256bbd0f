package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/balie/balie"
)

// browsers are the programs that print a page, in the order they are looked for.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"}

// printTime is how long printing one page may take.
const printTime = time.Minute

// saidMost is how much of what a browser said is told on, in bytes.
const saidMost = 300

// Browser is the program that PDF prints with: the one that is named, or the
// first that is found. *balie.InvalidError: there is none.
func Browser(named string) (string, error) {
	if named != "" {
		p, err := exec.LookPath(named)
		if err != nil {
			return "", &balie.InvalidError{Field: "browser", Problem: fmt.Sprintf("%s cannot be run: %v", named, err), Fix: "name a Chromium or Chrome that can, or leave it out to have one looked for"}
		}
		return p, nil
	}
	for _, name := range browsers {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", &balie.InvalidError{Field: "format", Problem: "there is no Chromium here to make a PDF with",
		Fix: "install chromium (apt install chromium), or take html and print it to PDF from any browser"}
}

// PDF prints a page that stands by itself; that no script in it runs is the
// page's own policy (Standalone). The browser gets no network and leaves nothing
// behind. named is the program to use; "": one is looked for.
func PDF(ctx context.Context, html []byte, named string) ([]byte, error) {
	program, err := Browser(named)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "balie-print-")
	if err != nil {
		return nil, fmt.Errorf("make room to print: %w", err)
	}
	defer os.RemoveAll(dir)
	page, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(page, html, 0o600); err != nil {
		return nil, fmt.Errorf("write the page to print: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, printTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, printing(dir, page, out)...)
	cmd.WaitDelay = 5 * time.Second // its children may hold the pipes
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "TZ=UTC")
	said, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("print the page with %s: %w: %s", program, err, last(said))
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("%s printed nothing: %s", program, last(said))
	}
	return b, nil
}

// printing is how a browser is asked to print.
func printing(dir, page, out string) []string {
	args := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--mute-audio",
		"--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + out}
	if os.Geteuid() == 0 {
		// QUIRK: Chromium refuses to start as root with its sandbox on. What it
		// opens is our own page, without scripts.
		args = append(args, "--no-sandbox")
	}
	return append(args, "file://"+page)
}

// last is the end of what a program said.
func last(said []byte) string {
	s := strings.TrimSpace(string(said))
	if len(s) > saidMost {
		s = "…" + strings.ToValidUTF8(s[len(s)-saidMost:], "")
	}
	return s
}
