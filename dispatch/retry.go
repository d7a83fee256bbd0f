package dispatch

import (
	"time"

	"github.com/balie/balie"
)

// Pauses before the next try, by how often was tried. Mail: RFC 5321 section
// 4.5.4.1 wants 30 minutes after the first quick ones. Others: the schedule of
// the Standard Webhooks specification. The last one repeats.
var (
	mailTries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour}
	hookTries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	// pauses of a whole channel whose server refuses us or is not there.
	pauses = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
)

// step is the n-th pause, n from 1.
func step(list []time.Duration, n int) time.Duration {
	return list[min(max(n, 1), len(list))-1]
}

// spread is how far a pause may differ from the schedule, so that a thousand
// deliveries refused together do not come again together.
const spread = 0.2

// backoff is the pause after the given attempt. The spread follows from the
// delivery and the attempt: the same in every run.
func backoff(channel string, attempt int, id balie.ID) time.Duration {
	list := hookTries
	if channel == "email" {
		list = mailTries
	}
	d := step(list, attempt)
	share := float64(id[15]^byte(attempt*37))/255*2 - 1 // -1 … 1
	return d + time.Duration(float64(d)*spread*share)
}
