package catalogue

import (
	"math/bits"
	"math/rand/v2"
)

const (
	svmC      = 1.0
	svmEps    = 0.1
	svmEpochs = 100
	// againEpochs is enough for a model that starts where a like one stands.
	againEpochs = 3
	bias        = 1.0 // value of the constant feature, id 0
)

// abreast is how many classes are fitted and scored together: their weights of
// a feature lie in half a cache line, and their sums fit the registers.
const abreast = 8

type octet = [abreast]float32

// linear is a one-vs-rest linear model. Class k is number k%abreast of stripe
// k/abreast; a stripe's weights are by feature.
type linear struct {
	stripes [][]octet
	alpha   [][]octet // the dual solution by stripe and row, until training is over
}

func (l *linear) weightOf(id int32, class int) float32 {
	return l.stripes[class/abreast][id][class%abreast]
}

// scores fills z with the score of each class.
func (l *linear) scores(x []feature, z []float32) {
	for s, w := range l.stripes {
		sums := dotAll(x, w)
		copy(z[s*abreast:], sums[:])
	}
}

// training is the rows a classifier learns from, by number of line. Those not
// in use are left out; all of it is only read.
type training struct {
	lines   []line
	vectors [][]feature
	squares []float64 // of the vectors' lengths, with the bias
	use     []bool
}

func newTraining(lines []line, vectors [][]feature, use []bool) *training {
	t := &training{lines, vectors, make([]float64, len(lines)), use}
	for i, v := range vectors {
		t.squares[i] = bias * bias
		for _, f := range v {
			t.squares[i] += float64(f.value) * float64(f.value)
		}
	}
	return t
}

// trainLinear fits a support vector machine with squared hinge loss for each
// class against all others, by dual coordinate descent (Hsieh and others,
// ICML 2008) with shrinking. Given a model of about the same rows, it starts
// from its solution; with again, a model of these rows, with these vectors,
// and more. The result depends on the rows alone, not on how many
// processors there are.
func trainLinear(t *training, classes, features int, from *linear, again bool) *linear {
	n := (classes + abreast - 1) / abreast
	l := &linear{make([][]octet, n), make([][]octet, n)}
	one := func(s int) {
		d := newDescent(t, s*abreast, min(abreast, classes-s*abreast), features)
		switch {
		case again:
			d.leave(from.stripes[s], from.alpha[s])
		case from != nil:
			d.resume(from.alpha[s])
		}
		d.fit(again)
		l.stripes[s], l.alpha[s] = d.w, d.alpha
	}
	if again { // such models are fitted side by side already
		for s := range n {
			one(s)
		}
		return l
	}
	parallel(n, one)
	return l
}

// descent is the fit of the classes of one stripe, side by side. A bit set has
// a bit for each of them.
type descent struct {
	*training
	first int
	w     []octet // by feature
	alpha []octet // by row
	mask  []uint8 // by row: the classes it is still looked at for
	order []int32 // rows that are still looked at
	open  uint8   // the classes that are not finished
	all   uint8   // the classes that have rows
	rng   *rand.Rand
	class [abreast]progress
}

// progress is how far one class is.
type progress struct {
	bound     float64 // rows with a steeper gradient are shrunk
	high, low float64 // range of the projected gradients in this epoch
	shrunk    int     // rows left out since all were looked at
}

const unbound = 1e30

func newDescent(t *training, first, classes, features int) *descent {
	d := &descent{training: t, first: first, w: make([]octet, features), alpha: make([]octet, len(t.lines)),
		mask: make([]uint8, len(t.lines)), rng: rand.New(rand.NewPCG(1, 0x62616c6965))}
	for i, l := range t.lines {
		if c := l.class - first; t.use[i] && c >= 0 && c < classes {
			d.all |= 1 << c
		}
	}
	for c := range classes {
		if d.all&(1<<c) == 0 {
			d.w[0][c] = -bias // it has no rows: nothing is about it
		}
	}
	return d
}

// resume starts from another solution.
func (d *descent) resume(alpha []octet) {
	for i, a := range alpha {
		if !d.use[i] || a == (octet{}) {
			continue
		}
		var step octet
		for c, v := range a {
			if d.all&(1<<c) != 0 {
				d.alpha[i][c] = v
				step[c] = v * d.sign(i, c)
			}
		}
		d.add(i, step)
	}
}

// leave starts from the solution of the same rows and some more: what these
// gave is taken away again.
func (d *descent) leave(w, alpha []octet) {
	copy(d.w, w)
	for i, a := range alpha {
		if a == (octet{}) {
			continue
		}
		if d.use[i] {
			d.alpha[i] = a
			continue
		}
		var step octet
		for c, v := range a {
			step[c] = -v * d.sign(i, c)
		}
		d.add(i, step)
	}
	for c := range abreast {
		if d.all&(1<<c) == 0 { // it has no rows any more
			for id := range d.w {
				d.w[id][c] = 0
			}
			d.w[0][c] = -bias
		}
	}
}

func (d *descent) sign(row, c int) float32 {
	if d.lines[row].class == d.first+c {
		return 1
	}
	return -1
}

