package worker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const manyWays = `
flow: f
status: live
trigger: {metric: Joined}
filter: person.out != true
exit_on: {metric: Left}
steps:
  - switch:
      - {when: person.n % 3 == 0, then: [{wait: 1s}, {email: us}]}
      - {when: person.n % 3 == 1, then: [{wait: 2s}, {email: world}]}
    else: [{update_profile: {set: {other: true}}}]
  - wait_for: {metric: Paid, timeout: 10s}
    then: [{track: Thanked}]
    else: [{list: {add: News}}]
  - update_profile: {increment: {end: 1}}
`

// TestEverybodyFaresTheSameInAWorkflowOfTheirOwn lets the same people go the same ways, together and each in a
// workflow of their own.
func TestEverybodyFaresTheSameInAWorkflowOfTheirOwn(t *testing.T) {
	t.Parallel()
	const people = 12
	fates := map[int][]string{}
	for _, most := range []int{200, 1} {
		s := newStage(t, manyWays, map[string]string{"us": letterTemplate, "world": letterTemplate})
		s.store.DB.MustExec("insert into list (id, name) values ('news', 'News')")
		s.most = most
		live(t, s)
		s.setClock(time.Now().UTC())
		for i := range people {
			s.profile(fmt.Sprintf("p%02d", i), map[string]any{"email": address(fmt.Sprintf("p%02d", i)), "n": float64(i), "out": i == 11})
		}
		s.eventForAll("Joined")
		until(t, "all but one are inside or through", func() bool {
			var n int
			return s.store.DB.Get(&n, "select count(*) from run where step <> ''") == nil && n == people-1
		})
		s.setClock(time.Now().UTC())
		for i := 5; i >= 0; i-- { // who has the shortest way first
			switch i {
			case 0, 1, 2:
				s.event(fmt.Sprintf("01p%02d", i), "Left", nil)
			case 3, 4, 5:
				until(t, fmt.Sprintf("person %d waits for the payment", i), func() bool {
					var n int
					return s.store.DB.Get(&n, "select count(*) from watch where profile_id = $1 and step <> ''", fmt.Sprintf("01p%02d", i)) == nil && n == 1
				})
				s.setClock(time.Now().UTC())
				s.event(fmt.Sprintf("01p%02d", i), "Paid", nil)
			}
		}
		s.ended(people - 1)
		var cohorts int
		if err := s.store.DB.Get(&cohorts, "select count(*) from cohort"); err != nil {
			t.Fatal(err)
		}
		if most == 1 && cohorts != people-1 {
			t.Errorf("%d people have %d workflows of their own", people-1, cohorts)
		}
		for i := range people {
			if i <= 2 { // how far somebody gets who leaves at once depends on the moment
				if run := s.run(fmt.Sprintf("01p%02d", i)); run.Reason != "Exit On: Left" {
					t.Errorf("person %d: %s %q", i, run.Status, run.Reason)
				}
				continue
			}
			outcomes := s.outcomes(fmt.Sprintf("01p%02d", i))
			slices.Sort(outcomes) // those of one moment come in any order
			fates[most] = append(fates[most], fmt.Sprint(i, outcomes, s.mail.to(address(fmt.Sprintf("p%02d", i)))))
		}
	}
	if diff := cmp.Diff(fates[200], fates[1]); diff != "" {
		t.Error(diff)
	}
}
