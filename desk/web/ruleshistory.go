package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// historyPage is what ruleshistory.html shows: all versions, and how one
// differs from another.
type historyPage struct {
	rulesPage
	Versions []versionLine
	One      *versionLine
	With     []choice // what it can be compared with
	Diffs    []ruleDiff
	From, To int
	Body     string
}

func (w *Web) rulesHistory(c *fiber.Ctx, s auth.Session) error {
	p, err := w.historyPage(c, s)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "ruleshistory", p)
}

func (w *Web) historyPage(c *fiber.Ctx, s auth.Session) (historyPage, error) {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return historyPage{}, err
	}
	all, err := w.Rules.RulesHistory(c.UserContext(), s.Actor())
	if err != nil {
		return historyPage{}, err
	}
	return historyPage{rulesPage: w.rulesFrame(c, s, v, ""), Versions: w.versionLines(all, ui.Language(c), 0)}, nil
}

// rulesVersion shows one version beside another: the one before it, unless
// with says which.
func (w *Web) rulesVersion(c *fiber.Ctx, s auth.Session) error {
	p, err := w.historyPage(c, s)
	if err != nil {
		return err
	}
	n := atoi(c.Params("version"))
	at := slices.IndexFunc(p.Versions, func(v versionLine) bool { return v.N == n })
	if at < 0 {
		return balie.ErrNotFound
	}
	p.One = &p.Versions[at]
	p.To, p.From = n, c.QueryInt("with", max(n-1, 1))
	for _, v := range p.Versions {
		if v.N != n {
			p.With = append(p.With, choice{itoa(v.N), "v" + itoa(v.N) + " · " + v.Reason, v.N == p.From})
		}
	}
	var cmp desk.RulesCompared
	if cmp, err = w.Rules.Compare(c.UserContext(), s.Actor(), p.From, n); err != nil {
		return err
	}
	p.Diffs = w.ruleDiffs(cmp.From, cmp.To, cmp.Diff, ui.Language(c))
	p.Body = string(cmp.ToDoc.Body)
	return w.UI.Render(c, "ruleshistory", p)
}

// atoi is a number of a form or an address; 0 when it is none.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
