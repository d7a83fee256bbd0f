package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// meta is what is known of a mail before its body is fetched.
type meta struct {
	uid  uint32
	size int64     // RFC822.SIZE: Exchange only estimates it
	at   time.Time // INTERNALDATE
}

// fetched is what became of one mail of a batch.
type fetched struct {
	meta
	original balie.Original
	err      error // why there is no original
	ours     bool  // err is our side's: the disk, the store
	stays    bool  // is not tidied up: a person must look at it there
}

// cutError says that the line was lost while something was being fetched. All
// before is good; the mail that was being read may be the reason.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

var (
	errNil     = errors.New("the server gave the mail without a body")
	errShort   = errors.New("the server gave less of the mail than it announced")
	errTooBig  = errors.New("the mail is larger than the limit")
	errMissing = errors.New("the server left the mail out")
)

var whole = &imap.FetchItemBodySection{Peek: true}

// metas asks for size and date of mails. Those that are gone are missing from
// the answer. With a cutError the answer holds what came before.
func (s *session) metas(uids []uint32) ([]meta, error) {
	s.arm(1<<20 + int64(len(uids))*metaBytes)
	defer s.l.disarm()
	cmd := s.c.Fetch(setOf(uids), &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true})
	out := make([]meta, 0, len(uids))
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		b, err := msg.Collect()
		if err != nil || b.UID == 0 {
			continue
		}
		out = append(out, meta{uint32(b.UID), b.RFC822Size, b.InternalDate})
	}
	err := cmd.Close()
	slices.SortFunc(out, func(a, b meta) int { return int(int64(a.uid) - int64(b.uid)) })
	if err != nil && !no(err) {
		return out, &cutError{fmt.Errorf("ask for sizes: %w", plain(err))}
	}
	return out, nil
}

// bodies fetches whole mails into the sink, with one command. The answer holds
// those that came, in the order they came; a cutError says that the line is
// lost, other errors that the sink cannot take more.
func (s *session) bodies(ctx context.Context, in channels.Sink, want []meta, limit int64) ([]fetched, error) {
	var set imap.UIDSet
	for _, w := range want {
		set.AddNum(imap.UID(w.uid))
	}
	return s.bodiesOf(ctx, in, set, want, limit)
}

// byNumber fetches one mail by its number in the folder. QUIRK: go-imap takes a
// FETCH answer for nobody's when a server sends BODY before UID; numbers always
// stand in front. A number may have shifted, so the UID is still compared.
func (s *session) byNumber(ctx context.Context, in channels.Sink, want meta, limit int64) ([]fetched, error) {
	s.arm(1 << 20)
	what := these([]uint32{want.uid})
	d, err := s.c.Search(&what, nil).Wait()
	s.l.disarm()
	if err != nil && !no(err) {
		return nil, &cutError{fmt.Errorf("ask for a number: %w", plain(err))}
	}
	set, ok := d.All.(imap.SeqSet)
	if !ok || len(set) != 1 || set[0].Start == 0 || set[0].Start != set[0].Stop {
		return nil, nil
	}
	return s.bodiesOf(ctx, in, set, []meta{want}, limit)
}

func (s *session) bodiesOf(ctx context.Context, in channels.Sink, set imap.NumSet, want []meta, limit int64) ([]fetched, error) {
	var bytes int64
	known := make(map[uint32]meta, len(want))
	for _, w := range want {
		known[w.uid] = w
		if w.size < 0 {
			w.size = limit
		}
		bytes += 2*w.size + metaBytes
	}
	s.arm(1<<20 + bytes)
	defer s.l.disarm()
	cmd := s.c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}})
	out := make([]fetched, 0, len(want))
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		f := s.read(ctx, in, msg, limit)
		w, ok := known[f.uid]
		if !ok {
			continue
		}
		f.meta = w
		if f.err == nil && short(f.original.Size, w.size) {
			f.err = errShort
		}
		out = append(out, f)
	}
	err := cmd.Close()
	if err == nil || no(err) {
		return out, nil
	}
	// The last literal may have run into what follows it.
	if n := len(out); n > 0 && out[n-1].err == nil {
		out[n-1].err, out[n-1].original = errShort, balie.Original{}
	}
	return out, &cutError{fmt.Errorf("fetch mails: %w", plain(err))}
}

// short reports whether a body is so much smaller than the size the server
// gives that it cannot be all of it. A negative size is unknown.
func short(got, size int64) bool { return got < size/2 || got == 0 && size != 0 }

