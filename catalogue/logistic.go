package catalogue

import "math"

// logistic is a fitted probability: sigmoid(b0 + b·(x-mean)/deviation).
type logistic struct{ mean, deviation, b []float64 }

// observation is one row a logistic is fitted on.
type observation struct {
	x      []float64
	right  bool
	weight float64
}

const (
	newtonSteps = 12
	newtonEnd   = 1e-6 // a step this small changes no score that is shown
	ridge       = 1.0  // L2 penalty; keeps the fit finite when nothing is wrong
)

// fitLogistic fits by Newton's method with a ridge penalty. With nothing to fit
// on, everything gets one half.
func fitLogistic(rows []observation, dims int) *logistic {
	l := standard(rows, dims)
	x := make([]float64, dims+1)
	for range newtonSteps {
		gradient := make([]float64, dims+1)
		hessian := make([][]float64, dims+1)
		for i := range hessian {
			hessian[i] = make([]float64, dims+1)
			hessian[i][i] = 1e-9
			if i < dims {
				hessian[i][i] = ridge
				gradient[i] = -ridge * l.b[i]
			}
		}
		for _, r := range rows {
			l.scale(r.x, x)
			p := sigmoid(dot(l.b, x))
			y := 0.0
			if r.right {
				y = 1
			}
			for i := range x {
				gradient[i] += r.weight * (y - p) * x[i]
				for j := range i + 1 {
					hessian[i][j] += r.weight * p * (1 - p) * x[i] * x[j]
				}
			}
		}
		moved := 0.0
		for i, step := range solve(hessian, gradient) {
			l.b[i] += max(-5, min(5, step))
			moved = max(moved, math.Abs(step))
		}
		if moved < newtonEnd {
			break
		}
	}
	return l
}

func standard(rows []observation, dims int) *logistic {
	l := &logistic{make([]float64, dims), make([]float64, dims), make([]float64, dims+1)}
	total := 0.0
	for _, r := range rows {
		total += r.weight
		for i, v := range r.x {
			l.mean[i] += r.weight * v
		}
	}
	for i := range l.mean {
		l.mean[i] /= max(total, 1e-9)
	}
	for _, r := range rows {
		for i, v := range r.x {
			l.deviation[i] += r.weight * (v - l.mean[i]) * (v - l.mean[i])
		}
	}
	for i, v := range l.deviation {
		l.deviation[i] = math.Sqrt(v / max(total, 1e-9))
		if l.deviation[i] < 1e-9 {
			l.deviation[i] = 1
		}
	}
	return l
}

// scale standardises x into out; the last figure is the constant.
func (l *logistic) scale(x, out []float64) {
	for i, v := range x {
		out[i] = (v - l.mean[i]) / l.deviation[i]
	}
	out[len(x)] = 1
}

func (l *logistic) probability(x []float64) float64 {
	s := l.b[len(x)]
	for i, v := range x {
		s += l.b[i] * (v - l.mean[i]) / l.deviation[i]
	}
	return sigmoid(s)
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// solve finds x with (lower triangle) a x = b, a positive definite (Cholesky).
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s -= a[i][k] * a[j][k]
			}
			if i == j {
				a[i][i] = math.Sqrt(max(s, 1e-12))
				continue
			}
			a[i][j] = s / a[j][j]
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k][i] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logit is the inverse of sigmoid, kept finite.
func logit(p float64) float64 {
	p = max(1e-4, min(1-1e-4, p))
	return math.Log(p / (1 - p))
}
