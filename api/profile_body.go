package api

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/channel/consent"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// profileForm says what a body that writes one profile may hold.
type profileForm struct {
	id   bool   // data.id
	meta bool   // data.meta
	path string // the id in the path, which data.id has to repeat
	null int    // what null says about an identifier
}

// maxProfileBody is the limit of a body that writes one profile.
const maxProfileBody = ingest.MaxProfileSize

// profileBody reads such a request.
func (a *api) profileBody(w http.ResponseWriter, r *http.Request, form profileForm) (q *query, c *ingest.Change, err error) {
	if q, err = a.people.parameters(false).parse(r); err != nil {
		return nil, nil, err
	}
	body, err := readBody(w, r, maxProfileBody)
	if err != nil {
		return nil, nil, err
	}
	raw, err := parseJSON(body)
	if err != nil {
		return nil, nil, err
	}
	in := a.reader()
	c = decodeProfile(in, raw, form)
	return q, c, in.err()
}

// reader makes what goes through a body that may name people by links of this server.
func (a *api) reader() *reader {
	return &reader{exchange: func(text string) (string, bool) { return consent.ReadExchange(a.secret, text) }}
}

func decodeProfile(in *reader, raw jsontext.Value, form profileForm) *ingest.Change {
	c := &ingest.Change{}
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return c
	}
	data.kind("profile")
	if form.path != "" {
		if id := data.required("id", parseID); id != "" && id != form.path {
			in.report(data.at("id"), "id must be the one in the path, %s.", shorten(form.path))
		}
	} else if form.id {
		c.ID = data.id()
	}
	attributes, _ := data.object("attributes", true)
	attributes.profile(c, form.null)
	attributes.done()
	if form.meta {
		if meta, ok := data.object("meta", false); ok {
			meta.patches(c)
		}
	}
	data.done()
	if form.path == "" && len(in.problems) == 0 && !c.Identified() {
		in.report(attributes.pointer, "The profile needs one of the identifiers id, email, phone_number, external_id or anonymous_id.")
	}
	return c
}

func parseID(s string) (string, error) { return ingest.ParseKey(s, 64) }

// id takes an optional id.
func (o *object) id() string {
	if id := o.checked("id", parseID); id != nil {
		return *id
	}
	return ""
}

// What null says about an identifier.
const (
	nullClears = iota
	nullSaysNothing
)

// profile takes the attributes of a profile into the change.
func (o *object) profile(c *ingest.Change, nullIdentifier int) {
	c.Attributes = map[string]*string{}
	for _, name := range append(slices.Clone(store.Identifiers), store.Attributes...) {
		value, given := o.text(name)
		identifier := slices.Contains(store.Identifiers, name)
		if !given || value == nil && identifier && nullIdentifier == nullSaysNothing {
			continue
		}
		if value != nil {
			good, err := ingest.ParseAttribute(name, *value)
			if err != nil {
				o.r.report(o.at(name), "%s %s.", name, err)
				continue
			}
			value = &good
		}
		c.Attributes[name] = value
	}
	if exchange, _ := o.text("_kx"); exchange != nil && o.r.exchange != nil {
		c.Exchanged, _ = o.r.exchange(*exchange) // what is not of this server names nobody, as in the public API
	}
	if raw, given := o.members["location"]; given && raw.Kind() == 'n' {
		c.ClearLocation = true
	}
	if location, ok := o.object("location", false); ok {
		c.Location = map[string]json.RawMessage{}
		for _, name := range store.LocationFields {
			location.place(c, name, name)
		}
		location.done()
	}
	if properties, ok := o.properties("properties", false); ok {
		properties.special(c, nullIdentifier)
		c.Properties = properties.raws()
	}
}

// place takes a member that means a field of the location. What has been said of the field before stays.
func (o *object) place(c *ingest.Change, member, field string) {
	raw, given := o.take(member)
	if !given {
		return
	}
	switch number := field == "latitude" || field == "longitude"; {
	case raw.Kind() == 'n':
	case raw.Kind() == '"':
		if _, err := ingest.ParseText(unquote(raw), ingest.MaxTextLength); err != nil {
			o.r.report(o.at(member), "%s %s.", member, err)
			return
		}
	case raw.Kind() == '0' && number:
		if !representable(raw) {
			o.r.report(o.at(member), "%s is out of range.", member)
			return
		}
	case number:
		o.r.report(o.at(member), "%s must be a string or a number, not %s.", member, kindName(raw))
		return
	default:
		o.r.report(o.at(member), "%s must be a string, not %s.", member, kindName(raw))
		return
	}
	if c.Location == nil {
		c.Location = map[string]json.RawMessage{}
	}
	if _, said := c.Location[field]; !said {
		c.Location[field] = json.RawMessage(raw)
	}
}

