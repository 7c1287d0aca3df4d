package payloads

import (
	"strings"
	"testing"
)

// disguises are data URLs that a check by spelling lets through.
func disguises() []string {
	return []string{
		"data:image/SVG+xml;base64,PHN2Zy8+", "data:image/sVg;base64,PHN2Zy8+", "DATA:IMAGE/SVG+XML;base64,PHN2Zy8+",
		"data:image/svg+xml,<svg onload='x'/>", "data:image/png,<svg/>", "data:image/png;charset=utf-8,<svg/>",
		"data:image/png;x=,image/svg+xml;base64,PHN2Zy8+", "data:image/png+xml;base64,PHN2Zy8+",
		"data:image/png\t;base64,PHN2Zy8+", "data: image/png;base64,PHN2Zy8+", " data:image/png;base64,PHN2Zy8+",
		"data:image/png;base64;base64,PHN2Zy8+", "data:image/png;base64,PHN2Zy8-", "data:image/png;base64,",
		"data:image/png;base64,PHN2\nZy8+", "data:image/png;base64,PHN2Zy8+\"onload=x", "data:image/bmp;base64,AAAA",
		"data:image/x-icon;base64,AAAA", "data:image/*;base64,AAAA", "data:image/;base64,AAAA", "data:;base64,AAAA",
		"data:text/html;base64,AAAA", "data:audio/midi;base64,AAAA", "data:application/pdf;base64,AAAA",
		"data:%69mage/png;base64,AAAA", "data:image/ſvg;base64,AAAA", "data:image/pnɡ;base64,AAAA", "data:,", "data:", "",
		"javascript:alert(1)", "https://example.org/a.png", "data:image/png;base64", ";base64,AAAA",
		"data:;base64,;base64,AA",
	}
}

// TestOnlyKnownMediaTypesAreShown: the type is decoded and must be one of six.
func TestOnlyKnownMediaTypesAreShown(t *testing.T) {
	for _, url := range disguises() {
		if mime, _, ok := ParseMediaURL(url); ok || PictureURL(url) != "" || RecordingURL(url) != "" {
			t.Errorf("%q is shown as %s", url, mime)
		}
	}
	for url, want := range map[string]string{
		"data:image/png;base64,AAAA":  "data:image/png;base64,AAAA",
		"data:image/PNG;base64,AAAA":  "data:image/png;base64,AAAA",
		"DATA:Image/Jpeg;BASE64,AA==": "data:image/jpeg;base64,AA==",
		"data:image/webp;base64,AA==": "data:image/webp;base64,AA==",
		"data:image/gif;base64,AA==":  "data:image/gif;base64,AA==",
	} {
		if got := PictureURL(url); got != want || RecordingURL(url) != "" {
			t.Errorf("%q: picture %q, want %q; recording %q", url, got, want, RecordingURL(url))
		}
	}
	for _, url := range []string{"data:audio/aac;base64,AA==", "data:audio/amr;base64,AA=="} {
		if RecordingURL(url) != url || PictureURL(url) != "" {
			t.Errorf("%q: recording %q, picture %q", url, RecordingURL(url), PictureURL(url))
		}
	}
	i, a := &Image{[]byte{1}, 99}, &Audio{[]byte{1}, 99, 0}
	if i.DataURL() != "" || a.DataURL() != "" {
		t.Errorf("unknown formats are shown: %q, %q", i.DataURL(), a.DataURL())
	}
}

func FuzzParseMediaURL(f *testing.F) {
	for _, url := range disguises() {
		f.Add(url)
	}
	f.Add("data:image/png;base64,AAAA")
	f.Fuzz(func(t *testing.T, url string) {
		mime, data, ok := ParseMediaURL(url)
		if !ok {
			return
		}
		again := mediaURL(mime, data)
		if !strings.EqualFold(again, url) || len(data) == 0 {
			t.Errorf("%q is read as %q", url, again)
		}
	})
}
