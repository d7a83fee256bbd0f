package web

import (
	"bufio"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) customersRoutes() []route {
	of := func(method, path string, right desk.Right, h handler) route {
		return route{method: method, path: path, right: right, object: customerObject, handle: h}
	}
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/customers", right: desk.SeeDocuments, handle: w.customers},
		of(get, "/customers/:customer", desk.SeeDocuments, w.customer),
		of(post, "/customers/:customer", desk.ActOnRequests, w.editCustomer),
		of(post, "/customers/:customer/address", desk.ActOnRequests, w.customerAddress),
		of(get, "/customers/:customer/merge", desk.ActOnRequests, w.customerMerge),
		of(post, "/customers/:customer/merge", desk.ActOnRequests, w.mergeCustomer),
		of(post, "/customers/:customer/export", desk.EraseCustomer, w.exportCustomer),
		of(get, "/customers/:customer/erase", desk.EraseCustomer, w.customerErase),
		of(post, "/customers/:customer/erase", desk.EraseCustomer, w.eraseCustomer),
	}
}

func customerPath(id balie.ID) string { return "/customers/" + id.String() }

// customersPage is what customers.html shows.
type customersPage struct {
	shell
	Query, Org   string
	OrgName      string
	Rows         []customerRow
	Next         string
	Ready, First bool
	Erased       bool
}

// customerRow is one customer of the list.
type customerRow struct {
	Path, Name, Initials, Of string
	Key                      bool
	Addresses                []string
	More                     int
	Language                 string
}

const customersRows = 50

func (w *Web) customers(c *fiber.Ctx, s auth.Session) error {
	l := ui.Language(c)
	p := customersPage{shell: w.around(c, s), Query: strings.TrimSpace(c.Query("q")), Org: c.Query("org"), First: c.Query("after") == ""}
	p.Query = strings.ToValidUTF8(p.Query[:min(len(p.Query), longestCaller)], "")
	found, err := w.Customers.Find(c.UserContext(), s.Actor(), desk.CustomerQuery{Words: p.Query, Organisation: p.Org, After: c.Query("after"), Limit: customersRows})
	if err != nil {
		return err
	}
	p.Ready = found.Ready
	for _, x := range found.Lines {
		p.Rows = append(p.Rows, w.customerRow(x, l))
	}
	for _, o := range w.Library.Brain().Organisations {
		if o.ID == p.Org && o.ID != "" {
			p.OrgName = o.Name
		}
	}
	if found.Next != "" {
		p.Next = "/customers?" + url.Values{"q": {p.Query}, "org": {p.Org}, "after": {found.Next}}.Encode()
	}
	if c.Query("did") == "erased" {
		p.Notice = w.Texts.Text(l, "customers.did_erased", "n", strconv.Itoa(int(number64(c.Query("n")))))
	}
	return w.UI.Render(c, "customers", p)
}

func (w *Web) customerRow(x desk.CustomerLine, l string) customerRow {
	row := customerRow{Path: customerPath(x.ID), Name: nameOrAddress(x.Person), Of: x.Of.Name, Key: x.Of.KeyAccount}
	row.Initials = initials(row.Name)
	for _, a := range x.Addresses {
		if a.Scheme == balie.Web {
			continue
		}
		if len(row.Addresses) == 2 {
			row.More++
			continue
		}
		row.Addresses = append(row.Addresses, a.Value)
	}
	if x.Language != "" {
		row.Language = w.languageName(l, x.Language)
	}
	return row
}

// customerPage is what customer.html shows.
type customerPage struct {
	shell
	ID, Path, Name, Disc string
	Person               balie.Person
	Of                   balie.Organisation
	Manager              string
	Count                string
	Addresses            []addressLine
	Orgs                 []option
	Languages            []option
	Language             string
	History              []historyLine
	Next                 string
	Can, CanErase        bool
	Conflict             bool
	Faults               []formFault
	Owner                string // path of whoever has the address that was to be added
	OwnerName            string
	Typed                string // an address that could not be added
}

// Fault is what is wrong with a field, in words, or "".
func (p customerPage) Fault(field string) string { return faultAt(p.Faults, field) }

// addressLine is a way to reach somebody.
type addressLine struct {
	Scheme, Value, Kind, Icon, Used string
	Proven                          bool
}

// historyLine is one request of a customer.
type historyLine struct {
	Path, Ref, Subject, Lang, Icon, Channel, Product, State, Class, When string
	Joined                                                               bool
}

