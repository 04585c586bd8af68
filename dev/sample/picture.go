package sample

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image/png"
	"math"
)

const pictureSize = 480

// look is how a product's picture differs from those beside it on the shelf.
type look struct {
	body, accent, ground tone
	tall, wide           float64 // of the usual height and width
	kind                 int     // chooses between details
}

// palettes are bodies with an accent, in the shop's warm colours.
var palettes = [][2]int{
	{0x3b2f2a, 0xd9a45b}, {0xb5533c, 0xf2e3c9}, {0x5d6f52, 0xe9d8a6}, {0xe8dcc6, 0x7c5c3b}, {0x33566b, 0xe7c9a0},
	{0x8a5a83, 0xf0dfc8}, {0xc98f4a, 0x4a3322}, {0x6e7f86, 0xf3ead8}, {0x274a43, 0xd8b47a}, {0x222326, 0xb98b5e},
}

// grounds are the pale colours behind, one for each shelf.
var grounds = []int{0xf3e7d7, 0xe6ecdd, 0xe9e4ee, 0xf6e6df, 0xe0e9ee, 0xf1ead2}

// drawings are how the things of each shelf look.
var drawings = map[string]func(*canvas, look){
	"coffee": drawBag, "tea": drawTin, "brewers": drawBrewer, "cups": drawCup, "kettles": drawKettle, "grinders": drawGrinder,
}

// picture draws a product as PNG, which every mail program shows.
func picture(shelf, number, size int) ([]byte, error) {
	thing := shelves[shelf].products[number]
	p := palettes[thing.colours]
	h := fnv.New32a()
	fmt.Fprintf(h, "%d/%d", shelf, number)
	vary := func(shift uint) float64 { return float64(h.Sum32()>>shift&255)/255 - 0.5 }
	l := look{body: hex(p[0]), accent: hex(p[1]), ground: hex(grounds[shelf]), tall: 1 + vary(0)*0.16, wide: 1 + vary(8)*0.16, kind: thing.form}
	c := newCanvas(size)
	ground(c, l.ground)
	drawings[shelves[shelf].id](c, l)
	return encode(c)
}

// banner draws a picture for an article.
func banner(number, size int) ([]byte, error) {
	p := palettes[(number*3+1)%len(palettes)]
	c := newCanvas(size)
	ground(c, hex(grounds[number%len(grounds)]))
	for i := range 4 {
		drop := float64(i)
		c.draw(circle(-0.45+0.3*drop, 0.15*math.Sin(drop*2+float64(number)), 0.42-0.06*drop), flat(hex(p[i%2]).fade(0.55)), 0)
	}
	drawCup(c, look{body: hex(p[0]), accent: hex(p[1]), tall: 0.8, wide: 0.8, kind: number % 5})
	return encode(c)
}

func encode(c *canvas) ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, c.image()); err != nil {
		return nil, fmt.Errorf("encoding a picture: %w", err)
	}
	return out.Bytes(), nil
}

// ground is a wall, a table and a disc of light behind the thing.
func ground(c *canvas, t tone) {
	c.draw(box(0, 0, 2, 2, 0), down(t.lighter(0.45), t, -1, 0.6), 0)
	c.draw(circle(0, -0.08, 0.74), flat(t.lighter(0.55)), 0.02)
	c.draw(box(0, 1.1, 2, 0.52, 0), down(t.darker(0.1), t.darker(0.2), 0.58, 1), 0.01)
}

// shadow lies on the table under the thing.
func shadow(c *canvas, x, width float64) {
	c.draw(ellipse(x, 0.7, width, 0.07), flat(hex(0x2a1c12).fade(0.38)), 0.1)
}

// seal is the shop's mark: a bean.
func seal(c *canvas, x, y, r float64, t tone) {
	c.draw(ellipse(x, y, r*0.72, r), flat(t), 0)
	c.draw(curve(r*0.09, [8]float64{x, y - r*0.85, x + r*0.5, y - r*0.3, x - r*0.5, y + r*0.3, x, y + r*0.85}), flat(t.darker(0.55)), 0)
}

