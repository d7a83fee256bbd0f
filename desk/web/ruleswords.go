package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/balie/balie/router"
)

// said are what the router says of a rule, as patterns, with the key of the
// text that says it in the reader's language. What is not among them is shown
// as the router says it.
var ruleSaid = []struct {
	pattern *regexp.Regexp
	key     string
}{
	{regexp.MustCompile(`^the condition is never true$`), "said_never"},
	{regexp.MustCompile(`^its parts contradict each other: `), "said_never_fix"},
	{regexp.MustCompile(`^it is never reached: rule "(?P<rule>[^"]+)" always matches and decides$`), "said_always"},
	{regexp.MustCompile(`^it is never reached: rule "(?P<rule>[^"]+)" has the same condition and decides$`), "said_same"},
	{regexp.MustCompile(`^it is never reached: whenever it matches, rule "(?P<rule>[^"]+)" matched already and decided$`), "said_covered"},
	{regexp.MustCompile(`^it does the same as rule "(?P<rule>[^"]+)"$`), "said_double"},
	{regexp.MustCompile(`^move it above that rule$`), "said_above"},
	{regexp.MustCompile(`^move it above that rule, or narrow that one$`), "said_above_or_narrow"},
	{regexp.MustCompile(`^join the two rules$`), "said_join"},
	{regexp.MustCompile(`^remove one of them$`), "said_remove"},
	{regexp.MustCompile(`^narrow the condition$`), "said_narrow"},
	{regexp.MustCompile(`^widen the condition$`), "said_widen"},
	{regexp.MustCompile(`^the rule is switched off$`), "said_off"},
	{regexp.MustCompile(`^rule "(?P<rule>[^"]+)" comes first: move this rule up or narrow that one$`), "said_first"},
	{regexp.MustCompile(`^not true: (?P<clauses>.+)$`), "said_not_true"},
	{regexp.MustCompile(`^the rule matches, and must not: rule "[^"]+": (?P<why>.+)$`), "said_must_not"},
	{regexp.MustCompile(`^the rule does not match; instead .+ by rule "(?P<rule>[^"]+)"$`), "said_instead"},
	{regexp.MustCompile(`^the rule does not match; instead .+ by no rule$`), "said_instead_none"},
	{regexp.MustCompile(`^team "(?P<name>[^"]*)" does not exist$`), "said_no_team"},
	{regexp.MustCompile(`^use the id of a team in the catalogue$`), "said_team_fix"},
	{regexp.MustCompile(`^product "(?P<name>[^"]*)" does not exist$`), "said_no_product"},
	{regexp.MustCompile(`^use the id of a product in the catalogue$`), "said_product_fix"},
	{regexp.MustCompile(`^(?P<name>[\w.]+) does not exist$`), "said_no_fact"},
	{regexp.MustCompile(`^did you mean "(?P<name>[^"]+)"\?$`), "said_did_you_mean"},
	{regexp.MustCompile(`^use one of (?P<list>.+)$`), "said_one_of"},
	{regexp.MustCompile(`^(?P<name>[\w.]+) is not a value by itself$`), "said_no_value"},
	{regexp.MustCompile(`^the condition cannot be read: (?P<why>(?s).+)$`), "said_unreadable"},
	{regexp.MustCompile(`^check brackets and quotes$`), "said_brackets"},
	{regexp.MustCompile(`^a single = compares nothing$`), "said_equals"},
	{regexp.MustCompile(`^write (?P<what>==|&&|\|\||!)$`), "said_write"},
	{regexp.MustCompile(`^"(?P<word>and|or|not)" is not known here$`), "said_word"},
	{regexp.MustCompile(`^the condition is (?P<what>a text|a number|a list|a list of fields), not true or false$`), "said_no_bool"},
	{regexp.MustCompile(`^compare it with something$`), "said_compare"},
	{regexp.MustCompile(`^compare things of the same kind$`), "said_same_kind"},
	{regexp.MustCompile(`^write a number without quotes$`), "said_number"},
	{regexp.MustCompile(`^the pattern cannot be read: (?P<why>.+)$`), "said_pattern"},
	{regexp.MustCompile(`^(?P<name>[\w.]+) is never "(?P<value>[^"]*)"$`), "said_never_value"},
	{regexp.MustCompile(`^the rule has no condition$`), "said_no_condition"},
	{regexp.MustCompile(`^the rule does nothing$`), "said_nothing"},
	{regexp.MustCompile(`^(?P<a>\w+) and (?P<b>\w+) both decide$`), "said_both"},
	{regexp.MustCompile(`^a message is discarded without a reason$`), "said_no_reason"},
	{regexp.MustCompile(`^(?P<op>\S+) does not work on .+$`), "said_no_work"},
	{regexp.MustCompile(`^there is nothing to ask$`), "said_no_ask"},
	{regexp.MustCompile(`^"(?P<name>[^"]+)" is not a fact$`), "said_not_fact"},
}

// inWords is what the router says, in the reader's language where it can be.
func (w *Web) inWords(l, said string) string {
	for _, x := range ruleSaid {
		m := x.pattern.FindStringSubmatch(said)
		if m == nil {
			continue
		}
		var pairs []string
		for i, name := range x.pattern.SubexpNames() {
			if name == "" {
				continue
			}
			value := m[i]
			if name == "rule" {
				value = w.ruleName(value, l)
			}
			pairs = append(pairs, name, value)
		}
		return w.Texts.Text(l, "rules."+x.key, pairs...)
	}
	return said
}

// ruleName is the name of a rule in force, or its id.
func (w *Web) ruleName(id, l string) string {
	for _, r := range w.Rules.Brain().Rules.Rules() {
		if r.ID == id {
			return r.Name(l)
		}
	}
	return id
}

// celToken is a piece of a condition with the class of its colour.
type celToken struct{ Class, Text string }

var celPieces = regexp.MustCompile(`[rR]?"(?:[^"\\]|\\.)*"|[rR]?'(?:[^'\\]|\\.)*'|//[^\n]*|\b\d+(?:\.\d+)?\b|[A-Za-z_][A-Za-z0-9_]*|.|\n`)

// celTokens colours a condition.
func celTokens(cel string) []celToken {
	groups := factGroups()
	var out []celToken
	for _, p := range celPieces.FindAllString(cel, -1) {
		class := ""
		switch c := p[0]; {
		case c == '"' || c == '\'' || len(p) > 1 && (p[1] == '"' || p[1] == '\''):
			class = "s"
		case c >= '0' && c <= '9' || p == "true" || p == "false":
			class = "d"
		case slices.Contains(groups, p):
			class = "k"
		case slices.Contains([]string{"size", "has", "matches", "contains", "startsWith", "endsWith", "in"}, p):
			class = "f"
		}
		if n := len(out); n > 0 && out[n-1].Class == class {
			out[n-1].Text += p
			continue
		}
		out = append(out, celToken{class, p})
	}
	return out
}

// factGroups are what facts begin with, in order.
func factGroups() []string {
	var out []string
	for _, f := range router.BuilderFacts() {
		group, _, _ := strings.Cut(f.Name, ".")
		if !slices.Contains(out, group) {
			out = append(out, group)
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
