package router

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/balie/balie"
)

// fact is one name a condition can use.
type fact struct {
	name    string
	typ     *cel.Type
	size    uint64   // most bytes or items, for the cost of a rule; 0 = shortText
	choices []string // all values it can have, when those are known
	id      idOf     // what its value is the id of, when such ids can be looked up
	scan    int      // which of the texts that are searched once for all rules, from 1; 0 is none
}

// idOf is what a text is the id of.
type idOf uint8

const (
	noID idOf = iota
	productID
	teamID
)

// factOn is a fact with the way to read it off F.
type factOn[F any] struct {
	fact
	get func(*F) ref.Val
}

// vocabulary is all that the conditions of one kind of rule can ask.
type vocabulary struct {
	facts  []fact
	places map[string]int // of a fact, by its name
	doc    string         // the document that lists them
	others *vocabulary    // whose facts may be written here by mistake; nil: nobody's
}

// elsewhere is the fact of the others that a name begins with, or "".
func (v *vocabulary) elsewhere(name string) string {
	if v.others == nil {
		return ""
	}
	for _, f := range v.others.facts {
		if name == f.name || strings.HasPrefix(name, f.name+".") {
			return f.name
		}
	}
	return ""
}

func newVocabulary[F any](doc string, rows []factOn[F]) *vocabulary {
	v := &vocabulary{doc: doc, places: make(map[string]int, len(rows))}
	for i, row := range rows {
		v.facts = append(v.facts, row.fact)
		v.places[row.name] = i
	}
	return v
}

func (v *vocabulary) names() []string {
	names := make([]string, 0, len(v.facts))
	for _, f := range v.facts {
		names = append(names, f.name)
	}
	return names
}

// Bounds of what is in facts, for the estimate of what a rule costs.
const (
	shortText = 1000 // an address, an id, a name
	manyItems = 200  // form fields, missing fields
)

// The values of facts that come from a fixed list.
var (
	kinds      = []string{"question", "order", "fault", "complaint", "wish", "compliment"}
	priorities = []string{"low", "normal", "high", "urgent"}
	states     = []string{"", "desk", "waiting", "handedout", "planned", "answered", "closed"}
	autos      = []string{"", "auto-reply", "bounce", "report", "bulk", "loop", "system"}
	modes      = []string{"send", "confirm", "suggest", "off"}
	owners     = []string{"backoffice", "account"}
)

func text[F any](f func(*F) string) func(*F) ref.Val {
	return func(x *F) ref.Val { return types.String(f(x)) }
}

func yesNo[F any](f func(*F) bool) func(*F) ref.Val {
	return func(x *F) ref.Val { return types.Bool(f(x)) }
}

func whole[F any](f func(*F) int) func(*F) ref.Val {
	return func(x *F) ref.Val { return types.Int(f(x)) }
}

func number[F any](f func(*F) float64) func(*F) ref.Val {
	return func(x *F) ref.Val { return types.Double(f(x)) }
}

// Facts with a place of their own in the code.
const (
	factSubject = "message.subject"
	factText    = "message.text"
)

