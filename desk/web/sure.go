package web

import (
	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

// sureOf is how sure the catalogue is of an answer to a request's last words,
// and whether it has one. It is reckoned for the rows of one piece of a list.
func (g *lister) sureOf(q balie.Request) (float64, bool) {
	b := g.Library.Brain()
	if b.Matcher == nil {
		return 0, false
	}
	found := b.Matcher.Match(catalogue.Question{Subject: q.Subject, Text: q.Preview, Language: q.Language})
	if len(found.Matches) == 0 {
		return 0, false
	}
	best := found.Matches[0]
	p, ok := b.Catalogue.Product(best.Product)
	if !ok || q.Product != "" && q.Product != p.ID {
		return 0, false
	}
	_, ok = p.Answer(q.Language)
	return best.Score, ok
}
