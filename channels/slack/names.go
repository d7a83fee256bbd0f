package slack

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// nameTime is how long an event may wait for a name, out of the three
	// seconds after which Slack comes again.
	nameTime = time.Second
	// nameRest is how long nobody is asked for after Slack did not tell one.
	nameRest = time.Minute
	// nameAge is how long a name is believed.
	nameAge = 24 * time.Hour
	// maxNames bounds what is remembered.
	maxNames = 10_000
)

// names are what people in the workspace call themselves: Slack's events only
// have their ids. A name is for display, so an event goes in without one when
// Slack does not tell it in time.
type names struct {
	ask func(ctx context.Context, user string) (string, error) // nil: nobody to ask
	now func() time.Time

	mu    sync.Mutex
	known map[string]named
	rest  time.Time // until when nobody is asked for
}

type named struct {
	name string
	at   time.Time
}

// of is the name of a user, or "".
func (n *names) of(ctx context.Context, user string) string {
	if n.ask == nil || user == "" {
		return ""
	}
	now := n.now()
	n.mu.Lock()
	have, ok := n.known[user]
	resting := now.Before(n.rest)
	n.mu.Unlock()
	if ok && now.Sub(have.at) < nameAge || resting {
		return have.name
	}
	ctx, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	name, err := n.ask(ctx, user)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.rest = now.Add(nameRest)
		return have.name
	}
	if len(n.known) >= maxNames {
		clear(n.known) // simpler than an age for each; they are asked for again
	}
	n.known[user] = named{name, now}
	return name
}

// whoIs asks Slack.
func (s *Slack) whoIs(ctx context.Context, user string) (string, error) {
	u, err := s.api.GetUserInfoContext(ctx, user)
	if err != nil {
		return "", err
	}
	return cmp.Or(u.Profile.RealName, u.RealName, u.Profile.DisplayName, u.Name), nil
}
