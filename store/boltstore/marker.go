package boltstore

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/balie/balie"
)

// markerFile stands beside the store and says that there must be one: bbolt
// takes an empty file for a new store.
const markerFile = "INSTANCE"

// Keys of the meta bucket.
const (
	metaInstance = "instance"
	metaVersion  = "data version"
)

// marker is the content of markerFile; the zero value: there is none.
type marker struct {
	Instance    string `json:"instance"`
	DataVersion int    `json:"data_version"`
}

func newInstance() string { return rand.Text() }

func readMarker(dir string) (marker, error) {
	var m marker
	name := filepath.Join(dir, markerFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read which store must be here: %w", err)
	}
	if err := json.Unmarshal(b, &m); err != nil || m.Instance == "" || m.DataVersion < 1 {
		return m, &balie.InvalidError{File: name, Problem: "this file says which store must be here, but it cannot be read",
			Fix: "remove it when balie.db beside it is the right one: it is written anew at the next start; otherwise " +
				fmt.Sprintf(restoreFix, dir)}
	}
	return m, nil
}

func writeMarker(dir string, m marker) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode which store must be here: %w", err)
	}
	tmp := markerFile + ".new"
	if err := writeSynced(filepath.Join(dir, tmp), append(b, '\n')); err != nil {
		return fmt.Errorf("write which store must be here: %w", err)
	}
	return publish(dir, tmp, markerFile)
}

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (w *writer) putMeta(key, value string) {
	k := []byte(key)
	w.put(kindMeta, k, seal(kindMeta, k, append(newRecord(len(value)), value...)))
}

func (r *reader) meta(key string) (string, error) {
	k := []byte(key)
	p, err := unseal(kindMeta, k, r.get(kindMeta, k))
	return string(p), err
}

// identity is which store this is and in which data version.
func (r *reader) identity() (string, int, error) {
	instance, err := r.meta(metaInstance)
	if err != nil {
		return "", 0, err
	}
	v, err := r.meta(metaVersion)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return "", 0, damaged(kindMeta, []byte(metaVersion), "is no version")
	}
	return instance, n, nil
}
