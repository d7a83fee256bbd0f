package intake

import (
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
)

// Known is what is known of a message besides itself.
type Known struct {
	Person    balie.Person
	IsKnown   bool // the person wrote before
	Customer  balie.CustomerFacts
	OpenCases int
	Request   balie.Request // zero for a new one
	Fields    map[string]string
	NoReply   bool // nothing may be sent automatically, whatever the message says
	Broken    bool
	Match     []balie.Match // given: do not match again
	Calendar  hours.Calendar
	Language  string // default

	words *reading // of this message, made before; nil: not
}

// Decide is the whole decision on a message, pure: match, facts, rules. It
// returns the fields found in the customer's words too.
func Decide(b *Brain, m balie.Message, k Known, now time.Time) (balie.Decision, map[string]string) {
	now = now.In(k.Calendar.Zone()) // dates in words are dates in the desk's zone
	f := facts(m, k, now)
	var res catalogue.Result
	res.Matches = k.Match
	words := k.words
	if k.Match == nil && !k.Broken {
		if !words.fits(b, f.Message.Language, now) {
			words = readWords(b, m, f.Message.Language, now)
		}
		res = words.res
	}
	f.Match = matchFacts(res)
	fields := map[string]string{}
	for id, v := range k.Fields {
		fields[id] = v
	}
	if p, ok := b.Catalogue.Product(f.Match.Product); ok {
		f.Product = productFacts(b.Catalogue, p)
		if f.Match.Score >= ProductFloor { // a guess makes nobody a complainer
			f.Request.Kind = string(p.Kind)
		}
		var said map[string]string
		if k.Match == nil && !k.Broken && len(k.Request.Asked) == 0 {
			said = words.fields
		} else {
			said = catalogue.ReadFields(p, k.Request.Asked, question(m), f.Message.Language, now)
		}
		for id, v := range said {
			fields[id] = v
		}
		for _, field := range p.Fields {
			if v := m.Fields[field.ID]; v != "" {
				fields[field.ID] = v
			}
		}
		for _, field := range catalogue.Missing(p, fields) {
			f.Missing = append(f.Missing, field.ID)
		}
	}
	if k.Request.Kind != "" && f.Match.Product == k.Request.Product {
		f.Request.Kind = string(k.Request.Kind)
	}
	return b.Rules.Decide(f, res.Matches, b.Catalogue.Version), fields
}

// question is the text fields are read from: the subject often holds the room.
func question(m balie.Message) string {
	if m.Subject == "" {
		return m.Text
	}
	return m.Subject + "\n" + m.Text
}

// chosen is the match when the customer picked the product themselves.
func chosen(b *Brain, id string, res catalogue.Result) catalogue.Result {
	if _, ok := b.Catalogue.Product(id); !ok {
		return res
	}
	out := catalogue.Result{Matches: []balie.Match{{Product: id, Score: 1, Terms: []string{"chosen by the customer"}}}}
	for _, m := range res.Matches {
		if m.Product != id {
			m.Score = 0
			out.Matches = append(out.Matches, m)
		}
	}
	return out
}

func facts(m balie.Message, k Known, now time.Time) balie.Facts {
	language := m.Language
	if language == "" {
		language = k.Language
	}
	var f balie.Facts
	f.Message = balie.MessageFacts{
		Channel: m.Channel, Account: m.Account, Subject: m.Subject, Text: clipText(m.Text), Language: language,
		Attachments: len(m.Parts), Automatic: m.Auto != "", Auto: string(m.Auto), NoReply: m.NoReply != "" || k.NoReply,
		Fields: m.Fields, Warnings: len(m.Warnings), Unreadable: k.Broken,
	}
	f.Sender = balie.SenderFacts{
		Address: m.From.Value, Domain: m.From.Domain(),
		Proven: m.Proof == balie.Proven, Failed: m.Proof == balie.Failed, Known: k.IsKnown,
	}
	f.Request = requestFacts(k)
	f.Customer = k.Customer
	local := now.In(k.Calendar.Zone())
	weekday := int(local.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	f.Now = balie.NowFacts{Open: k.Calendar.IsOpen(now), Weekday: weekday, Hour: local.Hour(), Holiday: k.Calendar.Holiday(now)}
	return f
}

func requestFacts(k Known) balie.RequestFacts {
	f := balie.RequestFacts{
		Kind: string(k.Request.Kind), Priority: PriorityName(k.Request.Priority), OpenCases: k.OpenCases,
		Reopened: k.Request.ReopenCount, Asked: k.Request.Rounds, StartedBy: "customer",
	}
	if k.Request.Version > 0 {
		f.State = k.Request.State.String()
	}
	return f
}

func matchFacts(res catalogue.Result) balie.MatchFacts {
	f := balie.MatchFacts{Two: res.Two, TwoCertain: res.TwoCertain}
	if len(res.Matches) > 0 {
		f.Product, f.Score = res.Matches[0].Product, res.Matches[0].Score
		f.Margin = f.Score
	}
	if len(res.Matches) > 1 {
		f.RunnerUp = res.Matches[1].Product
		f.Margin = f.Score - res.Matches[1].Score
	}
	return f
}

func productFacts(c *catalogue.Catalogue, p balie.Product) balie.ProductFacts {
	owner := "backoffice"
	if p.AccountOwned {
		owner = "account"
	}
	return balie.ProductFacts{
		ID: p.ID, Group: p.Group, Owner: owner, Team: p.Owner, Package: p.Package, Kind: string(p.Kind),
		AnswerMode: string(p.Mode), Threshold: p.Threshold,
	}
}

// clipText bounds what rules see without cutting a letter in two.
func clipText(s string) string {
	if len(s) <= balie.RuleTextLimit {
		return s
	}
	s = s[:balie.RuleTextLimit]
	for len(s) > 0 && !utf8.ValidString(s[len(s)-1:]) && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// priorities by name, as rules and people write them.
var priorities = map[string]int{"low": balie.Low, "normal": balie.Normal, "high": balie.High, "urgent": balie.Urgent}

// PriorityName is the name of a priority in rules.
func PriorityName(p int) string {
	for name, v := range priorities {
		if v == p {
			return name
		}
	}
	return "normal"
}
