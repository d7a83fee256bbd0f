package email

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/balie/balie/channels"
)

// hostile is an IMAP server that keeps to the protocol only where no quirk
// says otherwise. Unlike imapmemserver it answers "n:*" as RFC 3501 section
// 6.4.8 has it: with the last mail at least.
type hostile struct {
	t    testing.TB
	l    net.Listener
	wg   sync.WaitGroup
	done chan struct{}

	mu          sync.Mutex
	uidValidity uint32
	mails       []hostileMail
	expunged    map[uint32]bool // gone after the next SEARCH
	selectSays  string          // instead of OK
	looks       int             // how many searches for new mail were answered
	looked      chan struct{}
}

type hostileMail struct {
	uid   uint32
	body  []byte
	at    string // INTERNALDATE
	quirk string
	times int // how often the quirk shows; 0 always
}

// The ways to misbehave when a mail is fetched.
const (
	quirkNil       = "BODY[] NIL"
	quirkEmpty     = "empty body"
	quirkDrop      = "line dropped in the body"
	quirkLong      = "more announced than sent"
	quirkShort     = "less announced than sent"
	quirkHuge      = "4 GiB announced"
	quirkMissing   = "left out"
	quirkNo        = "NO"
	quirkBye       = "BYE"
	quirkSilent    = "silence"
	quirkBodyFirst = "BODY before UID" // by UID; go-imap cannot read that
	quirkBadDate   = "a date that is none"
	quirkFlood     = "endless answer"
)

func startHostile(t testing.TB, n int) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{t: t, l: l, done: make(chan struct{}), uidValidity: 7, expunged: map[uint32]bool{}, looked: make(chan struct{})}
	for i := range n {
		h.add(uint32(10*(i+1)), simple(fmt.Sprintf("mail %d", 10*(i+1))))
	}
	h.wg.Go(h.accept)
	t.Cleanup(func() { close(h.done); l.Close(); h.wg.Wait() })
	return h
}

func (h *hostile) add(uid uint32, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mails = append(h.mails, hostileMail{uid: uid, body: body, at: "24-Nov-2026 09:00:00 +0000"})
}

func (h *hostile) quirk(uid uint32, quirk string, times int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.mails {
		if h.mails[i].uid == uid {
			h.mails[i].quirk, h.mails[i].times = quirk, times
		}
	}
}

