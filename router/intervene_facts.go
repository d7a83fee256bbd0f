package router

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/balie/balie"
)

// The values of facts that come from a fixed list.
var (
	occasions = []string{string(DueSoon), string(Overdue), string(Silent), string(TeamSilent), string(HandoutDue), string(HandoutOverdue),
		string(LetterFailed), string(Reassigned), string(ReopenedAgain), string(ScoredBadly), string(SignalSeen)}
	clockKinds    = []string{"", ClockResponse, ClockUpdate, ClockResolution, ClockHandout}
	handoutStates = []string{"", string(balie.Offered), string(balie.Accepted), string(balie.Done), string(balie.Refused),
		string(balie.Returned), string(balie.Withdrawn)}
	signalAbouts = []string{"", AboutProduct, AboutPlace, AboutCustomer}
)

// Facts with a place of their own in the code.
const (
	factOccasion = "occasion"
	factClock    = "clock.kind"
)

// guardFacts are the names as the JSON of GuardFacts has them; a test compares.
var guardFacts = []factOn[GuardFacts]{
	{fact{name: factOccasion, typ: cel.StringType, choices: occasions}, text(func(f *GuardFacts) string { return string(f.Occasion) })},
	{fact{name: "request.ref", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Request.Ref })},
	{fact{name: "request.kind", typ: cel.StringType, choices: kinds}, text(func(f *GuardFacts) string { return f.Request.Kind })},
	{fact{name: "request.priority", typ: cel.StringType, choices: priorities}, text(func(f *GuardFacts) string { return f.Request.Priority })},
	{fact{name: "request.state", typ: cel.StringType, choices: states}, text(func(f *GuardFacts) string { return f.Request.State })},
	{fact{name: "request.product", typ: cel.StringType, id: productID}, text(func(f *GuardFacts) string { return f.Request.Product })},
	{fact{name: "request.group", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Request.Group })},
	{fact{name: "request.channel", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Request.Channel })},
	{fact{name: "request.language", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Request.Language })},
	{fact{name: "request.assignee", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Request.Assignee })},
	{fact{name: "request.tags", typ: cel.ListType(cel.StringType), size: manyItems}, func(f *GuardFacts) ref.Val {
		return types.NewStringList(types.DefaultTypeAdapter, f.Request.Tags)
	}},
	{fact{name: "request.reopened", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Request.Reopened })},
	{fact{name: "request.passed", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Request.Passed })},
	{fact{name: "request.asked", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Request.Asked })},
	{fact{name: "request.age_hours", typ: cel.DoubleType}, number(func(f *GuardFacts) float64 { return f.Request.AgeHours })},
	{fact{name: "request.subject", typ: cel.StringType, size: shortText, scan: 1}, text(func(f *GuardFacts) string { return f.Request.Subject })},
	{fact{name: factClock, typ: cel.StringType, choices: clockKinds}, text(func(f *GuardFacts) string { return f.Clock.Kind })},
	{fact{name: "clock.share", typ: cel.DoubleType}, number(func(f *GuardFacts) float64 { return f.Clock.Share })},
	{fact{name: "clock.left_minutes", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Clock.LeftMinutes })},
	{fact{name: "clock.late_minutes", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Clock.LateMinutes })},
	{fact{name: "clock.target_minutes", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Clock.TargetMinutes })},
	{fact{name: "clock.paused", typ: cel.BoolType}, yesNo(func(f *GuardFacts) bool { return f.Clock.Paused })},
	{fact{name: "handout.team", typ: cel.StringType, id: teamID}, text(func(f *GuardFacts) string { return f.Handout.Team })},
	{fact{name: "handout.state", typ: cel.StringType, choices: handoutStates}, text(func(f *GuardFacts) string { return f.Handout.State })},
	{fact{name: "handout.age_hours", typ: cel.DoubleType}, number(func(f *GuardFacts) float64 { return f.Handout.AgeHours })},
	{fact{name: "handout.silent_hours", typ: cel.DoubleType}, number(func(f *GuardFacts) float64 { return f.Handout.SilentHours })},
	{fact{name: "handout.count", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Handout.Count })},
	{fact{name: "customer.organisation", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Customer.Organisation })},
	{fact{name: "customer.key_account", typ: cel.BoolType}, yesNo(func(f *GuardFacts) bool { return f.Customer.KeyAccount })},
	{fact{name: "customer.segment", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Customer.Segment })},
	{fact{name: "customer.manager", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Customer.Manager })},
	{fact{name: "score", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Score })},
	{fact{name: "signal.about", typ: cel.StringType, choices: signalAbouts}, text(func(f *GuardFacts) string { return f.Signal.About })},
	{fact{name: "signal.name", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Signal.Name })},
	{fact{name: "signal.count", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Signal.Count })},
	{fact{name: "signal.expected", typ: cel.DoubleType}, number(func(f *GuardFacts) float64 { return f.Signal.Expected })},
	{fact{name: "now.open", typ: cel.BoolType}, yesNo(func(f *GuardFacts) bool { return f.Now.Open })},
	{fact{name: "now.weekday", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Now.Weekday })},
	{fact{name: "now.hour", typ: cel.IntType}, whole(func(f *GuardFacts) int { return f.Now.Hour })},
	{fact{name: "now.holiday", typ: cel.StringType}, text(func(f *GuardFacts) string { return f.Now.Holiday })},
}

// guarding is what intervention rules can ask.
var guarding = func() *vocabulary {
	v := newVocabulary("docs/interventions.md", guardFacts)
	v.others = routing
	return v
}()

// cappedGuard bounds what a pattern is looked for in, and how many tags are
// seen: the cost of a condition is reckoned with these.
func cappedGuard(f GuardFacts) GuardFacts {
	f.Request.Subject = clip(f.Request.Subject, shortText)
	f.Request.Tags = f.Request.Tags[:min(len(f.Request.Tags), manyItems)]
	return f
}

// plainGuard are the facts of an example that says nothing.
func plainGuard(o Occasion) GuardFacts {
	return GuardFacts{Occasion: o,
		Request: GuardedRequest{Kind: string(balie.Question), Priority: "normal", State: balie.AtDesk.String()},
		Now:     balie.NowFacts{Open: true, Weekday: 2, Hour: 10}}
}

// facts are those of an example, put over the plain ones.
func (x GuardExample) facts(on []Occasion) (GuardFacts, error) {
	var first Occasion
	if len(on) > 0 {
		first = on[0]
	}
	f := plainGuard(first)
	err := setFacts(&f, x.Given)
	return cappedGuard(f), err
}

// never reports whether a value is one that the fact cannot have.
func (f fact) never(value any) bool {
	s, isText := value.(string)
	return isText && f.choices != nil && !slices.Contains(f.choices, s)
}
