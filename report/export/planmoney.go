package export

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie/report"
)

// planHalf is a half hour in the table beside the chart.
type planHalf struct{ At, Requests, Calls, People, InTime string }

// planStep is a line of the reckoning; Sum where something comes out of it.
type planStep struct {
	Name, Value string
	Part, Sum   bool
}

type planStaff struct{ Name, FTE, Hours, Rate, Share, Year string }

type planRow struct {
	Name, Amount string
	Sum          bool
}

type planProduct struct{ Name, Requests, Each, Year string }

func (v *planView) capacity(p Plan) {
	w, r := v.w, p.Reckoning
	n := w.decimal(r.Requests, digitsOf(math.Round(r.Requests*10)/10))
	switch {
	case r.Requests == 0:
		v.Traffic = w.plan("traffic_none")
	case r.Traffic.Measured:
		v.Traffic = w.plan("traffic_measured", "days", w.Number(r.Traffic.Days), "n", n)
	default:
		v.Traffic = w.plan("traffic_expected", "n", n)
	}
	if r.Requests > 0 && len(r.Halves) > 0 {
		v.Day = w.day(r)
		for _, h := range r.Halves {
			v.Halves = append(v.Halves, planHalf{w.clock(h.Minute), w.decimal(h.Requests, 1), w.decimal(h.Calls, 1), fmt.Sprint(h.ForCalls), w.Share(h.InTime)})
		}
		v.steps(p)
	}
	if r.Opening.Days > 0 {
		var channels []string
		for _, id := range p.Capacities.Channels {
			channels = append(channels, w.plan("channel_"+id))
		}
		key := "open_on"
		if len(channels) == 0 {
			key = "open_short"
		}
		v.Open = w.plan(key, "days", w.Number(int(r.Opening.Days)), "hours", w.decimal(r.Opening.Hours, 1), "channels", strings.Join(channels, ", "))
	}
	v.staff(p)
}

// steps write the reckoning out: what a manager can follow with a pencil.
func (v *planView) steps(p Plan) {
	w, r, c := v.w, p.Reckoning, p.Capacities
	hours := func(h float64) string { return w.plan("hours", "n", w.decimal(h, 1)) }
	one := func(n float64) string { return w.decimal(n, 1) }
	add := func(name, value string) { v.Steps = append(v.Steps, planStep{Name: name, Value: value}) }
	part := func(name, value string) { v.Steps = append(v.Steps, planStep{Name: name, Value: value, Part: true}) }
	sum := func(name, value string) { v.Steps = append(v.Steps, planStep{Name: name, Value: value, Sum: true}) }
	add(w.plan("r_requests"), w.decimal(r.Requests, digitsOf(math.Round(r.Requests*10)/10)))
	part(w.plan("r_automatic", "share", w.aim(r.ByItself), "source", w.plan("source_"+cmp.Or(r.Source, "none"))), one(r.Automatic))
	if r.Calls > 0 {
		part(w.plan("r_calls", "n", one(r.Calls), "time", w.span(c.Calls.Handling)), hours(r.CallHours))
	}
	part(w.plan("r_written", "n", one(r.Written), "time", w.span(c.Handling)), hours(r.WrittenHours))
	if r.Calls > 0 {
		add(w.plan("r_present", "share", w.aim(c.Calls.Share), "within", w.span(c.Calls.Within)), hours(r.Present))
		add(w.plan("r_between"), "−"+hours(r.Between))
	}
	sum(w.plan("r_desk"), hours(r.DeskHours))
	if r.PaidHours == 0 {
		return
	}
	const weeks = 365.25 / 7
	add(w.plan("r_paid", "days", w.decimal(r.Opening.Days/weeks, 2), "occupied", w.aim(c.Occupied)), w.plan("a_week", "n", one(r.PaidHours)))
	sum(w.plan("r_needed"), w.plan("fte", "n", w.decimal(r.Needed, 1)))
	sum(w.plan("r_planned"), w.plan("fte", "n", w.decimal(r.Planned, 1)))
}

// span is a short length of time, with its seconds.
func (w Words) span(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	if d%time.Minute == 0 {
		return report.WriteTime(w.language(), d)
	}
	return w.decimal(d.Minutes(), digitsOf(math.Round(d.Minutes()*100)/100)) + " min"
}

