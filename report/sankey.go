package report

import (
	"cmp"
	"slices"
	"strings"
)

// Sizes of a drawing, in its own units: at 690 wide they are those of the
// printed factsheet.
const (
	nodeWidth   = 9.0
	leftRoom    = 112.0 // for the names of the first column
	rightRoom   = 128.0 // for those of the last
	topRoom     = 4.0
	captionRoom = 25.0 // under the drawing, for what the columns are
	nodeGap     = 9.0
	mostGap     = 26.0 // between nodes of a column that has room
	leastNode   = 3.0  // height of a node however few it is
	leastEdge   = 0.7  // and of a ribbon
	lineHeight  = 14.0 // of a label
	twoLines    = 27.0
	labelGap    = 7.0
	besideRoom  = 190.0 // between columns, under which a name and its number have a line each
)

// Drawing is where everything of a flow chart stands. It is the same for the
// same flow, whoever draws it, and nothing of it is outside Width × Height.
type Drawing struct {
	Width, Height float64
	Nodes         []DrawnNode
	Ribbons       []Ribbon
	Arcs          []Arc
	Labels        []DrawnLabel
	Captions      []Caption
}

// DrawnNode is a bar.
type DrawnNode struct {
	FlowNode
	X, Y, W, H float64
}

// Ribbon is a band from one node to another, to the right. Its bends are all
// horizontal at the ends.
type Ribbon struct {
	FlowEdge
	Stops []Stop // two, or more where it passes a column
}

// Stop is a place that a ribbon goes through: its upper edge and how thick it
// is. From one stop to the next it is a curve, or flat where Flat says so.
type Stop struct {
	X, Y, H float64
	Flat    bool // from the stop before to this one it is straight
}

// Arc is a bend from one node to another of the same column, or to itself:
// to the right for going on, to the left for coming back.
type Arc struct {
	FlowEdge
	X, FromY, ToY float64 // where its middle leaves and arrives
	Bulge         float64 // how far its handles stand out; negative is to the left
	Thick         float64
}

// DrawnLabel is where the name of a node stands; Y is its middle.
type DrawnLabel struct {
	Node string
	X, Y float64
	End  bool    // it ends at X and does not begin there
	Two  bool    // the count stands on a line of its own
	Room float64 // how wide it may be
}

// Caption says what a column is.
type Caption struct {
	Column int
	X, Y   float64
	End    bool
}

// Sankey lays a flow out. A drawing that is too small for what is in it gets
// thinner bars, and leaves out the labels of the smallest.
func Sankey(f Flow, width, height float64) Drawing {
	d := Drawing{Width: width, Height: height}
	if len(f.Nodes) == 0 || width < 2*(leftRoom+rightRoom) || height < 4*captionRoom {
		return d
	}
	l := newLayout(f, width, height)
	l.scale()
	l.place()
	l.stack()
	d.Nodes, d.Ribbons, d.Arcs = l.drawnNodes(), l.ribbons(), l.arcs()
	d.Labels = l.labels()
	d.Captions = l.captions()
	return d
}

// box is a node in the making. One without a name is where ribbons pass a
// column that they have nothing to do in.
type box struct {
	node        FlowNode
	column      int // of those there are, from 0
	x, y, h     float64
	left, right []*end
	pass        bool
}

// end is where an edge touches a box.
type end struct {
	edge  int // of the flow
	other *box
	arc   int // -1: to a box above; 1: to one below, or itself; 0: a ribbon
	first bool
	y, h  float64
}

// layout is a drawing in the making.
type layout struct {
	flow          Flow
	width, height float64
	columns       [][]*box
	boxes         map[string]*box
	pass          *box
	k             float64 // height of one request
	thin          float64 // what is left of the least sizes: 1, or less when there is no room
	ends          []edgeEnds
}

// edgeEnds are where an edge touches.
type edgeEnds struct{ from, through, to *end }

func newLayout(f Flow, width, height float64) *layout {
	l := &layout{flow: f, width: width, height: height, boxes: map[string]*box{}, ends: make([]edgeEnds, len(f.Edges))}
	seen := -1
	for _, n := range f.Nodes { // in order of column
		if n.Column != seen {
			l.columns, seen = append(l.columns, nil), n.Column
		}
		b := &box{node: n, column: len(l.columns) - 1}
		l.columns[b.column] = append(l.columns[b.column], b)
		l.boxes[n.ID] = b
	}
	for i, e := range f.Edges {
		l.join(i, e)
	}
	return l
}

