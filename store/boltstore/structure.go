package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// bbolt's file format, version 2 (little endian here: the byte order of the
// machine that wrote it, and of all that balie runs on).
const (
	pageHead   = 16 // id(8) flags(2) count(2) overflow(4)
	elemSize   = 16 // leaf: flags(4) pos(4) ksize(4) vsize(4); branch: pos(4) ksize(4) page(8)
	metaMagic  = 0xED0CDAED
	metaFormat = 2
	flagBranch = 1
	flagLeaf   = 2
	flagBucket = 1 // of a leaf element
	bucketHead = 16
	metaSize   = 80 // bytes that are used of a meta page
	// maxTreeDepth is far more than a file of any size needs.
	maxTreeDepth = 64
)

// structure walks the pages of a store. It looks at all that bbolt follows
// without a check of its own: page numbers, kinds, positions, key order.
type structure struct {
	f        io.ReaderAt
	pageSize int64
	pages    uint64 // high-water mark
	seen     map[uint64]bool
}

// checkStructure says whether bbolt can walk the file without leaving it. It
// reads each page once: about half a second per GiB.
func checkStructure(path string, salvage bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s, root, err := readMeta(f, salvage)
	if err != nil {
		return err
	}
	if need := int64(s.pages) * s.pageSize; info.Size() < need {
		return fmt.Errorf("the file is cut off: it has %d of %d bytes", info.Size(), need)
	}
	return s.tree(root, span{}, 0)
}

// readMeta reads the newer of the two meta pages. A damaged one may have been
// the newer: without salvage the file is refused then, because the last commit
// would be gone without a word. A crash does not damage one: its 80 bytes lie
// in one sector.
func readMeta(f io.ReaderAt, salvage bool) (*structure, uint64, error) {
	first := make([]byte, metaSize)
	if _, err := f.ReadAt(first, 0); err != nil {
		return nil, 0, errors.New("the file is cut off within its first page")
	}
	best, root, newest, err := parseMeta(first)
	sizes := []int64{4096, 8192, 16384, 32768, 65536}
	if err == nil {
		sizes = []int64{best.pageSize}
	}
	whole := 0
	for _, n := range sizes {
		b := make([]byte, metaSize)
		if _, err := f.ReadAt(b, n); err != nil {
			continue
		}
		s, r, txid, err := parseMeta(b)
		if err != nil {
			continue
		}
		whole++
		if best == nil || txid > newest {
			best, root, newest = s, r, txid
		}
	}
	switch {
	case best == nil:
		return nil, 0, errors.New("both its meta pages are damaged")
	case !salvage && (err != nil || whole == 0):
		return nil, 0, errors.New("one of its meta pages is damaged, and what was stored last may be missing")
	}
	best.f, best.seen = f, map[uint64]bool{}
	return best, root, nil
}

func parseMeta(b []byte) (s *structure, root, txid uint64, err error) {
	m := b[pageHead:metaSize]
	le := binary.LittleEndian
	h := fnv.New64a()
	h.Write(m[:56])
	size := int64(le.Uint32(m[8:]))
	if le.Uint32(m) != metaMagic || le.Uint32(m[4:]) != metaFormat || le.Uint64(m[56:]) != h.Sum64() || size < 512 {
		return nil, 0, 0, errors.New("damaged meta page")
	}
	return &structure{pageSize: size, pages: le.Uint64(m[40:])}, le.Uint64(m[16:]), le.Uint64(m[48:]), nil
}

