package bundle

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/transport/dh"
)

var now = time.Unix(1_606_060_800, 123)

func generate(tb testing.TB) key.Private {
	tb.Helper()
	k, err := key.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func prekeys(tb testing.TB, ids ...string) []Prekey {
	tb.Helper()
	var out []Prekey
	for i, id := range ids {
		v := uint32(i + 1) //nolint:gosec // few
		out = append(out, Prekey{id, dh.PointOf(generate(tb).Public()), v, 1})
	}
	return out
}

func TestSignAndVerify(t *testing.T) {
	identity := generate(t)
	b, err := Sign(identity, prekeys(t, "b", "a", "c"), now)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Decode(b.Encode())
	if err != nil {
		t.Fatal(err)
	}
	got, err := raw.Verify(now)
	if err != nil {
		t.Fatal(err)
	}
	if got.Identity() != identity.Public() || got.Timestamp() != now.UnixNano() || len(got.Prekeys()) != 3 {
		t.Errorf("got %+v", got)
	}
	if p, ok := got.Prekey("a"); !ok || p.Version != 2 {
		t.Errorf("entry a: %+v, %v", p, ok)
	}
	if _, ok := got.Prekey("d"); ok {
		t.Error("found an entry that is not there")
	}
}

func TestVerifyRefuses(t *testing.T) {
	identity := generate(t)
	many := make([]string, MaxPrekeys+1)
	for i := range many {
		many[i] = fmt.Sprintf("%02d", i)
	}
	cases := []struct {
		name    string
		prekeys []Prekey
		at      time.Time
		now     time.Time
		want    error
	}{
		{"too many", prekeys(t, many...), now, now, ErrTooMany},
		{"lengths", prekeys(t, "a", "bb"), now, now, ErrInstallation},
		{"empty id", prekeys(t, ""), now, now, ErrInstallation},
		{"repeated id", prekeys(t, "a", "a"), now, now, ErrInstallation},
		{"long id", prekeys(t, string(make([]byte, MaxInstallationID+1))), now, now, ErrInstallation},
		{"bad point", []Prekey{{"a", dh.Point{2}, 1, 1}}, now, now, ErrPrekey},
		{"early", prekeys(t, "a"), time.Unix(1_400_000_000, 0), now, ErrTimestamp},
		{"ahead", prekeys(t, "a"), now.Add(MaxAhead + 1), now, ErrTimestamp},
		{"just ahead", prekeys(t, "a"), now.Add(MaxAhead), now, nil},
		{"no entries", nil, now, now, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := Bundle{identity: identity.Public(), prekeys: c.prekeys, timestamp: c.at.UnixNano()}
			var err error
			if b.signature, err = sign(identity, b); err != nil {
				t.Fatal(err)
			}
			if _, err := RawOf(b).Verify(c.now); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := Sign(identity, c.prekeys, c.at); c.want != nil && c.at.Before(c.now.Add(time.Hour)) && err == nil {
				t.Error("signed")
			}
		})
	}
}

func sign(identity key.Private, b Bundle) ([signatureSize]byte, error) {
	return identity.Sign(b.digest())
}

func BenchmarkVerify(b *testing.B) {
	signed, err := Sign(generate(b), prekeys(b, "1ed80ea6-514b-4a94-8350-efb2bb82b4f2"), now)
	if err != nil {
		b.Fatal(err)
	}
	data := signed.Encode()
	b.ReportAllocs()
	for b.Loop() {
		raw, err := Decode(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := raw.Verify(now); err != nil {
			b.Fatal(err)
		}
	}
}
