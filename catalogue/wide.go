package catalogue

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

const (
	// wideFrom is the number of classes from which a model is wide: the
	// weights of each feature for all classes would be gigabytes.
	wideFrom = 500
	// rivalsOf is how many classes a row is held against besides its own.
	rivalsOf = 8
	// chanceRows is how many rows a class is held against by chance.
	chanceRows = 16
	// postLimit bounds the posts that are added up for one text, so that its
	// cost does not grow with the catalogue. The rarest features come first.
	postLimit = 1500
	// wideEpochs bounds the fit of one class on its few rows.
	wideEpochs = 12
	// crowded is the share of the classes above which a run of characters or
	// a pair of words tells nothing.
	crowded = 1.0 / 32
)

// wide is the classifier of a large catalogue. A class is told from those it
// is most like only, and has weights for the features of its own rows only; a
// feature's posts are the classes it has weights for. Where both kinds of model
// can be made, this one is 2 to 6 points less right (BANKING77 and HWU64 with
// 10 and 20 examples a class: 71.4, 77.9, 71.2, 76.1 against 76.9, 83.7, 72.9,
// 78.8 %).
type wide struct {
	start  []int32 // by feature: its posts are start[id] to start[id+1]
	posts  []post  // by class within a feature
	bias   []float32
	rivals [][]int32 // by row, until training is over
}

// post is what a feature says for a class.
type post struct {
	class  int32
	weight float32
	near   float32 // in the unit vector of the class's words and thoughts
}

// of are the posts of a feature.
func (w *wide) of(id int32) []post { return w.posts[w.start[id]:w.start[id+1]] }

func (w *wide) find(id int32, class int) (post, bool) {
	ps := w.of(id)
	i, ok := slices.BinarySearchFunc(ps, int32(class), func(p post, k int32) int { return cmp.Compare(p.class, k) })
	if !ok {
		return post{}, false
	}
	return ps[i], true
}

// share is the feature of a class with its weight.
type share struct {
	id           int32
	weight, near float32
}

// trainWide fits a classifier on the model's rows. rivals may be known from a
// model of about the same rows.
func trainWide(m *model, rivals [][]int32) *wide {
	rows := make([][]int32, m.classes)
	for i, l := range m.lines {
		if m.use[i] {
			rows[l.class] = append(rows[l.class], int32(i))
		}
	}
	shares := m.shares(rows)
	w := &wide{bias: make([]float32, m.classes), rivals: rivals}
	if rivals == nil {
		w.spread(m, shares)
		w.rivals = w.findRivals(m)
	}
	against := make([][]int32, m.classes)
	for i, ks := range w.rivals {
		for _, k := range ks {
			if m.use[i] {
				against[k] = append(against[k], int32(i))
			}
		}
	}
	parallel(chunks, func(n int) {
		f := &wideFit{m: m, w: make([]float32, m.features())}
		for k := n; k < m.classes; k += chunks {
			w.bias[k] = f.fit(k, rows[k], slices.Concat(against[k], m.chance(k)), shares[k])
		}
	})
	w.spread(m, shares)
	return w
}

// chance are a few rows of other classes, so that a class that is nobody's
// rival also knows what it is not.
func (m *model) chance(class int) []int32 {
	var out []int32
	for n := range chanceRows {
		if i := (n*len(m.lines) + class) / chanceRows % len(m.lines); m.use[i] && m.lines[i].class != class {
			out = append(out, int32(i))
		}
	}
	return out
}

// chunks is into how many tasks the classes are cut; each needs a workspace.
const chunks = 16

// shares are the features of each class's rows, with the mean of the rows as
// weights for a start.
func (m *model) shares(rows [][]int32) [][]share {
	out := make([][]share, m.classes)
	parallel(chunks, func(n int) {
		var sum tally
		sum.fit(m.features())
		for k := n; k < m.classes; k += chunks {
			for _, i := range rows[k] {
				for _, f := range m.vectors[i] {
					sum.add(f.id, f.value*float32(m.lines[i].cost))
				}
			}
			out[k] = m.scaled(sum.take(nil))
		}
	})
	return out
}

// scaled brings a class's sums to length 1, as a whole and its words alone.
func (m *model) scaled(sums []feature) []share {
	var all, words float64
	for _, f := range sums {
		v := float64(f.value) * float64(f.value)
		all += v
		if m.telling(f.id) {
			words += v
		}
	}
	out := make([]share, len(sums))
	for i, f := range sums {
		out[i] = share{id: f.id, weight: f.value / float32(math.Sqrt(all))}
		if m.telling(f.id) {
			out[i].near = f.value / float32(math.Sqrt(words))
		}
	}
	return out
}

// telling reports whether a feature is a word or a thought.
func (m *model) telling(id int32) bool { b := m.block[id]; return b == stemBlock || b == conceptBlock }

