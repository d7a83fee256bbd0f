package simulate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// sent is a letter that went out.
type sent struct {
	delivery balie.Delivery
	message  balie.Message // as its reader gets it
	request  balie.Request
}

// post is every sender of the desk: it keeps letters for whoever they are for.
type post struct {
	mu    sync.Mutex
	out   []sent
	dead  map[string]bool // mail addresses that take nothing any more
	seen  map[balie.ID]int
	stamp int
}

func newPost() *post { return &post{dead: map[string]bool{}, seen: map[balie.ID]int{}} }

// Send keeps a letter.
func (p *post) Send(_ context.Context, d balie.Delivery, m balie.Message, r balie.Request) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[d.ID]++
	p.out = append(p.out, sent{d, m, r})
	return "kept", nil
}

// Render leaves a letter as it was written: nobody looks at its HTML.
func (p *post) Render(m balie.Message) balie.Message { return m }

// take gives what went out since, in an order that does not hang on which
// sender was first.
func (p *post) take(order func(balie.ID) int) []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.out
	p.out = nil
	slices.SortFunc(out, func(a, b sent) int {
		return cmp.Or(cmp.Compare(order(a.request.ID), order(b.request.ID)), a.delivery.Created.Compare(b.delivery.Created),
			cmp.Compare(a.message.Side, b.message.Side), cmp.Compare(a.delivery.To.Key(), b.delivery.To.Key()))
	})
	return out
}

// doubles is how many letters went out more than once.
func (p *post) doubles() int {
	n := 0
	for _, times := range p.seen {
		n += times - 1
	}
	return n
}

// slackPost is the sender for Slack: the workspace numbers what is posted.
type slackPost struct{ *post }

var _ channels.Threader = slackPost{}

// Send keeps a post and gives it its number.
func (p slackPost) Send(ctx context.Context, d balie.Delivery, m balie.Message, r balie.Request) (string, error) {
	_, err := p.post.Send(ctx, d, m, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stamp++ // what people say has six digits there
	return fmt.Sprintf("%d.9%06d", d.Created.Unix(), p.stamp%1e6), err
}

// ThreadID is what a reply to a post refers to.
func (slackPost) ThreadID(d balie.Delivery, receipt string) string {
	part := strings.Split(d.To.Value, "/")
	if len(part) < 2 {
		return ""
	}
	return "slack:" + part[0] + ":" + part[1] + ":" + receipt
}
