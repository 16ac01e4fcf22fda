package annoy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// TestOddSidecar: a sidecar with the right checksums that says what cannot be is ignored, with the reason.
func TestOddSidecar(t *testing.T) {
	path := saved(t, twinOf(annoy.Dot, cloud(seeded(96), 60, 7), 0).build(t, 7, 3))
	write := rewriteSidecar(t, path)
	describing := &annoy.OpenOptions{Dim: 7, Metric: annoy.Dot}
	for reason, change := range map[string]func(*sidecar.Meta){
		`its metric is "jaccard"`:                         func(m *sidecar.Meta) { m.Metric = "jaccard" },
		`its metric is ""`:                                func(m *sidecar.Meta) { m.Metric = "" },
		`its dot dialect "future"`:                        func(m *sidecar.Meta) { m.DotDialect = "future" },
		`its metric is angular, its dot dialect "main"`:   func(m *sidecar.Meta) { m.Metric, m.DotDialect = "angular", "main" },
		"its dimension is 33554432":                       func(m *sidecar.Meta) { m.Dim = 1 << 25 },
		"its dimension is -1":                             func(m *sidecar.Meta) { m.Dim = -1 },
		"no whole number of nodes":                        func(m *sidecar.Meta) { m.Dim = 1000 },
		"it says 61 items, 3 trees, the file has 60, 3":   func(m *sidecar.Meta) { m.Items = 61 },
		"it says 60 items, -1 trees, the file has 60, 3":  func(m *sidecar.Meta) { m.Trees = -1 },
		"it says 60 items, 300 trees, the file has 60, 3": func(m *sidecar.Meta) { m.Trees = 300 },
	} {
		write(change)
		_, err := annoy.Open(path, nil)
		if !errors.Is(err, annoy.ErrNeedDimMetric) || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), path+".meta") {
			t.Errorf("%s: %v", reason, err)
		}
		// It does not count in any way: what the options say does not contradict it.
		ix := open(t, path, describing)
		if w := ix.Warnings(); len(w) != 1 || !strings.Contains(w[0], reason) {
			t.Errorf("%s: warnings %q", reason, w)
		}
		if s, err := ix.Stats(); err != nil || s.Sidecar || s.Items != 60 || s.Seed != 0 {
			t.Errorf("%s: %+v (%v)", reason, s, err)
		}
	}
	write(func(*sidecar.Meta) {})
	if ix := open(t, path, nil); len(ix.Warnings()) != 0 {
		t.Errorf("the right one: warnings %q", ix.Warnings())
	}
}

// TestSidecarOfDamagedFile: where a file is no index of what its sidecar says, the file is thought to be damaged.
func TestSidecarOfDamagedFile(t *testing.T) {
	path := saved(t, twinOf(annoy.Angular, cloud(seeded(97), 60, 7), 0).build(t, 7, 3))
	rewriteSidecar(t, path)(func(m *sidecar.Meta) { m.Metric, m.Dim = "euclidean", 6 })
	_, err := annoy.Open(path, nil)
	if !errors.Is(err, annoy.ErrCorrupt) || !strings.Contains(err.Error(), "euclidean of dimension 6") || !strings.Contains(err.Error(), path) {
		t.Errorf("angular, described as euclidean: %v", err)
	}
	if _, err := annoy.Open(path, &annoy.OpenOptions{Dim: 7, Metric: annoy.Angular}); !errors.Is(err, annoy.ErrMismatch) {
		t.Errorf("asked for angular, described as euclidean: %v", err)
	}
	open(t, path, &annoy.OpenOptions{Dim: 7, Metric: annoy.Angular, IgnoreSidecar: true})
}

// rewriteSidecar returns a function that changes what the sidecar of path said when this was called, with right checksums.
func rewriteSidecar(t *testing.T, path string) func(change func(*sidecar.Meta)) {
	t.Helper()
	var good sidecar.Meta
	if err := json.Unmarshal(readFile(t, path+sidecar.Suffix), &good); err != nil {
		t.Fatal(err)
	}
	return func(change func(*sidecar.Meta)) {
		t.Helper()
		m := good
		change(&m)
		f, err := sidecar.Create(path, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}
