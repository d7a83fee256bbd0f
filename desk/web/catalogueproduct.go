package web

import (
	"errors"
	"html/template"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

// productPage is what catalogueproduct.html shows.
type productPage struct {
	cataloguePage
	Form     productForm
	Name     string
	Empty    map[string]int // by language: texts that are missing
	Previews []previewIn
	Quality  qualityView
	Proposed []proposedView
	Faults   []wrongLine
	Conflict bool // the form was made from another draft
	Changed  bool
}

// previewIn is the answer in one language as each channel shows it.
type previewIn struct {
	Language    string
	Mail, Slack string
	Page        template.HTML
	Problem     string
}

// proposedView is a customer's question that could be an example.
type proposedView struct {
	ID, Text, Why, Language, Ref, Path string
	Counter                            bool
	Instead, InsteadPath               string
}

func (w *Web) product(c *fiber.Ctx, s auth.Session) error {
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	x, ok := d.Catalogue.Product(c.Params("product"))
	if !ok {
		return balie.ErrNotFound
	}
	return w.showProduct(c, s, d, x, d.Catalogue.Urgent[x.ID], nil)
}

// showProduct shows a product as it is or as it was typed, with what is wrong.
func (w *Web) showProduct(c *fiber.Ctx, s auth.Session, d desk.ProductDraft, x balie.Product, urgent bool, wrong error) error {
	l := ui.Language(c)
	var p productPage
	var err error
	if p.cataloguePage, err = w.catalogueFrame(c, s, d, x.ID); err != nil {
		return err
	}
	p.Form, p.Name = w.productFormOf(x, urgent, d.Catalogue, i18n.Language(l)), x.Name(l)
	p.Faults, p.Conflict = faultsOf(wrong), errors.Is(wrong, balie.ErrStale)
	p.Empty = map[string]int{}
	for _, lang := range catalogue.Languages {
		for _, t := range []string{x.Names[lang], x.Answers[lang], strings.Join(x.Examples[lang], "")} {
			if t == "" {
				p.Empty[lang]++
			}
		}
	}
	p.Previews = w.answerPreviews(x, d.Catalogue)
	t := w.Products.Traffic(w.Now())[x.ID]
	p.Quality = w.qualityView(x, t, l)
	proposals, err := w.Products.Proposals(c.UserContext(), s.Actor(), x, t)
	if err != nil {
		return err
	}
	for _, q := range proposals {
		p.Proposed = append(p.Proposed, w.proposedView(q, d.Catalogue, l))
	}
	return w.UI.Render(c, "catalogueproduct", p)
}

func (w *Web) proposedView(q desk.ExampleProposal, c *catalogue.Catalogue, l string) proposedView {
	v := proposedView{ID: q.Request.String(), Text: q.Text, Language: q.Language, Ref: q.Ref, Path: "/r/" + q.Ref, Counter: q.Counter}
	score := decimal(l, q.Score, 2)
	switch {
	case q.Counter:
		v.Why = w.Texts.Text(l, "catalogue.was_other", "score", score)
		if x, ok := c.Product(q.Instead); ok {
			v.Instead, v.InsteadPath = x.Name(l), productPath(x.ID)
		}
	case q.Chosen != "":
		name := q.Chosen
		if x, ok := c.Product(q.Chosen); ok {
			name = x.Name(l)
		}
		v.Why = w.Texts.Text(l, "catalogue.took_other", "product", name, "score", score)
	case q.Score > 0:
		v.Why = w.Texts.Text(l, "catalogue.took_this", "score", score)
	default:
		v.Why = w.Texts.Text(l, "catalogue.took_none")
	}
	return v
}

// answerPreviews are the answers with sample values, as each channel shows them.
func (w *Web) answerPreviews(x balie.Product, c *catalogue.Catalogue) []previewIn {
	var out []previewIn
	for _, lang := range catalogue.Languages {
		if x.Answers[lang] == "" {
			continue
		}
		own := x
		own.Answers = map[string]string{lang: x.Answers[lang]}
		values := map[string]string{"customer": "Fatima El Amrani", "reference": "7K3Q-F", "organisation": c.Organisation[lang],
			"team": w.Teams(x.Owner, lang), "promise": i18n.Moment(lang, c.Calendar(x).Add(w.Now(), x.Resolve).In(w.Zone))}
		if values["organisation"] == "" {
			values["organisation"] = "balie"
		}
		for _, f := range x.Fields {
			values[f.ID] = w.Texts.Text(lang, "catalogue.sample", "field", strings.TrimSuffix(f.Prompt(lang), "?"))
		}
		p := previewIn{Language: lang}
		text, err := catalogue.RenderAnswer(own, lang, values)
		if err != nil {
			for _, e := range invalidFields(err) {
				p.Problem = e.Problem
			}
			out = append(out, p)
			continue
		}
		p.Page = ui.Markdown(text)
		m := balie.Message{Text: text, Language: lang, Direction: balie.Out}
		p.Mail, p.Slack = w.shown("email", m), w.shown("slack", m)
		out = append(out, p)
	}
	return out
}

// shown is a letter as a channel's people read it, "" when it cannot be told.
func (w *Web) shown(channel string, m balie.Message) string {
	if w.Lines == nil {
		return ""
	}
	return strings.TrimSpace(w.Lines.Show(channel, m).Text)
}

func (w *Web) newProduct(c *fiber.Ctx, s auth.Session) error {
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	x := balie.Product{Kind: balie.Question, Mode: balie.Suggest, Package: "basis"}
	if len(d.Catalogue.Teams) > 0 {
		x.Owner = d.Catalogue.Teams[0].ID
	}
	return w.showNewProduct(c, s, d, x, false, nil)
}

func (w *Web) showNewProduct(c *fiber.Ctx, s auth.Session, d desk.ProductDraft, x balie.Product, urgent bool, wrong error) error {
	l := ui.Language(c)
	var p productPage
	var err error
	if p.cataloguePage, err = w.catalogueFrame(c, s, d, ""); err != nil {
		return err
	}
	p.Form, p.Name = w.productFormOf(x, urgent, d.Catalogue, i18n.Language(l)), w.Texts.Text(l, "catalogue.new_title")
	p.Form.New = true
	p.Faults, p.Conflict = faultsOf(wrong), errors.Is(wrong, balie.ErrStale)
	return w.UI.Render(c, "catalogueproduct", p)
}

func (w *Web) addProduct(c *fiber.Ctx, s auth.Session) error { return w.putProduct(c, s, "") }

func (w *Web) saveProduct(c *fiber.Ctx, s auth.Session) error {
	return w.putProduct(c, s, c.Params("product"))
}

// putProduct puts what was typed into the draft; was is the product's id, ""
// of a new one. What cannot be kept is shown again as it was typed.
func (w *Web) putProduct(c *fiber.Ctx, s auth.Session, was string) error {
	f := values(c)
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	x, ok := d.Catalogue.Product(was)
	if was != "" && !ok {
		return balie.ErrNotFound
	}
	if was != "" {
		f.Set("id", was)
	}
	urgent := f.Get("urgent") != ""
	x, err = typedProduct(f, x, w.Zone)
	if err == nil {
		_, err = w.Products.SetProduct(c.UserContext(), s.Actor(), seenDraft(f), was, x, urgent, w.Now())
	}
	if err == nil {
		return c.Redirect(productPath(x.ID)+"?did=saved", fiber.StatusSeeOther)
	}
	if errors.Is(err, balie.ErrStale) {
		c.Status(fiber.StatusConflict)
	} else if len(faultsOf(err)) == 0 {
		return err
	} else {
		c.Status(fiber.StatusUnprocessableEntity)
	}
	if was == "" {
		return w.showNewProduct(c, s, d, x, urgent, err)
	}
	return w.showProduct(c, s, d, x, urgent, err)
}

// addExample adds a proposed question to the draft, or puts it aside.
func (w *Web) addExample(c *fiber.Ctx, s auth.Session) error {
	f, id := values(c), c.Params("product")
	request, err := balie.ParseID(f.Get("request"))
	if err != nil || request.IsZero() {
		return balie.ErrNotFound
	}
	if f.Get("act") == "skip" {
		if err := w.Products.SkipProposal(c.UserContext(), s.Actor(), id, request, w.Now()); err != nil {
			return err
		}
		return c.Redirect(productPath(id)+"?did=skipped#proposed", fiber.StatusSeeOther)
	}
	_, err = w.Products.AddExample(c.UserContext(), s.Actor(), seenDraft(f), id, f.Get("language"), f.Get("text"), f.Get("act") == "counter", w.Now())
	if err != nil {
		return w.productAgain(c, s, id, err)
	}
	return c.Redirect(productPath(id)+"?did=example#proposed", fiber.StatusSeeOther)
}

// productAgain shows a product with what could not be done.
func (w *Web) productAgain(c *fiber.Ctx, s auth.Session, id string, wrong error) error {
	stale := errors.Is(wrong, balie.ErrStale)
	if !stale && len(faultsOf(wrong)) == 0 {
		return wrong
	}
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	x, ok := d.Catalogue.Product(id)
	if !ok {
		return balie.ErrNotFound
	}
	c.Status(fiber.StatusUnprocessableEntity)
	if stale {
		c.Status(fiber.StatusConflict)
	}
	return w.showProduct(c, s, d, x, d.Catalogue.Urgent[id], wrong)
}

func (w *Web) dropProduct(c *fiber.Ctx, s auth.Session) error {
	id := c.Params("product")
	if _, err := w.Products.DropProduct(c.UserContext(), s.Actor(), seenDraft(values(c)), id, w.Now()); err != nil {
		return w.productAgain(c, s, id, err)
	}
	return c.Redirect("/catalogue?did=dropped", fiber.StatusSeeOther)
}

// qualityView is how well a product is recognised, as the page shows it.
type qualityView struct {
	Enough             bool
	Reviewed, Missing  int
	Week               string
	At                 string
	Precision, Range   string
	Coverage, Sent     string
	Wrong              string
	Rows               []qualityRow
	Right, Answered    string // points of the curves
	Mark, MarkP, MarkC string // x of the threshold, y on both curves
	N                  int
	LabelP, LabelC     string // y of the curves' names
	Axis               []axisMark
}

// axisMark is a figure under the curve.
type axisMark struct{ X, Text string }

// qualityRow is one threshold of the table.
type qualityRow struct {
	T, At, Precision, Range, Coverage string
	Sent, Wrong                       string
	X, P, C                           string
	N                                 int
}

// The curve's frame, in units of its viewBox.
const (
	curveLeft, curveRight = 30.0, 378.0
	curveTop, curveBottom = 10.0, 128.0
	curveFrom, curveTo    = 0.5, 1.0
	curveStep             = 0.02
	curvePoints           = 25
)

func curveX(t float64) float64 {
	return curveLeft + (t-curveFrom)/(curveTo-curveFrom)*(curveRight-curveLeft)
}

func curveY(share float64) float64 { return curveBottom - share*(curveBottom-curveTop) }

func place(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// labels puts the curves' names beside them, and not on one another.
func labels(right, answered float64) (p, c string) {
	const above, below, apart = -7, 16, 0.2
	y, z := curveY(right)+below, curveY(answered)+below
	switch {
	case answered >= right && answered-right < apart:
		z = curveY(answered) + above
		if z < curveTop+4 {
			z, y = curveY(right)+below, curveY(right)+below
		}
	case right > 0.3 && right > answered:
		y = curveY(right) + below
	}
	return place(min(y, curveBottom-4)), place(min(z, curveBottom-4))
}

// qualityView works out the curve; nothing of it is said under 30 reviewed.
func (w *Web) qualityView(x balie.Product, t desk.ProductTraffic, l string) qualityView {
	at := threshold(x)
	q := t.At(at)
	v := qualityView{Enough: q.Enough(), Reviewed: q.Reviewed, Missing: max(0, desk.FewReviewed-q.Reviewed), Week: decimal(l, t.Week, 1), At: decimal(l, at, 2)}
	if !v.Enough {
		return v
	}
	v.Precision, v.Range, v.Coverage = share(l, q.Precision), share(l, q.Low)+"–"+share(l, q.High), share(l, q.Coverage)
	v.Sent, v.Wrong = decimal(l, t.Week*q.Coverage, 1), decimal(l, t.Week*q.Coverage*(1-q.Precision), 1)
	v.N = q.Above
	v.Mark, v.MarkP, v.MarkC = place(curveX(max(at, curveFrom))), place(curveY(q.Precision)), place(curveY(q.Coverage))
	var right, answered []string
	for i := range curvePoints {
		th := curveFrom + float64(i)*curveStep
		k := t.At(th)
		row := qualityRow{T: strconv.FormatFloat(th, 'f', 2, 64), At: decimal(l, th, 2), Coverage: share(l, k.Coverage), X: place(curveX(th)), C: place(curveY(k.Coverage)), N: k.Above,
			Sent: decimal(l, t.Week*k.Coverage, 1)}
		answered = append(answered, row.X+","+row.C)
		if k.Above > 0 {
			row.Precision, row.Range, row.P = share(l, k.Precision), share(l, k.Low)+"–"+share(l, k.High), place(curveY(k.Precision))
			row.Wrong = decimal(l, t.Week*k.Coverage*(1-k.Precision), 1)
			right = append(right, row.X+","+row.P)
		}
		v.Rows = append(v.Rows, row)
	}
	for _, th := range []float64{0.5, 0.6, 0.7, 0.8, 0.9} {
		v.Axis = append(v.Axis, axisMark{place(curveX(th)), decimal(l, th, 2)})
	}
	v.LabelP, v.LabelC = labels(t.At(0.5).Precision, t.At(0.8).Coverage)
	v.Right, v.Answered = strings.Join(right, " "), strings.Join(answered, " ")
	return v
}
