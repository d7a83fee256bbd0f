// Package browse is in charge of a real browser for tests: it starts one,
// signs somebody in, and says what went wrong on the pages it opened.
//
// Guarantees:
//  1. A test without a browser, or without axe-core, says so and skips that
//     part; it never passes silently.
//  2. Errors of scripts, what a page's policy refused, answers that failed and
//     requests to other hosts are all noticed, also those of earlier pages.
//  3. The browser ends with its test and leaves nothing behind.
package browse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Two bounds of a test that hangs: what is waited for is an event, so a busy
// machine only takes longer.
const (
	patience = 5 * time.Minute  // how long one test may keep a browser
	unveiled = 60 * time.Second // how long one step may take, or an expression to become true
)

// Browser is one browser with one page, with cookies of its own.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu       sync.Mutex
	faults   []string
	strays   []string
	friends  []string // other hosts that a test lets the page go to
	allowed  []string // faults that a test expects
	requests []string // addresses that were asked for
	bytes    float64  // of bodies and heads that came
}

// Open starts a browser for the pages below base ("http://127.0.0.1:1234"), or
// skips the test when there is none.
func Open(t testing.TB, base string) *Browser {
	t.Helper()
	path := program()
	if path == "" || testing.Short() {
		t.Skip("no browser: scripts/install-test-tools.sh installs one")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-prefers-reduced-motion", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, timeout := context.WithTimeout(ctx, patience)
	t.Cleanup(func() {
		timeout()
		cancel()
		stop()
	})
	b := &Browser{t: t, ctx: ctx, base: base}
	if err := b.listen(); err != nil {
		t.Skip("the browser does not start: ", err)
	}
	return b
}

func program() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

func (b *Browser) listen() error {
	if err := chromedp.Do(b.ctx); err != nil {
		return err
	}
	if err := chromedp.Listen(b.ctx, b.hear); err != nil {
		return err
	}
	return chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, e1 := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		_, e2 := cdp.Call(ctx, t, audits.Enable, cdp.Empty{})
		_, e3 := cdp.Call(ctx, t, cdplog.Enable, cdp.Empty{})
		return errors.Join(e1, e2, e3)
	}))
}

// hear notes what the browser says.
func (b *Browser) hear(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fault := func(format string, args ...any) { b.faults = append(b.faults, fmt.Sprintf(format, args...)) }
	switch e := e.(type) {
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			fault("policy: %s", e.Issue.Details.ContentSecurityPolicyIssueDetails.ViolatedDirective)
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			fault("console: %s (%s)", e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		fault("exception: %s", thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			fault("console: %s", said(e.Args))
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
		if !b.known(e.Request.URL) {
			b.strays = append(b.strays, e.Request.URL)
		}
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	}
}

// known reports whether a page may ask for an address.
func (b *Browser) known(url string) bool {
	return strings.HasPrefix(url, "data:") || slices.ContainsFunc(append(b.friends, b.base), func(base string) bool { return strings.HasPrefix(url, base+"/") })
}

// Befriend lets pages go to another host, below base: that of single sign-on.
func (b *Browser) Befriend(base string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.friends = append(b.friends, base)
}

func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

func said(args []*runtime.RemoteObject) string {
	var out []string
	for _, a := range args {
		out = append(out, cmp.Or(a.Description, string(a.Value)))
	}
	return strings.Join(out, " ")
}

// Do carries out steps that must not fail.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for i, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, unveiled)
		err := chromedp.Do(ctx, step)
		cancel()
		if err != nil {
			b.t.Fatalf("step %d of %d: %v\non %s\nfaults %q", i+1, len(steps), err, b.where(), b.Faults())
		}
	}
}

func (b *Browser) where() string {
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main")?.innerText ?? "").slice(0, 1500)`))
	if err != nil {
		return "an unknown page: " + err.Error()
	}
	return at
}

// Get is the result of an action that must not fail.
func Get[T any](b *Browser, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatalf("%v\non %s\nfaults %q", err, b.where(), b.Faults())
	}
	return v
}

// Go opens a path and waits for what the selector names to be seen.
func (b *Browser) Go(path, see string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.base+path), chromedp.WaitVisible(chromedp.CSS(see)))
}

// Keys presses keys on the page, wherever the focus is.
func (b *Browser) Keys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.Do(chromedp.KeyEvent(k))
	}
}

// See waits for what a selector names to be seen.
func (b *Browser) See(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Click waits for what a selector names and clicks it.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// Type writes into a field.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text is what stands in the first element of a selector.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return Get(b, chromedp.TextContent(chromedp.CSS(selector)))
}

// Until waits for an expression of JavaScript to become true, also on the page
// that comes after this one.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	for limit := time.Now().Add(unveiled); ; {
		_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(unveiled)))
		if err == nil {
			return
		}
		// The page that was asked is gone: ask the next.
		gone := strings.Contains(err.Error(), "context") || strings.Contains(err.Error(), "navigated")
		if !gone || time.Now().After(limit) {
			b.t.Fatalf("waiting for %s: %v\non %s\nfaults %q", expression, err, b.where(), b.Faults())
		}
	}
}

// Bound waits until the page's scripts are at work: a key pressed before that
// does nothing.
func (b *Browser) Bound() {
	b.t.Helper()
	b.Until(`document.documentElement.dataset.bound === ""`)
}

// Cookie gives the browser a cookie of the pages.
func (b *Browser) Cookie(name, value string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.base + "/"})
		return err
	}))
}

// Scripts switches the scripts of pages on or off.
func (b *Browser) Scripts(on bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// Offline takes the network away, or gives it back.
func (b *Browser) Offline(off bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, e1 := cdp.Call(ctx, t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}}})
		_, e2 := cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
		return errors.Join(e1, e2)
	}))
}

// Dark shows pages as a system set to dark, or to light.
func (b *Browser) Dark(on bool) {
	b.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}))
}

// Language is the one that pages are asked for in.
func (b *Browser) Language(language string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
		return err
	}))
}

// Size is the size of the window, in CSS pixels.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Shot writes a picture of what is seen.
func (b *Browser) Shot(file string) {
	b.t.Helper()
	if err := os.WriteFile(file, Get(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// Expect lets a fault pass that a test brings about, by a part of its text.
func (b *Browser) Expect(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, part)
}

// Faults are what went wrong on pages so far: errors of scripts, failed
// answers, what the policy refused.
func (b *Browser) Faults() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.faults), func(f string) bool {
		return slices.ContainsFunc(b.allowed, func(part string) bool { return strings.Contains(f, part) })
	})
}

// Strays are requests to other hosts.
func (b *Browser) Strays() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.strays)
}

// Traffic is what was asked for since the last call, and how many bytes came,
// heads counted in.
func (b *Browser) Traffic() (requests []string, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests, bytes = b.requests, int(b.bytes)
	b.requests, b.bytes = nil, 0
	return requests, bytes
}

// Sound fails the test when anything went wrong on the pages so far.
func (b *Browser) Sound() {
	b.t.Helper()
	if f := b.Faults(); len(f) > 0 {
		b.t.Errorf("%d errors of scripts or violations of the policy: %q\non %s", len(f), f, b.where())
	}
	if s := b.Strays(); len(s) > 0 {
		b.t.Errorf("requests to other hosts: %q", s)
	}
}
