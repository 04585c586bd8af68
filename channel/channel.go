// Package channel says what all ways out have in common: how a delivery can fail.
//
// An error of a delivery is one of three. A *PermanentError will not go away: never try again. ErrUnknown means that
// the message may or may not have been delivered: do not send it again by itself. Every other error is temporary, and
// nothing was delivered.
package channel

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnknown is wrapped by an error after which nobody can say whether the message was delivered.
var ErrUnknown = errors.New("it is not known whether the message was delivered")

// PermanentError is a failure that a later attempt will meet again.
type PermanentError struct {
	Reason string // for the person who asks why: the server's words, or what is wrong with the message
	Err    error  // the cause, if there is one
}

func (e *PermanentError) Error() string { return e.Reason }

func (e *PermanentError) Unwrap() error { return e.Err }

// LaterError is a temporary failure with a wish about when to try again.
type LaterError struct {
	Reason string
	After  time.Duration // not before so long from now; 0 is no wish
	Err    error         // the cause, if there is one
}

func (e *LaterError) Error() string { return e.Reason }

func (e *LaterError) Unwrap() error { return e.Err }

// Permanentf makes a PermanentError.
func Permanentf(format string, args ...any) *PermanentError {
	err := fmt.Errorf(format, args...)
	return &PermanentError{Reason: err.Error(), Err: errors.Unwrap(err)}
}

// IsPermanent tells whether err is a failure that a later attempt will meet again.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}
