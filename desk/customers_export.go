package desk

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

// Exported is one customer's export, ready to be written.
type Exported struct {
	d        *Customers
	person   balie.Person
	requests []balie.ID
	at       time.Time
}

// Name is the file's: it does not say whose it is.
func (x *Exported) Name() string { return "customer-" + x.person.ID.String() + ".zip" }

// Export looks up what there is of a customer and leaves the audit line; Write
// gives it. Of requests of others it has what the customer wrote in them, and
// no more.
func (d *Customers) Export(ctx context.Context, a Actor, id balie.ID, now time.Time) (*Exported, error) {
	if !a.Can(EraseCustomer) {
		return nil, balie.ErrDenied
	}
	p, err := d.store.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	x := &Exported{d: d, person: p, at: now.UTC()}
	if x.requests, err = d.requestsOf(ctx, id); err != nil {
		return nil, err
	}
	line := AuditLine{At: now.UTC(), By: a.By(), Act: "customer.export", Object: customerObject(id), From: a.From, Via: a.Via, After: auditJSON(map[string]int{"requests": len(x.requests)})}
	if err := d.store.Commit(ctx, balie.Change{Records: []balie.Record{line.Record()}}); err != nil {
		return nil, fmt.Errorf("leave a trace of an export: %w", err)
	}
	return x, nil
}

// exportedRequest is one file of the archive.
type exportedRequest struct {
	Request  *balie.Request  `json:"request,omitempty"` // of the customer's own
	Ref      string          `json:"ref"`
	Subject  string          `json:"subject,omitempty"`
	Events   []balie.Event   `json:"events,omitempty"`
	Messages []balie.Message `json:"messages"`
}

// Write writes a ZIP archive: customer.json, requests.csv, for each request a
// JSON file, and the originals and files of its messages. It holds one message
// and never a file in memory. An archive that was cut off cannot be opened, so
// nobody takes half of it for all.
func (x *Exported) Write(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	if err := x.putJSON(z, "customer.json", struct {
		Exported time.Time    `json:"exported"`
		Customer balie.Person `json:"customer"`
	}{x.at, x.person}); err != nil {
		return err
	}
	rows := [][]string{{"reference", "own", "state", "channel", "product", "subject", "opened", "changed", "messages"}}
	for _, id := range x.requests {
		row, err := x.request(ctx, z, id)
		if errors.Is(err, balie.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if err := x.table(z, rows); err != nil {
		return err
	}
	return z.Close()
}

func (x *Exported) create(z *zip.Writer, name string) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.at})
}

func (x *Exported) putJSON(z *zip.Writer, name string, v any) error {
	w, err := x.create(z, name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table is the list of requests for a spreadsheet (S6).
func (x *Exported) table(z *zip.Writer, rows [][]string) error {
	w, err := x.create(z, "requests.csv")
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			row[i] = Harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// request writes one request and gives its row of the table.
func (x *Exported) request(ctx context.Context, z *zip.Writer, id balie.ID) ([]string, error) {
	r, err := x.d.store.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	messages, err := x.d.store.Messages(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the messages of request %s: %w", r.Ref, err)
	}
	out := exportedRequest{Ref: r.Ref, Subject: r.Subject}
	own := r.Customer == x.person.ID
	if own {
		out.Request = &r
		if out.Events, err = x.d.store.Events(ctx, id, 0); err != nil {
			return nil, fmt.Errorf("read what happened to request %s: %w", r.Ref, err)
		}
	} else {
		messages = slices.DeleteFunc(messages, func(m balie.Message) bool { return !x.person.Has(m.From) })
	}
	out.Messages = messages
	if err := x.putJSON(z, path.Join("requests", r.Ref+".json"), out); err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err := x.files(ctx, z, r.Ref, m); err != nil {
			return nil, err
		}
	}
	return []string{r.Ref, map[bool]string{true: "yes", false: "no"}[own], r.State.String(), r.Channel, r.Product, r.Subject,
		r.Opened.UTC().Format(time.RFC3339), r.Changed.UTC().Format(time.RFC3339), fmt.Sprint(len(messages))}, nil
}

// files writes a message as it came, and the files that came with it.
func (x *Exported) files(ctx context.Context, z *zip.Writer, ref string, m balie.Message) error {
	dir := path.Join("files", ref, m.ID.String())
	blob := func(id balie.BlobID) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return x.d.store.OpenBlob(ctx, id) }
	}
	if m.Original != "" {
		name := "original.json"
		if m.Channel == "email" {
			name = "original.eml"
		}
		if err := x.copy(z, path.Join(dir, name), blob(m.Original)); err != nil {
			return fmt.Errorf("export a message of request %s: %w", ref, err)
		}
	}
	for i, p := range m.Parts {
		open := blob(p.Blob)
		if p.Blob == "" && m.Original == "" {
			continue
		}
		if p.Blob == "" {
			open = func() (io.ReadCloser, error) {
				body, _, err := normalize.OpenPart(normalize.Open(blob(m.Original)), p.SHA256)
				return body, err
			}
		}
		if err := x.copy(z, path.Join(dir, fmt.Sprintf("%d-%s", i+1, safeName(p.Name))), open); err != nil {
			return fmt.Errorf("export a file of request %s: %w", ref, err)
		}
	}
	return nil
}

// longestName is in bytes, of a file in the archive.
const longestName = 100

// safeName is a file's name that cannot lead out of the archive, and that every
// system can write.
func safeName(s string) string {
	s = path.Base("/" + strings.ReplaceAll(strings.ToValidUTF8(s, "_"), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, s)
	if s = strings.Trim(clipName(s[max(0, len(s)-longestName):]), "./ "); s == "" {
		return "file"
	}
	return s
}

// copy writes a file; one that is not kept any more is said to be missing.
func (x *Exported) copy(z *zip.Writer, name string, open func() (io.ReadCloser, error)) error {
	body, err := open()
	if errors.Is(err, balie.ErrNotFound) {
		_, err = x.create(z, name+".missing")
		return err
	}
	if err != nil {
		return err
	}
	defer body.Close()
	w, err := x.create(z, name)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	return err
}
