package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func FuzzReadBody(f *testing.F) {
	for _, seed := range []string{"", "{}", strings.Repeat("a", 2000)} {
		f.Add([]byte(seed), "application/json", "")
		f.Add(zipped(f, []byte(seed)), "application/vnd.api+json; charset=utf-8", "gzip")
	}
	f.Add(append(zipped(f, []byte("{")), zipped(f, bytes.Repeat([]byte(" "), 1<<20))...), "application/json", "GZIP")
	f.Add([]byte("x"), "text/plain", "br")
	const limit = 1000
	f.Fuzz(func(t *testing.T, body []byte, kind, encoding string) {
		r := httptest.NewRequest("POST", "/api/events", bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Content-Encoding", encoding)
		got, err := readBody(httptest.NewRecorder(), r, limit)
		var p *problem
		switch {
		case err != nil && !errors.As(err, &p):
			t.Fatalf("%T: %v", err, err)
		case err != nil && p.Status != 400 && p.Status != 413 && p.Status != 415:
			t.Fatalf("%+v", p)
		case err != nil:
			checkProblem(t, err)
		case len(got) > limit:
			t.Fatalf("%d bytes", len(got))
		case encoding == "" && !bytes.Equal(got, body):
			t.Fatal("the body is another")
		}
	})
}

func TestAnArchiveOfArchivesIsBoundedAsAWhole(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat(zipped(t, bytes.Repeat([]byte(" "), 100)), 20) // 20 members, each within the limit
	r := httptest.NewRequest("POST", "/api/events", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	_, err := readBody(httptest.NewRecorder(), r, 1000)
	var p *problem
	if !errors.As(err, &p) || p.Status != http.StatusRequestEntityTooLarge {
		t.Error(err)
	}
}

func TestABodyThatDoesNotArriveIsGivenUp(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := readBody(w, r, 1000)
		(&api{}).fail(w, r, err)
	}))
	server.Config.ReadTimeout = 300 * time.Millisecond
	server.Start()
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
	answer, err := io.ReadAll(connection) // to its end: the connection is of no use any more
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), `"timeout"`) {
		t.Errorf("%v: %s", err, answer)
	}
}
