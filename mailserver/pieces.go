package mailserver

import "statusd/waku/wire"

// piece bounds what is stored at once. A database that is slow gets less: what
// it does not finish in time would otherwise be tried for ever.
type piece struct {
	rows  int
	bytes int64
}

var wholePiece = piece{commitRows, commitBytes}

// front returns the first piece of a batch, of one envelope at least.
func (p piece) front(batch []*wire.Envelope) []*wire.Envelope {
	n, size := 0, int64(0)
	for n < len(batch) && n < p.rows && size < p.bytes {
		size += int64(len(batch[n].RLP()))
		n++
	}
	return batch[:n]
}

// shrink makes pieces smaller than those envelopes, which took too long. It
// reports whether that is possible.
func (p *piece) shrink(envs []*wire.Envelope) bool {
	if len(envs) == 1 {
		return false
	}
	p.rows, p.bytes = max(1, len(envs)/4), max(1, sizeOf(envs)/4)
	return true
}

// grow makes pieces larger after one of their size was stored fast.
func (p *piece) grow(envs []*wire.Envelope) {
	if len(envs) >= p.rows || sizeOf(envs) >= p.bytes {
		p.rows, p.bytes = min(2*p.rows, commitRows), min(2*p.bytes, commitBytes)
	}
}

func sizeOf(envs []*wire.Envelope) (n int64) {
	for _, env := range envs {
		n += int64(len(env.RLP()))
	}
	return n
}
