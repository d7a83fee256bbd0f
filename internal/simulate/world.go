package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/dispatch"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store/boltstore"
)

// The desk as its customers know it. Everything under .example is nobody's.
const (
	domain    = "delinde.example"
	deskMail  = "desk@" + domain
	leadMail  = "teamleider@" + domain
	authserv  = "mx." + domain
	workspace = "T0LINDE"
	publicURL = "https://desk." + domain
	mailbox   = "desk"
)

// linkKey signs the links of a simulated desk. Nobody can follow them: the desk
// that is served over the store afterwards has a key of its own.
const linkKey = "a key for a desk that never was; it opens nothing anywhere"

// world is balie, wired as serve wires it, with a clock that is told the time
// and senders that keep what they get.
type world struct {
	db        *boltstore.DB
	lib       *desk.Library
	calendar  hours.Calendar
	zone      *time.Location
	in        map[string]channels.Sink
	desk      *desk.Desk
	handouts  *desk.Handouts
	aftercare *desk.Aftercare
	overview  *desk.Overview
	guard     *progress.Progress
	dispatch  *dispatch.Dispatch
	post      *post
	book      *report.Book
	users     *auth.Auth
	faults    *faults
}

// openWorld makes an empty store and a desk over it. now is asked for the time
// of what comes in.
func openWorld(ctx context.Context, o Options, first map[string][]byte, now func() time.Time) (*world, error) {
	if err := empty(o.Dir); err != nil {
		return nil, err
	}
	db, err := boltstore.Open(o.Dir, boltstore.Options{MinFree: -1, Clock: now, Unsynced: true})
	if err != nil {
		return nil, err
	}
	w := &world{db: db}
	if err := w.wire(ctx, o, first, now); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// empty refuses a directory that holds something: a simulated year is not mixed
// with what really happened.
func empty(dir string) error {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("open the place for the store: %w", err)
	}
	if len(found) > 0 {
		return &balie.InvalidError{Field: "--data", Problem: dir + " is not empty", Fix: "name a directory that is new or empty"}
	}
	return os.MkdirAll(dir, 0o700)
}

func (w *world) wire(ctx context.Context, o Options, first map[string][]byte, now func() time.Time) error {
	w.faults = &faults{}
	log := slog.New(w.faults)
	if err := w.documents(ctx, o, first); err != nil {
		return err
	}
	cat := w.lib.Brain().Catalogue
	w.calendar = cat.Calendars["kantoor"]
	w.zone = w.calendar.Zone()
	texts, err := i18n.Load()
	if err != nil {
		return err
	}
	tokens, err := token.New([]byte(linkKey))
	if err != nil {
		return err
	}
	write := letters.New(texts, tokens, letters.Options{Domain: domain, Desk: deskNames(), PublicURL: publicURL, Zone: w.zone, Words: w.lib.Texts})
	norm := normalize.New(normalize.Options{OwnAddresses: []string{deskMail}, TrustedAuthserv: []string{authserv}, Country: "NL"})
	lead := balie.Address{Scheme: balie.Mail, Value: leadMail}
	in, err := intake.New(w.db, norm, w.lib.Brain, tokens, write, intake.Options{Calendar: w.calendar, Language: "nl", Leads: []balie.Address{lead}}, log, intake.Meter{}, now)
	if err != nil {
		return err
	}
	w.in = map[string]channels.Sink{"email": in.Sink(mailbox), "slack": in.Sink("slack"), "form": in.Sink("form"), "phone": in.Sink("phone")}
	w.desk = desk.New(w.db, w.lib, write, tokens, desk.Options{Calendar: w.calendar, Language: "nl"}, log)
	w.handouts = desk.NewHandouts(w.db, w.calendar, 2*time.Hour)
	w.aftercare = desk.NewAftercare(w.db, w.lib.Brain)
	w.overview = desk.NewOverview(w.db, w.lib.Brain, nil, desk.OverviewOptions{Calendar: w.calendar}, log)
	w.users = auth.New(w.db, auth.Options{Clock: now}, log)
	if w.book, err = report.Open(filepath.Join(o.Dir, report.File), w.db, report.Options{Calendar: "kantoor", Log: log}); err != nil {
		return err
	}
	setting := func(organisation string) progress.Setting { return w.lib.Brain().Setting(w.calendar, organisation) }
	w.guard = progress.New(w.db, setting, write, progress.Options{Language: "nl", Leads: []balie.Address{lead}, Agent: w.agent, Counts: counts{w}}, log)
	w.post = newPost()
	senders := map[string]channels.Sender{"email": w.post, "slack": slackPost{w.post}}
	// A year of a desk is sent by one: what it gets is put in order afterwards.
	w.dispatch = dispatch.New(w.db, senders, dispatch.Options{Senders: 16}, log, nil)
	return nil
}

func deskNames() map[string]string {
	return map[string]string{"nl": "Servicedesk De Linde", "en": "De Linde service desk"}
}

// documents puts the first versions in the store, as of the first day.
func (w *world) documents(ctx context.Context, o Options, first map[string][]byte) error {
	var err error
	w.lib, err = desk.OpenLibrary(ctx, earlier{w.db, o.From}, func(kind string) (string, []byte, error) { return kind + ".yaml", first[kind], nil })
	if err != nil {
		return fmt.Errorf("open the documents of the simulated desk: %w", err)
	}
	return nil
}

// agent is where an agent is told what happens with their requests.
func (w *world) agent(_ context.Context, name string) (balie.Address, string, bool) {
	return balie.Address{Scheme: balie.Mail, Value: name + "@" + domain}, "nl", true
}

// close writes everything to disk.
func (w *world) close() error { return errors.Join(w.book.Close(), w.db.Close()) }
