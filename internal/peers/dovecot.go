package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ErrNoDovecot is what StartDovecot returns when it is not on this machine.
var ErrNoDovecot = errors.New("dovecot is not installed; apt-get install dovecot-imapd")

// Dovecot is a real IMAP server on loopback with its own configuration, over
// Maildirs:
//
//	dir/dovecot.conf, users, log, run/
//	dir/mail/USER/{new,cur,tmp}   the INBOX
type Dovecot struct {
	Host string
	Port int

	dir    string
	uid    int // who owns the mail; -1: whoever runs us
	gid    int
	cmd    *exec.Cmd
	exited chan error
	count  atomic.Int64
}

// StartDovecot starts Dovecot in dir, which must be empty, with accounts and
// their passwords, and returns when it answers.
func StartDovecot(dir string, users map[string]string) (*Dovecot, error) {
	bin, err := exec.LookPath("dovecot")
	if err != nil {
		bin = "/usr/sbin/dovecot"
		if _, err := os.Stat(bin); err != nil {
			return nil, ErrNoDovecot
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	d := &Dovecot{Host: "127.0.0.1", Port: port, dir: dir, uid: -1, gid: -1, exited: make(chan error, 1)}
	if err := d.lay(users); err != nil {
		return nil, fmt.Errorf("lay out dovecot in %s: %w", dir, err)
	}
	d.cmd = exec.Command(bin, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	d.cmd.Stdout, d.cmd.Stderr = out, out
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start dovecot: %w", err)
	}
	go func() { d.exited <- d.cmd.Wait() }()
	if err := d.answers(); err != nil {
		d.Close()
		return nil, fmt.Errorf("start dovecot: %w\n%s", err, d.log())
	}
	return d, nil
}

// lay writes the configuration and the mail directories.
func (d *Dovecot) lay(users map[string]string) error {
	owner, err := d.owner()
	if err != nil {
		return err
	}
	// Dovecot's own processes must be able to walk into dir.
	if err := os.Chmod(d.dir, 0o755); err != nil {
		return err
	}
	passwd := ""
	for name, password := range users {
		passwd += fmt.Sprintf("%s:{PLAIN}%s::::::\n", name, password)
		for _, sub := range []string{"new", "cur", "tmp"} {
			if err := os.MkdirAll(filepath.Join(d.dir, "mail", name, sub), 0o755); err != nil {
				return err
			}
		}
	}
	conf := fmt.Sprintf(`protocols = imap
listen = 127.0.0.1
base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = %[1]s/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:%[1]s/mail/%%u
mail_uid = %[2]s
mail_gid = %[3]s
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = %[4]s
default_login_user = %[5]s
default_internal_group = %[6]s
passdb {
  driver = passwd-file
  args = %[1]s/users
}
userdb {
  driver = static
  args = uid=%[2]s gid=%[3]s home=%[1]s/mail/%%u
}
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  chroot =
  process_min_avail = 1
  inet_listener imap {
    address = 127.0.0.1
    port = %[7]d
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
mail_max_userip_connections = 100
imap_idle_notify_interval = 2 mins
`, d.dir, owner.Uid, owner.Gid, owner.internal, owner.login, owner.group, d.Port)
	if err := os.WriteFile(filepath.Join(d.dir, "users"), []byte(passwd), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "dovecot.conf"), []byte(conf), 0o644); err != nil {
		return err
	}
	return d.own(filepath.Join(d.dir, "mail"))
}

// owner is who owns the mail and as whom Dovecot's processes run.
type owner struct {
	*user.User
	internal, login, group string
}

func (d *Dovecot) owner() (owner, error) {
	me, err := user.Current()
	if err != nil {
		return owner{}, err
	}
	if os.Geteuid() != 0 {
		g, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return owner{}, err
		}
		return owner{me, me.Username, me.Username, g.Name}, nil
	}
	// As root Dovecot insists on giving its rights away.
	mail, err := user.Lookup("nobody")
	if err != nil {
		return owner{}, err
	}
	if d.uid, err = strconv.Atoi(mail.Uid); err != nil {
		return owner{}, err
	}
	if d.gid, err = strconv.Atoi(mail.Gid); err != nil {
		return owner{}, err
	}
	return owner{mail, "dovecot", "dovenull", "dovecot"}, nil
}

// own gives a tree to the owner of the mail.
func (d *Dovecot) own(root string) error {
	if d.uid < 0 {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, d.uid, d.gid)
	})
}

// answers waits until the server greets.
func (d *Dovecot) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if d.greets() {
			return nil
		}
		select {
		case err := <-d.exited:
			d.exited <- err
			return fmt.Errorf("it ended: %v", err)
		case <-ctx.Done():
			return errors.New("it did not answer within 10 s")
		case <-tick.C:
		}
	}
}

func (d *Dovecot) greets() bool {
	c, err := net.Dial("tcp", net.JoinHostPort(d.Host, strconv.Itoa(d.Port)))
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 4)
	n, _ := c.Read(b)
	return strings.HasPrefix(string(b[:n]), "* OK")
}

// Deliver puts a mail into the INBOX of an account.
func (d *Dovecot) Deliver(user string, rfc822 []byte) error {
	return d.DeliverAt(user, time.Time{}, rfc822)
}

// DeliverAt delivers with the INTERNALDATE at, which Dovecot takes from the
// file; the zero time is now.
func (d *Dovecot) DeliverAt(user string, at time.Time, rfc822 []byte) error {
	name := fmt.Sprintf("%d.%d_%d.localhost", time.Now().Unix(), os.Getpid(), d.count.Add(1))
	box := filepath.Join(d.dir, "mail", user)
	tmp := filepath.Join(box, "tmp", name)
	if err := os.WriteFile(tmp, rfc822, 0o644); err != nil {
		return fmt.Errorf("deliver to %s: %w", user, err)
	}
	if d.uid >= 0 {
		if err := os.Chown(tmp, d.uid, d.gid); err != nil {
			return err
		}
	}
	if !at.IsZero() {
		if err := os.Chtimes(tmp, at, at); err != nil {
			return err
		}
	}
	return os.Rename(tmp, filepath.Join(box, "new", name))
}

// Rebuild makes Dovecot forget the UIDs of an account's INBOX: at the next
// look it has another UIDVALIDITY.
func (d *Dovecot) Rebuild(user string) error {
	files, err := filepath.Glob(filepath.Join(d.dir, "mail", user, "dovecot*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			return err
		}
	}
	// Dovecot takes the time in seconds, which may not have changed.
	list := filepath.Join(d.dir, "mail", user, "dovecot-uidlist")
	head := fmt.Sprintf("3 V%d N1\n", time.Now().Unix()+1000*d.count.Add(1))
	if err := os.WriteFile(list, []byte(head), 0o644); err != nil {
		return err
	}
	return d.own(list)
}

// Close ends Dovecot and waits for it.
func (d *Dovecot) Close() error {
	d.cmd.Process.Signal(os.Interrupt)
	select {
	case err := <-d.exited:
		d.exited <- err
	case <-time.After(10 * time.Second):
		d.cmd.Process.Kill()
		d.exited <- <-d.exited
	}
	return nil
}

func (d *Dovecot) log() string {
	a, _ := os.ReadFile(filepath.Join(d.dir, "out"))
	b, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	return string(a) + string(b)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
