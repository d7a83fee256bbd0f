package catalogue

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/balie/balie"
)

// hostile are values a stranger may type into a form or a mail.
var hostile = []string{
	"{reference}", "{{reference}}", "{room}", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[click](https://evil.example)",
	"![x](https://evil.example/p.png)", "https://evil.example/login", "www.evil.example", "a@evil.example", "<https://evil.example>", "*bold* _it_ `code` ~~x~~",
	"# heading", "- item", "1. item", "> quote", "| a | b |", "line\n\n# heading", "line\r\n- item", "&lt;b&gt;", "&#60;b&#62;", "\\<b>", "a\u202eb", "x\x00y", "${7*7}", "%s%n", "{",
	"[x]: https://evil.example", "+ a", "= b", "ftp://evil.example", "mailto:a@evil.example", "[^1]", "\\", "a\\",
}

func letter(answer string) balie.Product {
	return balie.Product{ID: "p", Names: map[string]string{"nl": "Sleutel", "en": "Key"}, Answers: map[string]string{"nl": answer},
		Fields: []balie.Field{{ID: "room"}}}
}

func TestS6_ValuesInAnAnswerStayLiteral(t *testing.T) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	for _, v := range hostile {
		for _, frame := range []string{"Voor {room} is {reference}.", "{room}", "Zie:\n\n{room}\n"} {
			got, err := RenderAnswer(letter(frame), "nl", map[string]string{"room": v, "reference": "7K3Q-F"})
			if err != nil {
				t.Fatalf("%q: %v", v, err)
			}
			var html bytes.Buffer
			if err := md.Convert([]byte(got), &html); err != nil {
				t.Fatal(err)
			}
			for _, tag := range strings.Split(html.String(), "<")[1:] {
				if name := strings.TrimPrefix(strings.SplitN(tag, ">", 2)[0], "/"); name != "p" {
					t.Errorf("value %q in %q became <%s>: %s", v, frame, name, html.String())
				}
			}
			if strings.Contains(v, "{reference}") && strings.Count(got, "7K3Q") != strings.Count(frame, "{reference}") {
				t.Errorf("value %q was read as a placeholder: %q", v, got)
			}
		}
	}
}

func TestHalfAnAnswerIsNotSent(t *testing.T) {
	if got, err := RenderAnswer(letter("Beste {customer}"), "nl", nil); err == nil {
		t.Errorf("got %q", got)
	}
	if got, err := RenderAnswer(balie.Product{ID: "p"}, "nl", nil); err == nil {
		t.Errorf("got %q", got)
	}
}

func TestAnswersKeepTheirOwnMarkdown(t *testing.T) {
	got, err := RenderAnswer(letter(`Uw **{product}** van {room}; \{letterlijk\}.`), "nl", map[string]string{"room": "B2.14"})
	if want := `Uw **Sleutel** van B2.14; \{letterlijk\}.`; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
