package stack

import (
	"fmt"
	"os"

	"github.com/legato-flow/legato/dev/process"
)

// Memory says how much physical memory each part holds.
func (s *Stack) Memory() (string, error) {
	children := int64(0)
	text := ""
	add := func(name string, pid int) error {
		held, err := process.Memory(pid)
		if err != nil {
			return err
		}
		children += held
		text += fmt.Sprintf(", %s %d MB", name, held>>20)
		return nil
	}
	if s.postgres != nil {
		if err := add("Postgres", s.postgres.PID()); err != nil {
			return "", err
		}
	}
	if err := add("Temporal", s.temporal.PID()); err != nil {
		return "", err
	}
	all, err := process.Memory(os.Getpid())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d MB: Legato %d MB%s", all>>20, (all-children)>>20, text), nil
}
