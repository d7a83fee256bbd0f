package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
)

// figures are those of one size.
type figures struct {
	n, open               int
	fresh                 bool // the index is made in this run
	fill, overview, index time.Duration
	indexSize, storeSize  int64
	row                   int // bytes of memory for an open request
	anon                  int64
	pages                 map[string]times
	cpu                   map[string]time.Duration // of this process, for one page
	bytes                 map[string]int
	refs                  []string
}

// measure fills a store, unless it is there, and asks for its pages.
func measure(ctx context.Context, dir string, n, open int, samples int) (figures, error) {
	f := figures{n: n, open: open, pages: map[string]times{}, cpu: map[string]time.Duration{}, bytes: map[string]int{}}
	if err := f.make(ctx, dir); err != nil {
		return f, err
	}
	_, err := os.Stat(filepath.Join(dir, search.File))
	f.fresh = err != nil // or it is there from an earlier run
	s, err := openSite(ctx, dir)
	if err != nil {
		return f, err
	}
	err = f.all(ctx, s, dir, samples)
	return f, errors.Join(err, s.stop(), s.db.Close())
}

func openSite(ctx context.Context, dir string) (*site, error) {
	s, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	return s, s.start(dir)
}

// make fills the store; what is half made is made again.
func (f *figures) make(ctx context.Context, dir string) error {
	done := filepath.Join(dir, "made")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	began := time.Now()
	s, err := open(ctx, dir)
	if err != nil {
		return err
	}
	fill := newFiller(f.n, f.open, s.lib.Brain().Catalogue, now)
	if err := errors.Join(fill.fill(ctx, s.db), s.db.Close()); err != nil {
		return err
	}
	f.fill = time.Since(began)
	fmt.Printf("%d requests made in %s, %d open\n", f.n, f.fill.Round(time.Second), fill.opened)
	return os.WriteFile(done, nil, 0o600)
}

// all measures one page after the other.
func (f *figures) all(ctx context.Context, s *site, dir string, samples int) error {
	var err error
	if f.overview, err = s.ready(ctx); err != nil {
		return err
	}
	if f.fresh {
		f.index = time.Since(s.began)
	}
	if f.row, err = rowSize(ctx, s); err != nil {
		return err
	}
	f.indexSize, f.storeSize = s.find.Size(), fileSize(filepath.Join(dir, "balie.db"))
	f.open = s.overview.Counts(agent, now)[desk.OpenView]
	if f.refs, err = (&filler{}).some(ctx, s.db, samples); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, page := range []struct {
		name string
		path func(i int) string
	}{
		{"inbox", func(i int) string {
			return []string{"/inbox", "/inbox?view=mine", "/inbox?view=backoffice", "/inbox?view=closed"}[i%4]
		}},
		{"search", func(i int) string { return "/inbox?view=all&q=" + url.QueryEscape(query(r, shapes[i%len(shapes)])) }},
		{"board", func(int) string { return "/board" }},
		{"request", func(int) string { return "/r/" + f.refs[r.IntN(len(f.refs))] }},
	} {
		if err := f.page(ctx, s, page.name, samples, page.path); err != nil {
			return err
		}
	}
	if err := f.alone(ctx, s, samples); err != nil {
		return err
	}
	runtime.GC()
	f.anon = anonymous()
	return nil
}

// page asks for a page many times, after a few to warm up.
func (f *figures) page(ctx context.Context, s *site, name string, samples int, path func(int) string) error {
	for i := range samples + warm {
		if i == warm {
			f.cpu[name] = -processor()
		}
		took, n, err := s.get(ctx, path(i))
		if err != nil {
			return err
		}
		if i >= warm {
			f.pages[name] = append(f.pages[name], took)
			f.bytes[name] = max(f.bytes[name], n)
		}
	}
	f.cpu[name] = (f.cpu[name] + processor()) / time.Duration(samples)
	return nil
}

// warm is how often a page is asked for before it is measured.
const warm = 20

// processor is the processor time that this process took, browser and all.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// shapes are what people search for. But for the rare word each finds more than
// a page of fifty on every size: a page that is not full is sooner made, and
// would make the small store look better.
var shapes = []string{"common", "rare", "two words", "begun", "name", "filters", "phrase", "not and dates"}

// query is a search of a shape.
func query(r *rand.Rand, shape string) string {
	pick := func(s string) string { w := strings.Fields(s); return w[r.IntN(len(w))] }
	switch shape {
	case "common":
		return pick("kamer vergaderzaal sleutel lunch printer beste groet")
	case "rare":
		return rare(r)
	case "two words":
		return "kamer " + pick("vergaderzaal sleutel lunch verlichting schoonmaak")
	case "begun":
		w := pick("vergaderzaal toegangspas verlichting catering schoonmaak")
		return w[:3+r.IntN(len(w)-3)]
	case "name":
		return "klant:" + strings.ToLower(pick("Visser Jansen Ramdin Hoekstra")) + " kamer"
	case "filters":
		return "kanaal:" + pick("mail slack formulier telefoon") + " soort:" + pick("vraag storing aanvraag") + " is:gesloten"
	case "phrase":
		return `"` + pick("vriendelijke beste") + " " + pick("groet collega") + `" kamer`
	}
	return pick("kamer sleutel lunch") + " -" + pick("printer meeting") + " van:2026-11-01 tot:2026-11-23"
}

// alone measures what the pages ask, without HTTP and without the page.
func (f *figures) alone(ctx context.Context, s *site, samples int) error {
	r := rand.New(rand.NewPCG(5, 6))
	views := []desk.View{desk.OpenView, desk.MineView, desk.BackofficeView, desk.RiskView, desk.UnassignedView}
	for i := range samples {
		began := time.Now()
		s.overview.Counts(agent, now)
		if _, err := s.overview.Page(ctx, agent, desk.Query{View: views[i%len(views)]}, "", 50, now); err != nil {
			return err
		}
		f.pages["list alone"] = append(f.pages["list alone"], time.Since(began))
		began = time.Now()
		if _, err := s.overview.Board(ctx, agent, nil, now); err != nil {
			return err
		}
		f.pages["board alone"] = append(f.pages["board alone"], time.Since(began))
		shape := shapes[i%len(shapes)]
		q, _ := search.ParseQuery(query(r, shape), "nl")
		began = time.Now()
		if _, err := s.overview.Page(ctx, agent, desk.Query{View: desk.AllView, Find: q}, "", 50, now); err != nil {
			return err
		}
		took := time.Since(began)
		f.pages["search alone"] = append(f.pages["search alone"], took)
		f.pages["search: "+shape] = append(f.pages["search: "+shape], took)
	}
	return nil
}

// rowSize is the memory that the overview takes for an open request.
func rowSize(ctx context.Context, s *site) (int, error) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	n := s.overview.Counts(agent, now)[desk.OpenView]
	before := heap()
	o, err := s.another(ctx)
	if err != nil || n == 0 {
		return 0, err
	}
	after := heap()
	runtime.KeepAlive(o)
	return int(after-before) / n, nil
}

func fileSize(path string) int64 {
	i, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return i.Size()
}

// anonymous is the memory of this process that no file holds, in bytes; 0
// where the system does not say.
func anonymous() int64 {
	b, err := fs.ReadFile(os.DirFS("/proc/self"), "status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "RssAnon:")
	var kb int64
	fmt.Sscan(rest, &kb)
	return kb << 10
}
