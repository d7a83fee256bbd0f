package web

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// mergePage is what customermerge.html shows: with whom a customer is one.
type mergePage struct {
	shell
	Path, Name    string
	Query, Reason string
	Rows          []mergeRow
	Ready         bool
	Faults        []formFault
}

// mergeRow is somebody the customer can be merged with.
type mergeRow struct {
	customerRow
	ID string
	On bool
}

func (w *Web) customerMerge(c *fiber.Ctx, s auth.Session) error {
	return w.showMerge(c, s, c.Query("q"), c.Query("with"), "", nil)
}

func (w *Web) showMerge(c *fiber.Ctx, s auth.Session, query, with, reason string, faults []formFault) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	v, err := w.Customers.View(c.UserContext(), s.Actor(), id, balie.ID{})
	if err != nil {
		return err
	}
	if !v.Into.IsZero() {
		return c.Redirect(customerPath(v.Into), fiber.StatusSeeOther)
	}
	query = strings.ToValidUTF8(query[:min(len(query), longestCaller)], "")
	p := mergePage{shell: w.around(c, s), Path: customerPath(id), Name: nameOrAddress(v.Person), Query: query, Reason: reason, Faults: faults}
	p.Narrow = true
	look := query
	if look == "" {
		look = v.Person.Name // who has the same name
	}
	found, err := w.Customers.Find(c.UserContext(), s.Actor(), desk.CustomerQuery{Words: look, Limit: 20})
	if err != nil {
		return err
	}
	p.Ready = found.Ready
	for _, x := range found.Lines {
		if x.ID != id {
			p.Rows = append(p.Rows, mergeRow{w.customerRow(x, ui.Language(c)), x.ID.String(), x.ID.String() == with})
		}
	}
	return w.UI.Render(c, "customermerge", p)
}

func (w *Web) mergeCustomer(c *fiber.Ctx, s auth.Session) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	f := values(c)
	with, _ := balie.ParseID(f.Get("with"))
	_, err = w.Customers.Merge(c.UserContext(), s.Actor(), id, with, f.Get("reason"), w.Now())
	if err == nil {
		return c.Redirect(customerPath(id)+"?did=merged", fiber.StatusSeeOther)
	}
	faults := w.customerFaults(c, err)
	if len(faults) == 0 {
		return err
	}
	c.Status(fiber.StatusUnprocessableEntity)
	return w.showMerge(c, s, f.Get("q"), f.Get("with"), f.Get("reason"), faults)
}

// erasePage is what customererase.html shows: what will go, for good.
type erasePage struct {
	shell
	Path, Name, Reason          string
	Own, Joined, Messages, Ways string
	More                        bool
	Faults                      []formFault
}

func (w *Web) customerErase(c *fiber.Ctx, s auth.Session) error {
	return w.showErase(c, s, "", nil)
}

func (w *Web) showErase(c *fiber.Ctx, s auth.Session, reason string, faults []formFault) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	e, err := w.Customers.ErasureOf(c.UserContext(), s.Actor(), id)
	if err != nil {
		return err
	}
	p := erasePage{shell: w.around(c, s), Path: customerPath(id), Name: nameOrAddress(e.Person), Reason: reason, Faults: faults, More: e.More,
		Own: strconv.Itoa(e.Own), Joined: strconv.Itoa(e.Joined), Messages: strconv.Itoa(e.Messages), Ways: strconv.Itoa(len(e.Person.Addresses))}
	p.Narrow = true
	return w.UI.Render(c, "customererase", p)
}

func (w *Web) eraseCustomer(c *fiber.Ctx, s auth.Session) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	reason := values(c).Get("reason")
	gone, err := w.Customers.Erase(c.UserContext(), s.Actor(), id, reason, w.Now())
	if err != nil {
		faults := w.customerFaults(c, err)
		if len(faults) == 0 {
			return err
		}
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showErase(c, s, reason, faults)
	}
	if w.Ringing != nil {
		w.Ringing.Forget(id)
	}
	return c.Redirect("/customers?did=erased&n="+strconv.Itoa(gone.Requests), fiber.StatusSeeOther)
}
