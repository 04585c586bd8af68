package stack

import (
	"errors"
	"fmt"
	"time"

	"github.com/legato-flow/legato/dev/process"
)

// Ports are on 127.0.0.1.
type Ports struct {
	HTTP       int // the API, the inbox and the sample store
	Mail       int // SMTP
	Temporal   int // gRPC
	TemporalUI int
	Postgres   int // unused with Options.DatabaseURL
}

// DefaultPorts are those that the documentation names.
var DefaultPorts = Ports{HTTP: 8080, Mail: 1025, Temporal: 7233, TemporalUI: 8233, Postgres: 5433}

// check names every port that is busy, with the option that moves it. After a process that was killed its servers
// may need a moment to stop, so patience is how long busy ports are waited for.
func (p Ports) check(withPostgres bool, patience time.Duration) error {
	type claim struct {
		port           int
		server, option string
	}
	claims := []claim{
		{p.HTTP, "the API", "--port"},
		{p.Mail, "the inbox", "--mail-port"},
		{p.Temporal, "Temporal", "--temporal-port"},
		{p.TemporalUI, "Temporal's web UI", "--temporal-ui-port"},
	}
	if withPostgres {
		claims = append(claims, claim{p.Postgres, "Postgres", "--postgres-port"})
	}
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		var problems []error
		for _, c := range claims {
			if _, err := process.Port(c.port, c.server); err != nil {
				problems = append(problems, fmt.Errorf("%w: stop that, or choose another port with %s", err, c.option))
			}
		}
		if len(problems) == 0 || time.Now().After(end) {
			return errors.Join(problems...)
		}
	}
}