func drawBag(c *canvas, l look) {
	w, top := 0.42*l.wide, 0.7-1.28*l.tall
	shadow(c, 0.05, w+0.14)
	body := polygon(0.03, -w*0.93, top+0.16, w*0.93, top+0.16, w, 0.66, -w, 0.66)
	c.draw(body, across(l.body, -w, w), 0)
	fold := polygon(0.015, -w*0.93, top, w*0.93, top, w*0.93, top+0.17, -w*0.93, top+0.17)
	c.draw(fold, across(l.body.darker(0.18), -w, w), 0)
	c.draw(line(0.014, -w*0.86, top+0.085, w*0.86, top+0.085), flat(l.accent), 0)
	middle := (top + 0.7) / 2
	if l.kind%2 == 0 {
		c.draw(box(0, middle+0.1, w*0.74, 0.3, 0.03), flat(l.accent.lighter(0.25)), 0)
	} else {
		c.draw(circle(0, middle+0.1, w*0.7), flat(l.accent.lighter(0.25)), 0)
	}
	seal(c, 0, middle+0.02, 0.13, l.body.lighter(0.06))
	for i := range 2 {
		c.draw(line(0.011, -w*0.36, middle+0.22+0.06*float64(i), w*(0.36-0.12*float64(i)), middle+0.22+0.06*float64(i)), flat(l.body.fade(0.75)), 0)
	}
	c.draw(both(body, line(0.012, w*0.8, top+0.2, w*0.86, 0.62)), flat(l.body.lighter(0.5).fade(0.35)), 0.01)
}

func drawTin(c *canvas, l look) {
	w, top := 0.4*l.wide, 0.68-1.12*l.tall
	shadow(c, 0.05, w+0.14)
	if l.kind%2 == 0 { // round
		side := either(box(0, (top+0.66)/2, w, (0.66-top)/2, 0.01), ellipse(0, 0.66, w, 0.07))
		c.draw(side, across(l.body, -w, w), 0)
		c.draw(either(box(0, top+0.06, w*1.03, 0.12, 0.01), ellipse(0, top+0.18, w*1.03, 0.07)), across(l.accent, -w, w), 0)
		c.draw(ellipse(0, top-0.06, w*1.03, 0.07), flat(l.accent.lighter(0.3)), 0)
		c.draw(ellipse(0, top-0.06, w*0.5, 0.032), flat(l.accent.darker(0.1)), 0)
	} else { // square
		c.draw(box(0, (top+0.7)/2, w, (0.7-top)/2, 0.05), across(l.body, -w, w), 0)
		c.draw(box(0, top+0.02, w*0.72, 0.11, 0.04), across(l.accent, -w*0.7, w*0.7), 0)
	}
	middle := (top+0.7)/2 + 0.1
	c.draw(box(0, middle, w*0.7, 0.25, 0.25), flat(l.accent.lighter(0.35)), 0)
	leaf := func(x, y, lean float64) {
		c.draw(both(circle(x-0.11+lean, y, 0.19), circle(x+0.11+lean, y, 0.19)), flat(l.body.mix(hex(0x5d7f45), 0.55)), 0)
		c.draw(line(0.008, x+lean, y-0.1, x+lean, y+0.2), flat(l.body.darker(0.3)), 0)
	}
	leaf(0, middle-0.03, 0)
	c.draw(both(circle(0.02, middle+0.02, 0.15), circle(0.19, middle+0.06, 0.15)), flat(hex(0x7d9c5a)), 0)
}

