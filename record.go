package balie

import "time"

// Record is one of the desk's own things that belongs to no request: a user, a
// session, a draft, a saved view, a line of the audit log. Its Body is whatever
// its owner writes there.
//
// In a Change, Version is the new one: the stored one must be one less (0 when
// there is none), else ErrStale. A nil Body removes the record; a Version of
// 0 writes or removes whatever is there.
type Record struct {
	Kind    string // "user", "session", "draft", …: a short name
	Key     string // within its kind, at most 200 bytes
	Version uint64
	Body    []byte
	Expires time.Time // zero: never; a record past it may be swept and is not read
}