// spread turns the features of the classes into the classes of the features.
func (w *wide) spread(m *model, shares [][]share) {
	w.start = make([]int32, m.features()+1)
	for _, ss := range shares {
		for _, s := range ss {
			w.start[s.id+1]++
		}
	}
	most := int32(crowded * float64(m.classes))
	for id := range w.start[1:] {
		if w.start[id+1] > most && !m.telling(int32(id)) {
			w.start[id+1] = 0
		}
		w.start[id+1] += w.start[id]
	}
	w.posts = make([]post, w.start[len(w.start)-1])
	next := slices.Clone(w.start)
	for k, ss := range shares {
		for _, s := range ss {
			if at := next[s.id]; at < w.start[s.id+1] {
				w.posts[at] = post{int32(k), s.weight, s.near}
				next[s.id]++
			}
		}
	}
}

// findRivals are for each row the classes that it is most like besides its own.
func (w *wide) findRivals(m *model) [][]int32 {
	out := make([][]int32, len(m.lines))
	parallel(chunks, func(n int) {
		r := reading{board: &board{}}
		for i := n; i < len(m.lines); i += chunks {
			if !m.use[i] {
				continue
			}
			r.vector = append(r.vector[:0], m.vectors[i]...)
			w.score(m, &r)
			own := m.lines[i].class
			for _, k := range highest(r.z, r.touched, rivalsOf+1) {
				if k != own && len(out[i]) < rivalsOf {
					out[i] = append(out[i], int32(k))
				}
			}
			if none := m.classes - 1; own != none {
				out[i] = append(out[i], int32(none))
			}
		}
	})
	return out
}

// score adds up the posts of the vector's features, rarest first.
func (w *wide) score(m *model, r *reading) {
	r.clear(m.classes)
	none := int32(m.classes - 1)
	r.z[none] = w.bias[none]
	for i := range r.byLength {
		r.byLength[i] = r.byLength[i][:0]
	}
	var length float32
	for _, f := range r.vector {
		if n := bits.Len32(uint32(len(w.of(f.id)))); n > 0 {
			r.byLength[n] = append(r.byLength[n], f)
		}
		if m.telling(f.id) {
			length += f.value * f.value
		}
	}
	left := postLimit
	for _, fs := range r.byLength {
		for _, f := range fs {
			ps := w.of(f.id)
			if left -= len(ps); left < 0 {
				break
			}
			for _, p := range ps {
				if k := p.class; !r.mark[k] && k != none {
					r.mark[k] = true
					r.touched = append(r.touched, k)
					r.z[k] = w.bias[k]
				}
				r.z[p.class] += f.value * p.weight
				r.cos[p.class] += f.value * p.near
			}
		}
	}
	if len(r.touched) == 0 { // something must lead
		r.mark[0], r.touched, r.z[0] = true, append(r.touched, 0), w.bias[0]
	}
	r.scaleCos(length)
}

// highest are the best n of some classes by score.
func highest(z []float32, among []int32, n int) []int {
	out := make([]int, 0, n+1)
	for _, k := range among {
		if len(out) == n && z[k] <= z[out[n-1]] {
			continue
		}
		at := len(out)
		for at > 0 && z[out[at-1]] < z[k] {
			at--
		}
		out = slices.Insert(out, at, int(k))
		out = out[:min(len(out), n)]
	}
	return out
}

// wideFit is the workspace of the fit of one class after another.
type wideFit struct {
	m *model
	w []float32
}

// fit tells a class's rows from others by dual coordinate descent, as
// trainLinear does, and puts its weights into shares. It returns the bias.
func (f *wideFit) fit(class int, own, others []int32, shares []share) float32 {
	if len(own) == 0 {
		return -bias
	}
	rows := slices.Concat(own, others)
	alpha := make([]float64, len(rows))
	order := rand.New(rand.NewPCG(uint64(class)+1, 0x62616c6965)).Perm(len(rows))
	for range wideEpochs {
		high, low := -unbound, unbound
		for _, n := range order {
			y := float32(-1)
			if n < len(own) {
				y = 1
			}
			g := f.step(rows[n], y, &alpha[n])
			high, low = max(high, g), min(low, g)
		}
		if high-low <= svmEps {
			break
		}
	}
	b := f.w[0]
	for i := range shares {
		shares[i].weight = f.w[shares[i].id]
	}
	f.w[0] = 0
	for n, i := range rows {
		if alpha[n] != 0 {
			for _, x := range f.m.vectors[i] {
				f.w[x.id] = 0
			}
		}
	}
	return b
}

// step takes the best step for one row and returns its projected gradient.
func (f *wideFit) step(row int32, y float32, alpha *float64) float64 {
	x := f.m.vectors[row]
	diagonal := 0.5 / (svmC * f.m.lines[row].cost)
	dot, square := f.w[0]*bias, float32(bias*bias)
	for _, v := range x {
		dot += v.value * f.w[v.id]
		square += v.value * v.value
	}
	g := float64(y*dot) - 1 + *alpha*diagonal
	if *alpha == 0 && g >= 0 {
		return 0
	}
	better := max(*alpha-g/(float64(square)+diagonal), 0)
	move := float32(better-*alpha) * y
	*alpha = better
	f.w[0] += move * bias
	for _, v := range x {
		f.w[v.id] += move * v.value
	}
	return g
}
