// Command testtotals is in charge of what a person reads of a test run: a line
// for each package, the output of what failed, why tests were skipped, and the
// totals.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// totals counts single tests; a parent of subtests counts as well.
type totals struct {
	passed, failed, skipped int
	broken                  []string            // packages that failed without a failing test
	said                    map[string][]string // output by test
	failedIn                map[string]int
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(r io.Reader, w io.Writer) error {
	t := &totals{said: map[string][]string{}, failedIn: map[string]int{}}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var e event
		if json.Unmarshal(s.Bytes(), &e) != nil {
			fmt.Fprintln(w, s.Text()) // the toolchain's own words
			continue
		}
		t.take(w, e)
	}
	sort.Strings(t.broken)
	for _, p := range t.broken {
		fmt.Fprintln(w, "did not run to its end:", p)
	}
	failed := t.failed + len(t.broken)
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, failed, t.skipped)
	if s.Err() != nil {
		return s.Err()
	}
	if failed > 0 || t.passed == 0 {
		return fmt.Errorf("the tests failed")
	}
	return nil
}

func (t *totals) take(w io.Writer, e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(w, e.Output)
	case "output":
		t.said[key] = append(t.said[key], e.Output)
	case "pass", "skip", "fail":
		t.end(w, e, key)
		delete(t.said, key)
	}
}

func (t *totals) end(w io.Writer, e event, key string) {
	if e.Test == "" {
		t.endPackage(w, e, key)
		return
	}
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		fmt.Fprintf(w, "skipped %s %s: %s\n", e.Package, e.Test, reason(t.said[key]))
	case "fail":
		t.failed++
		t.failedIn[e.Package]++
		fmt.Fprint(w, strings.Join(t.said[key], ""))
	}
}

func (t *totals) endPackage(w io.Writer, e event, key string) {
	if e.Action == "fail" && t.failedIn[e.Package] == 0 {
		t.broken = append(t.broken, e.Package)
		fmt.Fprint(w, strings.Join(t.said[key], ""))
	}
	if e.Action != "skip" {
		fmt.Fprintf(w, "%-5s %-60s %6.1f s\n", e.Action, e.Package, e.Elapsed)
	}
}

// reason is what a skipped test said last before its own marks.
func reason(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		l := strings.TrimSpace(lines[i])
		if l != "" && !strings.HasPrefix(l, "---") && !strings.HasPrefix(l, "===") {
			return l
		}
	}
	return "no reason given"
}
