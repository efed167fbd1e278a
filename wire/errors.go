package wire

import (
	"errors"
	"fmt"
)

// ErrViolation is in every error that the bytes of the peer caused, and in
// none that reading them caused: after it the connection is closed and the
// peer is at fault; after any other error the connection broke.
var ErrViolation = errors.New("protocol violation")

// ErrChecksum is the violation of a frame that is not what its peer sent.
var ErrChecksum = errors.New("checksum does not match")

// violation returns an error that wraps ErrViolation.
func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrViolation, fmt.Errorf(format, args...))
}
