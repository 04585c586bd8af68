package store

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"
)

// EventID makes a uuid of version 7 for an event received at t: milliseconds, then the rest of the millisecond
// in 4096ths, then random bits (RFC 9562 §5.7, §6.2 method 3). Ids sort by receipt.
func EventID(t time.Time) string {
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

const shortIDAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// ShortID makes an id of a metric or list: 6 random letters and digits, as in the public API.
func ShortID() string {
	var id [6]byte
	for i := 0; i < len(id); {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		for _, c := range b {
			if c &= 63; int(c) < len(shortIDAlphabet) && i < len(id) {
				id[i] = shortIDAlphabet[c]
				i++
			}
		}
	}
	return string(id[:])
}
