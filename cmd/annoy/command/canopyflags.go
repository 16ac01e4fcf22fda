package command

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// canopyExtension is what the name of a canopy ends in.
const canopyExtension = ".canopy"

// forestExtensions are those that users of Annoy give its files, or none.
var forestExtensions = []string{"", ".ann", ".annoy", ".idx", ".tree"}

// isCanopyFile tells the name of a canopy from that of a forest.
func isCanopyFile(path string) bool { return strings.EqualFold(filepath.Ext(path), canopyExtension) }

func kindChoice() *choice[annoy.Kind] {
	return &choice[annoy.Kind]{kind: "kind", values: []annoy.Kind{annoy.Canopy, annoy.Forest}}
}

// kindOf is the kind of the index to be written to out: that of --kind, or else that of the name, which must agree.
func kindOf(out string, asked *choice[annoy.Kind]) (annoy.Kind, error) {
	kind := annoy.Forest
	if isCanopyFile(out) {
		kind = annoy.Canopy
	}
	if asked.set && asked.value != kind {
		return kind, usagef("--kind %v: %s is the name of a %v; a canopy's ends in %s, any other is a forest's", asked.value, out, kind, canopyExtension)
	}
	return kind, nil
}

// warnOfExtension warns where a name has another extension than indexes have, and nobody said which kind is meant.
func (e *env) warnOfExtension(out string, asked *choice[annoy.Kind]) {
	ext := filepath.Ext(out)
	if asked.set || isCanopyFile(out) || slices.Contains(forestExtensions, strings.ToLower(ext)) {
		return
	}
	e.warn(fmt.Sprintf("%s: %s is no extension of an index, so this is a forest; a canopy's is %s, and --kind forest says that a forest is meant",
		out, ext, canopyExtension))
}

// canopyFlags are what only a canopy can be built with.
type canopyFlags struct {
	shape     *choice[annoy.Shape]
	rows      *choice[annoy.Rows]
	calibrate string
	maxMemory byteCount
	metadata  string
}

func (f *canopyFlags) register(cmd *cobra.Command) {
	f.shape = &choice[annoy.Shape]{kind: "shape", values: []annoy.Shape{annoy.ShapeAuto, annoy.One4, annoy.One8, annoy.Two8}}
	f.rows = &choice[annoy.Rows]{kind: "rows", values: []annoy.Rows{
		annoy.RowsAuto, annoy.RowsFloat32, annoy.RowsFloat16, annoy.RowsInt8, annoy.RowsUint8,
	}}
	f.shape.register(cmd, "shape", "canopy: leaves for each vector and dimensions for 4 bits of its code (default auto: by trial)")
	f.rows.register(cmd, "rows", "canopy: type of the components that it keeps (default auto: the narrowest that loses nothing; others may round)")
	fl := cmd.Flags()
	fl.StringVar(&f.calibrate, "calibrate", "", "canopy: by how many of its items it is calibrated (default 1000; 0: not), or a file of queries")
	fl.Var(&f.maxMemory, "max-memory", "canopy: build in the file, within about so much memory, such as 500MB or 2GiB")
	fl.StringVar(&f.metadata, "metadata", "", "canopy: a file to keep in the index")
}

// given names those of the flags that the command line has, "" for none.
func (f *canopyFlags) given(cmd *cobra.Command) string {
	for _, name := range []string{"shape", "rows", "calibrate", "max-memory", "metadata"} {
		if cmd.Flags().Changed(name) {
			return "--" + name
		}
	}
	return ""
}

// options fills in the options of a canopy. What is read from files is read here.
func (f *canopyFlags) options(ctx context.Context, o *annoy.BuildOptions) error {
	o.Shape, o.Rows, o.MaxMemory = f.shape.value, f.rows.value, int64(f.maxMemory)
	if f.metadata != "" {
		data, err := os.ReadFile(f.metadata)
		if err != nil {
			return fmt.Errorf("annoy: --metadata: %w", err)
		}
		o.Metadata = data
	}
	if f.calibrate == "" {
		return nil
	}
	n, err := strconv.Atoi(f.calibrate)
	switch {
	case err != nil && isVectorFile(f.calibrate):
		o.CalibrationQueries, err = readQueries(ctx, f.calibrate, &tableFlags{})
		return err
	case err != nil || n < 0:
		return usagef("--calibrate %s: want the number of items to calibrate by, or a file of query vectors", f.calibrate)
	case n == 0:
		n = -1
	}
	o.Calibrate = n
	return nil
}

// byteCount is a flag of a number of bytes, with a unit or without: 500MB, 2GiB, 1.5G. It is a pflag.Value.
type byteCount int64

var byteUnits = []string{"", "k", "m", "g", "t"}

func (b *byteCount) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteCount) Type() string { return "size" }

func (b *byteCount) Set(s string) error {
	number := strings.TrimRight(s, "BKMGTIbkmgti")
	unit := strings.ToLower(s[len(number):]) // B, k, MB, GiB
	unit, binary := strings.CutSuffix(strings.TrimSuffix(unit, "b"), "i")
	power, base := slices.Index(byteUnits, unit), 1000.0
	if binary {
		base = 1024
	}
	x, err := strconv.ParseFloat(number, 64)
	if x *= math.Pow(base, float64(power)); err != nil || power < 0 || !(x >= 1 && x < math.MaxInt64) {
		return fmt.Errorf("must be a number of bytes, such as 500MB or 2GiB")
	}
	*b = byteCount(x)
	return nil
}
