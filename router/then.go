package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// actionNames are the keys of then, in the order they are shown.
var actionNames = []string{"priority", "kind", "product", "assign", "tag", "alert",
	"answer", "ask", "offer", "hand_out", "to_desk", "discard"}

// roles are whom an alert can go to besides teams.
var roles = []string{"agent", "lead", "admin"}

func (r *reader) then(n yamltree.Node, w *written) {
	field := w.field + ".then"
	deciding := ""
	for _, e := range r.Mapping(n, field, actionNames...) {
		do := balie.ActionKind(e.Key)
		if do.Decides() && deciding != "" {
			r.Problem(e.At, field, fmt.Sprintf("%s and %s both decide", deciding, e.Key), "keep one of them")
			continue
		}
		if do.Decides() {
			deciding = e.Key
		}
		r.action(e, do, field+"."+e.Key, w)
	}
}

func (r *reader) action(e yamltree.Entry, do balie.ActionKind, field string, w *written) {
	add := func(a balie.Action) {
		a.Do, a.Rule = do, w.ID
		w.Then = append(w.Then, a)
	}
	switch do {
	case balie.DoPriority:
		add(balie.Action{Value: r.OneOf(e.Value, field, priorities...)})
	case balie.DoKind:
		add(balie.Action{Value: r.OneOf(e.Value, field, kinds...)})
	case balie.DoProduct:
		id := r.required(e.Value, field)
		r.product(e.Value, field, id)
		add(balie.Action{Value: id})
	case balie.DoAssign:
		add(balie.Action{Value: r.required(e.Value, field)})
	case balie.DoTag, balie.DoAlert:
		for _, item := range r.Items(e.Value, field) {
			value := r.required(item, field)
			if do == balie.DoAlert && !slices.Contains(roles, value) {
				r.team(item, field, value)
			}
			add(balie.Action{Value: value})
		}
	case balie.DoAnswer, balie.DoOffer:
		add(balie.Action{Reason: r.reason(e.Value, field)})
	case balie.DoAsk:
		r.askFields(e.Value, field, w, add)
	case balie.DoHandOut:
		r.handOut(e.Value, field, w, add)
	case balie.DoDesk, balie.DoDiscard:
		a := balie.Action{Reason: r.reason(e.Value, field)}
		if do == balie.DoDiscard && a.Reason == "" {
			r.Problem(e.At, field, "a message is discarded without a reason", "write discard: {reason: why}")
		}
		add(a)
	}
}

func (r *reader) reason(n yamltree.Node, field string) string {
	reason := ""
	for _, e := range r.Mapping(n, field, "reason") {
		reason = r.Text(e.Value, e.Field)
	}
	return reason
}

func (r *reader) required(n yamltree.Node, field string) string {
	before := r.Count()
	s := strings.TrimSpace(r.Text(n, field))
	if s == "" && r.Count() == before {
		r.Problem(n, field, "this is empty", "write a value")
	}
	return s
}

func (r *reader) team(n yamltree.Node, field, id string) {
	if r.known != nil && id != "" && !r.known.HasTeam(id) {
		r.Problem(n, field, fmt.Sprintf("team %q does not exist", id), "use the id of a team in the catalogue")
	}
}

func (r *reader) product(n yamltree.Node, field, id string) {
	if r.known != nil && id != "" && !r.known.HasProduct(id) {
		r.Problem(n, field, fmt.Sprintf("product %q does not exist", id), "use the id of a product in the catalogue")
	}
}

func (r *reader) askFields(n yamltree.Node, field string, w *written, add func(balie.Action)) {
	w.Ask = AskMissing
	var a balie.Action
	for _, e := range r.Mapping(n, field, "fields", "reason") {
		if e.Key == "reason" {
			a.Reason = r.Text(e.Value, field+".reason")
			continue
		}
		if e.Value.IsScalar() && r.Text(e.Value, e.Field) == "missing" {
			continue
		}
		w.Ask = ""
		for _, item := range r.Items(e.Value, field+".fields") {
			a.Fields = append(a.Fields, r.required(item, field+".fields"))
		}
	}
	if w.Ask == "" && len(a.Fields) == 0 {
		r.Problem(n, field, "there is nothing to ask", "write ask: {fields: missing}")
	}
	add(a)
}

func (r *reader) handOut(n yamltree.Node, field string, w *written, add func(balie.Action)) {
	var a balie.Action
	var to []string
	for _, e := range r.Mapping(n, field, "team", "owner", "account_manager", "reason") {
		switch e.Key {
		case "reason":
			a.Reason = r.Text(e.Value, field+".reason")
			continue
		case "team":
			a.Team = r.required(e.Value, field+".team")
			r.team(e.Value, field+".team", a.Team)
		case "owner":
			w.Ask = AskOwner
			r.mustBeTrue(e.Value, field+".owner")
		case "account_manager":
			w.Ask = AskAccountTeam
			r.mustBeTrue(e.Value, field+".account_manager")
		}
		to = append(to, e.Key)
	}
	if len(to) != 1 {
		r.Problem(n, field, "it must be clear to whom", "write one of {team: id}, {owner: true}, {account_manager: true}")
	}
	add(a)
}

func (r *reader) mustBeTrue(n yamltree.Node, field string) {
	if before := r.Count(); !r.Bool(n, field) && r.Count() == before {
		r.Problem(n, field, "this can only be true", "write true, or leave it out")
	}
}

func (r *reader) examples(n yamltree.Node, field string) Examples {
	var x Examples
	for _, e := range r.Mapping(n, field, "must", "must_not") {
		list := &x.Must
		if e.Key == "must_not" {
			list = &x.MustNot
		}
		for _, item := range r.Items(e.Value, e.Field) {
			*list = append(*list, r.example(item, e.Field))
		}
	}
	return x
}

func (r *reader) example(n yamltree.Node, field string) Example {
	line, _ := n.Place()
	if n.IsScalar() {
		return Example{Text: r.Text(n, field), line: line}
	}
	x := Example{line: line}
	for _, e := range r.Mapping(n, field, "text", "language", "with") {
		switch e.Key {
		case "text":
			x.Text = r.Text(e.Value, field+".text")
		case "language":
			x.Language = r.Text(e.Value, field+".language")
		case "with":
			x.With = r.with(e.Value, field+".with")
		}
	}
	return x
}

// with reads the facts of an example.
func (r *reader) with(n yamltree.Node, field string) map[string]any {
	return r.given(n, field, routing, func(one map[string]any) error {
		_, err := overlay(balie.Facts{}, one)
		return err
	})
}

// given reads facts by name and checks that they exist and have the right type.
func (r *reader) given(n yamltree.Node, field string, v *vocabulary, set func(one map[string]any) error) map[string]any {
	out := map[string]any{}
	for _, e := range r.Mapping(n, field) {
		before := r.Count()
		value := r.Value(e.Value, field)
		if _, known := v.places[e.Key]; !known {
			r.Problem(e.At, field, fmt.Sprintf("%q is not a fact", yamltree.Short(e.Key)), yamltree.Suggest(e.Key, v.names()))
			continue
		}
		if r.Count() > before {
			continue
		}
		err := set(map[string]any{e.Key: value})
		if invalid, ok := errors.AsType[*balie.InvalidError](err); ok {
			r.Wrong(e.Value, field, invalid)
			continue
		}
		if err != nil {
			r.Problem(e.Value, field, fmt.Sprintf("%s cannot be that", e.Key), "it is "+typeWord(v.facts[v.places[e.Key]].typ))
			continue
		}
		out[e.Key] = value
	}
	return out
}
