package normalize

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/balie/balie"
)

func opened(b []byte) Open {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// slackOf normalizes one event of workspace T1 and app A1, whose bot is UBOT.
func slackOf(t *testing.T, event map[string]any) balie.Message {
	t.Helper()
	body, err := json.Marshal(map[string]any{"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1",
		"authorizations": []any{map[string]any{"user_id": "UBOT", "is_bot": true}}, "event": event})
	if err != nil {
		t.Fatal(err)
	}
	raw := balie.Raw{Channel: "slack", Format: "slack-event", Account: "T1", Verified: true, At: time.Unix(1764000000, 0)}
	if u, _ := event["user"].(string); u != "" {
		raw.Sender = balie.Address{Scheme: balie.Slack, Value: "T1/" + u}
	}
	m, err := New(Options{}).Message(raw, opened(body))
	if err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return m
}

func said(more map[string]any) map[string]any {
	e := map[string]any{"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "text": "hello", "ts": "1764000000.000100"}
	for k, v := range more {
		e[k] = v
	}
	return e
}

func TestSlackMessageIsAnsweredInItsThread(t *testing.T) {
	m := slackOf(t, said(nil))
	want := balie.Message{Side: balie.CustomerSide, Direction: balie.In, Channel: "slack", Account: "T1", Proof: balie.Proven,
		From:    balie.Address{Scheme: balie.Slack, Value: "T1/U1"},
		ReplyTo: balie.Address{Scheme: balie.Slack, Value: "T1/C1/1764000000.000100"},
		Text:    "hello", MsgID: "slack:T1:C1:1764000000.000100", Digest: m.Digest,
		Fields: map[string]string{"slack_event": "Ev1", "slack_channel_type": "channel"}, At: time.Unix(1764000000, 0)}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	m = slackOf(t, said(map[string]any{"ts": "1764000000.000200", "thread_ts": "1764000000.000100"}))
	if !slices.Equal(m.Thread, []string{"slack:T1:C1:1764000000.000100"}) || m.ReplyTo.Value != "T1/C1/1764000000.000100" {
		t.Errorf("a reply: thread %q, answer to %q", m.Thread, m.ReplyTo.Value)
	}
	m = slackOf(t, said(map[string]any{"thread_ts": "1764000000.000100"}))
	if len(m.Thread) != 0 {
		t.Errorf("the first of a thread answers to %q", m.Thread)
	}
}

func TestR2_MessageAndMentionHaveOneIdentity(t *testing.T) {
	a := slackOf(t, said(map[string]any{"text": "<@UBOT> where is the key?"}))
	b := slackOf(t, said(map[string]any{"text": "<@UBOT> where is the key?", "type": "app_mention", "channel_type": nil}))
	c := slackOf(t, said(map[string]any{"text": "<@UBOT> where is the kiy?"}))
	if a.Digest != b.Digest || a.MsgID != b.MsgID {
		t.Errorf("message %s %s, mention %s %s", a.MsgID, a.Digest, b.MsgID, b.Digest)
	}
	if a.Digest == c.Digest {
		t.Error("other words, same digest")
	}
	if a.Text != "where is the key?" || a.Full != "@UBOT where is the key?" {
		t.Errorf("text %q, full %q", a.Text, a.Full)
	}
}

func TestSlackMarkupReadsAsText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a &lt;b&gt; &amp; c", "a <b> & c"},
		{"&amp;lt;", "&lt;"},
		{"ask <@U2|sanne> or <@U3>", "ask @sanne or @U3"},
		{"in <#C2|general> and <#C3>", "in #general and #C3"},
		{"<!channel> <!here|here> <!subteam^S1|@techniek> <!subteam^S2>", "@channel here @techniek @subteam"},
		{"<!date^1392734382^{date}|18 Feb>", "18 Feb"},
		{"<https://desk.example/a?b=1&amp;c=2>", "https://desk.example/a?b=1&c=2"},
		{"<https://desk.example|the desk>", "the desk (https://desk.example)"},
		{"<https://evil.example|bank.nl>", "bank.nl (https://evil.example)"},
		{"<http://desk.example|desk.example>", "http://desk.example"},
		{"<mailto:a@b.example|a@b.example> <tel:+31201234567|020 123 45 67>", "a@b.example 020 123 45 67 (+31201234567)"},
		{"1 < 2", "1 < 2"},
		{"<>", ""},
		{"<|x>", "x"},
		{"a\u202eb\x00c\x1b[31m\u200bd", "abc[31md"},
		{"two\nlines\ttab", "two\nlines\ttab"},
		{"*bold* _it_ `code`", "*bold* _it_ `code`"},
	} {
		if got := slackText(c.in); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestS4_OnlyPeopleAskQuestions(t *testing.T) {
	before := map[string]any{"type": "message", "user": "U1", "text": "hello", "ts": "1764000000.000100"}
	after := map[string]any{"type": "message", "user": "U1", "text": "hello!", "ts": "1764000000.000100"}
	for _, c := range []struct {
		name   string
		event  map[string]any
		auto   balie.Auto
		text   string
		thread string
	}{
		{"a person", said(nil), "", "hello", ""},
		{"with a file", said(map[string]any{"subtype": "file_share"}), "", "hello", ""},
		{"shown in the channel too", said(map[string]any{"subtype": "thread_broadcast"}), "", "hello", ""},
		{"/me", said(map[string]any{"subtype": "me_message"}), "", "hello", ""},
		{"a bot", said(map[string]any{"subtype": "bot_message", "bot_id": "B9", "user": nil}), balie.AutoSystem, "hello", ""},
		{"a bot user", said(map[string]any{"bot_id": "B9"}), balie.AutoSystem, "hello", ""},
		{"ourselves by app", said(map[string]any{"bot_id": "B1", "app_id": "A1"}), balie.AutoLoop, "hello", ""},
		{"ourselves by profile", said(map[string]any{"bot_profile": map[string]any{"app_id": "A1"}}), balie.AutoLoop, "hello", ""},
		{"ourselves by user", said(map[string]any{"user": "UBOT"}), balie.AutoLoop, "hello", ""},
		{"joined", said(map[string]any{"subtype": "channel_join"}), balie.AutoSystem, "hello", ""},
		{"edited", map[string]any{"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "1764000009.000100",
			"message": after, "previous_message": before}, balie.AutoSystem, "hello!", "slack:T1:C1:1764000000.000100"},
		{"deleted", map[string]any{"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1764000009.000200",
			"deleted_ts": "1764000000.000100", "previous_message": before}, balie.AutoSystem, "hello", "slack:T1:C1:1764000000.000100"},
	} {
		m := slackOf(t, c.event)
		if m.Auto != c.auto || m.Text != c.text || (m.NoReply == "") != (c.auto == "") {
			t.Errorf("%s: auto %q (%s), text %q", c.name, m.Auto, m.NoReply, m.Text)
		}
		if c.thread != "" && !slices.Contains(m.Thread, c.thread) {
			t.Errorf("%s: thread %q", c.name, m.Thread)
		}
	}
}

func TestSlackFilesAreNamedAndNotFetched(t *testing.T) {
	m := slackOf(t, said(map[string]any{"subtype": "file_share", "text": "", "files": []any{
		map[string]any{"id": "F1", "name": "../../etc/pass\u202ewd", "mimetype": "text/plain", "size": 12, "permalink": "https://t.slack.com/files/F1"},
		map[string]any{"id": "F2", "mimetype": "image/png", "size": -3},
	}}))
	if len(m.Parts) != 2 || m.Parts[0].Name != "passwd" || m.Parts[0].Size != 12 || m.Parts[1].Name != "F2" || m.Parts[1].Size != 0 {
		t.Errorf("parts %+v", m.Parts)
	}
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "passwd, F2") || m.Fields["slack_files"] != "https://t.slack.com/files/F1" {
		t.Errorf("warnings %q, fields %q", m.Warnings, m.Fields)
	}
}

func TestSlackBotWordsAreFoundInBlocks(t *testing.T) {
	m := slackOf(t, said(map[string]any{"text": "", "bot_id": "B9", "blocks": []any{
		map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "Alert &amp; more"}},
		map[string]any{"type": "rich_text", "elements": []any{map[string]any{"elements": []any{map[string]any{"type": "text", "text": "deep"}}}}},
	}}))
	if m.Text != "Alert & more\ndeep" {
		t.Errorf("text %q", m.Text)
	}
	m = slackOf(t, said(map[string]any{"text": "", "attachments": []any{map[string]any{"fallback": "fell back"}}}))
	if m.Text != "fell back" {
		t.Errorf("text %q", m.Text)
	}
}

