package export

import (
	"fmt"
	"strconv"
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

// step writes a step with what is in its branches.
func (e *exporter) step(s *plan.Step) (object, error) {
	value, err := settings(s)
	if err != nil {
		return nil, err
	}
	o := object{{s.Kind, value}}
	o.add("id", s.ID)
	o.add("name", optional(s.Name))
	status := s.Status
	if e.manual && status == "" && s.Channel() != "" {
		status = plan.Live // else it would be as the flow is
	}
	o.add("status", optional(status))
	o.add("filter", optional(s.Filter))
	o.add("on_failure", optional(s.OnFailure))
	o.add("cap", optional(s.Cap))
	o.add("quiet_hours", optional(s.QuietHours))
	switch {
	case s.If != nil:
		err = e.conditions(&o, s)
	case s.Switch != nil:
		err = e.cases(&o, s)
	case s.Split != nil:
		err = e.shares(&o, s)
	case s.WaitFor != nil:
		err = e.ways(&o, s)
	}
	return o, err
}

// settings is what stands behind the kind of a step.
func settings(s *plan.Step) (any, error) {
	switch {
	case s.Wait != nil:
		return wait(s.Wait)
	case s.WaitFor != nil:
		return waitFor(s.WaitFor)
	case s.If != nil, s.Switch != nil, s.Split != nil:
		return nil, nil // filled together with the branches
	case s.Experiment != nil:
		return experiment(s.Experiment), nil
	case s.Email != nil:
		return email(s.Email), nil
	case s.SMS != nil:
		return sms(s.SMS), nil
	case s.Push != nil:
		return push(s.Push), nil
	case s.Webhook != nil:
		return webhook(s.Webhook), nil
	case s.Alert != nil:
		return alert(s.Alert), nil
	case s.UpdateProfile != nil:
		return updateProfile(s.UpdateProfile)
	case s.List != nil:
		if s.List.Remove {
			return object{{"remove", s.List.List}}, nil
		}
		return object{{"add", s.List.List}}, nil
	case s.Track != nil:
		return track(s.Track)
	case s.Exit != nil:
		return optional(s.Exit.Reason), nil
	}
	return nil, fmt.Errorf("a step of kind %q has no settings", s.Kind)
}

func wait(w *plan.Wait) (any, error) {
	var o object
	switch {
	case w.Date != nil:
		o.add("until", "date")
		if err := o.offset(w.Date.Days, w.Date.Months); err != nil {
			return nil, err
		}
		o.add("at", optional(w.At))
	case w.Days != 0 || w.Duration != 0:
		long, err := span(w.Days, w.Duration)
		if err != nil {
			return nil, err
		}
		if w.At == "" && len(w.Weekdays) == 0 {
			return long, nil
		}
		o.add("for", long)
	}
	if w.Date == nil {
		o.add("until", optional(w.At))
	}
	o.add("on", texts(w.Weekdays))
	if w.Date != nil || w.Timezone != plan.PersonZone {
		o.add("timezone", optional(w.Timezone))
	}
	return o, nil
}

func waitFor(w *plan.WaitFor) (any, error) {
	var o object
	if len(w.For) == 1 {
		o = watch(w.For[0])
	} else {
		o.add("any", watches(w.For))
	}
	return o, o.length("timeout", w.Timeout)
}

func webhook(w *plan.Webhook) any {
	o := object{{"url", w.URL}}
	o.add("headers", words(w.Headers))
	o.add("body", optional(w.Body))
	return alone(o, "url")
}

func alert(a *plan.Alert) any {
	o := object{}
	if len(a.To) == 1 {
		o.add("to", a.To[0])
	} else {
		o.add("to", texts(a.To))
	}
	o.add("template", optional(a.Template))
	o.add("subject", optional(a.Subject))
	o.add("body", optional(a.Body))
	o.add("from", optional(a.From))
	o.add("from_name", optional(a.FromName))
	return o
}

func track(t *plan.Track) (any, error) {
	o := object{{"metric", t.Metric}}
	properties, err := assignments(t.Properties)
	o.add("properties", properties)
	o.add("value", optional(t.Value))
	return alone(o, "metric"), err
}

// alone is the value of the key where nothing else is set.
func alone(o object, key string) any {
	if len(o) == 1 && o[0].key == key {
		return o[0].value
	}
	return o
}

func (o *object) length(key string, d time.Duration) error {
	if d == 0 {
		return nil
	}
	s, err := length(d)
	o.add(key, optional(s))
	return err
}

// number writes a number as JSON does.
func number(f float64) string {
	if abs := max(f, -f); abs != 0 && abs < 1e-6 || abs >= 1e21 {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
