package normalize

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/balie/balie"
)

// slackLimit is the largest event in bytes that is read: the channel takes
// 1 MiB, Slack itself sends far less.
const slackLimit = 1 << 20

// slackEnvelope is the outer part of an Events API request, as far as a
// message needs it.
type slackEnvelope struct {
	Type    string `json:"type"`
	TeamID  string `json:"team_id"`
	AppID   string `json:"api_app_id"`
	EventID string `json:"event_id"`
	Auths   []struct {
		UserID string `json:"user_id"`
		IsBot  bool   `json:"is_bot"`
	} `json:"authorizations"`
	Event slackEvent `json:"event"`
}

// slackEvent is a message or app_mention event.
type slackEvent struct {
	slackSaid
	Channel     json.RawMessage `json:"channel"` // an id; in other events an object
	ChannelType string          `json:"channel_type"`
	EventTS     string          `json:"event_ts"`
	DeletedTS   string          `json:"deleted_ts"`
	Message     *slackSaid      `json:"message"`          // message_changed: as it is now
	Previous    *slackSaid      `json:"previous_message"` // message_changed, message_deleted: as it was
}

// slackSaid is what somebody said.
type slackSaid struct {
	Type     string `json:"type"`
	Subtype  string `json:"subtype"`
	User     string `json:"user"`
	Username string `json:"username"`
	BotID    string `json:"bot_id"`
	AppID    string `json:"app_id"`
	Bot      struct {
		AppID string `json:"app_id"`
		Name  string `json:"name"`
	} `json:"bot_profile"`
	Profile struct {
		Real    string `json:"real_name"`
		Display string `json:"display_name"`
	} `json:"user_profile"`
	Text        string            `json:"text"`
	TS          string            `json:"ts"`
	ThreadTS    string            `json:"thread_ts"`
	Files       []slackFile       `json:"files"`
	Attachments []slackAttachment `json:"attachments"`
	Blocks      json.RawMessage   `json:"blocks"`
}

type slackFile struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	Type      string `json:"mimetype"`
	Size      int64  `json:"size"`
	Permalink string `json:"permalink"`
	Private   string `json:"url_private"`
}

type slackAttachment struct {
	Fallback string `json:"fallback"`
	Text     string `json:"text"`
}

// slack reads an event of Slack's Events API.
func (n *Normalizer) slack(raw balie.Raw, open Open) (balie.Message, error) {
	m := base(raw)
	body, err := readOriginal(open, slackLimit)
	if err != nil {
		return m, fmt.Errorf("read slack event: %w", err)
	}
	var e slackEnvelope
	// A field of an unexpected type leaves the others as they are.
	parseErr := json.Unmarshal(body, &e)
	slackMessage(&m, e)
	switch {
	case parseErr != nil:
		return m, fmt.Errorf("read slack event: %w", parseErr)
	case e.Event.Type != "message" && e.Event.Type != "app_mention":
		return m, fmt.Errorf("slack event %q is not a message", cleanLine(e.Event.Type))
	}
	return m, nil
}

// readOriginal reads the original, at most limit bytes.
func readOriginal(open Open, limit int64) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return b[:limit], balie.ErrTooLarge
	}
	return b, err
}

func slackMessage(m *balie.Message, e slackEnvelope) {
	said := slackNow(e.Event)
	team := cmp.Or(m.Account, e.TeamID)
	var channel string
	_ = json.Unmarshal(e.Event.Channel, &channel) // no id: no place, no key
	place := team + ":" + channel + ":"

	slackAuto(m, e, said)
	if m.From.Value == "" && cmp.Or(said.User, said.BotID) != "" {
		m.From = balie.Address{Scheme: balie.Slack, Value: team + "/" + cmp.Or(said.User, said.BotID)}
	}
	if m.From.Value != "" {
		m.From.Name = cleanLine(cmp.Or(m.From.Name, said.Profile.Display, said.Profile.Real, said.Username, said.Bot.Name))
	}
	ts := cmp.Or(e.Event.TS, e.Event.EventTS)
	if ts != "" && channel != "" {
		m.MsgID = "slack:" + place + ts
		m.ReplyTo = balie.Address{Scheme: balie.Slack, Value: team + "/" + channel + "/" + cmp.Or(said.ThreadTS, said.TS, ts)}
	}
	for _, t := range []string{slackOriginalTS(e.Event), said.ThreadTS} {
		if id := "slack:" + place + t; t != "" && t != ts && !slices.Contains(m.Thread, id) {
			m.Thread = append(m.Thread, id)
		}
	}
	full := slackText(slackWords(said))
	m.Text = slackText(withoutCall(slackWords(said), e))
	if m.Text != full {
		m.Full = full
	}
	slackFields(m, e, said)
	slackFiles(m, said.Files)
	m.Digest = slackDigest(place, ts, e.Event.Subtype, said)
}