func drawBrewer(c *canvas, l look) {
	switch l.kind {
	case 0, 2: // a dripper on a jug
		shadow(c, 0.03, 0.5)
		glass := hex(0xdfeaea)
		jug := polygon(0.05, -0.3, 0.02, 0.3, 0.02, 0.42, 0.62, -0.42, 0.62)
		c.draw(jug, flat(glass.fade(0.75)), 0)
		c.draw(both(jug, box(0, 0.55, 1, 0.27, 0)), down(hex(0x6b4226), hex(0x38200f), 0.2, 0.7), 0)
		c.draw(outline(jug, 0.012), flat(hex(0x9fb3b3)), 0)
		c.draw(outline(both(circle(0.42, 0.3, 0.2), box(0.72, 0.3, 0.3, 0.4, 0)), 0.03), flat(l.accent), 0)
		c.draw(polygon(0.03, -0.5*l.wide, -0.62, 0.5*l.wide, -0.62, 0.12, -0.05, -0.12, -0.05), across(l.body, -0.5, 0.5), 0)
		c.draw(box(0, -0.01, 0.36, 0.045, 0.04), across(l.body.darker(0.1), -0.4, 0.4), 0)
		c.draw(ellipse(0, -0.64, 0.5*l.wide, 0.06), flat(l.body.lighter(0.35)), 0)
		c.draw(ellipse(0, -0.635, 0.42*l.wide, 0.045), flat(hex(0x4a2d18)), 0)
	case 1: // an hourglass
		shadow(c, 0.03, 0.46)
		glass := polygon(0.03, -0.4, -0.7, 0.4, -0.7, 0.1, -0.05, 0.42, 0.66, -0.42, 0.66, -0.1, -0.05)
		c.draw(glass, flat(hex(0xdfeaea).fade(0.8)), 0)
		c.draw(both(glass, box(0, 0.6, 1, 0.22, 0)), down(hex(0x6b4226), hex(0x38200f), 0.3, 0.7), 0)
		c.draw(outline(glass, 0.012), flat(hex(0x9fb3b3)), 0)
		c.draw(box(0, -0.05, 0.22, 0.13, 0.03), across(l.accent.mix(hex(0x9a6a3c), 0.6), -0.22, 0.22), 0)
		c.draw(circle(0, -0.05, 0.035), flat(hex(0x3b2314)), 0)
	case 3: // a press or a pot
		shadow(c, 0.03, 0.44)
		c.draw(outline(box(0.38, 0.1, 0.2, 0.3, 0.14), 0.035), flat(l.body), 0)
		c.draw(box(0, 0.16, 0.34, 0.54, 0.05), flat(hex(0xdfeaea).fade(0.8)), 0)
		c.draw(box(0, 0.34, 0.32, 0.34, 0.03), down(hex(0x6b4226), hex(0x38200f), 0, 0.7), 0)
		for _, y := range []float64{-0.3, 0.64} {
			c.draw(box(0, y, 0.37, 0.05, 0.03), across(l.body, -0.37, 0.37), 0)
		}
		c.draw(line(0.014, 0, -0.62, 0, -0.3), flat(hex(0x8f9a9b)), 0)
		c.draw(polygon(0.03, -0.3, -0.36, 0.3, -0.36, 0.2, -0.44, -0.2, -0.44), across(l.body.lighter(0.1), -0.3, 0.3), 0)
		c.draw(circle(0, -0.66, 0.06), across(l.accent, -0.08, 0.08), 0)
	case 5: // a pot for the stove
		shadow(c, 0.03, 0.4)
		c.draw(line(0.04, 0.3, -0.36, 0.58, -0.34, 0.54, 0.06), flat(l.accent.mix(hex(0x2b2320), 0.75)), 0)
		c.draw(polygon(0.02, -0.28, -0.46, -0.44, -0.5, -0.26, -0.3), across(l.body, -0.44, -0.2), 0)
		c.draw(polygon(0.02, -0.3, -0.5, 0.3, -0.5, 0.19, 0.04, -0.19, 0.04), across(l.body, -0.3, 0.3), 0)
		c.draw(polygon(0.02, -0.19, 0.12, 0.19, 0.12, 0.34, 0.66, -0.34, 0.66), across(l.body, -0.34, 0.34), 0)
		c.draw(box(0, 0.08, 0.22, 0.05, 0.02), across(l.body.darker(0.25), -0.22, 0.22), 0)
		c.draw(polygon(0.02, -0.3, -0.54, 0.3, -0.54, 0.06, -0.66, -0.06, -0.66), across(l.body.darker(0.1), -0.3, 0.3), 0)
		c.draw(circle(0, -0.72, 0.05), flat(l.accent.mix(hex(0x2b2320), 0.75)), 0)
		for _, x := range []float64{-0.1, 0.1} {
			c.draw(line(0.006, x*1.5, -0.48, x, 0.04), flat(l.body.darker(0.3).fade(0.5)), 0)
			c.draw(line(0.006, x, 0.14, x*1.8, 0.64), flat(l.body.darker(0.3).fade(0.5)), 0)
		}
	default: // a teapot
		shadow(c, 0.03, 0.56)
		c.draw(curve(0.055, [8]float64{-0.4, 0.35, -0.7, 0.25, -0.6, -0.02, -0.78, -0.1}), across(l.body, -0.8, -0.4), 0)
		c.draw(outline(ellipse(0, -0.2, 0.38, 0.42), 0.03), flat(l.accent.darker(0.15)), 0)
		c.draw(ellipse(0, 0.26, 0.55*l.wide, 0.43), across(l.body, -0.55, 0.55), 0)
		for i := range 5 {
			c.draw(both(ellipse(0, 0.26, 0.55*l.wide, 0.43), line(0.006, -0.6, 0.05+0.1*float64(i), 0.6, 0.05+0.1*float64(i))), flat(l.body.lighter(0.35).fade(0.5)), 0)
		}
		c.draw(ellipse(0, -0.14, 0.27, 0.07), across(l.body.darker(0.15), -0.27, 0.27), 0)
		c.draw(circle(0, -0.22, 0.06), across(l.accent, -0.08, 0.08), 0)
	}
}

