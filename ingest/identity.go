package ingest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// entry is a profile in the middle of a transaction.
type entry struct {
	before, after store.Profile
	properties    map[string]json.RawMessage // of after, once something touches them
	fresh         bool                       // not in the database yet
	changed       bool
}

// directory finds the entries of a transaction by their identifiers.
type directory struct {
	byID map[string]*entry
	by   map[string]map[string]*entry // identifier's name → its key → whose it is
	all  []*entry
}

// key is what an identifier is compared by: an email without regard to case.
func key(name, value string) string {
	if name == "email" {
		return strings.ToLower(value)
	}
	return value
}

func newDirectory() *directory {
	d := &directory{byID: map[string]*entry{}, by: map[string]map[string]*entry{}}
	for _, name := range store.Identifiers {
		d.by[name] = map[string]*entry{}
	}
	return d
}

func (d *directory) add(e *entry) {
	d.all = append(d.all, e)
	d.byID[e.after.ID] = e
	for _, name := range store.Identifiers {
		if value := *e.after.Attribute(name); value != nil {
			d.by[name][key(name, *value)] = e
		}
	}
}

// identify sets or clears an identifier of e.
func (d *directory) identify(e *entry, name string, value *string) {
	field := e.after.Attribute(name)
	if *field != nil {
		delete(d.by[name], key(name, **field))
	}
	if value != nil {
		d.by[name][key(name, *value)] = e
	}
	*field, e.changed = value, true
}

// find gives the profile that the change is about: the one with its id, else that of the strongest identifier.
func (d *directory) find(c *Change) *entry {
	if c.ID != "" {
		return d.byID[c.ID]
	}
	for _, name := range store.Identifiers {
		if value := c.Attributes[name]; value != nil {
			if e := d.by[name][key(name, *value)]; e != nil {
				return e
			}
		}
	}
	return nil
}

// resolve applies the changes in order and writes what comes of them. Every change gets an entry or a refusal;
// a nil change gets neither. The profiles stay locked until the transaction ends. Unless whole, profiles that
// are only named come back without their properties.
func (g *Ingester) resolve(ctx context.Context, tx *sqlx.Tx, changes []*Change, m mode, whole bool) ([]*entry, []error, error) {
	now := g.now()
	var keys store.Keys
	for _, c := range changes {
		if c != nil {
			whole = collect(&keys, c) || whole
		}
	}
	locked, err := g.store.LockProfiles(ctx, tx, keys, whole)
	if err != nil {
		return nil, nil, err
	}
	d := newDirectory()
	for _, p := range locked {
		d.add(&entry{before: p, after: p})
	}
	entries, refusals := make([]*entry, len(changes)), make([]error, len(changes))
	for i, c := range changes {
		if c != nil {
			entries[i], refusals[i] = d.apply(c, m, now)
		}
	}
	return entries, refusals, g.write(ctx, tx, d, now)
}

// collect adds what the change is found by, and says whether it needs the profile whole.
func collect(keys *store.Keys, c *Change) (whole bool) {
	if c.ID != "" {
		keys.IDs = append(keys.IDs, c.ID)
	}
	for _, name := range store.Identifiers {
		value := c.Attributes[name]
		if value == nil {
			continue
		}
		switch name {
		case "external_id":
			keys.ExternalIDs = append(keys.ExternalIDs, *value)
		case "email":
			keys.Emails = append(keys.Emails, key(name, *value))
		case "phone_number":
			keys.PhoneNumbers = append(keys.PhoneNumbers, *value)
		case "anonymous_id":
			keys.AnonymousIDs = append(keys.AnonymousIDs, *value)
		}
	}
	return !c.bare()
}

// apply finds or makes the change's entry and merges the change into it, or leaves everything as it was.
func (d *directory) apply(c *Change, m mode, now time.Time) (*entry, error) {
	e := d.find(c)
	if c.FromClient {
		e = d.findForClient(c)
	}
	if c.ID != "" && e == nil {
		return nil, ErrUnknownProfile
	}
	if m != upsert {
		for _, name := range store.Identifiers {
			if value := c.Attributes[name]; value != nil {
				if owner := d.by[name][key(name, *value)]; owner != nil && (m == create || owner != e) {
					return nil, &DuplicateError{Field: name, ProfileID: owner.after.ID}
				}
			}
		}
	}
	fresh := e == nil
	if fresh {
		e = &entry{fresh: true, after: store.Profile{
			ID: ulid.MustNewDefault(now).String(), Location: emptyObject, Properties: emptyObject, CreatedAt: now, UpdatedAt: now}}
	}
	if (fresh || !c.FromClient) && !d.identifiable(e, c) {
		return nil, &InvalidError{Field: cleared(c), Message: "is the profile's last identifier and cannot be cleared"}
	}
	if err := e.merge(c); err != nil {
		return nil, err
	}
	if fresh {
		d.add(e)
	}
	if !c.mayIdentify(e) {
		return e, nil
	}
	for _, name := range store.Identifiers {
		value, given := c.Attributes[name]
		if !given {
			continue
		}
		current := *e.after.Attribute(name)
		if c.FromClient && current != nil {
			continue
		}
		if value == nil {
			if current != nil {
				d.identify(e, name, nil)
			}
			continue
		}
		switch owner := d.by[name][key(name, *value)]; {
		case owner == nil:
			d.identify(e, name, value)
		case owner == e && m == update && *current != *value: // another spelling of the email
			d.identify(e, name, value)
		}
	}
	return e, nil
}

// identifiable says whether the profile has an identifier after the change.
func (d *directory) identifiable(e *entry, c *Change) bool {
	for _, name := range store.Identifiers {
		value, given := c.Attributes[name]
		switch {
		case !given && *e.after.Attribute(name) != nil:
			return true
		case value != nil && (d.by[name][key(name, *value)] == nil || d.by[name][key(name, *value)] == e):
			return true
		}
	}
	return false
}

// cleared names an identifier that the change clears.
func cleared(c *Change) string {
	for _, name := range store.Identifiers {
		if value, given := c.Attributes[name]; given && value == nil {
			return name
		}
	}
	return store.Identifiers[0]
}

// write stores the entries that differ from the database. Updates come first: a fresh profile may carry an
// identifier that another one has just given up.
func (g *Ingester) write(ctx context.Context, tx *sqlx.Tx, d *directory, now time.Time) error {
	var fresh []store.Profile
	var updates []store.ProfileUpdate
	for _, e := range d.all {
		e.seal()
		switch {
		case e.fresh:
			fresh = append(fresh, e.after)
		case e.changed:
			e.after.UpdatedAt = now
			updates = append(updates, store.ProfileUpdate{Before: e.before, After: e.after})
		}
	}
	if err := g.store.UpdateProfiles(ctx, tx, updates); err != nil {
		return err
	}
	if len(fresh) == 0 {
		return nil
	}
	n, err := g.store.InsertProfiles(ctx, tx, fresh)
	if err == nil && n < len(fresh) {
		err = errRetry
	}
	return err
}
