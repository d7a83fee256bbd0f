package desk

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

// errLater marks an act whose body comes in a later commit of today.
var errLater = errors.New("this act has no body yet")

// View reads everything the request page shows, in a fixed number of store calls.
func (d *Desk) View(ctx context.Context, a Actor, request balie.ID, now time.Time) (RequestView, error) {
	return RequestView{}, errLater
}

// Find reads a reference or an id; ErrNotFound for what the actor may not see.
func (d *Desk) Find(ctx context.Context, a Actor, name string) (balie.ID, error) {
	return balie.ID{}, errLater
}

// Trace explains one decision of a request, also of an older version of the rules.
func (d *Desk) Trace(ctx context.Context, a Actor, request balie.ID, seq uint64) (router.Trace, error) {
	return router.Trace{}, errLater
}

// Reply writes to the customer.
func (d *Desk) Reply(ctx context.Context, a Actor, in Reply, now time.Time) (Sent, error) {
	return Sent{}, errLater
}

// Unsend takes a reply back before it goes out; its text is in the draft again.
func (d *Desk) Unsend(ctx context.Context, a Actor, request, message balie.ID, now time.Time) (text string, err error) {
	return "", errLater
}

// Note keeps a note for colleagues.
func (d *Desk) Note(ctx context.Context, a Actor, request balie.ID, text string, files []File, key string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Summarise prepares a hand-out.
func (d *Desk) Summarise(ctx context.Context, a Actor, request balie.ID, team string, now time.Time) (HandoutDraft, error) {
	return HandoutDraft{}, errLater
}

// HandOut gives the request to a team.
func (d *Desk) HandOut(ctx context.Context, a Actor, in HandOut, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// WithdrawHandout takes a hand-out back from its team.
func (d *Desk) WithdrawHandout(ctx context.Context, a Actor, request, handout balie.ID, reason string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// TellTeam writes in the side conversation.
func (d *Desk) TellTeam(ctx context.Context, a Actor, request, handout balie.ID, text string, files []File, key string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// TeamAct does for a signed-in team member what the signed page lets do.
func (d *Desk) TeamAct(ctx context.Context, a Actor, request, handout balie.ID, act, words string, now time.Time) error {
	return errLater
}

// Share gives a team's words as a quotation for the composer.
func (d *Desk) Share(ctx context.Context, a Actor, request, message balie.ID, now time.Time) (quoted string, err error) {
	return "", errLater
}

// AskMissing asks the customer for fields, all in one letter.
func (d *Desk) AskMissing(ctx context.Context, a Actor, request balie.ID, fields []string, seen uint64, key string, now time.Time) (Sent, error) {
	return Sent{}, errLater
}

// Edit changes properties; seq names the act for Undo, 0 when nothing changed.
func (d *Desk) Edit(ctx context.Context, a Actor, in Edit, now time.Time) (r balie.Request, seq uint64, err error) {
	return r, 0, errLater
}

// Assign gives the request to a user; "" to nobody.
func (d *Desk) Assign(ctx context.Context, a Actor, request balie.ID, to string, now time.Time) (r balie.Request, seq uint64, err error) {
	return r, 0, errLater
}

// Resolve closes the request as solved; how says how the customer knows.
func (d *Desk) Resolve(ctx context.Context, a Actor, request balie.ID, how string, now time.Time) (r balie.Request, seq uint64, err error) {
	return r, 0, errLater
}

// Close closes the request without an answer.
func (d *Desk) Close(ctx context.Context, a Actor, request balie.ID, outcome balie.Outcome, of balie.ID, reason string, now time.Time) (r balie.Request, seq uint64, err error) {
	return r, 0, errLater
}

// Reopen brings an answered or closed request back to the desk.
func (d *Desk) Reopen(ctx context.Context, a Actor, request balie.ID, reason string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Plan says on which date it goes on.
func (d *Desk) Plan(ctx context.Context, a Actor, request balie.ID, date time.Time, note string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Undo takes an Edit, Assign, Close or Resolve back.
func (d *Desk) Undo(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// AddParticipant adds somebody on purpose: a known person, or an address.
func (d *Desk) AddParticipant(ctx context.Context, a Actor, request, person balie.ID, address balie.Address, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Approve makes a proposed participant one; seq is Proposal.Seq.
func (d *Desk) Approve(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Dismiss says no to a proposed participant or to what the request may belong to; seq is Proposal.Seq or Candidate.Seq.
func (d *Desk) Dismiss(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// JoinInto moves the words of a request to the one it belongs to; it returns that one.
func (d *Desk) JoinInto(ctx context.Context, a Actor, from, into balie.ID, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Merge makes two requests one; it returns into.
func (d *Desk) Merge(ctx context.Context, a Actor, from, into balie.ID, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Split makes a message a request of its own and returns that.
func (d *Desk) Split(ctx context.Context, a Actor, request, message balie.ID, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Link says that two requests have to do with each other.
func (d *Desk) Link(ctx context.Context, a Actor, x, y balie.ID, why string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Judge says whether the match of a decision was right; event is DecisionView.Seq.
func (d *Desk) Judge(ctx context.Context, a Actor, request balie.ID, event uint64, right bool, product string, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// LogCall writes a call or a visit down.
func (d *Desk) LogCall(ctx context.Context, a Actor, in Call, now time.Time) (balie.Request, error) {
	return balie.Request{}, errLater
}

// Suggest finds catalogue answers for words.
func (d *Desk) Suggest(ctx context.Context, text, language string, now time.Time) []Suggestion {
	return nil
}

// SuggestFor finds catalogue answers for a request, filled in for its customer.
func (d *Desk) SuggestFor(ctx context.Context, v RequestView, now time.Time) []Suggestion { return nil }

// SaveDraft keeps unsent text of a tab ("reply", "note", "team:ID", …).
func (d *Desk) SaveDraft(ctx context.Context, a Actor, request balie.ID, tab, text string, seen uint64, now time.Time) error {
	return errLater
}

// Draft reads a draft; the zero Draft when there is none.
func (d *Desk) Draft(ctx context.Context, a Actor, request balie.ID, tab string) (Draft, error) {
	return Draft{}, errLater
}

// DropDraft removes a draft.
func (d *Desk) DropDraft(ctx context.Context, a Actor, request balie.ID, tab string) error {
	return errLater
}

// Snippets lists snippets for a language, by name.
func (d *Desk) Snippets(ctx context.Context, a Actor, language string) ([]Snippet, error) {
	return nil, errLater
}

// SaveSnippet keeps a snippet; an empty ID is a new one.
func (d *Desk) SaveSnippet(ctx context.Context, a Actor, s Snippet, now time.Time) (Snippet, error) {
	return s, errLater
}

// DeleteSnippet removes a snippet.
func (d *Desk) DeleteSnippet(ctx context.Context, a Actor, id string, now time.Time) error {
	return errLater
}

// FillSnippet fills a snippet in for a request.
func (d *Desk) FillSnippet(v RequestView, a Actor, text string, now time.Time) string { return text }

// KeepFile makes what an agent attaches durable before an act names it.
func (d *Desk) KeepFile(ctx context.Context, a Actor, name, kind string, body io.Reader) (File, error) {
	return File{}, errLater
}

// OpenPart streams a file of a message.
func (d *Desk) OpenPart(ctx context.Context, a Actor, message balie.ID, sha256 string) (io.ReadCloser, balie.Part, error) {
	return nil, balie.Part{}, errLater
}

// MailHTML is the sanitised HTML of a mail, made again from the original.
// remote says that it has pictures from elsewhere, which are left out.
func (d *Desk) MailHTML(ctx context.Context, a Actor, message balie.ID) (html string, remote bool, err error) {
	return "", false, errLater
}

// Original streams what came in, byte for byte, with a name for the file.
func (d *Desk) Original(ctx context.Context, a Actor, message balie.ID) (body io.ReadCloser, name string, err error) {
	return nil, "", errLater
}
