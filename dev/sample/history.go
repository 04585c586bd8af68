package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// tastes is how many kinds of customers there are: those of one kind buy much the same, which is what
// recommendations are to find.
const tastes = 5

const year = 365 * 24 * time.Hour

// Metric names, as integrations with shops call them.
const (
	viewedProduct   = "Viewed Product"
	addedToCart     = "Added to Cart"
	startedCheckout = "Started Checkout"
	placedOrder     = "Placed Order"
	orderedProduct  = "Ordered Product"
)

// event is something a person did.
type event struct {
	id         uuid.UUID
	person     *person
	metric     string
	before     time.Duration // now
	uniqueID   string        // "": the time
	value      float64       // 0: none
	properties map[string]any
	productID  string // of an ordered product
	quantity   int
}

// writer makes up a year of visits.
type writer struct {
	random  *rand.Rand
	now     time.Time
	base    string // the shop's URL
	weights [tastes][]float64
	all     []*product
	orders  int
	events  []event
}

// history makes up what the people did in the year before now. Apart from dates it depends on random alone.
func history(random *rand.Rand, now time.Time, base string, shelves []*category, people []*person) []event {
	w := &writer{random: random, now: now, base: base}
	for _, shelf := range shelves {
		for i := range shelf.products {
			w.all = append(w.all, &shelf.products[i])
		}
	}
	for taste := range w.weights {
		for _, p := range w.all {
			weight := p.appeal
			if p.taste == taste {
				weight *= 8
			}
			w.weights[taste] = append(w.weights[taste], weight)
		}
	}
	for _, p := range people {
		w.visits(p)
	}
	slices.SortStableFunc(w.events, func(a, b event) int { return int(b.before - a.before) })
	return w.events
}

func (w *writer) visits(p *person) {
	span := min(year, p.created) - 2*time.Hour
	visits := 1 + int(p.zeal*9*float64(span)/float64(year))
	// At least the interest that made them sign up is in the past year.
	owned := map[string]bool{}
	times := make([]time.Duration, min(visits, 60))
	for i := range times {
		// Never the last hour: a visit takes its time, and nothing may lie in the future.
		times[i] = (time.Hour + time.Duration(w.random.Int64N(int64(span)))).Truncate(time.Second)
	}
	slices.Sort(times)
	slices.Reverse(times)
	for _, before := range times {
		w.visit(p, before, owned)
	}
}

// visit is one way through the shop, as far as the person goes.
func (w *writer) visit(p *person, before time.Duration, owned map[string]bool) {
	pass := func(least, most int) { before -= time.Duration(least+w.random.IntN(most-least)) * time.Second }
	var liked []*product
	for range 1 + w.random.IntN(4) {
		thing := w.choose(p)
		w.add(event{person: p, metric: viewedProduct, before: before, properties: w.view(thing)})
		if !slices.Contains(liked, thing) && !owned[thing.id] {
			liked = append(liked, thing)
		}
		pass(20, 240)
	}
	if len(liked) == 0 || w.random.IntN(100) >= 45 {
		return
	}
	liked = liked[:1+w.random.IntN(len(liked))]
	lines, total := w.lines(liked)
	for i, thing := range liked {
		properties := w.view(thing)
		properties["AddedItemProductID"], properties["AddedItemProductName"] = thing.id, thing.title
		properties["AddedItemQuantity"], properties["AddedItemPrice"] = lines[i]["Quantity"], lines[i]["ItemPrice"]
		properties["CheckoutURL"] = w.base + "/sample/checkout"
		sofar, value := w.sum(lines[:i+1])
		properties["Items"], properties["ItemNames"] = sofar, names(sofar)
		w.add(event{person: p, metric: addedToCart, before: before, value: value, properties: properties})
		pass(10, 120)
	}
	if w.random.IntN(100) >= 65 {
		return
	}
	cart := map[string]any{"Items": lines, "ItemNames": names(lines), "Categories": categories(liked)}
	w.orders++
	number := fmt.Sprintf("HB-%05d", 10000+w.orders)
	properties := maps.Clone(cart)
	properties["CheckoutURL"] = w.base + "/sample/checkout"
	w.add(event{person: p, metric: startedCheckout, before: before, value: total, properties: properties, uniqueID: "checkout-" + number})
	pass(60, 400)
	if w.random.IntN(100) >= 72 {
		return
	}
	properties = maps.Clone(cart)
	properties["OrderId"] = number
	w.add(event{person: p, metric: placedOrder, before: before, value: total, properties: properties, uniqueID: number})
	for i, thing := range liked {
		properties := maps.Clone(lines[i])
		properties["OrderId"] = number
		quantity := lines[i]["Quantity"].(int)
		w.add(event{person: p, metric: orderedProduct, before: before, value: lines[i]["RowTotal"].(float64), properties: properties,
			uniqueID: number + "-" + thing.id, productID: thing.id, quantity: quantity})
		owned[thing.id] = owned[thing.id] || thing.category.durable
	}
}

func (w *writer) add(e event) {
	e.id = eventID(w.random, w.now.Add(-e.before))
	w.events = append(w.events, e)
}

// choose picks what a person looks at: mostly from the shelf they like, mostly to their taste.
func (w *writer) choose(p *person) *product {
	weights := w.weights[p.taste]
	total := 0.0
	boost := func(i int) float64 {
		if w.all[i].category.id == shelves[p.shelf].id {
			return weights[i] * 3
		}
		return weights[i]
	}
	for i := range weights {
		total += boost(i)
	}
	pick := w.random.Float64() * total
	for i := range weights {
		if pick -= boost(i); pick < 0 {
			return w.all[i]
		}
	}
	return w.all[len(w.all)-1]
}

func (w *writer) view(p *product) map[string]any {
	return map[string]any{
		"ProductID": p.id, "ProductName": p.title, "SKU": p.variants[0].sku, "Price": p.price, "Brand": shopName,
		"Categories": []string{p.category.name}, "ImageURL": pictureURL(w.base, p.id), "ProductURL": pageURL(w.base, p.id),
	}
}

// lines are a cart's.
func (w *writer) lines(things []*product) ([]map[string]any, float64) {
	lines := make([]map[string]any, len(things))
	for i, p := range things {
		quantity := 1
		if !p.category.durable {
			quantity += w.random.IntN(3)
		}
		v := p.variants[w.random.IntN(len(p.variants))]
		lines[i] = map[string]any{
			"ProductID": p.id, "VariantID": v.id, "SKU": v.sku, "ProductName": p.title, "Quantity": quantity, "ItemPrice": v.price,
			"RowTotal": cents(v.price * float64(quantity)), "ProductCategories": []string{p.category.name},
			"ImageURL": pictureURL(w.base, p.id), "ProductURL": pageURL(w.base, p.id),
		}
	}
	return w.sum(lines)
}

func (w *writer) sum(lines []map[string]any) ([]map[string]any, float64) {
	total := 0.0
	for _, line := range lines {
		total += line["RowTotal"].(float64)
	}
	return lines, cents(total)
}

func names(lines []map[string]any) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = line["ProductName"].(string)
	}
	return all
}

func categories(things []*product) []string {
	var all []string
	for _, p := range things {
		if !slices.Contains(all, p.category.name) {
			all = append(all, p.category.name)
		}
	}
	return all
}

// eventID makes a uuid of version 7 for the event's time.
func eventID(random *rand.Rand, at time.Time) uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(random.Uint32())
	}
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