func (v *planView) staff(p Plan) {
	w := v.w
	year := func(s report.Staff) float64 { return s.FTE * s.Hours * 365.25 / 7 * float64(s.Rate) }
	all := p.Capacities.People
	for i, s := range all {
		if i == mostStaff-1 && len(all) > mostStaff {
			rest, money := 0.0, 0.0
			for _, s := range all[i:] {
				rest, money = rest+s.FTE, money+year(s)
			}
			v.Staff = append(v.Staff, planStaff{Name: w.plan("c_others", "n", fmt.Sprint(len(all)-i)), FTE: w.decimal(rest, 1), Year: w.Money(money)})
			return
		}
		v.Staff = append(v.Staff, planStaff{w.said(s.Names), w.decimal(s.FTE, digitsOf(s.FTE)), w.decimal(s.Hours, digitsOf(s.Hours)), w.Money(float64(s.Rate)), w.aim(s.Share), w.Money(year(s))})
	}
}

func (v *planView) money(p Plan) {
	w, c := v.w, p.Reckoning.Costs
	rows := []amount{{w.plan("c_people"), c.People}}
	for _, x := range p.Finances.Investments {
		years := w.decimal(x.Years, digitsOf(x.Years))
		rows = append(rows, amount{w.plan("c_written_off", "name", w.said(x.Names), "amount", w.Money(float64(x.Amount)), "years", years), int64(math.Round(float64(x.Amount) / x.Years))})
	}
	rows = append(rows, w.amounts(p.Finances.Running)...)
	v.Costs = w.rows(rows)
	v.Costs = append(v.Costs, planRow{w.plan("c_total"), w.Money(float64(c.Total)), true})
	if c.PerRequest > 0 {
		v.Costs = append(v.Costs, planRow{w.plan("c_each", "n", w.Number(int(math.Round(c.Requests)))), w.Money(float64(c.PerRequest)), true})
	}
	v.products(p)
	if c.Replaced == 0 {
		return
	}
	v.Replaces = append(w.rows(w.amounts(p.Finances.Replaces)), planRow{w.plan("c_total"), w.Money(float64(c.Replaced)), true})
	if saved := c.Replaced - c.Total; saved >= 0 {
		v.Replaces = append(v.Replaces, planRow{w.plan("c_saved"), w.Money(float64(saved)), true})
	} else {
		v.Replaces = append(v.Replaces, planRow{w.plan("c_more"), w.Money(float64(-saved)), true})
	}
	if c.Invested > 0 {
		x := planRow{Name: w.plan("c_invested"), Amount: w.Money(float64(c.Invested))}
		if c.Payback >= 0.05 {
			x.Name = w.plan("c_payback", "n", w.decimal(c.Payback, 1))
		}
		v.Replaces = append(v.Replaces, x)
	}
	v.Bars = w.bars(c)
}

// amount is a name and hundredths.
type amount struct {
	name  string
	cents int64
}

func (w Words) amounts(all []report.Amount) []amount {
	out := make([]amount, len(all))
	for i, x := range all {
		out[i] = amount{w.said(x.Names), x.Amount}
	}
	return out
}

// rows are amounts as lines; what does not fit is one line, so that they add up.
func (w Words) rows(all []amount) []planRow {
	var out []planRow
	for i, x := range all {
		if i == mostCosts-1 && len(all) > mostCosts {
			rest := int64(0)
			for _, x := range all[i:] {
				rest += x.cents
			}
			return append(out, planRow{Name: w.plan("c_others", "n", fmt.Sprint(len(all)-i)), Amount: w.Money(float64(rest))})
		}
		out = append(out, planRow{Name: x.name, Amount: w.Money(float64(x.cents))})
	}
	return out
}

// products are what the dearest products cost a year, with what was measured of
// them.
func (v *planView) products(p Plan) {
	w, t := v.w, p.Reckoning.Traffic
	if len(t.Products) == 0 || p.Reckoning.Costs.Requests == 0 {
		return
	}
	from := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // any year
	cost := p.CostOver(from, from.AddDate(1, 0, 0), t.Products)
	all := 0
	for _, h := range t.Products {
		all += h.Requests
	}
	ids := make([]string, 0, len(cost.PerProduct))
	for id := range cost.PerProduct {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(cost.PerProduct[b], cost.PerProduct[a]), cmp.Compare(a, b))
	})
	for _, id := range ids[:min(mostProduct, len(ids))] {
		a := p.Reckoning.Costs.Requests * float64(t.Products[id].Requests) / float64(all) // a year
		name := w.Product(id)
		if id == "" {
			name = w.plan("no_product")
		}
		v.Products = append(v.Products, planProduct{name, w.Number(int(math.Round(a))), w.Money(float64(cost.PerProduct[id]) / max(a, 1)), w.Money(float64(cost.PerProduct[id]))})
	}
}

