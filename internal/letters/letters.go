// Package letters is in charge of what the desk itself writes: receipts,
// answers, questions, offers, and the summary a team gets with a hand-out.
//
// Guarantees:
//  1. Nothing an unproven sender typed is repeated to an address (S4).
//  2. A team's letter and a customer's letter are two messages on two sides.
//  3. Every letter has a Message-ID of ours, so that its reply finds home.
package letters

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
)

// Options are the desk's own facts that letters mention.
type Options struct {
	Domain    string            // of our Message-IDs
	Desk      map[string]string // the desk's name by language
	PublicURL string            // base of links, without a slash at the end; "" gives letters without links
	Zone      *time.Location
	LinkDays  int // how long a status link holds
	// Words gives the texts in force, with the desk's own; nil: those of New.
	Words func() *i18n.Texts
}

// words are the texts in force at the moment they are asked for.
type words func() *i18n.Texts

// Text is a text of the desk by key.
func (w words) Text(language, key string, pairs ...string) string {
	return w().Text(language, key, pairs...)
}

// Writer writes letters.
type Writer struct {
	texts  words
	tokens *token.Maker
	o      Options
}

// New returns a Writer.
func New(texts *i18n.Texts, tokens *token.Maker, o Options) *Writer {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.LinkDays == 0 {
		o.LinkDays = 90
	}
	if o.Words == nil {
		o.Words = func() *i18n.Texts { return texts }
	}
	return &Writer{o.Words, tokens, o}
}

// Reader is whoever a letter is for.
type Reader struct {
	Language string
	Name     string // only when proven; "" otherwise
	Subject  string // their own subject, only when proven
	Follows  string // the reference of an earlier request that this one goes on from; "" none
}

// Letter is a message before it has a request, an address and an id.
type Letter struct {
	Subject, Text string
	Unsubscribe   string // where whoever gets it can end letters like this one, for its header; "" for most
}

// frame puts greeting, reference, link and signature around paragraphs.
func (w *Writer) frame(r balie.Request, to Reader, now time.Time, paragraphs ...string) Letter {
	l := to.Language
	all := []string{w.hello(to)}
	if to.Follows != "" {
		all = append(all, w.texts.Text(l, "mail.follows", "ref", to.Follows))
	}
	all = append(all, paragraphs...)
	all = append(all, w.texts.Text(l, "mail.reference", "ref", r.Ref))
	if link := w.StatusLink(r.ID, now); link != "" {
		all = append(all, w.texts.Text(l, "mail.status_link", "link", link))
	}
	all = append(all, w.texts.Text(l, "mail.bye", "desk", w.desk(l)))
	subject := to.Subject
	if subject == "" {
		subject = w.texts.Text(l, "mail.subject")
	}
	return Letter{Subject: subject, Text: strings.Join(all, "\n\n")}
}

func (w *Writer) hello(to Reader) string {
	if to.Name == "" {
		return w.texts.Text(to.Language, "mail.hello_unknown")
	}
	return w.texts.Text(to.Language, "mail.hello", "name", escape(to.Name))
}

func (w *Writer) desk(language string) string {
	if n := w.o.Desk[i18n.Language(language)]; n != "" {
		return n
	}
	for _, n := range w.o.Desk {
		return n
	}
	return "Servicedesk"
}

// StatusLink is the secret address of the customer's own page, or "" without a
// public URL.
func (w *Writer) StatusLink(request balie.ID, now time.Time) string {
	return w.link("/s/", token.Status, request, now)
}

func (w *Writer) link(path, purpose string, subject balie.ID, now time.Time) string {
	if w.o.PublicURL == "" {
		return ""
	}
	return w.o.PublicURL + path + w.tokens.Link(purpose, subject, now.AddDate(0, 0, w.o.LinkDays))
}

// Receipt says that the message is in, what we take it to be about, and when
// the customer hears more. p may be the zero Product: then it names none.
func (w *Writer) Receipt(r balie.Request, to Reader, p balie.Product, by, now time.Time) Letter {
	all := []string{w.texts.Text(to.Language, "mail.receipt", "moment", w.moment(to.Language, by))}
	if p.ID != "" {
		all = append(all, w.texts.Text(to.Language, "mail.receipt_about", "product", escape(p.Name(to.Language))))
	}
	return w.frame(r, to, now, all...)
}

