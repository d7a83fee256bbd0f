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
func checkStructure(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s, root, err := readMeta(f, info.Size())
	if err != nil {
		return err
	}
	if need := int64(s.pages) * s.pageSize; info.Size() < need {
		return fmt.Errorf("the file is cut off: it has %d of %d bytes", info.Size(), need)
	}
	return s.tree(root, 0)
}

// readMeta reads the newest of the two meta pages that is whole.
func readMeta(f io.ReaderAt, size int64) (*structure, uint64, error) {
	first := make([]byte, 80)
	if _, err := f.ReadAt(first, 0); err != nil {
		return nil, 0, errors.New("the file is cut off within its first page")
	}
	best, root, txid := (*structure)(nil), uint64(0), uint64(0)
	try := func(b []byte) int64 {
		s, r, t, err := parseMeta(b)
		if err != nil {
			return 0
		}
		if best == nil || t > txid {
			best, root, txid = s, r, t
		}
		return s.pageSize
	}
	sizes := []int64{try(first)}
	if sizes[0] == 0 { // the first is damaged: the second stands behind one page
		sizes = []int64{4096, 8192, 16384, 32768, 65536}
	}
	for _, n := range sizes {
		b := make([]byte, 80)
		if _, err := f.ReadAt(b, n); err == nil {
			try(b)
		}
	}
	if best == nil {
		return nil, 0, errors.New("both its meta pages are damaged")
	}
	best.f, best.seen = f, map[uint64]bool{}
	return best, root, nil
}

func parseMeta(b []byte) (s *structure, root, txid uint64, err error) {
	m := b[pageHead:80]
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

// tree walks a page and all below it.
func (s *structure) tree(id uint64, depth int) error {
	if depth > maxTreeDepth {
		return fmt.Errorf("page %d is too deep", id)
	}
	b, err := s.page(id)
	if err != nil {
		return err
	}
	return s.elements(id, b, depth)
}

func (s *structure) elements(id uint64, b []byte, depth int) error {
	le := binary.LittleEndian
	flags, count := le.Uint16(b[8:]), int(le.Uint16(b[10:]))
	if flags != flagBranch && flags != flagLeaf {
		return fmt.Errorf("page %d is neither branch nor leaf", id)
	}
	if pageHead+count*elemSize > len(b) || flags == flagBranch && count == 0 {
		return fmt.Errorf("page %d has a damaged count", id)
	}
	var last []byte
	for i := range count {
		at := pageHead + i*elemSize
		e := b[at : at+elemSize]
		var pos, ksize, vsize uint64
		if flags == flagLeaf {
			pos, ksize, vsize = uint64(le.Uint32(e[4:])), uint64(le.Uint32(e[8:])), uint64(le.Uint32(e[12:]))
		} else {
			pos, ksize = uint64(le.Uint32(e)), uint64(le.Uint32(e[4:]))
		}
		from := uint64(at) + pos
		if from < uint64(pageHead+count*elemSize) || from+ksize+vsize > uint64(len(b)) {
			return fmt.Errorf("page %d has a damaged element %d", id, i)
		}
		key, value := b[from:from+ksize], b[from+ksize:from+ksize+vsize]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("page %d has its keys out of order", id)
		}
		last = key
		if err := s.below(id, flags, le, e, value, depth); err != nil {
			return err
		}
	}
	return nil
}

// below follows an element to the page or bucket it stands for.
func (s *structure) below(id uint64, flags uint16, le binary.ByteOrder, e, value []byte, depth int) error {
	if flags == flagBranch {
		return s.tree(le.Uint64(e[8:]), depth+1)
	}
	switch le.Uint32(e) {
	case 0:
		return nil
	case flagBucket:
	default:
		return fmt.Errorf("page %d has an element of unknown kind", id)
	}
	if len(value) < bucketHead {
		return fmt.Errorf("page %d has a damaged bucket", id)
	}
	if root := le.Uint64(value); root != 0 {
		return s.tree(root, depth+1)
	}
	if len(value) < bucketHead+pageHead { // kept within its parent
		return fmt.Errorf("page %d has a damaged bucket", id)
	}
	return s.elements(id, value[bucketHead:], depth+1)
}
