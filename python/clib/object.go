//go:build clib

package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/annoy-go/annoy"
)

// object is one AnnoyIndex or Canopy: a builder, until it is built or loaded, and then an index. Annoy's object is the same
// thing in all states, so that every call has to know in which one it is. A search takes no lock.
type object struct {
	dim    int
	metric annoy.Metric
	canopy bool

	seed    atomic.Uint64
	verbose atomic.Bool
	count   atomic.Int64 // of the builder's items, by their largest id
	index   atomic.Pointer[annoy.Index]
	efforts efforts // of its searches for a recall

	warnings warnings

	mu      sync.Mutex     // what is below
	builder *annoy.Builder // nil once the index is a file
	onDisk  string         // where the builder builds
	busy    bool           // a build is under way
}

// maxDim is the library's.
const maxDim = 1 << 24

func newObject(dim int, metric string, canopy bool) (*object, error) {
	o := &object{dim: dim, canopy: canopy}
	if canopy && metric == "" { // that is to be opened
		return o, nil
	}
	m, err := annoy.ParseMetric(metric)
	switch {
	case err == nil && m.String() == metric:
	case canopy && err != nil:
		return nil, valueError("%s", strings.TrimPrefix(err.Error(), annoy.ErrOption.Error()+": "))
	default: // Annoy's own names only
		return nil, valueError("No such metric")
	}
	if dim < 1 || dim > maxDim {
		name := "f"
		if canopy {
			name = "dim"
		}
		return nil, valueError("%s is %d, want 1 to %d", name, dim, maxDim)
	}
	o.metric = m
	return o, o.newBuilder("")
}

// newBuilder takes the place of what there was.
func (o *object) newBuilder(onDisk string) error {
	long := !o.canopy && (o.metric == annoy.Euclidean || o.metric == annoy.Manhattan) // as in Annoy
	b, err := annoy.NewBuilder(o.dim, o.metric, &annoy.BuilderOptions{OnDisk: onDisk, LongVectors: long, Warn: o.warnings.add})
	if err != nil {
		return err
	}
	if o.builder != nil {
		_ = o.builder.Close()
	}
	o.builder, o.onDisk = b, onDisk
	o.count.Store(0)
	return nil
}

// change runs what changes the state, one at a time and not during a build.
func (o *object) change(do func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy {
		return errBusy
	}
	return do()
}

func (o *object) len() int64 {
	if ix := o.index.Load(); ix != nil {
		return int64(ix.Len())
	}
	return o.count.Load()
}

func (o *object) add(id int64, v []float32) error {
	return o.change(func() error { return o.put(id, v) })
}

func (o *object) addMany(m matrix, id func(i int) int64) error {
	return o.change(func() error { return o.putAll(m, id) })
}

// addNext adds rows under the ids that follow the largest, in one step: no other thread's items come between.
func (o *object) addNext(m matrix) error {
	return o.change(func() error {
		if err := o.addable(); err != nil {
			return err
		}
		first := int64(o.builder.Len())
		if first > math.MaxInt64-int64(m.count) {
			return valueError("annoy: no ids are left after the largest: give ids")
		}
		return o.putAll(m, func(i int) int64 { return first + int64(i) })
	})
}

func (o *object) putAll(m matrix, id func(i int) int64) error {
	for i := range m.count {
		if err := o.put(id(i), m.row(i)); err != nil {
			return err
		}
	}
	return nil
}

// put adds one item.
func (o *object) put(id int64, v []float32) error {
	if err := o.addable(); err != nil {
		return err
	}
	if id < 0 && !o.canopy {
		return errNegative
	}
	if err := o.builder.Add(int(id), v); err != nil {
		return err
	}
	o.counted(id)
	return nil
}

func (o *object) counted(id int64) {
	if o.canopy { // which counts what it has, holes not among them
		o.count.Add(1)
	} else if id >= o.count.Load() {
		o.count.Store(id + 1)
	}
}

func (o *object) addKey(key string, v []float32) error {
	return o.change(func() error {
		if err := o.addable(); err != nil {
			return err
		}
		if err := o.builder.AddKey(key, v); err != nil {
			return err
		}
		o.count.Store(int64(o.builder.Len()))
		return nil
	})
}

func (o *object) addable() error {
	switch {
	case o.builder == nil:
		return state("You can't add an item to a loaded index")
	case o.index.Load() != nil:
		return state("You can't add an item to a built index: it would be lost; call unbuild() first")
	}
	return nil
}

