package ingest

import "github.com/legato-flow/legato/store"

// known says whether the profile is a person that somebody can be told apart by, and not just a browser or a device.
func (e *entry) known() bool {
	return e.after.ExternalID != nil || e.after.Email != nil || e.after.PhoneNumber != nil
}

// findForClient is find for a change FromClient: it does not take somebody for the person that a weaker identifier leads
// to if that person has another of the stronger ones, or lacks the email address that the change comes with. What such a
// change says is then of somebody new, as it may neither be lost nor become part of another person.
func (d *directory) findForClient(c *Change) *entry {
	if c.ID != "" {
		return d.byID[c.ID]
	}
	var stronger []string
	for _, name := range store.Identifiers {
		value := c.Attributes[name]
		if value == nil {
			continue
		}
		e := d.owner(name, *value)
		if e == nil {
			stronger = append(stronger, name)
			continue
		}
		for _, s := range stronger {
			if e.known() && (s == "email" || *e.after.Attribute(s) != nil) {
				return nil
			}
		}
		return e
	}
	return nil
}

// mayIdentify says whether a change may give the profile identifiers. One FromClient, which anybody can send, only makes
// somebody of a browser or a device: who is known keeps the identifiers that there are.
func (c *Change) mayIdentify(e *entry) bool { return !c.FromClient || e.fresh || !e.known() }
