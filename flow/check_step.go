package flow

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// settings are the fields of a step that hold what belongs to a kind, by the kind.
func settings(s *plan.Step) map[string]any {
	return map[string]any{
		plan.KindWait: s.Wait, plan.KindWaitFor: s.WaitFor, plan.KindIf: s.If, plan.KindSwitch: s.Switch, plan.KindSplit: s.Split,
		plan.KindExperiment: s.Experiment, plan.KindEmail: s.Email, plan.KindSMS: s.SMS, plan.KindPush: s.Push,
		plan.KindWebhook: s.Webhook, plan.KindAlert: s.Alert, plan.KindUpdateProfile: s.UpdateProfile, plan.KindList: s.List,
		plan.KindTrack: s.Track, plan.KindExit: s.Exit,
	}
}

// step checks one step of a plan, but for where it leads.
func (c *checker) step(s *plan.Step, status string) {
	id := s.ID
	c.id(id, "id", id, maxID+8)
	c.line(id, "name", s.Name, maxName, false)
	c.optionalWord(id, "status", s.Status, plan.Draft, plan.Manual)
	c.condition(id, "filter", s.Filter, expression.Person)
	c.optionalWord(id, "cap", s.Cap, paces...)
	c.optionalWord(id, "quiet_hours", s.QuietHours, paces...)
	c.optionalWord(id, "on_failure", s.OnFailure, plan.FailureExits)

	all := settings(s)
	if _, known := all[s.Kind]; !known {
		c.add(IsError, id, "kind", suggestion(s.Kind, kindsOf(Steps())), "unknown step kind %s", quoted(s.Kind))
		return
	}
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		there := !reflect.ValueOf(all[kind]).IsNil()
		switch {
		case there && kind != s.Kind:
			c.fail(id, kind, "a step of the kind %s has no settings of the kind %s", s.Kind, kind)
			return
		case !there && kind == s.Kind:
			c.fail(id, kind, "the settings of the step are missing")
			return
		}
	}
	switch s.Kind {
	case plan.KindWait:
		c.wait(id, s.Wait)
	case plan.KindWaitFor:
		c.watches(id, "wait_for.for", s.WaitFor.For, true)
		c.length(id, "wait_for.timeout", s.WaitFor.Timeout)
	case plan.KindIf:
		c.branches(id, plan.KindIf, s.If, maxBranches)
	case plan.KindSwitch:
		c.branches(id, plan.KindSwitch, s.Switch, maxBranches-1)
	case plan.KindSplit:
		c.split(id, s.Split)
	case plan.KindExperiment:
		c.experiment(id, s.Experiment)
	case plan.KindEmail:
		c.email(id, "email", s.Email)
		if s.Email.Template == "" {
			severity := IsError
			if s.Status == plan.Draft || status != plan.Live && status != plan.Manual {
				severity = IsWarning
			}
			c.add(severity, id, "email.template", "", "the email has no template")
		}
	case plan.KindSMS:
		c.sms(id, "sms", s.SMS)
	case plan.KindPush:
		c.push(id, "push", s.Push)
	case plan.KindWebhook:
		c.webhook(id, s.Webhook)
	case plan.KindAlert:
		c.alert(id, s.Alert)
	case plan.KindUpdateProfile:
		c.updateProfile(id, s.UpdateProfile)
	case plan.KindList:
		c.line(id, "list.list", s.List.List, maxName, true)
	case plan.KindTrack:
		c.track(id, s.Track)
	case plan.KindExit:
		c.line(id, "exit.reason", s.Exit.Reason, maxName, false)
	}
}

func (c *checker) wait(id string, w *plan.Wait) {
	const day = 24 * time.Hour
	switch {
	case w.Duration < 0 || w.Days < 0:
		c.fail(id, "wait", "a wait must not be shorter than nothing")
	case w.Days > int(maxWait/day) || w.Duration > maxWait || w.Duration+time.Duration(w.Days)*day > maxWait:
		c.fail(id, "wait", "the wait is longer than the limit of 400 days")
	case w.Date != nil && (w.Duration != 0 || w.Days != 0):
		c.fail(id, "wait.date", "a wait until the date has no duration")
	case w.Date != nil && c.plan.Date() == nil:
		c.fail(id, "wait.date", "there is no date to wait for: only a date trigger brings one")
	case w.Date == nil && w.Duration == 0 && w.Days == 0 && w.At == "" && len(w.Weekdays) == 0:
		c.fail(id, "wait", "the wait must be longer than nothing")
	case w.At != "" && w.Days > 0 && w.Duration > 0:
		c.fail(id, "wait.duration", "with a time of day, a wait is in whole days or shorter than a day")
	}
	c.clock(id, "wait.at", w.At, w.Date != nil)
	c.weekdays(id, "wait.weekdays", w.Weekdays)
	if w.Date != nil {
		c.offset(id, "wait.date", w.Date.Days, w.Date.Months)
	}
	switch timed := w.At != "" || len(w.Weekdays) > 0 || w.Date != nil; {
	case timed:
		c.zone(id, "wait.timezone", w.Timezone)
	case w.Timezone != "":
		c.fail(id, "wait.timezone", "timezone means nothing without a time of day or weekdays")
	}
}

