package router

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// Bounds of a condition. A unit of cost is about one simple step.
const (
	conditionSize = 8 << 10 // characters
	nesting       = 50      // brackets within brackets
	patternSize   = 2000    // instructions of a regular expression
	cheap         = 200_000 // estimated cost up to which a condition runs without being watched
	costLimit     = 200_000 // at which a watched condition is stopped: a few milliseconds
	limitedRules  = 20      // watched conditions in a ruleset
)

func newEnv(v *vocabulary) (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(conditionSize),
		cel.ParserRecursionLimit(nesting),
		cel.RegexProgramSizeLimit(patternSize),
		cel.DefaultUTCTimeZone(true),
		cel.EnableMacroCallTracking(), // so that a trace shows macros as written
	}
	for _, f := range v.facts {
		opts = append(opts, cel.Variable(f.name, f.typ))
	}
	return cel.NewEnv(opts...)
}

// language is what the conditions of one document are compiled with.
type language struct {
	*vocabulary
	env   *cel.Env
	r     *reader
	words *words
}

func newLanguage(v *vocabulary, r *reader) (*language, error) {
	env, err := newEnv(v)
	if err != nil {
		return nil, fmt.Errorf("prepare the rule language: %w", err)
	}
	return &language{vocabulary: v, env: env, r: r, words: newWords()}, nil
}

// condition compiles what one rule says under when.
type condition struct {
	*language
	text  string
	field string          // of the rule
	place yamltree.Source // of the text
	bad   bool
}

// compiled is a condition ready to run.
type compiled struct {
	cond    node // what can be told without CEL
	ast     *cel.Ast
	program cel.Program
	limited bool // runs under the cost limit
	tracked func() (cel.Program, error)
}

// compile is false when something is wrong, which is a problem by then.
func (c *condition) compile() (compiled, bool) {
	ast, issues := c.env.Compile(c.text)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			c.told(e)
			if strings.HasPrefix(e.Message, "Syntax error: ") {
				break // what follows is only the parser's confusion
			}
		}
		return compiled{}, false
	}
	if ast.OutputType() != cel.BoolType {
		c.at(0, 0, "the condition is "+typeWord(ast.OutputType())+", not true or false", "compare it with something")
		return compiled{}, false
	}
	c.check(ast)
	if c.bad {
		return compiled{}, false
	}
	out := compiled{ast: ast}
	out.cond = reading{c.vocabulary, ast.NativeRep().SourceInfo(), c.words}.node(ast.NativeRep().Expr())
	estimate, err := c.env.EstimateCost(ast, sizes{c.vocabulary})
	out.limited = err != nil || estimate.Max > cheap
	if err := out.programs(c.env); err != nil {
		c.at(0, 0, "the condition cannot be prepared: "+err.Error(), "write it in a simpler way")
		return compiled{}, false
	}
	return out, true
}

func (r *compiled) programs(env *cel.Env) error {
	plain := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	tracked := []cel.ProgramOption{cel.EvalOptions(cel.OptExhaustiveEval)}
	if r.limited {
		plain = append(plain, cel.CostLimit(costLimit))
		// Looking at every clause could cost more than the limit where
		// deciding did not.
		tracked = []cel.ProgramOption{cel.EvalOptions(cel.OptTrackState), cel.CostLimit(costLimit)}
	}
	r.tracked = trackedOnce(env, r.ast, tracked...)
	var err error
	r.program, err = env.Program(r.ast, plain...)
	return err
}

// holds reports whether the condition is true.
func (r *compiled) holds(s *seen) (bool, error) {
	if r.cond.eval(s) == no {
		return false, nil
	}
	v, _, err := r.program.Eval(s)
	return err == nil && v == types.True, err
}

func (c *condition) at(line, col int, problem, fix string) {
	l, k := c.place.Place(line, col)
	c.r.Add(l, k, c.field+".when", problem, fix)
	c.bad = true
}

