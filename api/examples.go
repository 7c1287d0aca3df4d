package api

// Keys and accounts of the examples.
const (
	examplePrivateKey = "0x8bda3abeb454847b515fa9b404cede50b1cc63cfdeddd4999d074284b4c21e15"
	examplePublicKey  = "0x04" + exampleNodeKey
	// exampleRandom stands for a random id.
	exampleRandom   = "5b4c1ba33ff8ee0e3a1ea1db5b2cf1ab6bb1db2a1e9ed7ba03ee4a7ce4d8f3f1"
	examplePassword = "correct horse"
	// exampleKeyID is the id of that key pair, which follows from the key.
	exampleKeyID   = "cbd12a360de613bdf24cf473a63cf116afefd6545b9b16474772edbe07096dcb"
	exampleAccount = "0x273d624550449a919c2ed286e84db879fc1855db946c442eb782d55b19c3c3cd"
)

// What the setups of examples call.
const (
	exampleImport = `["` + examplePrivateKey + `","` + examplePassword + `","ana"]`
	exampleOpen   = `["` + exampleAccount + `","` + examplePassword + `"]`
)

var (
	// exampleMade makes the account of the examples, unless it is there.
	exampleMade = []Call{{Method: "account_importKey", Params: exampleImport}}
	// exampleLogin logs it in.
	exampleLogin = []Call{
		{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	}
)
