package store

import (
	"encoding/binary"
	"errors"
)

// joinTexts puts texts behind one another, each after its length.
func joinTexts(list []string) (out []byte) {
	for _, text := range list {
		out = binary.AppendUvarint(out, uint64(len(text)))
		out = append(out, text...)
	}
	return out
}

// splitTexts reads what joinTexts wrote.
func splitTexts(b []byte) (list []string, err error) {
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, errors.New("a list of texts is damaged")
		}
		b = b[used:]
		list = append(list, string(b[:n]))
		b = b[n:]
	}
	return list, nil
}