// allFacts are the names as the JSON of balie.Facts has them; a test compares.
// Only the router's own literals are here, so it is made once and not changed.
var allFacts = []factOn[balie.Facts]{
	{fact{name: "message.channel", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Message.Channel })},
	{fact{name: "message.account", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Message.Account })},
	{fact{name: factSubject, typ: cel.StringType, size: balie.RuleTextLimit, scan: 2}, text(func(f *balie.Facts) string { return f.Message.Subject })},
	{fact{name: factText, typ: cel.StringType, size: balie.RuleTextLimit, scan: 1}, text(func(f *balie.Facts) string { return f.Message.Text })},
	{fact{name: "message.language", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Message.Language })},
	{fact{name: "message.attachments", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Message.Attachments })},
	{fact{name: "message.automatic", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Message.Automatic })},
	{fact{name: "message.auto", typ: cel.StringType, choices: autos}, text(func(f *balie.Facts) string { return f.Message.Auto })},
	{fact{name: "message.no_reply", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Message.NoReply })},
	{fact{name: "message.fields", typ: cel.MapType(cel.StringType, cel.StringType), size: manyItems}, func(f *balie.Facts) ref.Val {
		return types.NewStringStringMap(types.DefaultTypeAdapter, f.Message.Fields)
	}},
	{fact{name: "message.warnings", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Message.Warnings })},
	{fact{name: "message.unreadable", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Message.Unreadable })},
	{fact{name: "sender.address", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Sender.Address })},
	{fact{name: "sender.domain", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Sender.Domain })},
	{fact{name: "sender.proven", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Sender.Proven })},
	{fact{name: "sender.failed", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Sender.Failed })},
	{fact{name: "sender.known", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Sender.Known })},
	{fact{name: "request.kind", typ: cel.StringType, choices: kinds}, text(func(f *balie.Facts) string { return f.Request.Kind })},
	{fact{name: "request.priority", typ: cel.StringType, choices: priorities}, text(func(f *balie.Facts) string { return f.Request.Priority })},
	{fact{name: "request.state", typ: cel.StringType, choices: states}, text(func(f *balie.Facts) string { return f.Request.State })},
	{fact{name: "request.open_cases", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Request.OpenCases })},
	{fact{name: "request.reopened", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Request.Reopened })},
	{fact{name: "request.asked", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Request.Asked })},
	{fact{name: "request.started_by", typ: cel.StringType, choices: []string{"customer", "agent"}}, text(func(f *balie.Facts) string { return f.Request.StartedBy })},
	{fact{name: "customer.organisation", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Customer.Organisation })},
	{fact{name: "customer.key_account", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Customer.KeyAccount })},
	{fact{name: "customer.segment", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Customer.Segment })},
	{fact{name: "customer.manager", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Customer.Manager })},
	{fact{name: "match.product", typ: cel.StringType, id: productID}, text(func(f *balie.Facts) string { return f.Match.Product })},
	{fact{name: "match.score", typ: cel.DoubleType}, number(func(f *balie.Facts) float64 { return f.Match.Score })},
	{fact{name: "match.margin", typ: cel.DoubleType}, number(func(f *balie.Facts) float64 { return f.Match.Margin })},
	{fact{name: "match.runner_up", typ: cel.StringType, id: productID}, text(func(f *balie.Facts) string { return f.Match.RunnerUp })},
	{fact{name: "match.two", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Match.Two })},
	{fact{name: "match.two_certain", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Match.TwoCertain })},
	{fact{name: "product.id", typ: cel.StringType, id: productID}, text(func(f *balie.Facts) string { return f.Product.ID })},
	{fact{name: "product.group", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Product.Group })},
	{fact{name: "product.owner", typ: cel.StringType, choices: owners}, text(func(f *balie.Facts) string { return f.Product.Owner })},
	{fact{name: "product.team", typ: cel.StringType, id: teamID}, text(func(f *balie.Facts) string { return f.Product.Team })},
	{fact{name: "product.package", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Product.Package })},
	{fact{name: "product.kind", typ: cel.StringType, choices: kinds}, text(func(f *balie.Facts) string { return f.Product.Kind })},
	{fact{name: "product.answer_mode", typ: cel.StringType, choices: modes}, text(func(f *balie.Facts) string { return f.Product.AnswerMode })},
	{fact{name: "product.threshold", typ: cel.DoubleType}, number(func(f *balie.Facts) float64 { return f.Product.Threshold })},
	{fact{name: "missing", typ: cel.ListType(cel.StringType), size: manyItems}, func(f *balie.Facts) ref.Val {
		return types.NewStringList(types.DefaultTypeAdapter, f.Missing)
	}},
	{fact{name: "now.open", typ: cel.BoolType}, yesNo(func(f *balie.Facts) bool { return f.Now.Open })},
	{fact{name: "now.weekday", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Now.Weekday })},
	{fact{name: "now.hour", typ: cel.IntType}, whole(func(f *balie.Facts) int { return f.Now.Hour })},
	{fact{name: "now.holiday", typ: cel.StringType}, text(func(f *balie.Facts) string { return f.Now.Holiday })},
}

// routing is what the rules of a ruleset can ask.
var routing = newVocabulary("docs/rules.md", allFacts)

// seen holds the facts of one moment as CEL reads them.
type seen struct {
	of     *vocabulary
	values [64]ref.Val
	found  [2][]uint64 // literals found, by fact.scan less one
}

func load[F any](s *seen, rows []factOn[F], f *F) {
	for i := range rows {
		s.values[i] = rows[i].get(f)
	}
}

// ResolveName gives CEL the value of a fact.
func (s *seen) ResolveName(name string) (any, bool) {
	i, ok := s.of.places[name]
	if !ok {
		return nil, false
	}
	return s.values[i], true
}

// Parent: there is nothing else to look in.
func (s *seen) Parent() cel.Activation { return nil }

// capped bounds the texts of facts: a regular expression's cost is charged
// only after it ran.
func capped(f balie.Facts) balie.Facts {
	f.Message.Text = clip(f.Message.Text, balie.RuleTextLimit)
	f.Message.Subject = clip(f.Message.Subject, balie.RuleTextLimit)
	return f
}

// clip cuts a text to at most n bytes, not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
