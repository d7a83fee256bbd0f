package desk

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// carriers are events that say no more than the message they bring.
var carriers = []balie.What{balie.Opened, balie.Received, balie.Replied, balie.Told, balie.ToldTeam, balie.TeamSaid, balie.HandoutAsked, balie.Noted}

// quiet are events that stand on another entry: a delivery on its message, a
// share on the team's words, a judgement on its decision.
var quiet = []balie.What{balie.Sent, balie.Shared, balie.Judged, balie.Dismissed}

// ofTeam are events of a side conversation only.
var ofTeam = []balie.What{balie.TeamSaid, balie.ToldTeam, balie.HandoutAsked, balie.HandoutAccepted}

// timeline is a request's events and messages being merged.
type timeline struct {
	actor    Actor
	now      time.Time
	messages map[balie.ID]balie.Message
	placed   map[balie.ID]bool
	posts    map[balie.ID][]Post
	unsent   map[balie.ID]bool
	shared   map[balie.ID]bool
	undone   map[uint64]bool // taken back, or part of an act whose last event stands for it
	main     []Entry
	threads  map[balie.ID][]Entry
}

// newTimeline looks through a request once for what later events say of
// earlier ones.
func newTimeline(a Actor, now time.Time, events []balie.Event, messages []balie.Message, deliveries []balie.Delivery) *timeline {
	t := &timeline{actor: a, now: now, messages: map[balie.ID]balie.Message{}, placed: map[balie.ID]bool{}, posts: map[balie.ID][]Post{},
		unsent: map[balie.ID]bool{}, shared: map[balie.ID]bool{}, undone: map[uint64]bool{}, threads: map[balie.ID][]Entry{}}
	for _, m := range messages {
		t.messages[m.ID] = m
	}
	for _, d := range deliveries {
		t.posts[d.Message] = append(t.posts[d.Message], Post{To: d.To, Channel: d.Channel, Status: d.Status, Due: d.Due, Error: d.LastError, ID: d.ID})
	}
	shown := map[balie.ID]string{}
	for _, e := range events {
		switch e.What {
		case balie.Unsent:
			t.unsent[e.Message] = true
		case balie.Shared:
			shown[e.Message] = e.Data["in"]
		}
		if n := undone(e); n > 0 {
			t.undone[n] = true
		}
		for n := range with(e) {
			t.undone[e.Seq-1-n] = true
		}
	}
	for m, letter := range shown {
		id, err := balie.ParseID(letter)
		t.shared[m] = err == nil && !t.unsent[id]
	}
	return t
}

// merge puts every message at the first event that speaks of it.
func (t *timeline) merge(events []balie.Event, messages []balie.Message) {
	for _, e := range events {
		letter, _ := balie.ParseID(about(e, "letter"))
		t.message(e, e.Message)
		t.line(e)
		t.message(e, letter)
	}
	for _, m := range messages { // what no event speaks of still was said
		t.message(balie.Event{At: m.At, By: "customer"}, m.ID)
	}
}

func (t *timeline) message(e balie.Event, id balie.ID) {
	m, ok := t.messages[id]
	if !ok || t.placed[id] {
		return
	}
	t.placed[id] = true
	x := Entry{Seq: e.Seq, At: m.At, What: e.What, By: e.By, Data: e.Data, Handout: m.Handout, Message: &m, HTML: hasHTML(m),
		Posts: t.posts[id], Shared: t.shared[id], Unsent: t.unsent[id], Note: m.Side == balie.DeskSide && !t.unsent[id]}
	if m.Direction == balie.In {
		x.Quoted = rest(m)
	}
	if m.Side == balie.TeamSide {
		t.threads[m.Handout] = append(t.threads[m.Handout], x)
		return
	}
	t.main = append(t.main, x)
}

// rest is what a message has besides the new words: quotes and signature.
func rest(m balie.Message) string {
	if m.Full == "" || m.Full == m.Text {
		return ""
	}
	if r, ok := strings.CutPrefix(m.Full, m.Text); ok {
		return strings.TrimSpace(r)
	}
	return m.Full
}

func (t *timeline) line(e balie.Event) {
	_, brought := t.messages[e.Message]
	if e.What == balie.TeamSaid && about(e, "status") != "" {
		brought = false // how it stands is said beside the words
	}
	if slices.Contains(quiet, e.What) || brought && slices.Contains(carriers, e.What) || about(e, "before") != "" {
		return
	}
	x := Entry{Seq: e.Seq, At: e.At, What: e.What, By: e.By, Data: meaning(e), Decided: e.Decision != nil, Handout: handoutOf(e),
		Undo: !t.undone[e.Seq] && undoable(e, t.actor, t.now) == ""}
	if !x.Handout.IsZero() && e.What != balie.HandedOut && !brought {
		t.threads[x.Handout] = append(t.threads[x.Handout], x)
	}
	if !slices.Contains(ofTeam, e.What) {
		t.main = append(t.main, x)
	}
}

func handoutOf(e balie.Event) balie.ID {
	if e.Handout != nil {
		return e.Handout.ID
	}
	id, _ := balie.ParseID(about(e, "handout"))
	return id
}

// meaning is what a line says, as data: the event's own, and of a hand-out or a
// decision what the page names.
func meaning(e balie.Event) map[string]string {
	out := maps.Clone(e.Data)
	if out == nil {
		out = map[string]string{}
	}
	if e.What == balie.Filled {
		return out
	}
	if h := e.Handout; h != nil {
		out["team"], out["due"] = h.Team, h.Due.UTC().Format(time.RFC3339)
	}
	if d := e.Decision; d != nil {
		out["rule"], out["decided"], out["ruleset"] = d.Rule, string(d.Deciding().Do), strconv.Itoa(d.Ruleset)
		if m := d.Facts.Match; m.Product != "" {
			out["product"], out["score"] = m.Product, strconv.FormatFloat(m.Score, 'f', 2, 64)
		}
	}
	return out
}
