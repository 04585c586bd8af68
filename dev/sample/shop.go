package sample

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed shop.html
var pages embed.FS

var shopPages = template.Must(template.New("").Funcs(template.FuncMap{
	"price":   func(v float64) string { return fmt.Sprintf("$%.2f", v) },
	"picture": func(id string) string { return pictureURL("", id) },
	"link":    func(id string) string { return pageURL("", id) },
}).ParseFS(pages, "shop.html"))

// shop serves what links in the sample store's messages lead to.
type shop struct {
	base     string
	shelves  []*category
	products map[string]*product
	draw     map[string]func() ([]byte, error) // by name of the picture; each draws once
}

// Handler serves the shop below /sample/: pages, pictures, and the web feed /sample/journal.json. base is the URL
// of the server that it is mounted on.
func Handler(base string) http.Handler {
	s := &shop{base: base, shelves: catalog(rand.New(rand.NewPCG(seed, 0))), products: map[string]*product{}, draw: map[string]func() ([]byte, error){}}
	for number, shelf := range s.shelves {
		for i := range shelf.products {
			s.products[shelf.products[i].id] = &shelf.products[i]
			s.draw[shelf.products[i].id] = sync.OnceValues(func() ([]byte, error) { return picture(number, i, pictureSize) })
		}
	}
	for i, a := range articles {
		s.draw[a.id] = sync.OnceValues(func() ([]byte, error) { return banner(i, pictureSize) })
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sample/{$}", s.front)
	mux.Handle("GET /sample", http.RedirectHandler("/sample/", http.StatusFound))
	mux.HandleFunc("GET /sample/products/{id}", s.product)
	mux.HandleFunc("GET /sample/images/{file}", s.picture)
	mux.HandleFunc("GET /sample/journal.json", s.journal)
	mux.HandleFunc("GET /sample/journal/{id}", s.article)
	mux.HandleFunc("GET /sample/checkout", func(w http.ResponseWriter, _ *http.Request) { show(w, "checkout", nil) })
	return mux
}

// card is a product as pages show it.
type card struct {
	ID, Title, Note, Shelf string
	Price                  float64
	Variants               []row
}

type row struct {
	Title string
	Price float64
	Stock int
}

func (p *product) card() card {
	c := card{ID: p.id, Title: p.title, Note: p.note, Shelf: p.category.name, Price: p.price}
	for _, v := range p.variants {
		c.Variants = append(c.Variants, row{v.title, v.price, v.inventory})
	}
	return c
}

func (s *shop) front(w http.ResponseWriter, _ *http.Request) {
	type shelf struct {
		Name     string
		Products []card
	}
	var shelves []shelf
	for _, c := range s.shelves {
		row := shelf{Name: c.name}
		for i := range c.products {
			row.Products = append(row.Products, c.products[i].card())
		}
		shelves = append(shelves, row)
	}
	show(w, "front", shelves)
}

func (s *shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := s.products[r.PathValue("id")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	show(w, "product", p.card())
}

func (s *shop) picture(w http.ResponseWriter, r *http.Request) {
	name, isPNG := strings.CutSuffix(r.PathValue("file"), ".png")
	draw, ok := s.draw[name]
	if !ok || !isPNG {
		http.NotFound(w, r)
		return
	}
	data, err := draw()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Header().Set("Cache-Control", "max-age=86400")
	_, _ = w.Write(data)
}

// entry is an article as the web feed has it.
type entry struct {
	Title   string `json:"title"`
	URL     string `json:"url"`
	Summary string `json:"summary"`
	Image   string `json:"image"`
}

func (s *shop) journal(w http.ResponseWriter, _ *http.Request) {
	items := make([]entry, len(articles))
	for i, a := range articles {
		items[i] = entry{a.title, s.base + "/sample/journal/" + a.id, a.summary, pictureURL(s.base, a.id)}
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(map[string]any{"items": items})
}

func (s *shop) article(w http.ResponseWriter, r *http.Request) {
	for _, a := range articles {
		if a.id == r.PathValue("id") {
			show(w, "article", map[string]any{"ID": a.id, "Title": a.title, "Summary": a.summary, "Text": a.text})
			return
		}
	}
	http.NotFound(w, r)
}

func show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'")
	if err := shopPages.ExecuteTemplate(w, name, map[string]any{"Shop": shopName, "Data": data}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// articles are the journal's, the newest first.
var articles = []struct{ id, title, summary, text string }{
	{"journal-bloom", "Why coffee blooms", "Thirty seconds of patience that you can taste.",
		"Fresh coffee holds gas from the roast. Wet it with twice its weight of water and wait: it swells, sighs and settles, and the water that follows can reach all of it. No bloom means old beans, or water that is too cold."},
	{"journal-water", "Your water is half the cup", "A kettle, a filter jug, and what hardness does to flavour.",
		"Very hard water flattens acids and leaves chalk on the kettle; very soft water leaves coffee sour. If your tea shows a film, try filtered water in one of two cups, side by side. You will not need a third."},
	{"journal-sencha", "Seventy degrees", "Green tea is not bitter. It is scalded.",
		"Boiling water draws bitterness from green leaves in seconds. Let the kettle stand with its lid open for four minutes, or pour from cup to cup twice. One minute in the pot is enough for the first infusion."},
	{"journal-grind", "Grind finer, or coarser?", "Sour: finer. Bitter: coarser. The rest is practice.",
		"Change one thing at a time. Sourness says that the water passed too quickly; bitterness that it lingered. Move the burrs two steps, not ten, and write down what you did, since you will have forgotten by tomorrow."},
	{"journal-cups", "What a thick rim is for", "Espresso wants porcelain, cold brew wants glass.",
		"A thick wall, warmed, keeps thirty millilitres hot for the three minutes that they last. A thin one lets tea cool to where it can be tasted. And a bowl asks you to put down your telephone."},
}
