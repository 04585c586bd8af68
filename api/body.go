package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// readBody reads the body of a request, unzipped, of at most limit bytes both before and after.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	given := r.Header.Get("Content-Type")
	kind, parameters, err := mime.ParseMediaType(given)
	if err != nil || kind != mediaType && kind != "application/json" || !unicodeOnly(parameters) {
		return nil, newProblem(http.StatusUnsupportedMediaType, "The Content-Type must be %s or application/json, not %q.", mediaType, shorten(given))
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit) // before it is sent, if the sender asks first
	}
	var body io.Reader = http.MaxBytesReader(w, r.Body, limit)
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip":
		zipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, bodyProblem(err, limit)
		}
		body = io.LimitReader(zipped, limit+1)
	default:
		return nil, newProblem(http.StatusUnsupportedMediaType, "The Content-Encoding must be gzip or absent, not %q.", shorten(encoding))
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, bodyProblem(err, limit)
	}
	if int64(len(data)) > limit {
		return nil, tooLarge(limit)
	}
	return data, nil
}

// request reads what an operation that writes is sent: its query parameters, and a body of at most limit bytes.
func (a *api) request(w http.ResponseWriter, r *http.Request, p parameters, limit int64) (*query, jsontext.Value, error) {
	q, err := p.parse(r)
	if err != nil {
		return nil, nil, err
	}
	raw, err := a.json(w, r, limit)
	return q, raw, err
}

// json reads a body as one JSON value.
func (a *api) json(w http.ResponseWriter, r *http.Request, limit int64) (jsontext.Value, error) {
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	return parseJSON(body)
}

func unicodeOnly(parameters map[string]string) bool {
	for name, value := range parameters {
		if name == "charset" && !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

func tooLarge(limit int64) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "The body must take at most %d bytes when unzipped.", limit)
}

func bodyProblem(err error, limit int64) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, "The body did not arrive in time.")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), strings.HasPrefix(err.Error(), "flate: "), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return newProblem(http.StatusBadRequest, "The body is cut off or not what its Content-Encoding says.")
	default:
		return newProblem(http.StatusBadRequest, "The body could not be read.")
	}
}

// parseJSON checks that the body is one JSON value: well-formed, in UTF-8, with no name twice in an object and no
// NUL in a string, which Postgres cannot keep.
func parseJSON(body []byte) (jsontext.Value, error) {
	d := decode(body, false)
	defer release(d)
	if _, err := d.ReadValue(); err != nil {
		return nil, syntaxProblem(body, err)
	}
	end := d.InputOffset()
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, newProblem(http.StatusBadRequest, "The body goes on after the JSON document, at %s.", place(body, end))
	}
	if bytes.Contains(body, []byte(`\u0000`)) {
		if pointer, found := findNUL(body); found {
			return nil, invalid(pointer, "Strings must not contain the NUL character (\\u0000).")
		}
	}
	return body, nil
}

func syntaxProblem(body []byte, err error) *problem {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		p := newProblem(http.StatusBadRequest, "The body is not a complete JSON document: it is empty or cut off.")
		p.Code = "malformed"
		return p
	}
	if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
		syntax.Err = errors.New("it is cut off")
	}
	what := strings.TrimPrefix(fmt.Sprint(syntax.Err), "jsontext: ")
	p := newProblem(http.StatusBadRequest, "The body is not well-formed JSON: %s, at %s.", what, place(body, syntax.ByteOffset))
	p.Code = "malformed"
	if len(syntax.JSONPointer) < 500 {
		p.Source = &source{Pointer: string(syntax.JSONPointer)}
	}
	return p
}

// place gives the line and column of an offset, both from 1, the column in bytes.
func place(body []byte, offset int64) string {
	before := body[:min(max(offset, 0), int64(len(body)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

func findNUL(body []byte) (pointer string, found bool) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return "", false
		}
		if token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return strings.ReplaceAll(string(d.StackPointer()), "\x00", ""), true
		}
	}
}
