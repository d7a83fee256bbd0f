package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/balie/balie"
)

// original is one message of the arguments, still unread.
type original struct {
	name string
	open func() (io.ReadCloser, error)
	err  error // there is nothing to open
}

// originals calls f with every message in the named files: single ones, mbox
// files, all files of directories, and standard input for "-". One at a time is
// held, in memory up to spoolBytes. What cannot be read is passed on with its
// error; the returned error joins those of names that do not exist.
func originals(names []string, stdin io.Reader, f func(original)) error {
	var missing []error
	for _, name := range names {
		if name == "-" {
			split("-", stdin, true, f)
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			missing = append(missing, &balie.InvalidError{File: name, Problem: "cannot be read: " + pathCause(err), Fix: "name a file, a directory, or - for standard input"})
		case info.IsDir():
			directory(name, f)
		default:
			file(name, name, f)
		}
	}
	return errors.Join(missing...)
}

// pathCause is an error without the path that is said already.
func pathCause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// directory goes through all files below one, named from its own name on.
func directory(dir string, f func(original)) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		whole = filepath.Clean(dir)
	}
	filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(filepath.Dir(whole), path)
		if err != nil {
			f(original{name: filepath.ToSlash(name), err: err})
			return nil // go on with the others
		}
		if d.Type().IsRegular() {
			file(path, filepath.ToSlash(name), f)
		}
		return nil
	})
}

// file is one message, or many when it is an mbox.
func file(path, name string, f func(original)) {
	r, err := os.Open(path)
	if err != nil {
		f(original{name: name, err: err})
		return
	}
	defer r.Close()
	b := bufio.NewReader(r)
	if head, _ := b.Peek(len(separator)); string(head) == separator && !strings.EqualFold(filepath.Ext(path), ".eml") {
		split(name, b, false, f)
		return
	}
	f(original{name: name, open: func() (io.ReadCloser, error) { return os.Open(path) }})
}

// separator begins the line before each message of an mbox (RFC 4155).
const separator = "From "

// between is such a line in the middle of a file: sentences begin with "From"
// too, so the date is wanted.
var between = regexp.MustCompile(`^From \S+ +(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d \d\d:\d\d`)

// quoted is a line that was quoted so that it is no separator.
var quoted = regexp.MustCompile(`^>+From `)

// split reads messages one after the other. When there is one alone it has the
// name itself, else they are numbered.
func split(name string, r io.Reader, whole bool, f func(original)) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(len(separator))
	mbox := string(head) == separator
	if mbox {
		b.ReadSlice('\n')
	}
	for n := 1; ; n++ {
		s := &spool{}
		more, err := message(s, b, mbox)
		o := original{name: name, open: s.open, err: err}
		if n > 1 || more {
			o.name = fmt.Sprintf("%s#%d", name, n)
		}
		if s.size > 0 || !whole || err != nil {
			f(o)
		}
		s.close()
		if !more || err != nil {
			return
		}
	}
}

// message copies one message of an mbox, or all there is, and says whether
// another follows.
func message(w io.Writer, b *bufio.Reader, mbox bool) (more bool, err error) {
	if !mbox {
		_, err := io.Copy(w, b)
		return false, err
	}
	var blank []byte // an empty line belongs to the separator after it
	start, first := true, true
	for {
		line, err := b.ReadSlice('\n')
		if len(line) > 0 && start {
			if (blank != nil || first) && between.Match(line) {
				return true, nil
			}
			if quoted.Match(line) {
				line = line[1:]
			}
		}
		first = false
		if err == nil && start && len(bytes.TrimRight(line, "\r\n")) == 0 && blank == nil {
			blank = bytes.Clone(line)
			continue
		}
		if _, werr := w.Write(append(blank, line...)); werr != nil {
			return false, werr
		}
		blank, start = nil, err == nil
		if err == io.EOF {
			return false, nil
		}
		if err != nil && err != bufio.ErrBufferFull {
			return false, err
		}
	}
}

// spoolBytes is how much of one message is held in memory.
const spoolBytes = 1 << 20

// spool holds one message that came by a stream, to be read more than once.
type spool struct {
	memory bytes.Buffer
	file   *os.File
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.file == nil && s.memory.Len()+len(p) <= spoolBytes {
		return s.memory.Write(p)
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "balie-mail-*")
		if err != nil {
			return 0, err
		}
		os.Remove(f.Name()) // gone with the process, whatever happens
		s.file = f
		if _, err := f.Write(s.memory.Bytes()); err != nil {
			return 0, err
		}
		s.memory = bytes.Buffer{}
	}
	return s.file.Write(p)
}

func (s *spool) open() (io.ReadCloser, error) {
	if s.file != nil {
		return io.NopCloser(io.NewSectionReader(s.file, 0, s.size)), nil
	}
	return io.NopCloser(bytes.NewReader(s.memory.Bytes())), nil
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
}
