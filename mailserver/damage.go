package mailserver

import (
	"fmt"
	"strings"

	"go.uber.org/zap"
)

// damages is what was lost to damage of files since the start.
type damages struct{ spill, archive Damage }

func (d damages) envelopes() int64 { return d.spill.Envelopes + d.archive.Envelopes }

// health is not OK when something was lost, or may have been. It stays so until
// the next start: somebody has to look at the disk.
func (d damages) health() Health {
	var reasons []string
	for _, part := range []struct {
		where string
		lost  Damage
	}{{"the spill file", d.spill}, {"the archive's journal", d.archive}} {
		if text := part.lost.text(part.where); text != "" {
			reasons = append(reasons, text)
		}
	}
	if len(reasons) == 0 {
		return Health{OK: true}
	}
	return Health{Reason: strings.Join(reasons, "; ") + "; check the disk. Archiving goes on"}
}

// text says what damage to a file has cost, "" for nothing.
func (d Damage) text(where string) string {
	switch {
	case d.Envelopes > 0:
		return fmt.Sprintf("at least %d envelopes were lost: %d bytes of %s were damaged", d.Envelopes, d.Bytes, where)
	case d.More:
		return fmt.Sprintf("%d bytes at the end of %s were damaged: whether envelopes were lost cannot be told",
			d.Bytes, where)
	}
	return ""
}

// spillDamaged tells of damage in the spill file that has not been told of yet.
func (r *Recorder) spillDamaged() {
	r.mu.Lock()
	old := r.damage.spill
	r.damage.spill = r.spill.lost
	n := r.damage.envelopes()
	r.mu.Unlock()
	if old == r.spill.lost {
		return
	}
	r.metrics.damaged.Set(float64(n))
	r.log.Error("spill file is damaged; what is sound of it is stored, the rest is lost",
		zap.String("file", r.cfg.SpillPath), zap.Int64("bytes", r.spill.lost.Bytes),
		zap.Int64("envelopesAtLeast", r.spill.lost.Envelopes))
}

// archiveDamaged takes over what the archive found. It has logged it.
func (r *Recorder) archiveDamaged(lost *Damage) {
	if lost == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.damage.archive = *lost
	r.metrics.damaged.Set(float64(r.damage.envelopes()))
}