// join gives an edge its ends.
func (l *layout) join(i int, e FlowEdge) {
	from, to := l.boxes[e.From], l.boxes[e.To]
	if from == nil || to == nil {
		return
	}
	a, b := &end{edge: i, other: to, first: true}, &end{edge: i, other: from}
	l.ends[i] = edgeEnds{from: a, to: b}
	if from.column == to.column {
		a.arc, b.arc = l.arcSides(from, to)
		if e.Loop {
			from.left, to.left = append(from.left, a), append(to.left, b)
			return
		}
		from.right, to.right = append(from.right, a), append(to.right, b)
		return
	}
	from.right, to.left = append(from.right, a), append(to.left, b)
	if to.column-from.column < 2 {
		return
	}
	if l.pass == nil {
		l.pass = &box{column: from.column + 1, pass: true}
		l.columns[l.pass.column] = append([]*box{l.pass}, l.columns[l.pass.column]...)
	}
	through := &end{edge: i, other: from}
	l.ends[i].through = through
	l.pass.left = append(l.pass.left, through)
	l.pass.node.Count += e.Count
}

// arcSides says on which end of each box an arc touches.
func (l *layout) arcSides(from, to *box) (int, int) {
	col := l.columns[from.column]
	switch a, b := slices.Index(col, from), slices.Index(col, to); {
	case a < b:
		return 1, -1
	case a > b:
		return -1, 1
	}
	return 1, 1
}

func (l *layout) thick(edge int) float64 {
	return max(leastEdge*l.thin, l.k*float64(l.flow.Edges[edge].Count))
}

// tall is how high a box is.
func (l *layout) tall(b *box) float64 {
	sum := func(ends []*end) float64 {
		h := 0.0
		for _, e := range ends {
			h += l.thick(e.edge)
		}
		return h
	}
	h := max(sum(b.left), sum(b.right))
	if b.pass {
		return h
	}
	return max(h, leastNode*l.thin, l.k*float64(b.node.Count))
}

func (l *layout) room() float64 { return l.height - topRoom - captionRoom }

// fits reports whether every column has room.
func (l *layout) fits() bool {
	for _, col := range l.columns {
		h := nodeGap * l.thin * float64(len(col)-1)
		for _, b := range col {
			h += l.tall(b)
		}
		if h > l.room() {
			return false
		}
	}
	return true
}

// scale makes everything as large as there is room for.
func (l *layout) scale() {
	for l.thin = 1; !l.fits(); l.thin /= 2 {
		l.k = 0
	}
	low, high := 0.0, l.room()/float64(max(l.flow.Total, 1))
	const halvings = 50 // to far under a hundredth of a unit
	for range halvings {
		l.k = (low + high) / 2
		if l.fits() {
			low = l.k
			continue
		}
		high = l.k
	}
	l.k = low
}

// columnX is the left edge of a column.
func (l *layout) columnX(column int) float64 {
	between := (l.width - leftRoom - rightRoom - nodeWidth) / float64(max(len(l.columns)-1, 1))
	return leftRoom + float64(column)*between
}

// place gives every box its place.
func (l *layout) place() {
	for i, col := range l.columns {
		used := 0.0
		for _, b := range col {
			b.h = l.tall(b)
			used += b.h
		}
		gap := 0.0
		if len(col) > 1 {
			gap = min((l.room()-used)/float64(len(col)-1), max(mostGap, nodeGap*l.thin))
		}
		y := topRoom + max(l.room()-used-gap*float64(len(col)-1), 0)/2
		for _, b := range col {
			b.x, b.y = l.columnX(i), y
			y += b.h + gap
		}
	}
}

// stack puts the ends of edges under each other, so that ribbons cross little:
// in the order of where they come from or go to. Arcs are outside of them, the
// shortest outermost.
func (l *layout) stack() {
	for _, col := range l.columns {
		for _, b := range col {
			l.stackSide(b, b.left)
			l.stackSide(b, b.right)
		}
	}
}

func (l *layout) stackSide(b *box, ends []*end) {
	slices.SortStableFunc(ends, func(p, q *end) int {
		if p.arc != q.arc {
			return p.arc - q.arc
		}
		if p.arc != 0 { // an arc to itself goes out and in side by side
			return cmp.Or(cmp.Compare(q.other.y, p.other.y), p.edge-q.edge, goesFirst(p)-goesFirst(q))
		}
		return cmp.Or(cmp.Compare(l.far(b, p), l.far(b, q)), p.edge-q.edge)
	})
	for _, e := range ends {
		e.h = l.thick(e.edge)
	}
	y := b.y
	for _, e := range ends {
		e.y = y
		y += e.h
	}
}

func goesFirst(e *end) int {
	if e.first {
		return 0
	}
	return 1
}

// far is the height by which a ribbon's end is ordered: where it comes from,
// or of what passes a column, that passage.
func (l *layout) far(b *box, e *end) float64 {
	if l.ends[e.edge].through != nil && !b.pass {
		return l.pass.y
	}
	return e.other.y
}

