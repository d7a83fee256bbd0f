package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/api"
)

type userCmd struct {
	List    userListCmd    `cmd:"" help:"List who signs in."`
	Add     userAddCmd     `cmd:"" help:"Add a user; the password is typed, or comes from the standard input."`
	Passwd  userPasswdCmd  `cmd:"" help:"Give a user a new password and end their sessions."`
	Role    userRoleCmd    `cmd:"" help:"Change what a user may do."`
	Link    userLinkCmd    `cmd:"" help:"Make a link to choose a password; without a user: to become the first admin."`
	Disable userDisableCmd `cmd:"" help:"Keep a user out: sessions, links and API tokens end at once."`
	Enable  userEnableCmd  `cmd:"" help:"Let a user in again."`
}

type userListCmd struct {
	onStore
	JSON bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (userListCmd) Help() string { return "Example:\n  balie user list" }

// Run lists.
func (c *userListCmd) Run(ctx context.Context) error {
	var out struct {
		Users []api.UserLine `json:"users"`
	}
	if err := c.with(ctx, func(b *client) error { return b.get(ctx, "/users", nil, &out) }); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, out)
	}
	t := newTable(os.Stdout, "ID", "ROLE", "NAME", "MAIL", "LAST SIGN-IN", "")
	for _, u := range out.Users {
		role, seen, note := string(u.Role), "-", ""
		if len(u.Teams) > 0 {
			role += " (" + strings.Join(u.Teams, ", ") + ")"
		}
		if !u.SeenAt.IsZero() {
			seen = clock(u.SeenAt)
		}
		if u.Disabled {
			note = "disabled"
		}
		t.row(u.ID, role, u.Name, cmp.Or(u.Mail, "-"), seen, note)
	}
	return t.end()
}

type userAddCmd struct {
	onStore
	ID     string   `arg:"" help:"Sign-in name: small letters, digits, dots and dashes."`
	Name   string   `help:"As colleagues call them."`
	Mail   string   `help:"Mail address, which they can sign in with too."`
	Role   string   `help:"read-only, team-member, agent, lead or admin." default:"agent"`
	Team   []string `help:"Team of a team member, by its id in the catalogue."`
	Invite bool     `help:"No password: print a link with which they choose one."`
	JSON   bool     `help:"For programs." name:"json"`
}

// Help has the examples.
func (userAddCmd) Help() string {
	return "A password never stands in a flag, where others on the machine read it.\nExamples:\n  balie user add sanne --name 'Sanne de Vries' --mail sanne@example.nl --invite\n  balie user add noor --role admin < password.txt"
}

// Run adds.
func (c *userAddCmd) Run(ctx context.Context) error {
	in := map[string]any{"id": c.ID, "role": c.Role}
	if c.Name != "" {
		in["name"] = c.Name
	}
	if c.Mail != "" {
		in["mail"] = c.Mail
	}
	if len(c.Team) > 0 {
		in["teams"] = c.Team
	}
	if !c.Invite {
		password, err := readPassword()
		if err != nil {
			return err
		}
		in["password"] = password
	}
	var u api.UserLine
	var l api.UserLink
	err := c.with(ctx, func(b *client) error {
		if err := b.do(ctx, "POST", "/users", nil, in, &u); err != nil || !c.Invite {
			return err
		}
		return b.do(ctx, "POST", "/users/"+url.PathEscape(u.ID)+"/link", nil, nil, &l)
	})
	if err != nil {
		return fmt.Errorf("user %s: %w", c.ID, err)
	}
	if c.JSON {
		return printJSON(os.Stdout, struct {
			api.UserLine
			api.UserLink
		}{u, l})
	}
	fmt.Printf("user %s is added as %s\n", harmless(u.ID), u.Role)
	if c.Invite {
		printLink(l)
	}
	return nil
}

type userPasswdCmd struct {
	onStore
	ID string `arg:"" help:"Sign-in name."`
}

// Help has the examples.
func (userPasswdCmd) Help() string {
	return "Examples:\n  balie user passwd sanne\n  balie user passwd sanne < password.txt"
}

