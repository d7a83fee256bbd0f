package catalogue

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// fewExamples is the number of examples in a language below which a product
// is hard to find: with 5, one in three questions goes to another product.
const fewExamples = 5

// responseLimit bounds a promise, in opening hours: about five years.
const responseLimit = 10_000

func (p *parsing) products(n yamltree.Node) {
	for _, v := range p.List(n, "products") {
		before := p.Count()
		x, at := p.product(v)
		if x.ID == "" {
			if p.Count() == before {
				p.Problem(v, "products", "a product has no id", "")
			}
			continue
		}
		if _, twice := p.c.Product(x.ID); twice {
			p.Problem(at, "product "+x.ID, "there is another product with this id", "give one of them another id")
		}
		p.c.Products = append(p.c.Products, x)
	}
}

// product reads one product and where its id stands.
func (p *parsing) product(n yamltree.Node) (x balie.Product, where yamltree.Node) {
	x = balie.Product{Mode: balie.Suggest, Names: map[string]string{}, Descriptions: map[string]string{},
		Synonyms: map[string][]string{}, Examples: map[string][]string{}, Counter: map[string][]string{}, Answers: map[string]string{}}
	entries := p.Mapping(n, "product", "id", "group", "kind", "package", "urgent", "nl", "en", "fields", "owner",
		"calendar", "promise", "price", "answer_mode", "threshold", "valid")
	where = n
	for _, e := range entries {
		if e.Key == "id" {
			x.ID, where = p.Text(e.Value, "product"), e.Value
			p.id(e.Value, "product", x.ID)
		}
	}
	field := "product " + x.ID
	texts := map[string][]yamltree.Entry{}
	for _, e := range entries {
		switch e.Key {
		case "nl", "en":
			texts[e.Key] = p.words(&x, e, field)
		default:
			p.property(&x, e, field)
		}
	}
	p.complete(&x, where, field, entries, texts)
	return x, where
}

func (p *parsing) property(x *balie.Product, e yamltree.Entry, field string) {
	field += "." + e.Key
	switch e.Key {
	case "group":
		x.Group = p.Text(e.Value, field)
	case "kind":
		x.Kind = balie.Kind(p.OneOf(e.Value, field, "question", "order", "fault", "complaint", "wish", "compliment"))
	case "package":
		x.Package = p.OneOf(e.Value, field, "basis", "plus", "maatwerk")
	case "urgent":
		if p.Bool(e.Value, field) && x.ID != "" {
			if p.c.Urgent == nil {
				p.c.Urgent = map[string]bool{}
			}
			p.c.Urgent[x.ID] = true
		}
	case "fields":
		x.Fields = p.fields(e.Value, field)
	case "owner":
		p.owner(x, e.Value, field)
	case "calendar":
		x.Calendar = p.Text(e.Value, field)
		p.refs = append(p.refs, reference{e.Value, field, x.Calendar, "calendar"})
	case "promise":
		p.promise(x, e.Value, field)
	case "price":
		x.Price = p.price(e.Value, field)
	case "answer_mode":
		x.Mode = balie.AnswerMode(p.OneOf(e.Value, field, "send", "confirm", "suggest", "off"))
	case "threshold":
		x.Threshold = p.Float(e.Value, field, 0.01, 1)
	case "valid":
		p.valid(x, e.Value, field)
	}
}

// words reads a product's texts in one language.
func (p *parsing) words(x *balie.Product, e yamltree.Entry, field string) []yamltree.Entry {
	l := e.Key
	field += "." + l
	entries := p.Mapping(e.Value, field, "name", "description", "synonyms", "examples", "counter_examples", "answer")
	for _, k := range entries {
		switch k.Key {
		case "name":
			x.Names[l] = strings.TrimSpace(p.Text(k.Value, field+".name"))
		case "description":
			x.Descriptions[l] = strings.TrimSpace(p.Text(k.Value, field+".description"))
		case "synonyms":
			x.Synonyms[l] = p.Texts(k.Value, field+".synonyms")
		case "examples":
			x.Examples[l] = p.Texts(k.Value, field+".examples")
		case "counter_examples":
			x.Counter[l] = p.Texts(k.Value, field+".counter_examples")
		case "answer":
			x.Answers[l] = strings.TrimSpace(p.Text(k.Value, field+".answer"))
		}
	}
	return entries
}

