package story

import (
	"context"
	"fmt"
	"html"
	"math"
	"strings"
	"time"

	"github.com/legato-flow/legato/internal/clock"
)

// product is a catalog item that is for sale.
type product struct {
	ID    string  `db:"id"`
	Title string  `db:"title"`
	URL   string  `db:"url"`
	Image string  `db:"image"`
	Price float64 `db:"price"`
}

// cart picks what people buy and put into carts: things that can be had, those that others bought most first,
// so that there is something to recommend from.
func (s *Story) cart(ctx context.Context) ([]product, error) {
	var items []product
	err := s.Store.DB.SelectContext(ctx, &items, `
		select i.id, i.title, i.url, i.image, i.price
		from catalog_item i left join purchase p on p.item_id = i.id
		where i.published and i.price is not null
		  and exists (select from catalog_variant v where v.item_id = i.id and v.published and v.inventory > 0)
		group by i.id order by count(p.profile_id) desc, i.id limit 6`)
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	if len(items) < 6 {
		return nil, fmt.Errorf("the catalog holds %d items that can be bought; the story needs 6 (load the sample store)", len(items))
	}
	return items, nil
}

const cartFlow = "abandoned-cart"

// cartScenes are the mission's own example.
func (s *Story) cartScenes(items []product) []scene {
	bought, wanted := items[:2], items[2:4]
	person := func(first, last, country, city, zone string) object {
		return object{
			"email": s.address(first), "first_name": first, "last_name": last,
			"location": object{"country": country, "city": city, "timezone": zone},
		}
	}
	// shopper makes the scene of a person with a history of purchases who then does something.
	shopper := func(attributes object, happened string, then func(ctx context.Context, c *scene) error) scene {
		c := scene{
			who: fmt.Sprintf("%s, %s", attributes["first_name"], attributes["location"].(object)["city"]), flow: cartFlow, happened: happened,
			zone: clock.Zone(attributes["location"].(object)["timezone"].(string)), lasts: time.Hour, runs: 1, mails: 1,
		}
		c.address, _ = attributes["email"].(string)
		c.perform = func(ctx context.Context, c *scene) error {
			var err error
			if c.profile, err = s.importProfile(ctx, attributes); err != nil {
				return err
			}
			if err := s.purchases(ctx, c.profile, bought); err != nil {
				return err
			}
			return then(ctx, c)
		}
		return c
	}
	abandon := func(ctx context.Context, c *scene) error { return s.addToCart(ctx, c.profile, wanted, nil) }

	grace := shopper(person("Grace", "Miller", "United States", "Denver", "America/Denver"), "adds two things to the cart", abandon)
	grace.check = s.reminder("Grace", wanted, bought)
	jonas := shopper(person("Jonas", "Weber", "Germany", "Hamburg", "Europe/Berlin"), "adds two things to the cart", abandon)
	jonas.check = s.reminder("Jonas", wanted, bought)

	amelie := shopper(person("Amélie", "Laurent", "France", "Lyon", "Europe/Paris"), "adds to the cart, orders within the hour",
		func(ctx context.Context, c *scene) error {
			if err := abandon(ctx, c); err != nil {
				return err
			}
			if err := s.inside(ctx, c); err != nil {
				return err
			}
			return s.event(ctx, c.profile, "Placed Order", object{"OrderId": "S-" + s.Tag}, object{"value": total(wanted), "value_currency": "EUR"})
		})
	amelie.mails, amelie.reason = 0, "Fails Flow Filters"

	nobody := person("Kenji", "Sato", "Japan", "Osaka", "Asia/Tokyo")
	delete(nobody, "email")
	nobody["external_id"] = "kenji-" + s.Tag
	kenji := shopper(nobody, "has no email address, adds to the cart", abandon)
	kenji.mails, kenji.reason = 0, "Missing Email"

	olivia := shopper(person("Olivia", "Brown", "United States", "Boston", "America/New_York"), "the shop posts the same event twice",
		func(ctx context.Context, c *scene) error {
			for range 2 {
				if err := s.addToCart(ctx, c.profile, wanted, object{"unique_id": "cart-" + s.Tag}); err != nil {
					return err
				}
			}
			return nil
		})

	lucas := shopper(person("Lucas", "Silva", "Brazil", "Recife", "America/Recife"), "adds to the cart, comes back the next minute",
		func(ctx context.Context, c *scene) error {
			for i := range 2 {
				if err := s.addToCart(ctx, c.profile, wanted[i:i+1], object{"unique_id": fmt.Sprintf("cart-%s-%d", s.Tag, i)}); err != nil {
					return err
				}
			}
			return nil
		})
	lucas.reason = "reentry"
	return []scene{grace, jonas, amelie, kenji, olivia, lucas}
}

