package config

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/balie/balie"
)

// Plain makes a Secret of a value that is known already, for the demo and tests.
func Plain(value string) Secret { return Secret{value: value} }

// IsZero reports whether the secret is not given at all.
func (s Secret) IsZero() bool { return s == Secret{} }

// Read returns the secret's value without the line end of its file.
func (s Secret) Read() (string, error) {
	switch {
	case s.value != "":
		return s.value, nil
	case s.File != "":
		b, err := os.ReadFile(s.File)
		if err != nil {
			return "", &balie.InvalidError{Field: "file", Problem: fmt.Sprintf("the secret %s cannot be read (%v)", s.File, err), Fix: "put the secret there, readable for balie only"}
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	case s.Env != "":
		v := os.Getenv(s.Env)
		if v == "" {
			return "", &balie.InvalidError{Field: "env", Problem: fmt.Sprintf("the environment has no %s", s.Env), Fix: "set it, or name a file"}
		}
		return v, nil
	}
	return "", nil
}

// String keeps the value out of whatever prints a Config.
func (s Secret) String() string {
	switch {
	case s.File != "":
		return "file " + s.File
	case s.Env != "":
		return "env " + s.Env
	case s.value != "":
		return "set"
	}
	return "not set"
}

// GoString is String: %#v would print the value.
func (s Secret) GoString() string { return s.String() }

// LogValue is String, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
