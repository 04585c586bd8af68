package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/legato-flow/legato/store"
)

// scheme of the Authorization header, as existing senders write it.
const scheme = "Klaviyo-API-Key"

// authenticate checks the private key.
func (a *api) authenticate(w http.ResponseWriter, r *http.Request) error {
	given := r.Header.Get("Authorization")
	kind, key, _ := strings.Cut(given, " ")
	key = strings.TrimSpace(key)
	detail := "The private key is not valid."
	switch {
	case given == "":
		detail = "An Authorization header is needed: " + scheme + " and the private key."
	case !strings.EqualFold(kind, scheme) || key == "":
		detail = "The Authorization header must be " + scheme + " and the private key."
	default:
		valid, err := a.keys.valid(r.Context(), key)
		if err != nil {
			return err
		}
		if valid {
			return nil
		}
	}
	w.Header().Set("WWW-Authenticate", scheme)
	return newProblem(http.StatusUnauthorized, "%s", detail)
}

// keyring answers whether a key is valid, and remembers answers for a short time: a revoked key stops working
// within that time, a flood of wrong ones does not reach the database more than once each.
type keyring struct {
	store *store.Store
	fixed map[string]bool

	mu      sync.Mutex
	answers map[string]answer
}

type answer struct {
	valid bool
	until time.Time
}

const (
	keyMemory  = 10 * time.Second
	missMemory = 2 * time.Second
	maxAnswers = 10_000
	maxKey     = 500
)

func newKeyring(s *store.Store, keys []string) *keyring {
	k := &keyring{store: s, fixed: map[string]bool{}, answers: map[string]answer{}}
	for _, key := range keys {
		if key != "" {
			k.fixed[store.HashKey(key)] = true
		}
	}
	return k
}

func (k *keyring) valid(ctx context.Context, key string) (bool, error) {
	if len(key) > maxKey {
		return false, nil
	}
	hash := store.HashKey(key)
	if k.fixed[hash] {
		return true, nil
	}
	now := time.Now()
	k.mu.Lock()
	known, ok := k.answers[hash]
	k.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.valid, nil
	}
	valid, err := k.store.KeyExists(ctx, hash)
	if err != nil {
		return false, err
	}
	memory := missMemory
	if valid {
		memory = keyMemory
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.answers) >= maxAnswers {
		clear(k.answers)
	}
	k.answers[hash] = answer{valid, now.Add(memory)}
	return valid, nil
}
