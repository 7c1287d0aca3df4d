package rpc

import (
	"encoding/base64"

	"statusd/api"
)

// byteFormat writes bytes inside an object of an answer.
type byteFormat func([]byte) api.EncodedBytes

func formatOf(base64Bytes bool) byteFormat {
	if base64Bytes {
		return func(b []byte) api.EncodedBytes { return api.EncodedBytes(base64.StdEncoding.EncodeToString(b)) }
	}
	return func(b []byte) api.EncodedBytes { return api.EncodedBytes(api.Bytes(b).String()) }
}
