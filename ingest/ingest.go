// Package ingest takes in what happens: it resolves who an event is about, merges what it says about the
// person, drops repeats, and stores it together with the entries of the flows that it triggers, in one
// transaction. What has been accepted is committed.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
	"github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus"
)

// Ingester takes in events, profiles and list memberships. It is safe for concurrent use.
type Ingester struct {
	store   *store.Store
	now     func() time.Time
	metrics metricCache
	months  monthSet
	taken   *prometheus.CounterVec
	single  *committer
	most    int           // metrics; 0 is no bound
	bulk    chan struct{} // has an element for each call of Bulk that writes
}

// New makes an Ingester that takes the time of receipt from clock.
func New(s *store.Store, clock func() time.Time) *Ingester {
	g := &Ingester{store: s, bulk: make(chan struct{}, bulks), taken: newCounter(), now: func() time.Time { return clock().UTC().Truncate(time.Microsecond) }}
	g.single = newCommitter(g.transact)
	return g
}

// Errors that a caller tells apart.
var (
	// ErrUnknownProfile: a profile was named by an id that no profile has.
	ErrUnknownProfile = errors.New("no profile has this id")
	// ErrUnknownList: a list was named by an id that no list has.
	ErrUnknownList = errors.New("no list has this id")
	// ErrBusy: other writers kept getting in the way. The same call may succeed later.
	ErrBusy = errors.New("too many writers at the same profiles")
)

// DuplicateError says that an identifier belongs to another profile.
type DuplicateError struct {
	Field     string // email, phone_number, external_id or anonymous_id
	Added     bool   // the change gives it as a further one: in AppendEmails
	ProfileID string // whose it is
}

// Pointer is where the identifier stands in the resource object of the profile, which is at data, the operations on
// identifiers and properties being at meta.
func (e *DuplicateError) Pointer(data, meta string) string {
	return pointer(e.Field, e.Added, data, meta)
}

func pointer(field string, added bool, data, meta string) string {
	if added {
		return meta + "/patch_identifiers/append/" + field
	}
	return data + "/attributes/" + field
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("the %s belongs to profile %s", e.Field, e.ProfileID)
}

// InvalidError says what part of a change cannot be.
type InvalidError struct {
	Field   string // an identifier's or attribute's name, or properties
	Added   bool   // the change gives it as a further one: in AppendEmails
	Message string
}

// Pointer is where that part stands, as with a DuplicateError.
func (e *InvalidError) Pointer(data, meta string) string {
	return pointer(e.Field, e.Added, data, meta)
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// errRetry aborts an attempt that met a concurrent writer; the next one will see what that one wrote.
var errRetry = errors.New("a concurrent writer was first")

const (
	attempts    = 12
	mergeRounds = 20 // of profiles that are to be merged first; each leads to those that it makes one person's
)

// attempt runs f in transactions until one commits. f must leave nothing behind but what it writes through tx.
func (g *Ingester) attempt(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	rounds := 0
	for i := 0; i < attempts; i++ {
		err := g.store.Tx(ctx, f)
		if linked := (*linkedError)(nil); errors.As(err, &linked) {
			if rounds++; rounds > mergeRounds {
				return ErrBusy
			}
			for _, l := range linked.links {
				if err := g.mergeLinked(ctx, l); err != nil {
					return err
				}
			}
			i--
			continue
		}
		if !passing(err) {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << min(i, 6)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return ErrBusy
}

// passing tells errors that come from concurrency, and go away, from others.
func passing(err error) bool {
	if errors.Is(err, errRetry) {
		return true
	}
	var refused *pq.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case "23505", // unique_violation: another transaction took an identifier between our look and our write
		"40001", // serialization_failure
		"40P01": // deadlock_detected
		return true
	}
	return false
}
