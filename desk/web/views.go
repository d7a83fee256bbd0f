package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) viewRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/inbox/views", right: desk.SeeRequests, object: ownObject, handle: w.ownViews},
		{method: fiber.MethodPost, path: "/inbox/views", right: desk.SeeRequests, object: ownObject, handle: w.saveView},
		{method: fiber.MethodPost, path: "/inbox/views/:view", right: desk.SeeRequests, object: ownObject, handle: w.changeView},
	}
}

// viewKind is the kind of the records that are somebody's own views. Their
// keys begin with the user's.
const viewKind = "view"

// Bounds of somebody's own views: each is counted on every page.
const (
	mostViews    = 12
	viewName     = 40   // letters
	viewQuery    = 1000 // bytes, as what is typed in the search
	viewNameByte = 4 * viewName
)

// ownView is a search that somebody kept.
type ownView struct {
	Key     string `json:"-"`
	Version uint64 `json:"-"`
	Name    string `json:"name"`
	Query   string `json:"query"` // in the canonical words
	View    string `json:"view,omitzero"`
	Sort    string `json:"sort,omitzero"`
	Place   int    `json:"place"` // its order; the same ones by key
}

// ID is what names it among its owner's.
func (v ownView) ID() string {
	_, id, _ := strings.Cut(v.Key, "/")
	return id
}

// viewsOf are a user's own views in their order.
func (w *Web) viewsOf(ctx context.Context, user string) ([]ownView, error) {
	records, err := w.Records.ListRecords(ctx, viewKind, user+"/", "", false, 0)
	if err != nil {
		return nil, fmt.Errorf("list the views of %s: %w", user, err)
	}
	var out []ownView
	for _, r := range records {
		v := ownView{Key: r.Key, Version: r.Version}
		if err := json.Unmarshal(r.Body, &v); err != nil {
			return nil, fmt.Errorf("read view %s: %w", r.Key, err)
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b ownView) int { return cmp.Compare(a.Place, b.Place) })
	return out, nil
}

func (w *Web) putView(ctx context.Context, v ownView) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.Records.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: viewKind, Key: v.Key, Version: v.Version + 1, Body: body}}})
}

// viewsPage is what views.html shows: one's own views, to be put in order.
type viewsPage struct {
	shell
	Views []ownView
	Fault string
	Name  string
}

func (w *Web) ownViews(c *fiber.Ctx, s auth.Session) error {
	return w.showViews(c, s, "", "")
}

func (w *Web) showViews(c *fiber.Ctx, s auth.Session, fault, name string) error {
	all, err := w.viewsOf(c.UserContext(), s.User.ID)
	if err != nil {
		return err
	}
	p := viewsPage{shell: w.around(c, s), Views: all, Name: name}
	p.Narrow = true
	if fault != "" {
		c.Status(fiber.StatusUnprocessableEntity)
		p.Fault = w.Texts.Text(ui.Language(c), fault, "n", strconv.Itoa(mostViews))
	}
	return w.UI.Render(c, "views", p)
}

// saveView keeps the search that is on the page.
func (w *Web) saveView(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	name := tidyName(f.Get("name"))
	if name == "" {
		return w.showViews(c, s, "inbox.view_unnamed", "")
	}
	all, err := w.viewsOf(c.UserContext(), s.User.ID)
	if err != nil {
		return err
	}
	if len(all) >= mostViews {
		return w.showViews(c, s, "inbox.view_full", name)
	}
	q := asked(f, ui.Language(c), w.views(s.Actor()))
	v := ownView{Key: s.User.ID + "/" + balie.NewID(w.Now()).String(), Name: name, Query: q.find.String(), View: string(q.View), Sort: string(q.Sort)}
	if len(all) > 0 {
		v.Place = all[len(all)-1].Place + 1
	}
	if len(v.Query) > viewQuery {
		return balie.ErrTooLarge
	}
	if err := w.putView(c.UserContext(), v); err != nil {
		return err
	}
	return c.Redirect("/inbox?own="+v.ID(), fiber.StatusSeeOther)
}

// tidyName is a name on one line, or "" when it is none.
func tidyName(s string) string {
	if len(s) > viewNameByte || !utf8.ValidString(s) {
		return ""
	}
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > viewName || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return ""
	}
	return s
}

// changeView renames, moves or removes one of one's own views.
func (w *Web) changeView(c *fiber.Ctx, s auth.Session) error {
	all, err := w.viewsOf(c.UserContext(), s.User.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(v ownView) bool { return v.ID() == c.Params("view") })
	if i < 0 {
		return balie.ErrNotFound
	}
	f := values(c)
	var change balie.Change
	switch f.Get("act") {
	case "delete":
		change.Records = []balie.Record{{Kind: viewKind, Key: all[i].Key}}
	case "rename":
		name := tidyName(f.Get("name"))
		if name == "" {
			return w.showViews(c, s, "inbox.view_unnamed", "")
		}
		all[i].Name = name
		return viewsDone(c, w.putView(c.UserContext(), all[i]))
	case "up", "down":
		if change, err = viewMoved(all, i, f.Get("act") == "up"); err != nil {
			return err
		}
	default:
		return &balie.InvalidError{Field: "act", Problem: "that is not something to do with a view", Fix: "choose one of the buttons"}
	}
	if len(change.Records) == 0 {
		return viewsDone(c, nil)
	}
	return viewsDone(c, w.Records.Commit(c.UserContext(), change))
}

func viewsDone(c *fiber.Ctx, err error) error {
	if err != nil {
		return err
	}
	return c.Redirect("/inbox/views", fiber.StatusSeeOther)
}

// viewMoved is the Change that puts a view one place up or down.
func viewMoved(all []ownView, i int, up bool) (balie.Change, error) {
	j := i + 1
	if up {
		j = i - 1
	}
	var c balie.Change
	if j < 0 || j >= len(all) {
		return c, nil
	}
	all[i], all[j] = all[j], all[i]
	for place, v := range all {
		if v.Place == place {
			continue
		}
		v.Place = place
		body, err := json.Marshal(v)
		if err != nil {
			return c, err
		}
		c.Records = append(c.Records, balie.Record{Kind: viewKind, Key: v.Key, Version: v.Version + 1, Body: body})
	}
	return c, nil
}
