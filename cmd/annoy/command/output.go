package command

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// printLine writes v as one line of JSON, without escapes for HTML: paths and
// messages stay as they are.
func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// result prints a verb's result: v with --json, else text unless --quiet.
func (e *env) result(v any, format string, args ...any) error {
	var err error
	switch {
	case e.json:
		err = printLine(e.stdout, v)
	case !e.quiet:
		_, err = fmt.Fprintf(e.stdout, format, args...)
	}
	return err
}

// jsonFloats are distances as JSON numbers, the shortest that give the same
// float32 back. An infinite distance, which two finite vectors of huge
// components can have, has no number in JSON and becomes null.
type jsonFloats []float32

func (f jsonFloats) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range f {
		if i > 0 {
			b = append(b, ',')
		}
		if x64 := float64(x); math.IsInf(x64, 0) || math.IsNaN(x64) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, float64(unsigned0(x)), 'g', -1, 32)
		}
	}
	return append(b, ']'), nil
}

// unsigned0 makes a zero of −0, a product's sign of nothing that readers would
// take for something.
func unsigned0(x float32) float32 {
	if x == 0 {
		return 0
	}
	return x
}

// byteSize gives n bytes in decimal units: 999 B, 1.0 kB, 24.1 MB.
func byteSize(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x, unit := float64(n)/1000, 0
	for x >= 999.95 && unit < 3 {
		x, unit = x/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", x, "kMGT"[unit])
}

// count gives n with its noun: 1 tree, 2 trees.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
