package store

import (
	"crypto/sha256"
	"math"
	"time"
)

// Bounds of the quarantine. It is one table with a room for each reason, one
// for people who are known and one for strangers.
const (
	// MaxQuarantine bounds the payloads kept for a later version, and
	// MaxQuarantineOf those of one sender. The oldest make room.
	MaxQuarantine   = 1000
	MaxQuarantineOf = 20
	// MaxQuarantineBytes bounds one of them.
	MaxQuarantineBytes = 16 << 10

	// MaxHeld and MaxHeldBytes bound what is held of all known senders for one
	// reason, MaxHeldOf and MaxHeldBytesOf of one of them. What finds no room is
	// refused: the rest was acknowledged and does not make room.
	MaxHeld        = 1000
	MaxHeldBytes   = 32 << 20
	MaxHeldOf      = 200
	MaxHeldBytesOf = 8 << 20
	// The same for strangers.
	MaxHeldStrangers       = 500
	MaxHeldStrangersBytes  = 8 << 20
	MaxHeldOfStranger      = 20
	MaxHeldBytesOfStranger = 1 << 20
)

// never is the due time of what no time helps.
const never = int64(math.MaxInt64)

// Reason says why a payload cannot be handled now.
type Reason string

// Reasons.
const (
	ReasonType    Reason = "type"    // of a later version
	ReasonClock   Reason = "clock"   // its clock is ahead
	ReasonGroup   Reason = "group"   // author or we have not joined the group
	ReasonContact Reason = "contact" // the author is no contact
)

// Kept is a payload in quarantine, with what is known of its way.
type Kept struct {
	Seq        int64
	Reason     Reason    // ReasonType for Put
	Subject    string    // id of the chat or person that has to change, or ""
	Due        time.Time // when it is tried again, whatever changes
	At         time.Time // when it was put here first
	Stranger   bool      // whose room it takes
	Data       []byte
	Sender     [contactBytes]byte
	Envelope   [32]byte
	Sent       time.Time
	PublicChat string // where it came, "" for a direct message
	Protection int
	Paired     bool
	Device     string
}

// Quarantine has the payloads that may be handled later.
type Quarantine struct{ tx *Tx }

// Quarantine returns the table of payloads that may be handled later.
func (tx *Tx) Quarantine() Quarantine { return Quarantine{tx} }

// Put keeps a payload for a later version unless it is too large, and lets the
// oldest go where there are too many.
func (q Quarantine) Put(k *Kept) error {
	if len(k.Data) > MaxQuarantineBytes {
		return nil
	}
	kept := *k
	kept.Reason, kept.Subject, kept.Stranger, kept.Due, kept.At = ReasonType, "", false, time.UnixMilli(never), k.Sent
	if err := q.insert(&kept); err != nil {
		return err
	}
	err := q.tx.Exec(`DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine
		WHERE reason = 'type' AND stranger = 0 AND sender = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)`,
		k.Sender[:], MaxQuarantineOf)
	if err != nil {
		return err
	}
	return q.tx.Exec(`DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine
		WHERE reason = 'type' AND subject = '' ORDER BY seq DESC LIMIT -1 OFFSET ?)`, MaxQuarantine)
}

// Hold keeps a payload until it is due, or until its subject changes, and
// reports whether there was room. One that is here already keeps its place and
// waits for what is said now.
func (q Quarantine) Hold(k *Kept) (bool, error) {
	id := k.id()
	err := q.tx.Exec(`UPDATE quarantine SET reason = ?, subject = ?, due = ? WHERE id = ?`,
		string(k.Reason), k.Subject, k.Due.UnixMilli(), id[:])
	if err != nil {
		return false, err
	}
	if n, err := q.tx.Changed(); err != nil || n > 0 {
		return n > 0, err
	}
	if room, err := q.room(k); err != nil || !room {
		return false, err
	}
	return true, q.insert(k)
}

// room reports whether a payload fits the bounds.
func (q Quarantine) room(k *Kept) (bool, error) {
	all, allBytes, of, ofBytes := int64(MaxHeld), int64(MaxHeldBytes), int64(MaxHeldOf), int64(MaxHeldBytesOf)
	if k.Stranger {
		all, allBytes, of, ofBytes = MaxHeldStrangers, MaxHeldStrangersBytes, MaxHeldOfStranger, MaxHeldBytesOfStranger
	}
	fits := func(count, bytes int64, where string, args ...any) (ok bool, err error) {
		_, err = q.tx.Get(`SELECT count(*), total(size) FROM quarantine WHERE reason = ? AND stranger = ?`+where,
			append([]any{string(k.Reason), k.Stranger}, args...),
			func(r Row) { ok = r.Int64(0) < count && r.Int64(1)+int64(len(k.Data)) <= bytes })
		return ok, err
	}
	if ok, err := fits(of, ofBytes, ` AND sender = ?`, k.Sender[:]); err != nil || !ok {
		return false, err
	}
	return fits(all, allBytes, ``)
}

