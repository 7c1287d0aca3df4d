package rpc

import "statusd/api"

// People, a device and a signature (of the text hello) of the tests.
const (
	exampleContact = "0x04466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27" +
		"6728176c3c6431f8eeda4538dc37c865e2784f3a9e77d044f33e407797e1278a"
	exampleSecond    = "5b3a9b1c-7f0e-4c2d-9a86-3e1f0d2c4b5a"
	exampleSignature = "0xd6aa60da6a1f5ec9fada664487184e9a3492bd1079e603cbe122f5fed505318f" +
		"26ab4e198147f34525853d796dc5f5566c7c3f63dfeb7370dbcecdca3b5a45cc01"
)

// withChat joins a public chat; withMessage sends a message there.
func withChat() []api.Call {
	return append(withLogin(), setup("wakuext_saveChat", `[{"id":"tea","name":"tea","chatType":2,"active":true}]`, ""))
}

func withMessage() []api.Call {
	return append(withChat(), setupAt("wakuext_sendChatMessage", `[{"chatId":"tea","text":"hello","contentType":1}]`,
		"messageID", "/messages/0/id"))
}

func withGroup() []api.Call {
	return append(withLogin(), setupAt("wakuext_createGroupChatWithMembers", `["tea party",["`+exampleContact+`"]]`,
		"groupID", "/chats/0/id"))
}

func setupAt(method, params, bind, at string) api.Call {
	s := setup(method, params, bind)
	s.At = at
	return s
}
