package web

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) auditRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/audit", right: desk.SeeAudit, handle: w.audit},
		{method: fiber.MethodGet, path: "/settings/audit/csv", right: desk.SeeAudit, handle: w.auditCSV},
	}
}

type auditPage struct {
	shell
	Requests                      bool // what agents did on requests, instead of the log
	Who, What, Object, From, Till string
	Lines                         []auditRow
	Next, CSV                     string
	First                         bool
}

type auditRow struct {
	When, Who, Act, Object, Path, From string
	Changes                            []auditChange
}

type auditChange struct{ Name, Before, After string }

// auditFilter reads the filter from the address.
func (w *Web) auditFilter(c *fiber.Ctx) desk.AuditFilter {
	f := desk.AuditFilter{Who: c.Query("who"), What: c.Query("what"), Object: c.Query("object"), Before: c.Query("before")}
	if t, err := time.ParseInLocation(time.DateOnly, c.Query("from"), w.Zone); err == nil {
		f.Since = t
	}
	if t, err := time.ParseInLocation(time.DateOnly, c.Query("till"), w.Zone); err == nil {
		f.Until = t.AddDate(0, 0, 1)
	}
	return f
}

// audit lists the log, newest first; or, of requests, what agents did in the
// order in which it happened.
func (w *Web) audit(c *fiber.Ctx, s auth.Session) error {
	l, a, f := ui.Language(c), s.Actor(), w.auditFilter(c)
	p := auditPage{shell: w.around(c, s), Requests: c.Query("of") == "requests", Who: f.Who, What: f.What, Object: f.Object, From: c.Query("from"), Till: c.Query("till"), First: f.Before == ""}
	var page desk.AuditPage
	var err error
	if p.Requests {
		page, err = w.Trail.Requests(c.UserContext(), a, f, f.Before)
	} else {
		page, err = w.Trail.Page(c.UserContext(), a, f)
	}
	if err != nil {
		return err
	}
	q := url.Values{}
	for _, k := range []string{"of", "who", "what", "object", "from", "till"} {
		if v := c.Query(k); v != "" {
			q.Set(k, v)
		}
	}
	p.CSV = "/settings/audit/csv?" + q.Encode()
	if page.Next != "" {
		q.Set("before", page.Next)
		p.Next = "/settings/audit?" + q.Encode()
	}
	for _, x := range page.Lines {
		row := auditRow{When: w.stamp(x.At), Who: byName(x.By), Act: w.actName(x.Act, l), Object: x.Object, From: x.From, Changes: auditChanges(x.Before, x.After)}
		if ref, ok := cutKind(x.Object, "request:"); ok {
			row.Path = "/r/" + ref
		}
		p.Lines = append(p.Lines, row)
	}
	return w.UI.Render(c, "settingsaudit", p)
}

func cutKind(object, kind string) (string, bool) {
	if len(object) > len(kind) && object[:len(kind)] == kind {
		return object[len(kind):], true
	}
	return "", false
}

// actName is an act in the reader's words, or as it is written down.
func (w *Web) actName(act, l string) string {
	key := "audit.act_" + act
	if s := w.Texts.Text(l, key); s != key {
		return s
	}
	return act
}

func auditChanges(before, after json.RawMessage) []auditChange {
	was, is := desk.Values(before), desk.Values(after)
	names := map[string]bool{}
	for k := range was {
		names[k] = true
	}
	for k := range is {
		names[k] = true
	}
	var out []auditChange
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if was[k] != is[k] {
			out = append(out, auditChange{k, was[k], is[k]})
		}
	}
	return out
}

// exportWait bounds an export: its reader may be slow.
const exportWait = 2 * time.Minute

// auditCSV gives the log as a file for a spreadsheet.
func (w *Web) auditCSV(c *fiber.Ctx, s auth.Session) error {
	a, f, requests := s.Actor(), w.auditFilter(c), c.Query("of") == "requests"
	f.Before = ""
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="audit-`+w.Now().In(w.Zone).Format(time.DateOnly)+`.csv"`)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	ctx := context.WithoutCancel(c.UserContext()) // the handler has returned while this is written
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) {
		ctx, cancel := context.WithTimeout(ctx, exportWait)
		defer cancel()
		if err := w.Trail.CSV(ctx, a, f, requests, out); err != nil {
			w.Log.Error("the audit log could not be written out", "err", err)
		}
	})
	return nil
}
