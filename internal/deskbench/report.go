package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Goals of the pages, in server time.
var goals = []struct {
	page string
	p99  time.Duration
}{
	{"inbox", 20 * time.Millisecond},
	{"search", 50 * time.Millisecond},
	{"board", 20 * time.Millisecond},
	{"request", 30 * time.Millisecond},
}

// flat is how much slower than on the first size a page may be in the middle.
const flat = 1.3

// report writes a table and says whether every goal was reached.
func report(w io.Writer, all []figures) bool {
	ok := true
	tw := tabwriter.NewWriter(w, 0, 4, 1, ' ', 0)
	fmt.Fprintln(tw, "\n| page\t| requests\t| open\t| p50 ms\t| p99 ms\t| goal p99\t| p50 to first\t| goal\t| CPU ms\t| kB\t| ok\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, g := range goals {
		for _, f := range all {
			p50, p99 := f.pages[g.page].at(0.5), f.pages[g.page].at(0.99)
			ratio := float64(p50) / float64(all[0].pages[g.page].at(0.5))
			good := p99 <= g.p99 && ratio <= flat
			ok = ok && good
			fmt.Fprintf(tw, "| %s\t| %d\t| %d\t| %s\t| %s\t| %s\t| %.2f\t| %.1f\t| %s\t| %d\t| %s\t|\n", g.page, f.n, f.open, ms(p50), ms(p99), ms(g.p99), ratio, flat, ms(f.cpu[g.page]), f.bytes[g.page]/1000, yes(good))
		}
	}
	for _, name := range []string{"list alone", "board alone", "search alone"} {
		for _, f := range all {
			fmt.Fprintf(tw, "| %s\t| %d\t| %d\t| %s\t| %s\t| \t| %.2f\t| \t| \t| \t| \t|\n", name, f.n, f.open, ms(f.pages[name].at(0.5)), ms(f.pages[name].at(0.99)),
				float64(f.pages[name].at(0.5))/float64(all[0].pages[name].at(0.5)))
		}
	}
	for _, s := range shapes {
		for _, f := range all {
			t := f.pages["search: "+s]
			fmt.Fprintf(tw, "| search: %s\t| %d\t| \t| %s\t| %s\t| \t| \t| \t| \t| \t| \t|\n", s, f.n, ms(t.at(0.5)), ms(t.at(0.99)))
		}
	}
	tw.Flush()
	for _, f := range all {
		fmt.Fprintf(w, "%d requests: overview read in %s, %d bytes of memory an open request; index %d MB beside a store of %d MB; %d MB of memory that is no file's\n",
			f.n, f.overview.Round(time.Millisecond), f.row, f.indexSize/1e6, f.storeSize/1e6, f.anon>>20)
		if f.index > 0 {
			fmt.Fprintf(w, "%d requests: index made in %s, %.0f a second\n", f.n, f.index.Round(100*time.Millisecond), float64(f.n)/f.index.Seconds())
		}
	}
	return ok
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
