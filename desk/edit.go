package desk

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/store"
)

// Bounds of what is edited by hand.
const (
	subjectLimit = 200 // bytes
	valueLimit   = 500 // bytes, of a field
	tagsMost     = 30
)

// userPattern is what a user's name may be; whether there is one is the
// caller's to know: the desk has no users.
var userPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// tagPattern: no comma, because lists of tags are written with them.
var tagPattern = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._/-]{0,39}$`)

// kinds are all kinds of request.
var kinds = []balie.Kind{balie.Question, balie.Order, balie.Fault, balie.Complaint, balie.Wish, balie.Compliment}

// Edit changes properties. seq names the act for Undo; 0 when nothing changed.
func (d *Desk) Edit(ctx context.Context, a Actor, in Edit, now time.Time) (r balie.Request, seq uint64, err error) {
	out, err := d.change(ctx, a, ActOnRequests, in.Request, "", func(x *act) error { return x.edit(in, now) })
	return out.request, lastSeq(out), err
}

func lastSeq(out done) uint64 {
	if n := len(out.change.Events); n > 0 {
		return out.change.Events[n-1].Seq
	}
	return 0
}

// Assign gives the request to a user; "" to nobody.
func (d *Desk) Assign(ctx context.Context, a Actor, request balie.ID, to string, now time.Time) (r balie.Request, seq uint64, err error) {
	return d.Edit(ctx, a, Edit{Request: request, Assignee: &to}, now)
}

// edit writes up to three events, fields first, so that the last one can say
// how many it has with it.
func (x *act) edit(in Edit, now time.Time) error {
	if in.Seen != 0 && in.Seen != x.request().Version {
		return &StaleError{Request: x.request()}
	}
	data, err := x.properties(in)
	if err != nil {
		return err
	}
	fields, err := x.fields(in, data["product"])
	if err != nil {
		return err
	}
	tags, err := x.tags(in)
	if err != nil {
		return err
	}
	var events []balie.Event
	for _, e := range []balie.Event{{What: balie.Filled, Data: fields}, {What: balie.Tagged, Data: tags}, {What: balie.Edited, Data: data}} {
		if len(e.Data) > 0 {
			e.At = now
			events = append(events, e)
		}
	}
	if n := len(events); n > 1 {
		events[n-1].Data["with"] = strconv.Itoa(n - 1)
	}
	for _, e := range events {
		if err := x.do(e); err != nil {
			return err
		}
	}
	return nil
}

// properties are those that change, with what they were beside them.
func (x *act) properties(in Edit) (map[string]string, error) {
	r := x.request()
	data := map[string]string{}
	set := func(name string, to *string, was string) {
		if to != nil && *to != was {
			data[name], data["was."+name] = *to, was
		}
	}
	if in.Subject != nil {
		s := strings.Join(strings.Fields(strings.ToValidUTF8(*in.Subject, "")), " ")
		if s == "" || len(s) > subjectLimit {
			return nil, &balie.InvalidError{Field: "subject", Problem: "a subject has 1 to 200 letters", Fix: "say in a few words what it is about"}
		}
		in.Subject = &s
	}
	if err := x.checkProperties(in); err != nil {
		return nil, err
	}
	set("subject", in.Subject, r.Subject)
	set("product", in.Product, r.Product)
	set("kind", in.Kind, string(r.Kind))
	set("language", in.Language, r.Language)
	set("assignee", in.Assignee, r.Assignee)
	if in.Priority != nil {
		p := strconv.Itoa(*in.Priority)
		set("priority", &p, strconv.Itoa(r.Priority))
	}
	if in.Customer != nil {
		id := in.Customer.String()
		set("customer", &id, r.Customer.String())
	}
	if p, ok := x.d.lib.Brain().Catalogue.Product(data["product"]); ok && in.Kind == nil { // a fault stays no order
		kind := string(p.Kind)
		set("kind", &kind, string(r.Kind))
	}
	return data, nil
}

func (x *act) checkProperties(in Edit) error {
	switch {
	case in.Product != nil && *in.Product != "" && !(Names{x.d.lib.Brain().Catalogue}).HasProduct(*in.Product):
		return &balie.InvalidError{Field: "product", Problem: fmt.Sprintf("product %q is not in the catalogue", *in.Product), Fix: "choose one of the catalogue"}
	case in.Kind != nil && !slices.Contains(kinds, balie.Kind(*in.Kind)):
		return &balie.InvalidError{Field: "kind", Problem: fmt.Sprintf("there is no kind %q", *in.Kind), Fix: "use question, order, fault, complaint, wish or compliment"}
	case in.Language != nil && !slices.Contains(catalogue.Languages, *in.Language):
		return &balie.InvalidError{Field: "language", Problem: fmt.Sprintf("the desk does not write %q", *in.Language), Fix: "use " + strings.Join(catalogue.Languages, " or ")}
	case in.Priority != nil && (*in.Priority < balie.Low || *in.Priority > balie.Urgent):
		return &balie.InvalidError{Field: "priority", Problem: fmt.Sprintf("there is no priority %d", *in.Priority), Fix: "use -1 (low), 0 (normal), 1 (high) or 2 (urgent)"}
	case in.Assignee != nil && *in.Assignee != "" && !userPattern.MatchString(*in.Assignee):
		return &balie.InvalidError{Field: "assignee", Problem: fmt.Sprintf("%q is not a user", *in.Assignee), Fix: "choose a colleague"}
	}
	if in.Customer == nil || in.Customer.IsZero() {
		return nil
	}
	found, err := x.d.store.Lookup(x.ctx, store.Query{People: []balie.ID{*in.Customer}})
	if err != nil {
		return fmt.Errorf("look up a customer: %w", err)
	}
	if _, ok := found.People[*in.Customer]; !ok {
		return &balie.InvalidError{Field: "customer", Problem: "that customer is not known", Fix: "choose one from the list"}
	}
	return nil
}

// fields are those whose value changes; "" takes one out.
func (x *act) fields(in Edit, product string) (map[string]string, error) {
	if product == "" {
		product = x.request().Product
	}
	p, _ := x.d.lib.Brain().Catalogue.Product(product)
	out := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(in.Fields)) {
		v := strings.TrimSpace(strings.ToValidUTF8(in.Fields[id], ""))
		if v == x.request().Fields[id] {
			continue
		}
		if v != "" { // emptied is also a field of a product it had before
			if err := x.d.checkField(p, id, v); err != nil {
				return nil, err
			}
		}
		out[id] = v
	}
	return out, nil
}

// checkField refuses a value that cannot be the field's.
func (d *Desk) checkField(p balie.Product, id, v string) error {
	name := "field." + id
	i := slices.IndexFunc(p.Fields, func(f balie.Field) bool { return f.ID == id })
	switch {
	case i < 0:
		return &balie.InvalidError{Field: name, Problem: fmt.Sprintf("the product has no field %q", id), Fix: "choose the product first"}
	case len(v) > valueLimit:
		return &balie.InvalidError{Field: name, Problem: "that is too long", Fix: fmt.Sprintf("use at most %d letters", valueLimit)}
	case !catalogue.Valid(p.Fields[i], v):
		f := p.Fields[i]
		return &balie.InvalidError{Field: name, Problem: fmt.Sprintf("%q cannot be an answer to %q", v, f.Prompt(d.o.Language)), Fix: fieldFix(f, d.o.Language)}
	}
	return nil
}

// fieldFix says what a field takes.
func fieldFix(f balie.Field, language string) string {
	switch f.Type {
	case balie.DateField:
		return "write a date as 2026-11-24"
	case balie.DateTimeField:
		return "write a moment as 2026-11-24T14:30"
	case balie.NumberField:
		return "write a number"
	case balie.EmailField:
		return "write a mail address"
	case balie.PhoneField:
		return "write a telephone number"
	case balie.ChoiceField:
		var names []string
		for _, o := range f.Options {
			name := o.Names[i18n.Language(language)]
			if name == "" {
				name = o.Value
			}
			names = append(names, name)
		}
		return "choose from " + strings.Join(names, ", ")
	}
	return "write it in another way"
}

func (x *act) tags(in Edit) (map[string]string, error) {
	have := x.request().Tags
	var add, remove []string
	for _, t := range in.AddTags {
		if t = strings.TrimSpace(t); !tagPattern.MatchString(t) {
			return nil, &balie.InvalidError{Field: "tags", Problem: fmt.Sprintf("%q cannot be a tag", t), Fix: "use up to 40 letters, digits and spaces, no commas"}
		}
		if !slices.Contains(have, t) && !slices.Contains(add, t) {
			add = append(add, t)
		}
	}
	for _, t := range in.RemoveTags {
		if slices.Contains(have, t) && !slices.Contains(add, t) {
			remove = append(remove, t)
		}
	}
	if len(have)+len(add)-len(remove) > tagsMost {
		return nil, &balie.InvalidError{Field: "tags", Problem: "that are too many tags", Fix: fmt.Sprintf("use at most %d", tagsMost)}
	}
	data := map[string]string{}
	if len(add) > 0 {
		data["add"] = strings.Join(add, ",")
	}
	if len(remove) > 0 {
		data["remove"] = strings.Join(remove, ",")
	}
	return data, nil
}
