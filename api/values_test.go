package api

import (
	"encoding/json"
	"testing"
)

// TestFixedValuesRefuseOtherForms in the words that scripts know.
func TestFixedValuesRefuseOtherForms(t *testing.T) {
	var topic Topic
	for in, want := range map[string]string{
		`"0x0102"`:     "hex string has length 4, want 8 for Topic",
		`""`:           "hex string has length 0, want 8 for Topic",
		`"01020304"`:   "hex string without 0x prefix",
		`"0x1"`:        "hex string of odd length",
		`"0xzz020304"`: "invalid hex string",
	} {
		if err := json.Unmarshal([]byte(in), &topic); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
	if err := json.Unmarshal([]byte(`"0x01020304"`), &topic); err != nil || topic != (Topic{1, 2, 3, 4}) {
		t.Errorf("%v, %v", topic, err)
	}
}

func TestEncodedBytesInBothForms(t *testing.T) {
	for in, want := range map[EncodedBytes]string{"0x6869": "hi", "aGk=": "hi", "": ""} {
		if got, err := in.Decode(); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	if _, err := EncodedBytes("0xhi?").Decode(); err == nil {
		t.Error("no error for something else")
	}
}
