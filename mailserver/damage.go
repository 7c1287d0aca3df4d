package mailserver

import (
	"fmt"

	"go.uber.org/zap"
)

// damages is what was lost to damage of files since the start.
type damages struct{ spill, archive Damage }

func (d damages) envelopes() int64 { return d.spill.Envelopes + d.archive.Envelopes }

// health is not OK when something was lost. It stays so until the next start:
// somebody has to look at the disk.
func (d damages) health() Health {
	text := func(where string, lost Damage) string {
		return fmt.Sprintf("at least %d envelopes were lost: %d bytes of %s were damaged; check the disk. "+
			"Archiving goes on", lost.Envelopes, lost.Bytes, where)
	}
	switch {
	case d.spill != Damage{} && d.archive != Damage{}:
		return Health{Reason: text("the spill file", d.spill) + "; " + text("the archive's journal", d.archive)}
	case d.spill != Damage{}:
		return Health{Reason: text("the spill file", d.spill)}
	case d.archive != Damage{}:
		return Health{Reason: text("the archive's journal", d.archive)}
	}
	return Health{OK: true}
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
