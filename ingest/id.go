package ingest

import (
	"time"

	"github.com/google/uuid"
)

// eventID makes a uuid of version 7 for an event received at t: milliseconds, then the rest of the millisecond
// in 4096ths, then random bits (RFC 9562 §5.7, §6.2 method 3). Ids sort by receipt.
func eventID(t time.Time) string {
	id := uuid.New()
	ms := t.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	part := uint16(t.Nanosecond() % 1e6 * 4096 / 1e6)
	id[6] = 0x70 | byte(part>>8)
	id[7] = byte(part)
	return id.String()
}
