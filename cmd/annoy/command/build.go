package command

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
)

// cancelRows is how many rows a loop takes between two looks at its context.
const cancelRows = 1024

type buildFlags struct {
	out     string
	kind    *choice[annoy.Kind]
	metric  metricFlag
	dialect *choice[annoy.DotDialect]
	trees   int
	canopy  canopyFlags
	ids     string
	keys    string
	seed    uint64
	workers int
	onDisk  bool
	vectors vectorFlags
}

// buildResult is what build prints with --json.
type buildResult struct {
	Path    string     `json:"path"`
	Kind    annoy.Kind `json:"kind"`
	Metric  string     `json:"metric"`
	Dim     int        `json:"dim"`
	Items   int        `json:"items"`
	Holes   int        `json:"holes"`
	Trees   int        `json:"trees"`  // 0 of a canopy
	Leaves  int        `json:"leaves"` // this and the rest: 0 and "" of a forest
	Shape   string     `json:"shape,omitempty"`
	Rows    string     `json:"rows,omitempty"`
	Bytes   int64      `json:"bytes"`
	Seconds float64    `json:"seconds"`
}

// builtOf is the result of building the index of these stats.
func builtOf(path string, s annoy.Stats, start time.Time) buildResult {
	r := buildResult{
		Path: path, Kind: s.Kind, Metric: s.Metric.String(), Dim: s.Dim, Items: s.Items - s.Holes, Holes: s.Holes,
		Trees: s.Trees, Bytes: s.Bytes, Seconds: time.Since(start).Seconds(),
	}
	if c := s.Canopy; c != nil {
		r.Leaves, r.Shape, r.Rows = c.Leaves, c.Shape.String(), c.Rows.String()
	}
	return r
}

// summary is the result in words.
func (r *buildResult) summary() string {
	holes, parts := "", count(r.Trees, "tree")
	if r.Holes > 0 {
		holes = fmt.Sprintf(" (and %s)", count(r.Holes, "unused id"))
	}
	if r.Kind == annoy.Canopy {
		parts = fmt.Sprintf("canopy of %s, shape %s, rows of %s", quantity(r.Leaves, "leaf", "leaves"), r.Shape, r.Rows)
	}
	return fmt.Sprintf("%s: %s%s of dimension %d, %s, %s, %s, built in %.2f s",
		r.Path, count(r.Items, "item"), holes, r.Dim, r.Metric, parts, byteSize(r.Bytes), r.Seconds)
}

