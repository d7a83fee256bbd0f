package desk

import "context"

// Step brings the overview up to date once. It is for one goroutine with a
// clock of its own, such as a simulation, in place of Run.
func (o *Overview) Step(ctx context.Context) error {
	brain := o.brain()
	o.mu.RLock()
	was := o.open.terms.brain
	o.mu.RUnlock()
	switch {
	case !o.Ready():
		if err := o.start(ctx, brain); err != nil {
			return err
		}
		o.settled()
	case was == nil || was.Catalogue != brain.Catalogue: // promises and teams may be others
		if err := o.load(ctx, brain); err != nil {
			return err
		}
	}
	for more := true; more; {
		var err error
		if more, err = o.turn(ctx); err != nil {
			return err
		}
	}
	return nil
}
