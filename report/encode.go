package report

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/bits"
	"time"

	"github.com/balie/balie"
)

// A record of the book is
//
//	CRC-32C(4) present(8) field… customer(16)? teams path rulings
//
// The checksum goes over the key and all behind it. A bit of present says which
// fields are there: the others are 0. A field is a varint; a moment is its
// distance from Opened. Words are numbers of the dictionary. Reading one costs
// about 0.2 µs: a year's figures read a million.

// field is the place of a number in a record. New ones go at the end, with
// another format of the book.
type field int

const (
	atSolved field = iota // moments, in seconds from Opened, plus 1 when there is one
	atClosed
	atPaused
	atResponded
	atRespondDue
	atResolveDue
	atReopens
	atScored
	atWordDue
	moments // how many

	tookRespond = field(iota) - 1 // durations, in seconds
	tookResolve
	targetRespond
	targetResolve
	tookWaited
	tookHad

	wordOutcome // numbers of words
	wordKindOf
	wordChannel
	wordProduct
	wordLanguage
	wordPlace
	wordTeam
	wordAgent
	wordOrganisation
	wordRule

	numState // numbers
	numPriority
	numDecided
	numRuleset
	numWords
	numWordsLate
	numRounds
	numPassed
	numReturned
	numComplete
	numHandouts
	numReopened
	numJudged
	numJudgedOK
	numScore
	numAlarms
	numTouches
	numFlags
	numCustomer // 1: it is there
	fields      // how many
)

// The bits of numFlags.
const (
	flagRespondKept = 1 << iota
	flagResolveKept
	flagAutomatic
	flagUnaided
	flagSurveyed
	flagMerged
)

// packed is a fact as the passes over the book read it. A moment is 0 when
// there is none.
type packed struct {
	opened int64
	at     [moments]int64 // seconds since 1970
	n      [fields]uint32 // by field; those of moments are not used
	rest   []byte         // customer, teams, path, rulings: memory of the transaction
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headSize is of the checksum and of present.
const headSize = 4 + 8

var errDamaged = errors.New("a record of the book is damaged")

// intern gives the number of a word.
type intern func(word string) (uint32, error)

// encode writes a fact as a record under its key.
func encode(f Fact, number intern) ([]byte, error) {
	e := encoder{b: make([]byte, headSize, 160), number: number}
	e.present |= 1 << 63 // Opened is always there
	e.b = binary.AppendVarint(e.b, f.Opened.Unix())
	for i, t := range [moments]time.Time{f.Solved, f.Closed, f.Paused, f.Responded, f.RespondDue, f.ResolveDue, f.Reopens, f.Scored, f.WordDue} {
		if !t.IsZero() {
			e.present |= 1 << i
			e.b = binary.AppendVarint(e.b, t.Unix()-f.Opened.Unix())
		}
	}
	e.numbers(f)
	if !f.Customer.IsZero() {
		e.b = append(e.b, f.Customer[:]...)
	}
	e.count(len(f.Teams))
	for _, t := range f.Teams {
		e.word(t)
	}
	e.count(len(f.Path))
	for _, s := range f.Path {
		e.word(s.Holder)
		e.count(int(s.Took / time.Second))
		e.word(s.Rule)
	}
	e.count(len(f.Rulings))
	for _, r := range f.Rulings {
		e.word(r.Rule)
		e.count(r.Ruleset)
		e.count(len(r.Also))
		for _, a := range r.Also {
			e.word(a)
		}
	}
	binary.LittleEndian.PutUint64(e.b[4:], e.present)
	binary.LittleEndian.PutUint32(e.b, checksum(f.Request[:], e.b[4:]))
	return e.b, e.err
}

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, body)
}

type encoder struct {
	b       []byte
	present uint64
	number  intern
	err     error
}

func (e *encoder) count(n int) { e.b = binary.AppendUvarint(e.b, uint64(max(n, 0))) }

func (e *encoder) word(w string) { e.count(int(e.of(w))) }

// of is the number of a word; 0 is "".
func (e *encoder) of(w string) uint32 {
	if w == "" || e.err != nil {
		return 0
	}
	n, err := e.number(w)
	e.err = err
	return n
}

