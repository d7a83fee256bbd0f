package peers

import (
	"net/http"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// SignWebhook is the head of a request signed as Standard Webhooks says. A
// secret that cannot be read signs with nothing, so that it is refused.
func SignWebhook(secret, id string, at time.Time, body []byte) http.Header {
	head := http.Header{"Content-Type": {"application/json"}}
	head.Set(webhooks.HeaderWebhookID, id)
	head.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	if w, err := webhooks.NewWebhook(secret); err == nil {
		if sig, err := w.Sign(id, at, body); err == nil {
			head.Set(webhooks.HeaderWebhookSignature, sig)
		}
	}
	return head
}