// slackNow is what the event says now: an edited message as it is after the
// edit, a deleted one as it was.
func slackNow(e slackEvent) slackSaid {
	switch {
	case e.Subtype == "message_changed" && e.Message != nil:
		return *e.Message
	case e.Subtype == "message_deleted" && e.Previous != nil:
		return *e.Previous
	case e.Subtype == "message_replied" && e.Message != nil:
		return *e.Message
	}
	return e.slackSaid
}

// slackOriginalTS is the ts of the message that an edit or deletion is about.
func slackOriginalTS(e slackEvent) string {
	switch e.Subtype {
	case "message_changed", "message_replied":
		if e.Message != nil {
			return e.Message.TS
		}
	case "message_deleted":
		if e.Previous != nil {
			return cmp.Or(e.DeletedTS, e.Previous.TS)
		}
		return e.DeletedTS
	}
	return ""
}

// personal are the subtypes of a message that a person wrote; every other one
// tells that something happened.
var personal = []string{"", "file_share", "thread_broadcast", "me_message"}

// slackAuto says whether somebody asks something, or why not.
func slackAuto(m *balie.Message, e slackEnvelope, said slackSaid) {
	app := cmp.Or(said.AppID, said.Bot.AppID)
	own := e.AppID != "" && app == e.AppID
	for _, a := range e.Auths {
		own = own || a.IsBot && a.UserID != "" && a.UserID == said.User
	}
	switch {
	case own:
		m.Auto, m.NoReply = balie.AutoLoop, "written by the desk itself"
	case e.Event.Subtype == "message_changed":
		m.Auto, m.NoReply = balie.AutoSystem, "an earlier message was edited"
		if e.Event.Previous != nil && e.Event.Previous.Text == said.Text {
			m.NoReply = "an earlier message was unfurled"
		}
	case e.Event.Subtype == "message_deleted":
		m.Auto, m.NoReply = balie.AutoSystem, "an earlier message was deleted"
	case said.BotID != "" || said.Subtype == "bot_message":
		m.Auto, m.NoReply = balie.AutoSystem, "written by a bot"
	case !slices.Contains(personal, e.Event.Subtype):
		m.Auto, m.NoReply = balie.AutoSystem, "not written but reported by Slack: "+cleanLine(e.Event.Subtype)
	}
}

// slackWords is the text in Slack's markup. Bots leave text empty and put
// their words in attachments or blocks.
func slackWords(s slackSaid) string {
	if s.Text != "" {
		return s.Text
	}
	var words []string
	for _, a := range s.Attachments {
		if w := cmp.Or(a.Text, a.Fallback); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = blockWords(s.Blocks)
	}
	return strings.Join(words, "\n")
}

// maxBlockWords bounds the texts that are taken from blocks; Slack allows 50
// blocks a message.
const maxBlockWords = 200

