package plan

import "time"

// Step kinds.
const (
	KindWait          = "wait"
	KindWaitFor       = "wait_for"
	KindIf            = "if"
	KindSwitch        = "switch"
	KindSplit         = "split"
	KindExperiment    = "experiment"
	KindEmail         = "email"
	KindSMS           = "sms"
	KindPush          = "push"
	KindWebhook       = "webhook"
	KindAlert         = "alert"
	KindUpdateProfile = "update_profile"
	KindList          = "list"
	KindTrack         = "track"
	KindExit          = "exit"
)

// Statuses of steps and flows. An empty status of a step means live.
const (
	Draft  = "draft"
	Manual = "manual"
	Live   = "live"
)

// Step is one step. The field named like its kind is set (none for a kind without settings).
type Step struct {
	ID            string         `json:"id"`
	Name          string         `json:"name,omitempty"`
	Kind          string         `json:"kind"`
	Status        string         `json:"status,omitempty"`      // "" (live) | draft | manual
	Filter        string         `json:"filter,omitempty"`      // step filter, an expression
	Cap           string         `json:"cap,omitempty"`         // of a message, instead of the flow's: skip | defer | off
	QuietHours    string         `json:"quiet_hours,omitempty"` // likewise
	OnFailure     string         `json:"on_failure,omitempty"`  // "" (go on) | exit: what a run does when the step failed for good
	Next          string         `json:"next,omitempty"`        // "" ends the run; of a step with branches or an exit: where a run goes on that passes over it
	Wait          *Wait          `json:"wait,omitempty"`
	WaitFor       *WaitFor       `json:"wait_for,omitempty"`
	If            *If            `json:"if,omitempty"`
	Switch        *If            `json:"switch,omitempty"`
	Split         *Split         `json:"split,omitempty"`
	Experiment    *Experiment    `json:"experiment,omitempty"`
	Email         *Email         `json:"email,omitempty"`
	SMS           *SMS           `json:"sms,omitempty"`
	Push          *Push          `json:"push,omitempty"`
	Webhook       *Webhook       `json:"webhook,omitempty"`
	Alert         *Alert         `json:"alert,omitempty"`
	UpdateProfile *UpdateProfile `json:"update_profile,omitempty"`
	List          *ListChange    `json:"list,omitempty"`
	Track         *Track         `json:"track,omitempty"`
	Exit          *Exit          `json:"exit,omitempty"`
}

// OnFailure values.
const FailureExits = "exit"

// Wait holds the run for a duration, then until a clock time and a weekday if they are given.
//
// Without At, Days are 24 hours each. With At, Days are calendar days in the zone, and the wait ends at that
// wall clock time; with no Days it ends at the next such time. A wall clock time that does not exist (spring)
// moves forward to the first valid instant; a doubled one (autumn) is the first of the two.
//
// With Date the wait ends at the run's date (of a date trigger) moved by that much, at the time At, and none of
// Duration and Days is set.
type Wait struct {
	Duration time.Duration `json:"duration,omitempty"` // hours and smaller, nanoseconds
	Days     int           `json:"days,omitempty"`
	Date     *Offset       `json:"date,omitempty"`
	At       string        `json:"at,omitempty"`       // "15:04"
	Weekdays []string      `json:"weekdays,omitempty"` // "monday" …; empty is every day
	Timezone string        `json:"timezone,omitempty"` // "person" or an IANA name; with At, Weekdays or Date
}

// Offset moves a calendar date: negative is before it.
type Offset struct {
	Days   int `json:"days,omitempty"`
	Months int `json:"months,omitempty"`
}

// WaitFor holds the run until one of the watched things happens, or gives up after the timeout.
type WaitFor struct {
	For     []Watch       `json:"for"`
	Timeout time.Duration `json:"timeout"`        // nanoseconds; a day is 24 hours
	Then    string        `json:"then,omitempty"` // a step id, when it happened; "" ends the run
	Else    string        `json:"else,omitempty"` // when it did not
}

// If takes the first branch whose expression is true, else Else. A switch is the same with names.
type If struct {
	Branches []Branch `json:"branches"`
	Else     string   `json:"else,omitempty"` // a step id; "" ends the run
	ElseName string   `json:"else_name,omitempty"`
}

// Branch is one path of an If or Switch.
type Branch struct {
	Name string `json:"name,omitempty"` // what people see of it
	When string `json:"when,omitempty"` // an expression; "" is a path that nobody takes
	Next string `json:"next,omitempty"` // a step id; "" ends the run
}

// Split takes a branch at random, the same one whenever it is asked for the same run.
type Split struct {
	Branches []Weighted `json:"branches"`
}

// Weighted is a branch of a Split. The weights of a split add up to 100.
type Weighted struct {
	Name   string  `json:"name,omitempty"`
	Weight float64 `json:"weight"`         // percent
	Next   string  `json:"next,omitempty"` // a step id; "" ends the run
}

