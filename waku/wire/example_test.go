package wire_test

import (
	"fmt"

	"statusd/waku/wire"
)

// A public message on its way: encoded, sealed with the key that follows from a
// password, given its proof of work, and opened again by who knows the password.
func Example() {
	cipher, err := wire.NewSymCipher(wire.SymKeyFromPassword("tea"))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []byte("the kettle is on")
	plain, err := wire.EncodePlain(text, make([]byte, wire.PaddingLength(len(text), false)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed := cipher.Seal([wire.SymNonceLength]byte{}, plain) // a random nonce outside of examples

	const expiry, ttl = 1_700_000_010, 10
	topic := wire.Topic{0x1a, 0x2b, 0x3c, 0x4d}
	search, nonce := wire.NewNonceSearch(expiry, ttl, topic, sealed), uint64(0)
	for search.ZeroBits(nonce) < wire.TargetBits(0.002, len(sealed), ttl) {
		nonce++
	}
	packet := wire.EncodeMessages([]*wire.Envelope{wire.NewEnvelope(expiry, ttl, topic, sealed, nonce)})

	received, err := wire.DecodeMessages(packet)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := cipher.Open(received[0].Data())
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := wire.DecodePlain(opened)
	fmt.Println(received[0].Topic(), received[0].PoW(0) >= 0.002, string(got.Payload), err)
	// Output: 0x1a2b3c4d true the kettle is on <nil>
}
