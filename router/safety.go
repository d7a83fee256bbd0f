package router

import (
	"fmt"

	"github.com/balie/balie"
)

// askRounds is how often a customer is asked for what is missing before a
// person looks.
const askRounds = 2

// unsafe is why an action may not be done whatever the rules say, or "".
func (x *run) unsafe(a balie.Action) string {
	f := x.facts
	complaint := f.Request.Kind == string(balie.Complaint)
	switch {
	case a.Do == balie.DoDesk:
		return ""
	case f.Message.Unreadable:
		return "the message could not be read"
	case complaint && a.Do == balie.DoDiscard && !f.Message.Automatic:
		return "a complaint is never closed by itself"
	case a.Do == balie.DoHandOut && a.Team == "":
		return "it is not known whom to hand it out to"
	case !talks(a.Do):
		return ""
	case f.Message.Automatic:
		return "an automatic message is never answered automatically"
	case f.Sender.Failed:
		return "somebody pretends to be the sender"
	case f.Message.NoReply:
		return "this sender may not be answered automatically"
	case complaint && a.Do != balie.DoAsk:
		return "a complaint is never answered by itself"
	case f.Request.Kind == string(balie.Fault) && x.orders():
		return "a fault is never answered with the text of an order"
	}
	switch a.Do {
	case balie.DoAsk:
		return x.unsafeAsk(a)
	case balie.DoOffer:
		if len(a.Products) < 2 {
			return "there are no two products to choose from"
		}
		return ""
	}
	return x.unsafeAnswer(a)
}

// talks reports whether the action writes to the customer by itself.
func talks(k balie.ActionKind) bool {
	return k == balie.DoAnswer || k == balie.DoAsk || k == balie.DoOffer
}

// orders reports whether the product is an order, or may be one: there are no
// facts of a product that a rule set.
func (x *run) orders() bool {
	p := x.facts.Product
	return p.Kind == string(balie.Order) || x.product != "" && x.product != p.ID
}

func (x *run) unsafeAsk(a balie.Action) string {
	switch {
	case x.facts.Request.Asked >= askRounds:
		return fmt.Sprintf("the customer was asked %d times already", x.facts.Request.Asked)
	case len(a.Fields) == 0:
		return "there is nothing to ask"
	}
	return ""
}

// unsafeAnswer is the guard of the move to answered: the product is known, may
// be answered without a person, and is surely meant.
func (x *run) unsafeAnswer(a balie.Action) string {
	p, score := x.facts.Product, x.facts.Match.Score
	switch {
	case len(a.Products) == 0:
		return "no product was recognised"
	case a.Products[0] != p.ID:
		return fmt.Sprintf("nothing is known of product %q", a.Products[0])
	case p.AnswerMode != string(balie.Send):
		return fmt.Sprintf("product %q is not answered without an agent", p.ID)
	case p.Threshold <= 0:
		return fmt.Sprintf("product %q has no threshold", p.ID)
	case !(score >= p.Threshold): // so also when it is not a number
		return fmt.Sprintf("match.score %s is below the threshold %s of product %q", short(score), short(p.Threshold), p.ID)
	}
	return ""
}
