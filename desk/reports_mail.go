package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/report"
)

// Mailing is a factsheet that goes by mail when its period is over: on the
// first opening day after it, at MailHour.
type Mailing struct {
	ID       string       `json:"id"`
	Span     report.Span  `json:"span"` // week, month, quarter or year
	To       []string     `json:"to"`   // mail addresses
	Language string       `json:"language"`
	Format   Format       `json:"format"` // html or pdf
	Scope    report.Scope `json:"scope"`
	By       string       `json:"by"`    // who made it
	Since    time.Time    `json:"since"` // what was over before is not sent
}

// MailHour is the hour of the day, in the desk's zone, at which factsheets go out.
const MailHour = 7

// Bounds of what goes by mail.
const (
	mailingsMost  = 20
	addressesMost = 20
	// staleMost is how far the figures may be behind when a factsheet goes out,
	// and waitMost how long one waits for them.
	staleMost = 10 * time.Minute
	waitMost  = 6 * time.Hour
	// sentKept is how long is remembered that one went out: longer than any
	// period is the last.
	sentKept = 800 * 24 * time.Hour
)

// The records of mailings: one with all of them, and a claim for each that went.
const (
	mailingsKind = "mailings"
	mailingsKey  = "factsheets"
	mailedKind   = "mailed"
)

// Mailings are those there are, and the version they were read at.
func (r *Reports) Mailings(ctx context.Context, a Actor) ([]Mailing, uint64, error) {
	if !a.Can(SeeAudit) {
		return nil, 0, balie.ErrDenied
	}
	return r.mailings(ctx)
}

func (r *Reports) mailings(ctx context.Context) ([]Mailing, uint64, error) {
	rec, err := r.store.Record(ctx, mailingsKind, mailingsKey)
	if errors.Is(err, balie.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read what goes by mail: %w", err)
	}
	var out []Mailing
	if err := json.Unmarshal(rec.Body, &out); err != nil {
		return nil, 0, fmt.Errorf("read what goes by mail: %w", err)
	}
	return out, rec.Version, nil
}

// AddMailing lets a factsheet go by mail from now on.
func (r *Reports) AddMailing(ctx context.Context, a Actor, m Mailing, now time.Time) (Mailing, error) {
	if !a.Can(Manage) {
		return m, balie.ErrDenied
	}
	if err := r.checkMailing(&m); err != nil {
		return m, err
	}
	m.ID, m.By, m.Since = balie.NewID(now).String(), a.By(), now.UTC()
	all, version, err := r.mailings(ctx)
	if err != nil {
		return m, err
	}
	if len(all) >= mailingsMost {
		return m, &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%d factsheets go by mail already", len(all)), Fix: "take one away first"}
	}
	return m, r.keep(ctx, append(all, m), version, a.Audit(now, "mailing.add", "mailing:"+m.ID, nil, m))
}

// RemoveMailing lets one go no more.
func (r *Reports) RemoveMailing(ctx context.Context, a Actor, id string, now time.Time) error {
	if !a.Can(Manage) {
		return balie.ErrDenied
	}
	all, version, err := r.mailings(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m Mailing) bool { return m.ID == id })
	if i < 0 {
		return balie.ErrNotFound
	}
	was := all[i]
	return r.keep(ctx, slices.Delete(all, i, i+1), version, a.Audit(now, "mailing.remove", "mailing:"+id, was, nil))
}

func (r *Reports) keep(ctx context.Context, all []Mailing, version uint64, line balie.Record) error {
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	rec := balie.Record{Kind: mailingsKind, Key: mailingsKey, Version: version + 1, Body: body}
	if err := r.store.Commit(ctx, balie.Change{Records: []balie.Record{rec, line}}); err != nil {
		return fmt.Errorf("store what goes by mail: %w", err)
	}
	return nil
}

func (r *Reports) checkMailing(m *Mailing) error {
	m.Language = i18n.Language(m.Language)
	if !slices.Contains([]report.Span{report.Week, report.Month, report.Quarter, report.Year}, m.Span) {
		return &balie.InvalidError{Field: "span", Problem: fmt.Sprintf("%q is no period that comes back", string(m.Span)), Fix: "use week, month, quarter or year"}
	}
	if m.Format != HTMLFormat && m.Format != PDFFormat {
		return &balie.InvalidError{Field: "format", Problem: fmt.Sprintf("a factsheet goes by mail as html or pdf, not %.20q", string(m.Format)), Fix: "use html or pdf"}
	}
	if m.Format == PDFFormat && !r.CanPrint() {
		return &balie.InvalidError{Field: "format", Problem: "there is no Chromium here to make a PDF with", Fix: "use html, or install chromium"}
	}
	if len(m.To) == 0 || len(m.To) > addressesMost {
		return &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("there are %d addresses", len(m.To)), Fix: fmt.Sprintf("give 1 to %d mail addresses", addressesMost)}
	}
	for i, text := range m.To {
		to, ok := normalize.ParseAddress(text)
		if !ok || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || c == ',' || c == ';' }) {
			return &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%.80q is no mail address", text), Fix: "write it as name@example.nl"}
		}
		m.To[i] = to.Value
	}
	slices.Sort(m.To)
	m.To = slices.Compact(m.To)
	return r.checkScope(m.Scope)
}

