package hours

import "time"

const (
	minutesADay = 24 * 60
	secondsADay = 24 * 60 * 60
)

// dayOf numbers the date that t shows in its own zone: days since 1970-01-01.
func dayOf(t time.Time) int64 {
	_, offset := t.Zone()
	return floorDiv(t.Unix()+int64(offset), secondsADay)
}

// wallOf is the time of the day that t shows, in nanoseconds after midnight as
// a clock counts them.
func wallOf(t time.Time) int64 {
	h, m, s := t.Clock()
	return int64(h*3600+m*60+s)*1e9 + int64(t.Nanosecond())
}

// weekday: 1970-01-01 was a Thursday.
func weekday(day int64) time.Weekday {
	return time.Weekday(((day+4)%7 + 7) % 7)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// resolve is the first moment at which the clock in a zone shows the given
// time of the given day (nanoseconds after midnight) or a later one. That is
// defined for the hour that does not exist and for the one that comes twice,
// where time.Date leaves open which moment it gives; and a later time of day
// never resolves to an earlier moment.
func resolve(day, wall int64, zone *time.Location) time.Time {
	t := time.Date(1970, time.January, 1+int(day), 0, 0, int(wall/1e9), int(wall%1e9), zone)
	begin, end := t.ZoneBounds()
	_, offset := t.Zone()
	asked := day*secondsADay + wall/1e9
	switch shown := t.Unix() + int64(offset); {
	case shown > asked: // does not exist, and t lies after the jump
		return begin
	case shown < asked: // does not exist, and t lies before the jump
		return end
	}
	if begin.IsZero() {
		return t
	}
	_, before := begin.Add(-time.Nanosecond).Zone()
	if first := time.Unix(asked-int64(before), wall%1e9); first.Before(begin) {
		return first.In(zone) // comes twice
	}
	return t
}
