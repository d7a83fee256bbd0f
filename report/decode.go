package report

import (
	"time"

	"github.com/balie/balie"
)

// moment is a moment of a record.
func moment(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

func took(s uint32) time.Duration { return time.Duration(s) * time.Second }

// fact is the whole fact of a record; words is the dictionary.
func (p *packed) fact(key []byte, words []string) (Fact, error) {
	bad := false
	w := func(n uint32) string {
		if int(n) >= len(words) {
			bad = true
			return ""
		}
		return words[n]
	}
	n := &p.n
	f := Fact{
		Request: balie.ID(key), Opened: time.Unix(p.opened, 0).UTC(),
		Solved: moment(p.at[atSolved]), Closed: moment(p.at[atClosed]), Paused: moment(p.at[atPaused]),
		Outcome: balie.Outcome(w(n[wordOutcome])), State: balie.State(n[numState]), Kind: balie.Kind(w(n[wordKindOf])), Priority: unzigzag(n[numPriority]),
		Channel: w(n[wordChannel]), Product: w(n[wordProduct]), Language: w(n[wordLanguage]), Place: w(n[wordPlace]), Team: w(n[wordTeam]),
		Agent: w(n[wordAgent]), Organisation: w(n[wordOrganisation]), Decided: Decided(n[numDecided]), Rule: w(n[wordRule]), Ruleset: int(n[numRuleset]),
		Responded: moment(p.at[atResponded]), Respond: took(n[tookRespond]), Resolve: took(n[tookResolve]),
		RespondTarget: took(n[targetRespond]), ResolveTarget: took(n[targetResolve]),
		RespondKept: p.flag(flagRespondKept), ResolveKept: p.flag(flagResolveKept),
		RespondDue: moment(p.at[atRespondDue]), ResolveDue: moment(p.at[atResolveDue]), Waited: took(n[tookWaited]), Had: took(n[tookHad]),
		Words: int(n[numWords]), WordsLate: int(n[numWordsLate]), WordDue: moment(p.at[atWordDue]), Rounds: int(n[numRounds]),
		Passed: int(n[numPassed]), Returned: int(n[numReturned]), Complete: int(n[numComplete]), Handouts: int(n[numHandouts]),
		Reopened: int(n[numReopened]), Reopens: moment(p.at[atReopens]), Judged: int(n[numJudged]), JudgedOK: int(n[numJudgedOK]),
		Automatic: p.flag(flagAutomatic), Unaided: p.flag(flagUnaided), Score: int(n[numScore]), Scored: moment(p.at[atScored]),
		Surveyed: p.flag(flagSurveyed), Alarms: int(n[numAlarms]), Touches: int(n[numTouches]), Merged: p.flag(flagMerged),
	}
	t := p.tail()
	f.Customer = p.customer(&t)
	p.lists(&f, &t, w)
	if bad || t.bad || len(t.b) > 0 {
		return Fact{}, errDamaged
	}
	return f, nil
}

// lists reads teams, path and rulings.
func (p *packed) lists(f *Fact, t *tail, w func(uint32) string) {
	for n := t.count(); n > 0 && !t.bad; n-- {
		f.Teams = append(f.Teams, w(t.count()))
	}
	for n := t.count(); n > 0 && !t.bad; n-- {
		s := Step{Holder: w(t.count())}
		s.Took = took(t.count())
		s.Rule = w(t.count())
		f.Path = append(f.Path, s)
	}
	for n := t.count(); n > 0 && !t.bad; n-- {
		r := Ruling{Rule: w(t.count())}
		r.Ruleset = int(t.count())
		for k := t.count(); k > 0 && !t.bad; k-- {
			r.Also = append(r.Also, w(t.count()))
		}
		f.Rulings = append(f.Rulings, r)
	}
}

// openAt reports whether a request was open at a moment, that is neither
// answered nor closed, and whether what was promised stood still then.
func (p *packed) openAt(unix int64, kinds []holderKind) (open, still bool) {
	if unix < p.opened {
		return false, false
	}
	if end := p.end(); end != 0 && unix >= end { // most
		return false, false
	}
	t := p.tail()
	p.customer(&t)
	for n := t.count(); n > 0 && !t.bad; n-- {
		t.count()
	}
	from, kind := p.opened, isOpen
	for n := t.count(); n > 0 && !t.bad && from <= unix; n-- {
		if h := t.count(); int(h) < len(kinds) {
			kind = kinds[h]
		}
		from += int64(t.count())
		t.count()
	}
	return kind != isDone, kind == isStill
}

// end is since when a request is answered or closed; 0: it is open.
func (p *packed) end() int64 {
	if p.at[atSolved] != 0 {
		return p.at[atSolved]
	}
	return p.at[atClosed]
}