// blockWords collects the texts of blocks in reading order.
func blockWords(blocks json.RawMessage) []string {
	var tree any
	if json.Unmarshal(blocks, &tree) != nil {
		return nil
	}
	var words []string
	var walk func(any)
	walk = func(v any) {
		if len(words) >= maxBlockWords {
			return
		}
		switch v := v.(type) {
		case []any:
			for _, c := range v {
				walk(c)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok && s != "" {
				words = append(words, s)
				return
			}
			for _, k := range []string{"text", "elements", "fields"} {
				walk(v[k])
			}
		}
	}
	walk(tree)
	return words
}

// withoutCall drops the mention of the desk's own bot with which a message in
// a channel begins: it calls the desk and says nothing.
func withoutCall(text string, e slackEnvelope) string {
	for _, a := range e.Auths {
		if !a.IsBot || a.UserID == "" {
			continue
		}
		for _, end := range []string{">", "|"} {
			rest, ok := strings.CutPrefix(strings.TrimSpace(text), "<@"+a.UserID+end)
			if !ok {
				continue
			}
			if end == "|" {
				_, rest, _ = strings.Cut(rest, ">")
			}
			return strings.TrimLeft(rest, " \t\n,:")
		}
	}
	return text
}

// slackText turns Slack's markup into plain text.
func slackText(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, ">")
		if !closed {
			b.WriteString("<" + rest)
			break
		}
		b.WriteString(slackMark(inside))
		s = after
	}
	return plainLines(slackEntities.Replace(b.String()))
}

// slackEntities are the only three characters that Slack escapes.
var slackEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// slackMark is the plain text of what stands between < and >. A link shows
// where it leads beside what it says.
func slackMark(inside string) string {
	what, label, labelled := strings.Cut(inside, "|")
	if what == "" {
		return label
	}
	switch what[0] {
	case '@':
		return "@" + strings.TrimPrefix(cmp.Or(label, what[1:]), "@")
	case '#':
		return "#" + strings.TrimPrefix(cmp.Or(label, what[1:]), "#")
	case '!':
		if labelled {
			return label
		}
		name, _, _ := strings.Cut(what[1:], "^")
		return "@" + name
	}
	target := what
	for _, scheme := range []string{"mailto:", "tel:"} {
		target = strings.TrimPrefix(target, scheme)
	}
	if !labelled || label == "" || label == target || "http://"+label == target || "https://"+label == target {
		return target
	}
	return label + " (" + target + ")"
}

func slackFields(m *balie.Message, e slackEnvelope, said slackSaid) {
	m.Fields = map[string]string{}
	put := func(k, v string) {
		if v != "" {
			m.Fields[k] = v
		}
	}
	put("slack_event", cleanLine(e.EventID))
	put("slack_channel_type", cleanLine(e.Event.ChannelType))
	var links []string
	for _, f := range said.Files {
		if l := cmp.Or(f.Permalink, f.Private); l != "" {
			links = append(links, cleanLine(l))
		}
	}
	put("slack_files", strings.Join(links, "\n"))
}

// maxSlackFiles bounds the files of one message; Slack allows ten.
const maxSlackFiles = 100

func slackFiles(m *balie.Message, files []slackFile) {
	var names []string
	for _, f := range files[:min(len(files), maxSlackFiles)] {
		name := cmp.Or(CleanName(cmp.Or(f.Name, f.Title, f.ID)), "file")
		names = append(names, name)
		m.Parts = append(m.Parts, balie.Part{Name: name, Type: cleanLine(f.Type), Size: max(f.Size, 0)})
	}
	if len(names) > 0 {
		m.Warnings = append(m.Warnings, "files were left at Slack, not fetched: "+strings.Join(names, ", "))
	}
}

// plainLines drops what could steer a terminal, a log or the reading direction,
// and bytes that are not UTF-8; lines stay.
func plainLines(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// slackDigest is the identity of what was said, whichever event brought it:
// the same words arrive as message and as app_mention.
func slackDigest(place, ts, subtype string, s slackSaid) string {
	h := sha256.New()
	kind := ""
	if !slices.Contains(personal, subtype) {
		kind = subtype
	}
	for _, p := range []string{place, ts, kind, s.User, s.BotID, slackWords(s)} {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	for _, f := range s.Files {
		fmt.Fprintf(h, "%d:%s,", len(f.ID), f.ID)
	}
	return hex.EncodeToString(h.Sum(nil))
}
