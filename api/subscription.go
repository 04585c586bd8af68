package api

import (
	"context"
	"maps"
	"slices"

	"github.com/legato-flow/legato/store"
)

// addSubscriptions shows what the profiles agreed to and whether they may be messaged, if the request asks for it.
func addSubscriptions(ctx context.Context, s *store.Store, q *query, all []*shown) error {
	if !q.wants("profile", "subscriptions") || len(all) == 0 {
		return nil
	}
	ids := make([]string, len(all))
	of := map[string]*subscriptions{}
	for i := range all {
		ids[i] = all[i].ID
		of[all[i].ID] = &subscriptions{consents: map[[2]string]store.Consent{}, suppressed: map[string][]map[string]any{}, lists: []map[string]any{}}
	}
	suppressions, err := s.Suppressions(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range suppressions {
		of[x.ProfileID].suppressed[x.Channel] = append(of[x.ProfileID].suppressed[x.Channel], map[string]any{"reason": x.Reason, "timestamp": stamp(x.At)})
		if key := [2]string{x.Channel, "marketing"}; x.Reason == "UNSUBSCRIBE" && of[x.ProfileID].consents[key].Consent == "" {
			of[x.ProfileID].consents[key] = store.Consent{Consent: store.Unsubscribed, At: x.At, UpdatedAt: x.At}
		}
	}
	lists, err := s.ListSuppressions(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range lists {
		of[x.ProfileID].lists = append(of[x.ProfileID].lists, map[string]any{"list_id": x.ListID, "reason": x.Reason, "timestamp": stamp(x.At)})
	}
	consents, err := s.Consents(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range consents {
		of[x.ProfileID].consents[[2]string{x.Channel, x.Purpose}] = x
	}
	for _, x := range all {
		x.Attributes["subscriptions"] = of[x.ID].shown()
	}
	return nil
}

// subscriptions are those of a profile.
type subscriptions struct {
	consents   map[[2]string]store.Consent // by channel and purpose
	suppressed map[string][]map[string]any // by channel
	lists      []map[string]any
}

func (s *subscriptions) shown() map[string]any {
	suppression := s.suppressed["email"]
	if suppression == nil {
		suppression = []map[string]any{}
	}
	email := s.of("email", "marketing", "can_receive_email_marketing", len(suppression) == 0)
	email["suppression"], email["list_suppressions"] = suppression, s.lists
	opened := s.short("email", "open_tracking")
	opened["can_receive"] = opened["consent"] != store.Unsubscribed
	agreed := func(channel, purpose string) bool {
		return s.consents[[2]string{channel, purpose}].Consent == store.Subscribed && len(s.suppressed[channel]) == 0
	}
	push := s.short("push", "marketing")
	push["can_receive_push_marketing"] = agreed("push", "marketing")
	delete(push, "last_updated")
	whatsapp := map[string]any{}
	for _, purpose := range []string{"marketing", "transactional", "conversational"} {
		x := s.short("whatsapp", purpose)
		x["can_receive"] = agreed("whatsapp", purpose)
		whatsapp[purpose] = x
	}
	return map[string]any{
		"email": map[string]any{"marketing": email, "open_tracking": opened},
		"sms": map[string]any{"marketing": s.of("sms", "marketing", "can_receive_sms_marketing", agreed("sms", "marketing")),
			"transactional": s.of("sms", "transactional", "can_receive_sms_transactional", agreed("sms", "transactional"))},
		"mobile_push": map[string]any{"marketing": push},
		"whatsapp":    whatsapp,
	}
}

// subscriptionPaths are what sparse fields can name of subscriptions. Some are never shown: nothing is known of them here.
var subscriptionPaths = func() []string {
	all := paths("subscriptions", (&subscriptions{}).shown())
	all = append(all, within("subscriptions.email.marketing", []string{"custom_method_detail", "double_optin"})...)
	for _, purpose := range []string{"email.open_tracking", "whatsapp.marketing", "whatsapp.transactional", "whatsapp.conversational"} {
		all = append(all, within("subscriptions."+purpose, []string{"created_timestamp", "metadata", "phone_number", "valid_until"})...)
	}
	return all
}()

// paths leads to all that is inside of an attribute.
func paths(attribute string, value map[string]any) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(value)) {
		path := attribute + "." + name
		all = append(all, path)
		if inner, ok := value[name].(map[string]any); ok {
			all = append(all, paths(path, inner)...)
		}
	}
	return all
}

// short is what was said for a purpose on a channel, and when.
func (s *subscriptions) short(channel, purpose string) map[string]any {
	x, said := s.consents[[2]string{channel, purpose}]
	if !said {
		return map[string]any{"consent": "NEVER_SUBSCRIBED", "consent_timestamp": nil, "last_updated": nil}
	}
	return map[string]any{"consent": x.Consent, "consent_timestamp": stamp(x.At), "last_updated": stamp(x.UpdatedAt)}
}

// of is the same with how it was said, and whether messages may be sent.
func (s *subscriptions) of(channel, purpose, may string, can bool) map[string]any {
	all := s.short(channel, purpose)
	all[may], all["method"], all["method_detail"] = can, nil, ""
	if x := s.consents[[2]string{channel, purpose}]; x.Method != "" {
		all["method"], all["method_detail"] = x.Method, x.MethodDetail
	}
	return all
}
