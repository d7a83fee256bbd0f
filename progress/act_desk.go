package progress

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/router"
)

// carryOut does one thing of an intervention.
func (a *act) carryOut(do router.GuardAction) error {
	switch do.Do {
	case router.DoNotify:
		return a.notify(do.Whom, a.reason())
	case router.DoRaise:
		return a.raise(do.Value)
	case router.DoEscalate:
		return a.escalate(do.Whom)
	case router.DoAskStatus:
		return a.askStatus()
	case router.DoTellCustomer:
		if do.Value == router.TellDelay {
			return a.tellDelay()
		}
		return a.tellProgress()
	case router.DoCallBack:
		if err := a.tag(CallBackTag); err != nil {
			return err
		}
		return a.alerted(router.ToAssignee, a.p.write.Text(a.p.o.Language, "progress.call_back"))
	case router.DoTag:
		return a.tag(do.Value)
	}
	return fmt.Errorf("nobody knows how to %q", do.Do)
}

// reason says in a line why somebody is told.
func (a *act) reason() string {
	r := a.request()
	n := r.Passed
	if a.t.Kind == ScoredTimer {
		n = r.Score
	}
	team := ""
	if h, ok := r.Handout(a.t.Clock.Handout); ok {
		team = a.team(h.Team).Name(a.p.o.Language)
	}
	return a.p.write.Text(a.p.o.Language, "progress."+string(a.t.Kind), "team", team, "n", strconv.Itoa(n))
}

// tag puts a tag on the request, unless it is there.
func (a *act) tag(name string) error {
	if slices.Contains(a.request().Tags, name) {
		return nil
	}
	a.note("tagged " + name)
	return a.do(balie.Event{What: balie.Tagged, Data: map[string]string{"add": name}})
}

// raise makes the priority at least so much.
func (a *act) raise(to string) error {
	p, ok := priorities[to]
	if !ok || a.request().Priority >= p {
		return nil
	}
	a.note("raised to " + to)
	return a.do(balie.Event{What: balie.Edited, Data: map[string]string{"priority": strconv.Itoa(p)}})
}

// escalate marks the request and tells the lead or a team.
func (a *act) escalate(whom string) error {
	if err := a.tag(EscalatedTag); err != nil {
		return err
	}
	return a.notify(whom, a.reason())
}

// alerted says on the request who was told, or must know, and why.
func (a *act) alerted(whom, reason string) error {
	a.note("alerted " + whom)
	return a.do(balie.Event{What: balie.Alerted, Data: map[string]string{"whom": whom, "reason": reason}})
}

// notify tells a colleague: with the request's number and the reason, never its
// content.
func (a *act) notify(whom, reason string) error {
	if whom == router.ToTeam {
		return a.tellTeams()
	}
	if slices.Contains(a.notified, "whom "+whom) {
		return nil
	}
	a.notified = append(a.notified, "whom "+whom)
	to, language := a.colleagues(whom)
	if len(to) == 0 {
		a.hold("nobody to write to: " + whom)
	}
	l := a.p.write.Alert(a.request(), language, reason)
	for _, x := range to {
		if slices.Contains(a.notified, x.Key()) {
			continue
		}
		a.notified = append(a.notified, x.Key())
		a.p.write.Enclose(a.c, l, letters.Post{Side: balie.DeskSide, Channel: x.Channel(), To: x, Auto: true, Language: language, Due: a.opens()}, a.now)
	}
	return a.alerted(whom, reason)
}

// colleagues are where somebody is told, and in which language. Without an
// agent who has it, the leads are.
func (a *act) colleagues(whom string) ([]balie.Address, string) {
	language := a.p.o.Language
	switch whom {
	case router.ToAssignee:
		if name := a.request().Assignee; name != "" && a.p.o.Agent != nil {
			if to, l, ok := a.p.o.Agent(a.ctx, name); ok {
				if l != "" {
					language = l
				}
				return []balie.Address{to}, language
			}
		}
		return a.p.o.Leads, language
	case router.ToLead:
		return a.p.o.Leads, language
	case router.ToAccount:
		whom = a.s.Organisation.AccountManager
	}
	if to := a.team(whom).Reach; to.Channel() != "" {
		return []balie.Address{to}, language
	}
	return nil, language
}

// tellTeams reminds those who have the request.
func (a *act) tellTeams() error {
	for _, h := range a.concerned() {
		if err := a.remindTeam(h.ID, false); err != nil {
			return err
		}
	}
	return nil
}

// askStatus asks those who have the request how it stands.
func (a *act) askStatus() error {
	for _, h := range a.concerned() {
		if err := a.remindTeam(h.ID, true); err != nil {
			return err
		}
	}
	return nil
}

// concerned are the hand-outs a timer is about: the one it names, else all that
// are open.
func (a *act) concerned() []balie.Handout {
	open := a.request().OpenHandouts()
	if h, ok := a.request().Handout(a.t.Clock.Handout); ok && h.Open() {
		return []balie.Handout{h}
	}
	return open
}

// remindTeam writes to whoever has a hand-out, in its thread, once for a timer
// and at most so often as the policy says: how does it stand, or that it is due.
func (a *act) remindTeam(id balie.ID, status bool) error {
	h, ok := a.request().Handout(id)
	if !ok || !h.Open() || slices.Contains(a.asked, id) {
		return nil
	}
	a.asked = append(a.asked, id)
	if most := a.s.policy().Remind.Most; reminded(a.request(), id) > most { // this one is among them
		a.hold("the team was reminded " + strconv.Itoa(most) + " times")
		return nil
	}
	said, err := a.messages()
	if err != nil {
		return err
	}
	to := h.To
	if to.IsZero() {
		to = a.team(h.Team).Reach
	}
	l := a.p.write.TeamReminder(h, a.about(h), a.now)
	what := "reminded"
	if status {
		l, what = a.p.write.StatusRequest(h, a.about(h), a.now), "asked for a status"
	}
	due := a.now
	if !a.urgent() {
		_, cal := a.s.teamHours(a.request(), h.Team)
		due = cal.Next(a.now)
	}
	m := a.p.write.Enclose(a.c, l, letters.Post{Side: balie.TeamSide, Handout: h.ID, Channel: to.Channel(), To: to, Thread: threadOf(said, h.ID),
		Auto: true, Language: a.p.o.Language, Due: due}, a.now)
	a.note(what + ": " + h.Team)
	return a.do(balie.Event{What: balie.ToldTeam, Message: m, Data: map[string]string{"handout": h.ID.String(), "letter": m.String(), "why": string(a.t.Kind)}})
}
