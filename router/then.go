package router

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/balie/balie"
)

// actionNames are the keys of then, in the order they are shown.
var actionNames = []string{"priority", "kind", "product", "assign", "tag", "alert",
	"answer", "ask", "offer", "hand_out", "to_desk", "discard"}

// roles are whom an alert can go to besides teams.
var roles = []string{"agent", "lead", "admin"}

func (r *reader) then(n ast.Node, w *written) {
	field := w.field + ".then"
	deciding := ""
	for _, e := range r.mapping(n, field, actionNames...) {
		do := balie.ActionKind(e.key)
		if do.Decides() && deciding != "" {
			r.at(e.at, field, fmt.Sprintf("%s and %s both decide", deciding, e.key), "keep one of them")
			continue
		}
		if do.Decides() {
			deciding = e.key
		}
		r.action(e, do, field+"."+e.key, w)
	}
}

func (r *reader) action(e entry, do balie.ActionKind, field string, w *written) {
	add := func(a balie.Action) {
		a.Do, a.Rule = do, w.ID
		w.Then = append(w.Then, a)
	}
	switch do {
	case balie.DoPriority:
		add(balie.Action{Value: r.choice(e.value, field, priorities)})
	case balie.DoKind:
		add(balie.Action{Value: r.choice(e.value, field, kinds)})
	case balie.DoProduct:
		id := r.required(e.value, field)
		r.product(e.value, field, id)
		add(balie.Action{Value: id})
	case balie.DoAssign:
		add(balie.Action{Value: r.required(e.value, field)})
	case balie.DoTag, balie.DoAlert:
		for _, item := range r.items(e.value, field) {
			value := r.required(item, field)
			if do == balie.DoAlert && !slices.Contains(roles, value) {
				r.team(item, field, value)
			}
			add(balie.Action{Value: value})
		}
	case balie.DoAnswer, balie.DoOffer:
		r.mapping(e.value, field, "reason")
		add(balie.Action{Reason: r.reason(e.value, field)})
	case balie.DoAsk:
		r.askFields(e.value, field, w, add)
	case balie.DoHandOut:
		r.handOut(e.value, field, w, add)
	case balie.DoDesk, balie.DoDiscard:
		r.mapping(e.value, field, "reason")
		a := balie.Action{Reason: r.reason(e.value, field)}
		if do == balie.DoDiscard && a.Reason == "" {
			r.at(e.at, field, "a message is discarded without a reason", "write discard: {reason: why}")
		}
		add(a)
	}
}

func (r *reader) reason(n ast.Node, field string) string {
	for _, e := range r.quiet(n, field) {
		if e.key == "reason" {
			return r.text(e.value, field+".reason")
		}
	}
	return ""
}

// quiet reads a mapping whose problems were told already.
func (r *reader) quiet(n ast.Node, field string) []entry {
	before := len(r.problems)
	out := r.mapping(n, field)
	r.problems = r.problems[:before]
	return out
}

func (r *reader) required(n ast.Node, field string) string {
	s := strings.TrimSpace(r.text(n, field))
	if s == "" {
		r.at(n, field, "this is empty", "write a value")
	}
	return s
}

func (r *reader) choice(n ast.Node, field string, choices []string) string {
	s := r.text(n, field)
	if !slices.Contains(choices, s) {
		r.at(n, field, fmt.Sprintf("%q is not one of %s", clip(s, 40), strings.Join(choices, ", ")), suggest(s, choices))
	}
	return s
}

func (r *reader) team(n ast.Node, field, id string) {
	if r.known != nil && id != "" && !r.known.HasTeam(id) {
		r.at(n, field, fmt.Sprintf("team %q does not exist", id), "use the id of a team in the catalogue")
	}
}

func (r *reader) product(n ast.Node, field, id string) {
	if r.known != nil && id != "" && !r.known.HasProduct(id) {
		r.at(n, field, fmt.Sprintf("product %q does not exist", id), "use the id of a product in the catalogue")
	}
}

func (r *reader) askFields(n ast.Node, field string, w *written, add func(balie.Action)) {
	w.Ask = AskMissing
	var a balie.Action
	for _, e := range r.mapping(n, field, "fields", "reason") {
		if e.key == "reason" {
			a.Reason = r.text(e.value, field+".reason")
			continue
		}
		if _, one := r.plain(e.value, field).(ast.ScalarNode); one && scalar(e.value) == "missing" {
			continue
		}
		w.Ask = ""
		for _, item := range r.items(e.value, field+".fields") {
			a.Fields = append(a.Fields, r.required(item, field+".fields"))
		}
	}
	if w.Ask == "" && len(a.Fields) == 0 {
		r.at(n, field, "there is nothing to ask", "write ask: {fields: missing}")
	}
	add(a)
}

func (r *reader) handOut(n ast.Node, field string, w *written, add func(balie.Action)) {
	var a balie.Action
	var to []string
	for _, e := range r.mapping(n, field, "team", "owner", "account_manager", "reason") {
		switch e.key {
		case "reason":
			a.Reason = r.text(e.value, field+".reason")
			continue
		case "team":
			a.Team = r.required(e.value, field+".team")
			r.team(e.value, field+".team", a.Team)
		case "owner":
			w.Ask = AskOwner
			r.mustBeTrue(e.value, field+".owner")
		case "account_manager":
			w.Ask = AskAccountTeam
			r.mustBeTrue(e.value, field+".account_manager")
		}
		to = append(to, e.key)
	}
	if len(to) != 1 {
		r.at(n, field, "it must be clear to whom", "write one of {team: id}, {owner: true}, {account_manager: true}")
	}
	add(a)
}

func (r *reader) mustBeTrue(n ast.Node, field string) {
	if !r.yes(n, field) {
		r.at(n, field, "this can only be true", "write true, or leave it out")
	}
}

func (r *reader) examples(n ast.Node, field string) Examples {
	var x Examples
	for _, e := range r.mapping(n, field, "must", "must_not") {
		list := &x.Must
		if e.key == "must_not" {
			list = &x.MustNot
		}
		for _, item := range r.items(e.value, join(field, e.key)) {
			*list = append(*list, r.example(item, join(field, e.key)))
		}
	}
	return x
}

func (r *reader) example(n ast.Node, field string) Example {
	line, _ := place(n)
	n = r.plain(n, field)
	if _, one := n.(ast.ScalarNode); one {
		return Example{Text: r.text(n, field), line: line}
	}
	x := Example{line: line}
	for _, e := range r.mapping(n, field, "text", "language", "with") {
		switch e.key {
		case "text":
			x.Text = r.text(e.value, field+".text")
		case "language":
			x.Language = r.text(e.value, field+".language")
		case "with":
			x.With = r.with(e.value, field+".with")
		}
	}
	return x
}

// with reads facts by name and checks that they exist and have the right type.
func (r *reader) with(n ast.Node, field string) map[string]any {
	out := map[string]any{}
	for _, e := range r.mapping(n, field) {
		value, err := decode(e.value)
		if err == nil {
			_, err = overlay(balie.Facts{}, map[string]any{e.key: value})
		}
		if _, known := places[e.key]; !known {
			r.at(e.at, field, fmt.Sprintf("%q is not a fact", clip(e.key, 60)), suggest(e.key, factNames()))
			continue
		}
		if err != nil {
			r.at(e.value, field, fmt.Sprintf("%s cannot be that", e.key), "it is "+typeWord(allFacts[places[e.key]].typ))
			continue
		}
		out[e.key] = value
	}
	return out
}

func factNames() []string {
	names := make([]string, 0, len(allFacts))
	for _, f := range allFacts {
		names = append(names, f.name)
	}
	return names
}
