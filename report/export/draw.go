package export

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"github.com/balie/balie/report"
)

// num is a coordinate: short, and the same on every machine.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// drawing gathers one SVG.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

// esc makes a name safe as text or attribute of an SVG.
func esc(s string) string { return template.HTMLEscapeString(s) }

// Sizes of a bullet, in pixels.
const (
	bulletWidth  = 100
	bulletHeight = 12
	barTop       = 3.5
	barHeight    = 5
	hatchEvery   = 5
)

// bullet is a result as a bar, and the goal as a line across it. A bar that
// missed is hatched, so that it differs without colour too. The value stands
// beside it in words, so it is hidden from screen readers.
func bullet(g report.Goal) template.HTML {
	var d drawing
	d.add(`<svg class="bullet" width="%d" height="%d" viewBox="0 0 %d %d" aria-hidden="true"><rect class="b0" width="%d" height="%d"/>`,
		bulletWidth, bulletHeight, bulletWidth, bulletHeight, bulletWidth, bulletHeight)
	scale := scaleOf(g)
	if !g.Figure.None {
		w := bulletWidth * share(g.Figure.Value/scale)
		class := ""
		if missed(g) {
			class = " no"
		}
		d.add(`<rect class="b1%s" y="%s" width="%s" height="%d"/>`, class, num(barTop), num(w), barHeight)
		if class != "" {
			d.add(`<path class="hatch" d="%s"/>`, hatch(0, barTop, w, barHeight))
		}
	}
	if !g.NoTarget {
		d.add(`<path class="bg" d="M%s 0v%d"/>`, num(bulletWidth*share(g.Target/scale)), bulletHeight)
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}

// hatch are lines across a box, from its left below to its right above.
func hatch(x, y, w, h float64) string {
	var b strings.Builder
	for at := x; at < x+w; at += hatchEvery {
		rise := min(h, x+w-at)
		fmt.Fprintf(&b, "M%s %sl%s %s", num(at), num(y+h), num(rise), num(-rise))
	}
	return b.String()
}

func missed(g report.Goal) bool { return !g.Reached && !g.NoTarget && !g.Figure.None }

func share(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, 0), 1)
}

// scaleOf is what the whole width of a bullet stands for: 100 % of a share, 5
// of a score, else the power of ten that has room for result and goal.
func scaleOf(g report.Goal) float64 {
	most := g.Figure.Value
	if g.Figure.None {
		most = 0
	}
	if !g.NoTarget {
		most = max(most, g.Target)
	}
	const bestScore = 5
	switch u := unitOf(g.Figure.Metric); {
	case u == report.Share && !g.AtMost:
		return 1
	case u == report.Score:
		return bestScore
	case most <= 0:
		return 1
	}
	ten := math.Pow(10, math.Ceil(math.Log10(most)-1e-9))
	for _, part := range []float64{0.2, 0.5} { // not half empty
		if most <= part*ten*0.95 {
			return part * ten
		}
	}
	return ten
}

// spark is a line of the periods before, the last of them marked; target is a
// dotted line, NaN: none. Gaps are periods without a figure.
func spark(values []float64, target float64, width, height int) template.HTML {
	low, high := bounds(values, target)
	return curve(values, target, low, high, width, height)
}

// sparkTo is a line of counts that begins at 0 and shares its height with
// others: high is the highest of all of them.
func sparkTo(values []float64, high float64, width, height int) template.HTML {
	return curve(values, math.NaN(), 0, high, width, height)
}

