package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
)

// account writes what happens, for people or for programs.
type account struct {
	w     io.Writer
	json  bool
	color bool
}

// newAccount writes colours only to a terminal that wants them.
func newAccount(w io.Writer, asJSON bool) *account {
	tty := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		tty = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return &account{w: w, json: asJSON, color: tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Colours, as terminals number them.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
	cyan   = "36"
)

func (a *account) paint(code, s string) string {
	if !a.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (a *account) printf(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.w, format, args...)
	}
}

// note is a word about the demo itself.
func (a *account) note(s string) {
	if a.json {
		fmt.Fprintln(os.Stderr, "demo:", s)
		return
	}
	a.printf("%s\n", a.paint(yellow, s))
}

// column is s in exactly n letters.
func column(s string, n int) string {
	s = cut(s, n)
	return s + strings.Repeat(" ", n-utf8.RuneCountInString(s))
}

// cut is s in at most n letters, on one line and without anything a terminal
// obeys.
func cut(s string, n int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f && r < 0xa0 }), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(n-1, 0)]) + "…"
}

// opening says what is there.
func (a *account) opening(w *world, took time.Duration) {
	a.printf("%s  Facilitair Bedrijf De Linde, %d products, on the embedded store; ready in %.1f s\n",
		a.paint(bold, "balie demo"), len(w.app.documents.Brain().Catalogue.Products), took.Seconds())
	a.printf("Around it, on this machine: a mail server, a Slack workspace, %d channels. Customers write, teams answer.\n",
		len(w.app.lines.all()))
}

// part is a heading.
func (a *account) part(s string) {
	if s != "" {
		a.printf("\n%s\n", a.paint(bold, s))
	}
}

// Widths of the account, in letters: together under 110.
const (
	wideWho, wideSaid         = 20, 76
	wideProduct, wideDecision = 32, 32
	wideBack, wideTo          = 34, 14
)

// question is one question and what came of it.
func (a *account) question(w *world, n int, t told) {
	if a.json {
		a.line(w, t)
		return
	}
	a.printf("%s %s %s %s\n", a.paint(dim, fmt.Sprintf("%2d", n)), a.paint(cyan, column(t.q.Via, 5)),
		a.paint(bold, column(t.who(), wideWho)), a.said(t.q))
	product, decision := t.product(w), t.decision()
	back := t.back()
	for i := range max(1, len(back)) {
		line := ""
		if i < len(back) {
			line = a.backLine(back[i])
		}
		if i == 0 {
			took := a.paint(dim, seconds(t.took))
			a.printf("   %s %s %s%s\n", a.paint(blue, column("→ "+product, wideProduct)),
				a.paint(t.hue(), column("→ "+decision, wideDecision)), took, line)
			continue
		}
		a.printf("   %s %s\n", strings.Repeat(" ", wideProduct+wideDecision+8), line)
	}
	for _, f := range t.faults {
		a.printf("   %s\n", a.paint(red, "✗ "+f))
	}
}

// said is the question, and what it is an example of.
func (a *account) said(q question) string {
	text := q.said()
	if q.Shows == "" {
		return cut(text, wideSaid)
	}
	mark := "[" + q.Shows + "]"
	if text == "" {
		return a.paint(yellow, mark)
	}
	return cut(text, wideSaid-1-utf8.RuneCountInString(mark)) + " " + a.paint(yellow, mark)
}

// seconds is a time in seven letters.
func seconds(d time.Duration) string {
	switch {
	case d == 0: // nobody measured
		return "       "
	case d < time.Second:
		return fmt.Sprintf("%4d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%5.1f s", d.Seconds())
}

func (a *account) backLine(l letter) string {
	to, _, _ := strings.Cut(l.to, "@")
	to = cut(to, wideTo)
	return " → " + a.paint(dim, to+": ") + cut(l.subject, wideBack-5-utf8.RuneCountInString(to))
}

func (t told) who() string {
	if n := t.q.name(); n != "" {
		return n
	}
	if a := t.q.address(); a != "" {
		return a
	}
	return "(no name)"
}

// guess is the score under which the best product is not more than a guess.
const guess = 0.5

// product is what balie took the question to be about.
func (t told) product(w *world) string {
	m := t.dec.Facts.Match
	if m.Product == "" {
		return "–"
	}
	p, _ := w.app.documents.Brain().Catalogue.Product(m.Product)
	share := fmt.Sprintf(" %d %%", int(100*m.Score)) // 100 % is only what somebody chose
	name := p.Name(t.request.Language)
	if m.Score < guess {
		name = "? " + name
	}
	return cut(name, wideProduct-2-len(share)) + share
}

// decision is how it ended and why.
func (t told) decision() string {
	why := t.dec.Rule
	if d := t.dec.Deciding(); len(t.dec.Do) > 0 && d.Rule == "" && d.Reason != "" {
		why, _, _ = strings.Cut(d.Reason, ":") // not by a rule, or over one
	}
	if last := len(t.lines) - 1; why == "" && last >= 0 {
		why = t.lines[last].Reason
		if why == "" && t.end == endDesk && t.lines[last].Outcome == balie.LedgerJoined {
			why = "reopened"
		}
	}
	word := map[string]string{endHandedOut: "handed out", endDesk: "desk", endJoined: "joined", endHeld: "held back"}[t.end]
	if word == "" {
		word = t.end
	}
	if why == "" {
		return word
	}
	return word + " (" + why + ")"
}

func (t told) hue() string {
	switch t.end {
	case endAnswered:
		return green
	case endAsked, endHandedOut:
		return yellow
	case endLost:
		return red
	}
	return dim
}

// back is what went back: to the customer first.
func (t told) back() []letter {
	var out, rest []letter
	for _, l := range t.letters {
		if l.kind == "team" || l.kind == "alert" {
			rest = append(rest, l)
			continue
		}
		out = append(out, l)
	}
	return append(out, rest...)
}

// line is one question as JSON.
func (a *account) line(w *world, t told) {
	type sent struct {
		To      string `json:"to"`
		Kind    string `json:"kind"`
		Subject string `json:"subject"`
	}
	letters := []sent{}
	for _, l := range t.back() {
		letters = append(letters, sent{l.to, l.kind, l.subject})
	}
	m := t.dec.Facts.Match
	a.encode(map[string]any{
		"id": t.q.ID, "shows": t.q.Shows, "channel": t.q.Via, "from": t.who(), "question": t.q.said(), "product": m.Product,
		"score": m.Score, "rule": t.dec.Rule, "outcome": t.end, "expected": t.q.Expect, "request": t.request.Ref,
		"letters": letters, "seconds": t.took.Seconds(), "faults": append([]string{}, t.faults...),
	})
}

func (a *account) encode(v any) {
	e := json.NewEncoder(a.w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
}
