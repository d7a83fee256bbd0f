package rig

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Counted sums the samples of a counter since the process started; label, such
// as channel="email", narrows it.
func (s *Site) Counted(name, label string) (int, error) {
	resp, err := http.Get(s.URL() + "/metrics")
	if err != nil {
		return 0, fmt.Errorf("read balie's counters: %w", err)
	}
	defer resp.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		sample, value, ok := strings.Cut(lines.Text(), "} ")
		if !ok || !strings.HasPrefix(sample, name+"{") || !strings.Contains(sample, label) {
			continue
		}
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read balie's counter %s: %w", name, err)
		}
		sum += f
	}
	return int(sum), lines.Err()
}