// inside waits until the person is in the flow: who buys before that is not let in at all.
func (s *Story) inside(ctx context.Context, c *scene) error {
	for end := time.Now().Add(s.Patient); ; {
		runs, err := s.Store.RunsOfProfile(ctx, c.profile, 1)
		if err != nil || len(runs) > 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the event let nobody into the flow in %v", s.Patient)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *Story) address(first string) string {
	return strings.ToLower(strings.NewReplacer("é", "e", "ö", "o").Replace(first)) + "." + s.Tag + "@example.com"
}

// purchases posts that somebody bought things two months ago.
func (s *Story) purchases(ctx context.Context, profile string, items []product) error {
	then := time.Now().UTC().AddDate(0, -2, 0).Truncate(time.Second)
	for i, item := range items {
		err := s.event(ctx, profile, "Ordered Product", object{
			"ProductID": item.ID, "ProductName": item.Title, "Quantity": 1,
		}, object{"value": item.Price, "time": then.Add(time.Duration(i) * time.Second).Format(time.RFC3339)})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Story) addToCart(ctx context.Context, profile string, items []product, more object) error {
	lines := make([]object, len(items))
	for i, item := range items {
		lines[i] = object{
			"ProductID": item.ID, "ProductName": item.Title, "Quantity": i + 1, "ItemPrice": item.Price,
			"ImageURL": item.Image, "ProductURL": item.URL,
		}
	}
	attributes := object{"value": total(items), "value_currency": "USD"}
	for name, value := range more {
		attributes[name] = value
	}
	return s.event(ctx, profile, "Added to Cart", object{"Items": lines, "CheckoutURL": s.API + "/sample/checkout"}, attributes)
}

func total(items []product) float64 {
	sum := 0.0
	for i, item := range items {
		sum += float64(i+1) * item.Price
	}
	return math.Round(sum*100) / 100
}

// reminder checks a cart reminder: the name, what is in the cart, and three recommendations that the person
// does not own and that can be had.
func (s *Story) reminder(first string, wanted, bought []product) func(Mail) string {
	return func(mail Mail) string {
		if !strings.Contains(mail.HTML, first) {
			return "the message does not name " + first
		}
		for i, item := range wanted {
			for _, part := range []string{item.Title, item.Image, fmt.Sprint(i + 1)} {
				if !strings.Contains(html.UnescapeString(mail.HTML), part) {
					return fmt.Sprintf("the cart lacks %q of %s", part, item.Title)
				}
			}
		}
		return s.recommends(mail, wanted, bought)
	}
}

// recommends checks that a message shows three other products that are for sale.
func (s *Story) recommends(mail Mail, wanted, bought []product) string {
	var all []struct {
		Title string
		Sold  bool // can be had
	}
	err := s.Store.DB.Select(&all, `
		select i.title, i.published and exists (
			select from catalog_variant v where v.item_id = i.id and v.published and (v.inventory > 0 or v.inventory_policy <> 1)) as sold
		from catalog_item i`)
	if err != nil {
		return "reading the catalog: " + err.Error()
	}
	plain := html.UnescapeString(mail.HTML)
	shown := 0
	for _, item := range all {
		if !strings.Contains(plain, item.Title) || contains(wanted, item.Title) {
			continue
		}
		if contains(bought, item.Title) {
			return fmt.Sprintf("it recommends %q, which the person owns", item.Title)
		}
		if !item.Sold {
			return fmt.Sprintf("it recommends %q, which is out of stock", item.Title)
		}
		shown++
	}
	if shown != 3 {
		return fmt.Sprintf("it recommends %d products instead of 3", shown)
	}
	return ""
}

func contains(items []product, title string) bool {
	for _, item := range items {
		if item.Title == title {
			return true
		}
	}
	return false
}