// config has a small limit on mails: a mail of which the size was not asked may
// bring twice the limit, and reading 60 MB of an endless answer three times
// under the race detector outlasts the test on a busy machine.
func (h *hostile) config() MailboxConfig {
	port := h.l.Addr().(*net.TCPAddr).Port
	return MailboxConfig{Host: "127.0.0.1", Port: port, TLS: "none", User: desk, Password: "geheim", MaxSize: 1 << 20,
		Poll: 2 * time.Millisecond, Silence: 100 * time.Millisecond, NotBefore: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
}

func (h *hostile) accept() {
	for {
		c, err := h.l.Accept()
		if err != nil {
			return
		}
		stop := make(chan struct{})
		h.wg.Go(func() {
			select {
			case <-h.done:
			case <-stop:
			}
			c.Close()
		})
		h.wg.Go(func() { defer close(stop); h.serve(c) })
	}
}

func (h *hostile) serve(c net.Conn) {
	r := bufio.NewReader(c)
	fmt.Fprint(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		f := strings.Fields(line)
		if len(f) < 2 {
			return
		}
		tag, cmd := f[0], strings.ToUpper(f[1])
		if cmd == "UID" {
			cmd += " " + strings.ToUpper(f[2])
		}
		ok := true
		switch cmd {
		case "CAPABILITY":
			fmt.Fprint(c, "* CAPABILITY IMAP4rev1\r\n")
		case "SELECT", "EXAMINE":
			ok = h.sel(c, tag)
		case "UID SEARCH":
			h.search(c, line)
		case "UID FETCH":
			ok = h.fetch(c, tag, f[3], strings.Join(f[4:], " "))
		case "SEARCH": // SEARCH UID n
			fmt.Fprintf(c, "* SEARCH %d\r\n", h.number(f[3]))
		case "FETCH":
			ok = h.fetch(c, tag, h.uid(f[2]), strings.Join(f[3:], " "))
		}
		if ok {
			fmt.Fprintf(c, "%s OK done\r\n", tag)
		}
	}
}

func (h *hostile) sel(c net.Conn, tag string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.selectSays != "" {
		fmt.Fprint(c, strings.ReplaceAll(h.selectSays, "TAG", tag))
		return false
	}
	next := uint32(1)
	for _, m := range h.mails {
		next = m.uid + 1
	}
	fmt.Fprintf(c, "* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] ok\r\n", len(h.mails), h.uidValidity, next)
	return true
}

func (h *hostile) search(c net.Conn, line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, set, _ := strings.Cut(line, "UID SEARCH UID ")
	set, _, _ = strings.Cut(strings.TrimSpace(set), " ")
	out := "* SEARCH"
	for _, m := range h.in(set) {
		out += fmt.Sprintf(" %d", m.uid)
	}
	fmt.Fprint(c, out+"\r\n")
	var left []hostileMail
	for _, m := range h.mails {
		if !h.expunged[m.uid] {
			left = append(left, m)
		}
	}
	h.mails = left
	if strings.HasSuffix(set, ":*") {
		h.looks++
		close(h.looked)
		h.looked = make(chan struct{})
	}
}

// number is the place of a mail in the folder.
func (h *hostile) number(uid string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return 1 + slices.IndexFunc(h.mails, func(m hostileMail) bool { return fmt.Sprint(m.uid) == uid })
}

// uid is the UID of the mail at a place.
func (h *hostile) uid(number string) string {
	n, _ := strconv.Atoi(number)
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprint(h.mails[n-1].uid)
}

// in returns the mails of a set. h.mu is held.
func (h *hostile) in(set string) (out []hostileMail) {
	for _, part := range strings.Split(set, ",") {
		a, b, isRange := strings.Cut(part, ":")
		lo, _ := strconv.ParseUint(a, 10, 32)
		hi := lo
		if b == "*" {
			hi = 1 << 32
		} else if isRange {
			hi, _ = strconv.ParseUint(b, 10, 32)
		}
		found := false
		for _, m := range h.mails {
			if uint64(m.uid) >= lo && uint64(m.uid) <= hi {
				out, found = append(out, m), true
			}
		}
		if b == "*" && !found && len(h.mails) > 0 {
			out = append(out, h.mails[len(h.mails)-1])
		}
	}
	return out
}

func (h *hostile) fetch(c net.Conn, tag, set, items string) bool {
	h.mu.Lock()
	mails := h.in(set)
	h.mu.Unlock()
	for _, m := range mails {
		switch {
		case strings.Contains(items, "RFC822.SIZE"):
			at := m.at
			if m.quirk == quirkBadDate {
				at = "gisteren"
			}
			fmt.Fprintf(c, "* 1 FETCH (UID %d RFC822.SIZE %d INTERNALDATE \"%s\")\r\n", m.uid, len(m.body), at)
		case strings.Contains(items, "HEADER"):
			head, _, _ := strings.Cut(string(m.body), "\r\n\r\n")
			head += "\r\n\r\n"
			fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[HEADER]<0> {%d}\r\n%s)\r\n", m.uid, len(head), head)
		default:
			if !h.body(c, tag, m) {
				return false
			}
		}
	}
	return true
}

