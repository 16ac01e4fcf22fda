package forest

import (
	"errors"
	"testing"

	"github.com/annoy-go/annoy/internal/annfile"
)

// TestStopped: every pass over many items or nodes looks at the stop flag.
func TestStopped(t *testing.T) {
	im := scene(t, annfile.Euclidean, 3000, 1)
	items, trees := im.Bytes()
	b := &build{Items: &Items{Layout: im.Layout, Nodes: items}, n: 3000, Params: Params{Workers: 1}, workers: make(chan *worker, 1)}
	if err := b.list(); err != nil {
		t.Fatal(err)
	}
	w := newWorker(b)
	b.workers <- w
	tp := &top{build: b, buckets: 1, nodes: []topNode{{}}, place: make([]int32, b.n)}
	passes := map[string]func() error{
		"list":     b.list,
		"gather":   func() error { _, err := w.gather(b.ids); return err },
		"sample":   tp.sample,
		"sort":     tp.sort,
		"relocate": func() error { return b.relocate(trees, 0) },
		"assemble": func() error {
			tp.nodes[0].task = &task{nodes: trees}
			var out []byte
			_, err := tp.assemble(0, &out)
			return err
		},
	}
	for _, name := range []string{"gather", "sort", "relocate"} {
		if err := passes[name](); err != nil {
			t.Fatalf("%s, before the stop: %v", name, err)
		}
	}
	b.stop.Store(true)
	for name, pass := range passes {
		if err := pass(); !errors.Is(err, errStopped) {
			t.Errorf("%s: %v, want it to stop", name, err)
		}
	}
}
