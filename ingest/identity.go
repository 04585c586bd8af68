package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

	aliases map[string]map[string]bool // kind → keys
	adding  []store.Alias
	dropped []store.Alias
	into    *entry // whom it turned out to be, before it was written
}

// root is the entry that this one has become.
func (e *entry) root() *entry {
	for e != nil && e.into != nil {
		e = e.into
	}
	return e
}

// directory finds the entries of a transaction by their identifiers and aliases.
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

// IdentifierKey is what an identifier is compared by: an email in lower case, others as they are.
func IdentifierKey(name, value string) string { return key(name, value) }

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
	for kind, keys := range e.aliases {
		for k := range keys {
			if kind == store.AliasID {
				d.byID[k] = e
			} else {
				d.by[kind][k] = e
			}
		}
	}
}

// owner is whose identifier or alias a value is.
func (d *directory) owner(name, value string) *entry { return d.by[name][key(name, value)] }

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

// find gives the profile that the change is about: the one with its id, else that of the strongest identifier. A
// weaker one leads nowhere if the profile has another value for a stronger one: that is somebody else, with whom
// they share a phone or a browser.
func (d *directory) find(c *Change) *entry {
	if c.FromClient {
		return d.findForClient(c)
	}
	if c.ID != "" {
		return d.byID[c.ID]
	}
	for i, name := range store.Identifiers {
		if name == "anonymous_id" && c.Exchanged != "" { // a link is stronger than a browser
			if e := d.byID[c.Exchanged]; e != nil && !d.another(e, c, store.Identifiers[:i]) {
				return e
			}
		}
		if value := c.Attributes[name]; value != nil {
			if e := d.owner(name, *value); e != nil && !d.another(e, c, store.Identifiers[:i]) {
				return e
			}
		}
	}
	return nil
}

// another says whether the change gives one of the identifiers, and e has a different one.
func (d *directory) another(e *entry, c *Change, names []string) bool {
	for _, name := range names {
		value, own := c.Attributes[name], *e.after.Attribute(name)
		if value != nil && own != nil && key(name, *own) != key(name, *value) && !e.aliases[name][key(name, *value)] {
			return true
		}
	}
	return false
}

// resolve applies the changes in order and writes what comes of them. Every change gets an entry or a refusal;
// a nil change gets neither. The profiles stay locked until the transaction ends. Unless whole, profiles that
// are only named come back without their properties. Profiles that turn out to be one person have to be merged first:
// that is a *linkedError.
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
		e, err := newEntry(p)
		if err != nil {
			return nil, nil, err
		}
		d.add(e)
	}
	entries, refusals := make([]*entry, len(changes)), make([]error, len(changes))
	var linked linkedError
	for i, c := range changes {
		if c == nil {
			continue
		}
		if links := d.link(c, m); links != nil {
			linked.links = append(linked.links, links...)
			continue
		}
		entries[i], refusals[i] = d.apply(c, m, now)
	}
	if len(linked.links) > 0 {
		return nil, nil, &linked
	}
	for i := range entries {
		entries[i] = entries[i].root()
	}
	return entries, refusals, g.write(ctx, tx, d, now)
}

func newEntry(p store.Profile) (*entry, error) {
	e := &entry{before: p, after: p, aliases: map[string]map[string]bool{}}
	aliases, err := p.ReadAliases()
	for _, a := range aliases {
		e.know(a.Kind, a.Key)
	}
	return e, err
}

// know notes an alias that the entry has.
func (e *entry) know(kind, key string) {
	if e.aliases == nil {
		e.aliases = map[string]map[string]bool{}
	}
	if e.aliases[kind] == nil {
		e.aliases[kind] = map[string]bool{}
	}
	e.aliases[kind][key] = true
}

// collect adds what the change is found by, and says whether it needs the profile whole.
func collect(keys *store.Keys, c *Change) (whole bool) {
	if c.ID != "" {
		keys.IDs = append(keys.IDs, c.ID)
	}
	if c.Exchanged != "" {
		keys.IDs = append(keys.IDs, c.Exchanged)
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
	for _, email := range slices.Concat(c.AppendEmails, c.UnappendEmails) {
		keys.Emails = append(keys.Emails, key("email", email))
	}
	return !c.bare()
}

// apply finds or makes the change's entry and merges the change into it, or leaves everything as it was.
func (d *directory) apply(c *Change, m mode, now time.Time) (*entry, error) {
	e := d.find(c)
	if e == nil && (c.ID != "" || !c.lasting()) || m == update && e.after.ID != c.ID { // a merged profile is no longer there
		return nil, ErrUnknownProfile
	}
	if m != upsert {
		for _, name := range store.Identifiers {
			if value := c.Attributes[name]; value != nil {
				if owner := d.owner(name, *value); owner != nil && (m == create || owner != e) {
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
	if err := d.appendable(e, c); err != nil {
		return nil, err
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
		switch owner := d.owner(name, *value); {
		case owner == nil && current != nil && m == upsert && name == "anonymous_id":
			d.alias(e, name, *value, now) // another of their devices
		case owner == nil:
			d.identify(e, name, value)
		case owner == e && m == update && e.aliases[name][key(name, *value)]:
			d.promote(e, name, *value, now)
		case owner == e && m == update && *current != *value: // another spelling of the email
			d.identify(e, name, value)
		}
	}
	d.patchEmails(e, c, now)
	return e, nil
}

// identifiable says whether the profile has an identifier after the change.
func (d *directory) identifiable(e *entry, c *Change) bool {
	for _, name := range store.Identifiers {
		value, given := c.Attributes[name]
		switch {
		case !given && *e.after.Attribute(name) != nil:
			return true
		case value != nil && (d.owner(name, *value) == nil || d.owner(name, *value) == e):
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

// write stores the entries that differ from the database. Aliases that are dropped come first, then updates, then fresh
// profiles: a profile may carry an identifier that another one has just given up.
func (g *Ingester) write(ctx context.Context, tx *sqlx.Tx, d *directory, now time.Time) error {
	var fresh []store.Profile
	var updates []store.ProfileUpdate
	var adding, dropped []store.Alias
	for _, e := range d.all {
		if e.into != nil {
			continue
		}
		e.seal()
		switch {
		case e.fresh:
			fresh = append(fresh, e.after)
		case e.changed:
			e.after.UpdatedAt = now
			updates = append(updates, store.ProfileUpdate{Before: e.before, After: e.after})
		}
		for _, a := range e.adding {
			a.ProfileID, a.CreatedAt = e.after.ID, now
			adding = append(adding, a)
		}
		dropped = append(dropped, e.dropped...)
	}
	if len(dropped) > 0 {
		if err := g.store.RemoveAliases(ctx, tx, dropped); err != nil {
			return err
		}
	}
	if err := g.store.UpdateProfiles(ctx, tx, updates); err != nil {
		return err
	}
	if len(fresh) > 0 {
		n, err := g.store.InsertProfiles(ctx, tx, fresh)
		if err == nil && n < len(fresh) {
			err = errRetry
		}
		if err != nil {
			return err
		}
	}
	return g.addAliases(ctx, tx, adding)
}

func (g *Ingester) addAliases(ctx context.Context, tx *sqlx.Tx, aliases []store.Alias) error {
	if len(aliases) == 0 {
		return nil
	}
	n, err := g.store.AddAliases(ctx, tx, aliases, maxDevices)
	if err == nil && n < len(aliases) {
		err = errRetry
	}
	if err != nil {
		return fmt.Errorf("aliases: %w", err)
	}
	return nil
}