// body sends a whole mail, or what its quirk makes of it; false when the
// command has had its end.
func (h *hostile) body(c net.Conn, tag string, m hostileMail) bool {
	if m.quirk != "" && m.times > 0 {
		h.quirk(m.uid, m.quirk, m.times-1)
		if m.times == 1 {
			h.quirk(m.uid, "", 0)
		}
	}
	n := len(m.body)
	switch m.quirk {
	case quirkNil:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] NIL)\r\n", m.uid)
	case quirkEmpty:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] \"\")\r\n", m.uid)
	case quirkDrop:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] {%d}\r\n%s", m.uid, n, m.body[:n/2])
		c.Close()
		return false
	case quirkLong:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", m.uid, n+500, m.body)
	case quirkShort:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", m.uid, n-20, m.body)
	case quirkHuge:
		fmt.Fprintf(c, "* 1 FETCH (UID %d BODY[] {4294967295}\r\n", m.uid)
		for i := 0; i < 1<<16; i++ {
			if _, err := c.Write(make([]byte, 1<<16)); err != nil {
				break
			}
		}
		return false
	case quirkMissing:
	case quirkNo:
		fmt.Fprintf(c, "%s NO cannot read it\r\n", tag)
		return false
	case quirkBye:
		fmt.Fprint(c, "* BYE going down\r\n")
		c.Close()
		return false
	case quirkSilent:
		<-h.done
		return false
	case quirkFlood:
		for i := 0; i < 1<<20; i++ {
			if _, err := fmt.Fprintf(c, "* OK %s\r\n", strings.Repeat("x", 4000)); err != nil {
				break
			}
		}
		c.Close()
		return false
	case quirkBodyFirst:
		fmt.Fprintf(c, "* %d FETCH (BODY[] {%d}\r\n%s UID %d)\r\n", h.number(fmt.Sprint(m.uid)), n, m.body, m.uid)
	default:
		fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", h.number(fmt.Sprint(m.uid)), m.uid, n, m.body)
	}
	return true
}

// rounds waits until the mailbox was looked at n more times.
func (h *hostile) rounds(n int) {
	h.t.Helper()
	limit := time.After(30 * time.Second)
	h.mu.Lock()
	want := h.looks + n
	for h.looks < want {
		looked := h.looked
		h.mu.Unlock()
		select {
		case <-looked:
		case <-limit:
			h.t.Fatal("the mailbox is no longer looked at")
		}
		h.mu.Lock()
	}
	h.mu.Unlock()
}

// supervise runs a mailbox again whenever it ends, as the supervisor does but
// without its pauses, until the test ends or stop is called.
func supervise(t testing.TB, m *Mailbox, in channels.Sink) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := m.Run(ctx, in); err != nil {
				t.Log("Run:", err)
			}
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// hasty is a clock on which ten minutes pass whenever it is looked at.
func hasty() func() time.Time {
	var n atomic.Int64
	start := time.Now()
	return func() time.Time { return start.Add(time.Duration(n.Add(1)) * 10 * time.Minute) }
}

func TestR3_DamagedMailDoesNotHoldUpTheRest(t *testing.T) {
	for _, quirk := range []string{quirkNil, quirkEmpty, quirkDrop, quirkLong, quirkShort, quirkHuge, quirkMissing,
		quirkNo, quirkBye, quirkSilent, quirkBodyFirst, quirkBadDate, quirkFlood} {
		t.Run(quirk, func(t *testing.T) {
			t.Parallel()
			h := startHostile(t, 5)
			h.quirk(30, quirk, 0)
			box, in := NewMailbox(h.config(), quietLog()), newSink()
			stop := supervise(t, box, in)
			whole := func() (n int) {
				for _, k := range in.keys() {
					if !strings.HasSuffix(k, "/30") {
						n++
					}
				}
				return n
			}
			in.until(t, "the four good mails", func() bool { return whole() == 4 })
			stop()
			box = NewMailbox(h.config(), quietLog())
			box.now = hasty()
			supervise(t, box, in)
			in.has(t, 5)
			i := slices.IndexFunc(in.keys(), func(k string) bool { return strings.HasSuffix(k, "/30") })
			if i < 0 {
				t.Fatalf("taken in: %v", in.keys())
			}
			body := in.body(i)
			if !strings.Contains(body, "Subject: mail 30") {
				t.Errorf("a person must see who wrote and about what; got\n%s", body)
			}
			whole30 := quirk == quirkBadDate || quirk == quirkBodyFirst
			if !whole30 && !strings.Contains(body, "cannot be fetched") {
				t.Errorf("the note must say what is wrong:\n%s", body)
			}
			if whole30 && body != string(simple("mail 30")) {
				t.Errorf("the mail can still be read whole; got\n%s", body)
			}
			if c := in.position(t); len(c.Retry) != 0 || c.UID != 50 {
				t.Errorf("position %+v, want 50 and nothing to try again", c)
			}
		})
	}
}

