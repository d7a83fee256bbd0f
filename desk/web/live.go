package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

func (w *Web) liveRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/live", right: desk.SeeRequests, handle: w.live},
		{method: fiber.MethodPost, path: "/r/:ref/here", right: desk.SeeRequests, object: requestObject, handle: w.here},
	}
}

// Bounds of the streams by which pages hear what changed.
const (
	streamsPerUser = 6   // one for each browser: the tabs of one share it
	streamsInAll   = 256 // each is a connection and two goroutines
	// heartbeat keeps proxies from thinking that nobody is there, and notices
	// clients that are gone.
	heartbeat = 15 * time.Second
	// flushPatience is how long a client may take for one piece.
	flushPatience = 5 * time.Second
	// gather is how long changes are collected, so that a burst is one piece.
	gather = 250 * time.Millisecond
	// streamAge is after how long a browser is asked to come again.
	streamAge = time.Hour
	// presenceStep is how often is looked whether a viewer is gone.
	presenceStep = 5 * time.Second
)

// errTooMany says that there are more streams than the server holds.
var errTooMany = fmt.Errorf("too many streams at once: %w", balie.ErrThrottled)

// streams are those that are open.
type streams struct {
	*sync.Mutex
	byUser map[string][]*seat // oldest first
	all    *int
	done   chan struct{} // closed when the server stops
	open   *sync.WaitGroup
}

// seat is the place of one stream.
type seat struct {
	user string
	gone chan struct{} // closed when a newer one of the same user takes it
}

func newStreams() streams {
	return streams{Mutex: &sync.Mutex{}, byUser: map[string][]*seat{}, all: new(int), done: make(chan struct{}), open: &sync.WaitGroup{}}
}

// enter gives a stream its seat. Of one user the oldest makes room: most often
// its page has gone, which is noticed only at the next heartbeat.
func (s streams) enter(user string) (*seat, error) {
	s.Lock()
	defer s.Unlock()
	if *s.all >= streamsInAll {
		return nil, errTooMany
	}
	of := s.byUser[user]
	if len(of) >= streamsPerUser {
		close(of[0].gone)
		of = of[1:]
	}
	x := &seat{user, make(chan struct{})}
	s.byUser[user] = append(of, x)
	*s.all++
	return x, nil
}

func (s streams) leave(x *seat) {
	s.Lock()
	defer s.Unlock()
	*s.all--
	left := slices.DeleteFunc(s.byUser[x.user], func(o *seat) bool { return o == x })
	if s.byUser[x.user] = left; len(left) == 0 {
		delete(s.byUser, x.user)
	}
}

// Run keeps the pages' streams and who is seen at work until ctx ends; then it
// ends every stream and waits for it, so that the server can stop (R15).
func (w *Web) Run(ctx context.Context) error {
	t := time.NewTicker(presenceStep)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			close(w.streams.done)
			w.streams.open.Wait()
			return nil
		case <-t.C:
			if w.Presence != nil {
				w.Presence.Step(w.Now())
			}
		}
	}
}

// live is a stream of what changed: ids, never words. A page asks for the rows
// that it shows.
func (w *Web) live(c *fiber.Ctx, s auth.Session) error {
	select {
	case <-w.streams.done:
		return &balie.UnavailableError{Why: "the desk stops", RetryAfter: time.Second}
	default:
	}
	place, err := w.streams.enter(s.User.ID)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseUint(c.Get("Last-Event-ID", c.Query("after")), 10, 64)
	l := &listener{w: w, s: s, gone: place.gone, token: c.Cookies(w.cookie()), actor: s.User.Actor(), version: after, conn: c.Context().Conn(), here: map[balie.ID]string{}}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no") // nginx keeps answers back otherwise
	w.streams.open.Add(1)
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) {
		defer w.streams.open.Done()
		defer w.streams.leave(place)
		l.run(out)
	})
	return nil
}

// listener is one stream.
type listener struct {
	w       *Web
	s       auth.Session
	gone    <-chan struct{}
	token   string
	actor   desk.Actor
	conn    net.Conn
	version uint64
	here    map[balie.ID]string // who is on which request, as last told
	rings   map[string]bool     // calls that were told
}

// news is what a stream says: which requests are not as they were, and on
// which somebody came or went.
type news struct {
	Changed []string `json:"changed,omitempty"`
	Opened  []string `json:"opened,omitempty"`
	Here    []string `json:"here,omitempty"`
	Again   bool     `json:"again,omitempty"` // too much happened: read the page again
}

func (n news) isZero() bool {
	return len(n.Changed) == 0 && len(n.Opened) == 0 && len(n.Here) == 0 && !n.Again
}

