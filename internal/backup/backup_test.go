package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"statusd/accounts/kdf"
)

// tiny makes a derivation take no time.
func tiny() kdf.Cost { return kdf.Cost{N: 2, R: 8, P: 1} }

func password(t testing.TB, text string) kdf.Password {
	t.Helper()
	p, err := kdf.NewPassword([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type entry struct {
	name    string
	content []byte
}

// write makes a backup.
func write(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, password(t, "right"), tiny())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		err := w.Entry(e.name, func(to io.Writer) error {
			_, err := to.Write(e.content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read reads a backup to its end.
func read(r io.Reader, p kdf.Password) ([]entry, error) {
	in, err := NewReader(r, p)
	if err != nil {
		return nil, err
	}
	var all []entry
	for {
		name, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		all = append(all, entry{name, content})
	}
}

func TestRoundTrip(t *testing.T) {
	for _, size := range []int{
		0, 1, maxRecord - 1, maxRecord, maxRecord + 1, chunkSize - 2*recordHead - 1, chunkSize, 5*chunkSize + 17,
	} {
		want := []entry{
			{"a", bytes.Repeat([]byte("x"), size)}, {"empty", nil}, {strings.Repeat("n", MaxName), []byte("last")},
		}
		got, err := read(bytes.NewReader(write(t, want...)), password(t, "right"))
		if err != nil || len(got) != len(want) {
			t.Fatalf("size %d: %d entries, %v", size, len(got), err)
		}
		for i := range want {
			if got[i].name != want[i].name || !bytes.Equal(got[i].content, want[i].content) {
				t.Errorf("size %d: entry %d differs", size, i)
			}
		}
	}
}

// TestLastChunkIsFull finds sizes at which the backup ends with a chunk.
func TestLastChunkIsFull(t *testing.T) {
	const heads = recordHead + 1 + 2*recordHead + recordHead + recordHead // begin "a", two data, end, done
	for _, size := range []int{chunkSize - heads, chunkSize - heads + 1} {
		raw := write(t, entry{"a", make([]byte, size)})
		got, err := read(bytes.NewReader(raw), password(t, "right"))
		if err != nil || len(got) != 1 || len(got[0].content) != size {
			t.Errorf("size %d: %d entries, %v", size, len(got), err)
		}
	}
}

func TestSkippedEntries(t *testing.T) {
	raw := write(t, entry{"a", make([]byte, 200_000)}, entry{"b", []byte("x")})
	r, err := NewReader(bytes.NewReader(raw), password(t, "right"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "b"} {
		if name, err := r.Next(); name != want || err != nil {
			t.Fatalf("%q, %v", name, err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestWrongPassword(t *testing.T) {
	raw := write(t, entry{"a", []byte("x")})
	if _, err := read(bytes.NewReader(raw), password(t, "wrong")); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Error(err)
	}
}

// TestEveryChangeShows flips each bit of a small backup, and cuts it at each
// place.
func TestEveryChangeShows(t *testing.T) {
	raw := write(t, entry{"a", []byte("content")}, entry{"b", []byte("x")})
	p := password(t, "right")
	known := []error{ErrNotBackup, ErrDamaged, ErrNewer, kdf.ErrWrongPassword, kdf.ErrCost}
	check := func(what string, at int, changed []byte) {
		_, err := read(bytes.NewReader(changed), p)
		for _, k := range known {
			if errors.Is(err, k) {
				return
			}
		}
		t.Errorf("%s %d: %v", what, at, err)
	}
	for i := range raw {
		for bit := range 8 {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << bit
			check("flipped byte", i, changed)
		}
		check("cut at", i, raw[:i])
	}
	check("with more", len(raw), append(bytes.Clone(raw), 0))
	check("twice", len(raw), append(bytes.Clone(raw), raw...))
}

// TestChunksAreInOrder exchanges, drops and repeats whole chunks.
func TestChunksAreInOrder(t *testing.T) {
	raw := write(t, entry{"a", make([]byte, 4*chunkSize)})
	size := int(binary.BigEndian.Uint16(raw[len(magic):]))
	head := len(magic) + 2 + size + 32
	const sealed = chunkSize + 16
	chunk := func(i int) []byte { return raw[head+i*sealed : head+(i+1)*sealed] }
	tail := raw[head+4*sealed:]
	join := func(parts ...[]byte) []byte { return append(bytes.Clone(raw[:head]), bytes.Join(parts, nil)...) }
	for name, changed := range map[string][]byte{
		"exchanged":     join(chunk(1), chunk(0), chunk(2), chunk(3), tail),
		"dropped":       join(chunk(0), chunk(2), chunk(3), tail),
		"repeated":      join(chunk(0), chunk(0), chunk(1), chunk(2), chunk(3), tail),
		"cut off":       join(chunk(0), chunk(1)),
		"tail too soon": join(chunk(0), tail),
	} {
		if _, err := read(bytes.NewReader(changed), password(t, "right")); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHeaderCannotAskForTooMuch changes the parameters of the derivation.
func TestHeaderCannotAskForTooMuch(t *testing.T) {
	raw := write(t)
	for old, change := range map[string]string{
		`"n":2`: `"n":1073741824`, `"r":8`: `"r":1048576`, `"version":1`: `"version":2`, `"kdf":"scrypt"`: `"kdf":"other"`,
	} {
		size := int(binary.BigEndian.Uint16(raw[len(magic):]))
		text := strings.Replace(string(raw[len(magic)+2:len(magic)+2+size]), old, change, 1)
		forged := binary.BigEndian.AppendUint16([]byte(magic), uint16(len(text)))
		forged = append(append(forged, text...), raw[len(magic)+2+size:]...)
		_, err := read(bytes.NewReader(forged), password(t, "right"))
		if !errors.Is(err, kdf.ErrCost) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// errBroken is the error of a disk.
var errBroken = errors.New("broken")

type broken struct{ after int }

func (b *broken) Write(p []byte) (int, error) {
	if b.after -= len(p); b.after < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func (b *broken) Read(p []byte) (int, error) { return 0, errBroken }

func TestErrorsOfTheDiskArePassedOn(t *testing.T) {
	if _, err := NewWriter(&broken{}, password(t, "x"), tiny()); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	w, err := NewWriter(&broken{after: 1000}, password(t, "x"), tiny())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Entry("", nil); !errors.Is(err, ErrName) {
		t.Error(err)
	}
	err = w.Entry("a", func(to io.Writer) error {
		_, err := to.Write(make([]byte, 3*chunkSize))
		return err
	})
	if !errors.Is(err, errBroken) {
		t.Error(err)
	}
	raw := write(t, entry{"a", make([]byte, 3*chunkSize)})
	cut := io.MultiReader(bytes.NewReader(raw[:chunkSize]), &broken{})
	if _, err := read(cut, password(t, "right")); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func FuzzReader(f *testing.F) {
	raw := write(f, entry{"a", []byte("content")})
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add([]byte(magic))
	p := password(f, "right")
	f.Fuzz(func(t *testing.T, in []byte) {
		if fn, _, _, err := readHeader(bytes.NewReader(in)); err != nil || fn.Cost() != tiny() {
			return // what a derivation may cost is the business of kdf
		}
		all, err := read(bytes.NewReader(in), p)
		if err == nil && len(all) != 1 && !bytes.Equal(in, raw) {
			t.Errorf("accepted %d entries", len(all))
		}
	})
}

// FuzzRecords reads plaintext that somebody with the password made up.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{recordBegin, 0, 0, 0, 1, 'a', recordData, 0, 0, 0, 1, 'x', recordEnd, 0, 0, 0, 0, recordDone, 0, 0, 0, 0})
	f.Add([]byte{recordBegin, 0xff, 0xff, 0xff, 0xff})
	p := password(f, "right")
	f.Fuzz(func(t *testing.T, plain []byte) {
		var out bytes.Buffer
		w, err := NewWriter(&out, p, tiny())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.plain(plain), w.flush(true)); err != nil {
			t.Fatal(err)
		}
		all, err := read(&out, p)
		if err != nil {
			return
		}
		size := 0
		for _, e := range all {
			size += len(e.name) + len(e.content)
		}
		if size > len(plain) {
			t.Errorf("%d bytes of entries in %d bytes", size, len(plain))
		}
	})
}
