package config

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/balie/balie"
)

// Load reads a file over the defaults.
func Load(file string) (Config, error) {
	c := Default()
	b, err := os.ReadFile(file)
	if err != nil {
		return c, &balie.InvalidError{File: file, Problem: fmt.Sprintf("cannot be read (%v)", err), Fix: "run balie init DIR, which writes one, or name it with --config"}
	}
	if err := yaml.UnmarshalWithOptions(b, &c, yaml.DisallowUnknownField()); err != nil {
		return c, &balie.InvalidError{File: file, Problem: yaml.FormatError(err, false, false), Fix: "see docs/operations.md for every key"}
	}
	return c, nil
}

// Default is what holds where a file says nothing.
func Default() Config {
	return Config{
		Desk:   Desk{Language: "nl", Timezone: "Europe/Amsterdam", Country: "NL"},
		Listen: "127.0.0.1:8080",
		Data:   "data",
		Log:    Log{Level: "info", Format: "json"},
	}
}
