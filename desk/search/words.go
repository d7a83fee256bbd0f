package search

import (
	"slices"
	"strings"
)

// said is how people write a key or a value: the first of a language is how it
// is shown; every one is understood in every language.
type said struct {
	nl, en []string
}

func (s said) in(language string) string {
	if language == "nl" {
		return s.nl[0]
	}
	return s.en[0]
}

// entry is one key with the values that it may have; none: any.
type entry struct {
	key    Key
	words  said
	values []value
}

// value is a value by its canonical name.
type value struct {
	name  string
	words said
}

func w(nl, en string) said { return said{strings.Fields(nl), strings.Fields(en)} }

// keys are all keys. What stands in the pages' help comes from here.
var keys = []entry{
	{Is, w("is", "is"), []value{
		{"open", w("open", "open")},
		{"closed", w("gesloten afgesloten dicht", "closed done")},
		{"mine", w("mijn vanmij van-mij", "mine")},
		{"unassigned", w("vrij niet-toegewezen niettoegewezen", "unassigned free")},
		{"late", w("laat te-laat telaat", "late overdue")},
		{"risk", w("risico dreigt", "risk at-risk")},
		{"waiting", w("wacht wachtend", "waiting")},
		{"new", w("nieuw", "new")},
		{"answered", w("beantwoord nazorg", "answered aftercare")},
		{"handedout", w("uitgezet", "handedout handed-out")},
		{"planned", w("gepland", "planned")},
		{"reopened", w("heropend", "reopened")},
		{"reply", w("reactie", "reply replied")},
	}},
	{Channel, w("kanaal", "channel"), []value{
		{"email", w("mail e-mail", "email mail e-mail")},
		{"slack", w("slack", "slack")},
		{"form", w("formulier webformulier", "form webform")},
		{"phone", w("telefoon tel", "phone tel")},
		{"counter", w("balie", "counter")},
	}},
	{Customer, w("klant aanmelder", "customer requester"), nil},
	{Product, w("product dienst", "product service"), nil},
	{Status, w("status staat", "status state"), []value{
		{"desk", w("balie", "desk")},
		{"waiting", w("wacht", "waiting")},
		{"handedout", w("uitgezet", "handedout handed-out")},
		{"planned", w("gepland", "planned")},
		{"answered", w("beantwoord", "answered")},
		{"closed", w("afgesloten gesloten", "closed")},
	}},
	{At, w("bij waar", "at"), nil},
	{Assignee, w("behandelaar toegewezen", "assignee agent"), nil},
	{Tag, w("label tag", "tag label"), nil},
	{Kind, w("soort", "kind type"), []value{
		{"question", w("vraag", "question")},
		{"order", w("aanvraag bestelling", "order")},
		{"fault", w("storing", "fault")},
		{"complaint", w("klacht", "complaint")},
		{"wish", w("wens", "wish")},
		{"compliment", w("compliment", "compliment")},
	}},
	{Priority, w("prioriteit prio", "priority prio"), []value{
		{"low", w("laag", "low")},
		{"normal", w("normaal", "normal")},
		{"high", w("hoog", "high")},
		{"urgent", w("spoed", "urgent")},
	}},
	{Lang, w("taal", "lang language"), nil},
	{Org, w("organisatie org", "org organisation organization"), nil},
	{Ref, w("nummer nr ref", "ref number"), nil},
	{Outcome, w("afloop uitkomst", "outcome"), []value{
		{"solved", w("opgelost", "solved")},
		{"no_answer", w("geen-antwoord", "no-answer no_answer")},
		{"withdrawn", w("ingetrokken", "withdrawn")},
		{"duplicate", w("dubbel", "duplicate")},
		{"spam", w("spam", "spam")},
		{"refused", w("geweigerd", "refused")},
	}},
	{SLA, w("termijn sla", "sla"), nil},
	{From, w("vanaf van sinds", "from since"), nil},
	{To, w("tot", "to until"), nil},
}

// places are the values of At that are no team.
var places = []value{
	{"desk", w("balie", "desk")},
	{"customer", w("klant", "customer")},
	{"backoffice", w("backoffice tweedelijn", "backoffice")},
	{"account", w("accountmgt accountmanagement account", "account")},
	{"supplier", w("leverancier", "supplier")},
	{"approver", w("akkoord budgethouder", "approver")},
}

// people are the values of Assignee that are no user.
var people = []value{
	{"me", w("mij ik", "me")},
	{"none", w("niemand geen", "none nobody")},
}

// languages are the values of Lang with a name.
var languages = []value{
	{"nl", w("nl nederlands", "nl dutch")},
	{"en", w("en engels", "en english")},
}

// days are the values of From and To that are no date.
var days = []value{
	{"today", w("vandaag", "today")},
	{"yesterday", w("gisteren", "yesterday")},
}

// named are the values with a name that a key can have, beside free ones.
func (e entry) named() []value {
	switch e.key {
	case At:
		return places
	case Assignee:
		return people
	case Lang:
		return languages
	case From, To:
		return days
	}
	return e.values
}

// Name is a key or a value as it is written in a language.
type Name struct {
	Key    Key    // of a key
	Value  string // of a value
	Word   string
	Values []Name // of a key: those with a name; it may have others when Free
	Free   bool
}

// Names are all keys in a language with their values, for help and to complete
// what is typed.
func Names(language string) []Name {
	out := make([]Name, 0, len(keys))
	for _, e := range keys {
		n := Name{Key: e.key, Word: e.words.in(language), Free: e.values == nil}
		for _, v := range e.named() {
			n.Values = append(n.Values, Name{Key: e.key, Value: v.name, Word: v.words.in(language)})
		}
		out = append(out, n)
	}
	return out
}

func keyOf(k Key) (entry, bool) {
	i := slices.IndexFunc(keys, func(e entry) bool { return e.key == k })
	if i < 0 {
		return entry{}, false
	}
	return keys[i], true
}

// keyNamed is the key somebody wrote.
func keyNamed(word string) (entry, bool) {
	i := slices.IndexFunc(keys, func(e entry) bool { return e.words.has(word) })
	if i < 0 {
		return entry{}, false
	}
	return keys[i], true
}

func (s said) has(word string) bool {
	return slices.Contains(s.nl, word) || slices.Contains(s.en, word)
}

// valueNamed is the canonical name of a value somebody wrote.
func valueNamed(all []value, word string) (string, bool) {
	for _, v := range all {
		if v.name == word || v.words.has(word) {
			return v.name, true
		}
	}
	return "", false
}
