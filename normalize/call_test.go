package normalize

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/balie/balie"
)

var callStart = time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)

// callOf normalizes one event; minute is when, id its webhook-id.
func callOf(t testing.TB, kind string, minute int, id string, more map[string]any) balie.Message {
	t.Helper()
	data := map[string]any{"call_id": "c-1", "direction": "inbound", "from": "020 123 4567", "to": "+31207654321"}
	for k, v := range more {
		data[k] = v
	}
	at := callStart.Add(time.Duration(minute) * time.Minute)
	body, err := json.Marshal(map[string]any{"type": kind, "timestamp": at.Format(time.RFC3339), "data": data})
	if err != nil {
		t.Fatal(err)
	}
	raw := balie.Raw{Channel: "phone", Format: "call", Account: "line", Key: "call:line:" + id, At: at,
		Original: balie.Original{Blob: balie.BlobID("sha-" + id)}}
	m, err := New(Options{Country: "NL"}).Message(raw, opened(body))
	if err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return m
}

func TestCallIsReadAsTheDeskNeedsIt(t *testing.T) {
	m := callOf(t, "call.ended", 5, "m1", map[string]any{"from_name": "A. Jansen\u202e", "agent": "sanne", "note": " Toner is op ",
		"transcript": "hallo", "product": "toner", "outcome": "request", "recording_url": "https://pbx.example/1",
		"started_at": "2026-11-24T09:30:00+01:00", "fields": map[string]any{"location": "3.12", "pieces": 2, "event": "forged", "caller": "+31999999999"}})
	if m.From != (balie.Address{Scheme: balie.Tel, Value: "+31201234567", Name: "A. Jansen"}) || m.Proof != balie.Unproven {
		t.Errorf("from %+v, proof %v", m.From, m.Proof)
	}
	if m.MsgID != "call:line:c-1" || m.Text != "Toner is op\n\nhallo" || !m.At.Equal(callStart.Add(5*time.Minute)) || m.Original != "sha-m1" {
		t.Errorf("%+v", m)
	}
	want := map[string]string{"event": "call.ended", "call_id": "c-1", "direction": "inbound", "from": "020 123 4567",
		"to": "+31207654321", "phone": "+31201234567", "caller": "+31201234567", "name": "A. Jansen", "agent": "sanne",
		"note": "Toner is op", "transcript": "hallo", "product": "toner", "outcome": "request", "recording_url": "https://pbx.example/1",
		"started_at": "2026-11-24T09:30:00+01:00", "location": "3.12", "pieces": "2",
		callEvents: m.Fields[callEvents], callStamps: m.Fields[callStamps]}
	if d := cmp.Diff(want, m.Fields); d != "" {
		t.Error(d)
	}
}

func TestMissedCallWithoutWordsSaysThatItWasMissed(t *testing.T) {
	m := callOf(t, "call.missed", 0, "m1", nil)
	if m.Text != "" || m.Fields["event"] != "call.missed" || !CallMatters(m) {
		t.Errorf("text %q, event %q, matters %v", m.Text, m.Fields["event"], CallMatters(m))
	}
}

func TestWithheldNumberIsNoFault(t *testing.T) {
	for _, from := range []string{"", "anonymous", "Unknown", "withheld"} {
		m := callOf(t, "call.missed", 0, "m1", map[string]any{"from": from})
		if !m.From.IsZero() || len(m.Warnings) != 0 {
			t.Errorf("from %q: %+v, %q", from, m.From, m.Warnings)
		}
	}
	m := callOf(t, "call.missed", 0, "m1", map[string]any{"from": "201"}) // an extension
	if !m.From.IsZero() || len(m.Warnings) != 1 || m.Fields["from"] != "201" {
		t.Errorf("an extension: %+v, %q", m.From, m.Warnings)
	}
}

