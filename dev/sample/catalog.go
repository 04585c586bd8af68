package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// category is one of the shop's six shelves.
type category struct {
	id, name string
	durable  bool   // bought once rather than again and again
	options  option // the variants of its products
	products []product
}

// option is what the variants of a category's products differ in.
type option struct {
	names  []string
	factor []float64 // of the product's price
}

// product is something the shop sells. Its id is the category's with a number.
type product struct {
	title string
	price float64
	note  string
	// How it looks: which of the shelf's drawings, in which of the palettes.
	form, colours int

	id       string
	category *category
	taste    int     // of the people who like it most
	appeal   float64 // to everyone
	variants []variant
}

type variant struct {
	id, title, sku string
	price          float64
	inventory      int
}

// catalog gives the categories with their products filled in. The same random numbers give the same stock.
func catalog(random *rand.Rand) []*category {
	var all []*category
	for c := range shelves {
		shelf := shelves[c]
		shelf.products = append([]product(nil), shelf.products...)
		for i := range shelf.products {
			p := &shelf.products[i]
			p.id = fmt.Sprintf("%s-%02d", shelf.id, i+1)
			p.category = &shelf
			p.taste = (i*2 + c) % tastes
			p.appeal = 0.5 + random.Float64()
			// A few products of each shelf are sold out, and of others a variant is.
			soldOut := i%10 == 3 || (i%10 == 8 && c%2 == 0)
			for v, name := range shelf.options.names {
				stock := 5 + random.IntN(120)
				if soldOut || random.IntN(8) == 0 {
					stock = 0
				}
				if v == 0 && !soldOut {
					stock = max(stock, 3)
				}
				p.variants = append(p.variants, variant{
					id: fmt.Sprintf("%s-%d", p.id, v+1), title: p.title + ", " + name, sku: fmt.Sprintf("HB-%d%02d%d", c+1, i+1, v+1),
					price: cents(p.price * shelf.options.factor[v]), inventory: stock,
				})
			}
		}
		all = append(all, &shelf)
	}
	return all
}

func cents(amount float64) float64 { return math.Round(amount*100) / 100 }

