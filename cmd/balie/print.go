package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// harmful reports whether a letter could steer a terminal or make a line read
// as another: controls, and what turns the direction of writing.
func harmful(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\u200e' || r == '\u200f' ||
		r == '\u061c' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff'
}

// harmless is a text that strangers wrote, as one harmless line: line ends
// become spaces, what steers a terminal is shown as its code (S6).
func harmless(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case harmful(r):
			b.WriteString(code(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func code(r rune) string {
	if r < 0x100 {
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// paragraphs is a longer text, harmless, each of its lines behind a margin: no
// line of it can be taken for one of ours.
func paragraphs(s, margin string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimRight(s, "\r\n "), "\r\n", "\n")) {
		b.WriteString(margin + strings.TrimRightFunc(harmless(strings.TrimRight(line, "\n")), unicode.IsSpace) + "\n")
	}
	return b.String()
}

// short is a text cut to n letters.
func short(s string, n int) string {
	r := []rune(harmless(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// table writes rows in columns. Cells are made harmless here.
type table struct{ w *tabwriter.Writer }

func newTable(out io.Writer, heads ...string) table {
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

func (t table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = harmless(c)
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t "))
}

func (t table) end() error { return t.w.Flush() }

// clock is a moment as people read it here.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// printJSON writes a value for programs.
func printJSON(out io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(append(harmlessJSON(b), '\n'))
	return err
}

// harmlessJSON writes what could steer a terminal as \u escapes: the same
// values to a program. JSON has such letters in strings only.
func harmlessJSON(b []byte) []byte {
	clean := true
	for _, c := range b {
		if c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r >= 0x7f && harmful(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	return out
}

// copyLines copies JSON lines, each made harmless.
func copyLines(out io.Writer, in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	w := bufio.NewWriterSize(out, 64<<10)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 && err == nil {
			if _, err := w.Write(harmlessJSON(line)); err != nil {
				return err
			}
		}
		if err == io.EOF && len(line) == 0 {
			return w.Flush()
		}
		if err != nil {
			w.Flush()
			return fmt.Errorf("the answer was cut off: %w", err)
		}
	}
}

// terminal reports whether a person looks at a file as it is written.
func terminal(f *os.File) bool {
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

// stepping writes how far something is on one line of the terminal; elsewhere
// it writes nothing.
type stepping struct {
	out  io.Writer
	what string
	last time.Time
}

func newProgress(what string) *stepping {
	p := &stepping{what: what}
	if terminal(os.Stderr) {
		p.out = os.Stderr
	}
	return p
}

func (p *stepping) show(format string, args ...any) {
	if p.out == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.out, "\r\x1b[K%s %s", p.what, fmt.Sprintf(format, args...))
}

func (p *stepping) end() {
	if p.out != nil && !p.last.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// counting counts the bytes that pass.
type counting struct {
	io.Writer
	n    int64
	tell func(n int64)
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}

// size is a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