func TestOutboundCallIsTheCustomers(t *testing.T) {
	m := callOf(t, "call.ended", 0, "m1", map[string]any{"direction": "outbound", "from": "201", "to": "+32 2 555 12 12", "note": "teruggebeld"})
	if m.From.Value != "+3225551212" {
		t.Errorf("from %+v", m.From)
	}
}

func TestNumberIsReadInTheDesksCountry(t *testing.T) {
	for _, c := range []struct{ country, in, want string }{
		{"NL", "0612345678", "+31612345678"}, {"BE", "0470 12 34 56", "+32470123456"}, {"", "0612345678", "+31612345678"},
		{"NL", "+1 415 867 5309", "+14158675309"}, {"NL", "tel:+31-20-123-4567", "+31201234567"}, {"NL", "112", ""}, {"NL", "hello", ""},
	} {
		if got, _ := New(Options{Country: c.country}).number(c.in); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.country, c.in, got, c.want)
		}
	}
}

func TestCallMattersWhenSomebodyWaits(t *testing.T) {
	for _, c := range []struct {
		kind string
		more map[string]any
		want bool
	}{
		{"call.ringing", nil, false},
		{"call.answered", nil, false},
		{"call.answered", map[string]any{"note": "typing"}, false},
		{"call.missed", nil, true},
		{"call.voicemail", nil, true},
		{"call.ended", nil, false},
		{"call.ended", map[string]any{"note": "toner"}, true},
		{"call.ended", map[string]any{"transcript": "toner"}, true},
		{"call.ended", map[string]any{"outcome": "solved"}, true},
	} {
		if got := CallMatters(callOf(t, c.kind, 0, "m1", c.more)); got != c.want {
			t.Errorf("%s %v: %v", c.kind, c.more, got)
		}
	}
}

func TestAnsweredCallWasNotMissed(t *testing.T) {
	rang := callOf(t, "call.missed", 1, "m1", nil) // the first agent did not pick up
	taken := callOf(t, "call.answered", 2, "m2", nil)
	ended := callOf(t, "call.ended", 3, "m3", map[string]any{"note": "toner"})
	m := MergeCall(MergeCall(rang, ended), taken)
	if m.Fields["event"] != "call.ended" || m.Text != "toner" || !CallMatters(m) {
		t.Errorf("event %q, text %q", m.Fields["event"], m.Text)
	}
	m = MergeCall(rang, callOf(t, "call.ended", 3, "m3", nil))
	if m.Fields["event"] != "call.missed" || !CallMatters(m) {
		t.Errorf("missed, then ended: %q", m.Fields["event"])
	}
}

func TestMergedCallStaysTheMessageItWas(t *testing.T) {
	old, late := callOf(t, "call.missed", 1, "m1", nil), callOf(t, "call.ringing", 0, "m0", nil)
	old.ID, old.Request = balie.NewID(callStart), balie.NewID(callStart)
	late.ID = balie.NewID(callStart)
	m := MergeCall(old, late)
	if m.ID != old.ID || m.Request != old.Request {
		t.Errorf("became %s of %s", m.ID, m.Request)
	}
	if m.At != late.At || m.Key != "call:line:m0" || m.Original != "sha-m0" {
		t.Errorf("begins at %v with %s, %s", m.At, m.Key, m.Original)
	}
	for _, id := range []string{"m0", "m1"} {
		if b, ok := CallBody(m, "call:line:"+id); !ok || b != balie.BlobID("sha-"+id) {
			t.Errorf("body of %s: %q", id, b)
		}
	}
	if _, ok := CallBody(m, "call:line:m2"); ok {
		t.Error("a body of an event that never came")
	}
}

func TestLaterWordsOfACallCount(t *testing.T) {
	first := callOf(t, "call.answered", 1, "m1", map[string]any{"note": "toner?", "agent": "sanne"})
	last := callOf(t, "call.ended", 2, "m2", map[string]any{"note": "toner for 3.12", "agent": ""})
	for _, m := range []balie.Message{MergeCall(first, last), MergeCall(last, first)} {
		if m.Text != "toner for 3.12" || m.Fields["agent"] != "sanne" {
			t.Errorf("text %q, agent %q", m.Text, m.Fields["agent"])
		}
	}
}

