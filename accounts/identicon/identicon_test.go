package identicon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"testing"

	"statusd/internal/test/vectors"
)

func TestPictureVector(t *testing.T) {
	type entry struct {
		Input   string
		Bitmap  []int
		RGB     vectors.Hex
		Pixels  string `json:"rgba_sha256"`
		PNG     string `json:"png_sha256"`
		Length  int    `json:"png_length"`
		URIHash string `json:"data_uri_sha256"`
		URI     string `json:"data_uri"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "identicon", func(i int, _ entry) string { return fmt.Sprint(i) }, func(t *testing.T, c entry) {
		img := Image(c.Input)
		if got := hash(img.Pix); got != c.Pixels {
			t.Errorf("pixels %s, want %s", got, c.Pixels)
		}
		file := PNG(c.Input)
		if hash(file) != c.PNG || len(file) != c.Length {
			t.Errorf("PNG differs: %d bytes, want %d", len(file), c.Length)
		}
		uri := DataURI(c.Input)
		if hash([]byte(uri)) != c.URIHash || c.URI != "" && uri != c.URI {
			t.Error("data URI differs")
		}
		for i, want := range c.Bitmap {
			at := img.RGBAAt(border+pitch*(i%cells)+1, border+pitch*(i/cells)+1)
			if got := at.A == 0xff; got != (want == 1) {
				t.Errorf("cell %d: filled %v, want %d", i, got, want)
			}
			if at.A != 0 && !bytes.Equal([]byte{at.R, at.G, at.B}, c.RGB) {
				t.Errorf("cell %d: colour %v, want %x", i, at, []byte(c.RGB))
			}
		}
		decoded, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		back := image.NewRGBA(img.Bounds())
		draw.Draw(back, back.Bounds(), decoded, image.Point{}, draw.Src)
		if !bytes.Equal(back.Pix, img.Pix) {
			t.Error("the PNG decodes to other pixels")
		}
	})
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func BenchmarkDataURI(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		DataURI("0x04e31e55")
	}
}
