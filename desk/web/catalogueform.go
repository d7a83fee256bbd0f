package web

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/yamltree"
)

// Lists that a product's form chooses from.
var (
	productKinds    = []string{"question", "order", "fault", "complaint", "wish", "compliment"}
	productPackages = []string{"basis", "plus", "maatwerk"}
	productModes    = []string{"off", "suggest", "confirm", "send"}
	priceModels     = []string{"included", "per_piece", "per_person", "per_hour", "on_request", "quotation"}
	fieldKinds      = []string{"text", "number", "date", "datetime", "choice", "location", "person", "email", "phone"}
)

// typedProduct reads a product's form over the product as it is: what the form
// does not have stays.
func typedProduct(f url.Values, x balie.Product, zone *time.Location) (balie.Product, error) {
	var errs []error
	wrong := func(field, problem, fix string) {
		errs = append(errs, &balie.InvalidError{Field: field, Problem: problem, Fix: fix})
	}
	x.ID = strings.TrimSpace(f.Get("id"))
	x.Group, x.Kind, x.Package = strings.TrimSpace(f.Get("group")), balie.Kind(f.Get("kind")), f.Get("package")
	x.Owner, x.AccountOwned, x.Calendar = f.Get("owner"), f.Get("account") != "", f.Get("calendar")
	x.Mode = balie.AnswerMode(f.Get("mode"))
	x.Names, x.Descriptions, x.Answers = texts(f, "name"), texts(f, "description"), texts(f, "answer")
	x.Synonyms, x.Examples, x.Counter = lists(f, "synonyms", ","), lists(f, "examples", ""), lists(f, "counter", "")
	x.Price.Model, x.Price.Notes = f.Get("price"), texts(f, "note")
	number := func(field string, most float64) float64 {
		s := strings.TrimSpace(strings.Replace(f.Get(field), ",", ".", 1))
		if s == "" {
			return 0
		}
		n, err := yamltree.ParseFloat(s)
		if err != nil || n < 0 || n > most {
			wrong(field, fmt.Sprintf("%q is no figure", yamltree.Short(f.Get(field))), fmt.Sprintf("use 0 to %.0f", most))
		}
		return n
	}
	unit := time.Hour
	if f.Get("respond_unit") == "min" {
		unit = time.Minute
	}
	x.Respond = time.Duration(number("respond", 600_000) * float64(unit)).Round(time.Second)
	x.Resolve = time.Duration(number("resolve", 10_000) * float64(time.Hour)).Round(time.Second)
	x.Price.Amount = int64(number("amount", 1e7)*100 + 0.5)
	x.Threshold = number("threshold", 1)
	day := func(field string) time.Time {
		s := strings.TrimSpace(f.Get(field))
		if s == "" {
			return time.Time{}
		}
		t, err := yamltree.ParseDay(s, zone)
		if err != nil {
			wrong(field, fmt.Sprintf("%q is no day", yamltree.Short(s)), "write it as 2026-12-31")
		}
		return t
	}
	x.From, x.Until = day("from"), day("until")
	if !x.Until.IsZero() {
		x.Until = x.Until.AddDate(0, 0, 1)
	}
	x.Fields = typedFields(f)
	return x, errors.Join(errs...)
}

// texts reads a text of each language: nl_name, en_name.
func texts(f url.Values, name string) map[string]string {
	out := map[string]string{}
	for _, l := range catalogue.Languages {
		if s := strings.TrimSpace(strings.ReplaceAll(f.Get(l+"_"+name), "\r\n", "\n")); s != "" {
			out[l] = s
		}
	}
	return out
}

// lists reads texts that stand on lines of their own, or between marks.
func lists(f url.Values, name, mark string) map[string][]string {
	out := map[string][]string{}
	for _, l := range catalogue.Languages {
		split := func(r rune) bool { return r == '\n' || mark != "" && strings.ContainsRune(mark, r) }
		for _, s := range strings.FieldsFunc(f.Get(l+"_"+name), split) {
			if s = strings.TrimSpace(s); s != "" && !slices.Contains(out[l], s) {
				out[l] = append(out[l], s)
			}
		}
	}
	return out
}

// typedFields reads the rows of fields, in the order of their numbers. A row
// without an id, or ticked to go, is none.
func typedFields(f url.Values) []balie.Field {
	type row struct {
		at float64
		balie.Field
	}
	var rows []row
	n, _ := strconv.Atoi(f.Get("fields"))
	for i := range min(n, mostFields) {
		key := "f" + strconv.Itoa(i) + "_"
		id := strings.TrimSpace(f.Get(key + "id"))
		if id == "" || f.Get(key+"gone") != "" {
			continue
		}
		at, err := strconv.ParseFloat(f.Get(key+"at"), 64)
		if err != nil {
			at = float64(i + 1)
		}
		x := balie.Field{ID: id, Type: balie.FieldType(f.Get(key + "type")), Required: f.Get(key+"required") != "",
			Pattern: strings.TrimSpace(f.Get(key + "pattern")), Prompts: map[string]string{}}
		for _, l := range catalogue.Languages {
			x.Prompts[l] = strings.TrimSpace(f.Get(key + l))
		}
		for line := range strings.Lines(f.Get(key + "options")) {
			if o, ok := typedOption(line); ok {
				x.Options = append(x.Options, o)
			}
		}
		rows = append(rows, row{at, x})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(2*a.at) - int(2*b.at) })
	var out []balie.Field
	for _, r := range rows {
		out = append(out, r.Field)
	}
	return out
}

// mostFields bounds the rows a form may have.
const mostFields = 60

