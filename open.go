package annoy

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/canopy"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// Open maps the index file at path for searching. It reads the file's end and a
// few items, whatever the size; nil options are the defaults. The file may be replaced (by a
// rename, as Save does) while it is open; overwritten in place it gives errors or wrong answers, but no crash.
//
// An .ann file does not say its dimension and metric: they come from the sidecar path.meta (of a symbolic link without
// one: from that of the file it leads to), or else from the options. A sidecar that is damaged, belongs to another file
// or says what cannot be of this one is ignored, as if there were none: Index.Warnings says why, or the error where the
// options do not suffice. Where they do not, and the files look as if a save were under way, which replaces the index
// and then its sidecar, Open waits for it: a tenth of a second, or a whole one while the files change. What is given is
// checked against the file as far as its bytes tell; euclidean and manhattan files look alike. Errors: those of the
// file system, ErrNeedDimMetric, ErrMismatch, ErrCorrupt, ErrVersion, ErrOption.
func Open(path string, o *OpenOptions) (*Index, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	if err := errors.Join(o.Validate(), checkPath(path)); err != nil {
		return nil, err
	}
	for w := newWatch(path); ; {
		ix, err := openOnce(path, o)
		if o.IgnoreSidecar || !errors.Is(err, ErrNeedDimMetric) || !w.again() {
			return ix, err
		}
	}
}

// openOnce opens the index with the sidecar that there is at the moment.
func openOnce(path string, o *OpenOptions) (*Index, error) {
	file, err := mmap.Open(path, mmap.Options{
		Prefault: o.Prefault, Advice: mmap.Advice(o.Advice), Resident: o.Access == AccessResident, KeepOpen: o.Access == AccessCold,
	})
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

func parseMapped(path string, file *mmap.Map, o *OpenOptions) (*Index, error) {
	if isCanopy(path, file.Bytes(), o) {
		return openMappedCanopy(file, o)
	}
	if o.Access == AccessCold {
		return nil, optionError("Access cold is for a canopy, and this is a forest: use mapped, with AdviceRandom")
	}
	var meta *sidecar.Meta
	var warning string
	if !o.IgnoreSidecar {
		meta, warning = sidecar.Read(path, file.Bytes())
	}
	var ix *Index
	var err error
	if meta != nil {
		ix, err = parseDescribed(file.Bytes(), o, meta)
		if reason := disowned(""); errors.As(err, &reason) {
			meta, warning = nil, sidecar.Ignored(sidecar.Path(path), reason)
		}
	}
	if meta == nil {
		ix, err = parse(file.Bytes(), o)
	}
	switch {
	case err != nil && warning != "":
		return nil, fmt.Errorf("%w; %s", err, warning)
	case err != nil:
		return nil, err
	case warning != "":
		ix.warnings.Store(&[]string{warning})
	}
	ix.file, ix.access = file, o.Access
	return ix, nil
}

// isCanopy tells the kinds by how the bytes begin. Those that are called a canopy and are not described as another kind are
// one that is damaged.
func isCanopy(path string, data []byte, o *OpenOptions) bool {
	if bytes.HasPrefix(data, []byte(canopy.Magic)) {
		return true
	}
	if o.Dim != 0 && o.Metric != 0 || !namesCanopy(path) {
		return false
	}
	meta, _ := sidecar.Read(path, data)
	return meta == nil
}

// openMappedCanopy is parseMapped for a canopy.
func openMappedCanopy(file *mmap.Map, o *OpenOptions) (*Index, error) {
	c, err := openCanopy(file.Bytes(), o)
	if err != nil {
		return nil, err
	}
	if o.Access == AccessCold {
		c.coldFrom(file)
	}
	ix := newIndex(c, c.metric)
	ix.file, ix.access = file, o.Access
	return ix, nil
}

// Load makes an index of a file's bytes, which must not change as long as the index is used; for an .ann file o needs
// Dim and Metric. Bytes that do not start at a multiple of 8 are copied. Errors: ErrNeedDimMetric, ErrMismatch, ErrCorrupt,
// ErrVersion, ErrOption.
func Load(data []byte, o *OpenOptions) (*Index, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Access != AccessMapped {
		return nil, optionError("Access %v is for a file, and Load has its bytes", o.Access)
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 != 0 {
		data = append(alignedBytes(len(data))[:0], data...)
	}
	if bytes.HasPrefix(data, []byte(canopy.Magic)) {
		c, err := openCanopy(data, o)
		if err != nil {
			return nil, err
		}
		return newIndex(c, c.metric), nil
	}
	return parse(data, o)
}

// parse makes a forest of bytes that the options describe.
func parse(data []byte, o *OpenOptions) (*Index, error) {
	if o.Dim == 0 || o.Metric == 0 {
		return nil, ErrNeedDimMetric
	}
	dialects := []DotDialect{DotReleased, DotMain}
	if o.Metric != Dot {
		dialects = dialects[:1]
	}
	im, err := parseDialects(data, o.Metric, o.Dim, dialects)
	if err != nil {
		return nil, err
	}
	return newIndex(newForestIndex(im, o.Metric), o.Metric), nil
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

// checkName refuses to save a kind of index under no name or that of another kind.
func checkName(path string, k Kind) error {
	if err := checkPath(path); err != nil {
		return err
	}
	switch {
	case k == Forest && namesCanopy(path):
		return optionError("%s: a forest is not saved under the name of another kind; use .ann", path)
	case k == Canopy && !namesCanopy(path):
		return optionError("%s: a canopy is not saved under the name of another kind; use .canopy", path)
	}
	return nil
}

// namesCanopy tells whether a path is the name of a canopy. Any other is that of a forest: Annoy's users name theirs as
// they like.
func namesCanopy(path string) bool { return strings.EqualFold(filepath.Ext(path), ".canopy") }

// checkPath refuses the path that names nothing, which the system would only say not to exist.
func checkPath(path string) error {
	if path == "" {
		return optionError("the path is empty")
	}
	return nil
}
