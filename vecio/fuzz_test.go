package vecio

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
)

// Every target promises, for any bytes: no panic; an end, after at most as many
// rows as bytes; Dim finite components in each row; an error that is a
// FormatError; no more memory than allocated below; the same outcome whether
// or not the size of the file is known.

// fuzzAllocation is the bound: two readers with their buffers of 1 MiB, the
// test's own rows of up to MaxDim float32 for either, and for each byte of the
// file what parsing it as text takes and what the test keeps.
func fuzzAllocation(fileSize int) uint64 { return 2*(1<<20+4*MaxDim) + 2<<20 + 128*uint64(fileSize) }

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func fuzzFormat(f *testing.F, format Format, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
		f.Add(s[:len(s)-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		rows, ids, err := readBytes(t, format, data)
		if got, limit := allocated()-before, fuzzAllocation(len(data)); got > limit {
			t.Errorf("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
		if len(rows) > len(data) || len(ids) != len(rows) {
			t.Errorf("%d rows, %d ids of %d bytes", len(rows), len(ids), len(data))
		}
		for i, row := range rows {
			if len(row) != len(rows[0]) || len(row) == 0 || len(row) > MaxDim {
				t.Errorf("row %d has %d components, row 0 %d", i, len(row), len(rows[0]))
			}
			for c, v := range row {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("row %d, column %d is %v", i, c, v)
				}
			}
			if ids[i] < 0 {
				t.Errorf("row %d has id %d", i, ids[i])
			}
		}
	})
}

func FuzzNpy(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(paths) == 0 {
		f.Fatal("no npy files in testdata", err)
	}
	var seeds [][]byte
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	fuzzFormat(f, Npy, seeds...)
}

func FuzzFvecs(f *testing.F) {
	fuzzFormat(f, Fvecs, bin(int32(2), []float32{1, 2}, int32(2), []float32{3, nan32}), bin(int32(1<<20), int32(0)))
}

func FuzzBvecs(f *testing.F) {
	fuzzFormat(f, Bvecs, bin(int32(3), "abc", int32(3), "abc"), bin(int32(1), "a", int32(2), "bc"))
}

func FuzzIvecs(f *testing.F) {
	fuzzFormat(f, Ivecs, bin([]int32{2, 1, -1, 2, 1 << 24, math.MaxInt32}))
}

func FuzzFbin(f *testing.F) {
	fuzzFormat(f, Fbin, bin(uint32(2), uint32(2), []float32{1, 2, 3, inf32}), bin(uint32(1<<32-1), uint32(1<<20), float32(1)))
}

func FuzzU8bin(f *testing.F) {
	fuzzFormat(f, U8bin, bin(uint32(2), uint32(2), "abcd"), bin(uint32(0), uint32(0)))
}

func FuzzJSONL(f *testing.F) {
	fuzzFormat(f, JSONL, []byte("[1,-2.5e3]\n\n[0.1, 1e-50]\n"),
		[]byte(`{"id": 7, "vector": [1, 2], "x": [{"y": "]}\""}, null]}`+"\n"+`{"vector": [3, 4], "\u0069d": 8}`),
		[]byte("\ufeff[NaN]"), []byte("[1]\x00[2]\n\x00{\n"), []byte(`{"a":[[[[{"b":`))
}

func FuzzCSV(f *testing.F) {
	fuzzFormat(f, CSV, []byte("x,y\n1,-2.5e3\n\n0.1,1e-50\n"), []byte("\ufeff\"1\",\" 2\"\r\n\"3\n\",4"), []byte("nan,inf\n"), []byte("\"\",,,\n1,2,3,4"))
}

func FuzzTSV(f *testing.F) {
	fuzzFormat(f, TSV, []byte("x\ty\n1\t-2.5e3\n\n0.1\t 1e-50 \n"), []byte("0\t1\t2\n0.5\t1.5\t2.5\n"), []byte("id\t0\n7\t\"1\"\n"))
}

func FuzzIDs(f *testing.F) {
	f.Add([]byte("1\n# two\n\n 3 # three\r\n"))
	f.Add([]byte("9223372036854775807\n-1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		ids, err := readIDs(bytes.NewReader(data), "x")
		if got, limit := allocated()-before, fuzzAllocation(len(data)); got > limit {
			t.Errorf("%d bytes allocated for a file of %d, limit %d", got, len(data), limit)
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
		if len(ids) > len(data) {
			t.Errorf("%d ids of %d bytes", len(ids), len(data))
		}
		for _, id := range ids {
			if id < 0 {
				t.Errorf("id %d", id)
			}
		}
	})
}