// page reads a page with its overflow pages.
func (s *structure) page(id uint64) ([]byte, error) {
	if id < 2 || id >= s.pages {
		return nil, fmt.Errorf("page %d is not in the file", id)
	}
	b := make([]byte, s.pageSize)
	if _, err := s.f.ReadAt(b, int64(id)*s.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	more := uint64(binary.LittleEndian.Uint32(b[12:]))
	if binary.LittleEndian.Uint64(b) != id || more >= s.pages-id {
		return nil, fmt.Errorf("page %d has a damaged head", id)
	}
	for i := id; i <= id+more; i++ {
		if s.seen[i] {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		s.seen[i] = true
	}
	if more == 0 {
		return b, nil
	}
	b = make([]byte, int64(more+1)*s.pageSize)
	if _, err := s.f.ReadAt(b, int64(id)*s.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return b, nil
}

// span is where the keys of a page must lie: from low on, before high; nil has
// no end. On keys elsewhere bbolt panics in a goroutine of its own.
type span struct{ low, high []byte }

func (s span) has(key []byte) bool {
	return bytes.Compare(key, s.low) >= 0 && (s.high == nil || bytes.Compare(key, s.high) < 0)
}

// tree walks a page and all below it.
func (s *structure) tree(id uint64, in span, depth int) error {
	if depth > maxTreeDepth {
		return fmt.Errorf("page %d is too deep", id)
	}
	b, err := s.page(id)
	if err != nil {
		return err
	}
	return s.elements(id, b, in, depth)
}

// element is one entry of a page.
type element struct {
	flags      uint32
	page       uint64 // of a branch
	key, value []byte
}

// elements reads a page, or a bucket that is kept within its parent.
func (s *structure) elements(id uint64, b []byte, in span, depth int) error {
	le := binary.LittleEndian
	flags, count := le.Uint16(b[8:]), int(le.Uint16(b[10:]))
	if flags != flagBranch && flags != flagLeaf {
		return fmt.Errorf("page %d is neither branch nor leaf", id)
	}
	if pageHead+count*elemSize > len(b) || flags == flagBranch && count == 0 {
		return fmt.Errorf("page %d has a damaged count", id)
	}
	all := make([]element, count)
	for i := range all {
		e, ok := readElement(b, i, count, flags)
		if !ok {
			return fmt.Errorf("page %d has a damaged element %d", id, i)
		}
		if i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0 || !in.has(e.key) {
			return fmt.Errorf("page %d has its keys out of order", id)
		}
		all[i] = e
	}
	for i, e := range all {
		if flags == flagLeaf {
			if err := s.leaf(id, e, depth); err != nil {
				return err
			}
			continue
		}
		below := span{e.key, in.high}
		if i+1 < count {
			below.high = all[i+1].key
		}
		if err := s.tree(e.page, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func readElement(b []byte, i, count int, flags uint16) (element, bool) {
	le := binary.LittleEndian
	at := pageHead + i*elemSize
	h := b[at : at+elemSize]
	var e element
	var pos, ksize, vsize uint64
	if flags == flagLeaf {
		e.flags = le.Uint32(h)
		pos, ksize, vsize = uint64(le.Uint32(h[4:])), uint64(le.Uint32(h[8:])), uint64(le.Uint32(h[12:]))
	} else {
		pos, ksize, e.page = uint64(le.Uint32(h)), uint64(le.Uint32(h[4:])), le.Uint64(h[8:])
	}
	from := uint64(at) + pos
	if from < uint64(pageHead+count*elemSize) || from+ksize+vsize > uint64(len(b)) {
		return e, false
	}
	e.key, e.value = b[from:from+ksize], b[from+ksize:from+ksize+vsize]
	return e, true
}

// leaf follows an element that is a bucket.
func (s *structure) leaf(id uint64, e element, depth int) error {
	if e.flags == 0 {
		return nil
	}
	if e.flags != flagBucket || len(e.value) < bucketHead {
		return fmt.Errorf("page %d has a damaged bucket", id)
	}
	if root := binary.LittleEndian.Uint64(e.value); root != 0 {
		return s.tree(root, span{}, depth+1)
	}
	if len(e.value) < bucketHead+pageHead { // kept within its parent
		return fmt.Errorf("page %d has a damaged bucket", id)
	}
	return s.elements(id, e.value[bucketHead:], span{}, depth+1)
}
