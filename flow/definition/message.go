package definition

import (
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

const (
	maxSubject = 2_000 // characters
	maxBody    = 2_000 // characters of a message on a phone
	maxURL     = 2_000
)

// message reads the message in the data of an action, and the status beside it.
func (r *reader) message(data *member.Object, s *plan.Step, read func(m *member.Object)) {
	s.Status = r.status(data)
	m := data.Object("message", true)
	if m == nil {
		return
	}
	m.Take("id", false) // it is the action's
	r.name(m, s)
	read(m)
	m.Done()
}

// common reads what all messages to people have.
func (r *reader) common(m *member.Object, s *plan.Step) {
	s.Filter = r.filter(m, "additional_filters", condition.Step)
	if !m.Switch("smart_sending_enabled", true) {
		s.Cap = plan.Off
	}
}

func (r *reader) email(m *member.Object, s *plan.Step) *plan.Email {
	r.common(m, s)
	return &plan.Email{
		Template: r.template(m),
		From:     r.address(m, "from_email"), FromName: r.text(m, "from_label", false, 200),
		ReplyTo: r.address(m, "reply_to_email"), CC: r.address(m, "cc_email"), BCC: r.address(m, "bcc_email"),
		Subject: r.text(m, "subject_line", false, maxSubject), Preview: r.text(m, "preview_text", false, maxSubject),
		Transactional: m.Switch("transactional", false), Tracking: m.Switch("add_tracking_params", false), Parameters: r.parameters(m),
	}
}

// template reads the id of a template that is there.
func (r *reader) template(m *member.Object) string {
	id := m.Text("template_id", true)
	if id != "" && !r.Names.Template(id) {
		m.Fail("template_id", "There is no template with the id %q.", clip(id))
	}
	return id
}

func (r *reader) address(m *member.Object, name string) string {
	s := m.Text(name, false)
	if s != "" && !goodAddress(s) {
		m.Fail(name, "%s must be an email address, not %q.", name, clip(s))
	}
	return s
}

func goodAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Address == s && len(s) <= 254 && !strings.ContainsAny(s, " <>\",{}\r\n")
}

func (r *reader) parameters(m *member.Object) []plan.Parameter {
	all := m.List("custom_tracking_params", false)
	if len(all) > 50 {
		m.Fail("custom_tracking_params", "At most 50 tracking parameters are accepted.")
		return nil
	}
	var out []plan.Parameter
	for i, raw := range all {
		o := r.Object(raw, m.At("custom_tracking_params")+"/"+itoa(i), false)
		if o == nil {
			continue
		}
		out = append(out, plan.Parameter{Name: r.text(o, "param", true, 200), Value: r.text(o, "value", true, maxURL)})
		o.Done()
	}
	return out
}

// refuse reports members that cannot be honoured, unless they are empty.
func refuse(m *member.Object, names map[string]string) {
	for name, reason := range names {
		if raw := m.Take(name, false); raw != nil && string(raw) != "[]" {
			m.Fail(name, "%s is not available here: %s.", name, reason)
		}
	}
}

// smsOptions are what a text message may add to its body, with what is usual.
var smsOptions = map[string]bool{
	"shorten_links": true, "include_contact_card": false, "add_org_prefix": true, "add_info_link": true, "add_opt_out_language": false,
}

func (r *reader) sms(m *member.Object, s *plan.Step) *plan.SMS {
	r.common(m, s)
	if !m.Switch("sms_quiet_hours_enabled", true) {
		s.QuietHours = plan.Off
	}
	refuse(m, map[string]string{"message_hierarchy": "messages have one form", "template_id": "the text is in body"})
	x := &plan.SMS{
		Body: r.text(m, "body", true, maxBody), Image: r.image(m),
		Transactional: m.Switch("transactional", false), Tracking: m.Switch("add_tracking_params", false), Parameters: r.parameters(m),
	}
	for name, usual := range smsOptions {
		if on := m.Switch(name, usual); on != usual {
			if x.Options == nil {
				x.Options = map[string]bool{}
			}
			x.Options[name] = on
		}
	}
	return x
}

