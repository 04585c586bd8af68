package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/legato-flow/legato/store"
)

// scheme of the Authorization header, as existing senders write it.
const scheme = "Klaviyo-API-Key"

// authenticate gives the request's private key, if it is valid.
func (a *api) authenticate(w http.ResponseWriter, r *http.Request) (store.Key, error) {
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
		found, err := a.keys.find(r.Context(), key)
		if !errors.Is(err, store.ErrNotFound) {
			return found, err
		}
	}
	w.Header().Set("WWW-Authenticate", scheme)
	return store.Key{}, newProblem(http.StatusUnauthorized, "%s", detail)
}

// keyring answers whether a key is valid, and remembers answers for a short time: a revoked key stops working
// within that time, a flood of wrong ones does not reach the database more than once each. When a valid key is to be looked
// up again, one request does that while the others go by the old answer: if Postgres stalls they are told so
// where they need it, instead of all waiting here.
type keyring struct {
	store *store.Store
	fixed map[string]bool
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	answers map[string]answer
}

type answer struct {
	key   store.Key
	valid bool
	until time.Time
}

const (
	keyMemory  = 10 * time.Second
	missMemory = 2 * time.Second
	maxAnswers = 10_000
	maxKey     = 500
)

func newKeyring(s *store.Store, keys []string, log *slog.Logger) *keyring {
	k := &keyring{store: s, fixed: map[string]bool{}, log: log, now: time.Now, answers: map[string]answer{}}
	for _, key := range keys {
		if key != "" {
			k.fixed[store.HashKey(key)] = true
		}
	}
	return k
}

// find gives a valid key, or store.ErrNotFound.
func (k *keyring) find(ctx context.Context, key string) (store.Key, error) {
	if len(key) > maxKey {
		return store.Key{}, store.ErrNotFound
	}
	hash := store.HashKey(key)
	if k.fixed[hash] {
		return store.Key{Hash: hash, Name: "development"}, nil
	}
	now := k.now()
	k.mu.Lock()
	known, ok := k.answers[hash]
	stale := !ok || !now.Before(known.until)
	if stale && known.valid {
		k.answers[hash] = answer{known.key, true, now.Add(missMemory)}
	}
	k.mu.Unlock()
	if stale {
		found, err := k.store.ValidKey(ctx, hash)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return store.Key{}, err
		}
		known = answer{found, err == nil, now.Add(missMemory)}
		if known.valid {
			known.until = now.Add(keyMemory)
			k.used(ctx, found, now)
		}
		k.remember(hash, known)
	}
	if !known.valid {
		return store.Key{}, store.ErrNotFound
	}
	return known.key, nil
}

// used notes that the key is used. That it cannot be noted is no reason to refuse the request.
func (k *keyring) used(ctx context.Context, key store.Key, now time.Time) {
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < store.KeyUseGrain {
		return
	}
	if err := k.store.KeyUsed(ctx, key.Hash, now); err != nil {
		k.log.WarnContext(ctx, "a key's use is not noted", slog.String("key", key.Prefix), slog.Any("error", err))
	}
}

func (k *keyring) remember(hash string, a answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.answers) >= maxAnswers {
		clear(k.answers)
	}
	k.answers[hash] = a
}
