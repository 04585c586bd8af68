package api

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
	"github.com/lib/pq"
)

// problem is a JSON:API error object.
type problem struct {
	ID     string         `json:"id"`
	Status int            `json:"status"`
	Code   string         `json:"code"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Source *source        `json:"source,omitempty"`
	Meta   map[string]any `json:"meta,omitempty"`
}

// source says what part of the request a problem is about.
type source struct {
	Pointer   string // into the body, RFC 6901: "" is the body as a whole
	Parameter string // of the query; if there is one, Pointer has no meaning
}

// MarshalJSON writes the one of the two that there is.
func (s source) MarshalJSON() ([]byte, error) {
	if s.Parameter != "" {
		return json.Marshal(map[string]string{"parameter": s.Parameter})
	}
	return json.Marshal(map[string]string{"pointer": s.Pointer})
}

func (p *problem) Error() string { return p.Detail }

// problems are several, reported together. The first one's status is the response's.
type problems []*problem

func (p problems) Error() string {
	all := make([]string, len(p))
	for i := range p {
		all[i] = p[i].Detail
	}
	return strings.Join(all, "; ")
}

// titles has the code and title of each status in use.
var titles = map[int][2]string{
	http.StatusBadRequest:            {"invalid", "Invalid input."},
	http.StatusUnauthorized:          {"not_authenticated", "Authentication credentials were not provided or are wrong."},
	http.StatusForbidden:             {"permission_denied", "You do not have permission to do this."},
	http.StatusRequestTimeout:        {"timeout", "Request timeout."},
	http.StatusTooManyRequests:       {"throttled", "Request was throttled."},
	http.StatusNotFound:              {"not_found", "Not found."},
	http.StatusMethodNotAllowed:      {"method_not_allowed", "Method not allowed."},
	http.StatusConflict:              {"conflict", "Conflict."},
	http.StatusRequestEntityTooLarge: {"payload_too_large", "Payload too large."},
	http.StatusUnsupportedMediaType:  {"unsupported_media_type", "Unsupported media type."},
	http.StatusInternalServerError:   {"error", "A server error occurred."},
	http.StatusServiceUnavailable:    {"unavailable", "Service unavailable."},
}

func newProblem(status int, format string, args ...any) *problem {
	t := titles[status]
	return &problem{ID: uuid.NewString(), Status: status, Code: t[0], Title: t[1], Detail: fmt.Sprintf(format, args...)}
}

// invalid is a problem with a member of the body.
func invalid(pointer, format string, args ...any) *problem {
	p := newProblem(http.StatusBadRequest, format, args...)
	p.Source = &source{Pointer: pointer}
	return p
}

// invalidParameter is a problem with a parameter of the query.
func invalidParameter(name, format string, args ...any) *problem {
	p := newProblem(http.StatusBadRequest, format, args...)
	p.Source = &source{Parameter: name}
	return p
}

// duplicate is the answer to an identifier that belongs to another profile.
func duplicate(pointer string, e *ingest.DuplicateError) *problem {
	p := newProblem(http.StatusConflict, "A profile already exists with this %s.", e.Field)
	p.Code, p.Title = "duplicate_profile", "Conflict."
	p.Source = &source{Pointer: pointer}
	p.Meta = map[string]any{"duplicate_profile_id": e.ProfileID}
	return p
}

// fail answers with an error. What is not a problem of the request is logged under the id that the answer has,
// and its text kept from the sender.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	var one *problem
	var many problems
	switch {
	case errors.As(err, &many) && len(many) > 0:
	case errors.As(err, &one):
		many = problems{one}
	case errors.Is(err, store.ErrNotFound):
		many = problems{newProblem(http.StatusNotFound, "There is nothing at %s.", shorten(r.URL.Path))}
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		w.WriteHeader(statusGone) // nobody is there to read more
		return
	case unavailable(err):
		p := newProblem(http.StatusServiceUnavailable, "The request was not processed. Try it again.")
		a.log.WarnContext(r.Context(), "request failed for now", slog.String("error_id", p.ID), slog.Any("error", err))
		w.Header().Set("Retry-After", "1")
		many = problems{p}
	default:
		p := newProblem(http.StatusInternalServerError, "The request could not be processed. The log names the cause under this error's id.")
		a.log.ErrorContext(r.Context(), "request failed", slog.String("error_id", p.ID), slog.Any("error", err))
		many = problems{p}
	}
	respond(w, many[0].Status, map[string]any{"errors": many})
}

// statusGone is what the log shows for a client that hung up.
const statusGone = 499

// unavailable says whether the same request may succeed in a moment.
func unavailable(err error) bool {
	var refused *pq.Error
	if errors.As(err, &refused) {
		switch refused.Code.Class() {
		case "08", "53", "57": // connection exception, insufficient resources, operator intervention
			return true
		}
		return false
	}
	var network net.Error
	return errors.Is(err, ingest.ErrBusy) || errors.Is(err, ingest.ErrOverloaded) || errors.Is(err, ingest.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network)
}

const mediaType = "application/vnd.api+json"

// respond writes a JSON document.
func respond(w http.ResponseWriter, status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"id":"","code":"error","title":"A server error occurred.","detail":"The answer could not be written."}]}`)
		slog.Error("writing an answer", slog.Any("error", err))
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
