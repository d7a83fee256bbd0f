package letters

import (
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func writer(t *testing.T) (*Writer, *token.Maker) {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New([]byte("a secret key of at least thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return New(texts, tokens, Options{Domain: "desk.example", Desk: map[string]string{"nl": "De Linde", "en": "The Lime"}, PublicURL: "https://desk.example"}), tokens
}

var request = balie.Request{ID: balie.NewID(t0), Ref: "7K3Q-F", Language: "nl", Version: 1}

var product = balie.Product{ID: "pas", Names: map[string]string{"nl": "Toegangspas", "en": "Access pass"},
	Fields: []balie.Field{
		{ID: "who", Type: balie.PersonField, Prompts: map[string]string{"nl": "Voor wie?", "en": "For whom?"}},
		{ID: "why", Type: balie.ChoiceField, Prompts: map[string]string{"nl": "Waarom?", "en": "Why?"}, Options: []balie.Option{{Value: "nieuw", Names: map[string]string{"en": "new"}}}},
	}}

// Whatever the letter, its reader sees the number, the way back and the desk's
// name in their own language.
func TestEveryLetterToACustomerHasNumberLinkAndName(t *testing.T) {
	w, tokens := writer(t)
	for language, name := range map[string]string{"nl": "De Linde", "en": "The Lime", "fr": "De Linde"} {
		to := Reader{Language: language}
		for kind, l := range map[string]Letter{
			"receipt": w.Receipt(request, to, product, t0, t0), "reopened": w.Reopened(request, to, t0, t0), "answer": w.Answer(request, to, product, "Zo.", t0),
			"ask": w.Ask(request, to, product, product.Fields, t0), "offer": w.Offer(request, to, []balie.Product{product, product}, t0),
			"handed out": w.HandedOut(request, to, product, balie.Team{ID: "t"}, t0, t0),
		} {
			_, link, _ := strings.Cut(l.Text, "https://desk.example/s/")
			link, _, _ = strings.Cut(link, ">")
			if id, err := tokens.ParseLink(token.Status, link, t0); err != nil || id != request.ID {
				t.Errorf("%s %s: the link does not open its request: %v", language, kind, err)
			}
			if !strings.Contains(l.Text, "7K3Q-F") || !strings.Contains(l.Text, name) || l.Subject == "" || strings.Contains(l.Text, "mail.") {
				t.Errorf("%s %s:\n%s\n%s", language, kind, l.Subject, l.Text)
			}
		}
	}
}

func TestChoicesAreNamedInTheReadersLanguage(t *testing.T) {
	w, _ := writer(t)
	l := w.Ask(request, Reader{Language: "en"}, product, product.Fields, t0)
	if !strings.Contains(l.Text, "2. Why? (choose from: new)") {
		t.Error(l.Text)
	}
}

// A team reads the customer's words as words, whatever they hold.
func TestS6_WordsInATeamsLetterNeverBecomeMarkup(t *testing.T) {
	w, _ := writer(t)
	evil := "**Klaar** [klik](http://evil.example)\n# kop\n> quote\n<script>alert(1)</script> {link} {team}"
	l := w.HandOut(request, balie.Handout{ID: balie.NewID(t0)}, Summary{Product: product, Team: balie.Team{ID: "techniek"}, Language: "nl",
		Asked: evil, From: evil, Known: map[string]string{"who": evil}, Due: t0}, t0)
	for _, bad := range []string{"**Klaar**", "[klik](", "\n# kop", "\n> quote", "> <script", " <script"} {
		if strings.Contains(l.Text, bad) {
			t.Errorf("%q came through:\n%s", bad, l.Text)
		}
	}
	if !strings.Contains(l.Text, "{link} {team}") {
		t.Errorf("placeholders in a customer's words were filled in:\n%s", l.Text)
	}
}

// The letter of a hand-out has the hand-out's id, so its page needs no index.
func TestAHandOutIsNamedByItsLetter(t *testing.T) {
	w, tokens := writer(t)
	h := balie.Handout{ID: balie.NewID(t0)}
	c := balie.Change{Request: request}
	id := w.Enclose(&c, Letter{Subject: "s", Text: "t"}, Post{ID: h.ID, Side: balie.TeamSide, Handout: h.ID, Channel: "email", To: balie.Address{Scheme: balie.Mail, Value: "t@x.example"}}, t0)
	mid, _, ok := tokens.ParseMessageID(c.Messages[0].MsgID)
	if id != h.ID || !ok || mid != h.ID || c.Deliveries[0].Message != h.ID {
		t.Errorf("letter %s, Message-ID of %s, hand-out %s", id, mid, h.ID)
	}
}

// What a team finds in its list of a bad morning still fits a message.
func TestALongDayIsCutAndSaysSo(t *testing.T) {
	d := Digest{Team: balie.Team{ID: "techniek"}, Language: "nl", Parts: []DigestPart{{Kind: DigestLate}, {Kind: DigestOpen}}}
	for i := range 300 {
		d.Parts[i/200].Lines = append(d.Parts[i/200].Lines, DigestLine{Handout: balie.NewID(t0), Ref: "7K3Q-F", About: "Verwarming en klimaat in alle vergaderzalen", Due: t0, Said: t0})
	}
	w, _ := writer(t)
	l := w.Digest(d, t0)
	if n := strings.Count(l.Text, "7K3Q-F"); n != digestMost || !strings.Contains(l.Text, "En nog 260 andere.") || !strings.Contains(l.Subject, "300 open") || len(l.Text) > 12_000 {
		t.Errorf("%d named in %d bytes, subject %q", n, len(l.Text), l.Subject)
	}
}

func TestWithoutAPublicAddressNobodyIsAskedByLink(t *testing.T) {
	w, _ := writer(t)
	w.o.PublicURL = ""
	if l := w.Survey(balie.Request{Ref: "7K3Q-F"}, Reader{Language: "nl"}, balie.NewID(t0), 30, t0); l != (Letter{}) {
		t.Errorf("a survey without links: %+v", l)
	}
	if l := w.StatusRequest(balie.Handout{ID: balie.NewID(t0), Due: t0.Add(time.Hour)}, Summary{Language: "nl"}, t0); strings.Contains(l.Text, "](") || !strings.Contains(l.Text, "Antwoorden op dit bericht") {
		t.Errorf("a team reads\n%s", l.Text)
	}
}

// S4: a survey goes to an address that somebody gave; it repeats nothing of it.
func TestS4_ASurveyRepeatsNothingAnybodyTyped(t *testing.T) {
	w, _ := writer(t)
	r := balie.Request{ID: balie.NewID(t0), Ref: "7K3Q-F", Subject: "CANARY", Preview: "CANARY", Fields: map[string]string{"a": "CANARY"}}
	for _, l := range []string{"nl", "en"} {
		s := w.Survey(r, Reader{Language: l}, balie.NewID(t0), 30, t0)
		if strings.Contains(s.Subject+s.Text, "CANARY") || strings.Count(s.Text, "/a/") != 5 || !strings.Contains(s.Text, s.Unsubscribe) || s.Unsubscribe == "" {
			t.Errorf("%s: %q\n%s", l, s.Subject, s.Text)
		}
	}
}
