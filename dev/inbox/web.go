package inbox

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html inbox.css inbox.js
var files embed.FS

const perPage = 100

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
	"list":  func(s []string) string { return strings.Join(s, ", ") },
	"size": func(n int64) string {
		if n < 1<<20 {
			return fmt.Sprintf("%.1f kB", float64(n)/1000)
		}
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	},
	"length": func(b []byte) int64 { return int64(len(b)) },
}).ParseFS(files, "page.html"))

// Handler serves the inbox at /inbox.
func (b *Box) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /inbox", b.showList)
	mux.Handle("GET /inbox/{$}", http.RedirectHandler("/inbox", http.StatusFound))
	mux.HandleFunc("POST /inbox/clear", func(w http.ResponseWriter, r *http.Request) {
		if err := b.Clear(); err != nil {
			fail(w, err)
			return
		}
		http.Redirect(w, r, "/inbox", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /inbox/messages.json", b.listJSON)
	mux.HandleFunc("DELETE /inbox/messages.json", func(w http.ResponseWriter, _ *http.Request) {
		if err := b.Clear(); err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /inbox/newest", b.newest)
	mux.HandleFunc("GET /inbox/messages/{id}", b.showMessage)
	mux.HandleFunc("GET /inbox/messages/{id}/html", b.html)
	mux.HandleFunc("GET /inbox/messages/{id}/raw", b.raw)
	mux.HandleFunc("GET /inbox/messages/{id}/parts/{n}", b.part)
	mux.HandleFunc("GET /inbox/{file}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("file") {
		case "inbox.css", "inbox.js":
			http.ServeFileFS(w, r, files, r.PathValue("file"))
		default:
			http.NotFound(w, r)
		}
	})
	// A page on another site must not empty the inbox.
	return http.NewCrossOriginProtection().Handler(secure(mux))
}

// secure sets what holds for all pages but a message's own HTML.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (b *Box) showList(w http.ResponseWriter, r *http.Request) {
	to, before := strings.TrimSpace(r.FormValue("to")), r.FormValue("before")
	entries := b.List(to, before, perPage+1)
	older := ""
	if len(entries) > perPage {
		entries = entries[:perPage]
		older = "/inbox?" + url.Values{"to": {to}, "before": {entries[perPage-1].ID}}.Encode()
	}
	show(w, "list", map[string]any{"Title": "Inbox", "To": to, "Entries": entries, "Older": older, "Count": b.Count(), "Before": before})
}

func (b *Box) showMessage(w http.ResponseWriter, r *http.Request) {
	if m, ok := b.find(w, r); ok {
		show(w, "message", map[string]any{"Title": m.Subject, "Message": m})
	}
}

// html serves a message's own page, which may show pictures and nothing more.
func (b *Box) html(w http.ResponseWriter, r *http.Request) {
	m, ok := b.find(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; font-src http: https: data:; style-src 'unsafe-inline' http: https:; frame-ancestors 'self'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(openOutside(m.HTML)))
}

// openOutside makes links open in a tab of their own, as mail programs do.
func openOutside(page string) string {
	const base = `<base target="_blank">`
	lower := strings.ToLower(page)
	if start := strings.Index(lower, "<head"); start >= 0 {
		if end := strings.IndexByte(page[start:], '>'); end >= 0 {
			return page[:start+end+1] + base + page[start+end+1:]
		}
	}
	return base + page
}

func (b *Box) raw(w http.ResponseWriter, r *http.Request) {
	data, err := b.Raw(r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(data)
}

func (b *Box) part(w http.ResponseWriter, r *http.Request) {
	m, ok := b.find(w, r)
	if !ok {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Parts) {
		http.NotFound(w, r)
		return
	}
	p := m.Parts[n]
	// Only pictures are shown: anything else could run in our origin.
	disposition := "attachment"
	switch p.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		disposition = "inline"
	}
	w.Header().Set("Content-Type", p.Type)
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": p.Name}))
	_, _ = w.Write(p.Data)
}

// listJSON gives whole messages, the newest first, for tests and scripts: to as in List, limit up to 1,000.
func (b *Box) listJSON(w http.ResponseWriter, r *http.Request) {
	limit := perPage
	if text := r.FormValue("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			http.Error(w, "limit: expected a number from 1 to 1000", http.StatusBadRequest)
			return
		}
		limit = n
	}
	messages := []*Message{}
	for _, e := range b.List(r.FormValue("to"), r.FormValue("before"), limit) {
		m, err := b.Message(e.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			fail(w, err)
			return
		}
		messages = append(messages, m)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": messages})
}

// newest gives the id of the newest message, so that the list knows when to load itself anew.
func (b *Box) newest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, e := range b.List(r.FormValue("to"), "", 1) {
		_, _ = w.Write([]byte(e.ID))
	}
}

func (b *Box) find(w http.ResponseWriter, r *http.Request) (*Message, bool) {
	m, err := b.Message(r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return nil, false
	}
	return m, true
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrNotFound) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
}

func show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
