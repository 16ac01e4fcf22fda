package words

import (
	"math"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	i := s.Find("Guitar")
	if i < 0 {
		t.Fatal(`no entry for "guitar"`)
	}
	if e := s.Entry(i); e.PartOfSpeech != "noun" || !strings.Contains(e.Definition, "stringed instrument") {
		t.Errorf("entry %d: %+v", i, e)
	}
	if s.Find("no such word") != -1 {
		t.Error("found a word that is not there")
	}
	for i := range Len {
		v := s.Vector(i)
		if len(v) != Dim {
			t.Fatalf("vector %d has %d components", i, len(v))
		}
		var norm float64
		for _, x := range v {
			norm += float64(x) * float64(x)
		}
		if math.Sqrt(norm) < 100 {
			t.Fatalf("vector %d has norm %g: not a rounded unit vector", i, math.Sqrt(norm))
		}
		if e := s.Entry(i); e.Words == "" || e.Definition == "" {
			t.Fatalf("entry %d is empty: %+v", i, e)
		}
	}
}

func TestNearestMeaning(t *testing.T) {
	// Rows and lines belong together: the nearest entries of an instrument
	// are instruments.
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	q := s.Find("guitar")
	best, at := math.Inf(-1), -1
	for i := range Len {
		if c := cosine(s.Vector(q), s.Vector(i)); i != q && c > best {
			best, at = c, i
		}
	}
	if e := s.Entry(at); !strings.Contains(e.Definition, "instrument") {
		t.Errorf("nearest to guitar: %+v at cosine %.3f", e, best)
	}
}

func TestNpyInt8Refuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":       nil,
		"other magic": []byte("\x93NUMPY\x02\x00\x00\x00"),
		"cut header":  []byte("\x93NUMPY\x01\x00\x76\x00{'descr'"),
		"cut data":    vectors[:len(vectors)-1],
		"trailing":    append(append([]byte{}, vectors...), 0),
	} {
		if _, err := npyInt8(b, Len, Dim); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := npyInt8(vectors, Len, Dim-1); err == nil {
		t.Error("other shape: accepted")
	}
}

func TestNotice(t *testing.T) {
	if !strings.Contains(Notice, "WordNet 3.0 Copyright 2006 by Princeton University") {
		t.Error("the licence of WordNet is not embedded")
	}
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}