// MailsAt is when the factsheet of a period goes out: MailHour of the first day
// after it on which the desk opens.
func MailsAt(c hours.Calendar, p report.Period) time.Time {
	day := c.Next(p.To).In(c.Zone())
	return time.Date(day.Year(), day.Month(), day.Day(), MailHour, 0, 0, 0, c.Zone())
}

// NextMailing is when a mailing goes out next.
func (r *Reports) NextMailing(m Mailing, now time.Time) time.Time {
	p := r.Last(m.Span, now)
	if due := MailsAt(r.o.Calendar, p); due.After(now) {
		return due
	}
	return MailsAt(r.o.Calendar, p.Before(-1))
}

// Step sends the factsheets that are due at a moment and have not gone out, and
// gives how many went. Each goes once, whatever restarts and whoever else runs.
// Of what was missed while nothing ran, the last goes out.
func (r *Reports) Step(ctx context.Context, now time.Time) (int, error) {
	all, _, err := r.mailings(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	var failed []error
	for _, m := range all {
		p := r.Last(m.Span, now)
		due := MailsAt(r.o.Calendar, p)
		if now.Before(due) || due.Before(m.Since) {
			continue
		}
		sent, err := r.mail(ctx, m, p, due, now)
		if err != nil {
			failed = append(failed, fmt.Errorf("mail the factsheet of %s: %w", p.ID(), err))
		}
		if sent {
			n++
		}
	}
	return n, errors.Join(failed...)
}

// mail sends one factsheet unless it went already, or the figures are not there
// yet.
func (r *Reports) mail(ctx context.Context, m Mailing, p report.Period, due, now time.Time) (bool, error) {
	key := m.ID + ":" + p.ID()
	if _, err := r.store.Record(ctx, mailedKind, key); !errors.Is(err, balie.ErrNotFound) {
		return false, err
	}
	f, err := r.factsheet(ctx, Asked{Period: p, Scope: m.Scope, Language: m.Language}, now)
	if err != nil {
		return false, err
	}
	if f.Stale > staleMost && now.Before(due.Add(waitMost)) {
		return false, nil
	}
	format := m.Format
	b, err := r.File(ctx, f, m.Language, format)
	if invalid := (*balie.InvalidError)(nil); errors.As(err, &invalid) && format == PDFFormat {
		format = HTMLFormat // the browser went away: what was asked for still comes
		b, err = r.File(ctx, f, m.Language, format)
	}
	if err != nil {
		return false, err
	}
	o, err := r.store.PutBlob(ctx, bytes.NewReader(b))
	if err != nil {
		return false, fmt.Errorf("keep the file: %w", err)
	}
	c := balie.Change{Records: []balie.Record{{Kind: mailedKind, Key: key, Version: 1, Body: []byte(strconv.Quote(now.UTC().Format(time.RFC3339))), Expires: now.Add(sentKept)}}}
	if o.Inline != nil {
		c.Blobs = append(c.Blobs, balie.Blob{ID: o.Blob, Data: o.Inline})
	}
	part := balie.Part{Name: FileName(f, format), Type: mediaType(Formats[format]), Size: o.Size, SHA256: string(o.Blob), Blob: o.Blob}
	letter := r.letter(f, m.Language)
	for _, to := range m.To {
		r.write.Enclose(&c, letter, letters.Post{Side: balie.DeskSide, Channel: "email", To: balie.Address{Scheme: balie.Mail, Value: to}, Auto: true, Language: m.Language, Files: []balie.Part{part}}, now)
	}
	err = r.store.Commit(ctx, c)
	if errors.Is(err, balie.ErrStale) || errors.Is(err, balie.ErrDuplicate) { // another has sent it
		return false, nil
	}
	return err == nil, err
}

// letter is the few lines a factsheet comes with: what it is, the one thing
// that matters, and where the rest is.
func (r *Reports) letter(f report.Factsheet, language string) letters.Letter {
	w := r.Words(language)
	t := func(key string, pairs ...string) string { return w.Texts.Text(language, "figures."+key, pairs...) }
	paragraphs := []string{t("mail_intro", "period", w.Period(f.Period), "days", w.Days(f.Period)), w.Sentence(f).String()}
	if r.o.PublicURL != "" {
		paragraphs = append(paragraphs, t("mail_link", "link", r.o.PublicURL+"/figures?period="+f.Period.ID()))
	}
	return letters.Letter{Subject: w.Heading(f), Text: strings.Join(append(paragraphs, r.write.Text(language, "mail.bye", "desk", r.write.Desk(language))), "\n\n")}
}

// mailEvery is how often is looked whether something is due.
const mailEvery = 5 * time.Minute

// Run sends what is due until ctx ends. A nil clock is time.Now.
func (r *Reports) Run(ctx context.Context, clock func() time.Time) error {
	if clock == nil {
		clock = time.Now
	}
	t := time.NewTicker(mailEvery)
	defer t.Stop()
	for {
		if _, err := r.Step(ctx, clock()); err != nil && ctx.Err() == nil {
			r.o.Log.Error("a factsheet did not go out by mail", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