// addressIcons are drawings by kind of address.
var addressIcons = map[balie.Scheme]string{balie.Mail: "mail", balie.Tel: "phone", balie.Slack: "chat", balie.Web: "web"}

func customerID(c *fiber.Ctx) (balie.ID, error) {
	id, err := balie.ParseID(c.Params("customer"))
	if err != nil || id.IsZero() {
		return id, balie.ErrNotFound
	}
	return id, nil
}

func (w *Web) customer(c *fiber.Ctx, s auth.Session) error {
	return w.showCustomer(c, s, customerPage{})
}

// showCustomer shows a customer; wrong has what could not be done.
func (w *Web) showCustomer(c *fiber.Ctx, s auth.Session, p customerPage) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	after, _ := balie.ParseID(c.Query("after"))
	v, err := w.Customers.View(c.UserContext(), s.Actor(), id, after)
	if err != nil {
		return err
	}
	if !v.Into.IsZero() {
		return c.Redirect(customerPath(v.Into), fiber.StatusSeeOther)
	}
	l := ui.Language(c)
	typed := p.Person
	p.shell, p.ID, p.Path, p.Person, p.Of = w.around(c, s), id.String(), customerPath(id), v.Person, v.Of
	p.Name, p.Count = nameOrAddress(v.Person), strconv.Itoa(v.Count)
	p.Disc = initials(p.Name)
	p.Can, p.CanErase = s.Actor().Can(desk.ActOnRequests), s.Actor().Can(desk.EraseCustomer)
	if v.Of.AccountManager != "" {
		p.Manager = w.Teams(v.Of.AccountManager, l)
	}
	if len(p.Faults) > 0 && p.Typed == "" {
		p.Person.Name, p.Person.Organisation, p.Person.Language = typed.Name, typed.Organisation, typed.Language
	}
	for _, a := range v.Addresses {
		p.Addresses = append(p.Addresses, w.addressLine(a, l))
	}
	p.Orgs, p.Languages, p.Language = w.orgOptions(p.Person.Organisation), w.languageOptions(l, p.Person.Language), ""
	if p.Person.Language != "" {
		p.Language = w.languageName(l, p.Person.Language)
	}
	g := &lister{Web: w, c: c, s: s, a: s.Actor(), language: l, now: w.Now().In(w.Zone)}
	for _, r := range v.Requests {
		p.History = append(p.History, g.history(r, id))
	}
	if !v.Next.IsZero() {
		p.Next = p.Path + "?after=" + v.Next.String() + "#history"
	}
	if did := c.Query("did"); did != "" && slices.Contains([]string{"saved", "added", "removed", "merged"}, did) {
		p.Notice = w.Texts.Text(l, "customers.did_"+did)
		if back := c.Query("back"); did == "removed" && back != "" {
			p.Undo = &undo{Path: p.Path + "/address", Fields: map[string]string{"act": "add", "address": back}}
		}
	}
	return w.UI.Render(c, "customer", p)
}

func (w *Web) addressLine(a desk.CustomerAddress, l string) addressLine {
	line := addressLine{string(a.Scheme), a.Value, w.Texts.Text(l, "customers.scheme_"+string(a.Scheme)), addressIcons[a.Scheme], "", a.Proven}
	if !a.Used.IsZero() {
		line.Used = i18n.Moment(l, a.Used.In(w.Zone))
	}
	if line.Icon == "" {
		line.Icon = "link"
	}
	return line
}

func (w *Web) orgOptions(on string) []option {
	var out []option
	for _, o := range w.Library.Brain().Organisations {
		out = append(out, option{o.ID, o.Name, o.ID == on})
	}
	slices.SortStableFunc(out, func(a, b option) int { return strings.Compare(strings.ToLower(a.Words), strings.ToLower(b.Words)) })
	return out
}

// languageName is a language in words; one that the desk has no word for is its code.
func (w *Web) languageName(l, code string) string {
	key := "request.language_" + code
	if name := w.Texts.Text(l, key); name != key {
		return name
	}
	return code
}

func (w *Web) languageOptions(l, on string) []option {
	var out []option
	for _, x := range catalogue.Languages {
		out = append(out, option{x, w.languageName(l, x), x == on})
	}
	return out
}