// check refuses what compiles but cannot be meant.
func (c *condition) check(ast *cel.Ast) {
	celast.PostOrderVisit(ast.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() != celast.CallKind {
			return
		}
		call := e.AsCall()
		switch name := call.FunctionName(); {
		case name == "matches":
			c.checkPattern(ast, call)
		case len(call.Args()) == 2 && (name == "_==_" || name == "_!=_"):
			c.checkChoice(ast, call.Args()[0], call.Args()[1])
			c.checkChoice(ast, call.Args()[1], call.Args()[0])
		case len(call.Args()) == 2 && name == "@in" && call.Args()[1].Kind() == celast.ListKind:
			for _, item := range call.Args()[1].AsList().Elements() {
				c.checkChoice(ast, call.Args()[0], item)
			}
		}
	}))
}

// checkPattern refuses a pattern that comes from the message: strangers would
// write it.
func (c *condition) checkPattern(ast *cel.Ast, call celast.CallExpr) {
	pattern := call.Args()[len(call.Args())-1]
	line, col := position(ast, pattern)
	s, ok := literal(pattern)
	if !ok {
		c.at(line, col, "the pattern of matches is not fixed", `write it out, such as matches("(?i)\\bkey\\b")`)
		return
	}
	if _, err := regexp.Compile(s); err != nil {
		c.at(line, col, "the pattern cannot be read: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "),
			"patterns are RE2; see https://github.com/google/re2/wiki/Syntax")
	}
}

// checkChoice refuses to compare a fact with a value that it never has.
func (c *condition) checkChoice(ast *cel.Ast, left, right celast.Expr) {
	i, ok := c.factOf(left)
	value, isText := literal(right)
	if !ok || !isText {
		return
	}
	f := c.facts[i]
	line, col := position(ast, right)
	if f.choices != nil && !slices.Contains(f.choices, value) {
		c.at(line, col, fmt.Sprintf("%s is never %q", f.name, clip(value, 40)), yamltree.Suggest(value, f.choices))
	}
	known := c.r.known
	if known == nil || value == "" {
		return
	}
	switch f.id {
	case productID:
		if !known.HasProduct(value) {
			c.at(line, col, fmt.Sprintf("product %q does not exist", clip(value, 60)), "use the id of a product in the catalogue")
		}
	case teamID:
		if !known.HasTeam(value) {
			c.at(line, col, fmt.Sprintf("team %q does not exist", clip(value, 60)), "use the id of a team in the catalogue")
		}
	}
}

func literal(e celast.Expr) (string, bool) {
	if e.Kind() != celast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func position(ast *cel.Ast, e celast.Expr) (line, col int) {
	at := ast.NativeRep().SourceInfo().GetStartLocation(e.ID())
	return max(at.Line()-1, 0), max(at.Column(), 0)
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	dotted     = regexp.MustCompile(`^[\pL_][\pL\d_]*(\.[\pL_][\pL\d_]*)*`)
)

// told says in the desk's words what CEL found.
func (c *condition) told(e *common.Error) {
	line, col := max(e.Location.Line()-1, 0), max(e.Location.Column(), 0)
	rest := c.rest(line, col)
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		name := dotted.FindString(rest)
		if !strings.HasPrefix(name, m[1]) {
			name = m[1]
		}
		c.unknown(line, col, name)
		return
	}
	if m := noOverload.FindStringSubmatch(e.Message); m != nil {
		c.mismatch(line, col, m[1], m[2])
		return
	}
	if message, syntax := strings.CutPrefix(e.Message, "Syntax error: "); syntax {
		c.syntax(line, col, rest, message)
		return
	}
	c.at(line, col, e.Message, "see the list of facts in "+c.doc)
}

// rest is the condition from a place on.
func (c *condition) rest(line, col int) string {
	lines := strings.Split(c.text, "\n")
	if line >= len(lines) {
		return ""
	}
	runes := []rune(lines[line])
	return string(runes[min(col, len(runes)):])
}