// image reads the id of an image, or text that makes its URL.
func (r *reader) image(m *member.Object) string {
	id, dynamic := r.text(m, "image_id", false, 200), r.text(m, "dynamic_image", false, maxURL)
	if id != "" && dynamic != "" {
		m.Fail("dynamic_image", "A message has image_id or dynamic_image, not both.")
	}
	return or(id, dynamic)
}

func (r *reader) push(m *member.Object, s *plan.Step) *plan.Push {
	r.common(m, s)
	refuse(m, map[string]string{
		"video_asset_id": "there are no videos", "conversion_metric_id": "conversions are not tracked yet", "action_buttons": "there are no buttons",
	})
	x := &plan.Push{
		Title: r.text(m, "title", false, maxSubject), Body: r.text(m, "body", true, maxBody), Sound: m.Switch("sound", false),
		Badge: r.badge(m), Image: r.image(m), IOS: r.text(m, "ios_link", false, maxURL), Android: r.text(m, "android_link", false, maxURL),
		Web: r.text(m, "web_url", false, maxURL), Values: m.Words("kv_pairs", 50),
	}
	if len(x.Values) == 0 {
		x.Values = nil
	}
	if m.Has("on_open") {
		if x.Open = m.Choice("on_open", "home", "link", "open_url"); x.Open == "home" {
			x.Open = ""
		}
	}
	if raw := m.Take("push_type", false); raw != nil {
		m.Put("push_type", raw)
		x.Silent = m.Choice("push_type", "standard", "silent") == "silent"
	}
	return x
}

// badge reads what becomes of the number on an app's icon.
func (r *reader) badge(m *member.Object) string {
	on := m.Switch("badge", false)
	o := m.Object("badge_options", false)
	if o == nil {
		if on {
			return "increment"
		}
		return ""
	}
	defer o.Done()
	var badge string
	switch o.Choice("badge_config", "increment_one", "set_count", "set_property") {
	case "increment_one":
		badge = "increment"
	case "set_count":
		badge = o.Text("value", true)
		if n, err := strconv.Atoi(badge); badge != "" && (err != nil || n < 0 || n > 99_999 || strconv.Itoa(n) != badge) {
			o.Fail("value", "value must be a whole number from 0 to 99999, as text.")
		}
	case "set_property":
		name := o.Text("set_from_property", true)
		if strings.ContainsAny(name, "\"\\") || standard(name) {
			o.Fail("set_from_property", "%q is not the name of a custom property that can be a badge.", clip(name))
		}
		badge = property(name)
	}
	if !on {
		return ""
	}
	return badge
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func property(name string) string {
	if plainName.MatchString(name) {
		return "person." + name
	}
	return `person["` + name + `"]`
}

func (r *reader) webhook(m *member.Object) *plan.Webhook {
	x := &plan.Webhook{URL: r.text(m, "url", true, maxURL), Headers: m.Words("headers", 50), Body: r.text(m, "body", false, 20_000)}
	if len(x.Headers) == 0 {
		x.Headers = nil
	}
	u, err := url.Parse(x.URL)
	if x.URL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname()))) {
		m.Fail("url", "url must begin with https:// and name a host; http:// is for this machine only.")
	}
	for name, value := range x.Headers {
		if !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") || len(value) > 4_000 {
			m.Fail("headers", "%q is not a header that can be sent.", clip(name))
		}
	}
	return x
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$")

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

func (r *reader) alert(m *member.Object) *plan.Alert {
	a := &plan.Alert{
		To: m.Texts("to_emails"), Template: r.template(m), From: r.address(m, "from_email"), FromName: r.text(m, "from_label", false, 200),
		Subject: r.text(m, "subject_line", false, maxSubject),
	}
	if len(a.To) > 20 {
		m.Fail("to_emails", "At most 20 addresses are accepted.")
	}
	for i, to := range a.To {
		if !goodAddress(to) {
			r.Fail(m.At("to_emails")+"/"+itoa(i), "This must be an email address, not %q.", clip(to))
		}
	}
	return a
}

