package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

// wallKind is the kind of the records that are links to a wallboard; their key
// is the id that the link is of.
const wallKind = "wall"

// wallHolds is how long a link to a wallboard holds.
const wallHolds = 365 * 24 * time.Hour

// wallLink is a link to a wallboard as it is stored.
type wallLink struct {
	Name string    `json:"name"` // where the screen hangs
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// wallsPage is what settingswall.html shows.
type wallsPage struct {
	shell
	Links []wallRow
	Fresh string // the link that was just made: it is shown once
	Name  string
	Fault string
}

type wallRow struct{ ID, Name, By, Made, Ends string }

// wall is the board for a screen that all can see: with a signed link, and
// without anything of a person.
func (w *Web) wall(c *fiber.Ctx) error {
	secret(c)
	now := w.Now()
	id, err := w.Tokens.ParseLink(token.Wall, c.Params("token"), now)
	if err != nil {
		return err
	}
	if _, err := w.Records.Record(c.UserContext(), wallKind, id.String()); err != nil {
		return err // revoked
	}
	b, err := w.Overview.Board(c.UserContext(), desk.Actor{ID: "wall", Role: desk.ReadOnly}, w.Day, now)
	if err != nil {
		return err
	}
	p := boardPage{boardView: w.onlyNumbers(c, b), Again: c.Path()}
	return w.onWall(c, p)
}

// onWall shows the board on a screen; without scripts too it comes again.
func (w *Web) onWall(c *fiber.Ctx, p boardPage) error {
	c.Set("Refresh", wallAgain)
	return w.UI.Render(c, "wall", p)
}

// wallAgain is after how many seconds a screen asks for the page anew.
const wallAgain = "300"

// nameless is a board without anything that a person said or is called: of a
// request its number, its product and who has it.
func nameless(b desk.Board) desk.Board {
	clean := func(list []desk.Alarm) []desk.Alarm {
		out := make([]desk.Alarm, len(list))
		for i, x := range list {
			r := x.Request
			x.Row.Customer, x.Row.Found = balie.Person{}, nil
			x.Row.Request = balie.Request{ID: r.ID, Ref: r.Ref, State: r.State, Kind: r.Kind, Channel: r.Channel, Product: r.Product,
				Priority: r.Priority, Opened: r.Opened, Responded: r.Responded, Handouts: r.Handouts, Language: ""}
			x.Why.Text = ""
			out[i] = x
		}
		return out
	}
	b.Alarms, b.Words = clean(b.Alarms), clean(b.Words)
	return b
}

// walls are the links there are.
func (w *Web) walls(c *fiber.Ctx, s auth.Session) error {
	p, err := w.wallsOf(c, s)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "settingswall", p)
}

func (w *Web) wallsOf(c *fiber.Ctx, s auth.Session) (wallsPage, error) {
	p := wallsPage{shell: w.around(c, s)}
	all, err := w.Records.ListRecords(c.UserContext(), wallKind, "", "", false, 0)
	if err != nil {
		return p, fmt.Errorf("list the links to a wallboard: %w", err)
	}
	for _, r := range all {
		var l wallLink
		if err := json.Unmarshal(r.Body, &l); err != nil {
			return p, fmt.Errorf("read a link to a wallboard: %w", err)
		}
		p.Links = append(p.Links, wallRow{r.Key, l.Name, strings.TrimPrefix(l.By, "agent:"), w.stamp(l.At), w.stamp(r.Expires)})
	}
	return p, nil
}

// wallName bounds the name of a link, in bytes.
const wallName = 80

// addWall makes a link. It is shown once: who has it needs no account.
func (w *Web) addWall(c *fiber.Ctx, s auth.Session) error {
	now := w.Now()
	name := strings.TrimSpace(c.FormValue("name"))
	if name == "" || len(name) > wallName {
		p, err := w.wallsOf(c, s)
		if err != nil {
			return err
		}
		p.Name, p.Fault = name, w.Texts.Text(ui.Language(c), "board.wall_no_name")
		c.Status(fiber.StatusUnprocessableEntity)
		return w.UI.Render(c, "settingswall", p)
	}
	id, ends := balie.NewID(now), now.Add(wallHolds)
	body, err := json.Marshal(wallLink{name, s.Actor().By(), now.UTC()})
	if err != nil {
		return fmt.Errorf("write a link to a wallboard: %w", err)
	}
	a := s.Actor()
	change := balie.Change{Records: []balie.Record{{Kind: wallKind, Key: id.String(), Version: 1, Body: body, Expires: ends},
		a.Audit(now, "wall.add", "wall:"+id.String(), nil, name)}}
	if err := w.Records.Commit(c.UserContext(), change); err != nil {
		return err
	}
	p, err := w.wallsOf(c, s)
	if err != nil {
		return err
	}
	p.Fresh = strings.TrimSuffix(c.BaseURL(), "/") + "/wall/" + w.Tokens.Link(token.Wall, id, ends)
	return w.UI.Render(c, "settingswall", p)
}

// revokeWall ends a link: its screen shows nothing from now on.
func (w *Web) revokeWall(c *fiber.Ctx, s auth.Session) error {
	r, err := w.Records.Record(c.UserContext(), wallKind, c.FormValue("id"))
	if errors.Is(err, balie.ErrNotFound) { // it is gone already
		return c.Redirect("/settings/wall", fiber.StatusSeeOther)
	}
	if err != nil {
		return err
	}
	gone := balie.Record{Kind: wallKind, Key: r.Key, Version: r.Version + 1}
	change := balie.Change{Records: []balie.Record{gone, s.Actor().Audit(w.Now(), "wall.revoke", "wall:"+r.Key, json.RawMessage(r.Body), nil)}}
	if err := w.Records.Commit(c.UserContext(), change); err != nil {
		return err
	}
	return c.Redirect("/settings/wall", fiber.StatusSeeOther)
}
