package report

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// yearDays is a year in days, leap years reckoned in.
const yearDays = 365.25

// CostOver is what the desk costs from one moment until another according to
// the plan, by product too. People's cost goes to where people's work was, the
// rest to every request alike; what no product is known of is the product "".
// It adds up: the products together are the total.
func (p Plan) CostOver(from, to time.Time, products map[string]Handled) Cost {
	year := p.costs(0)
	if year.Total == 0 || !to.After(from) {
		return Cost{}
	}
	// Days, not hours: a month with summer time in it costs as much as another.
	share := math.Round(to.Sub(from).Hours()/24) / yearDays
	part := func(v int64) float64 { return float64(v) * share }
	c := Cost{Known: true, Total: int64(math.Round(part(year.Total))), Replaced: int64(math.Round(part(year.Replaced)))}
	var all Handled
	for _, h := range products {
		all.Requests += h.Requests
		all.ByPerson += h.ByPerson
	}
	if all.Requests == 0 {
		return c
	}
	c.PerRequest = int64(math.Round(float64(c.Total) / float64(all.Requests)))
	people, rest := part(year.People), part(year.Total-year.People)
	if all.ByPerson == 0 {
		people, rest = 0, people+rest
	}
	weights := make(map[string]float64, len(products))
	for id, h := range products {
		w := rest * float64(h.Requests) / float64(all.Requests)
		if all.ByPerson > 0 {
			w += people * float64(h.ByPerson) / float64(all.ByPerson)
		}
		weights[id] = w
	}
	c.PerProduct = divided(c.Total, weights)
	return c
}

// divided gives each its whole part of an amount; what rounding leaves goes to
// those it took most from, so that the parts add up.
func divided(total int64, weights map[string]float64) map[string]int64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	out := make(map[string]int64, len(weights))
	if sum <= 0 {
		return out
	}
	type left struct {
		id   string
		part float64
	}
	rests := make([]left, 0, len(weights))
	rest := total
	for id, w := range weights {
		exact := float64(total) * w / sum
		whole := math.Floor(exact)
		out[id] = int64(whole)
		rest -= int64(whole)
		rests = append(rests, left{id, exact - whole})
	}
	slices.SortFunc(rests, func(a, b left) int { return cmp.Or(cmp.Compare(b.part, a.part), cmp.Compare(a.id, b.id)) })
	step := int64(1)
	if rest < 0 { // floating point took too much
		step = -1
		slices.Reverse(rests)
	}
	for i := 0; rest != 0 && i < len(rests); i++ {
		out[rests[i].id] += step
		rest -= step
	}
	return out
}
