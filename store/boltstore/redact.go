package boltstore

import (
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
)

// erasee is whom an Erase is about.
type erasee struct {
	person    balie.ID
	addresses []balie.Address
}

func (p erasee) has(a balie.Address) bool {
	return slices.ContainsFunc(p.addresses, func(b balie.Address) bool { return a.Key() == b.Key() })
}

// shortest is the length in bytes from which an address is looked for within
// texts: a shorter one would be found in the middle of anything.
const shortest = 6

// mentions reports whether a text has an address of theirs as a whole, in any
// case of letters: jan@klant.example is not in marjan@klant.example.
func (p erasee) mentions(text string) bool {
	text = strings.ToLower(text)
	for _, a := range p.addresses {
		value := strings.ToLower(a.Value)
		if text == value && value != "" {
			return true
		}
		if len(value) < shortest {
			continue
		}
		for at := 0; ; at++ {
			i := strings.Index(text[at:], value)
			if i < 0 {
				break
			}
			at += i
			if !joins(text[:at], text[at+len(value):]) {
				return true
			}
		}
	}
	return false
}

// joins reports whether what stands before and behind goes on with an address.
func joins(before, behind string) bool {
	if before != "" && strings.IndexByte("._%+-/", before[len(before)-1]) >= 0 || before != "" && wordByte(before[len(before)-1]) {
		return true
	}
	behind = strings.TrimPrefix(behind, ".") // the end of a sentence, or of a label
	return behind != "" && (wordByte(behind[0]) || behind[0] == '-' || behind[0] == '/')
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80
}

// keptData are the names of Event.Data that say where a request stands, and
// never what somebody said: the fold and the figures need them. What is not
// among them is removed, also what a later version adds.
var keptData = []string{
	"ref", "channel", "account", "language", "product", "kind", "priority", "assignee", "customer", "promised",
	"state", "prior", "outcome", "of", "spoke", "spoke_at", "responded", "asked", "rounds", "reopened", "seq",
	"fields", "handout", "person", "to", "delivery", "letter", "before", "with", "how", "auto", "date",
	"timer", "cause", "whom", "score", "right", "hard", "status", "side", "chosen", "undoes",
	"promised_at", "promised_word", "heard", "solved", "pauses", "due", "late", "policy", "rules", "did", "held",
}

// bareEvent is what remains of an event: that it happened, when and by whom.
func bareEvent(e balie.Event) balie.Event {
	var data map[string]string
	for k, v := range e.Data {
		if e.What == balie.Filled || !slices.Contains(keptData, k) {
			continue // of Filled the names are those of the desk's own fields
		}
		if data == nil {
			data = map[string]string{}
		}
		data[k] = v
	}
	e.Data = data
	if e.Handout != nil {
		h := *e.Handout
		h.Reason = ""
		e.Handout = &h
	}
	if e.Decision != nil {
		d := bareDecision(*e.Decision)
		e.Decision = &d
	}
	return e
}

// bareDecision keeps what rules and products did, not what they looked at.
func bareDecision(d balie.Decision) balie.Decision {
	out := balie.Decision{Do: slices.Clone(d.Do), Rule: d.Rule, Ruleset: d.Ruleset, Catalogue: d.Catalogue,
		Match: slices.Clone(d.Match), Matched: d.Matched}
	for i := range out.Do {
		out.Do[i].Reason = ""
	}
	for i := range out.Match {
		out.Match[i].Terms, out.Match[i].Like = nil, ""
	}
	m, f := d.Facts.Message, d.Facts
	out.Facts = balie.Facts{Request: f.Request, Match: f.Match, Product: f.Product, Missing: f.Missing, Now: f.Now,
		Message: balie.MessageFacts{Channel: m.Channel, Account: m.Account, Language: m.Language, Attachments: m.Attachments,
			Automatic: m.Automatic, Auto: m.Auto, NoReply: m.NoReply, Warnings: m.Warnings, Unreadable: m.Unreadable},
		Sender:   balie.SenderFacts{Proven: f.Sender.Proven, Failed: f.Sender.Failed, Known: f.Sender.Known},
		Customer: balie.CustomerFacts{KeyAccount: f.Customer.KeyAccount, Segment: f.Customer.Segment}}
	return out
}

// eventOf removes the person from an event of somebody else's request.
func (p erasee) eventOf(e balie.Event) balie.Event {
	if e.What == balie.Filled {
		data := map[string]string{}
		for k, v := range e.Data {
			if !p.mentions(v) {
				data[k] = v
			}
		}
		e.Data = data
		return e
	}
	for _, v := range e.Data {
		if p.mentions(v) {
			return bareEvent(e)
		}
	}
	if e.Decision == nil {
		return e
	}
	f := e.Decision.Facts
	if p.mentions(f.Sender.Address) || p.mentions(f.Message.Subject) || p.mentions(f.Message.Text) {
		d := bareDecision(*e.Decision)
		e.Decision = &d
	}
	return e
}

// shell is what remains of a message.
func shell(m balie.Message) balie.Message {
	out := balie.Message{ID: m.ID, Request: m.Request, Handout: m.Handout, Side: m.Side, Direction: m.Direction,
		Channel: m.Channel, Account: m.Account, Proof: m.Proof, Language: m.Language, Auto: m.Auto, At: m.At}
	if b := m.Bounce; b != nil {
		out.Bounce = &balie.Bounce{Action: b.Action, Status: b.Status, Hard: b.Hard}
	}
	return out
}

func (p erasee) wrote(m balie.Message) bool { return p.has(m.From) || p.has(m.ReplyTo) }

// messageOf removes the person from a message that somebody else wrote, or to
// somebody else.
func (p erasee) messageOf(m balie.Message) balie.Message {
	m.To = slices.DeleteFunc(slices.Clone(m.To), p.has)
	m.Cc = slices.DeleteFunc(slices.Clone(m.Cc), p.has)
	if b := m.Bounce; b != nil && (p.mentions(b.Recipient) || p.mentions(b.Text)) {
		m.Bounce = shell(m).Bounce
	}
	return m
}

// bareDelivery says only what became of it. One that a sender has gets another
// lease, so that he comes too late.
func bareDelivery(d balie.Delivery) balie.Delivery {
	if d.Status == balie.Leased {
		d.Lease++
	}
	if d.Status != balie.SentOK {
		d.Status = balie.TakenBack
	}
	d.To, d.LastError, d.Receipt, d.LeasedUntil = balie.Address{}, "", "", time.Time{}
	return d
}

func bareLine(l balie.LedgerEntry) balie.LedgerEntry {
	l.Key, l.MsgID, l.From, l.Subject, l.Reason = "", "", "", "", ""
	return l
}