// check is Annoy's check of an id that is asked for. Of a canopy the library says what is wrong.
func (o *object) check(id int64) error {
	switch {
	case o.canopy:
		return nil
	case id < 0:
		return errNegative
	case id >= o.len():
		return errBeyond
	}
	return nil
}

// vector appends the vector of an id to dst. That of an id below the largest which nothing was added under is zero.
func (o *object) vector(dst []float32, id int64) error {
	if err := o.check(id); err != nil {
		return err
	}
	ix := o.index.Load()
	if ix != nil {
		_, err := ix.AppendVector(dst, id)
		return o.orZero(dst, err)
	}
	return o.change(func() error {
		if o.builder == nil {
			return errBeyond
		}
		v, err := o.builder.Vector(id)
		copy(dst[:cap(dst)], v)
		return o.orZero(dst, err)
	})
}

func (o *object) orZero(dst []float32, err error) error {
	if !o.hole(err) {
		return err
	}
	clear(dst[:o.dim])
	return nil
}

// hole tells whether an error about an id that was checked means that nothing was added under it.
func (o *object) hole(err error) bool { return !o.canopy && errors.Is(err, annoy.ErrNotFound) }

func (o *object) distance(i, j int64) (float32, error) {
	for _, id := range [2]int64{i, j} {
		if err := o.check(id); err != nil {
			return 0, err
		}
	}
	d, err := o.distanceOf(i, j)
	if o.hole(err) {
		return o.distanceByVector(i, j)
	}
	return d, err
}

func (o *object) distanceOf(i, j int64) (d float32, err error) {
	if ix := o.index.Load(); ix != nil {
		return ix.Distance(i, j)
	}
	err = o.change(func() error {
		if o.builder == nil {
			return errBeyond
		}
		d, err = o.builder.Distance(i, j)
		return err
	})
	return d, err
}

// distanceByVector is for a hole, whose vector is zero.
func (o *object) distanceByVector(i, j int64) (float32, error) {
	pair, err := annoy.NewBuilder(o.dim, o.metric, nil)
	if err != nil {
		return 0, err
	}
	for place, id := range [2]int64{i, j} {
		v := make([]float32, 0, o.dim)
		if err := o.vector(v, id); err != nil {
			return 0, err
		}
		if err := pair.Add(place, v[:o.dim]); err != nil {
			return 0, err
		}
	}
	return pair.Distance(0, 1)
}

// close gives everything up, for good.
func (o *object) close() error {
	ix := o.index.Swap(nil)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.builder != nil {
		_ = o.builder.Close()
		o.builder = nil
	}
	if ix == nil {
		return nil
	}
	return ix.Close()
}

// unload makes the object what it was when it was made.
func (o *object) unload() error {
	return o.change(func() error {
		ix := o.index.Swap(nil)
		if o.metric == 0 {
			return nil
		}
		if err := o.newBuilder(""); err != nil {
			return err
		}
		o.seed.Store(0)
		if ix == nil {
			return nil
		}
		return ix.Close()
	})
}

func (o *object) unbuild() error {
	return o.change(func() error {
		if o.builder == nil {
			return state("You can't unbuild a loaded index")
		}
		o.builder.Unbuild()
		if ix := o.index.Swap(nil); ix != nil {
			return ix.Close()
		}
		return nil
	})
}

// buildOnDisk makes a file the place of the items that are added from now on.
func (o *object) buildOnDisk(path string) error {
	return o.change(func() error {
		switch {
		case o.builder == nil || o.index.Load() != nil:
			return osError("annoy: on_disk_build of an index that is built or loaded: call unload() first")
		case o.count.Load() > 0:
			return osError("annoy: on_disk_build must come before the first add_item: the items added so far would be lost")
		case path != "" && strings.EqualFold(filepath.Ext(path), ".canopy") != o.canopy: // which a build would refuse, too late
			kind, ending := "forest", ".ann"
			if o.canopy {
				kind, ending = "canopy", ".canopy"
			}
			return osError("annoy: %s: a %s is not built under the name of another kind; use %s", path, kind, ending)
		}
		return asOS(unable(written(path, func() error { return o.newBuilder(path) })))
	})
}

// replace makes an opened file the index.
func (o *object) replace(ix *annoy.Index) {
	old := o.index.Swap(ix)
	if o.builder != nil {
		_ = o.builder.Close()
		o.builder, o.onDisk = nil, ""
	}
	o.count.Store(0)
	if old != nil {
		_ = old.Close()
	}
}

