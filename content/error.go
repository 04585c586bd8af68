package content

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/osteele/liquid/expressions"
)

// Error is a fault in a template, or one met while rendering it. Line and Column count from 1 in the template
// file, front matter included; Column counts characters. A fault that belongs to no place has Line 1, Column 1.
type Error struct {
	File    string
	Line    int
	Column  int
	Message string
	Err     error // the cause, if there is one
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// Limits that a template can break while it renders; errors.Is finds them in an *Error.
var (
	ErrOutputTooLong = errors.New("the output is too long")
	ErrTooManyLoops  = errors.New("the loops run too often")
)

// fault is an error at a byte offset in one piece of Liquid, before it is placed in its file.
type fault struct {
	offset  int
	message string
	cause   error
}

func faultf(offset int, format string, args ...any) fault {
	return fault{offset: offset, message: fmt.Sprintf(format, args...)}
}

// libraryError is what the Liquid library's errors have in common.
type libraryError interface {
	error
	Cause() error
	LineNumber() int
}

var locative = regexp.MustCompile(`(?s)^Liquid error(?: \(line \d+\))?: (.*) in .*$`)

// explain gives the library's words without the places it adds, which are those of the rewritten source.
func explain(err error) string {
	var filter expressions.FilterError
	for {
		if f, ok := err.(expressions.FilterError); ok { //nolint:errorlint // the library does not implement Unwrap
			filter = f
			break
		}
		c, ok := err.(interface{ Cause() error }) //nolint:errorlint // likewise
		if !ok || c.Cause() == nil {
			break
		}
		err = c.Cause()
	}
	if filter.Err != nil {
		name, internal := strings.CutSuffix(filter.FilterName, "__")
		if internal && !strings.HasPrefix(name, "unsubscribe") {
			return filter.Err.Error()
		}
		return fmt.Sprintf("%s: %s", name, filter.Err)
	}
	message := err.Error()
	if m := locative.FindStringSubmatch(message); m != nil {
		message = m[1]
	}
	return message
}

// causeOf digs for the error that a filter returned.
func causeOf(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // the library does not implement Unwrap
		case expressions.FilterError:
			return e.Err
		case interface{ Cause() error }:
			if e.Cause() == nil {
				return err
			}
			err = e.Cause()
		default:
			return err
		}
	}
}
