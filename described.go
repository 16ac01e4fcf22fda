package annoy

import (
	"errors"
	"fmt"
	"os"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/mmap"
	"github.com/annoy-go/annoy/internal/sidecar"
)

// disowned is why a sidecar whose checksum is right is ignored all the same.
type disowned string

func (d disowned) Error() string { return string(d) }

func disown(format string, args ...any) error { return disowned(fmt.Sprintf(format, args...)) }

// openBuilt is Open for an index file just built, which meta describes. The name is not asked for: another file may
// have it by now.
func openBuilt(f *os.File, meta *sidecar.Meta) (*Index, error) {
	file, err := mmap.OpenFile(f, mmap.Options{})
	if err != nil {
		return nil, corruptFault(err)
	}
	var ix *Index
	err = guarded(file.Bytes(), func() (err error) {
		ix, err = parseDescribed(file.Bytes(), &OpenOptions{}, meta)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	ix.file = file
	return ix, nil
}

// parseDescribed makes an index of bytes that meta is bound to. The error is a disowned where meta cannot be right:
// what it says is not known here, or the file has other items or trees. A file that is no index of meta's metric and
// dimension at all is corrupt: it is bound to its sidecar by its size and its end, so rather the rest of it is damaged.
func parseDescribed(data []byte, o *OpenOptions, meta *sidecar.Meta) (*Index, error) {
	metric, layout, err := described(meta)
	if err != nil {
		return nil, err
	}
	im, corrupt := annfile.Parse(layout, data)
	if corrupt == nil && (im.NItems != meta.Items || im.Trees != meta.Trees) {
		return nil, disown("it says %d items, %d trees, the file has %d, %d", meta.Items, meta.Trees, im.NItems, im.Trees)
	}
	if err := o.contradicts(metric, meta.Dim, "the sidecar"); err != nil {
		return nil, err
	}
	if corrupt != nil {
		return nil, fmt.Errorf("%w (read as its sidecar says: %s of dimension %d)", corrupt, metric, meta.Dim)
	}
	if o.Metric != 0 {
		metric = o.Metric // the view that is asked for
	}
	f := newForestIndex(im, metric)
	f.meta, f.seed = meta, meta.Seed
	return newIndex(f, metric), nil
}

// described is the metric and layout that meta names.
func described(meta *sidecar.Meta) (m Metric, l annfile.Layout, err error) {
	if m, err = ParseMetric(meta.Metric); err != nil {
		return m, l, disown("its metric is %q", meta.Metric)
	}
	dialect := DotReleased
	if meta.DotDialect != "" && (m != Dot || dialect.UnmarshalText([]byte(meta.DotDialect)) != nil) {
		return m, l, disown("its metric is %s, its dot dialect %q", m, meta.DotDialect)
	}
	l, err = annfile.NewLayout(m.stored(), meta.Dim, dialect.stored())
	if errors.Is(err, ErrBigEndian) {
		return m, l, err
	}
	if err != nil {
		return m, l, disown("its dimension is %d", meta.Dim)
	}
	if meta.Size%int64(l.Size) != 0 {
		return m, l, disown("it says %s of dimension %d, of which %d bytes are no whole number of nodes", m, meta.Dim, meta.Size)
	}
	return m, l, nil
}

// contradicts is the error of options that want another metric or dimension than these, which who says.
func (o *OpenOptions) contradicts(m Metric, dim int, who string) error {
	wantMetric, wantDim := o.Metric, o.Dim
	if wantMetric == 0 {
		wantMetric = m
	}
	if wantDim == 0 {
		wantDim = dim
	}
	if wantMetric.stored() == m.stored() && wantDim == dim {
		return nil
	}
	return fail(ErrMismatch, "asked for %s of dimension %d, %s says %s of dimension %d", wantMetric, wantDim, who, m, dim)
}
