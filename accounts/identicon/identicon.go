// Package identicon draws the picture of a contact: a mirrored pattern of 5×5
// cells in one colour (spec 06 section 9).
//
//	h          MD5(text), 16 bytes; text is the contact id "0x04…"
//	cell(r,c)  filled when h[3·r + min(c, 4-c)] is even
//	colour     hue (h[13]+h[14]+h[15]) / 765 · 360°, saturation 0.5, lightness 0.7
//	image      50×50, transparent; a cell is 6×6, at (10+6c, 10+6r)
//
// There are fewer than 2^25 pictures, so one can be matched by trying: show the
// compressed key where a contact is to be verified. Pure, no goroutines.
package identicon

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the pattern is defined by MD5; nothing depends on its strength
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"math"
)

const (
	cells  = 5  // rows and columns
	side   = 50 // pixels
	border = 10 // pixels
	pitch  = (side - 2*border) / cells
)

// Image draws the picture of a text.
func Image(text string) *image.RGBA {
	h := md5.Sum([]byte(text)) //nolint:gosec // see the import
	fill := colour(int(h[13]) + int(h[14]) + int(h[15]))
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for r := range cells {
		for c := range cells {
			if h[3*r+min(c, cells-1-c)]%2 != 0 {
				continue
			}
			for y := range pitch {
				for x := range pitch {
					img.SetRGBA(border+pitch*c+x, border+pitch*r+y, fill)
				}
			}
		}
	}
	return img
}

// colour converts the hue to RGB. sum is hue / 360° · 765. The conversion is
// the textbook one from HSL with its two intermediate values at saturation
// 0.5 and lightness 0.7, and rounds by way of 16 bits, as the vectors demand.
func colour(sum int) color.RGBA {
	const t1, t2 = 0.85, 0.55
	hue := float64(sum) / 765
	channel := func(t float64) uint8 {
		if t < 0 {
			t++
		}
		if t > 1 {
			t--
		}
		v := t2
		switch {
		case 6*t < 1:
			v = t2 + (t1-t2)*6*t
		case 2*t < 1:
			v = t1
		case 3*t < 2:
			v = t2 + (t1-t2)*(2.0/3-t)*6
		}
		return uint8(uint32(math.Floor(v*65535+0.5)) >> 8)
	}
	return color.RGBA{R: channel(hue + 1.0/3), G: channel(hue), B: channel(hue - 1.0/3), A: 0xff}
}

// PNG returns the picture of a text as an 8-bit RGBA PNG file.
func PNG(text string) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, Image(text)); err != nil {
		panic("identicon: a small image in memory did not encode") // no cause but a changed encoder
	}
	return b.Bytes()
}

// DataURI returns the picture of a text as "data:image/png;base64,…".
func DataURI(text string) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(PNG(text))
}
