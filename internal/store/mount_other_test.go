//go:build !linux

package store_test

import "errors"

func mountSmall(string, int) (unmount func(), err error) { return nil, errors.ErrUnsupported }

func remountReadOnly(string) error { return errors.ErrUnsupported }
