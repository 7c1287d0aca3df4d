package main

import "github.com/ethereum/go-ethereum/rlp"

// eachData calls fn with the data field of each envelope of a Messages
// payload, without hashing anything: the generator shares the processor with
// what it measures.
func eachData(payload []byte, fn func(data []byte)) error {
	list, _, err := rlp.SplitList(payload)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		var fields []byte
		if fields, list, err = rlp.SplitList(list); err != nil {
			return err
		}
		for range 3 { // expiry, ttl, topic
			if _, _, fields, err = rlp.Split(fields); err != nil {
				return err
			}
		}
		data, _, err := rlp.SplitString(fields)
		if err != nil {
			return err
		}
		fn(data)
	}
	return nil
}