func (l *layout) drawnNodes() []DrawnNode {
	var out []DrawnNode
	for _, col := range l.columns {
		for _, b := range col {
			if !b.pass {
				out = append(out, DrawnNode{b.node, b.x, b.y, nodeWidth, b.h})
			}
		}
	}
	return out
}

func (l *layout) ribbons() []Ribbon {
	var out []Ribbon
	for i, e := range l.flow.Edges {
		at := l.ends[i]
		if at.from == nil || at.from.arc != 0 {
			continue
		}
		r := Ribbon{FlowEdge: e, Stops: []Stop{{X: l.boxes[e.From].x + nodeWidth, Y: at.from.y, H: at.from.h}}}
		if p := at.through; p != nil {
			r.Stops = append(r.Stops, Stop{X: l.pass.x, Y: p.y, H: p.h}, Stop{X: l.pass.x + nodeWidth, Y: p.y, H: p.h, Flat: true})
		}
		r.Stops = append(r.Stops, Stop{X: l.boxes[e.To].x, Y: at.to.y, H: at.to.h})
		out = append(out, r)
	}
	return out
}

func (l *layout) arcs() []Arc {
	between := l.columnX(1) - l.columnX(0)
	var out []Arc
	for i, e := range l.flow.Edges {
		at := l.ends[i]
		if at.from == nil || at.from.arc == 0 {
			continue
		}
		a := Arc{FlowEdge: e, FromY: at.from.y + at.from.h/2, ToY: at.to.y + at.to.h/2, Thick: at.from.h}
		long := max(a.FromY, a.ToY) - min(a.FromY, a.ToY)
		a.Bulge = min(max(26+long/3, 1.3*a.Thick), between*0.55)
		a.X = l.boxes[e.From].x + nodeWidth
		if e.Loop {
			a.X, a.Bulge = l.boxes[e.From].x, -a.Bulge
		}
		out = append(out, a)
	}
	return out
}

func (l *layout) captions() []Caption {
	var out []Caption
	for i, col := range l.columns {
		real := col[len(col)-1]
		c := Caption{Column: real.node.Column, X: l.columnX(i), Y: l.height - 6}
		if i == 0 {
			c.X, c.End = c.X+nodeWidth, true
		}
		out = append(out, c)
	}
	return out
}

// labels puts the names beside the bars, none over another.
func (l *layout) labels() []DrawnLabel {
	var out []DrawnLabel
	for i, col := range l.columns {
		boxes := slices.DeleteFunc(slices.Clone(col), func(b *box) bool { return b.pass })
		outer := i == 0 || i == len(l.columns)-1
		for _, p := range spread(boxes, i == 0, outer || l.columnX(1)-l.columnX(0) < besideRoom, topRoom-3, l.height-captionRoom+7) {
			d := DrawnLabel{Node: p.box.node.ID, X: p.box.x + nodeWidth + labelGap, Y: p.y, Two: p.h == twoLines, Room: rightRoom - nodeWidth - labelGap}
			switch {
			case i == 0:
				d.X, d.End, d.Room = p.box.x-labelGap, true, leftRoom-labelGap-2
			case !outer:
				d.Room = l.columnX(i+1) - d.X - labelGap
			}
			out = append(out, d)
		}
	}
	return out
}

// spot is where a label goes.
type spot struct {
	box  *box
	y, h float64
}

// spread moves labels apart between two heights; always are on two lines
// if they can, those that may be beside a bar that is high enough. What has no room
// goes: first the second lines, then the labels of the smallest.
func spread(boxes []*box, always, mayBe bool, top, bottom float64) []spot {
	var out []spot
	for _, b := range boxes {
		h := lineHeight
		if always || mayBe && b.h >= twoLines-3 {
			h = twoLines
		}
		out = append(out, spot{b, b.y + b.h/2, h})
	}
	tall := func() float64 {
		h := 0.0
		for _, s := range out {
			h += s.h
		}
		return h
	}
	if tall() > bottom-top {
		for i := range out {
			out[i].h = lineHeight
		}
	}
	for tall() > bottom-top && len(out) > 0 {
		least := slices.MinFunc(out, func(a, b spot) int {
			return cmp.Or(a.box.node.Count-b.box.node.Count, strings.Compare(b.box.node.ID, a.box.node.ID))
		})
		out = slices.DeleteFunc(out, func(s spot) bool { return s.box == least.box })
	}
	edge := top
	for i := range out {
		out[i].y = max(out[i].y, edge+out[i].h/2)
		edge = out[i].y + out[i].h/2
	}
	edge = bottom
	for i := len(out) - 1; i >= 0; i-- {
		out[i].y = min(out[i].y, edge-out[i].h/2)
		edge = out[i].y - out[i].h/2
	}
	return out
}
