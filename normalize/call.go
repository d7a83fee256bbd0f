package normalize

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/balie/balie"
)

// callLimit is the largest call event in bytes that is read.
const callLimit = 256 << 10

// Field keys of a call that keep what merging needs. They are for machines.
const (
	callEvents = "call_events" // one line per event: time, type, key and body hash
	callStamps = "call_stamps" // JSON: field -> the event it was said in
)

// callEvent is an event of the telephone system. The channel has checked it;
// here everything may be missing.
type callEvent struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      struct {
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
}

// call reads one event of a call. A caller's number is not proven: anybody can
// send any. In a call that the desk made, the customer is who was called.
func (n *Normalizer) call(raw balie.Raw, open Open) (balie.Message, error) {
	m := base(raw)
	m.Proof = balie.Unproven
	body, err := readOriginal(open, callLimit)
	if err != nil {
		return m, fmt.Errorf("read call event: %w", err)
	}
	var e callEvent
	if err := json.Unmarshal(body, &e); err != nil && e.Data.CallID == "" {
		return m, fmt.Errorf("read call event: %w", err)
	}
	at := raw.At
	if t, err := time.Parse(time.RFC3339, e.Timestamp); err == nil {
		at = t
	}
	said := n.callFields(&m, e)
	line := callLine(at, e.Type, raw.Key, raw.Original.Blob)
	stamps := make(map[string]string, len(said))
	for k := range said {
		stamps[k] = stamp(line)
	}
	m.Fields = said
	m.Fields[callEvents] = line
	m.Fields[callStamps] = encodeStamps(stamps)
	callView(&m)
	if e.Data.CallID == "" {
		return m, fmt.Errorf("call event has no call_id")
	}
	return m, nil
}

// callFields are what one event says, without what it does not say.
func (n *Normalizer) callFields(m *balie.Message, e callEvent) map[string]string {
	f := map[string]string{}
	d := e.Data
	for id, v := range d.Fields {
		switch v := v.(type) {
		case string:
			f[cleanLine(id)] = plainLines(v)
		case float64, bool:
			f[cleanLine(id)] = fmt.Sprint(v)
		}
	}
	party := d.From
	if d.Direction == "outbound" {
		party = d.To
	}
	number, ok := n.number(party)
	if !ok && !anonymous(party) {
		m.Warnings = append(m.Warnings, "not a telephone number: "+quoteName(party))
	}
	for k, v := range map[string]string{
		"call_id": cleanLine(d.CallID), "direction": cleanLine(d.Direction), "from": cleanLine(d.From),
		"to": cleanLine(d.To), "caller": number, "name": CleanName(d.FromName),
		"started_at": cleanLine(d.StartedAt), "answered_at": cleanLine(d.AnsweredAt), "ended_at": cleanLine(d.EndedAt),
		"agent": cleanLine(d.Agent), "note": strings.TrimSpace(plainLines(d.Note)), "product": cleanLine(d.Product),
		"outcome": cleanLine(d.Outcome), "recording_url": cleanLine(d.Recording),
		"transcript": strings.TrimSpace(plainLines(d.Transcript)),
	} {
		if v != "" { // the call's own word goes before a field of the same name
			f[k] = v
		}
	}
	if f["phone"] == "" && number != "" {
		f["phone"] = number
	}
	if number == "" {
		delete(f, "caller") // only a number we read ourselves may be one
	}
	delete(f, "event")
	maps.DeleteFunc(f, func(k, v string) bool { return k == "" || v == "" || k == callEvents || k == callStamps })
	return f
}

// number is a telephone number in E.164, read in the desk's country.
func (n *Normalizer) number(s string) (string, bool) {
	p, err := phonenumbers.Parse(s, cmp.Or(n.opts.Country, "NL"))
	if err != nil {
		return "", false
	}
	if !phonenumbers.IsValidNumber(p) && !(strings.HasPrefix(strings.TrimSpace(s), "+") && phonenumbers.IsPossibleNumber(p)) {
		return "", false
	}
	return phonenumbers.Format(p, phonenumbers.E164), true
}

// anonymous reports the ways in which telephone systems say that the caller
// withheld the number.
func anonymous(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "anonymous", "unknown", "private", "restricted", "unavailable", "withheld":
		return true
	}
	return false
}

// callLine is an event's line in callEvents. Lines sort by time, then by what
// follows what in a call, so that the order of arrival does not matter.
func callLine(at time.Time, kind, key string, body balie.BlobID) string {
	// One width for all times: RFC 3339 with nanoseconds drops zeros.
	const layout = "2006-01-02T15:04:05.000000000Z"
	order := slices.Index([]string{"call.ringing", "call.answered", "call.missed", "call.voicemail", "call.ended"}, kind)
	return fmt.Sprintf("%s %d %s %s %s", at.UTC().Format(layout), max(order, 0), cmp.Or(oneWord(kind), "-"),
		cmp.Or(oneWord(key), "-"), cmp.Or(string(body), "-"))
}

