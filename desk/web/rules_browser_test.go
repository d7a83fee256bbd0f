package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie/internal/browse"
)

// With script the builder follows what is chosen and typed without a new
// page, rules are found by name, and a job's page ends by itself.
func TestTheBuilderFollowsAsOneTypes(t *testing.T) {
	r := newRig(t)
	r.ask("Kim Visser", "Klacht", "Ik wil een klacht indienen over de schoonmaak")
	b := r.as(ada).browser()
	b.Go("/rules/complaint-key", ".celbox")
	browse.Get(b, chromedp.Evaluate[string](`document.querySelector('main').dataset.same = 'yes'`))
	b.Click(`button[value="add"]`)
	b.See(`[name="c2.fact"]`)
	b.Type(`[name="c2.value"]`, "schoonmaak, kantine")
	b.Until(`document.querySelector('.celbox').textContent.includes('schoonmaak|kantine')`)
	browse.Get(b, chromedp.Evaluate[bool](`(() => { const s = document.querySelector('[name="c2.fact"]'); s.value = 'now.hour'; s.dispatchEvent(new Event('change', { bubbles: true })); return true; })()`))
	b.Until(`[...document.querySelectorAll('[name="c2.op"] option')].some((o) => o.value === 'between')`)
	b.Click(`button[value="remove.2"]`)
	b.Until(`!document.querySelector('[name="c2.fact"]')`)
	b.Until(`document.querySelector('main').dataset.same === 'yes'`)
	b.Type(`.topbar input[type=search]`, "complaint")
	b.Until(`document.querySelectorAll('.rlist li[data-rule]:not([hidden])').length < 17`)
	b.Accessible()
	b.Click(`.bt button.btn`)
	b.See(`[data-balie=progress]`)
	b.Until(`document.querySelector('[data-balie=progress]').dataset.state === 'done'`)
	b.Accessible()
	b.Sound()
}
