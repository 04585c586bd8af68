package ingest

import (
	"fmt"
	"slices"
	"time"

	"github.com/legato-flow/legato/store"
)

// Bounds of what one profile is found by.
const (
	maxEmails  = 20  // besides its own
	maxDevices = 100 // anonymous ids besides its own; of more, the oldest are forgotten
)

// alias makes a value another one that e is found by.
func (d *directory) alias(e *entry, kind, value string, now time.Time) {
	k := key(kind, value)
	e.know(kind, k)
	e.adding = append(e.adding, store.Alias{Kind: kind, Key: k, Value: value, CreatedAt: now})
	if kind == store.AliasID {
		d.byID[k] = e
	} else {
		d.by[kind][k] = e
	}
}

// unalias takes an alias away from e.
func (d *directory) unalias(e *entry, kind, key string) {
	delete(e.aliases[kind], key)
	delete(d.by[kind], key)
	before := len(e.adding)
	e.adding = slices.DeleteFunc(e.adding, func(a store.Alias) bool { return a.Kind == kind && a.Key == key })
	if len(e.adding) == before {
		e.dropped = append(e.dropped, store.Alias{Kind: kind, Key: key, ProfileID: e.after.ID})
	}
}

// promote makes an alias of e its identifier. What it had instead becomes an alias.
func (d *directory) promote(e *entry, name, value string, now time.Time) {
	current := *e.after.Attribute(name)
	d.unalias(e, name, key(name, value))
	d.identify(e, name, &value)
	if current != nil {
		d.alias(e, name, *current, now)
	}
}

// appendable says whether e may have the further addresses that the change adds.
func (d *directory) appendable(e *entry, c *Change) error {
	if len(c.AppendEmails) == 0 || c.FromClient {
		return nil
	}
	addresses := map[string]bool{}
	for k := range e.aliases["email"] {
		addresses[k] = true
	}
	for _, email := range c.UnappendEmails {
		delete(addresses, key("email", email))
	}
	for _, email := range c.AppendEmails {
		if owner := d.owner("email", email); owner != nil && owner != e {
			return &DuplicateError{Field: "email", Added: true, ProfileID: owner.after.ID}
		}
		addresses[key("email", email)] = true
	}
	if len(addresses) > maxEmails+1 {
		return &InvalidError{Field: "email", Added: true, Message: fmt.Sprintf("may be at most %d further addresses of a profile, not %d", maxEmails, len(addresses))}
	}
	return nil
}

// patchEmails adds and removes further addresses, unless anybody could say so. The first address of a profile that has
// none becomes its own.
func (d *directory) patchEmails(e *entry, c *Change, now time.Time) {
	if c.FromClient {
		return
	}
	for _, email := range c.UnappendEmails {
		if k := key("email", email); e.aliases["email"][k] {
			d.unalias(e, "email", k)
		}
	}
	for _, email := range c.AppendEmails {
		switch {
		case d.owner("email", email) != nil:
		case e.after.Email == nil:
			d.identify(e, "email", &email)
		default:
			d.alias(e, "email", email, now)
		}
	}
}
