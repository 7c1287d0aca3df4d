package api

// Keys and accounts of the examples.
const (
	examplePrivateKey = "0x8bda3abeb454847b515fa9b404cede50b1cc63cfdeddd4999d074284b4c21e15"
	examplePublicKey  = "0x04" + exampleNodeKey
	examplePassword   = "correct horse"
	exampleAccount    = "0x273d624550449a919c2ed286e84db879fc1855db946c442eb782d55b19c3c3cd"
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
