package report

import (
	"cmp"
	"slices"
	"strings"
)

// Sizes of a drawn ruleset.
const (
	rowHeight    = 25.0
	rowRoom      = 160.0 // to the right, for where rules send
	spineX       = 10.0
	rowTextX     = 26.0
	rowsTop      = 26.0
	rowsShare    = 0.55 // of the width, for the words of the rules
	targetGap    = 20.0
	leastTarget  = 10.0
	leastLine    = 1.2
	thickestLine = 16.0
)

// DesignDrawing is where everything of a drawn ruleset stands.
type DesignDrawing struct {
	Width, Height float64
	Rows          []DesignRow
	Targets       []DesignTarget
	Lines         []DesignLine
}

// DesignRow is a rule; the last one, without a rule, is what no rule decided on.
type DesignRow struct {
	DesignRule
	Taken
	Y float64
}

// DesignTarget is where rules send.
type DesignTarget struct {
	Goes       string
	X, Y, W, H float64
	Count      int
}

// DesignLine goes from a row to a target, as thick as it was taken.
type DesignLine struct {
	Row, Target            int
	FromX, FromY, ToX, ToY float64
	Thick                  float64
	Unused                 bool
}

// DrawDesign lays a ruleset out: its rules from top to bottom, and where each
// sends. It is as high as it has rules.
func DrawDesign(d Design, taken map[string]Taken, width float64) DesignDrawing {
	out := DesignDrawing{Width: width, Height: rowsTop + float64(len(d.Rules)+1)*rowHeight + 8}
	most := 1
	for i, r := range append(slices.Clone(d.Rules), DesignRule{Goes: GoesDesk}) {
		row := DesignRow{DesignRule: r, Taken: taken[r.ID], Y: rowsTop + (float64(i)+0.5)*rowHeight}
		out.Rows = append(out.Rows, row)
		most = max(most, row.Count)
	}
	for i, r := range out.Rows {
		if !r.Decides() {
			continue
		}
		t := out.target(r.Goes)
		out.Targets[t].Count += r.Count
		out.Lines = append(out.Lines, DesignLine{Row: i, Target: t, FromX: width * rowsShare, FromY: r.Y, Unused: r.Count == 0,
			Thick: max(leastLine, thickestLine*float64(r.Count)/float64(most))})
	}
	out.placeTargets()
	return out
}

// target is the place of a target among the others; it is made when it is new.
func (d *DesignDrawing) target(goes string) int {
	i := slices.IndexFunc(d.Targets, func(t DesignTarget) bool { return t.Goes == goes })
	if i >= 0 {
		return i
	}
	d.Targets = append(d.Targets, DesignTarget{Goes: goes})
	return len(d.Targets) - 1
}

// placeTargets puts each target in the middle of the rules that send there, or
// as near as others let it.
func (d *DesignDrawing) placeTargets() {
	boxes := make([]*targetBox, len(d.Targets))
	for i := range boxes {
		boxes[i] = &targetBox{at: i}
	}
	for _, l := range d.Lines {
		b := boxes[l.Target]
		b.h, b.sum, b.n = b.h+l.Thick+1, b.sum+l.FromY, b.n+1
	}
	slices.SortFunc(boxes, func(a, b *targetBox) int {
		return cmp.Or(cmp.Compare(a.sum/a.n, b.sum/b.n), strings.Compare(d.Targets[a.at].Goes, d.Targets[b.at].Goes))
	})
	need := 0.0
	for _, b := range boxes {
		b.h = max(b.h, leastTarget)
		b.y = b.sum / b.n
		need += b.h + targetGap
	}
	d.Height = max(d.Height, need+rowsTop) // many targets of few rules
	edge := rowsTop - targetGap/2
	for _, b := range boxes {
		b.y = max(b.y-b.h/2, edge+targetGap/2)
		edge = b.y + b.h + targetGap/2
	}
	edge = d.Height
	for _, b := range slices.Backward(boxes) {
		b.y = min(b.y, edge-targetGap/2-b.h)
		edge = b.y - targetGap/2
		t := &d.Targets[b.at]
		t.X, t.Y, t.W, t.H = d.Width-rowRoom, b.y, nodeWidth, b.h
	}
	for i := range d.Targets {
		y := d.Targets[i].Y
		for j := range d.Lines {
			if l := &d.Lines[j]; l.Target == i {
				l.ToX, l.ToY = d.Targets[i].X, y+(l.Thick+1)/2
				y += l.Thick + 1
			}
		}
	}
}

// targetBox is a target in the making.
type targetBox struct {
	at           int
	y, h, sum, n float64
}

// Goes is where a rule sends, in words.
func (w FlowWords) Goes(goes string) string {
	if team, ok := strings.CutPrefix(goes, "team:"); ok {
		return cmp.Or(w.Names.Team(team), team)
	}
	if goes == "" {
		return w.t("goes_on")
	}
	return w.t("goes_" + goes)
}

func (w FlowWords) goesClass(goes string) string {
	switch goes {
	case GoesAnswer:
		return "ok"
	case GoesDesk:
		return "desk"
	case GoesCustomer:
		return "wait"
	case GoesAccount:
		return "acct"
	case GoesOwner:
		return "back"
	}
	if team, ok := strings.CutPrefix(goes, "team:"); ok {
		return w.class(holderNode + "team:" + team)
	}
	return ""
}

// RuleName is what a drawn rule is called.
func (w FlowWords) RuleName(r DesignRule) string {
	if r.ID == NoRuleID {
		return w.t("no_rule")
	}
	return r.ChartRule.Name(w.Language)
}

// Channels says on which channels a rule can be taken; "" when on all.
func (w FlowWords) Channels(r DesignRule) string {
	named := func(ids []string) string {
		var out []string
		for _, id := range ids {
			out = append(out, w.Names.Channel(id))
		}
		return strings.Join(out, ", ")
	}
	switch {
	case len(r.Only) > 0:
		return w.t("only_channels", "channels", named(r.Only))
	case len(r.Except) > 0:
		return w.t("except_channels", "channels", named(r.Except))
	}
	return ""
}

// Adds says what a rule does besides deciding; "" when nothing.
func (w FlowWords) Adds(r DesignRule) string {
	var out []string
	for _, a := range r.ChartRule.Adds {
		value := a.Value
		key := "rules.value_" + string(a.Do) + "_" + strings.ReplaceAll(value, "-", "_")
		if s := w.Texts.Text(w.Language, key); s != key {
			value = s
		}
		out = append(out, w.Texts.Text(w.Language, "rules.does_"+string(a.Do), "value", value))
	}
	return strings.Join(out, ", ")
}

// Looks are the facts a rule asks, in words.
func (w FlowWords) Looks(r DesignRule) string {
	var out []string
	for _, f := range r.Facts {
		out = append(out, w.Texts.Text(w.Language, "rules.fact_"+strings.ReplaceAll(f, ".", "_")))
	}
	if r.Always {
		return w.t("looks_at_nothing")
	}
	return strings.Join(out, ", ")
}