// typedOption reads "value" or "value | Dutch | English".
func typedOption(line string) (balie.Option, bool) {
	parts := strings.Split(line, "|")
	o := balie.Option{Value: strings.TrimSpace(parts[0])}
	for i, l := range catalogue.Languages {
		if i+1 < len(parts) {
			if s := strings.TrimSpace(parts[i+1]); s != "" {
				if o.Names == nil {
					o.Names = map[string]string{}
				}
				o.Names[l] = s
			}
		}
	}
	return o, o.Value != ""
}

// optionText writes options as typedOption reads them.
func optionText(all []balie.Option) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(o.Value)
		if len(o.Names) > 0 {
			for _, l := range catalogue.Languages {
				b.WriteString(" | " + o.Names[l])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// productForm is a product as its form shows it.
type productForm struct {
	ID, Group, Kind, Package, Owner, Calendar, Mode  string
	Account, Urgent, New                             bool
	Respond, RespondUnit, Resolve, Price, Amount     string
	Threshold, From, Until                           string
	In                                               []languageForm
	Fields                                           []fieldForm
	Next                                             int // how many rows there are, with the empty one
	Kinds, Packages, Modes, Prices, Units, FieldType []pick
	Owners, Calendars                                []pick
	Groups                                           []string
}

// languageForm is a product's texts in one language.
type languageForm struct {
	Language, Name, Description, Synonyms, Examples, Counter, Answer, Note string
	NExamples                                                              int
}

// fieldForm is one row of the fields.
type fieldForm struct {
	N, At                     int
	ID, Pattern, Options      string
	Required, New             bool
	Types                     []pick
	Prompts                   []fieldPrompt
	Words, TypeWords, Example string
}

type fieldPrompt struct{ Language, Text string }

// productFormOf shows a product.
func (w *Web) productFormOf(x balie.Product, urgent bool, c *catalogue.Catalogue, l string) productForm {
	word := func(key string) string { return w.Texts.Text(l, "catalogue."+key) }
	picks := func(prefix string, all []string, on string, none bool) []pick {
		var out []pick
		if none {
			out = append(out, pick{Words: word(prefix + "none")})
		}
		for _, v := range all {
			out = append(out, pick{Value: v, Words: word(prefix + v), On: v == on})
		}
		return out
	}
	f := productForm{ID: x.ID, Group: x.Group, Account: x.AccountOwned, Urgent: urgent, Mode: string(x.Mode),
		Resolve: figure(l, x.Resolve.Hours()), Amount: decimal(l, float64(x.Price.Amount)/100, 2), Threshold: strconv.FormatFloat(threshold(x), 'f', -1, 64),
		Kinds: picks("kind_", productKinds, string(x.Kind), false), Packages: picks("package_", productPackages, x.Package, true),
		Modes: picks("mode_", productModes, string(x.Mode), false), Prices: picks("price_", priceModels, x.Price.Model, true)}
	f.Respond, f.RespondUnit = figure(l, x.Respond.Hours()), "h"
	if x.Respond%time.Hour != 0 || x.Respond < time.Hour && x.Respond > 0 {
		f.Respond, f.RespondUnit = figure(l, x.Respond.Minutes()), "min"
	}
	f.Units = []pick{{Value: "h", Words: word("hours"), On: f.RespondUnit == "h"}, {Value: "min", Words: word("minutes"), On: f.RespondUnit == "min"}}
	for _, t := range c.Teams {
		f.Owners = append(f.Owners, pick{Value: t.ID, Words: t.Name(l), On: t.ID == x.Owner})
	}
	f.Calendars = []pick{{Words: word("calendar_team")}}
	for _, id := range slices.Sorted(maps.Keys(c.Calendars)) {
		f.Calendars = append(f.Calendars, pick{Value: id, Words: id, On: id == x.Calendar})
	}
	for _, p := range c.Products {
		if p.Group != "" && !slices.Contains(f.Groups, p.Group) {
			f.Groups = append(f.Groups, p.Group)
		}
	}
	if !x.From.IsZero() {
		f.From = x.From.In(w.Zone).Format(time.DateOnly)
	}
	if !x.Until.IsZero() {
		f.Until = x.Until.In(w.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	for _, lang := range catalogue.Languages {
		f.In = append(f.In, languageForm{Language: lang, Name: x.Names[lang], Description: x.Descriptions[lang], Synonyms: strings.Join(x.Synonyms[lang], ", "),
			Examples: strings.Join(x.Examples[lang], "\n"), NExamples: len(x.Examples[lang]), Counter: strings.Join(x.Counter[lang], "\n"), Answer: x.Answers[lang], Note: x.Price.Notes[lang]})
	}
	for i, q := range append(slices.Clone(x.Fields), balie.Field{Type: balie.TextField, Required: true}) {
		row := fieldForm{N: i, At: i + 1, ID: q.ID, Pattern: q.Pattern, Options: optionText(q.Options), Required: q.Required, New: q.ID == "",
			Types: picks("type_", fieldKinds, string(q.Type), false), Words: q.Prompt(l), TypeWords: word("type_" + string(q.Type))}
		for _, lang := range catalogue.Languages {
			row.Prompts = append(row.Prompts, fieldPrompt{lang, q.Prompts[lang]})
		}
		f.Fields = append(f.Fields, row)
	}
	f.Next = len(f.Fields)
	return f
}

// figure is a number without zeros that say nothing, with the reader's comma.
func figure(l string, n float64) string {
	s := strconv.FormatFloat(n, 'f', -1, 64)
	if l == "nl" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
