package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/balie/balie"
)

// secretLimit bounds a secret's file in bytes; who names a log by mistake is
// told so.
const secretLimit = 64 << 10

// Plain makes a Secret of a value that is known already, for the demo and tests.
func Plain(value string) Secret { return Secret{value: &value} }

// IsZero reports whether the secret is not given at all.
func (s Secret) IsZero() bool { return s == Secret{} }

// Read returns the secret's value without the line end of its file.
func (s Secret) Read() (string, error) {
	switch {
	case s.value != nil:
		return *s.value, nil
	case s.File != "":
		return readFile(s.File)
	case s.Env != "":
		v := os.Getenv(s.Env)
		if v == "" {
			return "", &balie.InvalidError{Field: "env", Problem: fmt.Sprintf("the environment has no %s", s.Env), Fix: "set it, or name a file"}
		}
		return v, nil
	}
	return "", nil
}

func readFile(name string) (string, error) {
	bad := func(problem string) error {
		return &balie.InvalidError{Field: "file", Problem: fmt.Sprintf("the secret's file %s %s", name, problem), Fix: "put the secret there, in one line, readable for balie only"}
	}
	f, err := os.Open(name)
	if err != nil {
		return "", bad("cannot be read: " + cause(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, secretLimit+1))
	switch v := strings.TrimRight(string(b), "\r\n"); {
	case err != nil:
		return "", bad("cannot be read: " + cause(err))
	case v == "":
		return "", bad("is empty")
	case len(b) > secretLimit:
		return "", bad("is too large for a secret")
	default:
		return v, nil
	}
}

// String keeps the value out of whatever prints a Config.
func (s Secret) String() string {
	switch {
	case s.File != "":
		return "file " + s.File
	case s.Env != "":
		return "env " + s.Env
	case s.value != nil:
		return "set"
	}
	return "not set"
}

// Format is String for every verb: %#v and %d would look inside.
func (s Secret) Format(w fmt.State, _ rune) { io.WriteString(w, s.String()) }

// GoString is String: %#v would print the value.
func (s Secret) GoString() string { return s.String() }

// LogValue is String, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalYAML is where the secret comes from.
func (s Secret) MarshalYAML() (any, error) { return s.source(), nil }

// MarshalJSON is where the secret comes from.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.source()) }

func (s Secret) source() map[string]string {
	switch {
	case s.File != "":
		return map[string]string{"file": s.File}
	case s.Env != "":
		return map[string]string{"env": s.Env}
	}
	return map[string]string{}
}
