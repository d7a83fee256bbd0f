package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// row is one figure.
type row struct {
	figure, value string
	limit, ratio  string // measured in the same run; "" when there is none
	goal          string // "" when it only informs
	ok            bool
}

type table struct{ rows []row }

func (t *table) add(r row) {
	if r.goal == "" {
		r.ok = true
	}
	t.rows = append(t.rows, r)
	fmt.Printf("  %s: %s\n", r.figure, r.value)
}

// note adds a figure without a goal.
func (t *table) note(figure, format string, a ...any) {
	t.add(row{figure: figure, value: fmt.Sprintf(format, a...)})
}

func (t *table) missed() bool {
	return slices.ContainsFunc(t.rows, func(r row) bool { return !r.ok })
}

// print writes the table as Markdown that can be read as it is.
func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 4, 1, ' ', 0)
	fmt.Fprintln(tw, "\n| figure\t| value\t| limit in the same run\t| ratio\t| goal\t| ok\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range t.rows {
		ok := ""
		if r.goal != "" {
			ok = "yes"
			if !r.ok {
				ok = "NO"
			}
		}
		fmt.Fprintf(tw, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", r.figure, r.value, r.limit, r.ratio, r.goal, ok)
	}
	tw.Flush()
}

// times are how long each of many things took.
type times []time.Duration

// at is the time that a share of them did not exceed.
func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	slices.Sort(t)
	return t[min(int(float64(len(t))*share), len(t)-1)]
}

// short rounds a time to what can be told apart.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