// TestR3_EverySlackPayloadIsReadable: the sample payloads of Slack's Java SDK.
func TestR3_EverySlackPayloadIsReadable(t *testing.T) {
	dir := os.Getenv("BALIE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data", "slack-events", "*.json"))
	if len(files) == 0 {
		t.Skip("no shared data")
	}
	messages := 0
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := New(Options{}).Message(balie.Raw{Channel: "slack", Format: "slack-event", Account: "T1"}, opened(body))
		isMessage := bytes.Contains(body, []byte(`"type": "message"`)) && strings.HasPrefix(filepath.Base(f), "Message") ||
			strings.HasPrefix(filepath.Base(f), "AppMention")
		if isMessage {
			messages++
		}
		if (err == nil) != isMessage {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
		if m.Channel != "slack" || m.Digest == "" {
			t.Errorf("%s: %+v", filepath.Base(f), m)
		}
	}
	t.Logf("%d payloads, %d of them messages", len(files), messages)
}

func TestR3_SlackEventThatIsNoJSONIsKeptReadable(t *testing.T) {
	for _, body := range []string{"", "{", "null", "[]", `{"event":7}`, `{"event":{"type":"message","channel":{"id":"C1"},"text":5,"user":"U1"}}`} {
		m, err := New(Options{}).Message(balie.Raw{Channel: "slack", Format: "slack-event", Account: "T1"}, opened([]byte(body)))
		if err == nil || m.Channel != "slack" || m.Side != balie.CustomerSide {
			t.Errorf("%q: %v %+v", body, err, m)
		}
	}
}

func FuzzSlack(f *testing.F) {
	f.Add([]byte(`{"team_id":"T1","event":{"type":"message","channel":"C1","user":"U1","text":"<!a|b> <@U1> &lt;","ts":"1.2","files":[{}],"blocks":[{"text":{"text":"x"}}]}}`))
	f.Add([]byte(`{"event":{"type":"message","subtype":"message_changed","message":{"ts":"1"},"previous_message":null}}`))
	f.Add([]byte(`{"event":{"type":"message","text":"a<b<c>d","thread_ts":"9"}}`))
	n := New(Options{})
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := balie.Raw{Channel: "slack", Format: "slack-event", Account: "T1", Key: "k"}
		m, err := n.Message(raw, opened(body))
		again, _ := n.Message(raw, opened(body))
		if d := cmp.Diff(m, again); d != "" {
			t.Errorf("not the same twice: %s", d)
		}
		if m.Key != "k" || err == nil && strings.ContainsAny(m.Text, "\x00\x1b\u202e") {
			t.Errorf("%q gives %+v", body, m)
		}
	})
}
