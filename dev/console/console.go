// Package console prints what starting takes: a line for each part that is ready, and on a terminal a line that
// changes in place while something takes long.
package console

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// every is how often progress is printed where lines cannot be changed in place.
const every = 10 * time.Second

// Console prints to one writer. It is safe for concurrent use.
type Console struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	open     bool // a line that changes in place is on the screen
	last     map[string]time.Time
	now      func() time.Time
}

// New prints to out.
func New(out io.Writer) *Console {
	c := &Console{out: out, last: map[string]time.Time{}, now: time.Now}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		c.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return c
}

// Ready says that a part is ready, how long that took, and what there is to know about it.
func (c *Console) Ready(part string, took time.Duration, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprintf(c.out, "%-10s ready %6.1fs   %s\n", part, took.Seconds(), detail)
}

// Progress says what a part is doing.
func (c *Console) Progress(part, state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terminal {
		c.clear()
		fmt.Fprintf(c.out, "%-10s %.100s", part, state)
		c.open = true
		return
	}
	if last, ok := c.last[part]; ok && c.now().Sub(last) < every {
		return
	}
	c.last[part] = c.now()
	fmt.Fprintf(c.out, "%-10s %s\n", part, state)
}

// Printf prints lines of text.
func (c *Console) Printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprintf(c.out, format, args...)
}

// Write prints text, so that a console can be printed to.
func (c *Console) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	return c.out.Write(text)
}

// Troubles writes log lines to a file, and those that warn of something to the console as well. Each write must be
// one line in slog's text format.
func (c *Console) Troubles(file io.Writer) io.Writer { return troubles{c, file} }

type troubles struct {
	console *Console
	file    io.Writer
}

func (t troubles) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(" level=WARN ")) || bytes.Contains(line, []byte(" level=ERROR ")) {
		_, _ = t.console.Write(line)
	}
	return t.file.Write(line)
}

func (c *Console) clear() {
	if c.open {
		fmt.Fprint(c.out, "\r\x1b[2K")
		c.open = false
	}
}