// take makes an index the object's, if it is of its kind.
func (o *object) take(ix *annoy.Index) error {
	if (ix.Kind() == annoy.Canopy) != o.canopy {
		_ = ix.Close()
		if o.canopy {
			return osError("annoy: this is a file of Annoy's kind: use AnnoyIndex(f, metric).load")
		}
		return osError("annoy: this is a canopy: use Canopy.open")
	}
	o.dim, o.metric = ix.Dim(), ix.Metric()
	for _, w := range ix.Warnings() {
		o.warnings.add(w)
	}
	o.replace(ix)
	return nil
}

func (o *object) load(path string, prefault bool, access annoy.Access) error {
	return o.change(func() error { return o.open(path, prefault, access) })
}

func (o *object) open(path string, prefault bool, access annoy.Access) error {
	options := o.options()
	options.Prefault, options.Access = prefault, access
	var ix *annoy.Index
	err := named(path, func() (err error) {
		ix, err = annoy.Open(path, &options)
		return err
	})
	if err != nil {
		return asOS(o.foreign(o.sized(path, unable(err))))
	}
	return o.take(ix)
}

// options are what is known before a file is read.
func (o *object) options() annoy.OpenOptions {
	if o.canopy {
		return annoy.OpenOptions{}
	}
	return annoy.OpenOptions{Dim: o.dim, Metric: o.metric}
}

// named does what needs the name of a file. An empty one is to the system one that does not exist.
func named(path string, do func() error) error {
	if path == "" {
		return syscall.ENOENT
	}
	return do()
}

// written is named for a file that is to be written, which a folder cannot be.
func written(path string, do func() error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return syscall.EISDIR
	}
	return named(path, do)
}

// sized says in Annoy's words what its users know as the sign of another metric or dimension.
func (o *object) sized(path string, err error) error {
	info, e := os.Stat(path)
	if e == nil && !o.canopy && info.Mode()&os.ModeDevice != 0 { // which has no size
		return osError("Size of file is zero: %v", err)
	}
	if e != nil || o.canopy || !errors.Is(err, annoy.ErrCorrupt) && !errors.Is(err, annoy.ErrMismatch) {
		return err
	}
	if info.Size() == 0 {
		return osError("Size of file is zero")
	}
	for _, size := range nodeSizes(o.metric, int64(o.dim)) {
		if info.Size()%size == 0 {
			return err
		}
	}
	return osError("Index size is not a multiple of vector size. "+
		"Ensure you are opening using the same metric you used to create the index.: %v", err)
}

// nodeSizes are the sizes of nodes of the format, as docs/format/ann.md draws them.
func nodeSizes(m annoy.Metric, dim int64) []int64 {
	switch m {
	case annoy.Angular, annoy.Cosine:
		return []int64{12 + 4*dim}
	case annoy.Hamming:
		return []int64{16 + 8*((dim+63)/64)}
	case annoy.Dot:
		return []int64{16 + 4*dim, 24 + 4*dim}
	}
	return []int64{16 + 4*dim}
}

// foreign says of what should be a canopy that it is none. Bytes that begin as none do might be a forest without its sidecar.
func (o *object) foreign(err error) error {
	if o.canopy && errors.Is(err, annoy.ErrNeedDimMetric) {
		return osError("annoy: this is no canopy")
	}
	return err
}

func (o *object) loadBytes(data []byte) error {
	return o.change(func() error {
		options := o.options()
		ix, err := annoy.Load(data, &options)
		if err != nil {
			return o.foreign(err)
		}
		return o.take(ix)
	})
}

// save writes the index and then, as Annoy does, goes on with the file; an index built on disk is one already.
func (o *object) save(path string, prefault bool) error {
	return o.change(func() error {
		ix := o.index.Load()
		switch {
		case ix == nil:
			return osError("You can't save an index that hasn't been built")
		case o.onDisk != "" && sameFile(o.onDisk, path):
			return nil
		}
		if err := written(path, func() error { return ix.Save(path) }); err != nil {
			return asOS(unable(err))
		}
		for _, w := range ix.Warnings() {
			o.warnings.add(w)
		}
		if o.onDisk != "" {
			return nil
		}
		return o.open(path, prefault, annoy.AccessMapped)
	})
}

func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}
