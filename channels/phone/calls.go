package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
)

// callLimit is the largest event in bytes: an hour of transcript fits. It is no
// more than what is kept inside a Change, because a merged call names only one
// of its events' originals and the others must not look like left over files.
const callLimit = balie.InlineLimit

const (
	// maxName bounds ids, names and numbers, in bytes.
	maxName = 200
	// maxFields bounds what an agent typed into a form beside the note.
	maxFields = 50
)

// The events, as JSON. Members that are not named here are ignored; "!" marks
// those that must be there.
//
//	{
//	  "type": "call.ended",                       ! see types
//	  "timestamp": "2026-11-24T09:30:00+01:00",   ! when it happened, RFC 3339
//	  "data": {                                   !
//	    "call_id": "c-1029",                      ! the same in all events of a call
//	    "direction": "inbound",                   ! or "outbound"
//	    "from": "+31201234567",                   who called; empty or "anonymous" when withheld
//	    "from_name": "A. Jansen",
//	    "to": "+31207654321",                     ! which number was called
//	    "started_at": "…", "answered_at": "…", "ended_at": "…",   RFC 3339
//	    "agent": "sanne",                         who took the call
//	    "note": "Toner is op, printer 3.12",      what the caller asked, typed by the agent
//	    "product": "toner",                       a product of the catalogue
//	    "fields": {"location": "3.12"},           fields of that product: text, number or true/false
//	    "outcome": "request",                     or "solved", "callback"
//	    "recording_url": "https://…",             shown, never fetched
//	    "transcript": "…"
//	  }
//	}
//
// A missed call, a voicemail and a call that ended with a note, a transcript
// or an outcome make a request; one that rings or is picked up makes none.
// Events of one call may come in any order and more than once.
var types = []string{"call.ringing", "call.answered", "call.missed", "call.ended", "call.voicemail"}

// call is what the channel checks of an event; normalize reads the rest.
type call struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      *struct {
		CallID     string         `json:"call_id"`
		Direction  string         `json:"direction"`
		From       string         `json:"from"`
		FromName   string         `json:"from_name"`
		To         string         `json:"to"`
		StartedAt  string         `json:"started_at"`
		AnsweredAt string         `json:"answered_at"`
		EndedAt    string         `json:"ended_at"`
		Agent      string         `json:"agent"`
		Note       string         `json:"note"`
		Product    string         `json:"product"`
		Outcome    string         `json:"outcome"`
		Recording  string         `json:"recording_url"`
		Transcript string         `json:"transcript"`
		Fields     map[string]any `json:"fields"`
	} `json:"data"`

	at time.Time
}

// readCall reads and checks an event. The error is a *balie.InvalidError that
// names the member.
func readCall(body []byte) (call, error) {
	var e call
	if err := json.Unmarshal(body, &e); err != nil {
		return e, notJSON(body, err)
	}
	if e.Data == nil {
		return e, missing("data")
	}
	if err := e.check(); err != nil {
		return e, err
	}
	return e, e.checkFields()
}

func (e *call) check() error {
	d := e.Data
	for _, m := range []struct{ field, value string }{
		{"type", e.Type}, {"timestamp", e.Timestamp}, {"data.call_id", d.CallID},
		{"data.direction", d.Direction}, {"data.to", d.To},
	} {
		if strings.TrimSpace(m.value) == "" {
			return missing(m.field)
		}
	}
	for _, m := range []struct{ field, value string }{
		{"data.call_id", d.CallID}, {"data.from", d.From}, {"data.from_name", d.FromName}, {"data.to", d.To},
		{"data.agent", d.Agent}, {"data.product", d.Product},
	} {
		if len(m.value) > maxName {
			return &balie.InvalidError{Field: m.field, Problem: "it is too long",
				Fix: fmt.Sprintf("give at most %d bytes", maxName)}
		}
	}
	if err := oneOf("type", e.Type, types...); err != nil {
		return err
	}
	if err := oneOf("data.direction", d.Direction, "inbound", "outbound"); err != nil {
		return err
	}
	if err := oneOf("data.outcome", d.Outcome, "", "solved", "callback", "request"); err != nil {
		return err
	}
	return e.checkTimes()
}

func (e *call) checkTimes() error {
	for _, m := range []struct{ field, value string }{
		{"timestamp", e.Timestamp}, {"data.started_at", e.Data.StartedAt},
		{"data.answered_at", e.Data.AnsweredAt}, {"data.ended_at", e.Data.EndedAt},
	} {
		if m.value == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, m.value)
		if err != nil {
			return &balie.InvalidError{Field: m.field, Problem: "it is not a time",
				Fix: "write it as 2026-11-24T09:30:00+01:00 (RFC 3339)"}
		}
		if m.field == "timestamp" {
			e.at = at.UTC()
		}
	}
	return nil
}

func (e *call) checkFields() error {
	if len(e.Data.Fields) > maxFields {
		return &balie.InvalidError{Field: "data.fields", Problem: fmt.Sprintf("there are %d", len(e.Data.Fields)),
			Fix: fmt.Sprintf("give at most %d", maxFields)}
	}
	for id, v := range e.Data.Fields {
		switch v.(type) {
		case string, float64, bool, nil:
		default:
			return &balie.InvalidError{Field: "data.fields", Problem: fmt.Sprintf("%.40q is not one value", id),
				Fix: "give a text, a number, true or false"}
		}
		if id == "" || len(id) > maxName {
			return &balie.InvalidError{Field: "data.fields", Problem: "a field has no usable id",
				Fix: "use the ids of the product's fields"}
		}
	}
	return nil
}

func missing(field string) error {
	return &balie.InvalidError{Field: field, Problem: "it is missing", Fix: "see the documentation of call events"}
}

func oneOf(field, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return &balie.InvalidError{Field: field, Problem: fmt.Sprintf("%.40q is not known", value),
		Fix: "use one of " + strings.TrimPrefix(strings.Join(allowed, ", "), ", ")}
}

// notJSON says where a body stops being what it should be.
func notJSON(body []byte, err error) error {
	out := &balie.InvalidError{Problem: "the body is not JSON", Fix: "send an object with type, timestamp and data"}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var offset int64
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
		out.Field, out.Problem = kind.Field, "it is a "+kind.Value
		out.Fix = "see the documentation of call events"
	}
	before := body[:min(max(offset, 0), int64(len(body)))]
	out.Line = 1 + strings.Count(string(before), "\n")
	out.Col = len(before) - strings.LastIndex(string(before), "\n")
	return out
}
