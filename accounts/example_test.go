package accounts_test

import (
	"fmt"

	"statusd/accounts"
	"statusd/accounts/mnemonic"
)

// A phrase gives the same account everywhere: its identity, the chat key, and
// the keys of the wallet.
func Example() {
	phrase, err := mnemonic.Parse([]byte("test test test test test test test test test test test junk"))
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := accounts.FromPhrase(phrase, nil, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Wipe()
	for _, d := range keys.Derived {
		fmt.Println(d.Path)
	}
	fmt.Println(keys.Chat) // secrets do not print
	// Output:
	// m/43'/60'/1581'
	// m/43'/60'/1581'/0'/0
	// m/44'/60'/0'/0
	// m/44'/60'/0'/0/0
	// private key of 0xedadc377…
}
