package email

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/balie/balie"
)

// takenKeyword marks mail that was taken in, for whoever looks in the mailbox.
const takenKeyword imap.Flag = "$Balie"

// tidyMost is how many mails may wait for tidying: with more, the oldest stay
// as they are, for tidying is a courtesy.
const tidyMost = 1000

// tidy notes that a mail may be tidied up.
func (c *cursor) tidy(uid uint32) {
	c.Tidy = append(c.Tidy, uid)
	if n := len(c.Tidy) - tidyMost; n > 0 {
		c.Tidy = slices.Delete(c.Tidy, 0, n)
	}
}

// target is the folder that mail is moved to, or "".
func (m *Mailbox) target() string {
	folder, _ := strings.CutPrefix(m.c.Tidy, "move:")
	if folder == m.c.Tidy {
		return ""
	}
	return folder
}

// tidyTarget checks that tidying up will work, and makes the folder when asked.
func (m *Mailbox) tidyTarget(s *session, make bool) error {
	folder := m.target()
	switch {
	case m.c.Tidy == "" || m.c.Tidy == "flag":
		return nil
	case folder == "":
		return &balie.InvalidError{Field: "imap.tidy", Problem: fmt.Sprintf("%q is not a way to tidy up", m.c.Tidy), Fix: `use "flag", "move:Folder" or leave it out`}
	}
	caps := s.c.Caps()
	if !caps.Has(imap.CapMove) && !caps.Has(imap.CapUIDPlus) {
		return &balie.InvalidError{Field: "imap.tidy", Problem: "the server cannot move single mails (neither MOVE nor UIDPLUS)", Fix: `use "flag" or leave it out`}
	}
	s.arm(commandBytes)
	defer s.l.disarm()
	if list, err := s.c.List("", folder, nil).Collect(); err != nil || len(list) > 0 || !make {
		return plain(err)
	}
	if err := s.c.Create(folder, nil).Wait(); err != nil {
		return fmt.Errorf("make folder %s: %w", folder, plain(err))
	}
	return nil
}

// tidy flags or moves what was taken in. It stays noted in the position until
// the next mails are stored, so a crash in between repeats it.
func (r *round) tidy() error {
	if len(r.cur.Tidy) == 0 {
		return nil
	}
	set := setOf(r.cur.Tidy)
	r.s.arm(1<<20 + int64(len(r.cur.Tidy))*metaBytes)
	defer r.s.l.disarm()
	var err error
	if folder := r.m.target(); folder != "" {
		_, err = r.s.c.Move(set, folder).Wait()
	} else {
		err = r.flag(set)
	}
	if no(err) {
		r.m.log.Warn("cannot tidy up mail that was taken in", "uids", set.String(), "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("tidy up: %w", plain(err))
	}
	r.cur.Tidy = nil
	return nil
}

// flag marks mail. Not every server takes keywords.
func (r *round) flag(set imap.UIDSet) error {
	mark := func(flags ...imap.Flag) error {
		return r.s.c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close()
	}
	err := mark(imap.FlagSeen, takenKeyword)
	if no(err) {
		err = mark(imap.FlagSeen)
	}
	return err
}
