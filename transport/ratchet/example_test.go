package ratchet_test

import (
	"crypto/rand"
	"fmt"

	"statusd/transport/dh"
	"statusd/transport/ratchet"
)

// A message and its answer. A State is a value: what Encrypt and Decrypt return
// is stored by the caller before anything leaves, and nothing has happened
// until then.
func Example() {
	prekey, _ := dh.GenerateKey() // bob's, signed and published
	own, _ := dh.GenerateKey()    // alice's, fresh for this session
	shared, err := dh.NewSecret(make([]byte, 32))
	if err != nil { // what X3DH agreed on
		fmt.Println(err)
		return
	}
	alice, _ := ratchet.NewInitiator(shared, own, prekey.Public())
	bob, _ := ratchet.NewResponder(shared, prekey)
	iv := ratchet.RandomIV(rand.Reader)

	alice, header, payload, err := alice.Encrypt([]byte("hello"), iv)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := bob.Decrypt(header, payload, ratchet.DefaultLimits(), dh.GenerateKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	bob = opened.State
	fmt.Printf("%s, message %d of a chain, %d key to store\n", opened.Plaintext, header.N, len(opened.Keys))

	_, header, payload, err = bob.Encrypt([]byte("hello yourself"), iv)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err = alice.Decrypt(header, payload, ratchet.DefaultLimits(), dh.GenerateKey)
	fmt.Printf("%s %v\n", opened.Plaintext, err)
	// Output:
	// hello, message 0 of a chain, 1 key to store
	// hello yourself <nil>
}