// numbers writes the fields that are no moments.
func (e *encoder) numbers(f Fact) {
	n := [fields]uint32{
		tookRespond: secondsOf(f.Respond), tookResolve: secondsOf(f.Resolve), targetRespond: secondsOf(f.RespondTarget),
		targetResolve: secondsOf(f.ResolveTarget), tookWaited: secondsOf(f.Waited), tookHad: secondsOf(f.Had),
		wordOutcome: e.of(string(f.Outcome)), wordKindOf: e.of(string(f.Kind)), wordChannel: e.of(f.Channel), wordProduct: e.of(f.Product),
		wordLanguage: e.of(f.Language), wordPlace: e.of(f.Place), wordTeam: e.of(f.Team), wordAgent: e.of(f.Agent),
		wordOrganisation: e.of(f.Organisation), wordRule: e.of(f.Rule),
		numState: uint32(f.State), numPriority: zigzag(f.Priority), numDecided: uint32(f.Decided), numRuleset: whole(f.Ruleset),
		numWords: whole(f.Words), numWordsLate: whole(f.WordsLate), numRounds: whole(f.Rounds), numPassed: whole(f.Passed),
		numReturned: whole(f.Returned), numComplete: whole(f.Complete), numHandouts: whole(f.Handouts), numReopened: whole(f.Reopened),
		numJudged: whole(f.Judged), numJudgedOK: whole(f.JudgedOK), numScore: whole(f.Score), numAlarms: whole(f.Alarms), numTouches: whole(f.Touches),
	}
	for bit, on := range []bool{f.RespondKept, f.ResolveKept, f.Automatic, f.Unaided, f.Surveyed, f.Merged} {
		if on {
			n[numFlags] |= 1 << bit
		}
	}
	if !f.Customer.IsZero() {
		n[numCustomer] = 1
	}
	for i := moments; i < fields; i++ {
		if n[i] != 0 {
			e.present |= 1 << i
			e.b = binary.AppendUvarint(e.b, uint64(n[i]))
		}
	}
}

const most = 1<<32 - 1

func secondsOf(d time.Duration) uint32 { return uint32(min(max(d/time.Second, 0), most)) }

func whole(n int) uint32 { return uint32(min(max(n, 0), most)) }

func zigzag(n int) uint32 { return uint32(n<<1) ^ uint32(n>>31) }

func unzigzag(n uint32) int { return int(int32(n>>1) ^ -int32(n&1)) }

// unpack reads a record into p. What is not what was written is errDamaged.
func (p *packed) unpack(key, rec []byte) error {
	if len(key) != len(balie.ID{}) || len(rec) < headSize || binary.LittleEndian.Uint32(rec) != checksum(key, rec[4:]) {
		return errDamaged
	}
	present := binary.LittleEndian.Uint64(rec[4:])
	b := rec[headSize:]
	opened, n := binary.Varint(b)
	if n <= 0 {
		return errDamaged
	}
	b = b[n:]
	*p = packed{opened: opened}
	for bits1 := present &^ (1 << 63); bits1 != 0; bits1 &= bits1 - 1 {
		i := field(bits.TrailingZeros64(bits1))
		var v uint64
		if len(b) > 0 && b[0] < 0x80 { // most are small
			v, b = uint64(b[0]), b[1:]
		} else {
			v, n = binary.Uvarint(b)
			if n <= 0 {
				return errDamaged
			}
			b = b[n:]
		}
		switch {
		case i < moments:
			p.at[i] = opened + int64(v>>1)
			if v&1 != 0 {
				p.at[i] = opened + ^int64(v>>1)
			}
		case i < fields:
			p.n[i] = uint32(v)
		default:
			return errDamaged
		}
	}
	p.rest = b
	return nil
}

func (p *packed) flag(bit uint32) bool { return p.n[numFlags]&bit != 0 }

// tail reads what stands behind the fields.
type tail struct {
	b   []byte
	bad bool
}

func (p *packed) tail() tail { return tail{b: p.rest} }

func (t *tail) count() uint32 {
	if len(t.b) > 0 && t.b[0] < 0x80 {
		v := t.b[0]
		t.b = t.b[1:]
		return uint32(v)
	}
	v, n := binary.Uvarint(t.b)
	if n <= 0 {
		t.bad = true
		return 0
	}
	t.b = t.b[n:]
	return uint32(v)
}

func (t *tail) id() (id balie.ID) {
	if len(t.b) < len(id) {
		t.bad = true
		return id
	}
	t.b = t.b[copy(id[:], t.b):]
	return id
}

// customer of a fact; the tail goes on with its teams.
func (p *packed) customer(t *tail) (id balie.ID) {
	if p.n[numCustomer] != 0 {
		id = t.id()
	}
	return id
}

// teams calls yield for the number of each team it was handed out to.
func (p *packed) teams(yield func(team uint32)) {
	if p.n[wordTeam] == 0 {
		return
	}
	t := p.tail()
	p.customer(&t)
	for n := t.count(); n > 0 && !t.bad; n-- {
		yield(t.count())
	}
}

// hasTeam reports whether it was handed out to a team.
func (p *packed) hasTeam(team uint32) (has bool) {
	p.teams(func(t uint32) { has = has || t == team })
	return has
}
