package worker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

func TestALateEventTriggersNothing(t *testing.T) {
	t.Parallel()
	const waits = "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - wait: 10h\n  - email: letter\n"
	const atOnce = "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n  - wait: 10h\n  - email: letter\n"
	for name, test := range map[string]struct {
		flow    string
		edit    func(p *plan.Plan)
		setting time.Duration
		lag     time.Duration
		late    bool
	}{
		"within six hours":                    {atOnce, nil, 0, 6 * time.Hour, false},
		"later":                               {atOnce, nil, 0, 6*time.Hour + time.Second, true},
		"within the setting":                  {atOnce, nil, 8 * time.Hour, 8 * time.Hour, false},
		"within the first wait":               {waits, nil, 0, 10 * time.Hour, false},
		"later than the first wait":           {waits, nil, 0, 10*time.Hour + time.Second, true},
		"within the trigger's own limit":      {atOnce, func(p *plan.Plan) { p.Triggers[0].Metric.Late = 30 * 24 * time.Hour }, 0, 29 * 24 * time.Hour, false},
		"the trigger's own limit is stronger": {atOnce, func(p *plan.Plan) { p.Triggers[0].Metric.Late = time.Hour }, 0, 2 * time.Hour, true},
		"transactional, within a week":        {atOnce, func(p *plan.Plan) { p.Steps[0].Email.Transactional = true }, 0, 7 * 24 * time.Hour, false},
		"transactional, later":                {atOnce, func(p *plan.Plan) { p.Steps[0].Email.Transactional = true }, 0, 7*24*time.Hour + time.Second, true},
		"from the future":                     {atOnce, nil, 0, -24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, test.flow, map[string]string{"letter": letterTemplate})
			s.dispatch.Late = test.setting
			if test.edit != nil {
				s.change(test.edit)
			}
			id := s.profile("ada", nil)
			s.event(id, "Joined", nil)
			s.store.DB.MustExec("update event set recorded_at = time + $1 * interval '1 second'", test.lag.Seconds())
			s.enter()
			var want []string
			if test.late {
				want = []string{store.RefusedLate}
			}
			if diff := cmp.Diff(want, s.refusals(id)); diff != "" || (s.runs(id) == 0) != test.late {
				t.Errorf("%d runs, %s", s.runs(id), diff)
			}
		})
	}
}
