package export

import (
	"encoding/json"
	"io"
	"time"

	"github.com/balie/balie/report"
)

// Schema names the shape of File. It changes when a name in it does.
const Schema = "balie.factsheet/1"

// File is a factsheet as JSON. Its names stay what they are.
type File struct {
	Schema   string    `json:"schema" doc:"balie.factsheet/1"`
	Title    string    `json:"title"`
	Language string    `json:"language" doc:"Of the names."`
	Period   Stretch   `json:"period"`
	Scope    Of        `json:"scope"`
	Made     time.Time `json:"made"`
	Plan     int       `json:"plan" doc:"The version of the plan it measures against; 0: none."`
	Total    int       `json:"total" doc:"Requests opened in the period."`
	Concern  *Concern  `json:"concern" doc:"What matters most; null: nothing does."`
	Sentence string    `json:"sentence"`
	Behind   float64   `json:"behind" doc:"How many seconds the figures are behind what happened."`
	Lines    []Line    `json:"lines" doc:"One number each."`
}

// Stretch is a period: days in the desk's zone, to not included.
type Stretch struct {
	ID   string    `json:"id"`
	Span string    `json:"span"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Of is what a factsheet is of; all empty: the whole desk.
type Of struct {
	Channel      string `json:"channel"`
	Product      string `json:"product"`
	Team         string `json:"team"`
	Organisation string `json:"organisation"`
}

// Concern is a goal that is missed and gets worse.
type Concern struct {
	Metric  string `json:"metric"`
	Periods int    `json:"periods" doc:"For how many it gets worse."`
	Worst   string `json:"worst" doc:"What it is most about: team:id, product:id or channel:id."`
}

// NewFile is a factsheet as it is written.
func NewFile(f report.Factsheet, w Words) File {
	out := File{
		Schema: Schema, Title: w.Heading(f), Language: w.language(), Made: f.Made, Plan: f.Plan, Total: f.Total,
		Period: Stretch{f.Period.ID(), string(f.Period.Span), f.Period.From, f.Period.To}, Scope: Of(f.Scope),
		Sentence: w.Sentence(f).String(), Behind: f.Stale.Seconds(), Lines: Lines(f, w),
	}
	if f.Concern != "" {
		out.Concern = &Concern{f.Concern, f.Falling, f.Worst}
	}
	return out
}

// JSON writes a factsheet for programs.
func JSON(out io.Writer, f report.Factsheet, w Words) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(NewFile(f, w))
}