// fit goes over the rows until no class gets better. With again, rows that are
// far from mattering are never looked at twice.
func (d *descent) fit(again bool) {
	d.open = d.all
	bound, epochs := unbound, svmEpochs
	if again {
		bound, epochs = svmEps, againEpochs
	}
	for c := range d.class {
		d.class[c].bound = bound
	}
	d.reopen(d.open)
	for e := 0; e < epochs && d.open != 0; e++ {
		d.epoch()
		var look uint8
		for rest := d.open; rest != 0; rest &= rest - 1 {
			c := bits.TrailingZeros8(rest)
			switch p := &d.class[c]; {
			case p.high-p.low > svmEps:
				p.bound = p.high
				if p.bound <= 0 {
					p.bound = unbound
				}
			case p.shrunk == 0 || again:
				d.open &^= 1 << c
			default:
				look |= 1 << c // at the shrunk rows once more
				p.bound, p.shrunk = unbound, 0
			}
		}
		if look != 0 {
			d.reopen(look)
		}
	}
}

// reopen makes all rows count again for some classes.
func (d *descent) reopen(classes uint8) {
	d.order = d.order[:0]
	for i, use := range d.use {
		if !use {
			continue
		}
		if d.mask[i] |= classes; d.mask[i]&d.open != 0 {
			d.order = append(d.order, int32(i))
		}
	}
}

// epoch goes once over the rows that are still looked at.
func (d *descent) epoch() {
	for c := range d.class {
		d.class[c].high, d.class[c].low = -unbound, unbound
	}
	d.rng.Shuffle(len(d.order), func(i, j int) { d.order[i], d.order[j] = d.order[j], d.order[i] })
	left := d.order[:0]
	for _, i := range d.order {
		d.mask[i] &= d.open
		d.visit(int(i))
		if d.mask[i] != 0 {
			left = append(left, i)
		}
	}
	d.order = left
}

// visit takes the best step for one row, for each class it still counts for.
func (d *descent) visit(i int) {
	diagonal := 0.5 / (svmC * d.lines[i].cost)
	z := d.scores(i)
	var step octet
	for rest := d.mask[i]; rest != 0; rest &= rest - 1 {
		c := bits.TrailingZeros8(rest)
		p := &d.class[c]
		y, alpha := d.sign(i, c), float64(d.alpha[i][c])
		g := float64(y*z[c]) - 1 + alpha*diagonal
		projected := g
		if alpha == 0 {
			if g > p.bound {
				d.mask[i] &^= 1 << c
				p.shrunk++
				continue
			}
			projected = min(g, 0)
		}
		p.high, p.low = max(p.high, projected), min(p.low, projected)
		if projected > 1e-9 || projected < -1e-9 {
			better := float32(max(alpha-g/(d.squares[i]+diagonal), 0))
			step[c] = (better - d.alpha[i][c]) * y
			d.alpha[i][c] = better
		}
	}
	if step != (octet{}) {
		d.add(i, step)
	}
}

// scores are the row's scores for the classes it counts for; the others' are
// not filled in when they are many.
func (d *descent) scores(i int) (z octet) {
	if bits.OnesCount8(d.mask[i]) > 2 {
		return dotAll(d.vectors[i], d.w)
	}
	for rest := d.mask[i]; rest != 0; rest &= rest - 1 {
		c := bits.TrailingZeros8(rest)
		z[c] = dotOne(d.vectors[i], d.w, c)
	}
	return z
}

func (d *descent) add(i int, step octet) {
	for c := range step {
		d.w[0][c] += step[c] * bias
	}
	if c := single(step); c >= 0 {
		for _, f := range d.vectors[i] {
			d.w[f.id][c] += f.value * step[c]
		}
		return
	}
	for _, f := range d.vectors[i] {
		w, v := &d.w[f.id], f.value
		w[0] += v * step[0]
		w[1] += v * step[1]
		w[2] += v * step[2]
		w[3] += v * step[3]
		w[4] += v * step[4]
		w[5] += v * step[5]
		w[6] += v * step[6]
		w[7] += v * step[7]
	}
}

// single is the one class that moves, or -1 when several do.
func single(step octet) int {
	at := -1
	for c, v := range step {
		if v != 0 {
			if at >= 0 {
				return -1
			}
			at = c
		}
	}
	return at
}

// dotAll is the scores of a vector for the classes of a stripe.
func dotAll(x []feature, weights []octet) octet {
	w := &weights[0]
	a, b, c, d, e, f, g, h := w[0]*bias, w[1]*bias, w[2]*bias, w[3]*bias, w[4]*bias, w[5]*bias, w[6]*bias, w[7]*bias
	for _, t := range x {
		w, v := &weights[t.id], t.value
		a += v * w[0]
		b += v * w[1]
		c += v * w[2]
		d += v * w[3]
		e += v * w[4]
		f += v * w[5]
		g += v * w[6]
		h += v * w[7]
	}
	return octet{a, b, c, d, e, f, g, h}
}

// dotOne has two sums, because one alone would wait for each addition.
func dotOne(x []feature, weights []octet, class int) float32 {
	c := class % abreast
	a, b := weights[0][c]*bias, float32(0)
	for len(x) >= 2 {
		a += x[0].value * weights[x[0].id][c]
		b += x[1].value * weights[x[1].id][c]
		x = x[2:]
	}
	for _, f := range x {
		a += f.value * weights[f.id][c]
	}
	return a + b
}