func drawCup(c *canvas, l look) {
	w, top := 0.4*l.wide, 0.66-0.92*l.tall
	shadow(c, 0.06, w+0.16)
	bottom := w
	switch l.kind {
	case 1, 4:
		bottom = w * 0.74
	case 3:
		w, bottom = w*1.28, w*0.7
	}
	if l.kind != 2 {
		c.draw(outline(ellipse(w*0.98, (top+0.62)/2, 0.2, 0.24*l.tall), 0.045), across(l.body, w*0.8, w*1.6), 0)
	}
	body := either(polygon(0.02, -w, top, w, top, bottom, 0.6, -bottom, 0.6), ellipse(0, 0.6, bottom+0.02, 0.08))
	c.draw(body, across(l.body, -w, w), 0)
	switch l.kind {
	case 0: // speckles
		for i := range 40 {
			x, y := math.Mod(float64(i)*0.618, 1)*2-1, math.Mod(float64(i)*0.367, 1)
			c.draw(both(body, circle(x*w, top+0.14+y*(0.6-top), 0.012+0.006*float64(i%3))), flat(l.accent.fade(0.8)), 0)
		}
	case 1: // a glaze that ran
		c.draw(both(body, func(x, y float64) float64 { return y - (top + 0.26 + 0.05*math.Sin(x*11)) }), across(l.accent, -w, w), 0)
	case 2, 4: // a band
		c.draw(both(body, box(0, (top+0.66)/2+0.03, 1, 0.14, 0)), across(l.accent, -w, w), 0)
	default:
		for i := range 3 {
			c.draw(both(body, line(0.012, -1, top+0.2+0.07*float64(i), 1, top+0.2+0.07*float64(i))), flat(l.accent), 0)
		}
	}
	c.draw(ellipse(0, top, w+0.02, 0.1), flat(l.body.lighter(0.4)), 0)
	c.draw(ellipse(0, top+0.008, w-0.02, 0.08), flat(hex(0x4a2d18)), 0)
	c.draw(ellipse(-w*0.2, top, w*0.4, 0.03), flat(hex(0xa9774a).fade(0.7)), 0.03)
	for i := range 3 {
		x := -0.14 + 0.14*float64(i)
		c.draw(curve(0.018, [8]float64{x, top - 0.16, x + 0.1, top - 0.26, x - 0.1, top - 0.36, x, top - 0.48}), flat(tone{1, 1, 1, 0.75}), 0.05)
	}
}

func drawKettle(c *canvas, l look) {
	w := 0.46 * l.wide
	shadow(c, 0.02, w+0.2)
	if l.kind%2 == 0 { // gooseneck
		c.draw(curve(0.032, [8]float64{-w * 0.8, 0.5, -0.86, 0.5, -0.54, -0.22, -0.84, -0.34}), across(l.body.darker(0.05), -0.9, -0.4), 0)
		c.draw(curve(0.05, [8]float64{w * 0.75, -0.1, 0.86, -0.2, 0.86, 0.3, w * 0.9, 0.46}), across(l.accent.darker(0.1), 0.4, 0.9), 0)
		body := polygon(0.06, -w*0.66, -0.16, w*0.66, -0.16, w, 0.6, -w, 0.6)
		c.draw(body, across(l.body, -w, w), 0)
		c.draw(both(body, line(0.02, w*-0.5, -0.1, -w*0.78, 0.56)), flat(tone{1, 1, 1, 0.3}), 0.02)
	} else { // round, with a handle above
		c.draw(polygon(0.03, -w*0.7, 0.1, -0.82, -0.2, -0.7, -0.24, -w*0.5, -0.1), across(l.body.darker(0.05), -0.85, -0.3), 0)
		c.draw(outline(both(ellipse(0, -0.12, w*0.95, 0.52), box(0, -0.7, 2, 0.64, 0)), 0.045), across(l.accent.darker(0.1), -w, w), 0)
		body := both(ellipse(0, 0.28, w*1.12, 0.5), box(0, -0.34, 2, 1, 0))
		c.draw(body, across(l.body, -w*1.1, w*1.1), 0)
		if l.kind == 3 { // hammered
			for i := range 70 {
				x, y := math.Mod(float64(i)*0.618, 1)*2-1, math.Mod(float64(i)*0.271, 1)
				c.draw(both(body, circle(x*w, -0.05+y*0.65, 0.035)), flat(tone{1, 1, 1, 0.12}), 0.03)
			}
		}
	}
	top := -0.2
	c.draw(ellipse(0, top+0.02, w*0.62, 0.08), across(l.body.darker(0.2), -w*0.6, w*0.6), 0)
	c.draw(line(0.02, 0, top-0.1, 0, top), flat(l.body.darker(0.2)), 0)
	c.draw(circle(0, top-0.12, 0.06), across(l.accent, -0.07, 0.07), 0)
	c.draw(box(0, 0.66, w*0.98, 0.035, 0.03), flat(l.body.darker(0.35)), 0)
}