// specialNames are properties that mean an attribute.
var specialNames = map[string]string{
	"$email": "email", "$phone_number": "phone_number", "$id": "external_id", "$anonymous": "anonymous_id",
	"$first_name": "first_name", "$last_name": "last_name", "$organization": "organization", "$locale": "locale",
	"$title": "title", "$image": "image",
	"$address1": "address1", "$address2": "address2", "$city": "city", "$country": "country", "$region": "region",
	"$zip": "zip", "$latitude": "latitude", "$longitude": "longitude", "$timezone": "timezone",
}

// special takes the properties that mean an attribute out, and sets those that the attributes do not say
// themselves. Other names with a dollar sign stay properties.
func (o *object) special(c *ingest.Change, nullIdentifier int) {
	if _, given := o.members["$exchange_id"]; given {
		if exchange, _ := o.text("$exchange_id"); exchange != nil && c.Exchanged == "" && o.r.exchange != nil {
			c.Exchanged, _ = o.r.exchange(*exchange)
		}
	}
	for _, special := range slices.Sorted(maps.Keys(specialNames)) {
		name := specialNames[special]
		if _, given := o.members[special]; !given {
			continue
		}
		if slices.Contains(store.LocationFields, name) {
			o.place(c, special, name)
			continue
		}
		value, given := o.text(special)
		if _, said := c.Attributes[name]; !given || said || value == nil && slices.Contains(store.Identifiers, name) && nullIdentifier == nullSaysNothing {
			continue
		}
		if value != nil {
			good, err := ingest.ParseAttribute(name, *value)
			if err != nil {
				o.r.report(o.at(special), "%s %s.", special, err)
				continue
			}
			value = &good
		}
		c.Attributes[name] = value
	}
}

// patches takes the operations of a profile's meta.
func (o *object) patches(c *ingest.Change) {
	if patch, ok := o.object("patch_identifiers", false); ok {
		c.AppendEmails, c.UnappendEmails = patch.emails("append"), patch.emails("unappend")
		patch.done()
	}
	if patch, ok := o.object("patch_properties", false); ok {
		c.Append, c.Unappend = patch.values("append"), patch.values("unappend")
		if raw, given := patch.take("unset"); given && raw.Kind() != 'n' {
			c.Unset = patch.r.names(patch.at("unset"), raw)
		}
		patch.done()
	}
	o.done()
}

// emails takes a member that holds an address, or several, under email: the only identifier that a profile can have
// several of.
func (o *object) emails(name string) (all []string) {
	inner, ok := o.object(name, false)
	if !ok {
		return nil
	}
	if raw, given := inner.take("email"); given && raw.Kind() != 'n' {
		for i, email := range o.r.names(inner.at("email"), raw) {
			good, err := ingest.ParseEmail(email)
			if err != nil {
				o.r.report(element(inner.at("email"), raw, i), "email %s.", err)
				continue
			}
			all = append(all, good)
		}
	}
	inner.done()
	return all
}

// values takes a member that maps properties to a simple value or several.
func (o *object) values(name string) map[string][]json.RawMessage {
	inner, ok := o.properties(name, false)
	if !ok {
		return nil
	}
	all := map[string][]json.RawMessage{}
	for _, property := range slices.Sorted(maps.Keys(inner.members)) {
		all[property] = o.r.simple(inner.at(property), inner.members[property])
	}
	return all
}

// element is the pointer of a value at pointer, or, if that is an array, of one of its elements.
func element(pointer string, raw jsontext.Value, i int) string {
	if raw.Kind() == '[' {
		return pointer + "/" + itoa(i)
	}
	return pointer
}

// names reads a string, or an array of strings.
func (r *reader) names(pointer string, raw jsontext.Value) (all []string) {
	values := []jsontext.Value{raw}
	if raw.Kind() == '[' {
		values = r.items(pointer, raw)
	}
	for i, v := range values {
		if v.Kind() != '"' {
			r.report(element(pointer, raw, i), "Expected a string or an array of strings, found %s.", kindName(v))
			return nil
		}
		all = append(all, unquote(v))
	}
	return all
}

// refusedSubject is refused for a profile that something else is about, which has its operations among its attributes.
func refusedSubject(data string, err error) error { return refused(data, data+"/attributes/meta", err) }

// refused puts what ingest found wrong with a profile at its place in the body: the resource object is at data, the
// operations on identifiers and properties at meta.
func refused(data, meta string, err error) error {
	var taken *ingest.DuplicateError
	var wrong *ingest.InvalidError
	switch {
	case errors.As(err, &taken):
		return duplicate(taken.Pointer(data, meta), taken)
	case errors.As(err, &wrong):
		return invalid(wrong.Pointer(data, meta), "%s %s.", wrong.Field, wrong.Message)
	case errors.Is(err, ingest.ErrUnknownProfile):
		p := newProblem(http.StatusNotFound, "A profile with this id does not exist.")
		p.Source = &source{Pointer: data + "/id"}
		return p
	default:
		return err
	}
}
