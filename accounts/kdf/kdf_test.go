package kdf

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const salt = `"salt":"722c1578220984f0ce70b5e58974b6bd99681ed4b9fa95d79b67626ecd16323a"`

func TestParseBounds(t *testing.T) {
	for _, c := range []struct {
		name, kdf, params string
		want              error
	}{
		{"light", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":32,` + salt + `}`, nil},
		{"standard", "scrypt", `{"n":262144,"r":8,"p":1,"dklen":32,` + salt + `}`, nil},
		{"most memory", "scrypt", `{"n":524288,"r":8,"p":1,"dklen":32,` + salt + `}`, nil},
		{"too much memory", "scrypt", `{"n":1048576,"r":8,"p":1,"dklen":32,` + salt + `}`, ErrCost},
		{"memory by r", "scrypt", `{"n":2,"r":2097153,"p":1,"dklen":32,` + salt + `}`, ErrCost},
		{"product overflows", "scrypt", `{"n":9223372036854775808,"r":16,"p":1,"dklen":32,` + salt + `}`, ErrCost},
		{"too much time", "scrypt", `{"n":262144,"r":8,"p":33,"dklen":32,` + salt + `}`, ErrCost},
		{"memory by p", "scrypt", `{"n":2,"r":1,"p":33554432,"dklen":32,` + salt + `}`, ErrCost},
		{"p of any size", "scrypt", `{"n":2,"r":1,"p":18446744073709551615,"dklen":32,` + salt + `}`, ErrCost},
		{"n above 64 bits", "scrypt", `{"n":18446744073709551616,"r":8,"p":1,"dklen":32,` + salt + `}`, ErrMalformed},
		{"n no power of two", "scrypt", `{"n":4095,"r":8,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"n of 1", "scrypt", `{"n":1,"r":8,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"n of 0", "scrypt", `{"n":0,"r":8,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"negative n", "scrypt", `{"n":-4096,"r":8,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"fraction", "scrypt", `{"n":4096.5,"r":8,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"r of 0", "scrypt", `{"n":4096,"r":0,"p":6,"dklen":32,` + salt + `}`, ErrMalformed},
		{"p missing", "scrypt", `{"n":4096,"r":8,"dklen":32,` + salt + `}`, ErrMalformed},
		{"dklen missing", "scrypt", `{"n":4096,"r":8,"p":6,` + salt + `}`, ErrMalformed},
		{"short key", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":31,` + salt + `}`, ErrMalformed},
		{"long key", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":1000000000,` + salt + `}`, ErrMalformed},
		{"salt missing", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":32}`, ErrMalformed},
		{"salt empty", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":32,"salt":""}`, ErrMalformed},
		{"salt no hex", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":32,"salt":"zz"}`, ErrMalformed},
		{"salt long", "scrypt", `{"n":4096,"r":8,"p":6,"dklen":32,"salt":"` + strings.Repeat("00", 257) + `"}`, ErrMalformed},
		{"null", "scrypt", `null`, ErrMalformed},
		{"nothing", "scrypt", ``, ErrMalformed},
		{"list", "scrypt", `[]`, ErrMalformed},
		{"pbkdf2", "pbkdf2", `{"c":10240,"prf":"hmac-sha256","dklen":32,` + salt + `}`, nil},
		{"pbkdf2 without rounds", "pbkdf2", `{"prf":"hmac-sha256","dklen":32,` + salt + `}`, ErrMalformed},
		{"pbkdf2 of 0 rounds", "pbkdf2", `{"c":0,"prf":"hmac-sha256","dklen":32,` + salt + `}`, ErrMalformed},
		{"pbkdf2 for ever", "pbkdf2", `{"c":10000001,"prf":"hmac-sha256","dklen":32,` + salt + `}`, ErrCost},
		{"pbkdf2 with another hash", "pbkdf2", `{"c":1,"prf":"hmac-sha512","dklen":32,` + salt + `}`, ErrUnsupported},
		{"another function", "argon2id", `{}`, ErrUnsupported},
		{"no function", "", `{}`, ErrUnsupported},
	} {
		f, err := Parse(c.kdf, json.RawMessage(c.params))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err != nil {
			if f != (Function{}) {
				t.Errorf("%s: a function came with the error", c.name)
			}
			continue
		}
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(f.Name(), raw); err != nil || back != f {
			t.Errorf("%s: writes as %s, %v", c.name, raw, err)
		}
	}
}

func TestKeyDependsOnPasswordAndSalt(t *testing.T) {
	cost := Cost{16, 1, 1}
	a, err := New(cost)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(cost)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(f Function, password string) string {
		k, err := f.Key(ExactPassword([]byte(password)))
		if err != nil || k.Len() != KeySize {
			t.Fatalf("%d bytes, %v", k.Len(), err)
		}
		return string(k.Reveal())
	}
	first, again := derive(a, "x"), derive(a, "x")
	if a == b || first == derive(b, "x") || first == derive(a, "y") || first != again {
		t.Error("keys do not depend on password and salt, or on more than them")
	}
	if _, err := (Function{}).Key(Password{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("zero function: %v", err)
	}
	if _, err := New(Cost{1 << 30, 8, 1}); !errors.Is(err, ErrCost) {
		t.Errorf("huge cost: %v", err)
	}
	for _, c := range []Cost{Standard(), Light()} {
		if f, err := New(c); err != nil || f.Cost() != c {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestPasswordForms(t *testing.T) {
	composed, err := NewPassword([]byte("p\u00e4ss"))
	if err != nil {
		t.Fatal(err)
	}
	decomposed, err := NewPassword([]byte("pa\u0308ss"))
	if err != nil || !composed.Equal(decomposed) {
		t.Errorf("the two forms of one password differ: %v", err)
	}
	if !composed.IsWeak() || composed.IsEmpty() || !(Password{}).IsEmpty() {
		t.Error("IsWeak or IsEmpty is wrong")
	}
	if p, err := NewPassword([]byte("ключключ")); err != nil || p.IsWeak() {
		t.Error("eight characters count as weak")
	}
	for _, bad := range []string{"\xff", strings.Repeat("x", MaxPassword+1)} {
		if _, err := NewPassword([]byte(bad)); !errors.Is(err, ErrPassword) {
			t.Errorf("%.4q: %v", bad, err)
		}
		if _, err := Candidates([]byte(bad)); !errors.Is(err, ErrPassword) {
			t.Errorf("%.4q: %v", bad, err)
		}
	}
}

func TestCandidates(t *testing.T) {
	all, err := Candidates([]byte("secret"))
	if err != nil || len(all) != 3 {
		t.Fatalf("got %v, %v", all, err)
	}
	for i, want := range []Convention{Typed, AppLower, AppUpper} {
		if all[i].Convention != want {
			t.Errorf("try %d is the %v, want the %v", i, all[i].Convention, want)
		}
	}
	lower, upper := string(all[1].Password.bytes.Reveal()), string(all[2].Password.bytes.Reveal())
	if len(lower) != 66 || lower[:2] != "0x" || upper != "0x"+strings.ToUpper(lower[2:]) {
		t.Errorf("got %s and %s", lower, upper)
	}
	if all, err = Candidates([]byte("pa\u0308ss")); err != nil || len(all) != 4 || all[1].Convention != Composed {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestPasswordNeverPrints(t *testing.T) {
	p := ExactPassword([]byte("hunter2hunter2"))
	type holder struct{ hidden Password }
	j, err := json.Marshal([]any{p, &p, Candidate{Password: p}})
	if err != nil {
		t.Fatal(err)
	}
	out := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		out += fmt.Sprintf(verb+verb+verb+verb, p, &p, holder{p}, Candidate{Typed, p})
	}
	if strings.Contains(out, "hunter") || strings.Contains(out, "68756e74") {
		t.Errorf("the password shows in %q", out)
	}
	p.Wipe()
	if !p.IsEmpty() {
		t.Error("the password outlives Wipe")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("scrypt", []byte(`{"n":4096,"r":8,"p":6,"dklen":32,`+salt+`}`))
	f.Add("pbkdf2", []byte(`{"c":10240,"prf":"hmac-sha256","dklen":32,`+salt+`}`))
	f.Fuzz(func(t *testing.T, name string, params []byte) {
		fn, err := Parse(name, params)
		if err != nil {
			return
		}
		raw, err := json.Marshal(fn)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(fn.Name(), raw); err != nil || back != fn {
			t.Fatalf("%s writes as %s, %v", params, raw, err)
		}
		if fn.cost.memory() > MaxMemory || fn.rounds > MaxRounds {
			t.Fatalf("%s: bounds do not hold", params)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	for _, c := range []struct {
		name string
		cost Cost
	}{{"standard", Standard()}, {"light", Light()}} {
		b.Run(c.name, func(b *testing.B) {
			f, err := New(c.cost)
			if err != nil {
				b.Fatal(err)
			}
			p := ExactPassword([]byte("password"))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Key(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
