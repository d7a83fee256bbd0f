package desk

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie/internal/i18n"
)

func builtIn(t testing.TB) *i18n.Texts {
	t.Helper()
	base, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func TestATemplateWithAnUnknownPlaceholderIsRefusedWithThoseThereAre(t *testing.T) {
	base := builtIn(t)
	for _, x := range []struct{ key, text, want string }{
		{"receipt", "Binnen, {wie} hoort het {moment}", "{wie} is not known here; this text knows {moment}"},
		{"bye", "Groet {desk} {name}", "{name} is not known here; this text knows {desk}"},
		{"team_asked", "Vraag {x}", "{x} is not known here; this text has no placeholders"},
		{"recept", "x", `there is no text "recept"; did you mean "receipt"?`},
		{"receipt", " \n", "the text is empty"},
		{"subject", "a\nBcc: x@y", "a subject is one line"},
		{"receipt", "a\x00b", "a character in it that cannot be seen"},
		{"receipt", "a\u202eb", "a character in it that cannot be seen"},
		{"receipt", strings.Repeat("a", templateLimit+1), "the limit is 4000"},
	} {
		if err := CheckTemplate(base, x.key, x.text); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %q: %v, want %s", x.key, x.text, err, x.want)
		}
	}
	// What looks like an engine's is a text like any other.
	for _, fine := range []string{"{{.Secret}}", "${jndi:x}", "<script>", "{% raw %}"} {
		if err := CheckTemplate(base, "receipt", fine); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
}

func TestTemplatesComeBackAsTheyWereWritten(t *testing.T) {
	base := builtIn(t)
	keys := LetterKeys(base)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -z|~\n-ÿ€…“]{1,60}x`).Draw(t, "text")
		in := Templates{}.With(rapid.SampledFrom(keys).Draw(t, "key"), rapid.SampledFrom(i18n.Languages).Draw(t, "language"), text)
		out, err := ParseTemplates("t", in.Marshal(), base)
		if err != nil {
			if strings.Contains(err.Error(), "one line") || strings.Contains(err.Error(), "cannot be seen") {
				return
			}
			t.Fatalf("%v\n%s", err, in.Marshal())
		}
		for k, by := range in {
			for l, s := range by {
				if out[k][l] != s {
					t.Fatalf("%q came back as %q", s, out[k][l])
				}
			}
		}
	})
	if out, err := ParseTemplates("t", nil, base); err != nil || len(out) != 0 {
		t.Errorf("nothing: %v, %v", out, err)
	}
}

func FuzzTemplates(f *testing.F) {
	base := builtIn(f)
	f.Add([]byte("templates:\n  receipt: {nl: \"Binnen {moment}\"}\n"))
	f.Add([]byte("templates: [a]\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := ParseTemplates("t", body, base)
		if err != nil {
			return
		}
		for k, by := range in {
			for _, s := range by {
				if CheckTemplate(base, k, s) != nil {
					t.Fatalf("%q got through", s)
				}
			}
		}
	})
}
