package annoy_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// smallGolden is the size up to which golden files are seeds.
const smallGolden = 8 << 10

// FuzzOpen takes any bytes for an index of any metric and dimension.
func FuzzOpen(f *testing.F) {
	names, err := filepath.Glob("testdata/golden/*.ann")
	if err != nil {
		f.Fatal(err)
	}
	seeds := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var g struct {
			Metric annoy.Metric
			Dim    uint16
		}
		described, err := os.ReadFile(strings.TrimSuffix(name, ".ann") + ".json")
		if err != nil {
			f.Fatal(err)
		}
		if err := json.Unmarshal(described, &g); err != nil {
			f.Fatal(err)
		}
		if len(data) <= smallGolden {
			f.Add(data, uint8(g.Metric), g.Dim)
			seeds++
		}
	}
	if seeds < 20 {
		f.Fatalf("%d seeds", seeds)
	}
	for _, c := range fixtures(f) {
		f.Add(c.data, uint8(c.metric), uint16(c.dim))
	}
	f.Fuzz(func(t *testing.T, data []byte, metric uint8, dim uint16) {
		m := annoy.Metric(metric)
		if _, err := m.MarshalText(); err != nil || dim == 0 {
			if _, err := annoy.Load(data, &annoy.OpenOptions{Metric: m, Dim: int(dim)}); err == nil {
				t.Errorf("metric %d, dimension %d: no error", metric, dim)
			}
			return
		}
		o := newOrdeal(t)
		o.begin("%d bytes, %s, dimension %d", len(data), m, dim)
		o.run(data, m, int(dim))
	})
}

// FuzzSidecar takes any bytes for the sidecar of a good file: it is ignored with a warning, or it is right.
func FuzzSidecar(f *testing.F) {
	tw := twinOf(annoy.Dot, cloud(seeded(33), 30, 3), 6)
	path := saved(f, tw.build(f, 3, 2))
	good := readFile(f, path+".meta")
	f.Add(good)
	f.Add([]byte(strings.Replace(string(good), `"dim": 3`, `"dim": 4`, 1)))
	f.Add([]byte(`{"format": "annoy-sidecar", "version": 1}`))
	f.Add([]byte(`[]`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, meta []byte) {
		// A directory of its own: the workers of a fuzzer share the test's.
		mine := filepath.Join(t.TempDir(), "x.ann")
		if err := os.Link(path, mine); err != nil {
			writeFile(t, mine, readFile(t, path))
		}
		writeFile(t, mine+".meta", meta)
		ix, err := annoy.Open(mine, nil)
		if err == nil {
			defer ix.Close()
			s, err := ix.Stats()
			if err != nil || !s.Sidecar || s.Metric != annoy.Dot || s.Dim != 3 || len(ix.Warnings()) != 0 {
				t.Errorf("opened as %+v (%v), warnings %q", s, err, ix.Warnings())
			}
			return
		}
		if !errors.Is(err, annoy.ErrNeedDimMetric) || !strings.Contains(err.Error(), "sidecar") {
			t.Errorf("error %v", err)
		}
		ix, err = annoy.Open(mine, &annoy.OpenOptions{Metric: annoy.Dot, Dim: 3})
		if err != nil || len(ix.Warnings()) != 1 {
			t.Fatalf("opened by the options alone: %v", err)
		}
		ix.Close()
	})
}
