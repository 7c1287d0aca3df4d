package pb

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// TestGeneratedCodeIsFresh compares the source with the checksum that its
// generation left behind.
func TestGeneratedCodeIsFresh(t *testing.T) {
	source, err := os.ReadFile("payloads.proto")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("payloads.proto.sum")
	if err != nil {
		t.Fatal(err)
	}
	want, _, _ := strings.Cut(string(sum), " ")
	if got := sha256.Sum256(source); hex.EncodeToString(got[:]) != want {
		t.Error("payloads.proto was changed after the code was generated: run make generate")
	}
}