// read takes one mail of a FETCH answer. A literal is read at once: after the
// next item it would be empty without an error.
func (s *session) read(ctx context.Context, in channels.Sink, msg *imapclient.FetchMessageData, limit int64) fetched {
	f := fetched{err: errMissing}
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch it := item.(type) {
		case imapclient.FetchItemDataUID:
			f.uid = uint32(it.UID)
		case imapclient.FetchItemDataBodySection:
			if !it.MatchCommand(whole) {
				continue
			}
			f.original, f.ours, f.err = s.keep(ctx, in, it.Literal, limit)
		}
	}
	return f
}

// keep gives a literal to the sink and makes sure that all of it went there.
func (s *session) keep(ctx context.Context, in channels.Sink, lit imap.LiteralReader, limit int64) (o balie.Original, ours bool, err error) {
	if lit == nil {
		return o, false, errNil
	}
	if lit.Size() > limit {
		s.l.Conn.Close()         // not even skipped: it may be 4 GiB
		io.Copy(io.Discard, lit) // what is buffered already
		s.abandon()
		return o, false, errTooBig
	}
	r := &exact{r: lit, left: lit.Size()}
	o, err = in.Keep(ctx, r)
	switch {
	case r.err != nil:
		s.abandon()
		return balie.Original{}, false, r.err
	case err != nil:
		return balie.Original{}, true, fmt.Errorf("keep the mail: %w", err)
	case r.left != 0 || o.Size != lit.Size():
		return balie.Original{}, false, errShort
	}
	return o, false, nil
}

// abandon ends the connection after an error in the middle of a literal. QUIRK:
// go-imap reads on in a literal whenever the next item is asked for, also after
// an error, when its own reading goes on beside us: so that must have ended.
func (s *session) abandon() {
	s.l.Conn.Close()
	<-s.c.Closed()
}

// exact reads a literal of a known length. QUIRK: go-imap ends a literal that
// the line cut off with io.EOF, as if it were whole.
type exact struct {
	r    io.Reader
	left int64
	err  error // of the line, not of the reader's user
}

func (e *exact) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = errShort
	}
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// section fetches a part of one mail into memory, at most limit bytes of it.
func (s *session) section(uid uint32, what *imap.FetchItemBodySection, limit int64) ([]byte, error) {
	what.Peek = true
	what.Partial = &imap.SectionPartial{Offset: 0, Size: limit}
	s.arm(1<<20 + limit)
	defer s.l.disarm()
	cmd := s.c.Fetch(setOf([]uint32{uid}), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{what}})
	var out []byte
	err := errMissing
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			b, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || b.Literal == nil {
				continue
			}
			r := &exact{r: io.LimitReader(b.Literal, limit), left: min(b.Literal.Size(), limit)}
			if out, err = io.ReadAll(r); r.err != nil {
				s.abandon()
			}
		}
	}
	if cerr := cmd.Close(); cerr != nil && !no(cerr) {
		return nil, &cutError{fmt.Errorf("fetch a part: %w", plain(cerr))}
	}
	return out, err
}

// textMost is how much of the text of a mail over the limit is fetched.
const textMost = 256 << 10

// text fetches the first text of a mail without its files; nil when there is
// none that is small enough.
func (s *session) text(uid uint32) (*piece, error) {
	s.arm(1<<20 + metaBytes)
	cmd := s.c.Fetch(setOf([]uint32{uid}), &imap.FetchOptions{UID: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}})
	list, err := cmd.Collect()
	s.l.disarm()
	if err != nil && !no(err) {
		return nil, &cutError{fmt.Errorf("ask for the parts of a mail: %w", plain(err))}
	}
	if len(list) != 1 || list[0].BodyStructure == nil {
		return nil, nil
	}
	path, found := firstText(list[0].BodyStructure)
	if found == nil || int64(found.Size) > textMost {
		return nil, nil
	}
	body, err := s.section(uid, &imap.FetchItemBodySection{Part: path}, textMost)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return &piece{found.MediaType(), found.Params["charset"], found.Encoding, body}, nil
}

// firstText finds the text that a person wrote: the first plain one, else the
// first HTML.
func firstText(bs imap.BodyStructure) (path []int, found *imap.BodyStructureSinglePart) {
	bs.Walk(func(at []int, b imap.BodyStructure) bool {
		p, ok := b.(*imap.BodyStructureSinglePart)
		if !ok {
			return len(at) < 8
		}
		if d := p.Disposition(); d != nil && strings.EqualFold(d.Value, "attachment") {
			return false
		}
		kind := p.MediaType()
		if kind == "text/plain" && (found == nil || found.MediaType() != kind) || kind == "text/html" && found == nil {
			path, found = slices.Clone(at), p
		}
		return false
	})
	return path, found
}