func drawGrinder(c *canvas, l look) {
	shadow(c, 0.04, 0.5)
	wood := hex(0x8a5a33)
	switch l.kind {
	case 0, 1: // slim, by hand
		w := 0.23 * l.wide
		c.draw(line(0.028, 0, -0.56, 0.5, -0.62), flat(hex(0x6f777a)), 0)
		c.draw(line(0.016, 0.5, -0.62, 0.5, -0.74), flat(hex(0x6f777a)), 0)
		c.draw(circle(0.5, -0.78, 0.085), across(wood, 0.4, 0.6), 0)
		c.draw(box(0, 0.1, w, 0.58, 0.06), across(l.body, -w, w), 0)
		c.draw(box(0, 0.46, w*1.01, 0.22, 0.05), across(l.accent, -w, w), 0)
		c.draw(box(0, 0.22, w*1.03, 0.02, 0.01), flat(l.body.darker(0.3)), 0)
		c.draw(box(0, -0.51, w*0.8, 0.05, 0.04), across(hex(0x9aa2a4), -w, w), 0)
	case 2: // a box with a drawer
		c.draw(line(0.022, 0, -0.5, 0.42, -0.66), flat(hex(0x5b5148)), 0)
		c.draw(circle(0.45, -0.74, 0.08), across(l.accent, 0.36, 0.54), 0)
		c.draw(both(circle(0, -0.08, 0.36), box(0, -0.5, 1, 0.43, 0)), across(l.body, -0.36, 0.36), 0)
		c.draw(box(0, 0.3, 0.44*l.wide, 0.36, 0.03), across(wood, -0.5, 0.5), 0)
		c.draw(box(0, 0.68, 0.5*l.wide, 0.04, 0.02), flat(wood.darker(0.35)), 0)
		c.draw(outline(box(0, 0.4, 0.3, 0.17, 0.02), 0.008), flat(wood.darker(0.5)), 0)
		c.draw(circle(0, 0.4, 0.04), across(l.accent, -0.05, 0.05), 0)
	default: // electric
		c.draw(polygon(0.03, -0.28, -0.72, 0.28, -0.72, 0.2, -0.28, -0.2, -0.28), flat(hex(0xcfdcdd).fade(0.85)), 0)
		c.draw(both(polygon(0.03, -0.28, -0.72, 0.28, -0.72, 0.2, -0.28, -0.2, -0.28), box(0, -0.2, 1, 0.34, 0)), flat(hex(0x4f2f18)), 0)
		c.draw(box(0, -0.74, 0.32, 0.035, 0.03), flat(l.body.darker(0.2)), 0)
		c.draw(polygon(0.05, -0.3*l.wide, -0.24, 0.3*l.wide, -0.24, 0.34*l.wide, 0.2, -0.34*l.wide, 0.2), across(l.body, -0.36, 0.36), 0)
		c.draw(box(0, 0.64, 0.4*l.wide, 0.06, 0.04), across(l.body.darker(0.1), -0.4, 0.4), 0)
		c.draw(box(-0.3*l.wide, 0.4, 0.05, 0.24, 0.02), flat(l.body.darker(0.15)), 0)
		c.draw(polygon(0.03, -0.16, 0.3, 0.26, 0.3, 0.22, 0.56, -0.12, 0.56), across(l.accent, -0.2, 0.3), 0)
		c.draw(circle(0, -0.03, 0.1), across(l.accent, -0.1, 0.1), 0)
		c.draw(line(0.012, 0, -0.03, 0.05, -0.1), flat(l.body.darker(0.3)), 0)
	}
}
