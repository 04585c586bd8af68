package stack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lock keeps a second start away. The kernel lets go of it when the process ends, however that ends; what the file
// says is only for people.
type lock struct {
	file    *os.File
	unclean bool // the process before did not let go of it itself
}

func acquire(path, holder string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	said, err := io.ReadAll(io.LimitReader(file, 1000))
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("reading the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("a Legato runs in this folder already (%s): stop it first, with Ctrl-C where it runs", strings.TrimSpace(string(said)))
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	l := &lock{file: file, unclean: len(said) > 0}
	return l, l.write(holder)
}

func (l *lock) write(text string) error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}

func (l *lock) release() error { return errors.Join(l.write(""), l.file.Close()) }
