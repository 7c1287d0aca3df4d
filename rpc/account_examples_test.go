package rpc

import "statusd/api"

// Values of the contract's examples that tests use.
const (
	examplePrivateKey = "0x8bda3abeb454847b515fa9b404cede50b1cc63cfdeddd4999d074284b4c21e15"
	examplePublicKey  = "0x04" + exampleNodeKey
	exampleNodeKey    = "7cd9fb61f0cd537c13cfa6b6941257faefef565a0ad8e345ee2ce9aa045791333dd03df4cc9f" +
		"6848c6bb9c265b823eee2825853076c112095f8243fbb0c15c46"
	exampleKeyID  = "cbd12a360de613bdf24cf473a63cf116afefd6545b9b16474772edbe07096dcb"
	exampleSymKey = "0xf2b1a0c9d8e7f60514233241505f6e7d8c9baab9c8d7e6f504132231405f6e7d"
	exampleID     = "5b4c1ba33ff8ee0e3a1ea1db5b2cf1ab6bb1db2a1e9ed7ba03ee4a7ce4d8f3f1"
	exampleHash   = "0x61a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e"
	exampleNode   = "enode://" + exampleNodeKey + "@192.0.2.7:30303"

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
func withAccount() []api.Call {
	return []api.Call{setup("account_importKey", `["`+examplePrivateKey+`","`+examplePassword+`","ana"]`, "")}
}

func withLogin() []api.Call {
	return append(withAccount(), setup("account_login", `["`+exampleAccount+`","`+examplePassword+`"]`, ""))
}

// setup is a call that others build on.
func setup(method, params, bind string) api.Call {
	return api.Call{Method: method, Params: api.JSON(params), Bind: bind}
}
