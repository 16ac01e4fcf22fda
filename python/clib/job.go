//go:build clib

package main

// #include "annoyclib.h"
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/cgo"
	"sync/atomic"
	"time"

	"github.com/annoy-go/annoy"
)

// job is work on a goroutine of its own, for which C waits a while at a time: between, Python looks at its signals.
type job struct {
	cancel      context.CancelFunc
	ended       chan struct{}
	err         error
	object      *object // whose warnings are told at the end; nil for none
	done, total atomic.Int64
}

func start(do func(ctx context.Context, j *job) error) C.uintptr_t {
	j := &job{ended: make(chan struct{})}
	var ctx context.Context
	ctx, j.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(j.ended)
		j.err = protect(func() error { return do(ctx, j) })
	}()
	return C.uintptr_t(cgo.NewHandle(j))
}

// annoy_wait waits for a job for some milliseconds. Unless it returns ANNOY_RUNNING the job is over and its handle gone.
//
//export annoy_wait
func annoy_wait(h C.uintptr_t, milliseconds C.int64_t, done, total *C.int64_t, e *C.annoy_error) C.int32_t {
	var j *job
	ended := false
	err := protect(func() error {
		j = cgo.Handle(h).Value().(*job)
		ended = j.wait(time.Duration(milliseconds) * time.Millisecond)
		*done, *total = C.int64_t(j.done.Load()), C.int64_t(j.total.Load())
		if ended {
			cgo.Handle(h).Delete()
		}
		return nil
	})
	switch {
	case err != nil:
		return report(e, err)
	case !ended:
		return C.ANNOY_RUNNING
	case j.object != nil:
		return warned(e, j.object, func() error { return j.err })
	}
	return report(e, j.err)
}

// wait waits for the end, but not for longer than d.
func (j *job) wait(d time.Duration) (ended bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-j.ended:
		j.cancel()
		return true
	case <-timer.C:
		return false
	}
}

// annoy_cancel asks a job to end; annoy_wait still has to be called until it has.
//
//export annoy_cancel
func annoy_cancel(h C.uintptr_t) {
	_ = protect(func() error { cgo.Handle(h).Value().(*job).cancel(); return nil })
}

// buildOptions are those of annoy_build, as JSON.
type buildOptions struct {
	Trees     int         `json:"trees"`
	Jobs      int         `json:"jobs"`
	Seed      uint64      `json:"seed"`
	Shape     annoy.Shape `json:"shape"`
	Rows      annoy.Rows  `json:"rows"`
	Calibrate int         `json:"calibrate"`
	MaxMemory int64       `json:"max_memory"`
	Metadata  []byte      `json:"metadata"`
}

// annoy_build starts a build with options as JSON; queries, to calibrate by, may be NULL.
//
//export annoy_build
func annoy_build(h C.uintptr_t, options *C.char, queries *C.annoy_rows, out *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		o := objectOf(h)
		var from buildOptions
		if err := json.Unmarshal([]byte(C.GoString(options)), &from); err != nil {
			return valueError("%v", err)
		}
		build := &annoy.BuildOptions{
			Kind: annoy.Canopy, Trees: from.Trees, Workers: max(0, from.Jobs), Seed: from.Seed, Shape: from.Shape, Rows: from.Rows,
			Calibrate: from.Calibrate, MaxMemory: from.MaxMemory, Metadata: from.Metadata,
		}
		if !o.canopy {
			build.Kind, build.Seed = annoy.Forest, o.seed.Load()
		}
		if queries != nil {
			m, err := matrixOf(queries, o.dim)
			if err != nil {
				return err
			}
			for i := range m.count {
				build.CalibrationQueries = append(build.CalibrationQueries, m.row(i))
			}
		}
		if err := o.startBuild(); err != nil {
			return err
		}
		*out = start(func(ctx context.Context, j *job) error {
			j.object = o
			return o.build(ctx, j, build)
		})
		return nil
	})
}

// startBuild makes the object busy, if it can be built.
func (o *object) startBuild() error {
	return o.change(func() error {
		switch {
		case o.builder == nil:
			return state("You can't build a loaded index")
		case o.index.Load() != nil:
			return state("You can't build a built index")
		}
		o.busy = true
		return nil
	})
}

// build builds the index. The builder is this goroutine's alone: the object is busy.
func (o *object) build(ctx context.Context, j *job, options *annoy.BuildOptions) error {
	defer func() {
		o.mu.Lock()
		o.busy = false
		o.mu.Unlock()
	}()
	options.Progress = j.follow(o.verbose.Load())
	ix, err := o.builder.Build(ctx, options)
	if err != nil {
		return err
	}
	o.index.Store(ix)
	return nil
}

// follow keeps how far a build is, and says it on standard error where it is to be verbose, as Annoy does.
func (j *job) follow(verbose bool) func(annoy.Progress) {
	told := -1
	return func(p annoy.Progress) {
		j.done.Store(p.Done)
		j.total.Store(p.Total)
		if !verbose {
			return
		}
		switch {
		case p.Trees != -1 && p.Tree != told:
			told = p.Tree
			fmt.Fprintf(os.Stderr, "annoy: %d of %d trees\n", p.Tree, p.Trees)
		case p.Trees == -1:
			fmt.Fprintf(os.Stderr, "annoy: %s: %d of %d\n", p.Stage, p.Done, p.Total)
		}
	}
}

// annoy_verify starts to prove the whole index.
//
//export annoy_verify
func annoy_verify(h C.uintptr_t, out *C.uintptr_t, e *C.annoy_error) C.int32_t {
	return call(e, func() error {
		ix := objectOf(h).index.Load()
		if ix == nil {
			return valueError("annoy: there is no index to verify: call build() or open one")
		}
		*out = start(func(ctx context.Context, j *job) error {
			return asOS(ix.VerifyWith(ctx, &annoy.VerifyOptions{Progress: j.follow(false)}))
		})
		return nil
	})
}