// stamp is what a field remembers of the event it was said in: all of the
// line that orders it.
func stamp(line string) string {
	w := strings.Split(line, " ")
	return strings.Join([]string{w[0], w[1], w[3]}, " ")
}

// oneWord keeps a word apart from the others on its line.
func oneWord(s string) string { return strings.Join(strings.Fields(cleanLine(s)), "_") }

type eventLine struct {
	at        time.Time
	kind, key string
	body      balie.BlobID
}

func readLine(s string) (eventLine, bool) {
	w := strings.Split(s, " ")
	if len(w) != 5 {
		return eventLine{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, w[0])
	return eventLine{at: at, kind: w[2], key: w[3], body: balie.BlobID(w[4])}, err == nil
}

// MergeCall makes one message of two that tell of the same call. Whatever the
// order in which events arrive and however often each does, the outcome is the
// same; per field the latest event that says something counts. Who the message
// is (ID, request) stays as in old.
func MergeCall(old, new balie.Message) balie.Message {
	m := old
	if m.ID.IsZero() {
		m.ID = new.ID
	}
	if m.Request.IsZero() {
		m.Request = new.Request
	}
	m.Fields = mergeFields(old.Fields, new.Fields)
	m.Warnings = union(old.Warnings, new.Warnings)
	m.Language = cmp.Or(old.Language, new.Language)
	callView(&m)
	return m
}

// mergeFields takes each field from the later of the two events that say it.
func mergeFields(a, b map[string]string) map[string]string {
	sa, sb := decodeStamps(a[callStamps]), decodeStamps(b[callStamps])
	out, stamps := map[string]string{}, map[string]string{}
	take := func(from, st map[string]string) {
		for k, v := range from {
			if k == callEvents || k == callStamps || k == "event" {
				continue
			}
			have, ok := out[k]
			if !ok || cmp.Or(cmp.Compare(st[k], stamps[k]), cmp.Compare(v, have)) > 0 {
				out[k], stamps[k] = v, st[k]
			}
		}
	}
	take(a, sa)
	take(b, sb)
	out[callEvents] = strings.Join(union(lines(a[callEvents]), lines(b[callEvents])), "\n")
	out[callStamps] = encodeStamps(stamps)
	return out
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// union is both lists as one sorted set; nil when empty.
func union(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

func encodeStamps(s map[string]string) string {
	b, _ := json.Marshal(s) // strings always can be
	return string(b)
}

func decodeStamps(s string) map[string]string {
	out := map[string]string{}
	_ = json.Unmarshal([]byte(s), &out) // unreadable: as if never stamped
	return out
}

// callView makes of the fields what a reader sees: it is a function of Fields
// alone, so that merging fields is all there is to merging.
func callView(m *balie.Message) {
	f := m.Fields
	events := callLines(f)
	f["event"] = callState(events)
	if len(events) > 0 {
		first := events[0]
		m.At = first.at
		m.Key, m.Original = first.key, first.body
	}
	m.From = balie.Address{}
	if f["caller"] != "" {
		m.From = balie.Address{Scheme: balie.Tel, Value: f["caller"], Name: f["name"]}
	}
	if f["call_id"] != "" {
		m.MsgID = "call:" + m.Account + ":" + f["call_id"]
	}
	said := slices.DeleteFunc([]string{f["note"], f["transcript"]}, func(s string) bool { return s == "" })
	m.Text = strings.Join(slices.Compact(said), "\n\n")
	sum := sha256.Sum256([]byte(m.MsgID + "\n" + f[callEvents]))
	m.Digest = hex.EncodeToString(sum[:])
}

func callLines(f map[string]string) []eventLine {
	var out []eventLine
	for _, l := range lines(f[callEvents]) {
		if e, ok := readLine(l); ok {
			out = append(out, e)
		}
	}
	return out
}

// callState says in one event how the call went: one that somebody answered
// was not missed, whoever else let it ring.
func callState(events []eventLine) string {
	seen := map[string]bool{}
	for _, e := range events {
		seen[e.kind] = true
	}
	order := []string{"call.voicemail", "call.missed", "call.ended", "call.ringing"}
	if seen["call.answered"] {
		order = []string{"call.voicemail", "call.ended", "call.answered"}
	}
	for _, k := range order {
		if seen[k] {
			return k
		}
	}
	if len(events) > 0 {
		return events[0].kind
	}
	return ""
}

// CallMatters reports whether what is known of a call makes a request: it was
// missed, a message was left, or it ended and somebody says what it was about.
// A telephone that rings or is picked up makes none yet.
func CallMatters(m balie.Message) bool {
	switch m.Fields["event"] {
	case "call.missed", "call.voicemail":
		return true
	case "call.ended":
		return m.Text != "" || m.Fields["outcome"] != ""
	}
	return false
}

// CallBody is the hash of the body that an event of the call came with, by its
// Raw.Key: a channel tells by it whether the same id came with other words.
func CallBody(m balie.Message, key string) (balie.BlobID, bool) {
	for _, e := range callLines(m.Fields) {
		if e.key == oneWord(key) {
			return e.body, true
		}
	}
	return "", false
}
