package payloads

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha3"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto/ecies"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

// ErrSealed is returned for a push registration that cannot be opened.
var ErrSealed = errors.New("push registration cannot be decrypted")

const (
	// pushHashSize is the output of the SHAKE256 that hides keys and ids.
	pushHashSize  = 64
	pushNonceSize = 12
)

// PushRegistration tells a server how to notify a device, and for whom.
type PushRegistration struct {
	TokenType             int32
	DeviceToken           string
	InstallationID        string
	AccessToken           string
	Enabled               bool
	Version               uint64
	AllowedKeys           [][]byte
	BlockedChats          [][]byte
	Unregister            bool
	Grant                 []byte
	AllowFromContactsOnly bool
	APNTopic              string
	BlockMentions         bool
	AllowedMentionsChats  [][]byte
}

// HashedKey returns how a person is named in push payloads.
func HashedKey(p key.Public) []byte {
	c := p.Compressed()
	return sha3.SumSHAKE256(c[:], pushHashSize)
}

// HashedID returns how a chat or author is named in push payloads.
func HashedID(id string) []byte { return sha3.SumSHAKE256([]byte(id), pushHashSize) }

// PushRequestID returns the id by which a server answers a registration.
func PushRequestID(sealed []byte) []byte { return sha3.SumSHAKE256(sealed, pushHashSize) }

// grantDigest is what a grant signs.
func grantDigest(client, server key.Public, accessToken string) [32]byte {
	c, s := client.Compressed(), server.Compressed()
	return keccak(c[:], s[:], []byte(accessToken))
}

// PushGrant lets a server notify the client's devices.
func PushGrant(client key.Private, server key.Public, accessToken string) ([]byte, error) {
	s, err := client.Sign(grantDigest(client.Public(), server, accessToken))
	if err != nil {
		return nil, fmt.Errorf("sign grant: %w", err)
	}
	return s[:], nil
}

// CheckPushGrant verifies a grant. Errors: ErrSignature.
func CheckPushGrant(grant []byte, client, server key.Public, accessToken string) error {
	signer, err := recoverKey(grantDigest(client, server, accessToken), grant)
	if err != nil || signer != client {
		return ErrSignature
	}
	return nil
}

// SealPushRegistration encrypts a registration for a server. The nonce must
// never be used twice with the same two keys.
func SealPushRegistration(
	r PushRegistration, client key.Private, server key.Public, nonce [pushNonceSize]byte,
) (*PushRegistrationBlob, error) {
	gcm, err := pushCipher(client, server)
	if err != nil {
		return nil, err
	}
	plain, err := marshal(&pb.PushNotificationRegistration{
		TokenType: r.TokenType, DeviceToken: r.DeviceToken, InstallationId: r.InstallationID,
		AccessToken: r.AccessToken, Enabled: r.Enabled, Version: r.Version, AllowedKeyList: r.AllowedKeys,
		BlockedChatList: r.BlockedChats, Unregister: r.Unregister, Grant: r.Grant,
		AllowFromContactsOnly: r.AllowFromContactsOnly, ApnTopic: r.APNTopic, BlockMentions: r.BlockMentions,
		AllowedMentionsChatList: r.AllowedMentionsChats,
	})
	if err != nil {
		return nil, err
	}
	return &PushRegistrationBlob{Sealed: gcm.Seal(nonce[:], nonce[:], plain, nil)}, nil
}

// Open decrypts a registration with the keys of its server and client, either
// of them private. Errors: ErrSealed, ErrMalformed.
func (b *PushRegistrationBlob) Open(own key.Private, other key.Public) (PushRegistration, error) {
	gcm, err := pushCipher(own, other)
	if err != nil {
		return PushRegistration{}, err
	}
	if len(b.Sealed) < pushNonceSize {
		return PushRegistration{}, ErrSealed
	}
	plain, err := gcm.Open(nil, b.Sealed[:pushNonceSize], b.Sealed[pushNonceSize:], nil)
	if err != nil {
		return PushRegistration{}, ErrSealed
	}
	var m pb.PushNotificationRegistration
	if err := unmarshal(plain, &m); err != nil {
		return PushRegistration{}, err
	}
	return PushRegistration{
		TokenType: m.GetTokenType(), DeviceToken: m.GetDeviceToken(), InstallationID: m.GetInstallationId(),
		AccessToken: m.GetAccessToken(), Enabled: m.GetEnabled(), Version: m.GetVersion(),
		AllowedKeys: m.GetAllowedKeyList(), BlockedChats: m.GetBlockedChatList(), Unregister: m.GetUnregister(),
		Grant: m.GetGrant(), AllowFromContactsOnly: m.GetAllowFromContactsOnly(), APNTopic: m.GetApnTopic(),
		BlockMentions: m.GetBlockMentions(), AllowedMentionsChats: m.GetAllowedMentionsChatList(),
	}, nil
}

// pushCipher is AES-256-GCM under the X coordinate of the shared point.
func pushCipher(own key.Private, other key.Public) (cipher.AEAD, error) {
	shared, err := pushSecret(own, other)
	if err != nil {
		return nil, err
	}
	defer clear(shared)
	block, err := aes.NewCipher(shared)
	if err != nil {
		return nil, fmt.Errorf("push cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("push cipher: %w", err)
	}
	return gcm, nil
}

// pushSecret is the raw X coordinate of the Diffie-Hellman point, 32 bytes.
func pushSecret(own key.Private, other key.Public) ([]byte, error) {
	k, err := own.ECDSA()
	if err != nil {
		return nil, fmt.Errorf("push secret: %w", err)
	}
	shared, err := ecies.ImportECDSA(k).GenerateShared(ecies.ImportECDSAPublic(other.ECDSA()), 16, 16)
	if err != nil {
		return nil, fmt.Errorf("push secret: %w", err)
	}
	return shared, nil
}
