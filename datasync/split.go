package datasync

// entry is one acknowledgement, offer, request or message that goes into a
// payload, with its exact encoded size there.
type entry struct {
	size    int
	message bool
}

// split cuts entries, in their order, into runs whose sizes add up to at most
// limit and that hold at most maxMessages messages. An entry above the limit
// gets a run of its own. It returns the end index of each run.
func split(entries []entry, limit int) []int {
	var ends []int
	size, messages := 0, 0
	for i, e := range entries {
		full := size+e.size > limit || e.message && messages == maxMessages
		if full && size > 0 {
			ends = append(ends, i)
			size, messages = 0, 0
		}
		size += e.size
		if e.message {
			messages++
		}
	}
	if size > 0 {
		ends = append(ends, len(entries))
	}
	return ends
}
