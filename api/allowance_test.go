package api

import (
	"errors"
	"net/http"
	"testing"

	"github.com/legato-flow/legato/ingest"
)

func TestBodiesTakeNoMoreThanTheirAllowance(t *testing.T) {
	t.Parallel()
	of := func(length int64, encoding string) *http.Request {
		r := &http.Request{ContentLength: length, Header: http.Header{}}
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		return r
	}
	cases := map[string]struct {
		request *http.Request
		leaves  int64 // of 1000
	}{
		"its length":               {of(300, ""), 700},
		"nothing":                  {of(0, ""), 1000},
		"of no known length":       {of(-1, ""), 500},
		"zipped":                   {of(30, "gzip"), 700},
		"zipped, of no length":     {of(-1, "gzip"), 500},
		"more than is ever read":   {of(1<<40, ""), 500},
		"more when it is unzipped": {of(400, "gzip"), 500},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAllowance(1000)
			giveBack, err := a.take(c.request, 500)
			if err != nil {
				t.Fatal(err)
			}
			if a.TryAcquire(c.leaves + 1) {
				t.Errorf("more than %d left", c.leaves)
			}
			if !a.TryAcquire(c.leaves) {
				t.Fatalf("not %d left", c.leaves)
			}
			if _, err := a.take(of(1, ""), 500); !errors.Is(err, ingest.ErrOverloaded) {
				t.Errorf("a byte too many: %v", err)
			}
			giveBack()
			a.Release(c.leaves)
			if !a.TryAcquire(1000) {
				t.Error("not all came back")
			}
		})
	}
}
