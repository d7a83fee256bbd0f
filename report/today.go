package report

import "time"

// Today is what the board says of the day so far.
type Today struct {
	At       time.Time
	Slots    []Slot // the half hours of the day, on the wall clock
	In       int    // requests opened today
	Expected float64
	Weeks    int // opening days of this weekday that Expected is the mean of; 0: nothing is expected

	OnTime       Spark // solved in time
	Respond      Spark // first response, median
	Automatic    Spark // answered without a person
	Satisfaction Spark // of the seven days up to then
}

// Slot is half an hour of today. What is still to come has no In.
type Slot struct {
	From     time.Time
	In       int
	Expected float64
}

// Spark is a figure today and on the days before.
type Spark struct {
	Now  Figure
	Days []Figure // of the last seven days, oldest first; today is the last
}