// Experiment sends one of several variants of a message and learns which does best.
type Experiment struct {
	Variants  []Variant `json:"variants"`
	Winner    string    `json:"winner"`              // opens | clicks | conversions
	Metric    string    `json:"metric,omitempty"`    // with winner conversions
	EndsAt    string    `json:"ends_at,omitempty"`   // RFC 3339; "" has no end
	Certainty bool      `json:"certainty,omitempty"` // ends when the difference is statistically certain
}

// Variant is a variant of an experiment's message. The weights add up to 100.
type Variant struct {
	ID     string  `json:"id"`
	Weight float64 `json:"weight"` // percent
	Email  *Email  `json:"email,omitempty"`
	SMS    *SMS    `json:"sms,omitempty"`
	Push   *Push   `json:"push,omitempty"`
}

// Email sends the template's current content. What is set here wins over the template's own.
type Email struct {
	Template      string      `json:"template,omitempty"`
	From          string      `json:"from,omitempty"`
	FromName      string      `json:"from_name,omitempty"`
	ReplyTo       string      `json:"reply_to,omitempty"`
	CC            string      `json:"cc,omitempty"`
	BCC           string      `json:"bcc,omitempty"`
	Subject       string      `json:"subject,omitempty"` // Liquid
	Preview       string      `json:"preview,omitempty"` // Liquid
	Transactional bool        `json:"transactional,omitempty"`
	Tracking      bool        `json:"tracking,omitempty"`   // adds tracking parameters to links, as the account may do for all messages
	Parameters    []Parameter `json:"parameters,omitempty"` // besides those of the account, where any are added
}

// Parameter is a tracking parameter of a message's links.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SMS sends a text message.
type SMS struct {
	Body          string          `json:"body"` // Liquid
	Image         string          `json:"image,omitempty"`
	Transactional bool            `json:"transactional,omitempty"`
	Options       map[string]bool `json:"options,omitempty"` // shorten_links, include_contact_card, add_org_prefix, add_info_link, add_opt_out_language
	Tracking      bool            `json:"tracking,omitempty"`
	Parameters    []Parameter     `json:"parameters,omitempty"`
}

// Push sends a mobile push notification.
type Push struct {
	Title   string            `json:"title,omitempty"` // Liquid
	Body    string            `json:"body"`            // Liquid
	Sound   bool              `json:"sound,omitempty"`
	Badge   string            `json:"badge,omitempty"` // "" | increment | a number | person.x
	Image   string            `json:"image,omitempty"`
	Open    string            `json:"open,omitempty"` // home | link | open_url
	IOS     string            `json:"ios,omitempty"`
	Android string            `json:"android,omitempty"`
	Web     string            `json:"web,omitempty"`
	Silent  bool              `json:"silent,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
}

// Webhook posts a JSON body to a URL, signed, and keeps the response for later steps.
type Webhook struct {
	URL     string            `json:"url"` // https, or http to a loopback host in development
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"` // Liquid that makes JSON; "" sends run, person and event
}

// Alert sends an email to people of the shop, whatever the profile's consent.
type Alert struct {
	To       []string `json:"to"`
	Template string   `json:"template,omitempty"`
	From     string   `json:"from,omitempty"`
	FromName string   `json:"from_name,omitempty"`
	Subject  string   `json:"subject,omitempty"` // Liquid; instead of the template's
	Body     string   `json:"body,omitempty"`    // Liquid plain text, where there is no template
}

// UpdateProfile changes custom properties of the profile, in the order set, increment, append, remove, unset.
type UpdateProfile struct {
	Set       []Assignment `json:"set,omitempty"`
	Increment []Assignment `json:"increment,omitempty"` // numbers; a missing property counts as 0
	Append    []Assignment `json:"append,omitempty"`    // to a list, unless it is in it
	Remove    []Assignment `json:"remove,omitempty"`    // from a list
	Unset     []string     `json:"unset,omitempty"`
}

// Assignment gives a property a value: a literal, or an expression's result.
type Assignment struct {
	Property   string `json:"property"`
	Value      any    `json:"value,omitempty"`      // string, float64, bool or []any of them
	Expression string `json:"expression,omitempty"` // instead of Value
	Create     bool   `json:"create,omitempty"`     // only where the profile has no such property yet
	Date       bool   `json:"date,omitempty"`       // Value is a calendar date, YYYY-MM-DD
}

// ListChange adds the profile to a list, named by id or name, or removes it.
type ListChange struct {
	List   string `json:"list"`
	Remove bool   `json:"remove,omitempty"`
}

// Track records an event of the profile.
type Track struct {
	Metric     string       `json:"metric"`
	Properties []Assignment `json:"properties,omitempty"`
	Value      string       `json:"value,omitempty"` // an expression that gives a number
}

// Exit ends the run.
type Exit struct {
	Reason string `json:"reason,omitempty"`
}
