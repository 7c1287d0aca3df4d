package rpc

// Values that the examples of accounts share.
const (
	examplePassword = "correct horse"
	exampleAccount  = "0x273d624550449a919c2ed286e84db879fc1855db946c442eb782d55b19c3c3cd"
	// exampleOther is the private key of the account exampleGone.
	exampleOther   = "0x1111111111111111111111111111111111111111111111111111111111111111"
	exampleGone    = "0x34d7f0fe7afe22d2be114044d87f928c7f9044b0f104696e51594890f38ccd15"
	examplePhrase  = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	exampleKeyFile = `{"address":"5cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb","id":"c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b` +
		`4a5968","version":3,"crypto":{"cipher":"aes-128-ctr","ciphertext":"8b54a061c1ef9544f4f7454` +
		`73d44be6bfbb9dae3099f7d69ba6373695125ee94","cipherparams":{"iv":"f6d60eaea0c3c81764eca80dc` +
		`83fdaff"},"kdf":"scrypt","kdfparams":{"dklen":32,"salt":"0a0ac5dabdee9536bc0ee4c417ee9d0ae` +
		`0004cda2244e445bfab1d7cc7a140da","n":2,"r":8,"p":1},"mac":"24b49b7f473c1c29b6c0e07d39a75ac` +
		`1fb79f9a27ee32423bfdaecaaec0b27ec"},"extendedkey":{"cipher":"","ciphertext":"","cipherpara` +
		`ms":{"iv":""},"kdf":"","kdfparams":null,"mac":""},"subaccountindex":0}`
	exampleText     = "zQ3shVpA6Vhh2dLoWqZ3fab67kbZS32fqEyMZnmv6Qdjqv586"
	exampleAddress  = "0xA04746Cb069e01e4e7F698904fa0A63834bD0137"
	exampleInstall  = "c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b4a5968"
	exampleImported = `{` + exampleKeys + `,"derived":{}}`
	// exampleKeys begins what describes an account.
	exampleKeys = `"keyUid":"` + exampleAccount + `","publicKey":"` + examplePublicKey + `","compressedKey":"` +
		exampleText + `","address":"` + exampleAddress + `"`
)

// withAccount makes the account of the examples, unless it is there.
func withAccount() []setupCall {
	return []setupCall{setup("account_importKey", `["`+examplePrivateKey+`","`+examplePassword+`","ana"]`, "")}
}

func withLogin() []setupCall {
	return append(withAccount(), setup("account_login", `["`+exampleAccount+`","`+examplePassword+`"]`, ""))
}
