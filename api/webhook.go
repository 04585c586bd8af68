package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/legato-flow/legato/store"
)

var webhookDescription = &description{
	name: "webhook", path: "/api/webhooks",
	attributes: []string{"name", "description", "endpoint_url", "enabled", "created_at", "updated_at"},
	includes:   []string{"webhook-topics"},
	order:      "created_at", size: store.MaxWebhooks,
}

var topicDescription = &description{name: "webhook-topic", path: "/api/webhook-topics", order: "id", size: 1000}

func newWebhooks(s *store.Store) *resource[store.Webhook] {
	return &resource[store.Webhook]{
		description: webhookDescription,
		get:         s.Webhook,
		page: func(ctx context.Context, p store.Page) ([]store.Webhook, bool, error) {
			all, err := s.Webhooks(ctx)
			if err != nil {
				return nil, false, err
			}
			return pageOf(all, p, func(w *store.Webhook) string { return w.ID }, func(w *store.Webhook, _ string) any { return w.CreatedAt })
		},
		id:       func(w *store.Webhook) string { return w.ID },
		position: func(w *store.Webhook, _ string) store.Position { return store.Position{ID: w.ID} },
		attributes: func(w *store.Webhook) map[string]any {
			return map[string]any{"name": w.Name, "description": w.Description, "endpoint_url": concealed(w.URL), "enabled": w.Enabled,
				"created_at": stamp(w.CreatedAt), "updated_at": stamp(w.UpdatedAt)}
		},
		included: addTopics,
		also:     []*description{topicDescription},
	}
}

// concealed shows where a webhook leads without what may be a secret: path and query.
func concealed(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	shown := u.Scheme + "://" + u.Host
	if u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		shown += "/..."
	}
	return shown
}

func newTopics(s *store.Store) *resource[store.Topic] {
	return &resource[store.Topic]{
		description: topicDescription,
		get: func(ctx context.Context, id string) (store.Topic, error) {
			all, err := s.Topics(ctx)
			if err == nil && !slices.Contains(all, store.Topic{ID: id}) {
				err = store.ErrNotFound
			}
			return store.Topic{ID: id}, err
		},
		page: func(ctx context.Context, p store.Page) ([]store.Topic, bool, error) {
			all, err := s.Topics(ctx)
			if err != nil {
				return nil, false, err
			}
			return pageOf(all, p, func(t *store.Topic) string { return t.ID }, func(t *store.Topic, _ string) any { return t.ID })
		},
		id:       func(t *store.Topic) string { return t.ID },
		position: func(t *store.Topic, _ string) store.Position { return store.Position{ID: t.ID} },
	}
}

// addTopics shows what the webhooks are told of.
func addTopics(ctx context.Context, a *api, q *query, rows []store.Webhook, all []*shown) ([]*shown, error) {
	var topics []store.Topic
	for i := range rows {
		var named []store.Topic
		for _, id := range rows[i].Topics {
			named = append(named, store.Topic{ID: id})
		}
		all[i].Relationships = map[string]related{"webhook-topics": {Data: a.topics.identify(named)}}
		topics = append(topics, named...)
	}
	if !q.includes("webhook-topics") {
		return nil, nil
	}
	slices.SortFunc(topics, func(x, y store.Topic) int { return order(x.ID, y.ID) })
	doc, err := a.topics.show(ctx, a, q, slices.Compact(topics))
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

func (a *api) createWebhook(w http.ResponseWriter, r *http.Request) error {
	q, raw, err := a.request(w, r, a.bareWebhooks(), maxSettingsBody)
	if err != nil {
		return err
	}
	topics, err := a.store.Topics(r.Context())
	if err != nil {
		return err
	}
	now := a.now().UTC()
	hook := store.Webhook{ID: store.ShortID(), Enabled: true, CreatedAt: now, UpdatedAt: now}
	form := webhookForm{loopback: a.loopback, topics: topics}
	if err := form.decode(raw, &hook); err != nil {
		return err
	}
	err = a.store.CreateWebhook(r.Context(), hook)
	if errors.Is(err, store.ErrTooManyWebhooks) {
		return newProblem(http.StatusConflict, "There may be at most %d webhooks. Remove one first.", store.MaxWebhooks)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.base+webhookDescription.path+"/"+hook.ID)
	return a.webhooks.answer(a, w, r, q, http.StatusCreated, hook)
}

// bareWebhooks are the parameters of operations that include nothing.
func (a *api) bareWebhooks() parameters { return parameters{shapes: []*description{a.webhooks.bare()}} }

func (a *api) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	q, raw, err := a.request(w, r, a.bareWebhooks(), maxSettingsBody)
	if err != nil {
		return err
	}
	topics, err := a.store.Topics(r.Context())
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	form := webhookForm{loopback: a.loopback, topics: topics, path: id}
	hook, err := a.store.ChangeWebhook(r.Context(), id, a.now().UTC(), func(hook *store.Webhook) error { return form.decode(raw, hook) })
	if errors.Is(err, store.ErrNotFound) {
		return a.webhooks.missing(id)
	}
	if err != nil {
		return err
	}
	return a.webhooks.answer(a, w, r, q, http.StatusOK, hook)
}

func (a *api) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	err := a.store.DeleteWebhook(r.Context(), r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return a.webhooks.missing(r.PathValue("id"))
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
