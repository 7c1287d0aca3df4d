package contact

import (
	"bytes"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

func TestChannelVector(t *testing.T) {
	type entry struct {
		Public           string      `json:"public_key"`
		Code             string      `json:"contact_code"`
		CodeTopic        vectors.Hex `json:"contact_code_topic"`
		Personal         string      `json:"personal_discovery"`
		PersonalTopic    vectors.Hex `json:"personal_discovery_topic"`
		Partitioned      string      `json:"partitioned"`
		PartitionedTopic vectors.Hex `json:"partitioned_topic"`
		Negotiated       string      `json:"negotiated"`
	}
	f := vectors.Load(t, "accounts")
	name := func(_ int, c entry) string { return c.Public[:12] }
	vectors.Each(t, f, "contact_strings", name, func(t *testing.T, c entry) {
		p, err := key.ParseContactID(c.Public)
		if err != nil {
			t.Fatal(err)
		}
		for _, channel := range []struct {
			got, want string
			topic     vectors.Hex
		}{
			{CodeChannel(p), c.Code, c.CodeTopic},
			{PersonalDiscovery(p), c.Personal, c.PersonalTopic},
			{PartitionedDiscovery(p), c.Partitioned, c.PartitionedTopic},
			{NegotiatedFilter(p), c.Negotiated, nil},
		} {
			topic := wire.TopicFromName(channel.got)
			if channel.got != channel.want || channel.topic != nil && !bytes.Equal(topic[:], channel.topic) {
				t.Errorf("got %s, %s, want %s, %x", channel.got, topic, channel.want, []byte(channel.topic))
			}
		}
	})
}