// email shows an email.
func (w *writer) email(s *plan.Step, x *plan.Email) map[string]any {
	return w.addressed(s, map[string]any{
		"from_email": text(x.From), "from_label": text(x.FromName), "reply_to_email": text(x.ReplyTo), "cc_email": text(x.CC), "bcc_email": text(x.BCC),
		"subject_line": text(x.Subject), "preview_text": text(x.Preview), "template_id": text(x.Template),
		"transactional": x.Transactional, "add_tracking_params": x.Tracking, "custom_tracking_params": parameters(x.Parameters),
	})
}

// addressed adds what all messages to people have.
func (w *writer) addressed(s *plan.Step, m map[string]any) map[string]any {
	m["smart_sending_enabled"] = or(s.Cap, w.plan.Cap[s.Channel()]) != plan.Off
	m["additional_filters"] = w.filter(s.Filter)
	return w.named(s, m)
}

// named adds name and id.
func (w *writer) named(s *plan.Step, m map[string]any) map[string]any {
	m["name"], m["id"] = text(s.Name), ActionID(w.plan.Flow, s.ID)
	return m
}

func (w *writer) sms(s *plan.Step, x *plan.SMS) map[string]any {
	m := map[string]any{
		"body": x.Body, "transactional": x.Transactional, "add_tracking_params": x.Tracking, "custom_tracking_params": parameters(x.Parameters),
		"sms_quiet_hours_enabled": or(s.QuietHours, w.plan.QuietHours[plan.ChannelSMS]) != plan.Off,
		"message_hierarchy":       nil, "template_id": nil,
	}
	picture(m, x.Image)
	for name, usual := range smsOptions {
		m[name] = usual
		if on, set := x.Options[name]; set {
			m[name] = on
		}
	}
	return w.addressed(s, m)
}

func picture(m map[string]any, image string) {
	m["image_id"], m["dynamic_image"] = nil, nil
	if strings.ContainsAny(image, "/{") {
		m["dynamic_image"] = image
	} else if image != "" {
		m["image_id"] = image
	}
}

func (w *writer) push(s *plan.Step, x *plan.Push) map[string]any {
	m := map[string]any{
		"title": text(x.Title), "body": x.Body, "sound": x.Sound, "badge": x.Badge != "",
		"on_open": or(x.Open, "home"), "ios_link": text(x.IOS), "android_link": text(x.Android), "web_url": text(x.Web),
		"push_type": map[bool]string{true: "silent", false: "standard"}[x.Silent], "kv_pairs": nil,
	}
	if len(x.Values) > 0 {
		m["kv_pairs"] = x.Values
	}
	picture(m, x.Image)
	switch name, named := propertyName(x.Badge); {
	case x.Badge == "increment":
		m["badge_options"] = map[string]any{"badge_config": "increment_one"}
	case named:
		m["badge_options"] = map[string]any{"badge_config": "set_property", "set_from_property": name}
	case x.Badge != "":
		m["badge_options"] = map[string]any{"badge_config": "set_count", "value": x.Badge}
	}
	return w.addressed(s, m)
}

// propertyName reads person.x and person["x"].
func propertyName(s string) (string, bool) {
	if name, ok := strings.CutPrefix(s, "person."); ok {
		return name, true
	}
	if name, ok := strings.CutPrefix(s, "person["); ok && len(name) > 3 {
		return name[1 : len(name)-2], true
	}
	return "", false
}

func (w *writer) webhook(s *plan.Step) map[string]any {
	m := map[string]any{"url": s.Webhook.URL, "body": text(s.Webhook.Body), "headers": nil}
	if len(s.Webhook.Headers) > 0 {
		m["headers"] = s.Webhook.Headers
	}
	return w.named(s, m)
}

func (w *writer) alert(s *plan.Step) map[string]any {
	a := s.Alert
	return w.named(s, map[string]any{
		"from_email": text(a.From), "from_label": text(a.FromName), "to_emails": a.To, "subject_line": a.Subject, "template_id": text(a.Template),
	})
}

// text shows "" as null.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func parameters(all []plan.Parameter) any {
	if len(all) == 0 {
		return nil
	}
	out := make([]any, len(all))
	for i, p := range all {
		out[i] = map[string]any{"param": p.Name, "value": p.Value}
	}
	return out
}
