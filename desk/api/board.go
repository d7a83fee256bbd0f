package api

import (
	"context"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
)

// BoardNow is how the desk stands.
type BoardNow struct {
	At       time.Time    `json:"at"`
	Counting bool         `json:"counting" doc:"The desk is still reading its store: there may be more."`
	Open     int          `json:"open"`
	Late     int          `json:"late"`
	Soon     int          `json:"soon" doc:"Late within an hour of opening time."`
	Alarms   []BoardAlarm `json:"alarms" doc:"What somebody must look at, the foremost first; at most 12."`
	Teams    []BoardTeam  `json:"teams" doc:"The desk itself first, with an empty id."`
	Words    []BoardWord  `json:"words" doc:"Customers who wait for word, who has waited longest first; at most 6."`
	Wordless int          `json:"wordless" doc:"Of all customers, those who should have heard something by now."`
	Today    *BoardDay    `json:"today,omitempty" doc:"Left out where no figures are kept."`
}

// BoardAlarm is a request that somebody must look at, and why.
type BoardAlarm struct {
	Ref      string     `json:"ref"`
	Request  balie.ID   `json:"request"`
	Subject  string     `json:"subject"`
	Product  string     `json:"product,omitempty"`
	Priority int        `json:"priority"`
	Assignee string     `json:"assignee,omitempty"`
	Holder   string     `json:"holder" doc:"Who has it: new, desk, backoffice, account, supplier, approver, customer, date or aftercare."`
	Team     string     `json:"team,omitempty"`
	Due      *time.Time `json:"due,omitempty"`
	Late     bool       `json:"late"`
	Why      string     `json:"why" doc:"letter, call, replied, team_said, offered, silent, unassigned, incomplete or unanswered."`
	Since    *time.Time `json:"since,omitempty"`
	Text     string     `json:"text,omitempty" doc:"What the customer said, when that is why."`
	Missing  []string   `json:"missing,omitempty" doc:"The fields that are missing, when that is why."`
	Act      string     `json:"act" doc:"What is most likely to help: call, team, tell, take or open."`
}

// BoardTeam is what a team has.
type BoardTeam struct {
	Team string `json:"team"`
	Open int    `json:"open"`
	Late int    `json:"late"`
}

// BoardWord is a customer who waits for word.
type BoardWord struct {
	Ref     string    `json:"ref"`
	Request balie.ID  `json:"request"`
	By      time.Time `json:"by"`
}

// BoardDay is the figures of the day so far.
type BoardDay struct {
	In           int          `json:"in" doc:"Requests opened today."`
	Expected     *float64     `json:"expected,omitempty" doc:"Left out while there are no weeks to expect by."`
	OnTime       *BoardFigure `json:"on_time,omitempty" doc:"Solved in time, a share."`
	Respond      *BoardFigure `json:"respond,omitempty" doc:"First response, the median in seconds."`
	Automatic    *BoardFigure `json:"automatic,omitempty" doc:"Answered without a person, a share."`
	Satisfaction *BoardFigure `json:"satisfaction,omitempty" doc:"Of the last seven days, 1 to 5."`
}

// BoardFigure is a number and of how many it is.
type BoardFigure struct {
	Value float64 `json:"value"`
	N     int     `json:"n"`
}

// board registers how the desk stands.
func (a *api) board() {
	if a.Overview == nil {
		return
	}
	type answer struct{ Body BoardNow }
	add(a, op("GET", "/board", "get-board", "How the desk stands now, and what somebody must look at", desk.SeeDocuments, noObject),
		func(ctx context.Context, _ *struct{}) (*answer, error) {
			b, err := a.Overview.Board(ctx, actor(ctx), a.Day, a.Now())
			if err != nil {
				return nil, err
			}
			return &answer{describedBoard(b)}, nil
		})
}

// describedBoard is a board as JSON.
func describedBoard(b desk.Board) BoardNow {
	out := BoardNow{At: b.At.UTC(), Counting: b.Counting, Open: b.Open, Late: b.Late, Soon: b.Soon, Wordless: b.Wordless,
		Alarms: []BoardAlarm{}, Teams: []BoardTeam{}, Words: []BoardWord{}}
	for _, x := range b.Alarms {
		out.Alarms = append(out.Alarms, describedAlarm(x))
	}
	for _, t := range b.Teams {
		out.Teams = append(out.Teams, BoardTeam{t.Team, t.Open, t.Late})
	}
	for _, x := range b.Words {
		out.Words = append(out.Words, BoardWord{x.Request.Ref, x.Request.ID, x.Word})
	}
	if t := b.Today; t != nil {
		out.Today = &BoardDay{In: t.In, OnTime: figure(t.OnTime), Respond: figure(t.Respond), Automatic: figure(t.Automatic), Satisfaction: figure(t.Satisfaction)}
		if t.Weeks > 0 {
			out.Today.Expected = &t.Expected
		}
	}
	return out
}

func describedAlarm(x desk.Alarm) BoardAlarm {
	r := x.Request
	out := BoardAlarm{Ref: r.Ref, Request: r.ID, Subject: r.Subject, Product: r.Product, Priority: int(r.Priority), Assignee: r.Assignee,
		Holder: string(x.Holder.Kind), Team: x.Holder.Team, Late: x.Clock.Late, Why: string(x.Why.Kind), Text: x.Why.Text, Act: string(x.Act)}
	moment := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return new(t.UTC())
	}
	out.Due, out.Since = moment(x.Clock.Due), moment(x.Why.Since)
	for _, f := range x.Why.Fields {
		out.Missing = append(out.Missing, f.ID)
	}
	return out
}

// figure is today's; nil when there is nothing to count.
func figure(s report.Spark) *BoardFigure {
	if s.Now.None {
		return nil
	}
	return &BoardFigure{s.Now.Value, s.Now.N}
}
