package config

import (
	_ "embed"
	"slices"
)

//go:embed example.yaml
var example []byte

//go:embed start.nl.yaml
var startNL []byte

//go:embed start.en.yaml
var startEN []byte

// Example is a balie.yaml with every setting, explained.
func Example() []byte { return slices.Clone(example) }

// Start is the balie.yaml a desk begins with: the form alone, ready to run.
func Start(language string) []byte {
	if language == "en" {
		return slices.Clone(startEN)
	}
	return slices.Clone(startNL)
}
