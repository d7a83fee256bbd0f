package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
)

// sparkLine is the last days of a figure, drawn in a box of 64 by 24.
type sparkLine struct{ Points, X, Y string }

// inflowView is today by half hours, drawn in a box of 520 by 104.
type inflowView struct {
	Words, Sentence string
	Bars            []inflowBar
	Ticks           []inflowTick
	Peak            *inflowTick
}

// inflowBar is half an hour: what came in, and what was expected.
type inflowBar struct {
	X, Y, H  int
	Now      bool
	Expected string // the path of its line; "" when nothing is expected
	Came     bool
}

type inflowTick struct {
	X, Y int
	Text string
}

// tiles are the numbers at the top. One that nothing is known of is not there.
func (g *lister) tiles(b desk.Board) []boardTile {
	out := []boardTile{{Name: g.boardWord("open"), Big: fmt.Sprint(b.Open)}, {Name: g.boardWord("late"), Big: fmt.Sprint(b.Late), Goal: g.boardWord("goal", "n", "0"), Class: "ok"}}
	if b.Late > 0 {
		out[1].Class = "bad"
	}
	if b.Today == nil {
		return out
	}
	goals := map[string]report.PlanGoal{}
	for _, x := range g.Library.Plan().Goals {
		if x.Scope == (report.Scope{}) {
			goals[x.Metric] = x
		}
	}
	share := func(name, metric string, s report.Spark) {
		if s.Now.None {
			return
		}
		t := boardTile{Name: g.boardWord(name), Big: inPercent(s.Now.Value), Spark: sparkOf(s)}
		if x, ok := goals[metric]; ok {
			t.Goal, t.Class = g.boardWord("goal", "n", inPercent(x.Target)), goodOrBad(s.Now.Value >= x.Target != x.AtMost || s.Now.Value == x.Target)
		}
		out = append(out, t)
	}
	share("on_time", report.ResolveKept, b.Today.OnTime)
	if s := b.Today.Respond; !s.Now.None {
		t := boardTile{Name: g.boardWord("respond"), Big: minutes(seconds(s.Now.Value)), Spark: sparkOf(s)}
		if p := g.Library.Brain().Policy; p != nil && p.Default.Respond > 0 {
			t.Goal, t.Class = g.boardWord("goal", "n", minutes(p.Default.Respond)), goodOrBad(seconds(s.Now.Value) <= p.Default.Respond)
		}
		out = append(out, t)
	}
	share("automatic", report.AutoAnswered, b.Today.Automatic)
	if s := b.Today.Satisfaction; !s.Now.None {
		t := boardTile{Name: g.boardWord("satisfied"), Big: g.decimal(s.Now.Value), Spark: sparkOf(s)}
		if x, ok := goals[report.Satisfaction]; ok {
			t.Goal, t.Class = g.boardWord("goal", "n", g.decimal(x.Target)), goodOrBad(s.Now.Value >= x.Target)
		}
		out = append(out, t)
	}
	return out
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

func goodOrBad(good bool) string {
	if good {
		return "ok"
	}
	return "bad"
}

// sparkOf draws the days of a figure; nil when there are too few for a line.
func sparkOf(s report.Spark) *sparkLine {
	low, high := math.Inf(1), math.Inf(-1)
	for _, f := range s.Days {
		if !f.None {
			low, high = min(low, f.Value), max(high, f.Value)
		}
	}
	var points []string
	out := &sparkLine{}
	for i, f := range s.Days {
		if f.None {
			continue
		}
		y := 12.0
		if high > low {
			y = 21 - 18*(f.Value-low)/(high-low)
		}
		out.X, out.Y = fmt.Sprintf("%.1f", 2+59*float64(i)/float64(max(len(s.Days)-1, 1))), fmt.Sprintf("%.1f", y)
		points = append(points, out.X+","+out.Y)
	}
	if len(points) < 2 {
		return nil
	}
	out.Points = strings.Join(points, " ")
	return out
}

// The box of the inflow: bars stand on inflowBase.
const (
	inflowBase = 90
	inflowTall = 72
	inflowWide = 520
)

// inflow draws today by half hours against what was expected.
func (g *lister) inflow(t report.Today) *inflowView {
	slots := working(t.Slots)
	if len(slots) == 0 {
		return nil
	}
	most := 1.0
	for _, s := range slots {
		most = max(most, float64(s.In), s.Expected)
	}
	step := float64(inflowWide) / float64(len(slots))
	first := slots[0].From.In(g.Zone)
	v := &inflowView{Words: g.boardWord("inflow_since", "n", fmt.Sprint(t.In), "when", g.hm(first))}
	if t.Weeks > 0 && t.Expected >= 1 {
		v.Words = g.boardWord("inflow_words", "n", fmt.Sprint(t.In), "when", g.hm(first), "expected", fmt.Sprintf("%.0f", t.Expected))
	}
	peak := 0
	for i, s := range slots {
		x := int(math.Round(float64(i) * step))
		h := int(math.Round(inflowTall * float64(s.In) / most))
		b := inflowBar{X: x + 2, Y: inflowBase - h, H: h, Came: s.In > 0, Now: !s.From.After(t.At) && t.At.Before(s.From.Add(30*time.Minute))}
		if t.Weeks > 0 {
			b.Expected = fmt.Sprintf("M%d %dh%d", x+1, inflowBase-int(math.Round(inflowTall*s.Expected/most)), max(int(step)-4, 4))
		}
		v.Bars = append(v.Bars, b)
		if s.In > slots[peak].In {
			peak = i
		}
		if i%4 == 0 {
			v.Ticks = append(v.Ticks, inflowTick{X: x + 2, Y: 102, Text: g.hm(s.From)})
		}
	}
	top := slots[peak]
	v.Sentence = g.boardWord("inflow_peak", "n", fmt.Sprint(top.In), "when", g.hm(top.From))
	if top.In > 0 {
		v.Peak = &inflowTick{X: v.Bars[peak].X + int(step/2) - 2, Y: v.Bars[peak].Y - 4, Text: fmt.Sprint(top.In)}
	}
	return v
}

// Wide is how wide a bar is, in the units of its drawing.
func (v *inflowView) Wide() int { return max(int(inflowWide/max(len(v.Bars), 1))-6, 3) }

// working are the half hours of a day between the first and the last in which
// something came in or was expected.
func working(all []report.Slot) []report.Slot {
	first, last := -1, -1
	for i, s := range all {
		if s.In > 0 || s.Expected >= 0.05 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	for last-first < 12 && last < len(all)-1 { // a day that has just begun
		last++
	}
	return all[first : last+1]
}
