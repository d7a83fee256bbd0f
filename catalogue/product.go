package catalogue

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/balie/balie"
)

// fewExamples is the number of examples in a language below which a product
// is hard to find: with 5, one in three questions goes to another product.
const fewExamples = 5

// responseLimit bounds a promise, in opening hours: about five years.
const responseLimit = 10_000

func (p *parsing) products(n ast.Node) {
	for _, v := range p.list(n, "products") {
		before := len(p.problems)
		x, at := p.product(v)
		if x.ID == "" {
			if len(p.problems) == before {
				p.problem(v, "products", "a product has no id", "")
			}
			continue
		}
		if _, twice := p.c.Product(x.ID); twice {
			p.problem(at, "product "+x.ID, "there is another product with this id", "give one of them another id")
		}
		p.c.Products = append(p.c.Products, x)
	}
}

// product reads one product and where its id stands.
func (p *parsing) product(n ast.Node) (x balie.Product, where ast.Node) {
	x = balie.Product{Mode: balie.Suggest, Names: map[string]string{}, Descriptions: map[string]string{},
		Synonyms: map[string][]string{}, Examples: map[string][]string{}, Answers: map[string]string{}}
	entries := p.mapping(n, "product", "id", "group", "kind", "package", "urgent", "nl", "en", "fields", "owner",
		"calendar", "promise", "price", "answer_mode", "threshold", "valid")
	where = n
	for _, e := range entries {
		if e.key == "id" {
			x.ID, where = p.text(e.value, "product"), e.value
			p.id(e.value, "product", x.ID)
		}
	}
	field := "product " + x.ID
	texts := map[string][]entry{}
	for _, e := range entries {
		switch e.key {
		case "nl", "en":
			texts[e.key] = p.words(&x, e, field)
		default:
			p.property(&x, e, field)
		}
	}
	p.complete(&x, where, field, entries, texts)
	return x, where
}

func (p *parsing) property(x *balie.Product, e entry, field string) {
	field += "." + e.key
	switch e.key {
	case "group":
		x.Group = p.text(e.value, field)
	case "kind":
		x.Kind = balie.Kind(p.oneOf(e.value, field, "question", "order", "fault", "complaint", "wish", "compliment"))
	case "package":
		x.Package = p.oneOf(e.value, field, "basis", "plus", "maatwerk")
	case "urgent":
		if p.yes(e.value, field) && x.ID != "" {
			if p.c.Urgent == nil {
				p.c.Urgent = map[string]bool{}
			}
			p.c.Urgent[x.ID] = true
		}
	case "fields":
		x.Fields = p.fields(e.value, field)
	case "owner":
		p.owner(x, e.value, field)
	case "calendar":
		x.Calendar = p.text(e.value, field)
		p.refs = append(p.refs, reference{e.value, field, x.Calendar, "calendar"})
	case "promise":
		p.promise(x, e.value, field)
	case "price":
		x.Price = p.price(e.value, field)
	case "answer_mode":
		x.Mode = balie.AnswerMode(p.oneOf(e.value, field, "send", "suggest"))
	case "threshold":
		x.Threshold = p.number(e.value, field, 0.01, 1)
	case "valid":
		p.valid(x, e.value, field)
	}
}

// words reads a product's texts in one language.
func (p *parsing) words(x *balie.Product, e entry, field string) []entry {
	l := e.key
	field += "." + l
	entries := p.mapping(e.value, field, "name", "description", "synonyms", "examples", "answer")
	for _, k := range entries {
		switch k.key {
		case "name":
			x.Names[l] = strings.TrimSpace(p.text(k.value, field+".name"))
		case "description":
			x.Descriptions[l] = strings.TrimSpace(p.text(k.value, field+".description"))
		case "synonyms":
			x.Synonyms[l] = p.texts(k.value, field+".synonyms")
		case "examples":
			x.Examples[l] = p.texts(k.value, field+".examples")
		case "answer":
			x.Answers[l] = strings.TrimSpace(p.text(k.value, field+".answer"))
		}
	}
	return entries
}

// complete checks what a product needs and fills in what may be left out.
func (p *parsing) complete(x *balie.Product, where ast.Node, field string, entries []entry, texts map[string][]entry) {
	for _, l := range Languages {
		p.completeIn(x, l, where, field, texts[l])
	}
	for _, k := range []string{"kind", "owner"} {
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.key == k }) {
			p.problem(where, field, fmt.Sprintf("%q is missing", k), "")
		}
	}
	if x.Mode == balie.Send && x.Threshold == 0 {
		x.Threshold = DefaultThreshold
	}
	if !x.Until.IsZero() && !x.From.Before(x.Until) {
		p.problem(where, field+".valid", "it ends before it begins", "")
	}
}

func (p *parsing) completeIn(x *balie.Product, l string, where ast.Node, field string, texts []entry) {
	field += "." + l
	if len(texts) == 0 {
		p.problem(where, field, fmt.Sprintf("the texts in %q are missing", l), "every text is given in "+strings.Join(Languages, " and "))
		return
	}
	at := texts[0].at
	if x.Names[l] == "" {
		p.problem(at, field, "the name is missing", "")
	}
	if x.Mode == balie.Send && x.Answers[l] == "" {
		p.problem(at, field, "there is no answer to send", `write an answer, or set "answer_mode: suggest"`)
	}
	for _, k := range texts {
		if k.key == "answer" {
			for _, bad := range badPlaceholders(*x, x.Answers[l]) {
				p.problem(k.value, field+".answer", fmt.Sprintf("{%s} is not known", short(bad)), meant(bad, placeholders(*x)))
			}
		}
	}
	if n := len(x.Examples[l]); n < fewExamples {
		line, col := place(at)
		p.c.warnings = append(p.c.warnings, p.invalid(line, col, field+".examples",
			fmt.Sprintf("%d examples: questions about this will often be missed", n), fmt.Sprintf("give %d or more, in customers' own words", 2*fewExamples)))
	}
}

