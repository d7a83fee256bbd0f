package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/api"
)

// The commands that rules and catalogue have in common.

// readDraft is a file to hand in.
func readDraft(file string) (api.Draft, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return api.Draft{}, &balie.InvalidError{File: file, Problem: "cannot be read: " + err.Error(), Fix: "name a file that exists"}
	}
	return api.Draft{File: file, Body: string(b)}, nil
}

var versionLine = regexp.MustCompile(`(?m)^version:\s*(\d+)`)

// base is the version a draft was made from: what --base says, else what its
// version line says.
func base(ctx context.Context, b *client, kind, flag string, d api.Draft) (int, error) {
	switch {
	case flag == "newest":
		h, err := versions(ctx, b, kind)
		if err != nil || len(h) == 0 {
			return 0, err
		}
		return h[0].Version, nil
	case flag != "":
		n, err := strconv.Atoi(flag)
		if err != nil || n < 0 {
			return 0, &balie.InvalidError{Field: "--base", Problem: fmt.Sprintf("%q is no version", flag), Fix: "give a number, or newest"}
		}
		return n, nil
	}
	m := versionLine.FindStringSubmatch(d.Body)
	if m == nil {
		return 0, &balie.InvalidError{File: d.File, Problem: "it does not say from which version it was made", Fix: "give it a line version: N, or use --base N"}
	}
	return strconv.Atoi(m[1])
}

func versions(ctx context.Context, b *client, kind string) ([]api.Document, error) {
	var out struct{ Versions []api.Document }
	err := b.get(ctx, "/documents/"+kind+"/history", nil, &out)
	return out.Versions, err
}

// publish hands a file in and says what came of it.
func (o onStore) publish(ctx context.Context, kind, file, flag, reason string, asJSON bool) error {
	d, err := readDraft(file)
	if err != nil {
		return err
	}
	var out api.Published
	err = o.with(ctx, func(b *client) error {
		n, err := base(ctx, b, kind, flag, d)
		if err != nil {
			return err
		}
		in := map[string]any{"file": d.File, "body": d.Body, "base": n, "reason": reason}
		err = b.do(ctx, "PUT", "/documents/"+kind, nil, in, &out)
		if errors.Is(err, balie.ErrStale) {
			return fmt.Errorf("%s was made from version %d of the %s, and that is not the newest%s: %w", file, n, kind, newest(ctx, b, kind), balie.ErrStale)
		}
		return err
	})
	if err != nil {
		return err
	}
	return published(out, asJSON)
}

// newest says who published last.
func newest(ctx context.Context, b *client, kind string) string {
	h, err := versions(ctx, b, kind)
	if err != nil || len(h) == 0 {
		return ""
	}
	return fmt.Sprintf(" (version %d by %s: %s)", h[0].Version, harmless(h[0].By), harmless(h[0].Reason))
}

func published(out api.Published, asJSON bool) error {
	if asJSON {
		return printJSON(os.Stdout, out)
	}
	fmt.Printf("%s version %d is in force\n", out.Kind, out.Version)
	for _, f := range out.Warnings {
		fmt.Println("warning:", finding(f))
	}
	return nil
}

// finding is one line about a rule.
func finding(f api.Finding) string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Rule != "" {
		fmt.Fprintf(&b, "rule %s: ", f.Rule)
	}
	if f.Example != "" {
		fmt.Fprintf(&b, "%q: ", f.Example)
	}
	b.WriteString(f.Problem)
	if f.Fix != "" {
		b.WriteString("; " + f.Fix)
	}
	return harmless(b.String())
}

// history lists the versions of a document.
func (o onStore) history(ctx context.Context, kind string, asJSON bool) error {
	var all []api.Document
	err := o.with(ctx, func(b *client) (err error) {
		all, err = versions(ctx, b, kind)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(os.Stdout, map[string]any{"versions": all})
	}
	t := newTable(os.Stdout, "VERSION", "AT", "BY", "REASON")
	for _, d := range all {
		t.row(strconv.Itoa(d.Version), clock(d.At), d.By, short(d.Reason, 80))
	}
	return t.end()
}

// export writes a version of a document, byte for byte but for its version line.
func (o onStore) export(ctx context.Context, kind string, version int) error {
	var d api.Document
	err := o.with(ctx, func(b *client) error {
		return b.get(ctx, "/documents/"+kind, query("version", strconv.Itoa(version)), &d)
	})
	if err != nil {
		return fmt.Errorf("%s version %d: %w", kind, version, err)
	}
	_, err = os.Stdout.WriteString(d.Body)
	return err
}

// rollback publishes an old version again.
func (o onStore) rollback(ctx context.Context, kind string, version int, reason string, asJSON bool) error {
	var out api.Published
	err := o.with(ctx, func(b *client) error {
		return b.do(ctx, "POST", "/documents/"+kind+"/rollback", nil, map[string]any{"version": version, "reason": reason}, &out)
	})
	if err != nil {
		return fmt.Errorf("%s version %d: %w", kind, version, err)
	}
	return published(out, asJSON)
}

// diff shows how a file, or an old version, differs from what is in force.
func (o onStore) diff(ctx context.Context, kind, what string, asJSON, text bool) error {
	var out api.Diff
	err := o.with(ctx, func(b *client) error {
		if n, err := strconv.Atoi(what); err == nil {
			return b.get(ctx, "/documents/"+kind+"/diff", url.Values{"from": {strconv.Itoa(n)}}, &out)
		}
		d, err := readDraft(what)
		if err != nil {
			return err
		}
		return b.do(ctx, "POST", "/documents/"+kind+"/diff", nil, d, &out)
	})
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return printJSON(os.Stdout, out)
	case out.Text == "":
		fmt.Println("no difference")
	case text || len(out.Rules) == 0:
		fmt.Print(paragraphs(out.Text, ""))
	default:
		return ruleDiff(out)
	}
	return nil
}

func ruleDiff(d api.Diff) error {
	t := newTable(os.Stdout, "RULE", "CHANGE", "BEFORE", "AFTER")
	for _, r := range d.Rules {
		t.row(r.Rule, strings.TrimSpace(string(r.Change)+" "+r.Part), short(cmp.Or(r.Before, "-"), 60), short(cmp.Or(r.After, "-"), 60))
	}
	return t.end()
}
