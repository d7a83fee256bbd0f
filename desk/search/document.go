package search

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// Bounds of what is indexed of one request. A conversation is longer only when
// somebody pastes a log or a book.
const (
	mostText  = 48 << 10 // bytes of words that are indexed
	mostKept  = 8 << 10  // bytes that are kept to show where the words stand
	mostNames = 12       // people
)

// document is what the index has of one request.
type document struct {
	request balie.ID
	version uint64
	opened  time.Time
	tokens  string
	head    string // subject, reference and people
	text    string // what was said, to show and to look for phrases
	cut     bool   // there was more than text
	open    bool
}

// newDocument is the document of a request with its people and messages.
//
// A team member sees of a request its subject and the thread of its own team,
// so those words stand a second time behind the team's mark: a team member
// searches in them alone.
func newDocument(r balie.Request, people []balie.Person, messages []balie.Message, s *stemmer) document {
	t := newTokens(s)
	filters(t, r, people)
	d := document{request: r.ID, version: r.Version, opened: r.Opened, head: heading(r), open: r.State != balie.Closed}
	for _, p := range people[:min(len(people), mostNames)] {
		names := p.Name
		for _, a := range p.Addresses {
			names += " " + spoken(a)
		}
		t.text(personMark, names)
		d.head += breaks + names
	}
	t.text("", d.head)
	spelled, _, _ := strings.Cut(r.Ref, "-")
	t.text("", spelled)
	left := mostText
	var kept strings.Builder
	for _, m := range messages {
		text := m.Text
		if m.Side != balie.TeamSide && m.Subject != r.Subject && !strings.Contains(m.Subject, r.Subject) {
			text = m.Subject + breaks + text
		}
		if text = clip(text, left); text == "" {
			continue
		}
		left -= len(text)
		t.text("", text)
		if m.Side == balie.TeamSide {
			if h, ok := r.Handout(m.Handout); ok {
				t.text(teamWords(h.Team), text)
			}
		}
		if kept.Len() < mostKept {
			kept.WriteString(clip(text, mostKept-kept.Len()))
			kept.WriteString(breaks)
		}
		d.cut = d.cut || kept.Len() >= mostKept || left == 0
	}
	for _, team := range teamsEver(r) {
		t.text(teamWords(team), heading(r))
	}
	d.tokens, d.text = t.b.String(), strings.TrimRight(kept.String(), breaks)
	return d
}

// heading is how people call a request. The check letter of a reference is no
// word of its own.
func heading(r balie.Request) string {
	return strings.ReplaceAll(r.Ref, "-", "") + " " + clip(r.Subject, mostKept)
}

// teamWords marks the words that a team may search in.
func teamWords(team string) string {
	return teamMark + strings.TrimPrefix(filterToken("", team), filterMark) + ":"
}

// spoken is an address as people type it: a number also as it is dialled at home.
func spoken(a balie.Address) string {
	if a.Scheme != balie.Tel {
		return a.Value + " " + a.Name
	}
	if rest, ok := strings.CutPrefix(a.Value, "+31"); ok {
		return a.Value + " 0" + rest + " " + a.Name
	}
	return a.Value + " " + a.Name
}

// filters adds what is true of a request whatever the time is.
func filters(t *tokens, r balie.Request, people []balie.Person) {
	t.filter("any", "")
	t.filter("status", r.State.String())
	if r.State != balie.Closed {
		t.filter("open", "")
	}
	t.filter("channel", r.Channel)
	t.filter("product", r.Product)
	t.filter("assignee", r.Assignee)
	t.filter("lang", r.Language)
	t.filter("kind", string(r.Kind))
	t.filter("priority", strconv.Itoa(r.Priority))
	t.filter("outcome", string(r.Outcome))
	t.filter("ref", strings.ReplaceAll(r.Ref, "-", ""))
	if r.ReopenCount > 0 {
		t.filter("reopened", "")
	}
	if r.Spoke == balie.CustomerSide && r.SpokeAt.After(r.Opened) { // came back
		t.filter("reply", "")
	}
	for _, tag := range r.Tags {
		t.filter("tag", tag)
	}
	for _, h := range r.OpenHandouts() {
		t.filter("at", h.Team)
	}
	for _, team := range teamsEver(r) {
		t.filter("had", team)
	}
	for _, p := range people {
		if p.ID == r.Customer {
			t.filter("org", p.Organisation)
		}
	}
}

func teamsEver(r balie.Request) []string {
	var out []string
	for i, h := range r.Handouts {
		again := false
		for _, g := range r.Handouts[:i] {
			again = again || g.Team == h.Team
		}
		if !again {
			out = append(out, h.Team)
		}
	}
	return out
}

// clip is the beginning of a text, up to a word.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if i := strings.LastIndexAny(s[:n], " \n"); i > 0 {
		return s[:i]
	}
	return strings.ToValidUTF8(s[:n], "")
}
