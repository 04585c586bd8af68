package ingest

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"github.com/legato-flow/legato/store"
)

const (
	crowd      = 1000 // people who share a moment; more are spread
	crowdShare = 200  // of them enter together, as many as a cohort usually holds
)

// spread moves the entries of a moment that more than crowd share to later ones, over at most so long, and orders
// all by when they are due, so that those who are due together are in a cohort. A person keeps the same place
// within the same crowd.
func spread(entries []store.DateEntry, flow string, over time.Duration) {
	sharing := map[time.Time]int{}
	for _, e := range entries {
		sharing[e.Due]++
	}
	for i := range entries {
		e := &entries[i]
		n := sharing[e.Due]
		parts := min((n+crowdShare-1)/crowdShare, int(over/time.Second))
		if n <= crowd || parts < 2 {
			continue
		}
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(flow + "/" + e.ProfileID))
		part := time.Duration(mixed(sum.Sum64()) % uint64(parts))
		e.Due = e.Due.Add(part * (over / time.Duration(parts))).Truncate(time.Microsecond)
	}
	slices.SortFunc(entries, func(a, b store.DateEntry) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ProfileID, b.ProfileID), cmp.Compare(a.Key, b.Key))
	})
}

// mixed lets every bit of a sum count in its lowest ones: FNV's own do badly for ids that are alike.
func mixed(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}
