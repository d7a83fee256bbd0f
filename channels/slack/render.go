package slack

import (
	"strings"

	"github.com/balie/balie"
)

// Render makes a letter's Markdown what Slack shows.
func (s *Slack) Render(m balie.Message) balie.Message {
	m.Text = Mrkdwn(m.Text)
	return m
}

// ThreadID names a post as the replies under it do: by workspace, channel and
// the thread's first ts.
func (s *Slack) ThreadID(d balie.Delivery, receipt string) string {
	parts := strings.Split(d.To.Value, "/")
	if receipt == "" || len(parts) < 2 {
		return ""
	}
	return "slack:" + parts[0] + ":" + parts[1] + ":" + receipt
}
