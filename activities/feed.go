package activities

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/legato-flow/legato/store"
)

// Feeds finds the data that templates use as feeds.<name>. The zero value of all but Store and Clock is ready. It is
// safe for concurrent use.
type Feeds struct {
	Store  *store.Store
	Clock  func() time.Time
	Client *http.Client // for web feeds; only its Transport is used

	mu  sync.Mutex
	web map[string]*webCopy // by URL
}

// FeedSubject is a person for whom feeds are resolved.
type FeedSubject struct {
	Profile    string
	EventItems []string // the items of the trigger event
}

// Resolve gives what each of people sees under each of names: a list of products of a product feed, the JSON object
// of a web feed. It asks once for the batch. An error means that a message with these feeds cannot be rendered now.
func (f *Feeds) Resolve(ctx context.Context, names []string, people []FeedSubject) ([]map[string]any, error) {
	values := make([]map[string]any, len(people))
	for i := range values {
		values[i] = make(map[string]any, len(names))
	}
	if len(people) == 0 || len(names) == 0 {
		return values, nil
	}
	feeds, err := f.Store.Feeds(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		at := slices.IndexFunc(feeds, func(feed store.Feed) bool { return feed.ID == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no feed %s", name)
		}
		switch feed := feeds[at]; feed.Kind {
		case store.ProductFeed:
			err = f.products(ctx, feed, people, values)
		case store.WebFeed:
			err = f.page(ctx, feed, values)
		default:
			err = fmt.Errorf("it is of the unknown kind %q", feed.Kind)
		}
		if err != nil {
			return nil, fmt.Errorf("feed %s: %w", name, err)
		}
	}
	return values, nil
}

// products chooses from the catalog. One person may be in the batch twice, with different events; what either event
// names is left out for both, and the lists are the same.
func (f *Feeds) products(ctx context.Context, feed store.Feed, people []FeedSubject, values []map[string]any) error {
	d := feed.Definition
	excludes := func(what string) bool { return d.Exclude == nil || slices.Contains(d.Exclude, what) }
	in := store.RecommendInput{
		Order: d.Order, Limit: d.Limit, Categories: d.Categories, Now: f.Clock(),
		KeepOwned: !excludes("owned"), KeepOutOfStock: !excludes("out_of_stock"), ExcludeItems: map[string][]string{},
	}
	for _, p := range people {
		in.Profiles = append(in.Profiles, p.Profile)
		if excludes("in_event") {
			in.ExcludeItems[p.Profile] = append(in.ExcludeItems[p.Profile], p.EventItems...)
		}
	}
	found, err := f.Store.Recommend(ctx, in)
	if err != nil {
		return err
	}
	for i, p := range people {
		products := found[p.Profile]
		list := make([]any, len(products))
		for k := range products {
			list[k] = productValues(&products[k])
		}
		values[i][feed.ID] = list
	}
	return nil
}

// productValues is a product as templates see it. A price that is not there is nil, not zero.
func productValues(p *store.Product) map[string]any {
	v := map[string]any{"id": p.ID, "title": p.Title, "description": p.Description, "url": p.URL, "image": p.Image, "currency": p.Currency}
	if p.Price != nil {
		v["price"] = *p.Price
	}
	return v
}

func (f *Feeds) page(ctx context.Context, feed store.Feed, values []map[string]any) error {
	if feed.Definition.Format != "json" {
		return fmt.Errorf("the format %q is not available yet", feed.Definition.Format)
	}
	value, err := f.copyOf(feed.Definition.URL).get(ctx, f.Clock, f.Client)
	if err != nil {
		return err
	}
	for i := range values {
		values[i][feed.ID] = value
	}
	return nil
}

// copyOf gives the place where what a URL answered is kept, and forgets those that nobody has asked for lately.
func (f *Feeds) copyOf(url string) *webCopy {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Clock()
	for other, c := range f.web {
		if other != url && now.Sub(c.asked) > webStale {
			delete(f.web, other)
		}
	}
	if f.web == nil {
		f.web = map[string]*webCopy{}
	}
	c := f.web[url]
	if c == nil {
		c = &webCopy{url: url}
		f.web[url] = c
	}
	c.asked = now
	return c
}