// id names the content, whatever envelope it came in.
func (k *Kept) id() [32]byte {
	h := sha256.New()
	h.Write(k.Sender[:])
	h.Write(k.Data)
	return [32]byte(h.Sum(nil))
}

func (q Quarantine) insert(k *Kept) error {
	id := k.id()
	return q.tx.Exec(`INSERT INTO quarantine (id, reason, subject, due, at, stranger, size, data, sender, envelope, sent,
			public_chat, protection, paired, device)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		id[:], string(k.Reason), k.Subject, k.Due.UnixMilli(), k.At.UnixMilli(), k.Stranger, len(k.Data), k.Data,
		k.Sender[:], k.Envelope[:], k.Sent.Unix(), k.PublicChat, k.Protection, k.Paired, k.Device)
}

const keptColumns = `SELECT seq, reason, subject, due, at, stranger, data, sender, envelope, sent, public_chat,
	protection, paired, device FROM quarantine `

func scanKept(r Row) Kept {
	k := Kept{
		Seq: r.Int64(0), Reason: Reason(r.Text(1)), Subject: r.Text(2), Due: time.UnixMilli(r.Int64(3)),
		At: time.UnixMilli(r.Int64(4)), Stranger: r.Bool(5), Data: r.Blob(6), Sent: time.Unix(r.Int64(9), 0),
		PublicChat: r.Text(10), Protection: int(r.Int64(11)), Paired: r.Bool(12), Device: r.Text(13),
	}
	copy(k.Sender[:], r.Blob(7))
	copy(k.Envelope[:], r.Blob(8))
	return k
}

// After returns the first payload after a number that waits for a later
// version.
func (q Quarantine) After(seq int64) (k Kept, found bool, err error) {
	found, err = q.tx.Get(keptColumns+`WHERE reason = 'type' AND subject = '' AND seq > ? ORDER BY seq LIMIT 1`,
		[]any{seq}, func(r Row) { k = scanKept(r) })
	return k, found, err
}

// Due returns the payload whose time comes first, if it has come.
func (q Quarantine) Due(now time.Time) (k Kept, found bool, err error) {
	found, err = q.tx.Get(keptColumns+`WHERE due <= ? ORDER BY due, seq LIMIT 1`, []any{now.UnixMilli()},
		func(r Row) { k = scanKept(r) })
	return k, found, err
}

// NextDue returns when the next payload is due; zero when none is.
func (q Quarantine) NextDue() (at time.Time, err error) {
	_, err = q.tx.Get(`SELECT due FROM quarantine WHERE due < ? ORDER BY due LIMIT 1`, []any{never},
		func(r Row) { at = time.UnixMilli(r.Int64(0)) })
	return at, err
}

// Last returns when the last payload of a sender is tried again that waits for its
// clock, or that is due already, after a time; zero when there is none.
func (q Quarantine) Last(sender [contactBytes]byte, now, after time.Time) (at time.Time, err error) {
	_, err = q.tx.Get(`SELECT due FROM quarantine WHERE sender = ? AND (reason = 'clock' OR due <= ?) AND due > ?
		ORDER BY due DESC LIMIT 1`, []any{sender[:], now.UnixMilli(), after.UnixMilli()},
		func(r Row) { at = time.UnixMilli(r.Int64(0)) })
	return at, err
}

// Wake makes due what waits for a subject, and reports whether there was
// anything.
func (q Quarantine) Wake(reason Reason, subject string, now time.Time) (bool, error) {
	err := q.tx.Exec(`UPDATE quarantine SET due = ? WHERE reason = ? AND subject = ?`,
		now.UnixMilli(), string(reason), subject)
	if err != nil {
		return false, err
	}
	n, err := q.tx.Changed()
	return n > 0, err
}

// WakeAll makes due whatever waits for a reason.
func (q Quarantine) WakeAll(reason Reason, now time.Time) error {
	return q.tx.Exec(`UPDATE quarantine SET due = ? WHERE reason = ?`, now.UnixMilli(), string(reason))
}

// Delete removes a payload.
func (q Quarantine) Delete(seq int64) error {
	return q.tx.Exec(`DELETE FROM quarantine WHERE seq = ?`, seq)
}

// Forget removes everything of a sender.
func (q Quarantine) Forget(sender [contactBytes]byte) error {
	return q.tx.Exec(`DELETE FROM quarantine WHERE sender = ?`, sender[:])
}
