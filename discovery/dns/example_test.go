package dns_test

import (
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/discovery/dns"
)

// A tree of nodes is drafted, signed, and turned into the TXT records that its
// owner publishes. Nodes find it under its URL.
func Example() {
	key, err := crypto.ToECDSA(append(make([]byte, 31), 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	draft, err := dns.NewDraft("nodes.example.org", 1, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := draft.Sign(key); err != nil {
		fmt.Println(err)
		return
	}
	records, err := draft.TXT()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(draft.URL)
	fmt.Println(len(records), "records, the first for", draft.Domain)
	for _, line := range dns.ZoneLines(draft.Domain, records)[:1] {
		fmt.Println(line[:60] + "…")
	}
	// Output:
	// enrtree://AJ434ZT67HOLXLCVUBRJLTUHBMDQFG743MW44KGZLHZICWYW7ALZQ@nodes.example.org
	// 2 records, the first for nodes.example.org
	// nodes.example.org. 60 IN TXT "enrtree-root:v1 e=FDXN3SN67NA5…
}
