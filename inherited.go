package annoy

import (
	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/inherit"
	"github.com/annoy-go/annoy/internal/mmap"
)

func init() {
	inherit.Of = func(index any) inherit.Bytes { return index.(*Index).bytes() }
	inherit.Take = func(b inherit.Bytes, path string, options any) (any, error) {
		return takeInherited(b, path, options.(*OpenOptions))
	}
}

// bytes tells where the index's bytes are.
func (ix *Index) bytes() inherit.Bytes {
	b := inherit.Bytes{Mapped: ix.file != nil && ix.file.Mapped()}
	switch backend := ix.backend.(type) {
	case *canopyIndex:
		b.Parts[0] = backend.data
	case *forestIndex:
		if b.Parts[0] = backend.im.Whole(); b.Parts[0] == nil {
			b.Parts[0], b.Parts[1] = backend.im.Bytes()
			b.Trees, b.Seed = backend.im.Trees, backend.seed
		}
	}
	return b
}

// takeInherited makes an index of the bytes of a process before this one.
func takeInherited(b inherit.Bytes, path string, o *OpenOptions) (*Index, error) {
	switch {
	case path != "":
		return openMapped(path, mmap.Borrow(b.Parts[0], b.Mapped), o)
	case len(b.Parts[1]) == 0:
		return Load(b.Parts[0], o)
	}
	l, err := annfile.NewLayout(o.Metric.stored(), o.Dim, DotReleased.stored())
	if err != nil {
		return nil, layoutError(err)
	}
	im, err := annfile.New(l, b.Parts[0], b.Parts[1], b.Trees)
	if err != nil {
		return nil, err
	}
	f := newForestIndex(im, o.Metric)
	f.seed = b.Seed
	return newIndex(f, o.Metric), nil
}