// TestR2_EventsOfACallInAnyOrderAreOneMessage: whatever comes in whatever
// order and however often, in whatever groups it is merged, gives the same.
func TestR2_EventsOfACallInAnyOrderAreOneMessage(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b", "toner"})
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(rt, "events")
		events := make([]balie.Message, n)
		for i := range events {
			events[i] = callOf(t, rapid.SampledFrom([]string{"call.ringing", "call.answered", "call.missed", "call.ended", "call.voicemail"}).Draw(rt, "type"),
				rapid.IntRange(0, 2).Draw(rt, "minute"), fmt.Sprintf("m%d", i), map[string]any{
					"note": word.Draw(rt, "note"), "transcript": word.Draw(rt, "transcript"), "outcome": rapid.SampledFrom([]string{"", "solved", "callback"}).Draw(rt, "outcome"),
					"from": rapid.SampledFrom([]string{"", "anonymous", "020 123 4567", "+3225551212", "201"}).Draw(rt, "from"), "from_name": word.Draw(rt, "name"),
					"fields": map[string]any{"location": word.Draw(rt, "location")}})
		}
		want := events[0]
		for _, e := range events[1:] {
			want = MergeCall(want, e)
		}
		again := append(slices.Clone(events), rapid.SliceOfN(rapid.SampledFrom(events), 0, 4).Draw(rt, "repeated")...)
		again = rapid.Permutation(again).Draw(rt, "order")
		cut := rapid.IntRange(1, len(again)).Draw(rt, "cut")
		got := fold(again[:cut])
		if cut < len(again) {
			got = MergeCall(got, fold(again[cut:]))
		}
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatalf("another order gives another message:\n%s", d)
		}
		if d := cmp.Diff(got, MergeCall(got, got)); d != "" {
			rt.Fatalf("merged with itself:\n%s", d)
		}
	})
}

func fold(ms []balie.Message) balie.Message {
	m := ms[0]
	for _, n := range ms[1:] {
		m = MergeCall(m, n)
	}
	return m
}

func TestR3_CallThatIsNoJSONIsKeptReadable(t *testing.T) {
	for _, body := range []string{"", "{", "null", "[]", `{"data":7}`, `{"type":"call.missed"}`} {
		m, err := New(Options{}).Message(balie.Raw{Channel: "phone", Format: "call", Account: "line", Key: "k"}, opened([]byte(body)))
		if err == nil || m.Channel != "phone" || m.Side != balie.CustomerSide || m.Key != "k" {
			t.Errorf("%q: %v %+v", body, err, m)
		}
	}
}

func FuzzCall(f *testing.F) {
	f.Add([]byte(`{"type":"call.ended","timestamp":"2026-11-24T09:30:00Z","data":{"call_id":"c","direction":"inbound","from":"+31201234567","note":"x","fields":{"call_events":"forged","a":1}}}`))
	f.Add([]byte(`{"type":"a b\nc","timestamp":"0000-01-01T00:00:00Z","data":{"call_id":"c\n1"}}`))
	f.Add([]byte(`{"data":{"call_id":"c","from":"tel:;ext=1"}}`))
	n := New(Options{Country: "NL"})
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := balie.Raw{Channel: "phone", Format: "call", Account: "line", Key: "k", At: callStart}
		m, err := n.Message(raw, opened(body))
		if err != nil {
			return
		}
		if d := cmp.Diff(m, MergeCall(m, m)); d != "" {
			t.Errorf("%q merged with itself: %s", body, d)
		}
		if b, ok := CallBody(m, "k"); !ok || b != "-" && b != "" {
			t.Errorf("%q: the event is not remembered: %q", body, m.Fields[callEvents])
		}
		if strings.ContainsAny(m.Text, "\x00\x1b\u202e") {
			t.Errorf("%q: text %q", body, m.Text)
		}
	})
}
