package browse

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Print shows pages as they are printed on A4, or as on a screen again.
func (b *Browser) Print(on bool) {
	b.t.Helper()
	media := "screen"
	if on {
		media = "print"
		b.Size(794, 1123) // A4 at 96 pixels an inch
	}
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media})
		return err
	}))
}
