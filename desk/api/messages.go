package api

import (
	"bufio"
	"context"
	"io"
	"mime"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// OneMessage is the part of a path that says which message.
type OneMessage struct {
	Message string `path:"message"`
}

func (m OneMessage) id() (balie.ID, error) {
	id, err := balie.ParseID(m.Message)
	if err != nil || id.IsZero() {
		return id, balie.ErrNotFound
	}
	return id, nil
}

// messages registers what can be asked about what was said.
func (a *api) messages() {
	if a.Desk == nil {
		return
	}
	type one struct{ Body balie.Message }
	add(a, op("GET", "/messages/{message}", "get-message", "Read a message and the names of its files", desk.SeeRequests, messageObject),
		func(ctx context.Context, in *OneMessage) (*one, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			m, err := a.Desk.Message(ctx, actor(ctx), id)
			return &one{exported(m, "").Message}, err
		})
	add(a, op("GET", "/messages/{message}/original", "get-original", "Download a message as it came", desk.SeeRequests, messageObject),
		func(ctx context.Context, in *OneMessage) (*huma.StreamResponse, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			body, name, err := a.Desk.Original(context.WithoutCancel(ctx), actor(ctx), id)
			if err != nil {
				return nil, err
			}
			return a.download(name, body), nil
		})
	type part struct {
		OneMessage
		SHA256 string `path:"sha256" doc:"Of the file, as the message has it."`
	}
	add(a, op("GET", "/messages/{message}/files/{sha256}", "get-file", "Download a file that came with a message", desk.SeeRequests, messageObject),
		func(ctx context.Context, in *part) (*huma.StreamResponse, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			body, p, err := a.Desk.OpenPart(context.WithoutCancel(ctx), actor(ctx), id, in.SHA256)
			if err != nil {
				return nil, err
			}
			return a.download(p.Name, body), nil
		})
}

// download answers with a file.
func (a *api) download(name string, body io.ReadCloser) *huma.StreamResponse {
	return a.written(name, func(_ context.Context, w *bufio.Writer) error {
		defer body.Close()
		_, err := io.Copy(w, body)
		return err
	})
}

// written answers with a file that is made while it is sent. It is never more
// than bytes to a browser (S1).
func (a *api) written(name string, write func(context.Context, *bufio.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humafiber.Unwrap(hc)
		c.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'; frame-ancestors 'none'")
		a.stream(hc, fiber.MIMEOctetStream, write)
	}}
}