// complete checks what a product needs and fills in what may be left out.
func (p *parsing) complete(x *balie.Product, where yamltree.Node, field string, entries []yamltree.Entry, texts map[string][]yamltree.Entry) {
	for _, l := range Languages {
		p.completeIn(x, l, where, field, texts[l])
	}
	for _, k := range []string{"kind", "owner"} {
		if !slices.ContainsFunc(entries, func(e yamltree.Entry) bool { return e.Key == k }) {
			p.Problem(where, field, fmt.Sprintf("%q is missing", k), "")
		}
	}
	if x.Mode == balie.Send && x.Threshold == 0 {
		x.Threshold = DefaultThreshold
	}
	if !x.Until.IsZero() && !x.From.Before(x.Until) {
		p.Problem(where, field+".valid", "it ends before it begins", "")
	}
}

func (p *parsing) completeIn(x *balie.Product, l string, where yamltree.Node, field string, texts []yamltree.Entry) {
	field += "." + l
	if len(texts) == 0 {
		p.Problem(where, field, fmt.Sprintf("the texts in %q are missing", l), "every text is given in "+strings.Join(Languages, " and "))
		return
	}
	at := texts[0].At
	if x.Names[l] == "" {
		p.Problem(at, field, "the name is missing", "")
	}
	if x.Mode == balie.Send && x.Answers[l] == "" {
		p.Problem(at, field, "there is no answer to send", `write an answer, or set "answer_mode: suggest"`)
	}
	for _, k := range texts {
		if k.Key == "answer" {
			for _, bad := range badPlaceholders(*x, x.Answers[l]) {
				p.Problem(k.Value, field+".answer", fmt.Sprintf("{%s} is not known", yamltree.Short(bad)), yamltree.Suggest(bad, placeholders(*x)))
			}
		}
	}
	if n := len(x.Examples[l]); n < fewExamples {
		p.c.warnings = append(p.c.warnings, p.Invalid(at, field+".examples",
			fmt.Sprintf("%d examples: questions about this will often be missed", n), fmt.Sprintf("give %d or more, in customers' own words", 2*fewExamples)))
	}
}

func (p *parsing) fields(n yamltree.Node, field string) []balie.Field {
	var out []balie.Field
	for _, v := range p.List(n, field) {
		f := balie.Field{Type: balie.TextField}
		entries := p.Mapping(v, field, "id", "type", "required", "prompt", "pattern", "options")
		prompted := false
		for _, e := range entries {
			switch e.Key {
			case "id":
				f.ID = p.Text(e.Value, field)
				p.id(e.Value, field, f.ID)
			case "type":
				f.Type = balie.FieldType(p.OneOf(e.Value, field+".type", fieldTypes...))
			case "required":
				f.Required = p.Bool(e.Value, field+".required")
			case "prompt":
				prompted = true
				f.Prompts = p.byLanguage(e.Value, field+".prompt")
			case "pattern":
				f.Pattern = p.pattern(e.Value, field+".pattern")
			case "options":
				f.Options = p.options(e.Value, field+".options")
			}
		}
		p.completeField(f, v, field, prompted)
		if slices.ContainsFunc(out, func(o balie.Field) bool { return o.ID == f.ID }) {
			p.Problem(v, field, fmt.Sprintf("there is another field %q", yamltree.Short(f.ID)), "give one of them another id")
		}
		out = append(out, f)
	}
	return out
}

var fieldTypes = []string{"text", "number", "date", "datetime", "choice", "location", "person", "email", "phone"}

func (p *parsing) completeField(f balie.Field, at yamltree.Node, field string, prompted bool) {
	if f.ID == "" {
		p.Problem(at, field, "a field has no id", "")
	}
	if !prompted {
		p.Problem(at, field+" "+f.ID, "the prompt is missing", "it is the question the customer gets")
	}
	if f.Type == balie.ChoiceField && len(f.Options) == 0 {
		p.Problem(at, field+" "+f.ID, "a choice needs options", "")
	}
	if f.Type != balie.ChoiceField && len(f.Options) > 0 {
		p.Problem(at, field+" "+f.ID, "only a choice has options", `set "type: choice"`)
	}
}