var shelves = []category{
	{id: "coffee", name: "Coffee", options: option{[]string{"250 g", "1 kg"}, []float64{1, 3.6}}, products: []product{
		{title: "Yirgacheffe Washed", price: 16.5, form: 0, colours: 0, note: "Jasmine and lemon, light as tea. Roasted for filter."},
		{title: "Sidamo Natural", price: 17.9, form: 1, colours: 1, note: "Dried in the fruit: blueberry, cocoa, a long sweet finish."},
		{title: "Huila Supremo", price: 14.9, form: 2, colours: 2, note: "Caramel and red apple from small farms in Colombia."},
		{title: "Tarrazú Honey", price: 18.5, form: 3, colours: 3, note: "Honey-processed in Costa Rica; apricot and brown sugar."},
		{title: "Antigua Bourbon", price: 15.9, form: 4, colours: 4, note: "Grown on volcanic soil. Milk chocolate and orange peel."},
		{title: "Mandheling Dark", price: 15.5, form: 0, colours: 5, note: "Cedar, spice and dark chocolate. For those who like it strong."},
		{title: "Mogiana Espresso", price: 14.5, form: 1, colours: 6, note: "Our house espresso: hazelnut, nougat, a thick crema."},
		{title: "Kenya AA Nyeri", price: 19.9, form: 2, colours: 7, note: "Blackcurrant and grapefruit, bright and juicy."},
		{title: "Monsoon Malabar", price: 15.9, form: 3, colours: 8, note: "Weeks in the monsoon wind take the acidity away."},
		{title: "Midnight Decaf", price: 16.9, form: 4, colours: 9, note: "Decaffeinated with water alone. You will not notice."},
	}},
	{id: "tea", name: "Tea", options: option{[]string{"50 g", "150 g"}, []float64{1, 2.6}}, products: []product{
		{title: "Sencha Spring Harvest", price: 15.9, form: 0, colours: 3, note: "First picking, steamed; fresh grass and sweet peas."},
		{title: "Darjeeling First Flush", price: 18.9, form: 1, colours: 4, note: "Flowery, with a hint of muscat. One cup at four o'clock."},
		{title: "Assam Breakfast", price: 12.9, form: 2, colours: 5, note: "Malty and brisk, and glad of a drop of milk."},
		{title: "Earl Grey Bergamot", price: 13.5, form: 3, colours: 6, note: "Scented with oil from Calabria, not with flavouring."},
		{title: "Jasmine Pearls", price: 19.5, form: 4, colours: 7, note: "Rolled by hand, scented with flowers five nights long."},
		{title: "Oolong Iron Goddess", price: 21.9, form: 0, colours: 8, note: "Orchid and warm butter; good for six infusions."},
		{title: "Rooibos Vanilla", price: 11.9, form: 1, colours: 9, note: "No caffeine, much comfort."},
		{title: "Peppermint Leaf", price: 9.9, form: 2, colours: 0, note: "Whole leaves, clear and cool."},
		{title: "Genmaicha Toasted Rice", price: 13.9, form: 3, colours: 1, note: "Green tea with rice that popped in the pan."},
		{title: "Lapsang Souchong", price: 14.9, form: 4, colours: 2, note: "Dried over pine fires. A campfire in a cup."},
	}},
	{id: "brewers", name: "Brewers", durable: true, options: option{[]string{"2 cups", "4 cups"}, []float64{1, 1.3}}, products: []product{
		{title: "Ceramic Dripper", price: 24, form: 0, colours: 3, note: "Spiral ribs, one large hole, forgiving of beginners."},
		{title: "Hourglass Carafe", price: 46, form: 1, colours: 6, note: "Thick glass with a wooden collar. Looks good on any table."},
		{title: "Fjord French Press", price: 39, form: 3, colours: 7, note: "Double steel walls keep the last cup hot."},
		{title: "Stovetop Moka", price: 32, form: 5, colours: 7, note: "Aluminium, eight-sided, as in every Italian kitchen."},
		{title: "Cold Brew Tower", price: 89, form: 1, colours: 8, note: "One drop a second, twelve hours, nothing bitter."},
		{title: "Commuter Press", price: 34, form: 3, colours: 4, note: "Brews in the mug that you carry out of the house."},
		{title: "Glass Siphon", price: 119, form: 1, colours: 0, note: "Half laboratory, half theatre, and the cleanest cup of all."},
		{title: "Flatbed Dripper", price: 28, form: 2, colours: 1, note: "A flat bed of coffee for an even extraction."},
		{title: "Tetsubin Teapot", price: 64, form: 4, colours: 9, note: "Cast iron, enamelled within, heavy and calm."},
		{title: "Clearwater Teapot", price: 42, form: 4, colours: 2, note: "Glass, so that you see when it is ready."},
	}},
	{id: "cups", name: "Cups", durable: true, options: option{[]string{"single", "pair"}, []float64{1, 1.85}}, products: []product{
		{title: "Harbour Stoneware Mug", price: 19, form: 1, colours: 4, note: "Thrown in Cornwall, glazed like the sea on a grey day."},
		{title: "Double-Wall Glass", price: 16, form: 2, colours: 7, note: "Hot inside, cool outside, and the coffee seems to float."},
		{title: "Enamel Camp Mug", price: 14.5, form: 0, colours: 8, note: "Survives the fire, the floor and the dishwasher."},
		{title: "Speckled Latte Bowl", price: 22, form: 3, colours: 3, note: "Wide enough for both hands and a croissant."},
		{title: "Demitasse Classico", price: 14, form: 4, colours: 3, note: "Thick porcelain that keeps an espresso alive."},
		{title: "Wayfarer Tumbler", price: 29, form: 2, colours: 2, note: "Six hours hot, no leaks, fits the cup holder."},
		{title: "Matte Noir Mug", price: 18, form: 0, colours: 9, note: "Black without, white within."},
		{title: "Hand-Thrown Yunomi", price: 26, form: 2, colours: 6, note: "No handle: when you can hold it, you can drink it."},
		{title: "Porcelain Tea Cup", price: 21, form: 3, colours: 5, note: "So thin that the light comes through."},
		{title: "Cork Grip Mug", price: 17.5, form: 2, colours: 0, note: "A band of cork instead of a handle."},
	}},
	{id: "kettles", name: "Kettles", durable: true, options: option{[]string{"0.8 l", "1.2 l"}, []float64{1, 1.2}}, products: []product{
		{title: "Gooseneck Onyx", price: 59, form: 0, colours: 9, note: "A thin, slow stream that goes where you point it."},
		{title: "Gooseneck Copper", price: 74, form: 0, colours: 6, note: "The same spout in polished copper. It will age well."},
		{title: "Farmhouse Enamel Kettle", price: 38, form: 1, colours: 3, note: "Cream with a dark rim, for gas and induction."},
		{title: "Whistler Red", price: 42, form: 1, colours: 1, note: "Tells the whole house."},
		{title: "Voltway Electric Kettle", price: 49, form: 1, colours: 7, note: "A litre in three minutes, and it switches itself off."},
		{title: "Precision Dial Kettle", price: 98, form: 2, colours: 7, note: "To the degree, and holds it for an hour."},
		{title: "Trail Kettle", price: 27, form: 1, colours: 2, note: "Anodised, 160 grams, nests with your pot."},
		{title: "Hammered Steel Kettle", price: 66, form: 3, colours: 7, note: "Each one carries the marks of its smith."},
		{title: "Slow-Pour Mini", price: 36, form: 4, colours: 4, note: "For one cup, over one dripper, on one quiet morning."},
		{title: "Nambu Iron Kettle", price: 129, form: 3, colours: 0, note: "Rounds the water. Keep it dry between uses."},
	}},
	{id: "grinders", name: "Grinders", durable: true, options: option{[]string{"steel burrs", "ceramic burrs"}, []float64{1, 1.1}}, products: []product{
		{title: "Slimline Hand Grinder", price: 69, form: 0, colours: 9, note: "Twenty grams in a minute, and fits into a press."},
		{title: "Walnut Hand Grinder", price: 84, form: 1, colours: 6, note: "Turned from one piece of wood."},
		{title: "Heritage Box Mill", price: 58, form: 2, colours: 8, note: "With a drawer, like your grandmother's."},
		{title: "Hearth Burr Grinder", price: 149, form: 3, colours: 3, note: "Forty steps from espresso to press, quiet enough for six o'clock."},
		{title: "Foundry Burr Grinder", price: 289, form: 4, colours: 9, note: "Flat 64 mm burrs, weighs each dose itself."},
		{title: "Wallmount Mill", price: 79, form: 2, colours: 7, note: "Always at hand and never in the way."},
		{title: "Nomad Grinder", price: 54, form: 0, colours: 2, note: "Lives in a rucksack."},
		{title: "Tidy Spice Mill", price: 24, form: 1, colours: 1, note: "Not only for coffee: cardamom, pepper, cinnamon."},
		{title: "Uno Espresso Grinder", price: 219, form: 3, colours: 1, note: "Stepless, for those who chase the last tenth."},
		{title: "Duo Filter Grinder", price: 199, form: 4, colours: 4, note: "Made for pour-over: few fines, clear cups."},
	}},
}
