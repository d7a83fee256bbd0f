package intake

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

// reading is what a message says, as far as that hangs on nothing but its words
// and the documents in force: which product, and which of its fields. It is
// most of the work on a message, and a mailbox's batch does it for all its
// messages at once, before they are decided one after the other.
type reading struct {
	brain    *Brain
	language string
	day      time.Time // midnight in the desk's zone: dates in words hang on it
	res      catalogue.Result
	fields   map[string]string
}

// fits reports whether a reading holds for a decision.
func (r *reading) fits(b *Brain, language string, now time.Time) bool {
	return r != nil && r.brain == b && r.language == language && r.day.Equal(midnight(now))
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// readWords is the reading of a message that was asked nothing before. now is
// in the desk's zone.
func readWords(b *Brain, m balie.Message, language string, now time.Time) *reading {
	r := &reading{brain: b, language: language, day: midnight(now)}
	r.res = b.Matcher.Match(catalogue.Question{Subject: m.Subject, Text: m.Text, Language: language})
	if id := m.Fields["product"]; id != "" {
		r.res = chosen(b, id, r.res)
	}
	if len(r.res.Matches) == 0 {
		return r
	}
	if p, ok := b.Catalogue.Product(r.res.Matches[0].Product); ok {
		r.fields = catalogue.ReadFields(p, nil, question(m), language, now)
	}
	return r
}

// readAhead reads the words of a batch's new messages, on all processors.
// Where it goes wrong the decision tries again, and knows what to do.
func (in *Intake) readAhead(all []*arrival) {
	if len(all) < 2 {
		return
	}
	brain, now := in.brain(), in.clock().In(in.o.Calendar.Zone())
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(all)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				in.readOne(all[i], brain, now)
			}
		})
	}
	wg.Wait()
}

func (in *Intake) readOne(a *arrival, brain *Brain, now time.Time) {
	defer func() { _ = recover() }()
	m := a.msg
	if a.done || a.broken || m.Bounce != nil || m.Auto != "" || len(m.Thread) > 0 {
		return // it joins something, or nobody decides on it
	}
	language := m.Language
	if language == "" {
		language = in.o.Language
	}
	a.words = readWords(brain, m, language, now)
}
