package email

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// retryPauses is how long a mail that could not be fetched waits before it is
// tried again. After the last one it is put before a person.
var retryPauses = []time.Duration{0, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

const (
	// retryMost is how many mails may wait for another try; with more, the
	// mailbox as a whole is ill and the position stays where it is.
	retryMost = 1000
	// bareAfter is how long a mail of which not even the header can be fetched
	// is tried before a person is told without it.
	bareAfter = 24 * time.Hour
)

// cursor is the position in a mailbox. It is stored with the mails it passed.
type cursor struct {
	UIDValidity uint32 `json:"uidvalidity"`
	UID         uint32 `json:"uid"` // the last one that was dealt with
	// Base is the first UID that came after the first start (or after the
	// mailbox was rebuilt): below it, mail older than Since is history.
	Base  uint32    `json:"base"`
	Since time.Time `json:"since"`
	Retry []retry   `json:"retry,omitempty"` // by UID
	Tidy  []uint32  `json:"tidy,omitempty"`  // taken in, not yet tidied up
}

// retry is a mail that could not be fetched yet.
type retry struct {
	UID   uint32    `json:"uid"`
	Tries int       `json:"tries"` // that failed on the mailbox's side
	First time.Time `json:"first"`
	Next  time.Time `json:"next"`
}

func parseCursor(b []byte) (cursor, error) {
	var c cursor
	if len(b) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read the position in the mailbox: %w", err)
	}
	return c, nil
}

func (c cursor) bytes() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and times always marshal
	}
	return b
}

func (c cursor) clone() cursor {
	c.Retry, c.Tidy = slices.Clone(c.Retry), slices.Clone(c.Tidy)
	return c
}

// settle fits the cursor to the mailbox as the server describes it. rescan says
// why all of it must be looked at again, or is empty. uidNext 0 means unknown.
func (c cursor) settle(uidValidity, uidNext uint32, since time.Time) (_ cursor, rescan string) {
	fresh := cursor{UIDValidity: uidValidity, Base: uidNext, Since: c.Since}
	switch {
	case c.UIDValidity == 0:
		fresh.Since = since
		return fresh, "first start"
	case c.UIDValidity != uidValidity:
		return fresh, "the mailbox was made anew"
	case uidNext != 0 && uidNext <= c.UID:
		return fresh, "the mailbox went back in time"
	}
	return c, ""
}

// history reports whether a mail was there before the first start and is too
// old to be taken in.
func (c cursor) history(uid uint32, at time.Time) bool {
	return uid < c.Base && at.Before(c.Since)
}

// done notes that a mail was dealt with.
func (c *cursor) done(uid uint32) {
	c.UID = max(c.UID, uid)
	c.Retry = slices.DeleteFunc(c.Retry, func(r retry) bool { return r.UID == uid })
}

// fail notes that a mail could not be fetched (counts) or not be stored, and
// passes it.
func (c *cursor) fail(uid uint32, counts bool, now time.Time) {
	c.UID = max(c.UID, uid)
	i, found := slices.BinarySearchFunc(c.Retry, uid, func(r retry, uid uint32) int { return int(int64(r.UID) - int64(uid)) })
	if !found {
		c.Retry = slices.Insert(c.Retry, i, retry{UID: uid, First: now})
	}
	r := &c.Retry[i]
	pause := retryPauses[min(r.Tries, len(retryPauses)-1)]
	if counts {
		r.Tries++
	} else {
		pause = max(pause, time.Minute)
	}
	r.Next = now.Add(pause)
}

// spend makes the next try of a mail the one for which only its header is asked.
func (c *cursor) spend(uid uint32) {
	for i := range c.Retry {
		if c.Retry[i].UID == uid {
			c.Retry[i].Tries = len(retryPauses)
		}
	}
}

// How to try a mail.
type attempt int

const (
	tryWhole  attempt = iota + 1
	tryHeader         // and tell a person
	tryBare           // tell a person without having seen anything of it
)

// attempt is how to try a mail next.
func (r retry) attempt(now time.Time) attempt {
	switch {
	case r.Tries == len(retryPauses):
		return tryHeader
	case r.Tries > len(retryPauses) && now.Sub(r.First) >= bareAfter:
		return tryBare
	}
	return tryWhole
}

// due returns the mails to try again now, and when the next one is due.
func (c cursor) due(now time.Time) (uids []uint32, next time.Time) {
	for _, r := range c.Retry {
		if !r.Next.After(now) {
			uids = append(uids, r.UID)
			continue
		}
		if next.IsZero() || r.Next.Before(next) {
			next = r.Next
		}
	}
	return uids, next
}

func (c cursor) entry(uid uint32) retry {
	for _, r := range c.Retry {
		if r.UID == uid {
			return r
		}
	}
	return retry{UID: uid}
}
