package web_test

import (
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// reply answers a request as an agent does in the composer, and gives its form.
func reply(q balie.Request, text string) url.Values {
	return url.Values{"tab": {"reply"}, "act": {"send"}, "key": {"k" + text}, "seen": {itoa(q.Version)}, "text": {text}, "then": {"stay"}}
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

func TestARequestShowsItsConversation(t *testing.T) {
	r := newRig(t)
	q := r.ask("Fatima El Amrani", "Pas werkt niet meer op de derde", "Goedemorgen, mijn pas doet het sinds vanochtend niet meer op de derde verdieping. Kan iemand dit nakijken?")
	r.as(sanne).sees("/r/"+q.Ref, 200, "Fatima El Amrani", "Pas werkt niet meer op de derde", "fatima.el.amrani@akker.example", "Waarom hier?")
	_ = desk.Agent
	_ = time.Now
	_ = strings.Contains
	_ = os.Getenv
}
