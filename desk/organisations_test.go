package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

func TestOrganisationsAreReadAsWritten(t *testing.T) {
	got, err := desk.ParseOrganisations("o.yaml", []byte(`# ours
organisations:
- id: linde
  name: "Zorggroep De Linde"
  domains: [Linde.example, zorg.linde.example, bücher.example]
  key_account: true
  segment: zorg
  account_manager: accountzorg
- {id: 12, name: , domains: , key_account: }
`))
	want := []balie.Organisation{
		{ID: "linde", Name: "Zorggroep De Linde", Domains: []string{"linde.example", "zorg.linde.example", "bücher.example"},
			KeyAccount: true, Segment: "zorg", AccountManager: "accountzorg"},
		{ID: "12"},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	for _, none := range []string{"", "# nothing yet\n", "organisations: []\n", "organisations:\n"} {
		if got, err := desk.ParseOrganisations("o.yaml", []byte(none)); len(got) != 0 || err != nil {
			t.Errorf("%q: %v, %v", none, got, err)
		}
	}
}

func TestEveryMistakeInOrganisationsHasItsPlaceAndTheMend(t *testing.T) {
	for _, x := range []struct{ in, want string }{
		{"organisation: []", `o.yaml:1:1: "organisation" is not a key here; did you mean "organisations"?`},
		{"organisations: {id: a}", `o.yaml:1:16: organisations: here a list is expected; write "- item" lines or [a, b]`},
		{"organisations:\n- a", `o.yaml:2:3: organisations[0]: here keys with values are expected; write "key: value" lines under it`},
		{"organisations:\n- id: a\n  domain: [a.example]", `o.yaml:3:3: organisations[0]: "domain" is not a key here; did you mean "domains"?`},
		{"organisations:\n- id: a\n  key_acount: true\n  key_account: maybe",
			`o.yaml:3:3: organisations[0]: "key_acount" is not a key here; did you mean "key_account"?
o.yaml:4:16: organisations[0].key_account: "maybe" is neither true nor false`},
		{"organisations:\n- id: a\n  name: A\n  name: B", `o.yaml:4:3: organisations[0]: "name" stands here twice; remove one of them`},
		{"organisations:\n- name: A", `o.yaml:2:3: organisations[0].id: an organisation has no id; give it one`},
		{"organisations:\n- id: a\n- id: b\n- id: a", `o.yaml:4:7: organisations[2].id: "a" is there twice, first on line 2; give each its own id`},
		{"organisations:\n- id: a\n  domains: info@a.example", `o.yaml:3:12: organisations[0].domains: here a list is expected; write "- item" lines or [a, b]`},
		{"organisations:\n- id: a\n  domains:\n  - info@a.example\n  - https://www.b.example/contact\n  - '*.c.example'\n  - d_d.example\n  - nl\n  - ''\n  - e..example",
			`o.yaml:4:5: organisations[0].domains: "info@a.example" is not a mail domain; write "a.example"; domains below it are meant too
o.yaml:5:5: organisations[0].domains: "https://www.b.example/contact" is not a mail domain; write "b.example"; domains below it are meant too
o.yaml:6:5: organisations[0].domains: "*.c.example" is not a mail domain; write "c.example"; domains below it are meant too
o.yaml:7:5: organisations[0].domains: "d_d.example" is not a mail domain; write the part after the @, such as example.nl
o.yaml:8:5: organisations[0].domains: "nl" is not a mail domain; write the part after the @, such as example.nl
o.yaml:9:5: organisations[0].domains: "" is not a mail domain; write the part after the @, such as example.nl
o.yaml:10:5: organisations[0].domains: "e..example" is not a mail domain; write the part after the @, such as example.nl`},
		{"organisations:\n- id: a\n  domains: [a.example, A.example]", `o.yaml:3:24: organisations[0].domains: "A.example" stands here twice; remove one of them`},
		{"organisations:\n- id: a\n  domains: [a.example, bücher.example]\n- id: b\n  domains:\n  - A.Example\n  - xn--bcher-kva.example\n  - b.a.example",
			`o.yaml:6:5: organisations[1].domains: "A.Example" is a domain of another organisation too, on line 3; a domain belongs to one organisation: remove one of them
o.yaml:7:5: organisations[1].domains: "xn--bcher-kva.example" is a domain of another organisation too, on line 3; a domain belongs to one organisation: remove one of them`},
		{"organisations:\n- &a {id: a}\n- *a", "o.yaml:2:3: organisations[0]: anchors and aliases are not read here; write the value out\no.yaml:3:3: organisations[1]: anchors and aliases are not read here; write the value out"},
		{"organisations:\n- id: a\n name: b", `o.yaml:3:2: value is not allowed in this context; check indentation, quotes, and the colon and space after each key`},
	} {
		got, err := desk.ParseOrganisations("o.yaml", []byte(x.in))
		if got != nil || err == nil || err.Error() != x.want {
			t.Errorf("%s\n got %v\nwant %s", x.in, err, x.want)
		}
	}
}

func FuzzOrganisations(f *testing.F) {
	f.Add([]byte("organisations:\n- {id: a, domains: [a.example]}\n"))
	f.Add([]byte("organisations:\n- !!map {id: !x , domains: [*a, &b c]}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := desk.ParseOrganisations("o.yaml", body)
		if err == nil {
			seen := map[string]bool{}
			for _, o := range all {
				for _, d := range append([]string{"id " + o.ID}, o.Domains...) {
					if seen[d] || d == "id " || d != strings.TrimSpace(d) {
						t.Fatalf("%q: twice or empty", d)
					}
					seen[d] = true
				}
			}
			return
		}
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			if bad, ok := errors.AsType[*balie.InvalidError](e); !ok || bad.Line < 1 || bad.Col < 1 {
				t.Errorf("%v has no place", e)
			}
		}
	})
}
