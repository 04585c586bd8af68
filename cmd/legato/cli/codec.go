package cli

import (
	"net/http"
	"slices"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// withCodec serves the codec server at /codec/ beside other pages, where payloads are encrypted.
func (s *server) withCodec(other http.Handler) http.Handler {
	if s.codec == nil {
		return other
	}
	mux := http.NewServeMux()
	mux.Handle("/codec/", s.codec.Handler(s.config.TemporalUIOrigin, func(r *http.Request, key string) bool {
		if key == "" {
			return false
		}
		if s.config.Mode == config.Development && key == string(s.config.APIKey) {
			return true
		}
		found, err := s.store.ValidKey(r.Context(), store.HashKey(key))
		return err == nil && (found.Scopes == nil || slices.Contains(found.Scopes, "flows:read"))
	}))
	if other != nil {
		mux.Handle("/", other)
	}
	return mux
}
