//go:build !race

package normalize

const underRace = false
