package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
)

// params are what the address of a list says.
type params struct {
	View     desk.View
	Sort     desk.Sort
	Own      string // one of the user's own views: where view, sort and find come from
	Words    string // what is typed in the search, without the filters
	Chips    []chip
	Problems []fault
	find     search.Query
}

// chip is a filter in the search box.
type chip struct{ Key, Value, Term, Without string }

// fault is something typed that is not understood.
type fault struct {
	Words string
	Near  string // what may have been meant
	Path  string // the list with that
}

// query is the list that is asked for.
func (p params) query() desk.Query { return desk.Query{View: p.View, Find: p.find, Sort: p.Sort} }

// path is the address of a list with another search.
func (p params) path(find search.Query) string {
	v := url.Values{}
	if p.View != desk.OpenView {
		v.Set("view", string(p.View))
	}
	if p.Sort != desk.ByUrgency {
		v.Set("sort", string(p.Sort))
	}
	if s := find.String(); s != "" {
		v.Set("q", s)
	}
	return inboxPath(v)
}

func inboxPath(v url.Values) string {
	if len(v) == 0 {
		return "/inbox"
	}
	return "/inbox?" + v.Encode()
}

// Path is the address of this list.
func (p params) Path() string { return p.path(p.find) }

// Everywhere is the same search in closed requests too, "" when it is that.
func (p params) Everywhere() string {
	if !p.Searched() || p.View == desk.AllView || p.View == desk.ClosedView {
		return ""
	}
	p.View = desk.AllView
	return p.Path()
}

// Rows is where a page asks for rows of this list.
func (p params) Rows() string {
	v := url.Values{"view": {string(p.View)}, "sort": {string(p.Sort)}, "q": {p.find.String()}}
	return "/inbox/rows?" + v.Encode()
}

// Searched reports whether something is searched for.
func (p params) Searched() bool { return !p.find.IsZero() }

// Query is the search as a form sends it back.
func (p params) Query() string { return p.find.String() }

// asked reads which list is asked for; views are those the actor has.
func asked(f url.Values, language string, views []desk.View) params {
	p := params{View: desk.View(f.Get("view")), Sort: desk.Sort(f.Get("sort"))}
	if !slices.Contains(sorts, p.Sort) {
		p.Sort = desk.ByUrgency
	}
	typed := strings.Join(append(slices.Clone(f["t"]), f.Get("q")), " ")
	var problems []search.Problem
	p.find, problems = search.ParseQuery(typed, language)
	if !slices.Contains(views, p.View) && !(p.View == desk.AllView && p.Searched()) { // all there ever was is only searched
		p.View = desk.OpenView
	}
	p.describe(language, problems)
	return p
}

// describe fills in what the search box shows.
func (p *params) describe(language string, problems []search.Problem) {
	var words search.Query
	for _, t := range p.find.Terms {
		if t.Key == search.Text {
			words.Terms = append(words.Terms, t)
			continue
		}
		one := search.Query{Terms: []search.Term{t}}
		rest := search.Query{Terms: slices.DeleteFunc(slices.Clone(p.find.Terms), func(u search.Term) bool { return u == t })}
		key, value, _ := strings.Cut(one.In(language), ":")
		p.Chips = append(p.Chips, chip{Key: key, Value: value, Term: one.String(), Without: p.path(rest)})
	}
	p.Words = words.In(language)
	for _, bad := range problems {
		p.Problems = append(p.Problems, p.fault(bad, language))
	}
}

// fault says what is not understood, and leads to what may have been meant.
func (p *params) fault(bad search.Problem, language string) fault {
	f := fault{Words: bad.Word}
	switch {
	case bad.Near != "":
		f.Near = bad.Near + ":" + bad.Value
	case len(bad.Values) > 0:
		f.Near = bad.Key + ":" + bad.Values[0]
	}
	if f.Near == "" {
		return f
	}
	meant, _ := search.ParseQuery(f.Near, language)
	rest := slices.DeleteFunc(slices.Clone(p.find.Terms), func(t search.Term) bool {
		return t.Key == search.Text && strings.Contains(strings.ToLower(bad.Word), strings.ToLower(t.Value))
	})
	f.Path = p.path(search.Query{Terms: append(rest, meant.Terms...)})
	return f
}
