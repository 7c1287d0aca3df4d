package messenger

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// attempts has somebody send an update with n signatures that nobody has seen,
// each made so that to compute it fails at once, and returns how many of them were
// paid for.
func (s *signers) attempts(author string, as standing, n int, now time.Time) (paid int) {
	sign := s.chargedTo(author, as, now)
	var digest [32]byte
	copy(digest[:], author)
	for i := range n {
		digest[30], digest[31] = byte(i>>8), byte(i)
		if _, err := sign(digest, make([]byte, 65)); errors.Is(err, errSignatures) {
			return paid
		}
		paid++
	}
	return paid
}

// TestMembersShareAnAllowance: an admin who makes members of a thousand keys does
// not have their allowances a thousand times; what members send that is short, and
// what contacts send, gets through beside them.
func TestMembersShareAnAllowance(t *testing.T) {
	const keys = 1000
	s, now := newSigners(), start()
	paid := 0
	for i := range keys {
		paid += s.attempts(fmt.Sprint(i), groupMember, memberSignatures, now)
	}
	if most := allMembersSignatures + keys*freeSignatures; paid > most || paid < allMembersSignatures {
		t.Errorf("%d signatures, at most %d are allowed", paid, most)
	}
	if n := s.attempts("honest", groupMember, freeSignatures, now); n != freeSignatures {
		t.Errorf("an honest member has %d signatures", n)
	}
	if n := s.attempts("contact", trusted, memberSignatures, now); n != memberSignatures {
		t.Errorf("a contact has %d signatures", n)
	}
	if n := s.attempts("newcomer", anybody, 500, now); n != 500 {
		t.Errorf("a stranger has %d signatures", n)
	}
	now = now.Add(time.Second)
	if n := s.attempts("late", groupMember, 5000, now); n < allMembersRefill || n > allMembersRefill+freeSignatures+1 {
		t.Errorf("%d signatures a second later", n)
	}
}

// TestWhoPaysForSignatures: members of a group pay from what they share, contacts
// do not.
func TestWhoPaysForSignatures(t *testing.T) {
	all := crew(t, 3)
	group := create(t, all...)
	alice, mallory := all[0], all[2]
	clock := uint64(start().UnixMilli()) + 20_000
	const n = freeSignatures + 10
	send := func(first uint64) {
		list := alice.rawEvents(group)
		for i := range uint64(n) {
			list = append(list, hostileEvent(t, mallory, group, 4, clock+first+i, ""))
		}
		ok(t, alice.updateFrom(mallory, group, list...))
	}
	send(0)
	if got := alice.m.signers.members.spent; got < n-freeSignatures {
		t.Errorf("a member pays %v", got)
	}
	ok(t, alice.m.Contacts().Save(t.Context(), added(mallory.id)))
	before := alice.m.signers.members.spent
	send(1000)
	if got := alice.m.signers.members.spent; got > before {
		t.Errorf("a contact pays %v", got-before)
	}
}
