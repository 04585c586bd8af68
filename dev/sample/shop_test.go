package sample

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheShopServesWhatItsMessagesLinkTo(t *testing.T) {
	t.Parallel()
	shop := Handler("http://127.0.0.1:8080")
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		shop.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for path, want := range map[string]string{
		"/sample/":                     "Glass Siphon",
		"/sample/products/coffee-04":   "sold out",
		"/sample/products/brewers-01":  "Ceramic Dripper",
		"/sample/journal/journal-cups": "thick rim",
		"/sample/checkout":             "Checkout",
	} {
		if w := get(path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, without %q:\n%s", path, w.Code, want, w.Body)
		}
	}
	for _, path := range []string{"/sample/products/nothing", "/sample/images/coffee-01", "/sample/images/nothing.png", "/sample/journal/nothing", "/sample/images/..%2fcoffee-01.png"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := get("/sample/images/cups-02.png")
	if img, err := png.Decode(bytes.NewReader(w.Body.Bytes())); err != nil || img.Bounds().Dx() != pictureSize || w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %v, %v", err, w.Header())
	}
	var feed struct{ Items []entry }
	if err := json.Unmarshal(get("/sample/journal.json").Body.Bytes(), &feed); err != nil || len(feed.Items) != len(articles) {
		t.Fatalf("the feed has %d items, %v", len(feed.Items), err)
	}
	for _, e := range feed.Items {
		for _, link := range []string{e.URL, e.Image} {
			if w := get(strings.TrimPrefix(link, "http://127.0.0.1:8080")); w.Code != http.StatusOK {
				t.Errorf("%s: %d", link, w.Code)
			}
		}
	}
}

func TestPicturesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for i := range 10 {
		data, err := picture(0, i, 96)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[string(data)]; ok {
			t.Errorf("pictures %d and %d are the same", before, i)
		}
		seen[string(data)] = i
	}
}