// Reopened says that we take up again what was answered, and when the customer
// hears more.
func (w *Writer) Reopened(r balie.Request, to Reader, by, now time.Time) Letter {
	return w.frame(r, to, now, w.texts.Text(to.Language, "mail.reopened", "moment", w.moment(to.Language, by)))
}

// Answer gives a product's answer, with the way out to a person.
func (w *Writer) Answer(r balie.Request, to Reader, p balie.Product, answer string, now time.Time) Letter {
	return w.frame(r, to, now,
		w.texts.Text(to.Language, "mail.answer_intro", "product", escape(p.Name(to.Language))),
		answer,
		w.texts.Text(to.Language, "mail.answer_close"))
}

// Ask lists what is missing, as one numbered list.
func (w *Writer) Ask(r balie.Request, to Reader, p balie.Product, fields []balie.Field, now time.Time) Letter {
	var list strings.Builder
	for i, f := range fields {
		list.WriteString(strconv.Itoa(i+1) + ". " + f.Prompt(to.Language))
		if f.Type == balie.ChoiceField {
			list.WriteString(" (" + w.texts.Text(to.Language, "mail.ask_options", "options", optionNames(f, to.Language)) + ")")
		}
		list.WriteString("\n")
	}
	return w.frame(r, to, now,
		w.texts.Text(to.Language, "mail.ask_intro", "product", escape(p.Name(to.Language))),
		list.String(),
		w.texts.Text(to.Language, "mail.ask_close"))
}

func optionNames(f balie.Field, language string) string {
	var names []string
	for _, o := range f.Options {
		n := o.Names[i18n.Language(language)]
		if n == "" {
			n = o.Value
		}
		names = append(names, n)
	}
	return strings.Join(names, ", ")
}

// Offer asks which of the products is meant.
func (w *Writer) Offer(r balie.Request, to Reader, products []balie.Product, now time.Time) Letter {
	var list strings.Builder
	for i, p := range products {
		list.WriteString(strconv.Itoa(i+1) + ". " + escape(p.Name(to.Language)) + "\n")
	}
	return w.frame(r, to, now,
		w.texts.Text(to.Language, "mail.offer_intro"), list.String(), w.texts.Text(to.Language, "mail.offer_close"))
}

// HandedOut tells the customer who works on it and by when it is done. p may
// be the zero Product: then the letter names none.
func (w *Writer) HandedOut(r balie.Request, to Reader, p balie.Product, t balie.Team, by, now time.Time) Letter {
	key := "mail.handed_out"
	if p.ID == "" {
		key = "mail.handed_out_plain"
	}
	if r.Priority >= balie.Urgent {
		key = "mail.handed_out_urgent"
	}
	return w.frame(r, to, now, w.texts.Text(to.Language, key,
		"product", escape(p.Name(to.Language)), "team", escape(t.Name(to.Language)), "moment", w.moment(to.Language, by)))
}

// Summary is what a team reads with a hand-out: asked, known, tried, missing.
type Summary struct {
	Product  balie.Product
	Team     balie.Team
	Language string
	Asked    string // the customer's words
	From     string // who asked, as far as known
	Known    map[string]string
	Missing  []balie.Field
	Told     bool // the customer has been told
	Due      time.Time
}

// Alert is the short word to a lead: it names the reference, never the content.
func (w *Writer) Alert(r balie.Request, language, reason string) Letter {
	key := "mail.alert_subject"
	if r.Priority >= balie.Urgent {
		key = "mail.alert_subject_urgent"
	}
	return Letter{
		Subject: w.texts.Text(language, key),
		Text:    w.texts.Text(language, "mail.alert", "ref", r.Ref, "reason", escape(reason)),
	}
}

// Text is a text of the desk by key, for the few letters that are one line.
func (w *Writer) Text(language, key string, pairs ...string) string {
	return w.texts.Text(language, key, pairs...)
}

func (w *Writer) moment(language string, t time.Time) string {
	return i18n.Moment(language, t.In(w.o.Zone))
}

// markdown is every character that Markdown could read as more than itself.
var markdown = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "|", `\|`, "!", `\!`,
	"\r", " ", "\n", " ")

// escape makes foreign words plain text on one line of Markdown.
func escape(s string) string { return markdown.Replace(strings.TrimSpace(s)) }

// quote makes foreign words a Markdown block quote, each line plain text.
func quote(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(s, "\r", "")), "\n") {
		b.WriteString("> " + escape(line) + "  \n")
	}
	return strings.TrimRight(b.String(), " \n")
}