func (p *parsing) fields(n ast.Node, field string) []balie.Field {
	var out []balie.Field
	for _, v := range p.list(n, field) {
		f := balie.Field{Type: balie.TextField}
		entries := p.mapping(v, field, "id", "type", "required", "prompt", "pattern", "options")
		prompted := false
		for _, e := range entries {
			switch e.key {
			case "id":
				f.ID = p.text(e.value, field)
				p.id(e.value, field, f.ID)
			case "type":
				f.Type = balie.FieldType(p.oneOf(e.value, field+".type", fieldTypes...))
			case "required":
				f.Required = p.yes(e.value, field+".required")
			case "prompt":
				prompted = true
				f.Prompts = p.byLanguage(e.value, field+".prompt", true)
			case "pattern":
				f.Pattern = p.pattern(e.value, field+".pattern")
			case "options":
				f.Options = p.options(e.value, field+".options")
			}
		}
		p.completeField(f, v, field, prompted)
		if slices.ContainsFunc(out, func(o balie.Field) bool { return o.ID == f.ID }) {
			p.problem(v, field, fmt.Sprintf("there is another field %q", short(f.ID)), "give one of them another id")
		}
		out = append(out, f)
	}
	return out
}

var fieldTypes = []string{"text", "number", "date", "datetime", "choice", "location", "person", "email", "phone"}

func (p *parsing) completeField(f balie.Field, at ast.Node, field string, prompted bool) {
	if f.ID == "" {
		p.problem(at, field, "a field has no id", "")
	}
	if !prompted {
		p.problem(at, field+" "+f.ID, "the prompt is missing", "it is the question the customer gets")
	}
	if f.Type == balie.ChoiceField && len(f.Options) == 0 {
		p.problem(at, field+" "+f.ID, "a choice needs options", "")
	}
	if f.Type != balie.ChoiceField && len(f.Options) > 0 {
		p.problem(at, field+" "+f.ID, "only a choice has options", `set "type: choice"`)
	}
}

// patternLimit bounds a pattern, in bytes: it runs on every value.
const patternLimit = 500

func (p *parsing) pattern(n ast.Node, field string) string {
	s := p.text(n, field)
	if _, err := compile(s); err != nil {
		p.problem(n, field, fmt.Sprintf("%q is not a pattern: %v", short(s), err), "it is a regular expression (RE2) for the whole value")
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
func (p *parsing) options(n ast.Node, field string) []balie.Option {
	var out []balie.Option
	for _, v := range p.list(n, field) {
		var o balie.Option
		switch v.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			for _, e := range p.mapping(v, field, "value", "nl", "en") {
				s := strings.TrimSpace(p.text(e.value, field))
				if e.key == "value" {
					o.Value = s
					continue
				}
				if o.Names == nil {
					o.Names = map[string]string{}
				}
				o.Names[e.key] = s
			}
		default:
			o.Value = strings.TrimSpace(p.text(v, field))
		}
		if o.Value == "" {
			p.problem(v, field, "an option has no value", "")
			continue
		}
		if slices.ContainsFunc(out, func(x balie.Option) bool { return x.Value == o.Value }) {
			p.problem(v, field, fmt.Sprintf("the option %q stands here twice", short(o.Value)), "remove one of them")
			continue
		}
		out = append(out, o)
	}
	return out
}

func (p *parsing) owner(x *balie.Product, n ast.Node, field string) {
	kind := "backoffice"
	for _, e := range p.mapping(n, field, "type", "team") {
		switch e.key {
		case "type":
			kind = p.oneOf(e.value, field+".type", "backoffice", "account")
		case "team":
			x.Owner = p.text(e.value, field+".team")
			p.refs = append(p.refs, reference{e.value, field + ".team", x.Owner, "team"})
		}
	}
	x.AccountOwned = kind == "account"
	if x.Owner == "" {
		p.problem(n, field, "the team is missing", "")
		return
	}
	if p.owners[x.Owner] == "" || kind == "account" {
		p.owners[x.Owner] = kind
	}
}

func (p *parsing) promise(x *balie.Product, n ast.Node, field string) {
	for _, e := range p.mapping(n, field, "response_hours", "resolution_hours") {
		h := p.number(e.value, field+"."+e.key, 0, responseLimit)
		d := time.Duration(math.Round(h*3600)) * time.Second
		if e.key == "response_hours" {
			x.Respond = d
			continue
		}
		x.Resolve = d
	}
}

func (p *parsing) price(n ast.Node, field string) balie.Price {
	var out balie.Price
	for _, e := range p.mapping(n, field, "model", "amount", "note") {
		switch e.key {
		case "model":
			out.Model = p.oneOf(e.value, field+".model", "included", "per_piece", "per_person", "per_hour", "on_request", "quotation")
		case "amount":
			out.Amount = int64(math.Round(100 * p.number(e.value, field+".amount", 0, 1e9)))
		case "note":
			out.Notes = p.byLanguage(e.value, field+".note", true)
		}
	}
	return out
}

// valid reads from which day until and including which day a product exists.
func (p *parsing) valid(x *balie.Product, n ast.Node, field string) {
	for _, e := range p.mapping(n, field, "from", "until") {
		d := p.day(e.value, field+"."+e.key)
		switch {
		case d.IsZero():
		case e.key == "from":
			x.From = d
		default:
			x.Until = d.AddDate(0, 0, 1)
		}
	}
}
