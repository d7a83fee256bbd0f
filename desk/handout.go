package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
)

// HandoutStore is what acts on hand-outs need.
type HandoutStore interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Message(ctx context.Context, id balie.ID) (balie.Message, error)
	Messages(ctx context.Context, request balie.ID) ([]balie.Message, error)
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
}

// Handouts is what whoever got a hand-out may do with it: its own thread with
// the desk, and nothing of the customer's.
type Handouts struct {
	store    HandoutStore
	calendar hours.Calendar
	respond  time.Duration // how soon the desk looks at what a team says, opening hours
}

// NewHandouts returns the acts on hand-outs.
func NewHandouts(s HandoutStore, c hours.Calendar, respond time.Duration) *Handouts {
	return &Handouts{s, c, respond}
}

// HandoutView is a hand-out as its team sees it.
type HandoutView struct {
	Request balie.Request
	Handout balie.Handout
	Thread  []balie.Message // the team's side only, oldest first; the first is the desk's letter
}

// Open reads a hand-out. It is named by the letter it went out with.
func (h *Handouts) Open(ctx context.Context, id balie.ID) (HandoutView, error) {
	letter, err := h.store.Message(ctx, id)
	if err != nil {
		return HandoutView{}, err
	}
	r, err := h.store.Request(ctx, letter.Request)
	if err != nil {
		return HandoutView{}, err
	}
	ho, ok := r.Handout(id)
	if !ok {
		return HandoutView{}, fmt.Errorf("hand-out %s: %w", id, balie.ErrNotFound)
	}
	all, err := h.store.Messages(ctx, r.ID)
	if err != nil {
		return HandoutView{}, err
	}
	thread := slices.DeleteFunc(all, func(m balie.Message) bool { return m.Side != balie.TeamSide || m.Handout != id })
	return HandoutView{r, ho, thread}, nil
}

// The acts of a team.
const (
	AcceptHandout = "accept"
	FinishHandout = "done"
	RefuseHandout = "refuse"
	AskDesk       = "ask"
	OnSchedule    = "on_schedule" // it will be done in time
	LaterThanDue  = "later"       // it will not; HandoutAct.Until says when
)

// handoutActs says which event an act is, and whether it needs words.
var handoutActs = map[string]struct {
	what  balie.What
	words bool
}{
	AcceptHandout: {balie.HandoutAccepted, false},
	FinishHandout: {balie.HandoutDone, true},
	RefuseHandout: {balie.HandoutRefused, true},
	AskDesk:       {balie.HandoutAsked, true},
	OnSchedule:    {balie.TeamSaid, false},
	LaterThanDue:  {balie.TeamSaid, false},
}

// HandoutAct is what a team does with its hand-out.
type HandoutAct struct {
	Act   string
	Words string
	Until time.Time // of LaterThanDue: when it will be done
}

// says reports whether it is an answer to the question how it stands.
func (a HandoutAct) says() bool { return a.Act == OnSchedule || a.Act == LaterThanDue }

// latestMost is how far ahead a team can say that it will be done.
const latestMost = 366 * 24 * time.Hour

// wordsLimit bounds what a team can say in one go, in bytes.
const wordsLimit = 20_000

// Act carries out what a team does with its hand-out. The same act with the
// same words twice (a double click, going back) is one.
func (h *Handouts) Act(ctx context.Context, id balie.ID, act, words string, now time.Time) error {
	return h.ActAs(ctx, id, act, words, Actor{}, now)
}

// ActAs is Act by a member of the team who signed in: the event says who.
func (h *Handouts) ActAs(ctx context.Context, id balie.ID, act, words string, who Actor, now time.Time) error {
	return h.Do(ctx, id, HandoutAct{Act: act, Words: words}, who, now)
}

