package annoy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// Open maps the index file at path for searching. It reads the file's end and a
// few items, whatever the size; nil options are the defaults. The file may be replaced (by a
// rename, as Save does) while it is open; overwritten in place it gives errors or wrong answers, but no crash.
//
// An .ann file does not say its dimension and metric: they come from the sidecar path.meta (of a symbolic link
// without one: from that of the file it leads to), or else from the options. What is given is checked against the file as far as its bytes tell; euclidean and manhattan files look
// alike. Errors: those of the file system, ErrNeedDimMetric, ErrMismatch, ErrCorrupt, ErrOption.
func Open(path string, o *OpenOptions) (*Index, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	if err := errors.Join(o.Validate(), checkPath(path)); err != nil {
		return nil, err
	}
	file, err := mmap.Open(path, mmap.Options{Prefault: o.Prefault, Advice: mmap.Advice(o.Advice)})
	if errors.Is(err, mmap.ErrFault) {
		return nil, inFile(corruptFault(err), path)
	}
	if err != nil {
		return nil, err
	}
	ix, err := openMapped(path, file, o)
	if err != nil {
		file.Close()
		return nil, inFile(err, path)
	}
	return ix, nil
}

// inFile says which file an error is about.
func inFile(err error, path string) error { return fmt.Errorf("%w (file %s)", err, path) }

// openMapped reads the mapping under the fault guard.
func openMapped(path string, file *mmap.Map, o *OpenOptions) (ix *Index, err error) {
	err = guarded(file.Bytes(), func() error {
		ix, err = parseMapped(path, file, o)
		return err
	})
	return ix, err
}

// openBuilt is Open for an index file just built, which meta describes. The name is not asked for: another file may have it by now.
func openBuilt(f *os.File, meta *sidecar.Meta) (*Index, error) {
	file, err := mmap.OpenFile(f, mmap.Options{})
	if err != nil {
		return nil, corruptFault(err)
	}
	var ix *Index
	err = guarded(file.Bytes(), func() (err error) {
		ix, err = parse(file.Bytes(), &OpenOptions{}, meta)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	ix.file = file
	return ix, nil
}

func parseMapped(path string, file *mmap.Map, o *OpenOptions) (*Index, error) {
	var meta *sidecar.Meta
	var warnings []string
	if !o.IgnoreSidecar {
		var warning string
		if meta, warning = sidecar.Read(path, file.Bytes()); warning != "" {
			warnings = append(warnings, warning)
		}
	}
	ix, err := parse(file.Bytes(), o, meta)
	if err != nil {
		if len(warnings) > 0 {
			err = fmt.Errorf("%w; %s", err, strings.Join(warnings, "; "))
		}
		return nil, err
	}
	ix.file, ix.warnings = file, warnings
	return ix, nil
}

// Load makes an index of an .ann file's bytes, which must not change as long as the index is used; o needs
// Dim and Metric. Bytes that do not start at a multiple of 8 are copied. Errors: ErrNeedDimMetric, ErrCorrupt, ErrOption.
func Load(data []byte, o *OpenOptions) (*Index, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 != 0 {
		data = append(alignedBytes(len(data))[:0], data...)
	}
	return parse(data, o, nil)
}

// alignedBytes is n zero bytes at a multiple of 8, on huge pages where there are many.
func alignedBytes(n int) []byte {
	words := make([]uint64, (n+7)/8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)
	mmap.AdviseHuge(b)
	return b[:n]
}

// parse makes an index of bytes that meta, or else the options, describe.
func parse(data []byte, o *OpenOptions, meta *sidecar.Meta) (*Index, error) {
	dim, metric := o.Dim, o.Metric
	dialects := []DotDialect{DotReleased, DotMain}
	if meta != nil {
		m, err := ParseMetric(meta.Metric)
		if err != nil || meta.Dim < 1 {
			return nil, fail(ErrMismatch, "the sidecar says metric %q, dimension %d", meta.Metric, meta.Dim)
		}
		if metric == 0 {
			metric = m
		}
		if dim == 0 {
			dim = meta.Dim
		}
		if metric.stored() != m.stored() || dim != meta.Dim {
			return nil, fail(ErrMismatch, "asked for %s of dimension %d, the sidecar says %s of dimension %d", metric, dim, m, meta.Dim)
		}
		var d DotDialect
		if meta.DotDialect != "" {
			if err := d.UnmarshalText([]byte(meta.DotDialect)); err != nil {
				return nil, err
			}
		}
		dialects = []DotDialect{d}
	}
	if dim == 0 || metric == 0 {
		return nil, ErrNeedDimMetric
	}
	if metric != Dot {
		dialects = dialects[:1]
	}
	im, err := parseDialects(data, metric, dim, dialects)
	if err != nil {
		return nil, err
	}
	ix := newIndex(im, metric)
	if ix.meta = meta; meta != nil {
		ix.seed = meta.Seed
	}
	return ix, nil
}

// parseDialects takes the dialect that the bytes fit. Small files may fit both; their whole structure then decides.
func parseDialects(data []byte, m Metric, dim int, dialects []DotDialect) (*annfile.Image, error) {
	var fits []*annfile.Image
	var first error
	for _, d := range dialects {
		l, err := annfile.NewLayout(m.stored(), dim, d.stored())
		if err != nil {
			return nil, layoutError(err)
		}
		im, err := annfile.Parse(l, data)
		if err == nil {
			fits = append(fits, im)
		} else if first == nil {
			first = err
		}
	}
	switch len(fits) {
	case 0:
		return nil, first
	case 1:
		return fits[0], nil
	}
	return annfile.Likelier(fits[0], fits[1]), nil
}

// checkName refuses to save a forest under no name or the name of another kind.
func checkName(path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if strings.EqualFold(filepath.Ext(path), ".canopy") {
		return optionError("%s: a forest is not saved under the name of another kind; use .ann", path)
	}
	return nil
}

// checkPath refuses the path that names nothing, which the system would only say not to exist.
func checkPath(path string) error {
	if path == "" {
		return optionError("the path is empty")
	}
	return nil
}
