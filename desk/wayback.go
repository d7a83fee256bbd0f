package desk

import (
	"fmt"
	"maps"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/store"
)

// wayBack is how a request's people are reached.
type wayBack struct {
	to      []balie.Address // by default; empty: nobody can be written to
	known   []balie.Address // all who may be written to
	account string
	thread  []string // ids the letter answers to, newest first
	name    string   // of the customer, when an address of theirs was proven
	why     string   // there is none: NoAddress, NoCustomer
	said    []balie.Message
}

// wayBack reads how the request's people are reached.
func (x *act) wayBack() (wayBack, error) {
	r := x.request()
	said, err := x.d.store.Messages(x.ctx, r.ID)
	if err != nil {
		return wayBack{}, fmt.Errorf("read what was said: %w", err)
	}
	for _, m := range x.c.Messages { // of the act itself
		if m.Request == r.ID && !slices.ContainsFunc(said, func(o balie.Message) bool { return o.ID == m.ID }) {
			said = append(said, m)
		}
	}
	found, err := x.d.store.Lookup(x.ctx, store.Query{People: people(r)})
	if err != nil {
		return wayBack{}, fmt.Errorf("look up who takes part: %w", err)
	}
	known := map[balie.ID]balie.Person{}
	maps.Copy(known, found.People)
	if x.caller != nil && !x.caller.ID.IsZero() {
		known[x.caller.ID] = *x.caller
	}
	return back(r, said, known), nil
}

// people are the request's own.
func people(r balie.Request) []balie.ID {
	var out []balie.ID
	for _, id := range append([]balie.ID{r.Customer}, r.Participants...) {
		if !id.IsZero() && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// back is where a letter goes: to where the customer last wrote from, else to
// an address of theirs, else to where we last wrote.
func back(r balie.Request, said []balie.Message, known map[balie.ID]balie.Person) wayBack {
	w := wayBack{said: said}
	customer := known[r.Customer]
	add := func(a balie.Address) {
		if a.Channel() != "" && !slices.ContainsFunc(w.known, func(b balie.Address) bool { return a.Key() == b.Key() }) {
			w.known = append(w.known, a)
		}
	}
	var wrote, ours balie.Message
	for _, m := range slices.Backward(said) {
		if m.Side != balie.CustomerSide || m.Auto != "" || m.Bounce != nil {
			continue
		}
		if m.Direction == balie.Out {
			if ours.ID.IsZero() {
				ours = m
			}
			continue
		}
		add(intake.ReplyAddress(m))
		own := r.Customer.IsZero() || customer.Has(m.From)
		if own && wrote.ID.IsZero() && intake.ReplyAddress(m).Channel() != "" {
			wrote = m
		}
		if customer.Has(m.From) && m.Proof == balie.Proven {
			w.name = customer.Name
		}
	}
	for _, id := range people(r) {
		for _, a := range known[id].Addresses {
			add(a)
		}
	}
	for _, a := range ours.To {
		add(a)
	}
	w.to, w.account = reach(wrote, customer, ours)
	w.thread = thread(said)
	if len(w.to) == 0 {
		w.why = NoAddress
		if r.Customer.IsZero() {
			w.why = NoCustomer
		}
	}
	return w
}

func reach(wrote balie.Message, customer balie.Person, ours balie.Message) ([]balie.Address, string) {
	if !wrote.ID.IsZero() {
		return []balie.Address{intake.ReplyAddress(wrote)}, wrote.Account
	}
	for _, s := range []balie.Scheme{balie.Mail, balie.Slack} {
		for _, a := range customer.Addresses {
			if a.Scheme == s && a.Channel() != "" {
				return []balie.Address{a}, ""
			}
		}
	}
	if len(ours.To) > 0 && ours.To[0].Channel() != "" {
		return ours.To[:1], ours.Account
	}
	return nil, ""
}

// thread is what a letter to the customer answers to: the newest mail between
// desk and customer, and what that answered.
func thread(said []balie.Message) []string {
	for _, m := range slices.Backward(said) {
		if m.Side != balie.CustomerSide || m.MsgID == "" || m.Bounce != nil {
			continue
		}
		if m.Channel == "email" || m.Direction == balie.Out {
			return append([]string{m.MsgID}, m.Thread...)
		}
	}
	return nil
}

// choose takes the addresses an agent chose; each must be of somebody who takes
// part, so that nobody is added by a slip.
func (w wayBack) choose(wanted []balie.Address) ([]balie.Address, error) {
	if len(wanted) == 0 {
		return w.to, nil
	}
	var out []balie.Address
	for _, a := range wanted {
		i := slices.IndexFunc(w.known, func(b balie.Address) bool { return a.Key() == b.Key() })
		if i < 0 {
			return nil, &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%s does not take part in this request", a.Value), Fix: "add them as a participant first"}
		}
		if !slices.ContainsFunc(out, func(b balie.Address) bool { return a.Key() == b.Key() }) {
			out = append(out, w.known[i])
		}
	}
	return out, nil
}

// how says by what a customer was told something: by letter, or by voice.
func (w wayBack) how(to []balie.Address) string {
	if len(to) == 0 {
		return "voice"
	}
	return "letter"
}