func curve(values []float64, target, low, high float64, width, height int) template.HTML {
	var d drawing
	d.add(`<svg class="spark" width="%d" height="%d" viewBox="0 0 %d %d" aria-hidden="true">`, width, height, width, height)
	y := func(v float64) float64 {
		const edge = 3
		room := float64(height) - 2*edge
		if high == low {
			return edge + room/2
		}
		return edge + room*(high-v)/(high-low)
	}
	x := func(i int) float64 {
		if len(values) < 2 {
			return float64(width) - 3
		}
		return 2 + (float64(width)-5)*float64(i)/float64(len(values)-1)
	}
	if !math.IsNaN(target) {
		d.add(`<path class="g" d="M0 %sH%d"/>`, num(y(target)), width)
	}
	for _, run := range runs(values) {
		var points []string
		for i := run[0]; i < run[1]; i++ {
			points = append(points, num(x(i))+","+num(y(values[i])))
		}
		if len(points) == 1 && run[1] != len(values) { // alone between two gaps
			d.add(`<circle cx="%s" cy="%s" r="1"/>`, num(x(run[0])), num(y(values[run[0]])))
			continue
		}
		d.add(`<polyline points="%s"/>`, strings.Join(points, " "))
	}
	if n := len(values); n > 0 && !math.IsNaN(values[n-1]) {
		d.add(`<circle cx="%s" cy="%s" r="2"/>`, num(x(n-1)), num(y(values[n-1])))
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}

// bounds are the lowest and highest of what a spark shows.
func bounds(values []float64, target float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range append([]float64{target}, values...) {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		return 0, 0
	}
	return low, high
}

// runs are the stretches of a line without a gap: from, and up to but not.
func runs(values []float64) [][2]int {
	var out [][2]int
	from := -1
	for i, v := range values {
		switch {
		case math.IsNaN(v) && from >= 0:
			out, from = append(out, [2]int{from, i}), -1
		case !math.IsNaN(v) && from < 0:
			from = i
		}
	}
	if from >= 0 {
		out = append(out, [2]int{from, len(values)})
	}
	return out
}

// The months' chart, in pixels.
const (
	trendWidth  = 330
	trendHeight = 108
	trendLeft   = 34
	trendBase   = 86
	trendTop    = 10
)

// months is how many requests came in, period by period, and of those how many
// were answered without a person. say is what a screen reader reads.
func (w Words) months(bars []report.Bar, say string) template.HTML {
	var d drawing
	d.add(`<svg class="trend" viewBox="0 0 %d %d" role="img" aria-label="%s">`, trendWidth, trendHeight, esc(say))
	most := 0
	for _, b := range bars {
		most = max(most, b.Total)
	}
	step, top := steps(most)
	y := func(n int) float64 { return trendBase - (trendBase-trendTop)*float64(n)/float64(top) }
	for n := 0; n <= top; n += step {
		d.add(`<path class="gr" d="M31 %sH328"/><text class="ax e" x="26" y="%s">%s</text>`, num(y(n)), num(y(n)+3.5), esc(w.short(n)))
	}
	if len(bars) > 0 {
		slot := float64(trendWidth-trendLeft-2) / float64(len(bars))
		wide := min(slot*0.64, 40)
		for i, b := range bars {
			x := trendLeft + slot*float64(i) + (slot-wide)/2 - 3
			d.add(`<rect class="mb" x="%s" y="%s" width="%s" height="%s"/>`, num(x), num(y(b.Total)), num(wide), num(trendBase-y(b.Total)))
			if b.Automatic > 0 {
				d.add(`<rect class="ma" x="%s" y="%s" width="%s" height="%s"/>`, num(x), num(y(b.Automatic)), num(wide), num(trendBase-y(b.Automatic)))
			}
			d.add(`<text class="ax m" x="%s" y="98">%s</text>`, num(x+wide/2), esc(w.mark(b.Period)))
		}
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}

// steps are the lines behind bars: how far apart, and the highest.
func steps(most int) (step, top int) {
	step = 1
	for _, s := range []int{1, 2, 5} {
		for ten := 1; ten <= 1_000_000_000; ten *= 10 {
			if n := s * ten; 3*n >= most && (step == 1 || n < step) && n > 1 {
				step = n
			}
		}
	}
	if most <= 3 {
		step = 1
	}
	top = max((most+step-1)/step, 1) * step
	return step, top
}

// short is a number on an axis: 3k for 3,000.
func (w Words) short(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return w.Number(n/1_000_000) + "M"
	case n >= 1000 && n%1000 == 0:
		return w.Number(n/1000) + "k"
	case n >= 1000 && n%100 == 0:
		return w.decimal(float64(n)/1000, 1) + "k"
	}
	return w.Number(n)
}

// share of a row as a bar in a table, in pixels.
const tallyWidth = 44

// tally is a count as a bar, with a part of it dark and hatched.
func tally(count, part, most int) template.HTML {
	if most == 0 {
		most = 1
	}
	var d drawing
	all := tallyWidth * float64(count) / float64(most)
	some := tallyWidth * float64(part) / float64(most)
	d.add(`<svg class="tally" width="%d" height="10" viewBox="0 0 %d 10" aria-hidden="true"><rect class="mb" y="1" width="%s" height="8"/>`, tallyWidth, tallyWidth, num(all))
	if part > 0 {
		d.add(`<rect class="no" y="1" width="%s" height="8"/><path class="hatch" d="%s"/>`, num(some), hatch(0, 1, some, 8))
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}