// patternLimit bounds a pattern, in bytes: it runs on every value.
const patternLimit = 500

func (p *parsing) pattern(n yamltree.Node, field string) string {
	s := p.Text(n, field)
	if _, err := compile(s); err != nil {
		p.Problem(n, field, fmt.Sprintf("%q is not a pattern: %v", yamltree.Short(s), err), "it is a regular expression (RE2) for the whole value")
		return ""
	}
	return s
}

// compile makes a pattern match whole values only.
func compile(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > patternLimit {
		return nil, fmt.Errorf("it is longer than %d bytes", patternLimit)
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// options are words, or {value: …, nl: …, en: …} when people say them in more
// ways than one.
func (p *parsing) options(n yamltree.Node, field string) []balie.Option {
	var out []balie.Option
	for _, v := range p.List(n, field) {
		var o balie.Option
		if v.IsMapping() {
			for _, e := range p.Mapping(v, field, "value", "nl", "en") {
				s := strings.TrimSpace(p.Text(e.Value, field))
				if e.Key == "value" {
					o.Value = s
					continue
				}
				if o.Names == nil {
					o.Names = map[string]string{}
				}
				o.Names[e.Key] = s
			}
		} else {
			o.Value = strings.TrimSpace(p.Text(v, field))
		}
		if o.Value == "" {
			p.Problem(v, field, "an option has no value", "")
			continue
		}
		if slices.ContainsFunc(out, func(x balie.Option) bool { return x.Value == o.Value }) {
			p.Problem(v, field, fmt.Sprintf("the option %q stands here twice", yamltree.Short(o.Value)), "remove one of them")
			continue
		}
		out = append(out, o)
	}
	return out
}

func (p *parsing) owner(x *balie.Product, n yamltree.Node, field string) {
	kind := "backoffice"
	for _, e := range p.Mapping(n, field, "type", "team") {
		switch e.Key {
		case "type":
			kind = p.OneOf(e.Value, field+".type", "backoffice", "account")
		case "team":
			x.Owner = p.Text(e.Value, field+".team")
			p.refs = append(p.refs, reference{e.Value, field + ".team", x.Owner, "team"})
		}
	}
	x.AccountOwned = kind == "account"
	if x.Owner == "" {
		p.Problem(n, field, "the team is missing", "")
		return
	}
	if p.owners[x.Owner] == "" || kind == "account" {
		p.owners[x.Owner] = kind
	}
}

func (p *parsing) promise(x *balie.Product, n yamltree.Node, field string) {
	for _, e := range p.Mapping(n, field, "response_hours", "resolution_hours") {
		h := p.Float(e.Value, field+"."+e.Key, 0, responseLimit)
		d := time.Duration(math.Round(h*3600)) * time.Second
		if e.Key == "response_hours" {
			x.Respond = d
			continue
		}
		x.Resolve = d
	}
}

func (p *parsing) price(n yamltree.Node, field string) balie.Price {
	var out balie.Price
	for _, e := range p.Mapping(n, field, "model", "amount", "note") {
		switch e.Key {
		case "model":
			out.Model = p.OneOf(e.Value, field+".model", "included", "per_piece", "per_person", "per_hour", "on_request", "quotation")
		case "amount":
			out.Amount = int64(math.Round(100 * p.Float(e.Value, field+".amount", 0, 1e9)))
		case "note":
			out.Notes = p.byLanguage(e.Value, field+".note")
		}
	}
	return out
}

// valid reads from which day until and including which day a product exists.
func (p *parsing) valid(x *balie.Product, n yamltree.Node, field string) {
	for _, e := range p.Mapping(n, field, "from", "until") {
		d := p.day(e.Value, field+"."+e.Key)
		switch {
		case d.IsZero():
		case e.Key == "from":
			x.From = d
		default:
			x.Until = d.AddDate(0, 0, 1)
		}
	}
}
