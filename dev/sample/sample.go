// Package sample is a small shop to try Legato with: products with stock and pictures, customers in a dozen
// countries, and a year of what they did, all made up from a fixed seed and loaded into an empty database.
package sample

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	shopName = "Hearth & Bean"
	// Company is the public id of the shop's account, which the client endpoints ask for.
	Company = "DEV001"
	// Newsletter is the id of the shop's list.
	Newsletter = "NwsL3t"
	seed       = 20260301
	customers  = 500
)

// Options say what is loaded.
type Options struct {
	BaseURL string    // where the shop's pages and pictures are served: http://127.0.0.1:8080
	Now     time.Time // the history ends here; zero is the present
}

// Loaded counts what was put into the database.
type Loaded struct {
	Products, Profiles, Events int
}

// Load fills an empty database with the shop, in one transaction. One that holds profiles, events or products is
// left alone, and Loaded is zero. What is loaded triggers no flow.
func Load(ctx context.Context, db *sqlx.DB, o Options) (Loaded, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	o.Now = o.Now.UTC().Truncate(time.Second)
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return Loaded{}, fmt.Errorf("loading the sample store: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	loaded, err := load(ctx, tx, o)
	if errors.Is(err, errNotEmpty) {
		return Loaded{}, nil
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		// Without statistics the first queries would be planned for empty tables.
		_, err = db.ExecContext(ctx, "analyze")
	}
	if err != nil {
		return Loaded{}, fmt.Errorf("loading the sample store: %w", err)
	}
	return loaded, nil
}

var errNotEmpty = errors.New("the database is not empty")

func load(ctx context.Context, tx *sqlx.Tx, o Options) (Loaded, error) {
	// Two that start at once must not both find it empty.
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('legato sample store'))"); err != nil {
		return Loaded{}, err
	}
	var holds bool
	if err := tx.GetContext(ctx, &holds, "select exists(select from profile) or exists(select from event) or exists(select from catalog_item)"); err != nil {
		return Loaded{}, err
	}
	if holds {
		return Loaded{}, errNotEmpty
	}
	random := rand.New(rand.NewPCG(seed, 0))
	shelves := catalog(random)
	all := people(random, o.Now, customers)
	events := history(random, o.Now, o.BaseURL, shelves, all)
	l := loader{ctx: ctx, tx: tx, now: o.Now, base: o.BaseURL}
	for _, put := range []func() error{
		func() error { return l.account() },
		func() error { return l.catalog(shelves) },
		func() error { return l.profiles(all, events) },
		func() error { return l.events(events) },
		func() error { return l.purchases(events) },
		func() error { return l.list(all) },
	} {
		if err := put(); err != nil {
			return Loaded{}, err
		}
	}
	products := 0
	for _, shelf := range shelves {
		products += len(shelf.products)
	}
	return Loaded{Products: products, Profiles: len(all), Events: len(events)}, nil
}

func pictureURL(base, id string) string { return base + "/sample/images/" + id + ".png" }
func pageURL(base, id string) string    { return base + "/sample/products/" + id }