// Sizes of the drawings of a plan, in pixels.
const (
	dayWidth  = 330
	dayHeight = 152
	dayBase   = 116 // of the bars
	dayTop    = 10
	dayLeft   = 18
	moneyWide = 330
	moneyHigh = 44
)

// day draws the requests of a day by half hour, and below the axis the people
// for those who wait. The part of them who wait is hatched.
func (w Words) day(r report.Reckoning) template.HTML {
	most, busiest := 0.0, r.Halves[0]
	for _, h := range r.Halves {
		if h.Requests > most {
			most, busiest = h.Requests, h
		}
	}
	if most == 0 {
		return ""
	}
	var d drawing
	last := r.Halves[len(r.Halves)-1]
	d.add(`<svg class="plan-day" viewBox="0 0 %d %d" role="img" aria-label="%s">`, dayWidth, dayHeight,
		esc(w.plan("chart", "from", w.clock(r.Halves[0].Minute), "to", w.clock(last.Minute+30), "peak", w.clock(busiest.Minute), "people", fmt.Sprint(r.Peak))))
	step, top := steps(int(math.Ceil(most)))
	y := func(n float64) float64 { return dayBase - (dayBase-dayTop)*n/float64(top) }
	for n := 0; n <= top; n += step {
		d.add(`<path class="gr" d="M%d %sH%d"/><text class="ax e" x="%d" y="%s">%d</text>`, dayLeft, num(y(float64(n))), dayWidth, dayLeft-4, num(y(float64(n))+3.5), n)
	}
	slot := float64(dayWidth-dayLeft-2) / float64(len(r.Halves))
	wide := slot * 0.7
	every := 2 // whole hours have a number
	if len(r.Halves) > 28 {
		every = 4
	}
	for i, h := range r.Halves {
		x := dayLeft + 2 + slot*float64(i) + (slot-wide)/2
		d.add(`<rect class="mb" x="%s" y="%s" width="%s" height="%s"/>`, num(x), num(y(h.Requests)), num(wide), num(dayBase-y(h.Requests)))
		if h.Calls > 0 {
			top, high := y(h.Calls), dayBase-y(h.Calls)
			d.add(`<rect class="mc" x="%s" y="%s" width="%s" height="%s"/><path class="hatch" d="%s"/>`, num(x), num(top), num(wide), num(high), hatch(x, top, wide, high))
		}
		if h.ForCalls > 0 && slot >= 9 {
			d.add(`<text class="ax m" x="%s" y="%d">%d</text>`, num(x+wide/2), dayBase+14, h.ForCalls)
		}
		if h.Minute%60 == 0 && (h.Minute/30)%every == 0 {
			d.add(`<text class="ax m" x="%s" y="%d">%d</text>`, num(x+wide/2), dayHeight-6, h.Minute/60)
		}
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}

// bars are the cost and what is replaced, one above the other.
func (w Words) bars(c report.Costs) template.HTML {
	var d drawing
	most := float64(max(c.Total, c.Replaced))
	d.add(`<svg class="plan-money" viewBox="0 0 %d %d" role="img" aria-label="%s">`, moneyWide, moneyHigh,
		esc(w.plan("bars", "cost", w.Money(float64(c.Total)), "replaced", w.Money(float64(c.Replaced)))))
	for i, x := range []struct {
		class, key string
		cents      int64
	}{{"ma", "bar_cost", c.Total}, {"mb", "bar_replaced", c.Replaced}} {
		top := 4 + 21*i
		long := float64(moneyWide-88) * float64(x.cents) / most
		d.add(`<text class="ax" x="0" y="%d">%s</text><rect class="%s" x="88" y="%d" width="%s" height="13"/>`, top+10, esc(w.plan(x.key)), x.class, top, num(long))
		if x.class == "ma" {
			d.add(`<path class="hatch" d="%s"/>`, hatch(88, float64(top), long, 13))
		}
	}
	d.WriteString(`</svg>`)
	return template.HTML(d.String())
}
