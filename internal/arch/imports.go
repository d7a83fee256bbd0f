package arch

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// layers are the parts of the desk, from left to right. A package may import
// what stands left of it, never a neighbour.
//
// channels stands left of the router and not beside the channels, because
// intake is a Sink and dispatch calls Senders: they need the interfaces, not
// any channel. catalogue and normalize need nothing of each other.
var layers = [][]string{
	{"."},
	{"store", "normalize", "catalogue", "channels"},
	{"router"},
	// What intake tells a customer is what progress will hold us to, and a
	// report asks progress whether it was kept: so it stands left of both.
	{"progress"},
	{"intake", "dispatch", "report"},
	// The desk's lists ask the search index, and both read the same queries.
	{"desk/search", "report/export"},
	{"desk"},
	{"desk/auth", "desk/hooks"},
	{"desk/web", "desk/api"},
	{"cmd/balie"},
}

// plumbing is what each internal package may import of ours.
var plumbing = map[string][]string{
	"internal/arch": {},
	// Sums up a test run.
	"internal/testtotals": {},
	"internal/faults":     {},
	"internal/i18n":       {},
	"internal/seal":       {}, // closes what is kept and must not be read
	"internal/outside":    {}, // calls to addresses somebody typed
	"internal/peers":      {}, // the other side of a line knows nothing of balie
	"internal/hours":      {"."},
	"internal/token":      {"."},
	"internal/yamltree":   {"."},
	"internal/httpd":      {".", "internal/i18n"},
	// Letters carry links, so they make tokens.
	"internal/letters": {".", "internal/i18n", "internal/token"},
	"internal/ui":      {".", "internal/httpd", "internal/i18n"},
	// A browser for tests knows nothing of balie.
	"internal/browse": {},
	// The rig starts whole binaries; of the parts it knows only the samples.
	"internal/rig": {".", "internal/peers", "catalogue", "router"},
}

// limited is plumbing that only some may use; the rest is for everyone on the
// right of the root.
var limited = map[string][]string{
	// HTTP stops at the channels and the pages: the rest is called with values.
	"internal/httpd": {"channels/*", "desk/auth", "desk/web", "desk/api", "cmd/balie", "internal/deskbench"},
	"internal/ui":    {"channels/webform", "desk/auth", "desk/web", "desk/api", "cmd/balie", "internal/deskbench"},
	// Letters are written where a decision or an agent causes one.
	"internal/letters": {"intake", "progress", "report", "desk", "desk/web", "desk/api", "cmd/balie", "internal/deskbench", "internal/simulate"},
	// Stand-ins for the outside: for tests and the demonstration.
	"internal/peers": programs,
	"internal/rig":   programs,
	"internal/arch":  {},
	// Tests alone drive a browser.
	"internal/browse": {},
}

// programs wire the parts to something that runs.
var programs = []string{"cmd/balie", "internal/bench", "internal/deskbench", "internal/simulate", "internal/torture"}

// ofChannel is what a channel may know: what a channel is, and plumbing.
// Not the store (it declares the small interface it needs, as webform does),
// not the reading of messages (it hands in the original, intake reads it), and
// no other channel.
var ofChannel = []string{".", "channels", "internal/httpd", "internal/ui", "internal/i18n", "internal/token", "internal/faults"}

// outside are foreign modules that have one place.
var outside = map[string][]string{
	"github.com/gofiber/fiber": {"channels", "channels/*", "desk/auth", "desk/web", "desk/api", "internal/httpd", "internal/ui", "cmd/balie"},
	"github.com/danielgtaylor": {"desk/api"},
	"cel.dev/":                 {"router"},
	"github.com/google/cel-go": {"router"},
	// Trees of YAML are read in one way; whole values anybody may write.
	"github.com/goccy/go-yaml/": {"internal/yamltree"},
	// The benchmark compares the store with bbolt alone.
	// The facts of reports are in a file of their own, in the order of time.
	"go.etcd.io/bbolt":       {"store/boltstore", "internal/bench", "report"},
	"github.com/xuri/":       {"report/export"},
	"modernc.org/sqlite":     {"desk/search"},
	"github.com/jackc/pgx":   {"store/pgstore"},
	"github.com/emersion/":   {"channels/email", "normalize", "internal/peers"},
	"github.com/slack-go/":   {"channels/slack"},
	"github.com/coreos/":     {"desk/auth"},
	"golang.org/x/oauth2":    {"desk/auth"},
	"github.com/alecthomas/": {"cmd/balie"},
}

