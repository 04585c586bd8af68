package api

import (
	"context"

	"github.com/legato-flow/legato/store"
)

var accountDescription = &description{
	name: "account", path: "/api/accounts",
	attributes: append([]string{"test_account", "contact_information", "contact_information.default_sender_name", "contact_information.default_sender_email",
		"contact_information.website_url", "contact_information.organization_name", "contact_information.street_address", "industry", "timezone",
		"preferred_currency", "public_api_key", "locale"}, within("contact_information.street_address", store.AddressFields)...),
	order: "id", size: 1,
}

// within gives the paths of members of an attribute.
func within(attribute string, members []string) (all []string) {
	for _, name := range members {
		all = append(all, attribute+"."+name)
	}
	return all
}

// newAccounts is the account that the key belongs to: there is one.
func (a *api) newAccounts() *resource[store.Account] {
	return &resource[store.Account]{
		description: accountDescription,
		get:         a.account,
		page:        a.onlyAccount,
		id:          func(x *store.Account) string { return x.ID },
		position:    accountPosition,
		attributes:  a.accountAttributes,
	}
}

func (a *api) account(ctx context.Context, id string) (store.Account, error) {
	x, err := a.store.Account(ctx)
	if err != nil {
		return store.Account{}, err
	}
	if x.ID != id || id == "" {
		return store.Account{}, store.ErrNotFound
	}
	return *x, nil
}

func (a *api) onlyAccount(ctx context.Context, p store.Page) ([]store.Account, bool, error) {
	x, err := a.store.Account(ctx)
	if err != nil || x.ID == "" {
		return nil, false, err
	}
	if p.From != nil { // there is nothing before the account, and nothing after it
		return nil, false, nil
	}
	return []store.Account{*x}, false, nil
}

func accountPosition(x *store.Account, _ string) store.Position {
	return store.Position{Value: &x.ID, ID: x.ID}
}

func (a *api) accountAttributes(x *store.Account) map[string]any {
	organization := x.Values()
	text := func(name string) any {
		if s, ok := organization[name].(string); ok && s != "" {
			return s
		}
		return nil
	}
	address := map[string]any{}
	for _, name := range store.AddressFields {
		address[name] = text(name)
	}
	return map[string]any{
		"test_account": x.Test,
		"contact_information": map[string]any{
			"default_sender_name": a.fromName, "default_sender_email": a.from, "website_url": text("url"),
			"organization_name": x.Name, "street_address": address,
		},
		"industry": x.Industry, "timezone": x.Timezone, "preferred_currency": x.Currency, "public_api_key": x.ID, "locale": x.Locale,
	}
}
