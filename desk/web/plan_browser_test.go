package web_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/internal/i18n"
)

// On paper the plan is two pages, and nothing of them is cut off.
func TestThePlanPrintsOnTwoPages(t *testing.T) {
	r := newRig(t)
	r.planned()
	b := r.as(sanne).browser()
	b.Go("/plan", ".plan-goals")
	b.Print(true)
	for i, p := range browse.Get(b, chromedp.Evaluate[[][2]float64](`[...document.querySelectorAll('.a4')].map((p) => [p.scrollHeight, p.clientHeight])`)) {
		if p[0] > p[1] {
			t.Errorf("page %d is %v px high and holds %v", i+1, p[1], p[0])
		}
	}
	var pdf []byte
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		out, err := cdp.Call(ctx, t, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), PrintBackground: new(true)})
		if err == nil {
			pdf = out.Data
		}
		return err
	}))
	if n := len(regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(pdf, -1)); n != 2 {
		t.Errorf("it prints on %d pages", n)
	}
	b.Sound()
}

// Every page of the plan is for everybody, in both languages, in the light and
// in the dark, on a phone too.
func TestThePagesOfThePlanAreAccessible(t *testing.T) {
	r := newRig(t)
	r.planned()
	b := r.as(ada).browser()
	shots := os.Getenv("BALIE_KEEP") // a folder, to look at
	for i, at := range []string{"/plan", "/plan/edit/ambition", "/plan/edit/goals?goal=in-time", "/plan/edit/capacity", "/plan/edit/money", "/plan/edit/yaml", "/plan/edit/approval", "/plan/history"} {
		for j, l := range i18n.Languages {
			b.Language(l)
			b.Dark((i+j)%2 == 1)
			b.Size(1280, 900)
			b.Go(at, "main")
			b.Accessible()
			if shots != "" {
				b.Shot(filepath.Join(shots, fmt.Sprintf("plan-%d-%s.png", i, l)))
			}
			b.Size(390, 800)
			b.Bound()
			if shots != "" {
				b.Shot(filepath.Join(shots, fmt.Sprintf("plan-%d-%s-phone.png", i, l)))
			}
		}
	}
	b.Sound()
}
