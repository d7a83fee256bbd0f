//go:build !linux

package catalogue

import "time"

func threadTime() (time.Duration, bool) { return 0, false }