func TestR3_AFaultThatPassesLeavesNoTrace(t *testing.T) {
	for _, quirk := range []string{quirkNil, quirkDrop, quirkLong, quirkShort, quirkMissing, quirkNo, quirkBye, quirkSilent} {
		t.Run(quirk, func(t *testing.T) {
			t.Parallel()
			h := startHostile(t, 4)
			h.quirk(20, quirk, 2)
			box, in := NewMailbox(h.config(), quietLog()), newSink()
			box.now = hasty()
			supervise(t, box, in)
			in.has(t, 4)
			h.rounds(3)
			got := map[string]string{}
			for i, k := range in.keys() {
				got[k] = in.body(i)
			}
			for uid := 10; uid <= 40; uid += 10 {
				want := string(simple(fmt.Sprintf("mail %d", uid)))
				if k := fmt.Sprintf("imap:%s/INBOX/7/%d", desk, uid); got[k] != want {
					t.Errorf("%s is %q, want %q", k, got[k], want)
				}
			}
			if len(in.keys()) != 4 {
				t.Errorf("taken in: %v", in.keys())
			}
		})
	}
}

func TestTheLastMailIsNotTakenInAgainAtEveryLook(t *testing.T) {
	h := startHostile(t, 3)
	box, in := NewMailbox(h.config(), quietLog()), newSink()
	run(t, box, in)
	in.has(t, 3)
	h.rounds(5)
	if n := len(in.keys()); n != 3 {
		t.Fatalf("%d mails taken in: %v", n, in.keys())
	}
}

func TestMailDeletedBetweenSearchAndFetchIsPassed(t *testing.T) {
	h := startHostile(t, 3)
	h.expunged[20] = true
	box, in := NewMailbox(h.config(), quietLog()), newSink()
	run(t, box, in)
	in.has(t, 2)
	h.rounds(3)
	if c := in.position(t); c.UID != 30 || len(c.Retry) != 0 {
		t.Fatalf("position %+v, want 30 and nothing to try again", c)
	}
}

func TestAServerThatRefusesTheFolderIsToldSo(t *testing.T) {
	for _, says := range []string{"TAG NO no such folder\r\n", "* BYE no\r\n", "* OK hm\r\nTAG OK no uidvalidity\r\n",
		"* 1 EXISTS\r\n* OK [UIDVALIDITY x] ok\r\nTAG OK\r\n", "rubbish\r\n"} {
		h := startHostile(t, 1)
		h.selectSays = says
		c := h.config()
		in := newSink()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := NewMailbox(c, quietLog()).Run(ctx, in); err == nil || len(in.keys()) > 0 {
			t.Errorf("%q: err %v, mails %v", says, err, in.keys())
		}
	}
}

func TestR4_NewUIDVALIDITYWhileConnected(t *testing.T) {
	h := startHostile(t, 3)
	box, in := NewMailbox(h.config(), quietLog()), newSink()
	supervise(t, box, in)
	in.has(t, 3)
	h.mu.Lock()
	h.uidValidity = 8
	for i := range h.mails {
		h.mails[i].uid = uint32(i + 1)
	}
	h.mu.Unlock()
	h.add(4, simple("nieuw"))
	in.until(t, "the mail that came after the rebuild", func() bool {
		keys := in.keys()
		return strings.HasSuffix(keys[len(keys)-1], "/8/4")
	})
}
