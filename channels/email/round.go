package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/faults"
)

const (
	chunkMost  = 500      // mails of which size and date are asked at once
	batchMost  = 100      // mails fetched and stored at once
	batchBytes = 16 << 20 // of bodies fetched and stored at once
	// sinkTries is how many mails in a row the sink may refuse, with none taken,
	// before it counts as down.
	sinkTries = 3
)

var errGone = errors.New("the mail is no longer in the mailbox")

// round is one look at the mailbox after another, over one connection.
type round struct {
	m     *Mailbox
	s     *session
	in    channels.Sink
	cur   cursor // as stored
	taken int
}

// run takes in all that is due: mails to try again, then new ones.
func (r *round) run(ctx context.Context) error {
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.tidy(); err != nil {
		return err
	}
	if err := r.again(ctx); err != nil {
		return err
	}
	found, err := r.m.wanted(r.s, r.cur, r.cur.UID)
	if err != nil {
		return err
	}
	if err := faults.Hit("email.after-search"); err != nil {
		return err
	}
	for len(found) > 0 {
		n := chunkMost
		if r.m.careful > 0 {
			n = 1
		}
		var uids []uint32
		if uids, found = cut(found, r.cur.UID, n); len(uids) == 0 {
			break
		}
		if err := r.chunk(ctx, uids); err != nil {
			return err
		}
	}
	return r.passOld(ctx)
}

// settle fits the position to the mailbox as it is now.
func (r *round) settle(ctx context.Context) error {
	next, why := r.cur.settle(r.s.uidValidity, r.s.uidNext, r.m.since())
	if why == "" {
		r.m.remember(r.cur)
		return nil
	}
	r.m.log.Warn("looking at the whole mailbox", "why", why, "uidvalidity", next.UIDValidity,
		"uidnext", r.s.uidNext, "was", r.cur.UIDValidity, "at", r.cur.UID, "since", next.Since)
	return r.receive(ctx, next, nil)
}

// passOld moves the position over history that the search left out.
func (r *round) passOld(ctx context.Context) error {
	if r.cur.UID+1 >= r.cur.Base {
		return nil
	}
	next := r.cur.clone()
	next.UID = r.cur.Base - 1
	return r.receive(ctx, next, nil)
}

