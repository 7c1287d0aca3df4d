package rpc

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

// looseBytes are bytes inside an object of a request: 0x hex as 9/WAKU-RPC
// has it, or base64 as status-go does (spec 01 section 10).
type looseBytes []byte

// UnmarshalJSON implements json.Unmarshaler. A string that starts with 0x and
// is valid hex of even length is hex, everything else base64.
func (b *looseBytes) UnmarshalJSON(in []byte) error {
	if string(in) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(in, &text); err != nil {
		return fmt.Errorf("bytes must be a string of 0x hex or base64")
	}
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if raw, err := hex.DecodeString(digits); err == nil {
			*b = raw
			return nil
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%w (bytes are a string of 0x hex or base64)", err)
	}
	*b = raw
	return nil
}

// byteFormat writes bytes inside an object of an answer.
type byteFormat func([]byte) string

func formatOf(base64Bytes bool) byteFormat {
	if base64Bytes {
		return base64.StdEncoding.EncodeToString
	}
	return func(b []byte) string { return hexutil.Encode(b) }
}
