package flow

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// Kinds of feed.
const (
	ProductFeed = "product" // chosen from the catalog for each person
	WebFeed     = "web"     // fetched from a URL, the same for everybody
)

// Feed is data that templates use as feeds.<Name>.
type Feed struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // product | web
	File string `json:"-"`

	Order      string   `json:"order,omitempty"`      // product: bought_together | popular | newest
	Limit      int      `json:"limit,omitempty"`      // product: at most so many items
	Exclude    []string `json:"exclude,omitempty"`    // product: owned, out_of_stock, in_event
	Categories []string `json:"categories,omitempty"` // product: names or ids; empty is all

	URL    string `json:"url,omitempty"`    // web
	Format string `json:"format,omitempty"` // web: json
}

var (
	feedOrders   = []string{"bought_together", "popular", "newest"}
	feedExcludes = []string{"in_event", "out_of_stock", "owned"}
)

const (
	maxFeedItems  = 50
	maxCategories = 50
	maxURL        = 2000
)

// FeedFields are the keys of a feed's file.
func FeedFields() []Field {
	return []Field{
		{Name: "feed", Type: "name", Required: true, Example: "recommended", Summary: "The name, used as feeds.<name>."},
		{Name: "product", Type: "mapping", Summary: "Items of the catalog, chosen for each person."},
		{Name: "web", Type: "mapping", Summary: "What a URL answers, the same for everybody."},
	}
}

// ProductFeedFields are the keys below product.
func ProductFeedFields() []Field {
	return []Field{
		{Name: "order", Type: "word", Default: "popular", Values: feedOrders, Summary: "Which items come first. bought_together: what people with the same purchases bought."},
		{Name: "limit", Type: "number", Default: "3", Example: "3", Summary: "How many items."},
		{Name: "exclude", Type: "list of words", Default: "all of them", Values: feedExcludes, Summary: "Leaves out what the person owns, what is out of stock, and what is in the trigger event."},
		{Name: "categories", Type: "list of text", Default: "all", Example: "[Shoes]", Summary: "Only items of these categories."},
	}
}

// WebFeedFields are the keys below web.
func WebFeedFields() []Field {
	return []Field{
		{Name: "url", Type: "text", Required: true, Example: "https://shop.example/journal.json", Summary: "Where the data is."},
		{Name: "format", Type: "word", Default: "json", Values: []string{"json"}, Summary: "What the URL answers with."},
	}
}

// ParseFeed reads a feed's file. The feed counts only when none of the problems is an error.
func ParseFeed(file string, data []byte) (Feed, Problems) {
	f, _, problems := parseFeed(file, data)
	return f, problems
}

func parseFeed(file string, data []byte) (Feed, Problem, Problems) {
	r, root := newReader(file, data)
	f := Feed{File: file}
	var at Problem
	if root != nil {
		at = r.feed(root, &f)
	}
	r.problems.Sort()
	return f, at, r.problems
}

var feedPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// feed reads a feed and gives the place of its name, as a problem without words.
func (r *reader) feed(n *node, f *Feed) (name Problem) {
	if n.shape != mapping {
		r.fail(n, "it begins with feed: and the feed's name", "a feed must be a mapping, not %s", n.shape)
		return
	}
	found := r.fields(n, check{what: "a feed", fields: FeedFields()})
	if id := found["feed"]; id != nil {
		name = Problem{File: r.file, Line: id.line, Column: id.column, Source: r.shown(id.line)}
		f.Name = r.string(id, "the feed's name", maxID)
		if f.Name != "" && !feedPattern.MatchString(f.Name) {
			r.fail(id, "templates use it as feeds.<name>", "the feed's name %s must be made of letters, digits and _, and begin with a letter", quoted(f.Name))
		}
	}
	product, web := found["product"], found["web"]
	switch {
	case product != nil && web != nil:
		r.fail(web, "", "a feed is product or web, not both")
	case product != nil:
		f.Kind = ProductFeed
		r.productFeed(product, f)
	case web != nil:
		f.Kind = WebFeed
		r.webFeed(web, f)
	default:
		r.fail(n, "", "a feed needs product or web")
	}
	return name
}

func (r *reader) productFeed(n *node, f *Feed) {
	f.Order, f.Limit, f.Exclude = "popular", 3, slices.Clone(feedExcludes)
	if n.shape != mapping {
		if n.shape != unreadable {
			r.fail(n, "for example {order: popular, limit: 3}", "product must be a mapping, not %s", n.shape)
		}
		return
	}
	found := r.fields(n, check{what: "product", fields: ProductFeedFields()})
	if order := found["order"]; order != nil {
		f.Order = r.choice(order, "order", feedOrders...)
	}
	if limit := found["limit"]; limit != nil {
		var err error
		f.Limit, err = strconv.Atoi(limit.text)
		if limit.shape != number || err != nil || f.Limit < 1 || f.Limit > maxFeedItems {
			r.fail(limit, "", "limit must be a whole number from 1 to %d", maxFeedItems)
		}
	}
	if exclude := found["exclude"]; exclude != nil {
		f.Exclude = r.strings(exclude, "exclude", len(feedExcludes), func(item *node) string {
			return r.choice(item, "an entry of exclude", feedExcludes...)
		})
		slices.Sort(f.Exclude)
	}
	if categories := found["categories"]; categories != nil {
		f.Categories = r.strings(categories, "categories", maxCategories, func(item *node) string {
			return r.string(item, "a category", maxName)
		})
	}
}

func (r *reader) webFeed(n *node, f *Feed) {
	f.Format = "json"
	if n.shape != mapping {
		if n.shape != unreadable {
			r.fail(n, "for example {url: https://shop.example/journal.json}", "web must be a mapping, not %s", n.shape)
		}
		return
	}
	found := r.fields(n, check{what: "web", fields: WebFeedFields()})
	if format := found["format"]; format != nil {
		if format.text == "xml" {
			r.fail(format, "", "format xml is not available yet")
		} else {
			f.Format = r.choice(format, "format", "json")
		}
	}
	address := found["url"]
	if address == nil {
		return
	}
	f.URL = r.string(address, "url", maxURL)
	if f.URL == "" {
		return
	}
	u, err := url.Parse(f.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.fail(address, "for example https://shop.example/journal.json", "url must begin with http:// or https:// and name a host")
	case u.User != nil:
		r.fail(address, "", "url must not contain a user name or password")
	}
}
