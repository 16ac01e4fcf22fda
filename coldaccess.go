package annoy

import (
	"errors"
	"io"

	"github.com/annoy-go/annoy/internal/canopy"
	"github.com/annoy-go/annoy/internal/mmap"
)

// coldFrom makes searches read the rows that they measure from the file. All before the rows, of which every search
// reads some, is asked for at once, and stays in memory if the system has room for it.
func (c *canopyIndex) coldFrom(file *mmap.Map) {
	at := c.ix.RowsAt()
	c.cold = &canopy.FixedRerank{From: cutShort{file.File(), int64(len(c.data))}, Offset: at}
	mmap.ReadAhead(c.data[:at])
}

// cutShort makes of the end of a file where there was none the corruption that it is, as a page fault would be.
type cutShort struct {
	from io.ReaderAt
	size int64 // that the file had
}

func (f cutShort) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.from.ReadAt(p, at)
	if errors.Is(err, io.EOF) && at+int64(len(p)) <= f.size && n < len(p) {
		err = &CorruptError{Offset: at + int64(n), Reason: "the file was cut short after it was opened"}
	}
	return n, err
}
