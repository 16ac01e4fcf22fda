package sidecar

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// plainMetas are sidecars at the limits of their fields.
var plainMetas = []Meta{
	{Metric: "angular", Dim: 40, Items: 1000, Trees: 10, Seed: 7, Size: 284832, TailCRC: 1, CRC: math.MaxUint32},
	{Metric: "dot", DotDialect: "main", Dim: 1, Seed: math.MaxUint64, Size: math.MaxInt64},
	{},
}

// TestPlain compares the two ways of reading a sidecar, of what Create writes and of texts near it.
func TestPlain(t *testing.T) {
	for _, m := range plainMetas {
		m.Format, m.Version = format, Version
		sum, err := checksum(m)
		if err != nil {
			t.Fatal(err)
		}
		m.Checksum = sum
		b, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, '\n')
		got, gotSum, ok := parsePlain(b)
		if !ok || !reflect.DeepEqual(*got, m) || gotSum != sum {
			t.Errorf("%s\nis %+v, %08x, %v", b, got, gotSum, ok)
		}
		for _, edit := range [][2]string{
			{`": `, `":`}, {`"version": 1`, `"version": -1`}, {`"version": 1`, `"version": 01`}, {`"version": 1`, `"version": 1.0`},
			{`"version": 1`, `"version": "1"`}, {`"version"`, `"Version"`}, {`"version": 1`, `"version": null`}, {`"version": 1`, `"version": 99999999999999999999`},
			{`"version": 1,`, `"version": 1,` + "\n" + `  "version": 1,`}, {`"version": 1,`, `"version": 1,` + "\n" + `  "later": 1,`},
			{"annoy-sidecar", `annoy\u002dsidecar`}, {"}\n", "}"}, {"}\n", ",\n}\n"}, {"{\n", "{\n,\n"}, {`"annoy-sidecar"`, "1"}, {`"annoy-sidecar"`, `"`},
		} {
			near := bytes.Replace(b, []byte(edit[0]), []byte(edit[1]), 1)
			if bytes.Equal(near, b) {
				t.Errorf("%q is nowhere", edit[0])
			}
			if got, _, ok := parsePlain(near); ok {
				t.Errorf("%s\nis taken for plain: %+v", near, got)
			}
		}
	}
}

// FuzzPlain looks for a text that the two ways of reading read differently.
func FuzzPlain(f *testing.F) {
	for _, m := range plainMetas {
		b, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(b, '\n'))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, gotSum, ok := parsePlain(b)
		if !ok {
			return
		}
		want, wantSum, err := parseAny(b)
		if err != nil || !reflect.DeepEqual(got, want) || gotSum != wantSum {
			t.Errorf("%q is %+v, %08x; as JSON %+v, %08x, %v", b, got, gotSum, want, wantSum, err)
		}
	})
}
