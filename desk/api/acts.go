package api

import (
	"bytes"
	"context"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// Acted is what an act answers: where the request is, and what the next call
// needs. It says nothing of what people said.
type Acted struct {
	ID      balie.ID    `json:"id"`
	Ref     string      `json:"ref"`
	Version uint64      `json:"version"`
	State   balie.State `json:"state"`
	Seq     uint64      `json:"seq,omitempty"`     // what undo takes back
	Message balie.ID    `json:"message,omitzero"`  // what unsend takes back
	Due     *time.Time  `json:"due,omitempty"`     // until then
	Handout balie.ID    `json:"handout,omitzero"`  // that was made
	Request *balie.ID   `json:"request,omitempty"` // that was made
}

// acted is an answer with its version as an ETag.
type acted struct {
	ETag string `header:"ETag"`
	Body Acted
}

func about(r balie.Request) Acted {
	return Acted{ID: r.ID, Ref: r.Ref, Version: r.Version, State: r.State}
}

func did(r balie.Request, err error) (*acted, error) {
	if err != nil {
		return nil, err
	}
	return &acted{etag(r.Version), about(r)}, nil
}

func didSeq(r balie.Request, seq uint64, err error) (*acted, error) {
	out, err := did(r, err)
	if err == nil {
		out.Body.Seq = seq
	}
	return out, err
}

func didSend(s desk.Sent, err error) (*acted, error) {
	out, err := did(s.Request, err)
	if err == nil {
		out.Body.Message, out.Body.Due = s.Message, &s.Due
	}
	return out, err
}

// OneRequest is the part of a path that says which request.
type OneRequest struct {
	Name string `path:"name" doc:"The reference or the id."`
}

// Attachment is a file that goes along.
type Attachment struct {
	Filename string `json:"filename" maxLength:"300"`
	Type     string `json:"type,omitempty" maxLength:"100" doc:"Media type."`
	Content  []byte `json:"content" doc:"Base64."`
}

// keepFiles keeps what goes along.
func (a *api) keepFiles(ctx context.Context, all []Attachment) ([]desk.File, error) {
	var out []desk.File
	for _, x := range all {
		f, err := a.Desk.KeepFile(ctx, actor(ctx), x.Filename, x.Type, bytes.NewReader(x.Content))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// act names an act on a request.
func act(path, id, summary string) operation {
	return op("POST", "/requests/{name}"+path, id, summary, desk.ActOnRequests, requestObject).once()
}

// named is what an operation on a request is given.
type named[I any] interface {
	*I
	named() string
}

func (o OneRequest) named() string { return o.Name }

// onRequest registers an act on a request that its actor may know of.
func onRequest[I any, P named[I]](a *api, o operation, do func(context.Context, balie.Request, P) (*acted, error)) {
	add(a, o, func(ctx context.Context, in *I) (*acted, error) {
		r, err := a.request(ctx, P(in).named())
		if err != nil {
			return nil, err
		}
		return do(ctx, r, in)
	})
}

// acts registers what agents say and do.
func (a *api) acts() {
	if a.Desk == nil {
		return
	}
	type reply struct {
		OneRequest
		Body struct {
			Text     string          `json:"text" doc:"Markdown."`
			Seen     uint64          `json:"seen" doc:"The version it was written on: when something was said since, it is refused with 409."`
			Anyway   bool            `json:"anyway,omitempty" doc:"Send although something was said since."`
			Then     desk.Then       `json:"then,omitempty" enum:"stay,wait,resolve"`
			To       []balie.Address `json:"to,omitempty" doc:"Without any: the customer."`
			Language string          `json:"language,omitempty"`
			Files    []Attachment    `json:"files,omitempty" maxItems:"20"`
		}
	}
	onRequest(a, act("/reply", "reply", "Write to the customer; it goes out after a pause in which unsend takes it back"),
		func(ctx context.Context, r balie.Request, in *reply) (*acted, error) {
			files, err := a.keepFiles(ctx, in.Body.Files)
			if err != nil {
				return nil, err
			}
			b := in.Body
			return didSend(a.Desk.Reply(ctx, actor(ctx), desk.Reply{Request: r.ID, Seen: b.Seen, Anyway: b.Anyway, Text: b.Text, To: b.To, Then: b.Then,
				Language: b.Language, Files: files, Key: formKey(ctx)}, a.Now()))
		})
	type note struct {
		OneRequest
		Body struct {
			Text  string       `json:"text"`
			Files []Attachment `json:"files,omitempty" maxItems:"20"`
		}
	}
	onRequest(a, act("/note", "note", "Write for colleagues only"),
		func(ctx context.Context, r balie.Request, in *note) (*acted, error) {
			files, err := a.keepFiles(ctx, in.Body.Files)
			if err != nil {
				return nil, err
			}
			return did(a.Desk.Note(ctx, actor(ctx), r.ID, in.Body.Text, files, formKey(ctx), a.Now()))
		})
	type ask struct {
		OneRequest
		Body struct {
			Fields []string `json:"fields" minItems:"1" doc:"Ids of fields of the product."`
			Seen   uint64   `json:"seen"`
		}
	}
	onRequest(a, act("/ask", "ask", "Ask the customer for missing fields, in the desk's own words"),
		func(ctx context.Context, r balie.Request, in *ask) (*acted, error) {
			return didSend(a.Desk.AskMissing(ctx, actor(ctx), r.ID, in.Body.Fields, in.Body.Seen, formKey(ctx), a.Now()))
		})
	a.handing()
}

// handing registers giving a request to a team.
func (a *api) handing() {
	type handout struct {
		OneRequest
		Body struct {
			Team    string    `json:"team"`
			Seen    uint64    `json:"seen"`
			Anyway  bool      `json:"anyway,omitempty"`
			Asked   string    `json:"asked" doc:"What the customer asks."`
			Known   string    `json:"known,omitempty"`
			Tried   string    `json:"tried,omitempty"`
			Missing string    `json:"missing,omitempty"`
			Due     time.Time `json:"due,omitempty" doc:"Without it: the promise to the customer less a margin."`
			Why     string    `json:"why,omitempty" doc:"Why now, when required fields are missing."`
			Tell    bool      `json:"tell,omitempty" doc:"Tell the customer who works on it."`
		}
	}
	onRequest(a, act("/handout", "hand-out", "Give it to a team, with what is asked, known, tried and missing"),
		func(ctx context.Context, r balie.Request, in *handout) (*acted, error) {
			b := in.Body
			r, err := a.Desk.HandOut(ctx, actor(ctx), desk.HandOut{Request: r.ID, Seen: b.Seen, Anyway: b.Anyway, Team: b.Team, Due: b.Due, Why: b.Why, Tell: b.Tell,
				Summary: desk.Summary{Asked: b.Asked, Known: b.Known, Tried: b.Tried, Missing: b.Missing}, Key: formKey(ctx)}, a.Now())
			out, err := did(r, err)
			if err == nil && len(r.Handouts) > 0 {
				out.Body.Handout = r.Handouts[len(r.Handouts)-1].ID
			}
			return out, err
		})
	type withdraw struct {
		OneHandout
		Body struct {
			Reason string `json:"reason"`
		}
	}
	add(a, act("/handouts/{handout}/withdraw", "withdraw-handout", "Take it back from a team"),
		func(ctx context.Context, in *withdraw) (*acted, error) {
			r, id, err := a.handout(ctx, in.OneHandout)
			if err != nil {
				return nil, err
			}
			return did(a.Desk.WithdrawHandout(ctx, actor(ctx), r.ID, id, in.Body.Reason, a.Now()))
		})
	type tell struct {
		OneHandout
		Body struct {
			Text  string       `json:"text"`
			Files []Attachment `json:"files,omitempty" maxItems:"20"`
		}
	}
	add(a, act("/handouts/{handout}/tell", "tell-team", "Write to the team that has it; the customer never sees it"),
		func(ctx context.Context, in *tell) (*acted, error) {
			r, id, err := a.handout(ctx, in.OneHandout)
			if err != nil {
				return nil, err
			}
			files, err := a.keepFiles(ctx, in.Body.Files)
			if err != nil {
				return nil, err
			}
			return did(a.Desk.TellTeam(ctx, actor(ctx), r.ID, id, in.Body.Text, files, formKey(ctx), a.Now()))
		})
}

// OneHandout is the part of a path that says which hand-out.
type OneHandout struct {
	OneRequest
	Handout string `path:"handout" doc:"Its id, as the request has it."`
}

func (a *api) handout(ctx context.Context, in OneHandout) (balie.Request, balie.ID, error) {
	r, err := a.request(ctx, in.Name)
	if err != nil {
		return r, balie.ID{}, err
	}
	id, err := balie.ParseID(in.Handout)
	if err != nil || id.IsZero() {
		return r, id, balie.ErrNotFound
	}
	return r, id, nil
}

// teamActs registers what members of a team do with what they got.
func (a *api) teamActs() {
	if a.Desk == nil {
		return
	}
	type words struct {
		OneHandout
		Body struct {
			Text string `json:"text,omitempty" doc:"What was done, why not, or what is asked."`
		}
	}
	for _, x := range []struct{ path, name, id, summary string }{
		{"accept", desk.AcceptHandout, "accept-handout", "Say that the team works on it"},
		{"done", desk.FinishHandout, "finish-handout", "Say what was done"},
		{"refuse", desk.RefuseHandout, "refuse-handout", "Say why the team does not take it"},
		{"ask", desk.AskDesk, "ask-desk", "Ask the desk something"},
	} {
		o := op("POST", "/requests/{name}/handouts/{handout}/"+x.path, x.id, x.summary, desk.ActAsTeam, requestObject).once()
		add(a, o.described("For a token of a team member, and a hand-out of its own team."),
			func(ctx context.Context, in *words) (*acted, error) {
				r, id, err := a.handout(ctx, in.OneHandout)
				if err != nil {
					return nil, err
				}
				if err := a.Desk.TeamAct(ctx, actor(ctx), r.ID, id, x.name, in.Body.Text, a.Now()); err != nil {
					return nil, err
				}
				return did(a.Store.Request(ctx, r.ID))
			})
	}
}
