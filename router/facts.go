package router

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/balie/balie"
)

// fact is one name a condition can use.
type fact struct {
	name    string
	typ     *cel.Type
	get     func(*balie.Facts) ref.Val
	size    uint64   // most bytes or items, for the cost of a rule; 0 = shortText
	choices []string // all values it can have, when those are known
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

func text(f func(*balie.Facts) string) func(*balie.Facts) ref.Val {
	return func(x *balie.Facts) ref.Val { return types.String(f(x)) }
}

func yesNo(f func(*balie.Facts) bool) func(*balie.Facts) ref.Val {
	return func(x *balie.Facts) ref.Val { return types.Bool(f(x)) }
}

func whole(f func(*balie.Facts) int) func(*balie.Facts) ref.Val {
	return func(x *balie.Facts) ref.Val { return types.Int(f(x)) }
}

func number(f func(*balie.Facts) float64) func(*balie.Facts) ref.Val {
	return func(x *balie.Facts) ref.Val { return types.Double(f(x)) }
}

// Facts with a place of their own in the code.
const (
	factSubject = "message.subject"
	factText    = "message.text"
)

// allFacts are the names as the JSON of balie.Facts has them; a test compares.
// Only the router's own literals are here, so it is made once and not changed.
var allFacts = []fact{
	{name: "message.channel", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Message.Channel })},
	{name: "message.account", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Message.Account })},
	{name: factSubject, typ: cel.StringType, size: balie.RuleTextLimit, get: text(func(f *balie.Facts) string { return f.Message.Subject })},
	{name: factText, typ: cel.StringType, size: balie.RuleTextLimit, get: text(func(f *balie.Facts) string { return f.Message.Text })},
	{name: "message.language", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Message.Language })},
	{name: "message.attachments", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Message.Attachments })},
	{name: "message.automatic", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Message.Automatic })},
	{name: "message.auto", typ: cel.StringType, choices: autos, get: text(func(f *balie.Facts) string { return f.Message.Auto })},
	{name: "message.no_reply", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Message.NoReply })},
	{name: "message.fields", typ: cel.MapType(cel.StringType, cel.StringType), size: manyItems, get: func(f *balie.Facts) ref.Val {
		return types.NewStringStringMap(types.DefaultTypeAdapter, f.Message.Fields)
	}},
	{name: "message.warnings", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Message.Warnings })},
	{name: "message.unreadable", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Message.Unreadable })},
	{name: "sender.address", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Sender.Address })},
	{name: "sender.domain", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Sender.Domain })},
	{name: "sender.proven", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Sender.Proven })},
	{name: "sender.failed", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Sender.Failed })},
	{name: "sender.known", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Sender.Known })},
	{name: "request.kind", typ: cel.StringType, choices: kinds, get: text(func(f *balie.Facts) string { return f.Request.Kind })},
	{name: "request.priority", typ: cel.StringType, choices: priorities, get: text(func(f *balie.Facts) string { return f.Request.Priority })},
	{name: "request.state", typ: cel.StringType, choices: states, get: text(func(f *balie.Facts) string { return f.Request.State })},
	{name: "request.open_cases", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Request.OpenCases })},
	{name: "request.reopened", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Request.Reopened })},
	{name: "request.asked", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Request.Asked })},
	{name: "request.started_by", typ: cel.StringType, choices: []string{"customer", "agent"}, get: text(func(f *balie.Facts) string { return f.Request.StartedBy })},
	{name: "customer.organisation", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Customer.Organisation })},
	{name: "customer.key_account", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Customer.KeyAccount })},
	{name: "customer.segment", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Customer.Segment })},
	{name: "customer.manager", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Customer.Manager })},
	{name: "match.product", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Match.Product })},
	{name: "match.score", typ: cel.DoubleType, get: number(func(f *balie.Facts) float64 { return f.Match.Score })},
	{name: "match.margin", typ: cel.DoubleType, get: number(func(f *balie.Facts) float64 { return f.Match.Margin })},
	{name: "match.runner_up", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Match.RunnerUp })},
	{name: "match.two", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Match.Two })},
	{name: "match.two_certain", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Match.TwoCertain })},
	{name: "product.id", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Product.ID })},
	{name: "product.group", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Product.Group })},
	{name: "product.owner", typ: cel.StringType, choices: owners, get: text(func(f *balie.Facts) string { return f.Product.Owner })},
	{name: "product.team", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Product.Team })},
	{name: "product.package", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Product.Package })},
	{name: "product.kind", typ: cel.StringType, choices: kinds, get: text(func(f *balie.Facts) string { return f.Product.Kind })},
	{name: "product.answer_mode", typ: cel.StringType, choices: modes, get: text(func(f *balie.Facts) string { return f.Product.AnswerMode })},
	{name: "product.threshold", typ: cel.DoubleType, get: number(func(f *balie.Facts) float64 { return f.Product.Threshold })},
	{name: "missing", typ: cel.ListType(cel.StringType), size: manyItems, get: func(f *balie.Facts) ref.Val {
		return types.NewStringList(types.DefaultTypeAdapter, f.Missing)
	}},
	{name: "now.open", typ: cel.BoolType, get: yesNo(func(f *balie.Facts) bool { return f.Now.Open })},
	{name: "now.weekday", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Now.Weekday })},
	{name: "now.hour", typ: cel.IntType, get: whole(func(f *balie.Facts) int { return f.Now.Hour })},
	{name: "now.holiday", typ: cel.StringType, get: text(func(f *balie.Facts) string { return f.Now.Holiday })},
}

// places numbers the facts by name.
var places = func() map[string]int {
	m := make(map[string]int, len(allFacts))
	for i, f := range allFacts {
		m[f.name] = i
	}
	return m
}()

// seen holds the facts of one message as CEL reads them.
type seen struct {
	values [64]ref.Val
	found  [2][]uint64 // literals found: in the text, in the subject
}

func (s *seen) load(f *balie.Facts) {
	for i := range allFacts {
		s.values[i] = allFacts[i].get(f)
	}
}

// ResolveName gives CEL the value of a fact.
func (s *seen) ResolveName(name string) (any, bool) {
	i, ok := places[name]
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