// Imports are the edges that nobody agreed on.
func (s *Source) Imports() []string {
	var out []string
	for _, dir := range s.dirs() {
		if !placed(dir) {
			out = append(out, dir+": this package has no place yet: give it one in internal/arch/imports.go")
		}
	}
	for _, f := range s.shipped() {
		for _, spec := range f.Tree.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			if why := forbidden(f.Dir, to); why != "" {
				out = append(out, s.at(spec, "%s imports %s: %s", f.Dir, to, why))
			}
		}
	}
	return out
}

// forbidden is why a package may not import a path, or "".
func forbidden(from, path string) string {
	to, ours := local(path)
	switch {
	case !ours && from == "." && foreign(path):
		return "the root imports the standard library only"
	case !ours:
		return elsewhere(from, path)
	}
	return inside(from, to)
}

func elsewhere(from, path string) string {
	for prefix, places := range outside {
		if strings.HasPrefix(path, prefix) && !in(from, places) {
			return "it belongs in " + strings.Join(places, ", ")
		}
	}
	return ""
}

// inside judges an edge between two packages of ours.
func inside(from, to string) string {
	if places, ok := limited[to]; ok && !in(from, places) && !slices.Contains(plumbing[from], to) {
		return "only " + strings.Join(places, ", ") + " may"
	}
	switch {
	case slices.Contains(programs, from):
		return ""
	case from == ".":
		return "the root imports the standard library only"
	case strings.HasPrefix(from, "internal/"):
		return oneOf(to, plumbing[from])
	case from == "config":
		return oneOf(to, []string{".", "internal/yamltree"})
	case from == "channels/channeltest":
		return oneOf(to, []string{".", "channels", "internal/httpd"})
	case strings.HasPrefix(from, "channels/"):
		return oneOf(to, ofChannel)
	case from == "store/boltstore" || from == "store/pgstore":
		return oneOf(to, []string{".", "store", "store/blobdir", "internal/faults"})
	case strings.HasPrefix(from, "store/"):
		return oneOf(to, []string{".", "store"})
	case strings.HasPrefix(to, "internal/"):
		return ""
	}
	return leftOf(to, from)
}

func oneOf(to string, allowed []string) string {
	if slices.Contains(allowed, to) {
		return ""
	}
	return "it may import only " + strings.Join(allowed, ", ")
}

// leftOf judges an edge between two parts of the desk.
func leftOf(to, from string) string {
	a, b := layer(to), layer(from)
	switch {
	case a < 0:
		return "only a program wires it"
	case a == b:
		return "neighbours never import each other"
	case a > b:
		return "it stands to the right"
	}
	return ""
}

func layer(dir string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, dir) })
}

func placed(dir string) bool {
	_, internal := plumbing[dir]
	return internal || slices.Contains(programs, dir) || layer(dir) >= 0 || dir == "config" ||
		path.Dir(dir) == "channels" || path.Dir(dir) == "store"
}

// in reports whether a package is one of some, "channels/*" meaning each channel.
func in(dir string, places []string) bool {
	return slices.ContainsFunc(places, func(p string) bool {
		ok, _ := path.Match(p, dir)
		return ok
	})
}

// local is the folder of a path of ours.
func local(path string) (dir string, ours bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// foreign reports whether a path is of neither the standard library nor us.
func foreign(path string) bool {
	host, _, _ := strings.Cut(path, "/")
	return strings.Contains(host, ".")
}