// run writes until the reader is gone, the session over or the server stops.
func (l *listener) run(out *bufio.Writer) {
	defer func() { // a stream must not end the process; the page polls then
		if r := recover(); r != nil {
			l.w.Log.Error("a page's stream broke off", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), streamAge)
	defer cancel()
	if !l.hello(out) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed, moved, rang := l.w.Overview.Changed(), l.w.Presence.Changed(), l.w.rang()
		if !l.tell(ctx, out) {
			return
		}
		select {
		case <-changed:
		case <-moved:
		case <-rang:
		case <-beat.C:
			if !l.stands(ctx) || !l.flush(out, ": still here\n\n") {
				return
			}
			continue
		case <-ctx.Done():
			return
		case <-l.gone:
			l.flush(out, "event: enough\ndata: {}\n\n")
			return
		case <-l.w.streams.done:
			l.flush(out, "event: stop\ndata: {}\n\n")
			return
		}
		if !l.pause(ctx) {
			return
		}
	}
}

// pause gathers what comes in a burst.
func (l *listener) pause(ctx context.Context) bool {
	t := time.NewTimer(gather)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-l.w.streams.done:
		return true // the loop says goodbye
	}
}

// hello says how soon to come again when the line breaks, and from where on.
func (l *listener) hello(out *bufio.Writer) bool {
	if l.version == 0 {
		_, l.version, _ = l.w.Overview.Since(l.actor, 0)
	}
	return l.flush(out, fmt.Sprintf("retry: 3000\nid: %d\nevent: hello\ndata: {}\n\n", l.version))
}

// tell writes what is new, if anything is.
func (l *listener) tell(ctx context.Context, out *bufio.Writer) bool {
	n, err := l.news(ctx)
	if err != nil {
		return false
	}
	if !l.ring(out) {
		return false
	}
	if n.isZero() {
		return true
	}
	data, err := json.Marshal(n)
	if err != nil {
		return false
	}
	return l.flush(out, fmt.Sprintf("id: %d\nevent: news\ndata: %s\n\n", l.version, data))
}

// news is what changed since the last time.
func (l *listener) news(ctx context.Context) (news, error) {
	var n news
	changes, version, ok := l.w.Overview.Since(l.actor, l.version)
	l.version = version
	n.Again = !ok
	for _, ch := range changes {
		if ch.What == desk.RequestOpened {
			n.Opened = append(n.Opened, ch.Request.String())
			continue
		}
		n.Changed = append(n.Changed, ch.Request.String())
	}
	moved, err := l.moved(ctx)
	for _, id := range moved {
		n.Here = append(n.Here, id.String())
	}
	return n, err
}

// moved are the requests on which other people are than was last told, of
// those that the actor may know of.
func (l *listener) moved(ctx context.Context) ([]balie.ID, error) {
	now := l.w.Now()
	fresh := map[balie.ID]string{}
	for id, viewers := range l.w.Presence.All(now) {
		fresh[id] = signature(viewers, l.actor.ID)
	}
	var ids []balie.ID
	for id, who := range fresh {
		if l.here[id] != who {
			ids = append(ids, id)
		}
	}
	for id := range l.here {
		if _, still := fresh[id]; !still {
			ids = append(ids, id)
		}
	}
	l.here = fresh
	if len(ids) == 0 || l.actor.Role != desk.TeamMember {
		slices.SortFunc(ids, func(a, b balie.ID) int { return bytes.Compare(a[:], b[:]) })
		return ids, nil
	}
	rows, err := l.w.Overview.Rows(ctx, l.actor, desk.Query{}, ids, now)
	ids = ids[:0]
	for _, r := range rows {
		ids = append(ids, r.Request.ID)
	}
	return ids, err
}

// signature is who is there, without whoever looks.
func signature(viewers []desk.Viewer, but string) string {
	on := map[string]bool{}
	for _, v := range viewers {
		if v.ID != but {
			on[v.ID] = v.Typing
		}
	}
	var out string
	for _, id := range slices.Sorted(maps.Keys(on)) {
		out += fmt.Sprintf("%s:%t ", id, on[id])
	}
	return out
}

// stands reports whether the session is still one. Being open does not count
// as use: an unattended desk goes out.
func (l *listener) stands(ctx context.Context) bool {
	_, err := l.w.Sessions.Look(ctx, l.token, l.w.Now())
	return err == nil
}

// flush writes a piece within its time.
//
// QUIRK: fasthttp sets one deadline for a whole answer; a stream would end
// with it, so each piece gets its own.
func (l *listener) flush(out *bufio.Writer, piece string) bool {
	if err := l.conn.SetWriteDeadline(time.Now().Add(flushPatience)); err != nil {
		return false
	}
	if _, err := out.WriteString(piece); err != nil {
		return false
	}
	return out.Flush() == nil
}

// here says that somebody has a request before them, or types in it.
func (w *Web) here(c *fiber.Ctx, s auth.Session) error {
	a := s.User.Actor()
	id, err := w.Desk.Find(c.UserContext(), a, c.Params("ref"))
	if err != nil {
		return err
	}
	switch values(c).Get("now") {
	case "left":
		w.Presence.Leave(a, id)
	case "typing":
		w.Presence.Look(a, id, true, w.Now())
	default:
		w.Presence.Look(a, id, false, w.Now())
	}
	return c.SendStatus(fiber.StatusNoContent)
}
