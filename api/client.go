package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

const companyParameter = "company_id"

// company remembers the public company id for a short time, so that requests with wrong ones cost nothing. When it is to
// be read again, one request does that while the others go by what was read before, as with keys.
type company struct {
	mu    sync.Mutex
	id    string
	until time.Time // zero: never read
}

// find gives the company id, which is empty until an account is set up.
func (c *company) find(ctx context.Context, s *store.Store, now time.Time) (string, error) {
	c.mu.Lock()
	id, fresh := c.id, now.Before(c.until)
	if !fresh && !c.until.IsZero() {
		c.until = now.Add(missMemory)
	}
	c.mu.Unlock()
	if fresh {
		return id, nil
	}
	account, err := s.Account(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.id, c.until = account.ID, now.Add(keyMemory)
	return c.id, nil
}

// admitClient lets in a request with the public company id, from where not too many have come.
func (a *api) admitClient(w http.ResponseWriter, r *http.Request, route route) (*http.Request, error) {
	shareWithAll(w)
	given := r.URL.Query().Get(companyParameter)
	if given == "" {
		return nil, invalidParameter(companyParameter, "%s is needed: the public company id.", companyParameter)
	}
	id, err := a.company.find(r.Context(), a.store, time.Now())
	if err != nil {
		return nil, err
	}
	if given != id {
		return nil, invalidParameter(companyParameter, "%s is not the public company id. A private key does not belong here.", companyParameter)
	}
	return r, a.visits.throttle(w, "Your network address", a.origin(r), route.pattern)
}

// shareWithAll lets the pages of any site make the request and read its answer, which says nothing about anybody.
func shareWithAll(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After")
}

// clientPreflight answers a browser that asks whether a page may make the request.
func (a *api) clientPreflight(w http.ResponseWriter, _ *http.Request) error {
	shareWithAll(w)
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	h.Set("Access-Control-Allow-Headers", "Accept, Content-Encoding, Content-Type, Revision, X-Klaviyo-User-Agent")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// origin names the network that a request comes from: an IPv4 address, or the half of an IPv6 address that a network
// keeps for itself.
func (a *api) origin(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	from, err := netip.ParseAddr(host)
	if err != nil {
		return r.RemoteAddr
	}
	from = from.Unmap().WithZone("")
	// The last entry is the nearest proxy's word, and so on; what comes before the first stranger is hearsay.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.trusts(from); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		from = before.Unmap().WithZone("")
	}
	if from.Is6() {
		return netip.PrefixFrom(from, 64).Masked().String()
	}
	return from.String()
}

func (a *api) trusts(proxy netip.Addr) bool {
	for _, p := range a.proxies {
		if p.Contains(proxy) {
			return true
		}
	}
	return false
}

// accepted answers a client. What it said about a person may have been refused because of what is known of that person,
// which is not for everybody to hear.
func accepted(w http.ResponseWriter, err error) error {
	var taken *ingest.DuplicateError
	var wrong *ingest.InvalidError
	if err != nil && !errors.As(err, &taken) && !errors.As(err, &wrong) && !errors.Is(err, ingest.ErrUnknownProfile) {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (a *api) clientEvent(w http.ResponseWriter, r *http.Request) error {
	event, leave, err := a.oneEvent(w, r, parameters{company: true})
	if err != nil {
		return err
	}
	defer leave()
	if err := ofClients("/data/attributes/metric/data/attributes", &event.Event); err != nil {
		return err
	}
	event.Profile.FromClient = true
	result, err := a.ingester.Event(r.Context(), event.Event)
	if err == nil {
		err = result.Err
	}
	if errors.Is(err, ingest.ErrTooManyMetrics) {
		return refusedEvent("/data/attributes", err)
	}
	return accepted(w, err)
}

// ofClients refuses an event that only this server reports: a visitor must not say that messages have been sent.
func ofClients(metric string, e *ingest.Event) error {
	if e.Service == ingest.OwnService {
		return invalid(metric+"/service", "service must not be %q, which is that of this server's own metrics.", ingest.OwnService)
	}
	return nil
}

func (a *api) clientProfile(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{company: true}, maxProfileBody)
	if err != nil {
		return err
	}
	in := a.reader()
	c := decodeProfile(in, raw, profileForm{id: true, meta: true, null: nullSaysNothing})
	if err := in.err(); err != nil {
		return err
	}
	c.FromClient = true
	_, _, err = a.ingester.UpsertProfile(r.Context(), *c)
	return accepted(w, err)
}
