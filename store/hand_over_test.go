package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
)

// Those that are asked for at once share statements, and each must hear of its own claim alone.
func TestOfManyHandOversAtOnceThoseWithAClaimAreNoted(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	s.DB.MustExec("insert into plan (hash, flow_id, body) values ('h', 'f', '{}')")
	s.DB.MustExec("insert into cohort (id, flow_id, hash, size) values ('c', 'f', 'h', 1)")
	const n = 600
	s.DB.MustExec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, status)
		select 'r' || i, 'f', 'h', 'p' || i, 'e', 'c', now(), case when i % 3 = 1 then 'cancelled' else 'active' end from generate_series(0, $1 - 1) i`, n)
	s.DB.MustExec(`insert into message (send_key, message_id, run_id, profile_id, channel, address, status, owner)
		select 'k' || i, 'm', 'r' || i, 'p' || i, 'email', 'a', 'claimed', case when i % 3 = 2 then 'other' else 'me' end from generate_series(0, $1 - 1) i`, n)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var asked sync.WaitGroup
	for i := range n {
		asked.Go(func() {
			err := s.HandOver(t.Context(), fmt.Sprintf("k%d", i), "me", at.Add(time.Duration(i)*time.Second))
			if (err == nil) != (i%3 == 0) {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	asked.Wait()
	var noted int
	err := s.DB.Get(&noted, "select count(*) from message where status = 'handing' and handed_at = $1::timestamptz + substr(send_key, 2)::int * interval '1 second'", at)
	if err != nil || noted != n/3 {
		t.Errorf("%d are noted, %v", noted, err)
	}
	if err := s.HandOver(t.Context(), "k0", "me", at); err == nil {
		t.Error("a message was handed over twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.HandOver(t.Context(), "k3", "me", at); err == nil {
		t.Error("a message was handed over without a database")
	}
}
