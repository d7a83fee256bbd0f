package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/normalize"
)

// Bounds of what an agent writes in one go, in bytes.
const (
	textLimit  = 100_000
	filesLimit = 20 << 20 // most mail servers take no more
	filesMost  = 20
)

// remindDays is after how many opening days a customer is reminded of what was
// asked; as intake has it.
const remindDays = 2

// Reply writes to the customer. It goes out after Options.UndoSend; until then
// Unsend takes it back. To somebody who cannot be written to it is kept as what
// they were told, and nothing goes out (RequestView.NoWayBack says so before).
func (d *Desk) Reply(ctx context.Context, a Actor, in Reply, now time.Time) (Sent, error) {
	if err := checkWords(in.Text, in.Files); err != nil {
		return Sent{}, err
	}
	if !slices.Contains([]Then{"", ThenStay, ThenWait, ThenResolve}, in.Then) {
		return Sent{}, &balie.InvalidError{Field: "then", Problem: fmt.Sprintf("%q is nothing a reply can be followed by", in.Then), Fix: "use stay, wait or resolve"}
	}
	out, err := d.change(ctx, a, ActOnRequests, in.Request, in.Key, func(x *act) error { return x.reply(in, now) })
	return d.sent(ctx, out, err)
}

// sent is what became of a letter, also when the same form had sent it before.
func (d *Desk) sent(ctx context.Context, out done, err error) (Sent, error) {
	if err != nil {
		return Sent{}, err
	}
	if !out.again {
		m := out.change.Messages[0]
		return Sent{out.request, m.ID, m.At}, nil
	}
	m, err := d.store.Message(ctx, out.claim.Message)
	if err != nil {
		return Sent{}, fmt.Errorf("read what was sent: %w", err)
	}
	return Sent{out.request, m.ID, m.At}, nil
}

func (x *act) reply(in Reply, now time.Time) error {
	if err := x.fresh(in.Seen, in.Anyway); err != nil {
		return err
	}
	way, err := x.wayBack()
	if err != nil {
		return err
	}
	to, err := way.choose(in.To)
	if err != nil {
		return err
	}
	l := letters.Reader{Language: x.language(in.Language), Subject: x.request().Subject}
	letter := x.d.write.Reply(x.request(), l, in.Text+x.apart(l.Language, to, in.Files), x.actor.Name, now)
	m := x.post(letter, in.Text, way, to, l.Language, in.Files, now)
	if err := x.say(in.Then, balie.Event{At: now, Message: m, Data: map[string]string{"letter": m.String(), "how": way.how(to)}}, now); err != nil {
		return err
	}
	if err := x.share(in.Shares, m, way, now); err != nil {
		return err
	}
	x.c.Records = append(x.c.Records, noDraft(x.actor, x.request().ID, "reply"))
	return nil
}

// language is the one a letter is in: the wanted one, the request's, the desk's.
func (x *act) language(wanted string) string {
	for _, l := range []string{wanted, x.request().Language, x.d.o.Language} {
		if l != "" {
			return l
		}
	}
	return "nl"
}

// apart says which files cannot go where no mail goes: the status page names
// them, and the desk mails them when asked.
func (x *act) apart(language string, to []balie.Address, files []File) string {
	if len(files) == 0 || !slices.ContainsFunc(to, func(a balie.Address) bool { return a.Scheme != balie.Mail }) {
		return ""
	}
	var names []string
	for _, f := range files {
		names = append(names, normalize.CleanName(f.Name))
	}
	return "\n\n" + x.d.write.Text(language, "mail.files_apart", "files", strings.Join(names, ", "))
}

