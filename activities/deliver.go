package activities

import (
	"context"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/program"
)

// maxHands is how many parcels of a batch are handed over at once when some of them take long.
const maxHands = 64

// recheck is after how long a member whose hand-over goes on in the background is looked at again.
const recheck = 5 * time.Second

// flight is the hand-over of one parcel. The pass that began it may leave before it lands.
type flight struct {
	parcel *parcel
	mu     sync.Mutex
	begun  time.Time
	landed bool
	left   bool // by the pass
	err    error
}

func (f *flight) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun = time.Now()
}

// land says whether the pass is still there to take the result.
func (f *flight) land(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.landed, f.err = true, err
	return !f.left
}

// air gives how long the parcel has been in the air; down is true when it has landed.
func (f *flight) air() (lasts time.Duration, down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.landed || f.begun.IsZero() {
		return 0, f.landed
	}
	return time.Since(f.begun), false
}

// stragglers are the hand-overs of this process that their passes did not wait for.
type stragglers struct {
	mu  sync.Mutex
	out map[string]time.Time // since when, by send key
	wg  sync.WaitGroup       // of all hand-overs
}

func (s *stragglers) add(key string, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		s.out = map[string]time.Time{}
	}
	s.out[key] = since
}

func (s *stragglers) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.out, key)
}

func (s *stragglers) since(key string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.out[key]
	return at, ok
}

// Drain waits until every hand-over that has begun is over and written down. Call it when no more pass begins.
func (a *Advance) Drain() { a.stragglers.wg.Wait() }

// withoutStragglers gives the parcels that are not being handed over in the background. The members of the others wait
// on, the longer the longer it takes.
func (p *pass) withoutStragglers(s *program.Step, parcels []*parcel) []*parcel {
	var free []*parcel
	for _, c := range parcels {
		since, out := p.stragglers.since(c.row.SendKey)
		if !out {
			free = append(free, c)
			continue
		}
		p.decide(s, "still being handed over")
		p.retryAt(c.member, p.base.Add(max(recheck, time.Since(since))))
	}
	return free
}

// deliver hands parcels over, several at once, and moves on the members of those that land. One that takes longer than
// Patience holds nobody up: another hand takes its place, and when only such ones are left they go on in the background.
// When the worker is stopping it begins no more, leaves those claimed, and returns the reason.
func (p *pass) deliver(ctx context.Context, s *program.Step, w way, parcels []*parcel, owner string) (ended []*parcel, stopped error) {
	patience, parallel := p.Patience, p.Parallel
	if patience <= 0 {
		patience = 2 * time.Second
	}
	if parallel <= 0 {
		parallel = 8
	}
	flights := make([]*flight, len(parcels))
	for i, c := range parcels {
		flights[i] = &flight{parcel: c}
	}
	next, landed := make(chan *flight), make(chan struct{}, len(flights))
	background := context.WithoutCancel(ctx)
	hands := 0
	hire := func() {
		hands++
		p.stragglers.wg.Go(func() {
			for f := range next {
				p.fly(background, w, f, owner, landed)
			}
		})
	}
	for hands < min(parallel, len(flights)) {
		hire()
	}
	tick := time.NewTicker(max(patience/4, time.Millisecond))
	defer tick.Stop()
	begun := 0
	for begun < len(flights) && ctx.Err() == nil {
		select {
		case next <- flights[begun]:
			begun++
		case <-tick.C:
			if hands < min(parallel+overdue(flights[:begun], patience), maxHands) {
				hire()
			}
		case <-ctx.Done():
		}
		heartbeat(ctx, s.ID, begun)
	}
	close(next)
	await(flights[:begun], landed, patience)
	for _, f := range flights[:begun] {
		if p.leave(f) {
			p.decide(s, "still being handed over")
			p.retryAt(f.parcel.member, p.base.Add(recheck))
		} else if p.settle(ctx, s, w, f.parcel, f.err) {
			ended = append(ended, f.parcel)
		}
	}
	for _, f := range flights[begun:] {
		p.retryAt(f.parcel.member, p.base)
	}
	return ended, ctx.Err()
}

// overdue counts the flights in the air for longer than patience.
func overdue(flights []*flight, patience time.Duration) int {
	n := 0
	for _, f := range flights {
		if lasts, down := f.air(); !down && lasts >= patience {
			n++
		}
	}
	return n
}

// await returns when every flight has landed or is overdue.
func await(flights []*flight, landed <-chan struct{}, patience time.Duration) {
	for {
		var wait time.Duration
		for _, f := range flights {
			if lasts, down := f.air(); !down && lasts < patience {
				wait = max(wait, patience-lasts)
			}
		}
		if wait == 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-landed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// leave lets a flight that has not landed end in the background; it says no when it has landed.
func (a *Advance) leave(f *flight) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.landed {
		return false
	}
	a.stragglers.add(f.parcel.row.SendKey, f.begun)
	f.left = true
	return true
}

// fly hands one parcel over. If the pass has left meanwhile, what became of it is written here; the pass that next looks
// at the member concludes from the row.
func (a *Advance) fly(ctx context.Context, w way, f *flight, owner string, landed chan<- struct{}) {
	f.begin()
	err := a.handOver(ctx, f.parcel, owner)
	if f.land(err) {
		landed <- struct{}{}
		return
	}
	c := f.parcel
	defer a.stragglers.remove(c.row.SendKey)
	log := a.Log.With("run", c.row.RunID.String, "step", c.row.Step.String, "profile", c.row.ProfileID)
	if err != nil {
		log.WarnContext(ctx, "sending "+w.what+", which took long", "attempt", c.attempt, "error", err)
	}
	if !c.verdict(w, err, a.Clock.Now()) {
		return
	}
	for pause := 100 * time.Millisecond; ; pause *= 4 {
		err := a.Store.Tx(ctx, func(tx *sqlx.Tx) error { return a.finishMessages(ctx, tx, owner, []*parcel{c}) })
		if err == nil {
			return
		}
		if pause > 10*time.Second {
			log.ErrorContext(ctx, "writing down what became of "+w.what, "status", c.row.Status, "error", err)
			return
		}
		time.Sleep(pause)
	}
}
