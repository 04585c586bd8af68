package ingest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/legato-flow/legato/ingest"
)

func TestJoiningAListEntersItsFlowsOnce(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	list, err := g.CreateList(t.Context(), "Newsletter", ingest.SingleOptIn)
	if err != nil || len(list.ID) != 6 {
		t.Fatalf("%+v, %v", list, err)
	}
	flow(t, s, "by-id", "live", "list", list.ID)
	flow(t, s, "by-name", "live", "list", "Newsletter")
	flow(t, s, "draft", "draft", "list", "Newsletter")
	flow(t, s, "other", "live", "list", "Others")
	p, _, err := g.UpsertProfile(t.Context(), by("email", "a@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() { errs[i] = g.JoinList(t.Context(), list.ID, []string{p.ID, p.ID}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var entries []string
	if err := s.DB.Select(&entries, "select flow_id || ' ' || entry_key from outbox order by flow_id"); err != nil {
		t.Fatal(err)
	}
	key := fmt.Sprintf("list/%s/%d", list.ID, now.UnixMicro())
	if got, want := fmt.Sprint(entries), fmt.Sprintf("[by-id %s by-name %s]", key, key); got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	if err := g.LeaveList(t.Context(), list.ID, []string{p.ID, "nobody"}); err != nil {
		t.Error(err)
	}
	if n := number(t, s, "select count(*) from list_member"); n != 0 {
		t.Errorf("%d members after leaving", n)
	}
	var unknown *ingest.UnknownProfilesError
	if err := g.JoinList(t.Context(), list.ID, []string{p.ID, "nobody"}); !errors.As(err, &unknown) || fmt.Sprint(unknown.IDs) != "[nobody]" {
		t.Errorf("joining with an unknown profile: %v", err)
	}
	if n := number(t, s, "select count(*) from list_member"); n != 0 {
		t.Errorf("%d members after a refused call", n)
	}
	if err := g.JoinList(t.Context(), "none", []string{p.ID}); !errors.Is(err, ingest.ErrUnknownList) {
		t.Errorf("joining no list: %v", err)
	}
}

func TestUnsubscribingTwiceIsOneSuppressionAndOneEvent(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	p, _, err := g.UpsertProfile(t.Context(), by("email", "a@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.Unsubscribe(t.Context(), p.ID, "email"); err != nil {
			t.Fatal(err)
		}
	}
	if n := number(t, s, "select count(*) from suppression where reason = 'UNSUBSCRIBE' and channel = 'email'"); n != 1 {
		t.Errorf("%d suppressions", n)
	}
	if n := number(t, s, "select count(*) from event join metric m on m.id = metric_id where m.name = 'Unsubscribed from Email Marketing'"); n != 1 {
		t.Errorf("%d events", n)
	}
	if err := g.Unsubscribe(t.Context(), "nobody", "email"); !errors.Is(err, ingest.ErrUnknownProfile) {
		t.Errorf("nobody: %v", err)
	}
}