func newBuild(e *env) *cobra.Command {
	f := &buildFlags{dialect: dialectChoice(), kind: kindChoice()}
	cmd := &cobra.Command{
		Use:   "build VECTORS -o INDEX",
		Short: "Build an index from a vector file",
		Long: `Build an index from the vectors of a file: npy, fvecs, bvecs, ivecs, fbin,
u8bin, jsonl, csv, tsv, npz, hdf5 or parquet, told by its extension or by
--format. Text may be compressed: .csv.gz, .jsonl.zst. The file "-" is standard
input.

The name of INDEX says which kind it is. NAME.canopy is a canopy: the faster
kind, which is asked for a recall rather than for an effort. Any other name is a
forest, the kind and the file of Spotify's Annoy; beside it, INDEX.meta keeps
what its format cannot say (dimension, metric, …): keep them together.

A row's id is its number, from 0, unless the file has ids of its own: a column
of csv, tsv or parquet, or a field of JSON lines, that is called id, in any case,
or named by --id-column; or --ids gives them. Integers are ids. Text, such as
{"id": "doc-a", "vector": […]}, makes keys, for a canopy, as --keys does: names
that queries print and --key looks up; --key-column makes them of numbers too.
Other columns of csv are components: --skip-columns leaves out those that are
not. Of rows with the same id or key the last is kept.

The ids of a forest should be dense: it takes room for every number up to the
largest. A canopy takes any from 0 to 2⁶³−1.

A forest of more trees answers better and takes more room and time. A canopy is
calibrated by some of its own items; where queries will be unlike those, give
--calibrate a file of queries. The same vectors, options and seed give the same
bytes, whatever the number of workers.

Without --on-disk or --max-memory the vectors are held in memory; with either,
vectors and index go to files.`,
		Example: `  annoy build vectors.npy -o vectors.canopy --metric angular
  annoy build vectors.npy -o vectors.ann --metric angular --trees 50
  annoy build base.fvecs -o base.canopy --metric euclidean --max-memory 2GiB
  annoy build texts.npy -o texts.canopy --keys names.txt --calibrate questions.npy
  annoy build part.csv -o part.ann --ids part-ids.txt --metric dot
  annoy build docs.csv.gz -o docs.canopy --key-column url --skip-columns title
  annoy build docs.jsonl -o docs.canopy --vector-field embedding
  xzcat vectors.csv.xz | annoy build - --format csv -o vectors.ann`,
		Args:              exactArgs("VECTORS"),
		ValidArgsFunction: completeVectors,
		RunE:              func(cmd *cobra.Command, args []string) error { return runBuild(cmd, e, f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.out, "output", "o", "", "the index to write (required)")
	f.metric.register(cmd)
	f.kind.register(cmd, "kind", "kind of index, which the name of INDEX must agree with")
	fl.IntVar(&f.trees, "trees", -1, "forest: number of trees; -1: as many as there are until nodes outnumber items two to one")
	f.canopy.register(cmd)
	fl.StringVar(&f.ids, "ids", "", "file with the id of each row, one a line")
	fl.StringVar(&f.keys, "keys", "", "canopy: file with the name of each row, one a line")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of the random choices; 0: Annoy's default")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that build; 0: one for each core")
	fl.BoolVar(&f.onDisk, "on-disk", false, "build in the file, for vectors that do not fit in memory")
	f.vectors.register(cmd, "VECTORS", true)
	f.dialect.register(cmd, "dot-dialect", "forest: which Annoy reads a dot index, 1.x releases (the default) or its main branch")
	return cmd
}

func (f *buildFlags) validate(cmd *cobra.Command, kind annoy.Kind, vectors string) error {
	canopyFlag := f.canopy.given(cmd)
	if canopyFlag == "" && f.keys != "" {
		canopyFlag = "--keys"
	}
	switch {
	case f.out == "":
		return usagef("missing -o INDEX, the file to write")
	case kind == annoy.Forest && canopyFlag != "":
		return usagef("%s is for a canopy, and %s is the name of a forest; a canopy's ends in %s", canopyFlag, f.out, canopyExtension)
	case kind == annoy.Canopy && cmd.Flags().Changed("trees"):
		return usagef("--trees is for a forest, and %s is the name of a canopy", f.out)
	case kind == annoy.Canopy && f.dialect.set:
		return usagef("--dot-dialect is for a forest, and %s is the name of a canopy", f.out)
	case f.keys != "" && (f.ids != "" || f.vectors.idColumn != "" || f.vectors.keyColumn != ""):
		return usagef("--keys excludes --ids, --id-column and --key-column: rows are named once")
	case isVectorFile(f.out):
		return usagef("%s is the name of a vector file; call the index %s.ann, say",
			f.out, strings.TrimSuffix(f.out, filepath.Ext(f.out)))
	case f.trees < -1:
		return usagef("--trees must be -1 or more, not %d", f.trees)
	case f.workers < 0:
		return usagef("--workers must be 0 or more, not %d", f.workers)
	case f.dialect.set && f.metric.value != annoy.Dot:
		return usagef("--dot-dialect is for --metric dot, not %v", f.metric.value)
	}
	inputs := []string{vectors, f.ids, f.keys, f.canopy.metadata}
	if isVectorFile(f.canopy.calibrate) {
		inputs = append(inputs, f.canopy.calibrate)
	}
	return checkIndexOutput(f.out, inputs...)
}

func runBuild(cmd *cobra.Command, e *env, f *buildFlags, path string) error {
	start := time.Now()
	var tellMetric []string
	if format, err := f.vectors.formatOf(path); err == nil && format == hdf5Format && path != stdinPath {
		tellMetric = append(tellMetric, path)
	}
	if err := f.metric.settle(e, tellMetric...); err != nil {
		return err
	}
	kind, err := kindOf(f.out, f.kind)
	if err != nil {
		return err
	}
	if err := f.validate(cmd, kind, path); err != nil {
		return err
	}
	e.warnOfExtension(f.out, f.kind)
	file, err := f.vectors.open(path, f.ids)
	if err != nil {
		return err
	}
	defer file.close()
	var src annoy.Source = file
	named := file.path // by which rows are called what they are
	if f.keys != "" {
		keyed, err := withKeys(file, f.keys)
		if err != nil {
			return err
		}
		defer keyed.close()
		src, named = keyed, f.keys
	} else if kind == annoy.Forest && file.HasKeys() {
		return usagef("%s has keys, which a forest does not keep: name INDEX as a canopy, in %s, or leave the column out with --skip-columns",
			file.path, canopyExtension)
	}
	stats, err := f.build(cmd.Context(), e, src, file.path, kind)
	if err != nil {
		return err
	}
	if items := stats.Items - stats.Holes; items < file.rows {
		what := "id"
		if f.keys != "" || file.HasKeys() {
			what = "name"
		}
		e.warn(fmt.Sprintf("%s: %s have %s: of rows with the same %s the last is kept",
			named, count(file.rows, "row"), count(items, what), what))
	}
	r := builtOf(f.out, stats, start)
	return e.result(r, "%s\n", r.summary())
}

// build builds an index of src, which errors call path.
func (f *buildFlags) build(ctx context.Context, e *env, src annoy.Source, path string, kind annoy.Kind) (annoy.Stats, error) {
	bar := e.newProgress()
	defer bar.stop()
	o := &annoy.BuildOptions{
		Kind: kind, Seed: f.seed, Workers: f.workers, Progress: bar.report, DotDialect: f.dialect.value, Warn: e.warn,
	}
	if kind == annoy.Forest {
		o.Trees = f.trees
	} else if err := f.canopy.options(ctx, o); err != nil {
		return annoy.Stats{}, err
	}
	if !f.onDisk && f.canopy.maxMemory == 0 {
		return buildInMemory(ctx, e, src, path, f, o, bar)
	}
	stats, err := annoy.BuildFile(ctx, src, f.metric.value, f.out, o)
	if err != nil && !strings.Contains(err.Error(), f.out) {
		err = inFile(path, err)
	}
	return stats, err
}

// buildInMemory reads all of src, builds and saves. The file is written in
// one step at the end, so that whatever fails before leaves nothing.
func buildInMemory(
	ctx context.Context, e *env, src annoy.Source, path string, f *buildFlags, o *annoy.BuildOptions, bar *progress,
) (annoy.Stats, error) {
	b, err := annoy.NewBuilder(src.Dim(), f.metric.value, &annoy.BuilderOptions{
		DotDialect: f.dialect.value, Items: max(0, src.Len()), Warn: e.warn,
	})
	if err != nil {
		return annoy.Stats{}, err
	}
	defer b.Close()
	keyed, _ := src.(annoy.KeySource)
	if keyed != nil && !keyed.HasKeys() {
		keyed = nil
	}
	v := make([]float32, src.Dim())
	for row := int64(0); ; row++ {
		if row%cancelRows == 0 {
			if err := ctx.Err(); err != nil {
				return annoy.Stats{}, err
			}
			bar.update("read", row, int64(src.Len()))
		}
		id, err := src.Next(v)
		if err == io.EOF {
			break
		}
		if err != nil {
			return annoy.Stats{}, err
		}
		switch {
		case keyed != nil:
			err = b.AddKey(keyed.Key(), v)
		case id > math.MaxInt || o.Kind == annoy.Forest && id > math.MaxInt32:
			err = fmt.Errorf("id %d: %w", id, stripPrefix{annoy.ErrTooLarge})
		default:
			err = b.Add(int(id), v)
		}
		if err != nil {
			return annoy.Stats{}, fmt.Errorf("annoy: %s: row %d: %w", path, row, stripPrefix{err})
		}
	}
	ix, err := b.Build(ctx, o)
	if err != nil {
		return annoy.Stats{}, err
	}
	defer ix.Close()
	if err := ctx.Err(); err != nil {
		return annoy.Stats{}, err
	}
	bar.stop()
	if err := ix.Save(f.out); err != nil {
		return annoy.Stats{}, err
	}
	e.warnOf(ix)
	return ix.Stats()
}
