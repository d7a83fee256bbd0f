package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/balie/balie"
)

// Drafts are records of kind "draft", key "user/request/tab": each agent has
// their own, one for each tab.
const (
	unsentKind = "draft"
	draftDays  = 30 // until a draft that nobody touches is swept
)

// tabPattern is what a tab may be called: "reply", "note", "team-ID".
var tabPattern = regexp.MustCompile(`^[a-zA-Z0-9_:-]{1,60}$`)

func draftKey(a Actor, request balie.ID, tab string) string {
	return a.ID + "/" + request.String() + "/" + tab
}

func draftRecord(key string, d Draft) balie.Record {
	body, err := json.Marshal(d)
	if err != nil {
		panic(err) // text, a number and a time
	}
	return balie.Record{Kind: unsentKind, Key: key, Body: body, Expires: d.Saved.AddDate(0, 0, draftDays)}
}

// noDraft removes a draft.
func noDraft(a Actor, request balie.ID, tab string) balie.Record {
	return balie.Record{Kind: unsentKind, Key: draftKey(a, request, tab)}
}

// readDraft reads a stored draft; one that cannot be read is empty, it was
// nobody's last word.
func readDraft(r balie.Record) Draft {
	var d Draft
	if json.Unmarshal(r.Body, &d) != nil {
		return Draft{}
	}
	return d
}

// SaveDraft keeps unsent text of a tab ("reply", "note", "team-ID"). Empty
// text removes it.
func (d *Desk) SaveDraft(ctx context.Context, a Actor, request balie.ID, tab, text string, seen uint64, now time.Time) error {
	if text == "" {
		return d.DropDraft(ctx, a, request, tab)
	}
	if len(text) > textLimit {
		return fmt.Errorf("a draft of %d bytes: %w", len(text), balie.ErrTooLarge)
	}
	if err := d.mayDraft(ctx, a, request, tab); err != nil {
		return err
	}
	rec := draftRecord(draftKey(a, request, tab), Draft{Text: text, Seen: seen, Saved: now})
	if err := d.store.Commit(ctx, balie.Change{Records: []balie.Record{rec}}); err != nil {
		return fmt.Errorf("keep a draft: %w", err)
	}
	return nil
}

// Draft reads a draft; the zero Draft when there is none.
func (d *Desk) Draft(ctx context.Context, a Actor, request balie.ID, tab string) (Draft, error) {
	if err := d.mayDraft(ctx, a, request, tab); err != nil {
		return Draft{}, err
	}
	rec, err := d.store.Record(ctx, unsentKind, draftKey(a, request, tab))
	if errors.Is(err, balie.ErrNotFound) {
		return Draft{}, nil
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read a draft: %w", err)
	}
	return readDraft(rec), nil
}

// DropDraft removes a draft.
func (d *Desk) DropDraft(ctx context.Context, a Actor, request balie.ID, tab string) error {
	if err := d.mayDraft(ctx, a, request, tab); err != nil {
		return err
	}
	if err := d.store.Commit(ctx, balie.Change{Records: []balie.Record{noDraft(a, request, tab)}}); err != nil {
		return fmt.Errorf("remove a draft: %w", err)
	}
	return nil
}

// mayDraft lets those write drafts who may write at all.
func (d *Desk) mayDraft(ctx context.Context, a Actor, request balie.ID, tab string) error {
	if !tabPattern.MatchString(tab) {
		return &balie.InvalidError{Field: "tab", Problem: "that is not a place to write in", Fix: "use reply, note or team-ID"}
	}
	r, err := d.store.Request(ctx, request)
	if err != nil {
		return err
	}
	if err := a.check(ActOnRequests, r); err == nil || !a.Can(ActAsTeam) {
		return err
	}
	return a.check(ActAsTeam, r)
}
