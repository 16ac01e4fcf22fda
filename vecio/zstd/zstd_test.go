package zstd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/annoy-go/annoy/vecio"
)

func packed(t testing.TB, text string, o ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, o...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(name string, data []byte) (rows [][]float32, err error) {
	r, err := vecio.NewReader(bytes.NewReader(data), int64(len(data)), name, &vecio.ReadOptions{Zstd: Unpack})
	if err != nil {
		return nil, err
	}
	for {
		dst := make([]float32, r.Dim())
		if _, err := r.Next(dst); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		rows = append(rows, dst)
	}
}

func TestUnpack(t *testing.T) {
	want := [][]float32{{1, 2}, {3, 4}}
	two := append(packed(t, "1,2\n"), packed(t, "3,4", zstd.WithEncoderLevel(zstd.SpeedBestCompression))...)
	for name, data := range map[string][]byte{
		"x.csv.zst": two, "x.csv": two, "x.jsonl.ZST": packed(t, "[1,2]\n[3,4]\n"), "x.tsv.zst": packed(t, "1\t2\n3\t4\n"), "y.csv": []byte("1,2\n3,4\n"),
	} {
		if rows, err := read(name, data); err != nil || !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.csv.zst")
	if err := os.WriteFile(path, two, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := vecio.Open(path, &vecio.ReadOptions{Zstd: Unpack})
	if err != nil || r.Format() != vecio.CSV || r.Dim() != 2 {
		t.Errorf("%v %v", r, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// A stream that ends too early, or of which a byte is another, is an error with the row, and not a file of fewer rows.
func TestDamaged(t *testing.T) {
	var text strings.Builder
	for i := range 300 {
		text.WriteString(strings.Repeat("1", i%7+1) + ",2\n")
	}
	whole := packed(t, text.String())
	for n := range len(whole) {
		rows, err := read("x.csv.zst", whole[:n])
		var f *vecio.FormatError
		if !errors.As(err, &f) || n > 4 && (f.Row != int64(len(rows)) || !strings.Contains(f.Msg, "cut short: its zstd stream ends too early")) {
			t.Fatalf("%d of %d bytes: %d rows, %v", n, len(whole), len(rows), err)
		}
	}
	intact, err := read("x.csv.zst", whole)
	if err != nil || len(intact) != 300 {
		t.Fatal(len(intact), err)
	}
	for i := range whole {
		bad := slices.Clone(whole)
		bad[i] ^= 0x10
		rows, err := read("x.csv.zst", bad)
		if err != nil && !errors.Is(err, vecio.ErrFormat) || err == nil && !slices.EqualFunc(rows, intact, slices.Equal) {
			t.Fatalf("byte %d changed: %d rows, %v", i, len(rows), err)
		}
	}
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// A frame can refer far back only within the bound, whatever its header says.
func TestWindowIsBounded(t *testing.T) {
	for name, header := range map[string][]byte{
		"window of 3.75 TB":          {0x00, 0xff, 0x01, 0x00, 0x00},
		"window of 256 MiB":          {0x00, 0x90, 0x01, 0x00, 0x00},
		"single segment of 1 GiB":    {0xa0, 0x00, 0x00, 0x00, 0x40, 0x01, 0x00, 0x00},
		"single segment of 2⁶⁴−1 B":  {0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00},
		"frame that may be skipped?": {0x00, 0x00},
	} {
		before := allocated()
		_, err := read("x.csv", append([]byte("\x28\xb5\x2f\xfd"), header...))
		if !errors.Is(err, vecio.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if got := allocated() - before; got > 16<<20 {
			t.Errorf("%s: %d bytes allocated", name, got)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, "id,x\na,1\nb,2\n"))
	f.Add(packed(f, strings.Repeat("1,2\n", 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := read("x.csv", append([]byte("\x28\xb5\x2f\xfd"), data...)); err != nil && !errors.Is(err, vecio.ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
	})
}
