package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/router"
)

type requestsCmd struct {
	List requestsListCmd `cmd:"" help:"List requests, newest change first."`
	Show requestsShowCmd `cmd:"" help:"Show a request: events, messages, deliveries, and why it was decided so."`
}

type requestsListCmd struct {
	onStore
	State    []string `help:"Only in these states: desk, waiting, handedout, planned, answered, closed." placeholder:"STATE"`
	Team     string   `help:"Only with an open hand-out to this team."`
	Customer string   `help:"Only of this person: a mail address, a telephone number (+31…) or an id."`
	Channel  string   `help:"Only that came by this channel: email, slack, form, phone."`
	Limit    int      `help:"How many, at most 1000." default:"50"`
	After    string   `help:"Go on behind this request: the id that the page before ended with."`
	JSON     bool     `help:"For programs." name:"json"`
}

// Help has the examples.
func (requestsListCmd) Help() string {
	return "Examples:\n  balie requests list --state desk --state waiting\n  balie requests list --team techniek --json"
}

// Run lists.
func (c *requestsListCmd) Run(ctx context.Context) error {
	q := query("team", c.Team, "customer", c.Customer, "channel", c.Channel, "after", c.After, "limit", strconv.Itoa(c.Limit))
	if len(c.State) > 0 {
		q.Set("state", strings.Join(c.State, ","))
	}
	var out api.RequestList
	if err := c.with(ctx, func(b *client) error { return b.get(ctx, "/requests", q, &out) }); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, out)
	}
	t := newTable(os.Stdout, "REF", "STATE", "CHANGED", "CHANNEL", "PRODUCT", "SUBJECT")
	for _, r := range out.Requests {
		t.row(r.Ref, r.State.String(), clock(r.Changed), r.Channel, r.Product, short(r.Subject, 60))
	}
	if err := t.end(); err != nil {
		return err
	}
	if out.Next != "" {
		fmt.Fprintf(os.Stderr, "more: --after %s\n", out.Next)
	}
	return nil
}

// query is a query of the pairs whose value is not empty.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

type requestsShowCmd struct {
	onStore
	Ref  string `arg:"" help:"The reference (7K3Q-P) or the id."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (requestsShowCmd) Help() string { return "Example:\n  balie requests show 7K3Q-P" }

// Run shows.
func (c *requestsShowCmd) Run(ctx context.Context) error {
	var v api.RequestView
	err := c.with(ctx, func(b *client) error { return b.get(ctx, "/requests/"+url.PathEscape(c.Ref), nil, &v) })
	if err != nil {
		return fmt.Errorf("request %s: %w", c.Ref, err)
	}
	if c.JSON {
		return printJSON(os.Stdout, v)
	}
	return showRequest(os.Stdout, v)
}

func showRequest(w io.Writer, v api.RequestView) error {
	r := v.Request
	fmt.Fprintf(w, "%s  %s\n", r.Ref, harmless(r.Subject))
	customer := "-"
	if v.Customer != nil {
		customer = v.Customer.Name
		for _, a := range v.Customer.Addresses {
			customer += " <" + a.Value + ">"
		}
	}
	t := newTable(w, "state", strings.TrimSpace(r.State.String()+" "+string(r.Outcome)))
	t.row("customer", customer)
	t.row("channel", r.Channel+" "+r.Account)
	t.row("product", r.Product)
	t.row("opened", clock(r.Opened))
	t.row("changed", clock(r.Changed))
	t.row("promised", clock(r.Promised))
	t.row("id", r.ID.String())
	if err := t.end(); err != nil {
		return err
	}
	if err := showEvents(w, v.Events); err != nil {
		return err
	}
	showMessages(w, v.Messages)
	if err := showDeliveries(w, v.Deliveries); err != nil {
		return err
	}
	return showTraces(w, v.Traces)
}

func showEvents(w io.Writer, events []balie.Event) error {
	fmt.Fprintln(w, "\nEvents")
	t := newTable(w, "#", "AT", "WHAT", "BY", "")
	for _, e := range events {
		t.row(strconv.FormatUint(e.Seq, 10), clock(e.At), string(e.What), e.By, short(details(e), 80))
	}
	return t.end()
}

// details are what an event says besides what it is.
func details(e balie.Event) string {
	if e.Handout != nil {
		return "to " + e.Handout.Team
	}
	if e.Decision != nil {
		return e.Decision.Rule + ": " + e.Decision.Reason
	}
	var out []string
	for _, k := range sortedKeys(e.Data) {
		out = append(out, k+"="+e.Data[k])
	}
	return strings.Join(out, " ")
}

func showMessages(w io.Writer, messages []balie.Message) {
	for _, m := range messages {
		way := "from " + m.From.Name + " <" + m.From.Value + ">"
		if m.Direction == balie.Out {
			way = "from the desk"
		}
		fmt.Fprintf(w, "\nMessage  %s  %s  %s\n", clock(m.At), harmless(m.Channel), harmless(way))
		if m.Auto != "" {
			fmt.Fprintf(w, "  automatic: %s\n", harmless(string(m.Auto)))
		}
		for _, p := range m.Parts {
			fmt.Fprintf(w, "  file: %s (%s)\n", harmless(p.Name), size(p.Size))
		}
		fmt.Fprint(w, paragraphs(m.Text, "  | "))
	}
}

func showDeliveries(w io.Writer, all []balie.Delivery) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nDeliveries")
	t := newTable(w, "ID", "STATUS", "CHANNEL", "TO", "DUE", "TRIES", "")
	for _, d := range all {
		t.row(d.ID.String(), string(d.Status), d.Channel, d.To.Value, clock(d.Due), strconv.Itoa(d.Attempt), short(d.LastError, 60))
	}
	return t.end()
}

func showTraces(w io.Writer, traces []api.Traced) error {
	for _, t := range traces {
		if t.Trace == nil {
			fmt.Fprintf(w, "\nDecision of event %d: not explained (%s)\n", t.Event, harmless(t.Why))
			continue
		}
		d := t.Trace.Decision
		fmt.Fprintf(w, "\nDecision of event %d: %s by rule %s of version %d\n  %s\n", t.Event, d.Deciding().Do, harmless(d.Rule), d.Ruleset, harmless(d.Reason))
		rows := newTable(w, "  RULE", "IS", "WHAT IT SAW")
		for _, r := range t.Trace.Rules {
			is := string(r.Is)
			if r.Decided {
				is += ", decides"
			}
			rows.row("  "+r.ID, is, short(strings.Join(saw(r.Clause), "; "), 90))
		}
		if err := rows.end(); err != nil {
			return err
		}
	}
	return nil
}

// saw are the facts that the parts of a condition looked at.
func saw(c router.Clause) []string {
	var out []string
	for _, s := range c.Saw {
		out = append(out, s.Fact+" is "+s.Value)
	}
	for _, k := range c.Of {
		out = append(out, saw(k)...)
	}
	return out
}
