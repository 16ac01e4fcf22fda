package parquet

import (
	"os"

	"github.com/parquet-go/parquet-go"
)

// writeVectors writes a file of small pages and row groups; ids are even.
func writeVectors(path string, rows, dim int, at func(r, c int) float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := parquet.NewGenericWriter[vectors](f, parquet.PageBufferSize(64<<10), parquet.MaxRowsPerRowGroup(4000))
	row := vectors{Vec: make([]float32, dim)}
	for r := range rows {
		row.ID = int64(2 * r)
		for c := range row.Vec {
			row.Vec[c] = at(r, c)
		}
		if _, err := w.Write([]vectors{row}); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}
