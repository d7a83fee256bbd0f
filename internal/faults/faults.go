//go:build !failpoints

// Package faults is in charge of the named points at which tests stop, fail or
// kill the process. Without the build tag failpoints it does nothing.
package faults

// Hit is a point in the code that a test can make fail.
func Hit(string) error { return nil }
