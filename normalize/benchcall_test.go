package normalize

import "testing"

// BenchmarkMergeCall is the price of adding one event to a call.
func BenchmarkMergeCall(b *testing.B) {
	old := callOf(b, "call.answered", 1, "m1", map[string]any{"note": "toner?", "agent": "sanne"})
	late := callOf(b, "call.ended", 2, "m2", map[string]any{"note": "toner for 3.12"})
	for b.Loop() {
		MergeCall(old, late)
	}
}
