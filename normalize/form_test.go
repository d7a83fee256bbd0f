package normalize_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

func readForm(t interface{ Helper() }, raw balie.Raw, doc string) (balie.Message, error) {
	t.Helper()
	raw.Format, raw.Channel = "form", "form"
	return normalize.New(normalize.Options{Country: "NL"}).Message(raw, func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(doc)), nil
	})
}

func TestFormSaysWhoWrote(t *testing.T) {
	for _, tc := range []struct {
		name, doc string
		want      balie.Address
		unread    bool
	}{
		{"mail", `{"name":"Fatima","email":"Fatima@Example.NL"}`, balie.Address{Scheme: balie.Mail, Value: "fatima@example.nl", Name: "Fatima"}, false},
		{"phone when there is no mail", `{"phone":"020-123 45 67"}`, balie.Address{Scheme: balie.Tel, Value: "+31201234567"}, false},
		{"mail before phone", `{"email":"a@b.nl","phone":"0201234567"}`, balie.Address{Scheme: balie.Mail, Value: "a@b.nl"}, false},
		{"phone when the mail is no address", `{"email":"pieter@","phone":"0201234567"}`, balie.Address{Scheme: balie.Tel, Value: "+31201234567"}, true},
		{"neither", `{"name":"Jan"}`, balie.Address{Scheme: balie.Web, Name: "Jan"}, false},
		{"S6 envelope injection", `{"email":"c@d.nl> NOTIFY=NEVER X=<y"}`, balie.Address{Scheme: balie.Web}, true},
		{"S6 header injection", `{"email":"a@b.nl\r\nBcc: v@x.nl"}`, balie.Address{Scheme: balie.Web}, true},
		{"a name in the address", `{"email":"Bank <info@bank.nl>"}`, balie.Address{Scheme: balie.Web}, true},
		{"S6 line ends in a name", `{"name":"A\r\nBcc: v@x.nl","email":"a@b.nl"}`, balie.Address{Scheme: balie.Mail, Value: "a@b.nl", Name: "A Bcc: v@x.nl"}, false},
	} {
		m, err := readForm(t, balie.Raw{}, tc.doc)
		if m.From != tc.want || (err != nil) != tc.unread {
			t.Errorf("%s: got %+v, %v; want %+v, unreadable %v", tc.name, m.From, err, tc.want, tc.unread)
		}
		if m.Proof != balie.Unproven {
			t.Errorf("%s: proof %v, want unproven", tc.name, m.Proof)
		}
	}
}

// TestS2_FormFieldJoinsNoRequest: only the channel can say which request a
// reply belongs to.
func TestS2_FormFieldJoinsNoRequest(t *testing.T) {
	id := "01JD8ZZZZZZZZZZZZZZZZZZZZZ"
	for _, doc := range []string{
		`{"text":"hi","request":"` + id + `"}`,
		`{"text":"hi","fields":{"request":"` + id + `"}}`,
	} {
		if m, _ := readForm(t, balie.Raw{}, doc); m.Fields["request"] != "" || m.Proof != balie.Unproven {
			t.Errorf("%s: fields %v, proof %v", doc, m.Fields, m.Proof)
		}
	}
	m, _ := readForm(t, balie.Raw{Verified: true}, `{"text":"hi","request":"`+id+`"}`)
	if m.Fields["request"] != id || m.Proof != balie.Proven {
		t.Errorf("a reply from the status page: fields %v, proof %v", m.Fields, m.Proof)
	}
}

func TestFormMakesASubjectOfTheFirstWords(t *testing.T) {
	for text, want := range map[string]string{
		"Pas werkt niet": "Pas werkt niet", "": "",
		"een twee drie vier vijf zes zeven acht negen tien elf": "een twee drie vier vijf zes zeven acht negen tien…",
		"Hallo,\n\nde koffie is op.":                            "Hallo, de koffie is op.",
		strings.Repeat("é", 200):                                strings.Repeat("é", 40) + "…",
	} {
		doc, _ := json.Marshal(map[string]string{"text": text})
		if m, _ := readForm(t, balie.Raw{}, string(doc)); m.Subject != want {
			t.Errorf("subject of %q: got %q, want %q", text, m.Subject, want)
		}
	}
}

func TestFormMarksWhatAMachineFilledIn(t *testing.T) {
	m, _ := readForm(t, balie.Raw{}, `{"text":"x","suspect":["honeypot","fast"]}`)
	if m.Fields["suspect"] != "honeypot,fast" || m.NoReply == "" {
		t.Errorf("got fields %v, no reply %q", m.Fields, m.NoReply)
	}
}

// TestR3_DamagedFormIsAMessage: whatever the bytes, there is a message with
// one-line subject and name and without controls.
func TestR3_DamagedFormIsAMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string {
			b, _ := json.Marshal(map[string]any{
				"text": rapid.String().Draw(t, "text"), "name": rapid.String().Draw(t, "name"),
				"subject": rapid.String().Draw(t, "subject"), "email": rapid.String().Draw(t, "email"),
				"phone":  rapid.String().Draw(t, "phone"),
				"fields": rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "fields"),
			})
			return string(b)
		})).Draw(t, "doc")
		m, _ := readForm(t, balie.Raw{Key: "form:x"}, doc)
		if m.Key != "form:x" || m.Side != balie.CustomerSide {
			t.Fatalf("%q: the message lost its key or side: %+v", doc, m)
		}
		for _, s := range []string{m.Subject, m.From.Name, m.Fields["name"]} {
			if strings.ContainsAny(s, "\r\n\x00") {
				t.Fatalf("%q: %q has line ends", doc, s)
			}
		}
		if strings.ContainsAny(m.Text, "\r\x00\x1b\u202e") {
			t.Fatalf("%q: text %q has controls", doc, m.Text)
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add(`{"v":1,"text":"Pas werkt niet","email":"a@b.nl","fields":{"plate":"G-123-AB"}}`)
	f.Add(`{"text":5}`)
	f.Add(`[[[[`)
	f.Fuzz(func(t *testing.T, doc string) { readForm(t, balie.Raw{}, doc) })
}