// Run sets it.
func (c *userPasswdCmd) Run(ctx context.Context) error {
	password, err := readPassword()
	if err != nil {
		return err
	}
	return c.user(ctx, c.ID, "password", map[string]string{"password": password}, "has a new password and is signed out everywhere")
}

type userRoleCmd struct {
	onStore
	ID   string   `arg:"" help:"Sign-in name."`
	Role string   `arg:"" help:"read-only, team-member, agent, lead or admin."`
	Team []string `help:"Team of a team member, by its id in the catalogue."`
}

// Help has the examples.
func (userRoleCmd) Help() string {
	return "Examples:\n  balie user role sanne lead\n  balie user role tom team-member --team techniek"
}

// Run changes it.
func (c *userRoleCmd) Run(ctx context.Context) error {
	in := map[string]any{"role": c.Role}
	if len(c.Team) > 0 {
		in["teams"] = c.Team
	}
	return c.user(ctx, c.ID, "role", in, "is "+c.Role)
}

type userDisableCmd struct {
	onStore
	ID string `arg:"" help:"Sign-in name."`
}

// Help has the examples.
func (userDisableCmd) Help() string { return "Example:\n  balie user disable sanne" }

// Run keeps them out.
func (c *userDisableCmd) Run(ctx context.Context) error {
	return c.user(ctx, c.ID, "disable", nil, "is kept out")
}

type userEnableCmd struct {
	onStore
	ID string `arg:"" help:"Sign-in name."`
}

// Help has the examples.
func (userEnableCmd) Help() string { return "Example:\n  balie user enable sanne" }

// Run lets them in.
func (c *userEnableCmd) Run(ctx context.Context) error {
	return c.user(ctx, c.ID, "enable", nil, "may sign in again")
}

// user does one thing with one user and says what they are then.
func (o onStore) user(ctx context.Context, id, what string, in any, then string) error {
	var u api.UserLine
	err := o.with(ctx, func(b *client) error {
		return b.do(ctx, "POST", "/users/"+url.PathEscape(id)+"/"+what, nil, in, &u)
	})
	if err != nil {
		return fmt.Errorf("user %s: %w", id, err)
	}
	fmt.Printf("user %s %s\n", harmless(u.ID), harmless(then))
	return nil
}

type userLinkCmd struct {
	onStore
	ID   string `arg:"" optional:"" help:"Sign-in name; without one: a link for the first admin."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (userLinkCmd) Help() string {
	return "The link holds once: seven days for a user, a day for the first admin. A link for the first admin voids the one before it.\nExamples:\n  balie user link\n  balie user link sanne"
}

// Run makes it.
func (c *userLinkCmd) Run(ctx context.Context) error {
	path := "/first-link"
	if c.ID != "" {
		path = "/users/" + url.PathEscape(c.ID) + "/link"
	}
	var l api.UserLink
	if err := c.with(ctx, func(b *client) error { return b.do(ctx, "POST", path, nil, nil, &l) }); err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	if c.JSON {
		return printJSON(os.Stdout, l)
	}
	printLink(l)
	return nil
}

func printLink(l api.UserLink) {
	fmt.Println(harmless(l.Link))
	fmt.Fprintf(os.Stderr, "once, until %s\n", clock(l.Until))
}

// passwordBytes bounds what is read of a password.
const passwordBytes = 4096

// readPassword asks for a password twice without showing it; what is no
// terminal gives it in its first line.
func readPassword() (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return firstLine(os.Stdin)
	}
	ask := func(words string) (string, error) {
		fmt.Fprint(os.Stderr, words)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	password, err := ask("Password: ")
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	again, err := ask("Once more: ")
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if password != again {
		return "", &balie.InvalidError{Field: "password", Problem: "the two are not the same", Fix: "type it again"}
	}
	return password, nil
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, passwordBytes)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", &balie.InvalidError{Field: "password", Problem: "there is no password", Fix: "type one, or give it on the standard input"}
	}
	return line, nil
}
