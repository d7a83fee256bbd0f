package web

import (
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

// shell is what stands around every page of the desk; page structs embed it.
type shell struct {
	Me      auth.User
	CSRF    string
	Nav     []navItem
	Late    int    // requests that are late, at the inbox in the rail
	Theme   string // "light", "dark" or "" as the system says
	KeysOff bool   // no single-key shortcuts
	Notice  string // what was just done, in words
	Undo    *undo  // how to take it back
	Narrow  bool   // the page stands in one readable column
}

// undo is a button that takes the last act back.
type undo struct {
	Path   string            // where it posts to
	Fields map[string]string // what it posts
}

// navItem is one place of the rail.
type navItem struct {
	Path, Icon, Key string // Key of the text
	Here            bool
}

// places are those of the rail, in order, and who may go there.
var places = []struct {
	path, icon, key string
	right           desk.Right
}{
	{"/inbox", "inbox", "desk.nav_inbox", desk.SeeRequests},
	{"/call", "phone", "desk.nav_call", desk.ActOnRequests},
	{"/board", "board", "board.nav", desk.SeeDocuments},
	{"/catalogue", "book", "desk.nav_catalogue", desk.SeeDocuments},
	{"/rules", "rules", "desk.nav_rules", desk.SeeDocuments},
	{"/figures", "chart", "figures.nav", desk.SeeDocuments},
	{"/customers", "users", "desk.nav_customers", desk.SeeDocuments},
	{"/settings", "gear", "desk.nav_settings", desk.SeeAudit},
}

// around is the shell of a page.
func (w *Web) around(c *fiber.Ctx, s auth.Session) shell {
	a := s.Actor()
	sh := shell{Me: s.User, CSRF: s.CSRF, Theme: s.User.Profile.Theme, KeysOff: s.User.Profile.KeysOff}
	if w.Overview != nil {
		sh.Late = w.Overview.Late(a, w.Now())
	}
	for _, p := range places {
		if a.Can(p.right) {
			sh.Nav = append(sh.Nav, navItem{p.path, p.icon, p.key, within(c.Path(), p.path)})
		}
	}
	return sh
}

// within reports whether a path is a place or below it; requests are of the inbox.
func within(path, place string) bool {
	if place == "/inbox" && strings.HasPrefix(path, "/r/") {
		return true
	}
	return path == place || strings.HasPrefix(path, place+"/")
}

// Initials are two letters for a name's disc.
func (sh shell) Initials() string { return initials(sh.Me.Name) }

func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 {
		return strings.ToUpper(string(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return strings.ToUpper(string(first) + string(last))
}
