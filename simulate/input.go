package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// Limits on what one simulation of a person is given.
const (
	maxHappenings = 500
	maxLists      = 50
	maxCatalog    = 200
	maxText       = 10_000 // characters
)

// Person is somebody to simulate.
type Person struct {
	Attributes map[string]string // identifiers and attributes by name, as ingest takes them
	Location   map[string]any
	Properties map[string]any
	Lists      []string // lists of which they are a member, by name
	Suppressed []string // channels on which they may not be reached
	History    []Happening
}

// Happening is something that happens to a person at a time: exactly one of the fields below At.
type Happening struct {
	At       time.Time
	Event    *Event
	Join     string  // becomes a member of the list of this name
	Leave    string  // is a member no longer
	Update   *Person // attributes, location and properties that change
	Suppress string  // may not be reached on the channel from now on

	place flow.Value
}

// Event is something that the person does.
type Event struct {
	Metric     string
	Properties map[string]any
	Value      string // a number, or nothing
	Currency   string
	UniqueID   string
}

// profileFields are the keys of what a profile says about itself.
func profileFields() []flow.Field {
	var fields []flow.Field
	for _, name := range slices.Concat(store.Identifiers, store.Attributes, []string{"location", "properties"}) {
		fields = append(fields, flow.Field{Name: name})
	}
	return fields
}

// ReadPerson reads a person. start is the time that times in their history count from; it is not after start.
func ReadPerson(v flow.Value, start time.Time) *Person {
	found := v.Fields("a person", append(profileFields(),
		flow.Field{Name: "lists"}, flow.Field{Name: "suppressed"}, flow.Field{Name: "events"})...)
	p := readProfile(found)
	if lists := found["lists"]; lists.Given() {
		for _, list := range lists.Items("lists", maxLists) {
			p.Lists = append(p.Lists, list.Text("a list's name", ingest.MaxListNameLength))
		}
	}
	if channels := found["suppressed"]; channels.Given() {
		for _, channel := range channels.Items("suppressed", 3) {
			p.Suppressed = append(p.Suppressed, channel.Choice("a channel", "email", "sms", "push"))
		}
	}
	if events := found["events"]; events.Given() {
		p.History = ReadHistory(events, start)
	}
	return p
}

// ReadHistory reads what happened until start, in the order of time.
func ReadHistory(v flow.Value, start time.Time) []Happening {
	history := readHappenings(v, "the history", start)
	for _, h := range history {
		if h.At.After(start) {
			h.place.Fail("write for example at: -3d", "this is history, and yet it happens later than the beginning")
		}
	}
	return history
}

func readProfile(found map[string]flow.Value) *Person {
	p := &Person{Attributes: map[string]string{}}
	for _, name := range slices.Concat(store.Identifiers, store.Attributes) {
		v, ok := found[name]
		if !ok {
			continue
		}
		s := v.Text(name, ingest.MaxTextLength)
		if s == "" {
			continue
		}
		s, err := ingest.ParseAttribute(name, s)
		if err != nil {
			v.Fail("", "%s %v", name, err)
			continue
		}
		p.Attributes[name] = s
	}
	if location := found["location"]; location.Given() {
		for _, e := range location.Entries("location", len(store.LocationFields)) {
			if !slices.Contains(store.LocationFields, e.Name) {
				e.Key.Fail("possible: "+strings.Join(store.LocationFields, ", "), "unknown key %q in location", e.Name)
			}
		}
		p.Location = object(location)
	}
	if properties := found["properties"]; properties.Given() {
		properties.Entries("properties", ingest.MaxProperties)
		p.Properties = object(properties)
	}
	return p
}

func object(v flow.Value) map[string]any {
	values, _ := v.Data().(map[string]any)
	return values
}

// readHappenings reads a list of what happens, in the order of time.
func readHappenings(v flow.Value, what string, start time.Time) []Happening {
	var all []Happening
	for _, item := range v.Items(what, maxHappenings) {
		all = append(all, ReadHappening(item, start))
	}
	slices.SortStableFunc(all, func(a, b Happening) int { return a.At.Compare(b.At) })
	return all
}

// ReadHappening reads an event, or join, leave, update or suppress. start is when it happens unless it says at.
func ReadHappening(v flow.Value, start time.Time) Happening {
	h := Happening{At: start, place: v}
	found := v.Fields("what happens", flow.Field{Name: "at"}, flow.Field{Name: "metric"}, flow.Field{Name: "properties"},
		flow.Field{Name: "value"}, flow.Field{Name: "currency"}, flow.Field{Name: "unique_id"},
		flow.Field{Name: "join"}, flow.Field{Name: "leave"}, flow.Field{Name: "update"}, flow.Field{Name: "suppress"})
	if at := found["at"]; at.Given() {
		h.At = at.Moment("at", start)
	}
	kinds := 0
	for _, kind := range []string{"metric", "join", "leave", "update", "suppress"} {
		if found[kind].Given() {
			kinds++
		}
	}
	if kinds != 1 && len(found) > 0 {
		v.Fail("for example {metric: Placed Order, at: 30m} or {join: Newsletter}",
			"this must say exactly one of metric, join, leave, update and suppress")
		return h
	}
	if metric := found["metric"]; metric.Given() {
		h.Event = readEvent(found)
	} else {
		for _, name := range []string{"properties", "value", "currency", "unique_id"} {
			if extra := found[name]; extra.Given() {
				extra.Fail("", "%s belongs to an event, and this has no metric", name)
			}
		}
	}
	if list := found["join"]; list.Given() {
		h.Join = list.Text("a list's name", ingest.MaxListNameLength)
	}
	if list := found["leave"]; list.Given() {
		h.Leave = list.Text("a list's name", ingest.MaxListNameLength)
	}
	if update := found["update"]; update.Given() {
		h.Update = readProfile(update.Fields("update", profileFields()...))
	}
	if channel := found["suppress"]; channel.Given() {
		h.Suppress = channel.Choice("suppress", "email", "sms", "push")
	}
	return h
}

func readEvent(found map[string]flow.Value) *Event {
	e := &Event{Metric: found["metric"].Text("metric", ingest.MaxMetricLength)}
	if properties := found["properties"]; properties.Given() {
		properties.Entries("properties", ingest.MaxProperties)
		e.Properties = object(properties)
	}
	if value := found["value"]; value.Given() {
		e.Value = value.Number("value")
	}
	if currency := found["currency"]; currency.Given() {
		code, err := ingest.ParseCurrency(currency.Text("currency", 10))
		if err != nil {
			currency.Fail("", "currency %v", err)
		}
		e.Currency = code
	}
	if id := found["unique_id"]; id.Given() {
		e.UniqueID = id.Text("unique_id", ingest.MaxKeyLength)
	}
	return e
}
