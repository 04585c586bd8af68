package graph

import (
	"cmp"
	"math"
	"slices"
)

// box is a node, a label or a bend of a long link, with its place.
type box struct {
	node          *node
	label         string // of a link
	x, y          float64
	width, height float64 // x and y are the middle
	rank          int
	top, foot     float64 // of the rank
	above, below  []*box
}

// line is a link with the boxes that it passes.
type line struct {
	link
	path []*box
}

// layout places boxes in ranks, from top to bottom, in the manner of Sugiyama: ranks by the longest way, long links
// broken into one box per rank, the order in a rank by the neighbours' means, and then the places.
type layout struct {
	ranks         [][]*box
	lines         []line
	width, height float64
}

// Distances in pixels.
const (
	margin    = 24.0
	apart     = 28.0 // boxes beside each other
	bendApart = 18.0
	between   = 34.0 // ranks
)

// maxSorted bounds the time that is spent on the order of boxes: nobody can follow more links in a picture.
const maxSorted = 1_500

func arrange(d drawing, size func(*box)) layout {
	var l layout
	boxes := make(map[string]*box, len(d.nodes))
	for i := range d.nodes {
		boxes[d.nodes[i].id] = &box{node: &d.nodes[i]}
	}
	last := 0
	for i := range d.nodes { // links lead forward in this order
		from := boxes[d.nodes[i].id]
		for _, link := range d.links {
			if to := boxes[link.to]; link.from == d.nodes[i].id && to != nil {
				length := 1
				if link.label != "" {
					length = 2 // the label has a rank of its own
				}
				to.rank = max(to.rank, from.rank+length)
				last = max(last, to.rank)
			}
		}
	}
	l.ranks = make([][]*box, last+1)
	put := func(b *box) {
		size(b)
		l.ranks[b.rank] = append(l.ranks[b.rank], b)
	}
	for i := range d.nodes {
		b := boxes[d.nodes[i].id]
		put(b)
		for _, link := range d.links {
			if to := boxes[link.to]; link.from == d.nodes[i].id && to != nil {
				l.lines = append(l.lines, l.route(link, b, to, put))
			}
		}
	}
	l.sort()
	l.place()
	return l
}

// route breaks a link into boxes, one in each rank between its ends.
func (l *layout) route(link link, from, to *box, put func(*box)) line {
	path := []*box{from}
	for rank := from.rank + 1; rank < to.rank; rank++ {
		bend := &box{rank: rank}
		if rank == from.rank+1 {
			bend.label = link.label
		}
		put(bend)
		path = append(path, bend)
	}
	path = append(path, to)
	for i := range path[1:] {
		path[i].below = append(path[i].below, path[i+1])
		path[i+1].above = append(path[i+1].above, path[i])
	}
	return line{link, path}
}

// sort orders the boxes of each rank so that few links cross, and keeps the best order it has seen.
func (l *layout) sort() {
	if len(l.lines) > maxSorted {
		return
	}
	best, fewest := l.order(), l.crossings()
	for round := 0; round < 12 && fewest > 0; round++ {
		if round%2 == 0 {
			for i := 1; i < len(l.ranks); i++ {
				sortByMeans(l.ranks[i], l.ranks[i-1], func(b *box) []*box { return b.above })
			}
		} else {
			for i := len(l.ranks) - 2; i >= 0; i-- {
				sortByMeans(l.ranks[i], l.ranks[i+1], func(b *box) []*box { return b.below })
			}
		}
		if crossings := l.crossings(); crossings < fewest {
			best, fewest = l.order(), crossings
		}
	}
	l.ranks = best
}

func (l *layout) order() [][]*box {
	order := make([][]*box, len(l.ranks))
	for i := range l.ranks {
		order[i] = slices.Clone(l.ranks[i])
	}
	return order
}

func sortByMeans(rank, beside []*box, neighbours func(*box) []*box) {
	at := positions(beside)
	means := make(map[*box]float64, len(rank))
	for i, b := range rank {
		means[b] = float64(i)
		if near := neighbours(b); len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += float64(at[n])
			}
			means[b] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(rank, func(a, b *box) int { return cmp.Compare(means[a], means[b]) })
}

func positions(rank []*box) map[*box]int {
	at := make(map[*box]int, len(rank))
	for i, b := range rank {
		at[b] = i
	}
	return at
}

// crossings counts the pairs of links between neighbouring ranks that cross.
func (l *layout) crossings() int {
	total := 0
	for i := range len(l.ranks) - 1 {
		at := positions(l.ranks[i+1])
		size := len(l.ranks[i+1])
		ends := make([]int, size+1) // a Fenwick tree: how many links from further left end where
		drawn := 0
		for _, b := range l.ranks[i] {
			for _, below := range b.below {
				total += drawn
				for k := at[below] + 1; k > 0; k -= k & -k {
					total -= ends[k]
				}
			}
			for _, below := range b.below { // links of one box do not cross
				drawn++
				for k := at[below] + 1; k <= size; k += k & -k {
					ends[k]++
				}
			}
		}
	}
	return total
}

// place gives every box its place: near the means of its neighbours, with the distances kept.
func (l *layout) place() {
	for _, rank := range l.ranks {
		x := 0.0
		for i, b := range rank {
			if i > 0 {
				x += distance(rank[i-1], b)
			}
			b.x = x
		}
	}
	for round := range 24 {
		if round%2 == 0 {
			for i := 1; i < len(l.ranks); i++ {
				settle(l.ranks[i], func(b *box) []*box { return b.above })
			}
		} else {
			for i := len(l.ranks) - 2; i >= 0; i-- {
				settle(l.ranks[i], func(b *box) []*box { return b.below })
			}
		}
	}
	left, right, y := math.Inf(1), math.Inf(-1), margin
	for _, rank := range l.ranks {
		height := 0.0
		for _, b := range rank {
			left, right = min(left, b.x-b.width/2), max(right, b.x+b.width/2)
			height = max(height, b.height)
		}
		for _, b := range rank {
			b.y, b.top, b.foot = y+height/2, y, y+height
		}
		y += height + between
	}
	for _, rank := range l.ranks {
		for _, b := range rank {
			b.x += margin - left
		}
	}
	l.width, l.height = right-left+2*margin, y-between+margin
}

// distance is how far the middles of two boxes beside each other are apart at least.
func distance(a, b *box) float64 {
	gap := apart
	if a.node == nil || b.node == nil {
		gap = bendApart
	}
	return (a.width+b.width)/2 + gap
}

// settle moves the boxes of a rank as near as possible to the means of their neighbours, in the sense of least
// squares, without changing their order or coming closer than distance: an isotonic regression, by pooling
// neighbours that want to pass each other.
func settle(rank []*box, neighbours func(*box) []*box) {
	type pool struct {
		sum, weight float64
		count       int
	}
	var pools []pool
	offsets := make([]float64, len(rank))
	for i, b := range rank {
		if i > 0 {
			offsets[i] = offsets[i-1] + distance(rank[i-1], b)
		}
		want, weight := b.x, 0.1
		if near := neighbours(b); len(near) > 0 {
			want, weight = 0, 1
			for _, n := range near {
				want += n.x / float64(len(near))
			}
			if b.node == nil {
				weight = 2 // long links are straight
			}
		}
		pools = append(pools, pool{(want - offsets[i]) * weight, weight, 1})
		for len(pools) > 1 {
			a, z := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum/a.weight <= z.sum/z.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + z.sum, a.weight + z.weight, a.count + z.count})
		}
	}
	i := 0
	for _, p := range pools {
		for range p.count {
			rank[i].x = p.sum/p.weight + offsets[i]
			i++
		}
	}
}
