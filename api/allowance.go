package api

import (
	"net/http"

	"github.com/legato-flow/legato/ingest"
	"golang.org/x/sync/semaphore"
)

// bodyAllowance is how many bytes the bodies of single events may take that are being read or wait for Postgres. There may
// be many connections, and each may send maxEventBody.
const bodyAllowance = 256 << 20

// expansion is how much larger than what is sent an unzipped body is taken to be.
const expansion = 10

// allowance bounds what bodies take together.
type allowance struct{ *semaphore.Weighted }

func newAllowance(bytes int64) allowance { return allowance{semaphore.NewWeighted(bytes)} }

// take reserves what the body of the request may take, of at most limit, until it is given back. When there is not as much
// left it returns ingest.ErrOverloaded, before anything is read.
func (a allowance) take(r *http.Request, limit int64) (giveBack func(), err error) {
	size := r.ContentLength
	if r.Header.Get("Content-Encoding") != "" {
		size *= expansion
	}
	if size < 0 || size > limit {
		size = limit
	}
	if !a.TryAcquire(size) {
		return nil, ingest.ErrOverloaded
	}
	return func() { a.Release(size) }, nil
}
