package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/bench/made"
)

// source is a set by its files.
type source struct {
	name, title, about   string
	metric               annoy.Metric
	base, queries, truth string // truth "": computed
	calibration          string // a file of queries, of which the first calibrationRows are the sample; "": the base's own
	// prepare makes the files that do not lie ready; nil: all do.
	prepare func() error
}

const (
	// calibrationRows is how many queries of another distribution are for calibration; nothing is measured on them.
	calibrationRows = 1000
	// The tutorial case, the same in every run.
	uniformRows, uniformQueries, uniformDim, uniformSeed = 100_000, 1000, 1536, 0x756e69
	// The large case.
	clustersRows, clustersQueries, clustersDim, clustersCentres, clustersSeed = 10_000_000, 2000, 32, 10_000, 0x636c75
)

// sourcesOf are all sets, in the order of a run and of the page.
func sourcesOf(c *config) []*source {
	data := func(names ...string) string { return filepath.Join(append([]string{c.data}, names...)...) }
	ours := func(name string) string { return filepath.Join(c.made, name) }
	all := []*source{
		{
			name: "sift", title: "SIFT", metric: annoy.Euclidean,
			about: "Descriptors of photographs; the queries are of photographs that gave nothing to the base.",
			base:  data("sift", "base_u8.npy"), queries: data("sift", "query_u8.npy"), truth: data("sift", "gt_ids.npy"),
		},
		{
			name: "gloss", title: "Definitions", metric: annoy.Angular,
			about: "Sentence embeddings (all-MiniLM-L6-v2) of the definitions of WordNet 3.0; the queries are definitions held out.",
			base:  data("gloss", "base_f16.npy"), queries: data("gloss", "query_f16.npy"), truth: data("gloss", "gt_ids.npy"),
		},
		{
			name: "gloss-usage", title: "Definitions, asked with example sentences", metric: annoy.Angular,
			about: "The same base; the queries are example sentences: **another distribution than the base**, as questions are against " +
				"documents. The first 1000 of them are the calibration sample, the others are asked.",
			base: data("gloss", "base_f16.npy"), queries: ours("usage-queries.npy"), truth: ours("usage-truth.npy"),
			calibration: data("gloss", "usage_f16.npy"),
		},
		{
			name: "fashion", title: "Fashion-MNIST", metric: annoy.Euclidean,
			about: "Pictures of clothes, a byte a pixel; the queries are its test pictures.",
			base:  ours("fashion-base.npy"), queries: ours("fashion-queries.npy"),
		},
		{
			name: "sift-manhattan", title: "SIFT, Manhattan", metric: annoy.Manhattan,
			about: "SIFT by Manhattan distance.",
			base:  data("sift", "base_u8.npy"), queries: data("sift", "query_u8.npy"),
		},
		{
			name: "gloss-signs", title: "Sign bits of the definitions, Hamming", metric: annoy.Hamming,
			about: "Which components of the definitions' embeddings are positive, by Hamming distance.",
			base:  ours("signs-base.npy"), queries: ours("signs-queries.npy"),
		},
		{
			name: "uniform", title: "Uniform random numbers", metric: annoy.Angular,
			about: "Independent numbers from [0, 1): what tutorials index, and what no index does well on.",
			base:  ours("uniform-base.npy"), queries: ours("uniform-queries.npy"),
		},
		{
			name: "clusters", title: "Ten million", metric: annoy.Euclidean,
			about: "Float32 around 10,000 centres, which no narrower type holds.",
			base:  ours("clusters-base.npy"), queries: ours("clusters-queries.npy"),
		},
	}
	of := func(name string) *source {
		return all[slices.IndexFunc(all, func(s *source) bool { return s.name == name })]
	}
	usage, signs, uniform, clusters := of("gloss-usage"), of("gloss-signs"), of("uniform"), of("clusters")
	clusters.prepare = func() error {
		return errors.Join(
			once(clusters.base, func(out string) error {
				return made.Clusters(clustersRows, clustersDim, clustersCentres, clustersSeed, out)
			}),
			once(clusters.queries, func(out string) error {
				return made.Clusters(clustersQueries, clustersDim, clustersCentres, clustersSeed+1, out)
			}),
		)
	}
	usage.prepare = func() error {
		return errors.Join(
			once(usage.queries, func(out string) error { return made.Rows(usage.calibration, calibrationRows, out) }),
			once(usage.truth, func(out string) error { return made.Rows(data("gloss", "usage_gt_ids.npy"), calibrationRows, out) }),
		)
	}
	signs.prepare = func() error {
		return errors.Join(
			once(signs.base, func(out string) error { return made.Signs(of("gloss").base, out) }),
			once(signs.queries, func(out string) error { return made.Signs(of("gloss").queries, out) }),
		)
	}
	uniform.prepare = func() error {
		return errors.Join(
			once(uniform.base, func(out string) error { return made.Uniform(uniformRows, uniformDim, uniformSeed, out) }),
			once(uniform.queries, func(out string) error { return made.Uniform(uniformQueries, uniformDim, uniformSeed+1, out) }),
		)
	}
	fashion := of("fashion")
	fashion.prepare = func() error {
		if _, err := os.Stat(filepath.Join(c.fashion, made.FashionTraining)); err != nil {
			return &absentError{fmt.Sprintf("%s does not have its files: install Debian's package dataset-fashion-mnist, or name their "+
				"folder with -fashion", c.fashion)}
		}
		return once(fashion.queries, func(string) error { return made.Fashion(c.fashion, fashion.base, fashion.queries) })
	}
	return all
}

// once makes a file where it is not there.
func once(path string, create func(path string) error) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	return err
}

func setNames() (names []string) {
	for _, s := range sourcesOf(&config{}) {
		names = append(names, s.name)
	}
	return names
}

func dataFolder() string {
	if folder := os.Getenv("ANNOY_DATA"); folder != "" {
		return folder
	}
	return filepath.Join("..", "shared", "data")
}

func fashionFolder() string {
	if folder := os.Getenv("FASHION_MNIST"); folder != "" {
		return folder
	}
	return "/usr/share/datasets/fashion-mnist"
}

// absentError says that a set is not here, and what would bring it.
type absentError struct{ text string }

func (e *absentError) Error() string { return e.text }

// ready makes the set's files where that is due.
func (s *source) ready(c *config) error {
	if s.prepare != nil {
		if err := os.MkdirAll(c.made, 0o755); err != nil {
			return err
		}
		if err := s.prepare(); err != nil {
			return err
		}
	}
	for _, path := range []string{s.base, s.queries} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return &absentError{path + " is not there: set ANNOY_DATA to the folder that has sift and gloss"}
		} else if err != nil {
			return err
		}
	}
	return nil
}
