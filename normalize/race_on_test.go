//go:build race

package normalize

// underRace says that the race detector drops pooled memory at random, so that
// much more is allocated than otherwise.
const underRace = true