// chunk takes in mails, ascending, of which only the UIDs are known.
func (r *round) chunk(ctx context.Context, uids []uint32) error {
	metas, err := r.s.metas(uids)
	if err != nil {
		return r.lost(ctx, nil, len(uids), meta{uid: uids[0]}, err)
	}
	items, err := r.line(uids, metas)
	if err != nil {
		return err
	}
	for len(items) > 0 {
		n := r.m.batch(items)
		if err := r.batch(ctx, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	r.m.careful = max(0, r.m.careful-len(uids))
	return nil
}

// line puts what is known of the mails in order of UID: what is left out but
// still there has failed, what is gone or history is passed.
func (r *round) line(uids []uint32, metas []meta) ([]fetched, error) {
	known := make(map[uint32]meta, len(metas))
	for _, f := range metas {
		known[f.uid] = f
	}
	there, err := r.missing(uids, func(u uint32) bool { _, ok := known[u]; return ok })
	if err != nil {
		return nil, err
	}
	items := make([]fetched, len(uids))
	for i, u := range uids {
		f, ok := known[u]
		items[i] = fetched{meta: f}
		switch {
		case !ok:
			items[i] = fetched{meta: meta{uid: u}, err: there[u]}
		case r.cur.history(u, f.at):
			items[i].err = errGone
		}
	}
	return items, nil
}

// missing says of the UIDs for which an answer is missing whether the mails are
// gone or were left out.
func (r *round) missing(uids []uint32, have func(uint32) bool) (map[uint32]error, error) {
	out := map[uint32]error{}
	var ask []uint32
	for _, u := range uids {
		if !have(u) {
			ask, out[u] = append(ask, u), errGone
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	found, err := r.s.search(these(ask))
	if err != nil {
		return nil, err
	}
	for _, u := range ask {
		if found.Contains(imap.UID(u)) {
			out[u] = errMissing
		}
	}
	return out, nil
}

// batch is how many of the items are fetched and stored together; one that is
// over the limit goes alone.
func (m *Mailbox) batch(items []fetched) int {
	var size int64
	for i, f := range items {
		if m.oversize(f) {
			return max(i, 1)
		}
		size += f.size
		if i > 0 && (i >= batchMost || size > batchBytes) {
			return i
		}
	}
	return len(items)
}

func (m *Mailbox) oversize(f fetched) bool { return f.err == nil && f.size > m.c.MaxSize }

// batch fetches what is wanted of the items and stores it.
func (r *round) batch(ctx context.Context, items []fetched) error {
	if r.m.oversize(items[0]) {
		f := r.large(ctx, items[0].meta, true)
		var lost *cutError
		if errors.As(f.err, &lost) {
			return r.lost(ctx, nil, 1, f.meta, lost)
		}
		return r.deliver(ctx, []fetched{f})
	}
	var want []meta
	var uids []uint32
	for _, f := range items {
		if f.err == nil {
			want, uids = append(want, f.meta), append(uids, f.uid)
		}
	}
	if len(want) == 0 {
		return r.deliver(ctx, items)
	}
	got, err := r.s.bodies(ctx, r.in, want, r.m.c.MaxSize)
	if err != nil {
		return r.lostIn(ctx, items, want, got, err)
	}
	by := index(got)
	there, err := r.missing(uids, func(u uint32) bool { _, ok := by[u]; return ok })
	if err != nil {
		return err
	}
	for i, f := range items {
		if g, ok := by[f.uid]; ok {
			items[i] = g
		} else if err, ok := there[f.uid]; ok {
			items[i].err = err
		}
	}
	return r.deliver(ctx, items)
}

func index(got []fetched) map[uint32]fetched {
	by := make(map[uint32]fetched, len(got))
	for _, g := range got {
		by[g.uid] = g
	}
	return by
}

// lostIn stores what was whole before the line was lost.
func (r *round) lostIn(ctx context.Context, items []fetched, want []meta, got []fetched, err error) error {
	by := index(got)
	n := slices.IndexFunc(items, func(f fetched) bool {
		g, ok := by[f.uid]
		return f.err == nil && (!ok || g.err != nil && !g.ours)
	})
	if n < 0 {
		n = len(items) - 1
	}
	for i := range items[:n] {
		if g, ok := by[items[i].uid]; ok {
			items[i] = g
		}
	}
	culprit := items[n].meta
	if g, ok := by[culprit.uid]; ok && errors.Is(g.err, errTooBig) {
		err = errors.Join(g.err, err)
	}
	return r.lost(ctx, items[:n], len(want), culprit, err)
}

// lost ends the connection's work. Which mail was the reason is certain only
// when it was the only one asked for: then it waits for another try and the
// position passes it. Else the next connection asks for them one by one.
func (r *round) lost(ctx context.Context, whole []fetched, asked int, culprit meta, err error) error {
	if len(whole) > 0 {
		if derr := r.deliver(ctx, whole); derr != nil {
			return derr
		}
	}
	if asked > 1 {
		r.m.careful = asked
		return err
	}
	next := r.cur.clone()
	next.fail(culprit.uid, true, r.m.now())
	if errors.Is(err, errTooBig) {
		next.spend(culprit.uid)
	}
	if derr := r.receive(ctx, next, nil); derr != nil {
		return derr
	}
	return fmt.Errorf("fetch mail %d: %w", culprit.uid, err)
}

// deliver stores items that are in order of UID, with the position behind them.
func (r *round) deliver(ctx context.Context, items []fetched) error {
	if err := faults.Hit("email.after-fetch"); err != nil {
		return err
	}
	next := r.cur.clone()
	var raws []balie.Raw
	for _, f := range items {
		r.note(&next, f)
		if f.err == nil {
			raws = append(raws, r.m.raw(next.UIDValidity, f))
		}
	}
	if len(next.Retry) > retryMost {
		return fmt.Errorf("%d mails cannot be fetched; the last: %w", len(next.Retry), items[len(items)-1].err)
	}
	err := r.receive(ctx, next, raws)
	if err == nil || len(raws) == 0 || ctx.Err() != nil {
		return err
	}
	return r.apart(ctx, items, err)
}

// note writes into the position what became of a mail.
func (r *round) note(next *cursor, f fetched) {
	switch {
	case f.err == nil:
		next.done(f.uid)
		if r.m.c.Tidy != "" && !f.stays {
			next.tidy(f.uid)
		}
	case errors.Is(f.err, errGone):
		next.done(f.uid)
	default:
		next.fail(f.uid, !f.ours, r.m.now())
		r.m.log.Warn("mail not taken in yet", "uid", f.uid, "size", f.size, "err", f.err)
	}
}

// receive stores mails and position together.
func (r *round) receive(ctx context.Context, next cursor, raws []balie.Raw) error {
	if _, err := r.in.Receive(ctx, next.bytes(), raws...); err != nil {
		return fmt.Errorf("take in %d mails: %w", len(raws), err)
	}
	r.cur = next
	r.taken += len(raws)
	r.m.remember(next)
	if err := faults.Hit("email.after-receive"); err != nil {
		return err
	}
	if len(raws) == 0 {
		return nil
	}
	return r.tidy()
}

// apart stores items one by one after they were refused together, so that one
// mail the sink cannot take does not hold up the others.
func (r *round) apart(ctx context.Context, items []fetched, cause error) error {
	next := r.cur.clone()
	stored, refused := 0, 0
	for _, f := range items {
		try := next.clone()
		r.note(&try, f)
		if f.err != nil {
			next = try
			continue
		}
		err := r.receive(ctx, try, []balie.Raw{r.m.raw(try.UIDValidity, f)})
		if err == nil {
			next = r.cur.clone()
			stored++
			continue
		}
		if refused++; stored == 0 && refused == sinkTries || ctx.Err() != nil {
			return cause
		}
		f.err, f.ours = err, true
		r.note(&next, f)
	}
	if err := r.receive(ctx, next, nil); err != nil {
		return cause
	}
	return nil
}

// again tries the mails that are due for it, one by one.
func (r *round) again(ctx context.Context) error {
	uids, _ := r.cur.due(r.m.now())
	if len(uids) == 0 {
		return nil
	}
	there, err := r.missing(uids, func(uint32) bool { return false })
	if err != nil {
		return err
	}
	for _, u := range uids {
		f := fetched{meta: meta{uid: u}, err: there[u]}
		if !errors.Is(f.err, errGone) {
			if f, err = r.retry(ctx, r.cur.entry(u)); err != nil {
				return r.lost(ctx, nil, 1, meta{uid: u}, err)
			}
		}
		if err := r.deliver(ctx, []fetched{f}); err != nil {
			return err
		}
	}
	return nil
}

// retry tries one mail again. The error says that the line was lost.
func (r *round) retry(ctx context.Context, e retry) (fetched, error) {
	f := fetched{meta: meta{uid: e.UID, size: -1}}
	how := e.attempt(r.m.now())
	if how == tryBare {
		return r.notice(ctx, f.meta, noteUnreadable, nil, nil), nil
	}
	// QUIRK: a date the library cannot read ends the line; from the third try
	// on it is not asked for.
	if e.Tries < 2 || how == tryHeader {
		metas, err := r.s.metas([]uint32{e.UID})
		if err != nil && how != tryHeader {
			return f, err
		}
		if len(metas) == 1 {
			f.meta = metas[0]
		}
	}
	var lost *cutError
	switch {
	case how == tryHeader:
		head, err := r.s.section(e.UID, &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, headerBytes)
		if errors.As(err, &lost) {
			return f, err
		}
		return r.notice(ctx, f.meta, noteUnreadable, head, nil), nil
	case f.size > r.m.c.MaxSize:
		f = r.large(ctx, f.meta, e.Tries == 0)
		if errors.As(f.err, &lost) {
			return f, lost
		}
		return f, nil
	}
	fetch := func() ([]fetched, error) { return r.s.bodies(ctx, r.in, []meta{f.meta}, r.m.c.MaxSize) }
	if e.Tries%2 == 1 {
		fetch = func() ([]fetched, error) { return r.s.byNumber(ctx, r.in, f.meta, r.m.c.MaxSize) }
	}
	got, err := fetch()
	if err != nil {
		if len(got) == 1 && got[0].err != nil {
			err = errors.Join(got[0].err, err)
		}
		return f, err
	}
	if len(got) == 0 {
		f.err = errMissing
		return f, nil
	}
	return got[0], nil
}

// large takes in a mail that is larger than the limit: header, a note, and
// its text when that is wanted: a mail whose parts ended the line is tried
// without.
func (r *round) large(ctx context.Context, f meta, withText bool) fetched {
	head, err := r.s.section(f.uid, &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, headerBytes)
	if err != nil {
		return fetched{meta: f, err: err}
	}
	var text *piece
	var lost *cutError
	if withText {
		if text, err = r.s.text(f.uid); errors.As(err, &lost) {
			return fetched{meta: f, err: err}
		}
	}
	return r.notice(ctx, f, noteTooLarge, head, text)
}

// notice is a mail of ours in the place of one that does not come in whole.
func (r *round) notice(ctx context.Context, f meta, kind note, head []byte, text *piece) fetched {
	out := fetched{meta: f, stays: kind == noteUnreadable}
	body := notice(kind, where{Account: r.m.c.Name, Folder: r.m.c.Folder, Limit: r.m.c.MaxSize, meta: f}, head, text)
	o, err := r.in.Keep(ctx, bytes.NewReader(body))
	if err != nil {
		out.err, out.ours = fmt.Errorf("keep the note on a mail: %w", err), true
		return out
	}
	out.original = o
	r.m.log.Warn("mail taken in as a note", "uid", f.uid, "size", f.size, "why", string(kind))
	return out
}