// post adds a letter to the customer to the Change, with a delivery to each
// address: nobody can add one later. words is what an agent wrote of it.
func (x *act) post(l letters.Letter, words string, way wayBack, to []balie.Address, language string, files []File, now time.Time) balie.ID {
	due := now
	if len(to) > 0 {
		due = now.Add(x.d.o.UndoSend)
	}
	p := letters.Post{Side: balie.CustomerSide, Channel: x.request().Channel, Account: way.account, Thread: way.thread, Due: due,
		Language: language, Files: x.parts(files), From: balie.Address{Name: x.actor.Name}}
	if len(to) > 0 {
		p.Channel = to[0].Channel()
	}
	m := x.d.write.Message(x.request(), l, p, now)
	m.To = to
	if words != "" {
		m.Text, m.Full = strings.TrimSpace(words), l.Text
	}
	x.c.Messages = append(x.c.Messages, m)
	for _, a := range to {
		x.c.Deliveries = append(x.c.Deliveries, balie.Delivery{ID: balie.NewID(now), Request: x.request().ID, Message: m.ID,
			Channel: a.Channel(), Account: way.account, To: a, Created: now, Due: due, Status: balie.Pending})
	}
	return m.ID
}

// say writes the event of a letter to the customer, with the moves before it
// that bring the request to where that event is possible.
func (x *act) say(then Then, e balie.Event, now time.Time) error {
	r, busy := x.request(), len(x.request().OpenHandouts()) > 0
	e.What = balie.Told
	var first balie.What
	switch {
	case then == ThenResolve && busy:
		return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.Answered, Why: "a team still has it: withdraw the hand-out first, or send the reply and leave it open"}
	case then == ThenResolve && r.State != balie.AnsweredState && r.State != balie.Closed:
		e.What, e.Next = balie.Answered, x.d.o.Calendar.AddDays(now, x.d.o.ReopenDays)
		if r.State == balie.Waiting || r.State == balie.WithTeam {
			first = balie.ToDesk
		}
	case then == ThenWait && !busy && r.State != balie.Waiting:
		e.What, e.Next = balie.Asked, x.d.o.Calendar.AddDays(now, remindDays)
		first = towards(r.State)
	}
	return x.after(first, e)
}

// towards is the move that brings a request from a state to the desk; "" when
// it is there, or is being opened.
func towards(s balie.State) balie.What {
	switch s {
	case balie.AtDesk, 0:
		return ""
	case balie.Closed:
		return balie.Reopened
	}
	return balie.ToDesk
}

// after writes an event behind a move that it needs. The event says so, that
// both are taken back together.
func (x *act) after(first balie.What, e balie.Event) error {
	if first == "" {
		return x.do(e)
	}
	if err := x.do(balie.Event{What: first, At: e.At, Data: map[string]string{"before": string(e.What)}}); err != nil {
		return err
	}
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	e.Data["with"] = "1"
	return x.do(e)
}

// with is how many events before one belong to the same act.
func with(e balie.Event) uint64 {
	n, _ := strconv.ParseUint(about(e, "with"), 10, 8)
	return n
}

// parts are files as a message has them; small ones travel in the Change.
func (x *act) parts(files []File) []balie.Part {
	var out []balie.Part
	for _, f := range files {
		if f.Original.Inline != nil {
			x.c.Blobs = append(x.c.Blobs, balie.Blob{ID: f.Original.Blob, Data: f.Original.Inline})
		}
		out = append(out, balie.Part{Name: normalize.CleanName(f.Name), Type: mediaType(f.Type), Size: f.Original.Size,
			SHA256: string(f.Original.Blob), Blob: f.Original.Blob})
	}
	return out
}

func checkWords(text string, files []File) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &balie.InvalidError{Field: "text", Problem: "there is nothing to read", Fix: "write something"}
	case len(text) > textLimit:
		return &balie.InvalidError{Field: "text", Problem: fmt.Sprintf("the text has %d bytes; %d can be sent", len(text), textLimit), Fix: "send the rest as a file"}
	case len(files) > filesMost:
		return &balie.InvalidError{Field: "files", Problem: fmt.Sprintf("%d files are too many", len(files)), Fix: fmt.Sprintf("send at most %d", filesMost)}
	}
	var size int64
	for _, f := range files {
		if f.Original.Blob == "" {
			return &balie.InvalidError{Field: "files", Problem: fmt.Sprintf("%q did not arrive", f.Name), Fix: "choose the file again"}
		}
		size += f.Original.Size
	}
	if size > filesLimit {
		return &balie.InvalidError{Field: "files", Problem: fmt.Sprintf("the files have %d MiB together", size>>20), Fix: fmt.Sprintf("send at most %d MiB", filesLimit>>20)}
	}
	return nil
}

