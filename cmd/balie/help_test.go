package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Who asks a command that works on the store how it is used, gets an example.
func TestEveryStoreCommandHasAnExample(t *testing.T) {
	var c cli
	parser, err := kong.New(&c, kong.Name("balie"))
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, n := range parser.Model.Leaves(true) {
		path := n.FullPath()
		switch strings.Fields(path + " -")[1] {
		case "requests", "rules", "deliveries", "ledger", "export", "backup", "restore", "user":
			if words := strings.SplitN(path, " <", 2)[0]; n.Help == "" || !strings.Contains(n.Detail, "\n  "+words) {
				t.Errorf("%s: no example in %q", path, n.Detail)
			}
			looked++
		}
	}
	if looked < 15 {
		t.Errorf("only %d commands were looked at", looked)
	}
}
