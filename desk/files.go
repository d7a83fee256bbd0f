package desk

import (
	"context"
	"fmt"
	"io"
	"mime"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

// KeepFile keeps what an agent attaches. A small one is durable with the act
// that names it.
func (d *Desk) KeepFile(ctx context.Context, a Actor, name, kind string, body io.Reader) (File, error) {
	if !a.Can(ActOnRequests) {
		return File{}, balie.ErrDenied
	}
	limited := &io.LimitedReader{R: body, N: filesLimit + 1}
	o, err := d.store.PutBlob(ctx, limited)
	if err != nil {
		return File{}, fmt.Errorf("keep a file: %w", err)
	}
	if limited.N <= 0 {
		return File{}, &balie.InvalidError{Field: "files", Problem: fmt.Sprintf("the file has more than %d MiB", filesLimit>>20), Fix: "send a link to it, or a smaller one"}
	}
	return File{Name: normalize.CleanName(name), Type: mediaType(kind), Original: o}, nil
}

// mediaType is a media type as a browser said it, without parameters; what is
// none is nothing in particular.
func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || t == "" || len(t) > 100 {
		return "application/octet-stream"
	}
	return t
}

// readable is a message the actor may read: through its request and, for a
// team member, only in the thread of its own hand-out.
func (d *Desk) readable(ctx context.Context, a Actor, message balie.ID) (balie.Message, error) {
	m, err := d.store.Message(ctx, message)
	if err != nil {
		return m, err
	}
	if m.Request.IsZero() { // held back: of those who look after what was not taken in
		if !a.Can(SeeAudit) {
			return balie.Message{}, balie.ErrNotFound
		}
		return m, nil
	}
	r, err := d.store.Request(ctx, m.Request)
	if err != nil {
		return balie.Message{}, err
	}
	if err := a.check(SeeRequests, r); err != nil {
		return balie.Message{}, err
	}
	if a.Role == TeamMember && !ownThread(a, r, m) {
		return balie.Message{}, balie.ErrNotFound
	}
	return m, nil
}

// ownThread reports whether a message is of the side conversation with a team
// of the actor's.
func ownThread(a Actor, r balie.Request, m balie.Message) bool {
	h, ok := r.Handout(m.Handout)
	return ok && m.Side == balie.TeamSide && slices.Contains(a.Teams, h.Team)
}

// Message is a message of a request that the actor may see; a team member sees
// those of its own side conversations alone.
func (d *Desk) Message(ctx context.Context, a Actor, message balie.ID) (balie.Message, error) {
	return d.readable(ctx, a, message)
}

// OpenPart streams a file of a message, named by its hash.
func (d *Desk) OpenPart(ctx context.Context, a Actor, message balie.ID, sha256 string) (io.ReadCloser, balie.Part, error) {
	m, err := d.readable(ctx, a, message)
	if err != nil {
		return nil, balie.Part{}, err
	}
	i := slices.IndexFunc(m.Parts, func(p balie.Part) bool { return p.SHA256 == sha256 })
	if i < 0 {
		return nil, balie.Part{}, balie.ErrNotFound
	}
	p := m.Parts[i]
	if p.Blob != "" {
		body, err := d.store.OpenBlob(ctx, p.Blob)
		return body, p, err
	}
	if m.Original == "" {
		return nil, balie.Part{}, balie.ErrNotFound
	}
	body, _, err := normalize.OpenPart(d.original(ctx, m), sha256)
	if err != nil {
		return nil, balie.Part{}, fmt.Errorf("read a file of message %s: %w", message, err)
	}
	return body, p, nil
}

func (d *Desk) original(ctx context.Context, m balie.Message) normalize.Open {
	return func() (io.ReadCloser, error) { return d.store.OpenBlob(ctx, m.Original) }
}

// MailHTML is the HTML of a mail, sanitised again from the original and never
// stored. remote says that it has pictures from elsewhere; they are left out.
func (d *Desk) MailHTML(ctx context.Context, a Actor, message balie.ID) (html string, remote bool, err error) {
	m, err := d.readable(ctx, a, message)
	if err != nil {
		return "", false, err
	}
	if !hasHTML(m) {
		return "", false, balie.ErrNotFound
	}
	raw := balie.Raw{Channel: m.Channel, Format: "mime", Account: m.Account, Original: balie.Original{Blob: m.Original}}
	read, err := normalize.New(normalize.Options{}).Message(raw, d.original(ctx, m))
	if read.HTML == "" {
		if err != nil {
			return "", false, fmt.Errorf("read message %s again: %w", message, err)
		}
		return "", false, balie.ErrNotFound
	}
	p, err := normalize.Pictures(d.original(ctx, m))
	if err != nil {
		return "", false, fmt.Errorf("look for pictures in message %s: %w", message, err)
	}
	return read.HTML, len(p.Hosts) > 0, nil
}

// hasHTML reports whether a message came as a mail, which may have HTML.
func hasHTML(m balie.Message) bool {
	return m.Channel == "email" && m.Direction == balie.In && m.Original != ""
}

// Original streams what came in, byte for byte, with a name for the file.
func (d *Desk) Original(ctx context.Context, a Actor, message balie.ID) (body io.ReadCloser, name string, err error) {
	m, err := d.readable(ctx, a, message)
	if err != nil {
		return nil, "", err
	}
	if m.Original == "" {
		return nil, "", balie.ErrNotFound
	}
	body, err = d.store.OpenBlob(ctx, m.Original)
	if err != nil {
		return nil, "", fmt.Errorf("open the original of message %s: %w", message, err)
	}
	ext := ".json"
	if m.Channel == "email" {
		ext = ".eml"
	}
	return body, m.ID.String() + ext, nil
}
