package catalogue

import (
	"math/rand/v2"
	"runtime"
	"sync"
)

// example is a training row: its vector, its class and how much it counts.
type example struct {
	features []feature
	class    int
	cost     float64 // of a mistake on it, as a multiple of the C of a full row
}

const (
	svmC      = 1.0
	svmEps    = 0.1
	svmEpochs = 100
	bias      = 1.0 // value of the constant feature, id 0
)

// linear is a one-vs-rest linear model: weights[id*wide+class].
type linear struct {
	wide    int
	weights []float32
}

// row is the weights of one feature for all classes.
func (l *linear) row(id int32) []float32 {
	i := int(id) * l.wide
	return l.weights[i : i+l.wide : i+l.wide]
}

// scores adds up the weights of a vector for every class.
func (l *linear) scores(x []feature, z []float32) {
	copy(z, l.row(0))
	for _, f := range x {
		w := l.row(f.id)
		z := z[:len(w)]
		v := f.value
		for len(w) >= 4 && len(z) >= 4 {
			z[0] += v * w[0]
			z[1] += v * w[1]
			z[2] += v * w[2]
			z[3] += v * w[3]
			w, z = w[4:], z[4:]
		}
		for k, x := range w {
			z[k] += v * x
		}
	}
}

// trainLinear fits a support vector machine with squared hinge loss for each
// class against all others, by dual coordinate descent (Hsieh and others,
// ICML 2008) with shrinking. Each class has its own random order, so that the
// result depends on the rows alone.
func trainLinear(rows []example, classes, features int) *linear {
	l := &linear{wide: classes, weights: make([]float32, features*classes)}
	squares := make([]float64, len(rows))
	for i, r := range rows {
		squares[i] = bias * bias
		for _, f := range r.features {
			squares[i] += float64(f.value) * float64(f.value)
		}
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), classes) {
		wg.Go(func() {
			d := newDescent(rows, squares, features)
			for class := range next {
				d.fit(class)
				for id, w := range d.w {
					l.weights[id*classes+class] = w
				}
			}
		})
	}
	for class := range classes {
		next <- class
	}
	close(next)
	wg.Wait()
	return l
}

// descent is the workspace of one class's fit.
type descent struct {
	rows    []example
	squares []float64
	w       []float32
	alpha   []float64
	active  []int32
}

func newDescent(rows []example, squares []float64, features int) *descent {
	return &descent{rows: rows, squares: squares, w: make([]float32, features),
		alpha: make([]float64, len(rows)), active: make([]int32, len(rows))}
}

func (d *descent) fit(class int) {
	clear(d.w)
	clear(d.alpha)
	for i := range d.active {
		d.active[i] = int32(i)
	}
	rng := rand.New(rand.NewPCG(uint64(class)+1, 0x62616c6965))
	n, bound := len(d.rows), 1e30
	for range svmEpochs {
		var high, low float64
		n, high, low = d.epoch(class, n, bound, rng)
		if high-low > svmEps {
			bound = high
			if bound <= 0 {
				bound = 1e30
			}
			continue
		}
		if n == len(d.rows) {
			return
		}
		n, bound = len(d.rows), 1e30 // look at the shrunk rows once more
	}
}

// epoch goes once over the active rows. It returns how many stay active and
// the range of the projected gradients.
func (d *descent) epoch(class, n int, bound float64, rng *rand.Rand) (left int, high, low float64) {
	high, low = -1e30, 1e30
	for i := n - 1; i > 0; i-- {
		j := rng.IntN(i + 1)
		d.active[i], d.active[j] = d.active[j], d.active[i]
	}
	for s := 0; s < n; s++ {
		i := d.active[s]
		r := &d.rows[i]
		y := -1.0
		if r.class == class {
			y = 1
		}
		diagonal := 0.5 / (svmC * r.cost)
		g := y*d.dot(r.features) - 1 + d.alpha[i]*diagonal
		projected := g
		if d.alpha[i] == 0 {
			if g > bound {
				n--
				d.active[s], d.active[n] = d.active[n], d.active[s]
				s--
				continue
			}
			projected = min(g, 0)
		}
		high, low = max(high, projected), min(low, projected)
		if projected > 1e-12 || projected < -1e-12 {
			old := d.alpha[i]
			d.alpha[i] = max(old-g/(d.squares[i]+diagonal), 0)
			d.add(r.features, float32((d.alpha[i]-old)*y))
		}
	}
	return n, high, low
}

// dot has four sums, because one alone would wait for each addition.
func (d *descent) dot(x []feature) float64 {
	w := d.w
	var a, b, c, e float32
	for len(x) >= 4 {
		a += x[0].value * w[x[0].id]
		b += x[1].value * w[x[1].id]
		c += x[2].value * w[x[2].id]
		e += x[3].value * w[x[3].id]
		x = x[4:]
	}
	for _, f := range x {
		a += f.value * w[f.id]
	}
	return float64(w[0]*bias + (a + b) + (c + e))
}

func (d *descent) add(x []feature, step float32) {
	d.w[0] += step * bias
	for _, f := range x {
		d.w[f.id] += step * f.value
	}
}
