package clock

import (
	"sync"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed
)

var zones sync.Map

// Zone gives the first of the IANA names that is a zone, else UTC. Names come from outside: one that is not a
// zone is passed over.
func Zone(names ...string) *time.Location {
	for _, name := range names {
		if name == "" || name == "Local" || len(name) > 64 {
			continue
		}
		if zone, ok := zones.Load(name); ok {
			return zone.(*time.Location)
		}
		if zone, err := time.LoadLocation(name); err == nil {
			zones.Store(name, zone)
			return zone
		}
	}
	return time.UTC
}
