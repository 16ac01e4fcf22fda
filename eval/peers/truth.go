package peers

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy/vecio"
)

// npyInts is the header of an npy file (version 1) of integers in rows, as NumPy writes it.
var npyInts = regexp.MustCompile(`^\{'descr': '<i([48])', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$`)

// readTruth reads rows of row numbers: an npy file of int32 or int64, or ivecs. They are small beside the base.
func readTruth(path string) ([][]int64, error) {
	if !strings.EqualFold(filepath.Ext(path), ".npy") {
		return readIvecs(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("annoy: %w", err)
	}
	const prefix = 10 // magic, version, length of the header
	wrong := fmt.Errorf("annoy: %s: want an npy file of int32 or int64 with two dimensions, in C order", path)
	if len(data) < prefix || string(data[:8]) != "\x93NUMPY\x01\x00" {
		return nil, wrong
	}
	end := prefix + int(binary.LittleEndian.Uint16(data[8:]))
	if end > len(data) {
		return nil, wrong
	}
	m := npyInts.FindSubmatch(data[prefix:end])
	if m == nil {
		return nil, wrong
	}
	size := int(m[1][0] - '0')
	rows, err1 := strconv.Atoi(string(m[2]))
	width, err2 := strconv.Atoi(string(m[3]))
	data = data[end:]
	if err1 != nil || err2 != nil || width < 1 || rows < 1 || len(data)/size/width != rows || len(data) != rows*width*size {
		return nil, fmt.Errorf("annoy: %s: %s rows of %s numbers in %d bytes", path, m[2], m[3], len(data))
	}
	ids := make([][]int64, rows)
	for i := range ids {
		ids[i] = make([]int64, width)
		for j := range ids[i] {
			if size == 4 {
				ids[i][j] = int64(int32(binary.LittleEndian.Uint32(data)))
			} else {
				ids[i][j] = int64(binary.LittleEndian.Uint64(data))
			}
			data = data[size:]
		}
	}
	return ids, nil
}

func readIvecs(path string) ([][]int64, error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Format() != vecio.Ivecs {
		return nil, fmt.Errorf("annoy: %s: exact neighbours are read from npy and ivecs", path)
	}
	var ids [][]int64
	v := make([]float32, r.Dim())
	for range r.Len() {
		if _, err := r.Next(v); err != nil {
			return nil, err
		}
		row := make([]int64, len(v))
		for i, x := range v {
			row[i] = int64(x)
		}
		ids = append(ids, row)
	}
	return ids, nil
}