// Do is ActAs with all that can be said with an act. How it stands can be said
// again on another day, in the same words.
func (h *Handouts) Do(ctx context.Context, id balie.ID, in HandoutAct, who Actor, now time.Time) error {
	a, ok := handoutActs[in.Act]
	if !ok {
		return &balie.InvalidError{Field: "act", Problem: "that is not something to do with a hand-out", Fix: "choose one of the buttons"}
	}
	in.Words = strings.TrimSpace(in.Words)
	if a.words && in.Words == "" {
		return &balie.InvalidError{Field: "text", Problem: "there are no words with it", Fix: "write what was done, why not, or what you want to know"}
	}
	if len(in.Words) > wordsLimit {
		return fmt.Errorf("%d bytes of text: %w", len(in.Words), balie.ErrTooLarge)
	}
	if in.Act == LaterThanDue && (!in.Until.After(now) || in.Until.Sub(now) > latestMost) {
		return &balie.InvalidError{Field: "until", Problem: "it is not said when it will be done", Fix: "choose a moment to come, within a year"}
	}
	return store.Retry(ctx, func(ctx context.Context) error { return h.step(ctx, id, in, a.what, who, now) })
}

// key is claimed with an act, so that a double click is one.
func (h *Handouts) key(id balie.ID, in HandoutAct, now time.Time) string {
	said := in.Act + "\x00" + in.Words
	if in.says() {
		said += "\x00" + in.Until.UTC().Format(time.RFC3339) + "\x00" + now.In(h.calendar.Zone()).Format(time.DateOnly)
	}
	sum := sha256.Sum256([]byte(said))
	return "handout:" + id.String() + ":" + hex.EncodeToString(sum[:8])
}

func (h *Handouts) step(ctx context.Context, id balie.ID, in HandoutAct, what balie.What, who Actor, now time.Time) error {
	v, err := h.Open(ctx, id)
	if err != nil {
		return err
	}
	key := h.key(id, in, now)
	found, err := h.store.Lookup(ctx, store.Query{Seen: []string{key}})
	if err != nil {
		return err
	}
	if _, done := found.Seen[key]; done {
		return nil
	}
	by := "team:" + v.Handout.Team
	c := balie.Change{Request: v.Request, Seen: []string{key}}
	e := balie.Event{What: what, At: now, By: by, Via: who.Via, Data: map[string]string{"handout": id.String()}}
	from := v.Handout.To
	if who.ID != "" {
		e.Data["member"], from.Name = who.ID, who.Name
	}
	if in.says() {
		if err := h.stands(&c, e, v.Handout, in); err != nil {
			return err
		}
	}
	if in.Words != "" {
		m := balie.Message{ID: balie.NewID(now), Request: v.Request.ID, Handout: id, Side: balie.TeamSide, Direction: balie.In,
			Channel: "page", From: from, Proof: balie.Proven, Text: in.Words, At: now}
		c.Messages, e.Message = []balie.Message{m}, m.ID
		e.Data["reason"] = firstLine(in.Words)
	}
	if what != balie.HandoutAccepted && in.Act != OnSchedule {
		e.Next = h.calendar.Add(now, h.respond)
	}
	if err := c.Do(e); err != nil {
		return err
	}
	err = h.store.Commit(ctx, c)
	if errors.Is(err, balie.ErrDuplicate) {
		return nil
	}
	return err
}

// stands fills in how a team says that it stands. Whoever says so has taken it
// on.
func (h *Handouts) stands(c *balie.Change, e balie.Event, ho balie.Handout, in HandoutAct) error {
	r := c.Request
	if !ho.Open() {
		return &balie.MoveError{Ref: r.Ref, State: r.State, What: e.What, Why: "that hand-out is " + string(ho.State) + " already"}
	}
	e.Data["status"] = in.Act
	if in.Act == LaterThanDue {
		e.Data["eta"] = in.Until.UTC().Format(time.RFC3339)
	}
	if ho.State != balie.Offered {
		return nil
	}
	accepted := e
	accepted.What, accepted.Data = balie.HandoutAccepted, map[string]string{"handout": ho.ID.String()}
	return c.Do(accepted)
}

// firstLineLimit bounds what an event repeats of a message, in bytes.
const firstLineLimit = 200

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if len(line) > firstLineLimit {
		line = strings.ToValidUTF8(line[:firstLineLimit], "") + "…"
	}
	return line
}