func (g *lister) history(r balie.Request, of balie.ID) historyLine {
	h := historyLine{Path: "/r/" + r.Ref, Ref: r.Ref, Subject: r.Subject, Lang: r.Language, Icon: channelIcons[r.Channel], Channel: g.channelName(r.Channel),
		Product: g.productName(r.Product), State: g.Texts.Text(g.language, "request.state_"+r.State.String()), Class: stateClass(r.State),
		When: g.day(r.Changed), Joined: r.Customer != of}
	if h.Subject == "" {
		h.Subject = g.text("no_subject")
	}
	if h.Icon == "" {
		h.Icon = "mail"
	}
	return h
}

func (w *Web) editCustomer(c *fiber.Ctx, s auth.Session) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	f := values(c)
	name, org, language := f.Get("name"), f.Get("organisation"), f.Get("language")
	in := desk.CustomerEdit{Version: number64(f.Get("version"))}
	for key, to := range map[string]struct {
		v  *string
		at **string
	}{"name": {&name, &in.Name}, "organisation": {&org, &in.Organisation}, "language": {&language, &in.Language}} {
		if f.Has(key) {
			*to.at = to.v
		}
	}
	_, err = w.Customers.Edit(c.UserContext(), s.Actor(), id, in, w.Now())
	if err != nil {
		return w.customerAgain(c, s, customerPage{Person: balie.Person{Name: name, Organisation: org, Language: language}}, err)
	}
	return c.Redirect(customerPath(id)+"?did=saved", fiber.StatusSeeOther)
}

// customerAddress adds an address or takes one away.
func (w *Web) customerAddress(c *fiber.Ctx, s auth.Session) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	f := values(c)
	in := desk.CustomerEdit{}
	typed := strings.TrimSpace(f.Get("address"))
	did := "added"
	if f.Get("act") == "remove" {
		in.Remove, did = &balie.Address{Scheme: balie.Scheme(f.Get("scheme")), Value: typed}, "removed"
	} else {
		to := desk.TypedAddress(typed)
		if to.IsZero() {
			to = balie.Address{Scheme: balie.Mail, Value: typed} // the act says what is wrong with it
		}
		in.Add = &to
	}
	if _, err = w.Customers.Edit(c.UserContext(), s.Actor(), id, in, w.Now()); err != nil {
		return w.customerAgain(c, s, customerPage{Typed: typed}, err)
	}
	to := customerPath(id) + "?did=" + did
	if in.Remove != nil && (in.Remove.Scheme == balie.Mail || in.Remove.Scheme == balie.Tel) {
		to += "&back=" + url.QueryEscape(typed)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// customerAgain shows the page with what could not be done.
func (w *Web) customerAgain(c *fiber.Ctx, s auth.Session, p customerPage, err error) error {
	var taken *desk.TakenError
	switch {
	case errors.Is(err, balie.ErrStale):
		p.Conflict = true
		c.Status(fiber.StatusConflict)
		return w.showCustomer(c, s, p)
	case errors.As(err, &taken):
		p.Owner, p.OwnerName = customerPath(taken.Owner.ID), nameOrAddress(taken.Owner)
	}
	if p.Faults = w.customerFaults(c, err); len(p.Faults) == 0 {
		return err
	}
	c.Status(fiber.StatusUnprocessableEntity)
	return w.showCustomer(c, s, p)
}

func (w *Web) customerFaults(c *fiber.Ctx, err error) []formFault {
	var out []formFault
	l := ui.Language(c)
	for _, e := range invalidFields(err) {
		key := "customers.wrong_" + e.Field
		words := w.Texts.Text(l, key)
		if words == key {
			words = w.Texts.Text(l, "request.fault", "problem", e.Problem, "fix", e.Fix)
		}
		out = append(out, formFault{e.Field, words})
	}
	return out
}

// exportLimit is how long an export may take to be written.
const exportLimit = 10 * time.Minute

// exportCustomer streams all there is of a customer.
func (w *Web) exportCustomer(c *fiber.Ctx, s auth.Session) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	x, err := w.Customers.Export(c.UserContext(), s.Actor(), id, w.Now())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/zip")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+x.Name()+`"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	conn := c.Context().Conn()
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) {
		ctx, cancel := context.WithTimeout(context.Background(), exportLimit)
		defer cancel()
		_ = conn.SetWriteDeadline(time.Now().Add(exportLimit)) // a connection that is gone says so by itself
		if err := x.Write(ctx, out); err != nil {
			w.Log.Warn("an export was cut off", "customer", id, "err", err)
			conn.Close() // half an archive must not look like all of it
			return
		}
		_ = out.Flush()
	})
	return nil
}
