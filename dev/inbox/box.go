// Package inbox is the mail server of development: it takes every message over SMTP, delivers none, and shows them
// on web pages and as JSON.
package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Bounds of what is kept; the oldest messages go first.
const (
	maxMessages = 2000
	maxBytes    = 512 << 20
	maxMessage  = 10 << 20 // of one message; larger ones are refused
	maxHeader   = 64 << 10 // read of a message to list it
)

// ErrNotFound is what is returned for a message that is not there, or no more.
var ErrNotFound = errors.New("no such message")

// Box keeps messages as files, so that they survive a restart. It is safe for concurrent use.
type Box struct {
	dir         string
	now         func() time.Time
	maxMessages int
	maxBytes    int64

	mu      sync.Mutex
	entries []Entry // the oldest first
	bytes   int64
	last    ulid.ULID
}

// Entry is a message in the list.
type Entry struct {
	ID       string    `json:"id"`       // in the order of arrival
	Received time.Time `json:"received"` // when it arrived
	Sender   string    `json:"sender"`   // of the envelope
	To       []string  `json:"to"`       // of the envelope
	From     string    `json:"from"`     // the header
	Subject  string    `json:"subject"`
	Size     int64     `json:"size"` // in bytes, as kept
}

// Open opens the box in a folder, which is made when it is missing. now may be nil.
func Open(dir string, now func() time.Time) (*Box, error) {
	if now == nil {
		now = time.Now
	}
	b := &Box{dir: dir, now: now, maxMessages: maxMessages, maxBytes: maxBytes}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the inbox: %w", err)
	}
	files, err := os.ReadDir(dir) // sorted by name, and so by arrival
	if err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	for _, file := range files {
		name := file.Name()
		if strings.HasSuffix(name, ".part") {
			_ = os.Remove(filepath.Join(dir, name)) // a message that was never acknowledged
			continue
		}
		text, isMail := strings.CutSuffix(name, ".eml")
		id, err := ulid.ParseStrict(text)
		if !isMail || err != nil {
			continue
		}
		entry, err := b.read(id)
		if err != nil {
			return nil, err
		}
		b.entries = append(b.entries, entry)
		b.bytes += entry.Size
		b.last = id
	}
	return b, b.trim()
}

func (b *Box) path(id string) string { return filepath.Join(b.dir, id+".eml") }

// read makes the entry of a message that is kept.
func (b *Box) read(id ulid.ULID) (Entry, error) {
	file, err := os.Open(b.path(id.String()))
	if err != nil {
		return Entry{}, fmt.Errorf("reading the inbox: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Entry{}, fmt.Errorf("reading the inbox: %w", err)
	}
	head, err := io.ReadAll(io.LimitReader(file, maxHeader))
	if err != nil {
		return Entry{}, fmt.Errorf("reading the inbox: %w", err)
	}
	return entry(id, head, info.Size()), nil
}

// Add keeps a message that came with the envelope's sender and recipients.
func (b *Box) Add(sender string, to []string, raw []byte) (Entry, error) {
	data := append(trace(sender, to), raw...)
	b.mu.Lock()
	defer b.mu.Unlock()
	id, err := b.nextID()
	if err != nil {
		return Entry{}, err
	}
	path := b.path(id.String())
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return Entry{}, fmt.Errorf("keeping a message: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return Entry{}, fmt.Errorf("keeping a message: %w", err)
	}
	e := entry(id, data[:min(len(data), maxHeader)], int64(len(data)))
	b.entries = append(b.entries, e)
	b.bytes += e.Size
	return e, b.trim()
}

// nextID is after all others, even if the clock went back.
func (b *Box) nextID() (ulid.ULID, error) {
	id, err := ulid.New(ulid.Timestamp(b.now()), ulid.DefaultEntropy())
	if err != nil {
		return id, fmt.Errorf("naming a message: %w", err)
	}
	if id.Compare(b.last) <= 0 {
		id = b.last
		for i := len(id) - 1; i >= 0; i-- {
			if id[i]++; id[i] != 0 {
				break
			}
		}
	}
	b.last = id
	return id, nil
}

// trim removes the oldest messages that are beyond the bounds.
func (b *Box) trim() error {
	drop := 0
	for len(b.entries)-drop > b.maxMessages || (b.bytes > b.maxBytes && len(b.entries)-drop > 1) {
		if err := os.Remove(b.path(b.entries[drop].ID)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing an old message: %w", err)
		}
		b.bytes -= b.entries[drop].Size
		drop++
	}
	b.entries = slices.Delete(b.entries, 0, drop)
	return nil
}

// List gives the newest messages, at most limit, that arrived before the one with the id before ("": all) and whose
// recipients match to: an address with an @ as a whole, other text as a part, "" all; never regarding case.
func (b *Box) List(to, before string, limit int) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []Entry
	for _, e := range slices.Backward(b.entries) {
		if len(found) == limit {
			break
		}
		if (before == "" || e.ID < before) && e.isTo(to) {
			found = append(found, e)
		}
	}
	return found
}

func (e Entry) isTo(to string) bool {
	return to == "" || slices.ContainsFunc(e.To, func(address string) bool {
		if strings.Contains(to, "@") {
			return strings.EqualFold(address, to)
		}
		return strings.Contains(strings.ToLower(address), strings.ToLower(to))
	})
}

// Count is how many messages are kept.
func (b *Box) Count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}

// Raw gives a message as it arrived, below the lines that the inbox adds.
func (b *Box) Raw(id string) ([]byte, error) {
	// Parsing the id keeps paths out of it.
	if _, err := ulid.ParseStrict(id); err != nil || id != strings.ToUpper(id) {
		return nil, ErrNotFound
	}
	data, err := os.ReadFile(b.path(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	return data, nil
}

// Message reads one message.
func (b *Box) Message(id string) (*Message, error) {
	data, err := b.Raw(id)
	if err != nil {
		return nil, err
	}
	return parse(ulid.MustParseStrict(id), data), nil
}

// To reads all messages to an address, the oldest first.
func (b *Box) To(address string) ([]*Message, error) {
	entries := b.List(address, "", maxMessages)
	messages := make([]*Message, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		m, err := b.Message(e.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// Clear removes all messages.
func (b *Box) Clear() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if err := os.Remove(b.path(e.ID)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing a message: %w", err)
		}
	}
	b.entries, b.bytes = nil, 0
	return nil
}

// trace makes the lines that mail servers put before a message: the envelope.
func trace(sender string, to []string) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Return-Path: <%s>\r\n", oneLine(sender))
	for _, address := range to {
		fmt.Fprintf(&out, "Delivered-To: %s\r\n", oneLine(address))
	}
	return out.Bytes()
}

func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }
