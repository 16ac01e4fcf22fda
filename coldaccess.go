package annoy

import (
	"github.com/annoy-go/annoy/internal/canopy"
	"github.com/annoy-go/annoy/internal/mmap"
)

// coldFrom makes searches read the rows that they measure from the file, and asks for all that a search will read before
// it waits for the first of it.
func (c *canopyIndex) coldFrom(file *mmap.Map) {
	at := c.ix.RowsAt()
	c.cold = &canopy.FixedRerank{From: file.File(), Offset: at}
	if !file.Mapped() {
		return // it has been read
	}
	fd := file.File().Fd() // open as long as the index is
	c.cold.Ahead = func(at, n int64) { mmap.FileAhead(fd, at, n) }
	c.cold.Codes = mmap.ReadAhead
	adviseSearches(file, at)
}

// adviseSearches prepares the mapping of a canopy for searches of a file that may be larger than memory. All before the
// rows, of which every search reads some, is asked for at once, and stays in memory if the system has room for it. From
// then on a page fault reads one page: what the system reads around it by itself, megabytes perhaps, drops for what nobody
// asked for what is needed.
func adviseSearches(file *mmap.Map, rowsAt int64) {
	if file.Mapped() {
		mmap.Scatter(file.Bytes())
		mmap.ReadAhead(file.Bytes()[:rowsAt])
	}
}
