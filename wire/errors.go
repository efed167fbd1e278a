package wire

import (
	"errors"
	"fmt"
)

// ErrViolation marks the errors for which the peer is at fault: it sent bytes that break
// the protocol. Any other error of a Reader means that the connection broke.
var ErrViolation = errors.New("protocol violation")

// ErrChecksum is the violation by a frame that was changed on its way. Every error that
// wraps it wraps ErrViolation too.
var ErrChecksum = errors.New("checksum does not match")

// violation returns an error that wraps ErrViolation.
func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrViolation, fmt.Errorf(format, args...))
}
