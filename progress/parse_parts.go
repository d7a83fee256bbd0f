package progress

import (
	"fmt"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

func (p *parsing) targets(n yamltree.Node) {
	items := p.List(n, "targets")
	if len(items) > targetLimit {
		p.Problem(items[targetLimit], "targets", fmt.Sprintf("there are %d targets, the limit is %d", len(items), targetLimit), "let one target serve several products")
		return
	}
	seen := map[string]bool{}
	for i, item := range items {
		field := fmt.Sprintf("targets[%d]", i)
		before := p.Count()
		t := p.target(item, field)
		switch {
		case p.Count() > before: // one mistake is not named twice
		case t.ID == "":
			p.Problem(item, field, "the target has no id", "give it one: id: urgent")
		case seen[t.ID]:
			p.Problem(item, field, fmt.Sprintf("target %q stands here twice", t.ID), "give one of them another id")
		case !t.limited():
			p.Problem(item, field, fmt.Sprintf("target %q is for every request, so none below it is ever used", t.ID), `say for which ones it is, or move its times to "default"`)
		case t.Promise == Promise{}:
			p.Problem(item, field, fmt.Sprintf("target %q promises nothing", t.ID), "give it respond, update, resolve or calendar")
		}
		seen[t.ID] = true
		p.p.Targets = append(p.p.Targets, t)
	}
}

// limited reports whether a target is for some requests only.
func (t Target) limited() bool {
	return t.KeyAccount || len(t.Products)+len(t.Groups)+len(t.Kinds)+len(t.Priorities)+len(t.Organisations)+len(t.Segments) > 0
}

func (p *parsing) target(n yamltree.Node, field string) Target {
	var t Target
	keys := append([]string{"id", "products", "groups", "kinds", "priorities", "organisations", "segments", "key_account"}, promiseKeys...)
	for _, e := range p.Mapping(n, field, keys...) {
		switch e.Key {
		case "id":
			t.ID = p.Text(e.Value, e.Field)
			if !idForm.MatchString(t.ID) {
				p.Problem(e.Value, e.Field, fmt.Sprintf("%q cannot be an id", yamltree.Short(t.ID)), "an id has small letters, digits, - and _, at most 64")
			}
		case "products":
			t.Products = p.names(e.Value, e.Field, "product", p.products())
		case "groups":
			t.Groups = p.names(e.Value, e.Field, "group", p.groups())
		case "kinds":
			for _, k := range p.words(e.Value, e.Field, kindWords...) {
				t.Kinds = append(t.Kinds, balie.Kind(k))
			}
		case "priorities":
			for _, w := range p.words(e.Value, e.Field, priorityWords...) {
				t.Priorities = append(t.Priorities, priorities[w])
			}
		case "organisations": // they come and go with the customers: an unknown one fits nobody
			t.Organisations = p.names(e.Value, e.Field, "organisation", nil)
		case "segments":
			t.Segments = p.names(e.Value, e.Field, "segment", nil)
		case "key_account":
			t.KeyAccount = p.Bool(e.Value, e.Field)
		default:
			p.promised(&t.Promise, e)
		}
	}
	return t
}

func (p *parsing) products() []string {
	if p.c == nil {
		return nil
	}
	out := []string{}
	for _, x := range p.c.Products {
		out = append(out, x.ID)
	}
	return out
}

func (p *parsing) groups() []string {
	if p.c == nil {
		return nil
	}
	out := []string{}
	for _, x := range p.c.Products {
		if x.Group != "" && !slices.Contains(out, x.Group) {
			out = append(out, x.Group)
		}
	}
	return out
}

func (p *parsing) inform(n yamltree.Node) {
	in := &p.p.Inform
	for _, e := range p.Mapping(n, "inform", "delay", "at", "silent", "quiet", "per_day", "gap") {
		switch e.Key {
		case "delay":
			in.Delay = p.Bool(e.Value, e.Field)
		case "at":
			in.At = p.Float(e.Value, e.Field, 0.05, 0.99)
		case "silent":
			in.Silent = p.Bool(e.Value, e.Field)
		case "quiet":
			in.Quiet = p.calendar(e.Value, e.Field)
		case "per_day":
			in.PerDay = p.Int(e.Value, e.Field, 1, 24)
		case "gap":
			in.Gap = p.duration(e.Value, e.Field, 0)
		}
	}
}

func (p *parsing) remind(n yamltree.Node) {
	r := &p.p.Remind
	for _, e := range p.Mapping(n, "remind", "before", "overdue", "most", "silent", "digest", "passed") {
		switch e.Key {
		case "before":
			r.Before = p.Float(e.Value, e.Field, 0.05, 0.99)
		case "overdue":
			r.Overdue = p.duration(e.Value, e.Field, minOverdue)
		case "most":
			r.Most = p.Int(e.Value, e.Field, 0, mostReminders)
		case "silent":
			r.Silent = p.duration(e.Value, e.Field, minOverdue)
		case "passed":
			r.Passed = p.Int(e.Value, e.Field, 1, 100)
		case "digest":
			if r.Digest = p.Text(e.Value, e.Field); !clockForm.MatchString(r.Digest) {
				p.Problem(e.Value, e.Field, fmt.Sprintf("%q is no time of the day", yamltree.Short(r.Digest)), `write it as "08:30", or leave it out for no list`)
			}
		}
	}
}

func (p *parsing) closing(n yamltree.Node) {
	c := &p.p.Closing
	for _, e := range p.Mapping(n, "closing", "waiting", "solved", "reopen") {
		switch e.Key {
		case "waiting":
			for _, item := range p.Items(e.Value, e.Field) {
				before := p.Count()
				d := p.Int(item, e.Field, 1, dayLimit)
				if last := len(c.Waiting) - 1; p.Count() == before && last >= 0 && d <= c.Waiting[last] {
					p.Problem(item, e.Field, fmt.Sprintf("day %d comes after day %d", d, c.Waiting[last]), "count all days from the question, each more than the one before it: [2, 5, 10]")
				}
				c.Waiting = append(c.Waiting, d)
			}
			if len(c.Waiting) > mostReminders {
				p.Problem(e.Value, e.Field, fmt.Sprintf("a customer is written to %d times", len(c.Waiting)), fmt.Sprintf("give at most %d days", mostReminders))
			}
		case "solved":
			c.Solved = p.Int(e.Value, e.Field, 1, dayLimit)
		case "reopen":
			c.Reopen = p.Int(e.Value, e.Field, 1, dayLimit)
		}
	}
}

func (p *parsing) aftercare(n yamltree.Node) {
	a := &p.p.Aftercare
	for _, e := range p.Mapping(n, "aftercare", "sample", "every", "bad", "holds", "not_for", "channels") {
		switch e.Key {
		case "sample":
			a.Sample = p.Float(e.Value, e.Field, 0, 1)
		case "every":
			a.Every = p.Int(e.Value, e.Field, 1, dayLimit)
		case "bad":
			a.Bad = p.Int(e.Value, e.Field, 1, 4)
		case "holds":
			a.Holds = p.Int(e.Value, e.Field, 1, dayLimit)
		case "not_for":
			for _, k := range p.words(e.Value, e.Field, kindWords...) {
				a.NotFor = append(a.NotFor, balie.Kind(k))
			}
		case "channels":
			a.Channel = p.words(e.Value, e.Field, channelWords...)
		}
	}
}

func (p *parsing) signals(n yamltree.Node) {
	s := &p.p.Signals
	for _, e := range p.Mapping(n, "signals", "days", "history", "least", "surely") {
		switch e.Key {
		case "days":
			s.Days = p.Int(e.Value, e.Field, 1, 92)
		case "history":
			s.History = p.Int(e.Value, e.Field, 7, dayLimit)
		case "least":
			s.Least = p.Int(e.Value, e.Field, 2, 1<<20)
		case "surely":
			s.Surely = p.Float(e.Value, e.Field, 0.5, 0.999999)
		}
	}
	if s.History > 0 && s.History < 4*s.Days {
		p.Problem(n, "signals.history", fmt.Sprintf("%d days are too few to compare %d days with", s.History, s.Days), fmt.Sprintf("give %d or more", 4*s.Days))
	}
}
