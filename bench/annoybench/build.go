package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
)

// builds are the figures of building one forest. Ratios above 1 are in this library's favour.
type builds struct {
	Ours1     buildFigures `json:"ours_1_worker"`
	OursN     buildFigures `json:"ours_n_workers"`
	Annoy     buildFigures `json:"annoy_n_jobs_1"`
	Workers   int          `json:"n_workers"`
	RatioCPU  figure       `json:"ratio_1_worker_cpu"`  // Annoy's CPU time / ours with 1 worker
	RatioWall figure       `json:"ratio_1_worker_wall"` // the same of wall time
	RatioN    figure       `json:"ratio_n_workers"`     // our wall time with 1 worker / with n
	OursAdd   figure       `json:"ours_add_cpu"`
	AnnoyAdd  figure       `json:"annoy_add_cpu"` // through Python, from lists
	OursSize  int64        `json:"ours_bytes"`
	AnnoySize int64        `json:"annoy_bytes"`
}

// buildFigures are seconds.
type buildFigures struct {
	CPU  figure `json:"cpu"`
	Wall figure `json:"wall"`
}

// times collects the rounds of one kind of build.
type times struct{ cpu, wall, add []float64 }

func (t *times) took(b buildTimes) {
	t.cpu, t.wall, t.add = append(t.cpu, b.CPU), append(t.wall, b.Wall), append(t.add, b.AddCPU)
}

func (t *times) figures() buildFigures { return buildFigures{figureOf(t.cpu), figureOf(t.wall)} }

// measureBuilds builds in turns, the order reversed every other round, and leaves the last indexes in the two files.
func measureBuilds(ctx context.Context, c *config, w *worker, set *dataset, trees int, oursPath, annoyPath string) (*builds, error) {
	var ours1, oursN, annoys times
	for round := range c.buildRounds {
		last := round == c.buildRounds-1
		buildAnnoy := func() error {
			progress("%s, %d trees: build round %d of %d: annoy", set.name, trees, round+1, c.buildRounds)
			t, err := w.build(set, trees, only(last, annoyPath))
			annoys.took(t)
			return err
		}
		steps := []func() error{buildAnnoy, func() error {
			progress("%s, %d trees: build round %d of %d: ours", set.name, trees, round+1, c.buildRounds)
			return buildBoth(ctx, c, set, trees, only(last, oursPath), &ours1, &oursN)
		}}
		for i := range steps {
			if err := steps[(i+round)%2](); err != nil {
				return nil, err
			}
		}
	}
	b := &builds{
		Ours1: ours1.figures(), OursN: oursN.figures(), Annoy: annoys.figures(), Workers: c.workers,
		RatioCPU: ratios(annoys.cpu, ours1.cpu), RatioWall: ratios(annoys.wall, ours1.wall), RatioN: ratios(ours1.wall, oursN.wall),
		OursAdd: figureOf(ours1.add), AnnoyAdd: figureOf(annoys.add),
	}
	for path, size := range map[string]*int64{oursPath: &b.OursSize, annoyPath: &b.AnnoySize} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		*size = info.Size()
	}
	return b, nil
}

// buildBoth builds with one worker and with c.workers of the same builder.
func buildBoth(ctx context.Context, c *config, set *dataset, trees int, save string, one, many *times) error {
	b, added, err := addOurs(set)
	if err != nil {
		return err
	}
	defer debug.FreeOSMemory()
	defer b.Close()
	t, err := buildOurs(ctx, b, trees, 1, save)
	if err != nil {
		return fmt.Errorf("1 worker: %w", err)
	}
	t.AddCPU = added.AddCPU
	one.took(t)
	if t, err = buildOurs(ctx, b, trees, c.workers, ""); err != nil {
		return fmt.Errorf("%d workers: %w", c.workers, err)
	}
	many.took(t)
	return nil
}

func only(when bool, path string) string {
	if when {
		return path
	}
	return ""
}
