package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// Bounds of the statements that hand messages over.
const (
	handOverStatements = 2 // at a time: one runs while the other waits for the disk
	handOverMost       = 500
	handOverTimeout    = 20 * time.Second
)

// handOvers gathers the hand-overs that are asked for at once, so that they wait for the disk together. The zero value
// is ready.
type handOvers struct {
	mu      sync.Mutex
	queue   []*handOver
	running int // statements
}

type handOver struct {
	key, owner string
	at         time.Time
	done       chan error // has room for one
}

// HandOver notes that the owner is about to hand a claimed message over. It fails when the claim is lost, and
// then nothing may be sent. It is not given up with ctx, as nobody would know then whether it was noted.
func (s *Store) HandOver(_ context.Context, key, owner string, now time.Time) error {
	h := &handOver{key: key, owner: owner, at: now, done: make(chan error, 1)}
	s.handing.mu.Lock()
	s.handing.queue = append(s.handing.queue, h)
	if s.handing.running < handOverStatements {
		s.handing.running++
		go s.handThemOver()
	}
	s.handing.mu.Unlock()
	return <-h.done
}

// handThemOver deals with hand-overs until none waits.
func (s *Store) handThemOver() {
	for {
		s.handing.mu.Lock()
		n := min(len(s.handing.queue), handOverMost)
		if n == 0 {
			s.handing.queue = nil
			s.handing.running--
			s.handing.mu.Unlock()
			return
		}
		batch := s.handing.queue[:n:n]
		s.handing.queue = s.handing.queue[n:]
		s.handing.mu.Unlock()
		s.note(batch)
	}
}

// note writes a batch and tells everybody.
func (s *Store) note(batch []*handOver) {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTimeout)
	defer cancel()
	// In one order, as others may hold some of the rows for a moment.
	slices.SortFunc(batch, func(a, b *handOver) int { return strings.Compare(a.key, b.key) })
	keys, owners, at := make([]string, len(batch)), make([]string, len(batch)), make([]time.Time, len(batch))
	for i, h := range batch {
		keys[i], owners[i], at[i] = h.key, h.owner, h.at
	}
	var noted []struct {
		Key   string `db:"send_key"`
		Owner string `db:"owner"`
	}
	err := s.DB.SelectContext(ctx, &noted, query("message_handing"), pq.Array(keys), pq.Array(owners), times(at))
	ours := make(map[[2]string]bool, len(noted))
	for _, n := range noted {
		ours[[2]string{n.Key, n.Owner}] = true
	}
	for _, h := range batch {
		switch {
		case err != nil:
			h.done <- fmt.Errorf("handing over %s: %w", h.key, err)
		case !ours[[2]string{h.key, h.owner}]:
			h.done <- fmt.Errorf("handing over %s: the claim is lost", h.key)
		default:
			h.done <- nil
		}
	}
}
