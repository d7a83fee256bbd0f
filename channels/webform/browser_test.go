package webform_test

import (
	"context"
	"errors"
	"os/exec"
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

// browser starts a browser of its own, or skips the test when there is none.
// What the page's policy refused, and errors of scripts, come out of faults;
// requests to other hosts out of strays.
func browser(t *testing.T, base string) (ctx context.Context, faults, strays func() []string) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" || testing.Short() {
		t.Skip("no browser")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, timeout := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(func() {
		timeout()
		cancel()
		stop()
	})
	var mu sync.Mutex
	var said, gone []string
	err := chromedp.Do(ctx)
	if err == nil {
		err = chromedp.Listen(ctx, func(e any) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case *audits.EventIssueAdded:
				if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
					said = append(said, "policy: "+e.Issue.Details.ContentSecurityPolicyIssueDetails.ViolatedDirective)
				}
			case *cdplog.EventEntryAdded:
				if strings.Contains(e.Entry.Text, "Content Security Policy") {
					said = append(said, e.Entry.Text)
				}
			case *runtime.EventExceptionThrown:
				said = append(said, e.ExceptionDetails.Text)
			case *network.EventRequestWillBeSent:
				if !strings.HasPrefix(e.Request.URL, base) && !strings.HasPrefix(e.Request.URL, "data:") {
					gone = append(gone, e.Request.URL)
				}
			}
		})
	}
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, e1 := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
			_, e2 := cdp.Call(ctx, t, audits.Enable, cdp.Empty{})
			_, e3 := cdp.Call(ctx, t, cdplog.Enable, cdp.Empty{})
			return errors.Join(e1, e2, e3)
		}))
	}
	if err != nil {
		t.Skip("the browser does not start: ", err)
	}
	read := func(from *[]string) func() []string {
		return func() []string {
			mu.Lock()
			defer mu.Unlock()
			return append([]string(nil), *from...)
		}
	}
	return ctx, read(&said), read(&gone)
}

// scripts switches the scripts of pages on or off.
func scripts(on bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
}

// wait lets the desk's clock run, so that the form was open for a while.
func (s *site) wait() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(context.Context, *chromedp.Target) error {
		s.clock.pass(3 * time.Second)
		return nil
	})
}

// read is the result of an action that must not fail.
func read[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestS1_FormInABrowser asks a question and answers on the status page, with
// and without scripts, under the policy as it is.
func TestS1_FormInABrowser(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(map[bool]string{true: "with scripts", false: "without scripts"}[on], func(t *testing.T) {
			s := open(t, nil)
			ctx, faults, strays := browser(t, s.base)
			err := chromedp.Do(ctx, scripts(on),
				chromedp.Navigate(s.base+"/form?lang=en"),
				chromedp.WaitVisible(chromedp.CSS("#text")), s.wait(),
				chromedp.SendKeys(chromedp.CSS("#text"), "My pass does not work <script>alert(1)</script>"),
				chromedp.SendKeys(chromedp.CSS("#email"), "fatima@example.nl"),
				chromedp.Click(chromedp.CSS("button.primary")),
				chromedp.WaitVisible(chromedp.CSS(".refno")))
			if err != nil {
				t.Fatal(err)
			}
			ref := read(t, ctx, chromedp.TextContent(chromedp.CSS(".refno")))
			err = chromedp.Do(ctx,
				chromedp.Click(chromedp.CSS(".linkbox a")),
				chromedp.WaitVisible(chromedp.CSS(".nowcard")),
				chromedp.SendKeys(chromedp.CSS("#text"), "It is number 0041"),
				chromedp.Click(chromedp.CSS("button.primary")),
				chromedp.WaitVisible(chromedp.CSS(".banner.ok")))
			if err != nil {
				t.Fatal(err)
			}
			said := read(t, ctx, chromedp.TextContent(chromedp.CSS("main")))
			if r := s.lastRequest(); ref != r.Ref || !strings.Contains(said, "It is number 0041") || len(s.taken()) != 2 {
				t.Errorf("reference %q, want %q; %d messages; page:\n%s", ref, r.Ref, len(s.taken()), said)
			}
			if f := faults(); len(f) > 0 {
				t.Errorf("%d violations of the policy or errors: %q", len(f), f)
			}
			if f := strays(); len(f) > 0 {
				t.Errorf("requests to other hosts: %q", f)
			}
		})
	}
}

// TestErrorSummaryTakesTheFocus, leads to the field, and nothing is wider than
// a narrow screen; clicked twice it is one question.
func TestErrorSummaryTakesTheFocus(t *testing.T) {
	s := open(t, nil)
	ctx, faults, _ := browser(t, s.base)
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(320, 700),
		chromedp.Navigate(s.base+"/form?lang=nl"),
		chromedp.WaitVisible(chromedp.CSS("button.primary")),
		chromedp.Click(chromedp.CSS("button.primary")),
		chromedp.WaitVisible(chromedp.CSS(".errsum:focus")))
	if err != nil {
		t.Fatal(err)
	}
	if wide := read(t, ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); wide > 320 {
		t.Errorf("the page is %d px wide on a screen of 320", wide)
	}
	err = chromedp.Do(ctx,
		chromedp.Click(chromedp.CSS(".errsum a")),
		chromedp.WaitVisible(chromedp.CSS("#text:focus")), s.wait(),
		chromedp.SendKeys(chromedp.CSS("#text"), "De koffie is op"),
		chromedp.DoubleClick(chromedp.CSS("button.primary")),
		chromedp.WaitVisible(chromedp.CSS(".refno")))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.taken()); n != 1 {
		t.Errorf("%d questions, want 1", n)
	}
	if f := faults(); len(f) > 0 {
		t.Errorf("%q", f)
	}
}

// TestS1_BrowserSeesViolations: the two tests above would notice one.
func TestS1_BrowserSeesViolations(t *testing.T) {
	s := open(t, nil)
	ctx, faults, _ := browser(t, s.base)
	err := chromedp.Do(ctx, chromedp.Navigate(s.base+"/form"), chromedp.WaitVisible(chromedp.CSS("#text")))
	if err != nil {
		t.Fatal(err)
	}
	read(t, ctx, chromedp.Evaluate[string](`document.body.setAttribute("style", "color: red"); document.body.innerHTML += "<img src=https://evil.example/x.png>"; "done"`))
	if len(faults()) == 0 {
		t.Error("an inline style and a picture from elsewhere were not noticed")
	}
}
