package mailserver

import "testing"

// TestDamageIsToldForWhatItCost: health is for losses, certain or possible, and
// says which.
func TestDamageIsToldForWhatItCost(t *testing.T) {
	for _, c := range []struct {
		damages
		want Health
	}{
		{damages{}, Health{OK: true}},
		{damages{archive: Damage{Bytes: 40}}, Health{OK: true}},
		{damages{archive: Damage{Bytes: 40, More: true}}, Health{Reason: "40 bytes at the end of the archive's journal " +
			"were damaged: whether envelopes were lost cannot be told; check the disk. Archiving goes on"}},
		{damages{archive: Damage{Envelopes: 3, Bytes: 900, More: true}}, Health{Reason: "at least 3 envelopes were lost: " +
			"900 bytes of the archive's journal were damaged; check the disk. Archiving goes on"}},
		{damages{Damage{Envelopes: 1, Bytes: 9}, Damage{Bytes: 40}}, Health{Reason: "at least 1 envelopes were lost: " +
			"9 bytes of the spill file were damaged; check the disk. Archiving goes on"}},
	} {
		if got := c.health(); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.damages, got, c.want)
		}
	}
}