func (c *condition) unknown(line, col int, name string) {
	var within []string
	for _, f := range c.names() {
		if strings.HasPrefix(f, name+".") {
			within = append(within, f)
		}
	}
	switch {
	case len(within) > 0:
		c.at(line, col, fmt.Sprintf("%s is not a value by itself", name), "use one of "+strings.Join(within, ", "))
	case name == "and" || name == "or" || name == "not":
		c.syntax(line, col, name, "")
	case c.elsewhere(name) != "":
		c.at(line, col, c.elsewhere(name)+" is not known here", "that is in "+c.others.doc+"; the facts of these rules are in "+c.doc)
	default:
		c.at(line, col, fmt.Sprintf("%s does not exist", name), yamltree.Suggest(name, c.alike(name)))
	}
}

// alike are the facts of the same group, when the group exists.
func (v *vocabulary) alike(name string) []string {
	head, _, _ := strings.Cut(name, ".")
	var group []string
	for _, f := range v.names() {
		if strings.HasPrefix(f, head+".") {
			group = append(group, f)
		}
	}
	if group == nil {
		return v.names()
	}
	return group
}

func (c *condition) mismatch(line, col int, op, kinds string) {
	op = strings.Trim(op, "_@")
	var list []string
	for _, k := range strings.Split(strings.Trim(kinds, "()."), ", ") {
		list = append(list, wordOfType(k))
	}
	what := fmt.Sprintf("%s does not work on %s", op, strings.Join(list, " and "))
	c.at(line, col, what, fixOf(op, list))
}

func fixOf(op string, list []string) string {
	switch {
	case len(list) == 2 && slices.Contains(list, "a number") && slices.Contains(list, "a text"):
		return "write a number without quotes"
	case len(list) == 2 && slices.Contains(list, "true or false") && slices.Contains(list, "a text"):
		return "write true or false without quotes, or only the name"
	case op == "&&" || op == "||" || op == "!":
		return "each side must be true or false: compare it with something"
	case op == ">" || op == "<" || op == ">=" || op == "<=":
		return "compare things of the same kind; the number of items is size(…)"
	}
	return "compare things of the same kind"
}

func (c *condition) syntax(line, col int, rest, message string) {
	word := dotted.FindString(rest)
	switch {
	case word == "and":
		c.at(line, col, `"and" is not known here`, "write &&")
	case word == "or":
		c.at(line, col, `"or" is not known here`, "write ||")
	case word == "not":
		c.at(line, col, `"not" is not known here`, "write !")
	case strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "=="):
		c.at(line, col, "a single = compares nothing", "write ==")
	default:
		c.at(line, col, "the condition cannot be read: "+clip(message, 200), "check brackets and quotes")
	}
}

func typeWord(t *cel.Type) string { return wordOfType(t.String()) }

func wordOfType(t string) string {
	switch {
	case t == "string":
		return "a text"
	case t == "int" || t == "double" || t == "uint":
		return "a number"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "list"):
		return "a list"
	case strings.HasPrefix(t, "map"):
		return "a list of fields"
	}
	return t
}

// sizes tells the estimate of a rule's cost how large facts can be.
type sizes struct{ *vocabulary }

// EstimateCallCost leaves the cost of functions to CEL.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// EstimateSize is how large the fact at the node can be.
func (v sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	path := n.Path()
	if len(path) == 0 {
		return nil
	}
	most := uint64(shortText)
	if i, ok := v.places[path[0]]; ok && len(path) == 1 && v.facts[i].size > 0 {
		most = v.facts[i].size
	}
	size := cost.RangedSizeEstimate(0, most)
	return &size
}

var _ cost.Estimator = sizes{}

// patternFound is where the pattern of a text clause is in a text.
func patternFound(pattern, in string) string {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return ""
	}
	return clip(re.FindString(clip(in, balie.RuleTextLimit)), 40)
}
