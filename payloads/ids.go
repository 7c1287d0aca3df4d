package payloads

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/key"
	"statusd/fault"
)

// ErrMessageID is returned for text that is no message id.
var ErrMessageID = fault.New(fault.InvalidParams, "message id is not 0x and 64 lower-case hex digits", "")

// MessageID identifies an application payload, a system message, a reaction or
// an invitation.
type MessageID [32]byte

// String returns 0x and 64 hex digits.
func (id MessageID) String() string { return "0x" + hex.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id MessageID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *MessageID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseMessageID(string(text))
	return err
}

// ParseMessageID reads what String writes.
func ParseMessageID(text string) (MessageID, error) {
	var id MessageID
	if len(text) != 66 || !strings.HasPrefix(text, "0x") || text != strings.ToLower(text) {
		return id, ErrMessageID
	}
	if _, err := hex.Decode(id[:], []byte(text[2:])); err != nil {
		return id, ErrMessageID
	}
	return id, nil
}

func keccak(parts ...[]byte) [32]byte { return [32]byte(crypto.Keccak256(parts...)) }

// WrapperID returns the id of a wrapper: keccak256(uncompressed author key ||
// wrapper). author is zero for an unsigned wrapper, whose id has no key even
// when the envelope tells the author (spec 05 section 4).
func WrapperID(author key.Public, wrapper []byte) MessageID {
	if author.IsZero() {
		return keccak(wrapper)
	}
	u := author.Uncompressed()
	return keccak(u[:], wrapper)
}

// Identity tells what somebody made from everything else, without regard to the
// wrapper: keccak256(uncompressed author key || keccak256(payload)).
type Identity [32]byte

func identityOf(author key.Public, payload [32]byte) Identity {
	u := author.Uncompressed()
	return keccak(u[:], payload[:])
}

// ReactionID returns the id of a reaction: one for each author, message and
// emoji (spec 05 section 10.6).
func ReactionID(from, messageID string, emoji EmojiType) MessageID {
	return keccak([]byte(from + messageID + strconv.Itoa(int(emoji))))
}

// InvitationID returns the id of a group invitation; from is the contact id of
// the requester, for a rejection that we receive our own (spec 05 section 9.5).
func InvitationID(from, chatID string) MessageID { return keccak([]byte(from + chatID)) }

// OneToOneChat returns the id of the chat with a person.
func OneToOneChat(p key.Public) string { return p.ContactID() }

// ProfileChat returns the id of a person's profile chat.
func ProfileChat(p key.Public) string { return profilePrefix + p.ContactID() }

// ContactCodeChat returns the name of the topic of a person's contact code.
func ContactCodeChat(p key.Public) string { return p.ContactID() + "-contact-code" }

// ProfileOwner returns whose profile chat an id names.
func ProfileOwner(chatID string) (key.Public, bool) {
	id, ok := strings.CutPrefix(chatID, profilePrefix)
	if !ok {
		return key.Public{}, false
	}
	p, err := key.ParseContactID(id)
	return p, err == nil
}

const profilePrefix = "@"

// GroupChat returns the id of a new private group: a version 4 UUID made of
// random bytes, "-", and the creator's contact id (spec 05 section 6).
func GroupChat(random [16]byte, creator key.Public) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	h := hex.EncodeToString(random[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:], creator.ContactID()}, "-")
}

// recoverKey returns the key that made a signature of 65 bytes over a digest.
// The recovery id is limited to what libsecp256k1 accepts, because other
// implementations read more into it.
func recoverKey(digest [32]byte, signature []byte) (key.Public, error) {
	if len(signature) != signatureSize || signature[signatureSize-1] > 3 {
		return key.Public{}, ErrSignature
	}
	p, err := crypto.SigToPub(digest[:], signature)
	if err != nil {
		return key.Public{}, ErrSignature
	}
	author, err := key.PublicFromECDSA(p)
	if err != nil {
		return key.Public{}, ErrSignature
	}
	return author, nil
}

const signatureSize = 65

// lowSignature returns the form of a valid signature that signers make: of the
// two values s and n-s, which anybody can change into each other, the lower.
func lowSignature(signature []byte) []byte {
	if len(signature) != signatureSize {
		return signature
	}
	n := crypto.S256().Params().N
	s := new(big.Int).SetBytes(signature[32:64])
	if s.Cmp(new(big.Int).Rsh(n, 1)) <= 0 {
		return signature
	}
	low := bytes.Clone(signature)
	s.Sub(n, s).FillBytes(low[32:64])
	low[signatureSize-1] ^= 1
	return low
}