// Note keeps a note for colleagues. Nothing goes out.
func (d *Desk) Note(ctx context.Context, a Actor, request balie.ID, text string, files []File, key string, now time.Time) (balie.Request, error) {
	if err := checkWords(text, files); err != nil {
		return balie.Request{}, err
	}
	out, err := d.change(ctx, a, ActOnRequests, request, key, func(x *act) error {
		m := balie.Message{ID: balie.NewID(now), Request: request, Side: balie.DeskSide, Direction: balie.Out, Channel: "note",
			From: balie.Address{Name: a.Name}, Text: strings.TrimSpace(text), Language: x.d.o.Language, Parts: x.parts(files), At: now}
		x.c.Messages = append(x.c.Messages, m)
		x.c.Records = append(x.c.Records, noDraft(a, request, "note"))
		return x.do(balie.Event{What: balie.Noted, At: now, Message: m.ID})
	})
	return out.request, err
}

// AskMissing asks the customer for fields of the product, all in one letter;
// none given means all that are missing.
func (d *Desk) AskMissing(ctx context.Context, a Actor, request balie.ID, fields []string, seen uint64, key string, now time.Time) (Sent, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, key, func(x *act) error { return x.ask(fields, seen, now) })
	return d.sent(ctx, out, err)
}

func (x *act) ask(ids []string, seen uint64, now time.Time) error {
	if err := x.fresh(seen, false); err != nil {
		return err
	}
	p, fields, err := x.asked(ids)
	if err != nil {
		return err
	}
	way, err := x.wayBack()
	if err != nil {
		return err
	}
	if len(way.to) == 0 {
		return &balie.InvalidError{Field: "to", Problem: "the customer cannot be written to", Fix: "call, and fill the answers in yourself"}
	}
	to := letters.Reader{Language: x.language(""), Subject: x.request().Subject, Name: way.name}
	m := x.post(x.d.write.Ask(x.request(), to, p, fields, now), "", way, way.to, to.Language, nil, now)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.ID
	}
	e := balie.Event{What: balie.Asked, At: now, Message: m, Next: x.d.o.Calendar.AddDays(now, remindDays),
		Data: map[string]string{"fields": strings.Join(names, ","), "letter": m.String()}}
	if len(x.request().OpenHandouts()) > 0 { // the team goes on meanwhile
		e.What, e.Next = balie.Told, time.Time{}
		return x.do(e)
	}
	return x.after(towards(x.request().State), e)
}

// asked are the fields to ask for: those named, or all that are missing.
func (x *act) asked(ids []string) (balie.Product, []balie.Field, error) {
	p := x.product()
	if p.ID == "" {
		return p, nil, &balie.InvalidError{Field: "product", Problem: "the request has no product, so nothing is known to be missing", Fix: "choose a product first"}
	}
	if len(ids) == 0 {
		missing := catalogue.Missing(p, x.request().Fields)
		if len(missing) == 0 {
			return p, nil, &balie.InvalidError{Field: "fields", Problem: "nothing is missing", Fix: "choose what to ask for"}
		}
		return p, missing, nil
	}
	var out []balie.Field
	for _, f := range p.Fields {
		if slices.Contains(ids, f.ID) {
			out = append(out, f)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(out, func(f balie.Field) bool { return f.ID == id }) {
			return p, nil, &balie.InvalidError{Field: "fields", Problem: fmt.Sprintf("the product has no field %q", id), Fix: "choose from the product's fields"}
		}
	}
	return p, out, nil
}
