package catalogue

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the processor time of this thread, which must be locked.
func threadTime() (time.Duration, bool) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err == nil
}
