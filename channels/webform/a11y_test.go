package webform_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/balie/balie"
)

// everyPage is every page of this channel, in both languages.
func everyPage(t *testing.T) map[string]page {
	s := open(t, nil)
	receipt := s.ask("Pas werkt niet", "name", `"><script>alert(1)</script>`)
	at := trimmed(receipt)
	r := s.lastRequest()
	s.desk.say(balie.Message{Request: r.ID, Side: balie.CustomerSide, Direction: balie.Out, Language: "nl", Text: "**Dag**, [kijk](https://x.nl)"})
	out := map[string]page{}
	for _, l := range []string{"nl", "en"} {
		out["form "+l] = s.get("/form?lang=" + l)
		out["status "+l] = s.get(at + "?lang=" + l)
		out["receipt "+l] = s.get(strings.Replace(receipt, "lang=nl", "lang="+l, 1))
		out["error "+l] = s.get("/nowhere?lang=" + l)
		out["form with mistakes "+l] = s.post("/form", url.Values{"token": {s.fresh("/form")}, "lang": {l}, "email": {`"><img src=x onerror=alert(1)>`}, "product": {"x"}, "name": {strings.Repeat("n", 300)}})
		out["reply with a mistake "+l] = s.post(at, url.Values{"token": {s.fresh(at)}, "lang": {l}})
	}
	s.desk.do(t, r.ID, balie.Event{What: balie.Answered, By: "agent:x"}, balie.Event{What: balie.Confirmed, By: "customer"})
	for _, l := range []string{"nl", "en"} {
		out["done "+l] = s.get(at + "?lang=" + l)
	}
	return out
}

// TestEveryPageCanBeUsedByEveryone holds the pages to what a parser can see of
// WCAG: a language, one h1, landmarks, names of controls, ids that exist.
func TestEveryPageCanBeUsedByEveryone(t *testing.T) {
	for name, p := range everyPage(t) {
		root, err := html.Parse(strings.NewReader(p.body))
		if err != nil {
			t.Fatal(err)
		}
		l := name[strings.LastIndexByte(name, ' ')+1:]
		look(t, name, l, root)
		if mistakes := strings.Contains(name, "mistake"); mistakes != strings.Contains(p.body, map[string]string{"nl": "<title>Fout: ", "en": "<title>Error: "}[l]) {
			t.Errorf("%s: its title starts with an error: %v", name, !mistakes)
		}
		if strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img src=x") {
			t.Errorf("%s: what was typed is not escaped", name)
		}
		if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", name, csp)
		}
	}
}

func look(t *testing.T, name, language string, root *html.Node) {
	t.Helper()
	ids, labels, count := map[string]int{}, map[string]bool{}, map[string]int{}
	var nodes []*html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		nodes = append(nodes, n)
		count[n.Data]++
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labels[attr(n, "for")] = true
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %q is used %d times", name, id, n)
		}
	}
	if count["h1"] != 1 || count["main"] != 1 || count["title"] != 1 {
		t.Errorf("%s: %d h1, %d main, %d title; want one of each", name, count["h1"], count["main"], count["title"])
	}
	for _, n := range nodes {
		lookAt(t, name, language, n, ids, labels)
	}
}

func lookAt(t *testing.T, name, language string, n *html.Node, ids map[string]int, labels map[string]bool) {
	t.Helper()
	switch n.Data {
	case "html":
		if attr(n, "lang") != language {
			t.Errorf("%s: lang is %q", name, attr(n, "lang"))
		}
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" && !labels[attr(n, "id")] && attr(n, "aria-label") == "" {
			t.Errorf("%s: control %q has no label", name, attr(n, "name"))
		}
	case "button", "a":
		if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
			t.Errorf("%s: a %s without words", name, n.Data)
		}
		if to, ok := strings.CutPrefix(attr(n, "href"), "#"); ok && ids[to] == 0 {
			t.Errorf("%s: a link to #%s, which is not there", name, to)
		}
	case "svg":
		if attr(n, "aria-hidden") != "true" && attr(n, "role") != "img" {
			t.Errorf("%s: a drawing that is neither hidden nor named", name)
		}
	case "nav", "aside":
		if n.Data == "nav" && attr(n, "aria-label") == "" {
			t.Errorf("%s: a nav without a name", name)
		}
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style", strings.HasPrefix(a.Key, "on"):
			t.Errorf("%s: <%s %s>", name, n.Data, a.Key)
		case a.Key == "aria-describedby" || a.Key == "aria-labelledby":
			for _, id := range strings.Fields(a.Val) {
				if ids[id] == 0 {
					t.Errorf("%s: %s names %q, which is not there", name, a.Key, id)
				}
			}
		}
	}
	if attr(n, "aria-invalid") == "true" && attr(n, "aria-describedby") == "" {
		t.Errorf("%s: %q is wrong but does not say why", name, attr(n, "name"))
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