func (c *checker) branches(id, kind string, f *plan.If, most int) {
	if len(f.Branches) == 0 || len(f.Branches) > most {
		c.fail(id, kind+".branches", "%s has %d branches; possible are 1 to %d", kind, len(f.Branches), most)
		return
	}
	for i, b := range f.Branches {
		field := fmt.Sprintf("%s.branches[%d]", kind, i)
		c.line(id, field+".name", b.Name, maxName, false)
		c.condition(id, field+".when", b.When, expression.Person)
	}
	c.line(id, kind+".else_name", f.ElseName, maxName, false)
}

func (c *checker) split(id string, s *plan.Split) {
	if len(s.Branches) < 2 || len(s.Branches) > maxVariants {
		c.fail(id, "split.branches", "split has %d branches; possible are 2 to %d", len(s.Branches), maxVariants)
		return
	}
	sum := 0.0
	for i, b := range s.Branches {
		field := fmt.Sprintf("split.branches[%d]", i)
		c.line(id, field+".name", b.Name, maxName, false)
		c.weight(id, field+".weight", b.Weight, &sum)
	}
	c.whole(id, "split.branches", sum)
}

func (c *checker) experiment(id string, x *plan.Experiment) {
	if len(x.Variants) < 2 || len(x.Variants) > maxVariants {
		c.fail(id, "experiment.variants", "an experiment has %d variants; possible are 2 to %d", len(x.Variants), maxVariants)
		return
	}
	sum, kind := 0.0, ""
	ids := map[string]bool{}
	for i := range x.Variants {
		v, field := &x.Variants[i], fmt.Sprintf("experiment.variants[%d]", i)
		c.id(id, field+".id", v.ID, maxID)
		if ids[v.ID] {
			c.fail(id, field+".id", "variant %s is there already", v.ID)
		}
		ids[v.ID] = true
		c.weight(id, field+".weight", v.Weight, &sum)
		var there []string
		if v.Email != nil {
			there = append(there, plan.ChannelEmail)
			c.email(id, field+".email", v.Email)
		}
		if v.SMS != nil {
			there = append(there, plan.ChannelSMS)
			c.sms(id, field+".sms", v.SMS)
		}
		if v.Push != nil {
			there = append(there, plan.ChannelPush)
			c.push(id, field+".push", v.Push)
		}
		if len(there) != 1 {
			c.fail(id, field, "a variant has one message, not %d", len(there))
			continue
		}
		if kind == "" {
			kind = there[0]
		}
		if there[0] != kind {
			c.fail(id, field, "all variants have the same kind of message, and the first has %s", kind)
		}
	}
	c.whole(id, "experiment.variants", sum)
	c.word(id, "experiment.winner", x.Winner, winners)
	if (x.Winner == conversions) != (x.Metric != "") {
		c.fail(id, "experiment.metric", "conversions needs a metric, and nothing else has one")
	}
	c.line(id, "experiment.metric", x.Metric, maxName, false)
	if _, err := time.Parse(time.RFC3339, x.EndsAt); x.EndsAt != "" && err != nil {
		c.fail(id, "experiment.ends_at", "ends_at must be a date and time that exists, not %s", quoted(x.EndsAt))
	}
}

func (c *checker) webhook(id string, w *plan.Webhook) {
	c.fault(id, "webhook.url", checkWebhookURL(w.URL))
	if len(w.Headers) > maxHeaders {
		c.fail(id, "webhook.headers", "headers has %d entries, the limit is %d", len(w.Headers), maxHeaders)
		return
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		c.fault(id, "webhook.headers."+name, checkHeader(name, w.Headers[name]))
		c.liquidParses(id, "webhook.headers."+name, w.Headers[name])
		if lower := strings.ToLower(name); seen[lower] {
			c.fail(id, "webhook.headers."+name, "the header %s is there already", name)
		} else {
			seen[lower] = true
		}
	}
	c.liquid(id, "webhook.body", w.Body, maxLiquid, false)
}
