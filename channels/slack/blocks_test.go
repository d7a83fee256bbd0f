package slack

import (
	"strings"
	"testing"
)

func TestMarkdownReadsTheSameInSlack(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"**bold** and *it* and ~~gone~~", "*bold* and _it_ and ~gone~"},
		{"***both***", "_*both*_"},
		{"# Head\n\ntext", "*Head*\n\ntext"},
		{"## A **bold** head", "*A bold head*"},
		{"a\nb", "a\nb"},
		{"a  \nb", "a\nb"},
		{"one\n\ntwo", "one\n\ntwo"},
		{"- a\n- b", "• a\n• b"},
		{"3. a\n4. b", "3. a\n4. b"},
		{"- a\n  - b\n- c", "• a\n    • b\n• c"},
		{"- a\n\n  more\n- b", "• a\n    more\n• b"},
		{"[desk](https://desk.example/x?a=1&b=2)", "<https://desk.example/x?a=1&amp;b=2|desk>"},
		{"[](https://desk.example)", "<https://desk.example>"},
		{"<https://desk.example>", "<https://desk.example>"},
		{"<info@desk.example>", "<mailto:info@desk.example|info@desk.example>"},
		{"[mail us](mailto:info@desk.example)", "<mailto:info@desk.example|mail us>"},
		{"![plan](https://desk.example/p.png)", "<https://desk.example/p.png|plan>"},
		{"`a < b`", "`a &lt; b`"},
		{"```\na < b\n```", "```\na &lt; b\n```"},
		{"> said\n> twice", "> said\n> twice"},
		{"a\n\n---\n\nb", "a\n\n———\n\nb"},
		{"1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"},
		{"R&amp;D", "R&amp;D"},
	} {
		if got := Mrkdwn(c.in); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestS4_TextOfACustomerCallsNobody(t *testing.T) {
	for _, in := range []string{
		"<!channel>", "<!here|here>", "<!everyone>", "<@U123>", "<#C123|general>", "<!subteam^S1|@all>",
		"<!date^1^{date}|x>", "`<!channel>`", "```\n<!channel>\n```", "> <!channel>", "- <@U1>", "**<!here>**",
		"[<!channel>](https://desk.example)", "![<@U1>](https://desk.example)", "[x](<!channel>)",
		"&lt;!channel&gt;", "\\<!channel>", "<!channel\n>", "<div><!channel></div>", "<!-- <!channel> -->", "<!CHANNEL\n>\nx",
	} {
		for name, out := range map[string]string{"Escape": Escape(in), "Mrkdwn": Mrkdwn(in)} {
			for _, bad := range []string{"<!", "<@", "<#"} {
				if strings.Contains(out, bad) {
					t.Errorf("%s(%q) = %q", name, in, out)
				}
			}
		}
	}
}

func TestS6_LinkSaysWhereItLeads(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<https://evil.example|bank.nl>", "https://evil.example|bank.nl"},
		{"<https://evil.example/|bank.nl>", "<https://evil.example/%7Cbank.nl>"},
		{"[bank.nl](https://evil.example)", "<https://evil.example|bank.nl> (evil.example)"},
		{"[https://bank.nl/](https://evil.example)", "<https://evil.example|https://bank.nl/> (evil.example)"},
		{"[bank.nl/evil.example](https://evil.example)", "<https://evil.example|bank.nl/evil.example> (evil.example)"},
		{"[www.desk.example](https://desk.example/a)", "<https://desk.example/a|www.desk.example>"},
		{"[a|b](https://desk.example)", "<https://desk.example|a¦b>"},
		{"[run](javascript:alert(1))", "run"},
		{"[run](slack://channel?id=C1)", "run"},
		{"[x](https:)", "x"},
		{"[x](https://a.example/|<!channel>)", ""},
	} {
		got := Mrkdwn(c.in)
		if c.want != "" && got != c.want || strings.Contains(got, "<!") || strings.Contains(got, "javascript") {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func FuzzMrkdwn(f *testing.F) {
	for _, s := range []string{"**a** <!channel>", "[a|b](https://x.example|y)", "<https://evil|bank.nl>", "- a\n\t- <@U1>", "`<`", "<!A\n>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for rest := Mrkdwn(s); ; {
			i := strings.IndexByte(rest, '<')
			if i < 0 {
				return
			}
			rest = rest[i+1:]
			ok := false
			for _, scheme := range schemes {
				ok = ok || len(rest) > len(scheme) && strings.EqualFold(rest[:len(scheme)+1], scheme+":")
			}
			if !ok {
				t.Fatalf("%q: a < that is no link before %q", s, rest)
			}
		}
	})
}
