package sample

import (
	"image"
	"image/color"
	"math"
)

// shape gives a point's distance from the edge of a figure, negative within. Points run from -1 to 1, y downwards.
type shape func(x, y float64) float64

func circle(cx, cy, r float64) shape {
	return func(x, y float64) float64 { return math.Hypot(x-cx, y-cy) - r }
}

// ellipse is exact enough near its edge.
func ellipse(cx, cy, rx, ry float64) shape {
	return func(x, y float64) float64 {
		return (math.Hypot((x-cx)/rx, (y-cy)/ry) - 1) * min(rx, ry)
	}
}

// box has half the width w, half the height h and corners of radius r.
func box(cx, cy, w, h, r float64) shape {
	return func(x, y float64) float64 {
		dx, dy := math.Abs(x-cx)-w+r, math.Abs(y-cy)-h+r
		return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r
	}
}

// polygon goes through the points x1, y1, x2, y2 and so on, with corners rounded by r.
func polygon(r float64, points ...float64) shape {
	n := len(points) / 2
	return func(x, y float64) float64 {
		best, inside := math.Inf(1), false
		for i, j := 0, n-1; i < n; j, i = i, i+1 {
			ax, ay, bx, by := points[2*i], points[2*i+1], points[2*j], points[2*j+1]
			ex, ey, wx, wy := bx-ax, by-ay, x-ax, y-ay
			t := min(max((wx*ex+wy*ey)/(ex*ex+ey*ey), 0), 1)
			best = min(best, math.Hypot(wx-ex*t, wy-ey*t))
			if (ay > y) != (by > y) && x < (bx-ax)*(y-ay)/(by-ay)+ax {
				inside = !inside
			}
		}
		if inside {
			return -best - r
		}
		return best - r
	}
}

// line is a stroke of half the width w through the points.
func line(w float64, points ...float64) shape {
	return func(x, y float64) float64 {
		best := math.Inf(1)
		for i := 0; i+3 < len(points); i += 2 {
			ax, ay := points[i], points[i+1]
			ex, ey, wx, wy := points[i+2]-ax, points[i+3]-ay, x-ax, y-ay
			t := min(max((wx*ex+wy*ey)/(ex*ex+ey*ey), 0), 1)
			best = min(best, math.Hypot(wx-ex*t, wy-ey*t))
		}
		return best - w
	}
}

// curve is a stroke along a cubic Bézier curve.
func curve(w float64, p [8]float64) shape {
	const steps = 24
	var points []float64
	for i := range steps + 1 {
		t := float64(i) / steps
		a, b, c, d := (1-t)*(1-t)*(1-t), 3*(1-t)*(1-t)*t, 3*(1-t)*t*t, t*t*t
		points = append(points, a*p[0]+b*p[2]+c*p[4]+d*p[6], a*p[1]+b*p[3]+c*p[5]+d*p[7])
	}
	return line(w, points...)
}

// outline is a stroke of half the width w along the edge of a figure.
func outline(s shape, w float64) shape {
	return func(x, y float64) float64 { return math.Abs(s(x, y)) - w }
}

func both(a, b shape) shape {
	return func(x, y float64) float64 { return max(a(x, y), b(x, y)) }
}

func either(a, b shape) shape {
	return func(x, y float64) float64 { return min(a(x, y), b(x, y)) }
}

// tone is a colour with its opacity.
type tone struct{ r, g, b, a float64 }

// hex reads a colour as in CSS.
func hex(rgb int) tone {
	return tone{float64(rgb>>16) / 255, float64(rgb>>8&255) / 255, float64(rgb&255) / 255, 1}
}

func (t tone) mix(o tone, share float64) tone {
	return tone{t.r + (o.r-t.r)*share, t.g + (o.g-t.g)*share, t.b + (o.b-t.b)*share, t.a + (o.a-t.a)*share}
}
func (t tone) fade(a float64) tone        { t.a *= a; return t }
func (t tone) lighter(share float64) tone { return t.mix(tone{1, 1, 1, t.a}, share) }
func (t tone) darker(share float64) tone  { return t.mix(tone{0.12, 0.08, 0.06, t.a}, share) }

// paint says the colour of a point of a figure.
type paint func(x, y float64) tone

func flat(t tone) paint { return func(_, _ float64) tone { return t } }

// across runs from one colour at x1 to another at x2, with a highlight that makes a body look round.
func across(t tone, x1, x2 float64) paint {
	dark, light := t.darker(0.22), t.lighter(0.28)
	return func(x, _ float64) tone {
		u := min(max((x-x1)/(x2-x1), 0), 1)
		if u < 0.3 {
			return t.mix(light, u/0.3)
		}
		return light.mix(dark, (u-0.3)/0.7)
	}
}

// down runs from one colour at y1 to another at y2.
func down(from, to tone, y1, y2 float64) paint {
	return func(_, y float64) tone { return from.mix(to, min(max((y-y1)/(y2-y1), 0), 1)) }
}

// canvas is a square picture under construction.
type canvas struct {
	size int
	dots []tone
}

func newCanvas(size int) *canvas { return &canvas{size: size, dots: make([]tone, size*size)} }

// block is the side of the squares that draw passes over when the figure is far from them.
const block = 16

// draw lays a figure over what is there. softness is the width of its edge, 0 for a sharp one.
func (c *canvas) draw(s shape, p paint, softness float64) {
	pixel := 2 / float64(c.size)
	edge := max(softness, pixel)
	reach := 1.2*math.Sqrt2*block/2*pixel + edge // with room for figures whose distance is not exact
	for top := 0; top < c.size; top += block {
		for left := 0; left < c.size; left += block {
			if s(float64(left+block/2)*pixel-1, float64(top+block/2)*pixel-1) > reach {
				continue
			}
			for row := top; row < min(top+block, c.size); row++ {
				y := (float64(row)+0.5)*pixel - 1
				for column := left; column < min(left+block, c.size); column++ {
					x := (float64(column)+0.5)*pixel - 1
					if cover := min(max(0.5-s(x, y)/edge, 0), 1); cover > 0 {
						t := p(x, y)
						dot := &c.dots[row*c.size+column]
						*dot = dot.mix(tone{t.r, t.g, t.b, 1}, cover*t.a)
					}
				}
			}
		}
	}
}

func (c *canvas) image() image.Image {
	out := image.NewRGBA(image.Rect(0, 0, c.size, c.size))
	level := func(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 1) * 255)) }
	for i, t := range c.dots {
		out.SetRGBA(i%c.size, i/c.size, color.RGBA{level(t.r), level(t.g), level(t.b), 255})
	}
	return out
}
