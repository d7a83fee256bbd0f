package slack

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/balie/balie/internal/peers"
)

// BenchmarkVerify is the price of a signature over a usual event.
func BenchmarkVerify(b *testing.B) {
	const secret = "0123456789abcdef0123456789abcdef"
	now := time.Now()
	body, _ := json.Marshal(map[string]any{"type": "event_callback", "event": map[string]any{"type": "message", "text": fmt.Sprintf("%2000d", 1)}})
	head := peers.SignSlack(secret, now, body)
	for b.Loop() {
		if err := verify(now, []string{"ffffffffffffffffffffffffffffffff", secret}, head.Get("X-Slack-Request-Timestamp"), head.Get("X-Slack-Signature"), body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMrkdwn is the price of rendering an answer.
func BenchmarkMrkdwn(b *testing.B) {
	const answer = "Hi **Anna**,\n\nYour key is at [reception](https://desk.example/key):\n\n- bring your _badge_\n- before 17:00\n\n> where is my key?\n"
	for b.Loop() {
		Mrkdwn(answer)
	}
}
