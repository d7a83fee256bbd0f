// Command balie is in charge of the whole desk in one binary: it serves the
// channels, and its other commands prepare, check, look into and repair what it
// keeps.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every command; each lives in a file of its own.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run the desk: take questions in, decide, send answers."`
	Init       initCmd       `cmd:"" help:"Write the files of a new desk."`
	Route      routeCmd      `cmd:"" help:"Show what balie would do with a message; nothing is stored or sent."`
	Check      checkCmd      `cmd:"" help:"Say whether the files hold, the servers let us in and the store is sound."`
	Normalize  normalizeCmd  `cmd:"" help:"Show what balie reads in mails."`
	Demo       demoCmd       `cmd:"" help:"A whole desk on this machine: sample catalogue, stand-in customers and teams on all channels."`
	Simulate   simulateCmd   `cmd:"" help:"A year of a made-up desk through the real one, in minutes; and what another staffing would do."`
	Requests   requestsCmd   `cmd:"" help:"Look at requests."`
	Rules      rulesCmd      `cmd:"" help:"Test, publish and take back the rules."`
	Progress   progressCmd   `cmd:"" help:"Publish what is promised, and how it is kept."`
	Report     reportCmd     `cmd:"" help:"Figures: the factsheet of a period, and whether it adds up."`
	Catalogue  catalogueCmd  `cmd:"" help:"Publish and measure the catalogue."`
	Plan       planCmd       `cmd:"" help:"The plan of the desk: mission, goals, what it needs and costs, approval."`
	Deliveries deliveriesCmd `cmd:"" help:"Look after what must go out and has not."`
	Ledger     ledgerCmd     `cmd:"" help:"Count what came in, and compare each mailbox with it."`
	User       userCmd       `cmd:"" help:"Look after who signs in."`
	Export     exportCmd     `cmd:"" help:"Write all requests, messages or events as JSON lines."`
	Backup     backupCmd     `cmd:"" help:"Copy the store while balie serves."`
	Restore    restoreCmd    `cmd:"" help:"Put a backup into an empty directory, or check one."`
	Version    versionCmd    `cmd:"" help:"Say which balie this is."`
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main without the process, so that tests can call it.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	parser, err := kong.New(&c, kong.Name("balie"), kong.Description("The service counter that never loses a question."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "balie:", err)
		return exitUnknown
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "balie: %v; balie --help lists what there is\n", err)
		return exitInvalid
	}
	return explain(os.Stderr, k.Run())
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("balie", version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "development"
}
