package ingest

import (
	"slices"

	"github.com/legato-flow/legato/store"
)

// known says whether the profile is a person that somebody can be told apart by, and not just a browser or a device.
func (e *entry) known() bool {
	return e.after.ExternalID != nil || e.after.Email != nil || e.after.PhoneNumber != nil
}

// findForClient is find for a change FromClient: it does not take somebody for the person that a weaker identifier or a
// link leads to if that person has another of the stronger ones, or lacks the email address that the change comes with. What
// such a change says is then of somebody new, as it may neither be lost nor become part of another person.
func (d *directory) findForClient(c *Change) *entry {
	if c.ID != "" {
		return d.byID[c.ID]
	}
	var stronger []string
	linked := d.byID[c.Exchanged]
	for _, name := range store.Identifiers {
		if name == "anonymous_id" && linked != nil && !linked.apart(stronger) { // as for find
			return linked
		}
		value := c.Attributes[name]
		if value == nil {
			continue
		}
		e := d.owner(name, *value)
		if e == nil {
			stronger = append(stronger, name)
			continue
		}
		if e.apart(stronger) {
			return nil
		}
		return e
	}
	return nil
}

// apart says whether the entry is not who a client means that gives these identifiers, which are nobody's.
func (e *entry) apart(identifiers []string) bool {
	return e.known() && slices.ContainsFunc(identifiers, func(name string) bool {
		return name == "email" || *e.after.Attribute(name) != nil
	})
}

// mayIdentify says whether a change may give the profile identifiers. One FromClient, which anybody can send, only makes
// somebody of a browser or a device: who is known keeps the identifiers that there are.
func (c *Change) mayIdentify(e *entry) bool { return !c.FromClient || e.fresh || !e.known() }
