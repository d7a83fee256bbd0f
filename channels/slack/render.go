package slack

import "github.com/balie/balie"

// Render makes a letter's Markdown what Slack shows.
func (s *Slack) Render(m balie.Message) balie.Message {
	m.Text = Mrkdwn(m.Text)
	return m
}
