package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/eval"
)

// plan is what to measure. It settles k where only a sweep says what that is.
func (f *evalFlags) plan(cmd *cobra.Command) (plan eval.Plan, err error) {
	plan.Recalls = slices.Clone(f.recalls)
	if f.measuresDefault() {
		plan.Recalls = defaultRecalls
	}
	for _, r := range plan.Recalls {
		if !(r > 0 && r <= 1) {
			return plan, usagef("--recall %v: want more than 0 and at most 1", r)
		}
	}
	if f.sweep == "" {
		if f.searchK != 0 {
			return plan, usagef("--search-k is for --sweep k=… and threads=…; --sweep search_k=%d measures there", f.searchK)
		}
		return f.gate.add(cmd, plan)
	}
	if list, ok := strings.CutPrefix(f.sweep, eval.AskedRecall+"="); ok {
		if f.searchK != 0 {
			return plan, usagef("--search-k is for --sweep k=… and threads=…: with --sweep %s the index chooses it", f.sweep)
		}
		if plan.Asked, err = parseRecalls(f.sweep, list); err != nil {
			return plan, err
		}
		return f.gate.add(cmd, plan)
	}
	sweep, err := parseSweep(f.sweep)
	if err != nil {
		return plan, err
	}
	plan.Sweeps = []eval.Sweep{sweep}
	if err := f.checkFixed(cmd, sweep.Parameter); err != nil {
		return plan, err
	}
	if sweep.Parameter.Name == eval.K.Name && f.sweepAlone() {
		f.k = slices.Max(sweep.Values)
	}
	return f.gate.add(cmd, plan)
}

// measuresDefault: no flag says what to measure.
func (f *evalFlags) measuresDefault() bool { return f.sweep == "" && f.sweepAlone() }

// sweepAlone: nothing is measured but the sweep.
func (f *evalFlags) sweepAlone() bool { return len(f.recalls) == 0 && f.gate.at == "" }

// fixedFlags are the flags that fix a parameter.
var fixedFlags = map[string]string{eval.SearchK.Name: "search-k", eval.K.Name: "neighbors", eval.Threads.Name: "threads"}

// checkFixed finds a flag that fixes what is swept. -k and --threads may: they are then for --recall and --at.
func (f *evalFlags) checkFixed(cmd *cobra.Command, swept eval.Parameter) error {
	flag := fixedFlags[swept.Name]
	if !cmd.Flags().Changed(flag) || swept.Name != eval.SearchK.Name && !f.sweepAlone() {
		return nil
	}
	return usagef("--sweep %s and --%s exclude each other", f.sweep, flag)
}

// largestK is the most neighbours that a plan asks for.
func (f *evalFlags) largestK(plan eval.Plan) int {
	most := f.k
	for _, s := range plan.Sweeps {
		if s.Parameter.Name == eval.K.Name {
			most = max(most, slices.Max(s.Values))
		}
	}
	return most
}

// parseSweep reads search_k=1,2,3 or k=1..100, whose values double up to the
// last, which is among them.
func parseSweep(s string) (eval.Sweep, error) {
	name, list, ok := strings.Cut(s, "=")
	all := eval.Parameters()
	i := slices.IndexFunc(all, func(p eval.Parameter) bool { return p.Name == name })
	switch {
	case name == "trees" || name == "n_trees":
		return eval.Sweep{}, usagef("--sweep %s: trees are built, not searched with: 'annoy compare --trees' measures indexes of other numbers", s)
	case !ok || i < 0:
		return eval.Sweep{}, usagef("--sweep %s: want NAME=LIST or NAME=FROM..TO, of search_k, k or threads, or recall=LIST", s)
	}
	values, err := parseValues(s, list)
	return eval.Sweep{Parameter: all[i], Values: values}, err
}

// parseRecalls reads the values of the sweep s over the recall asked for.
func parseRecalls(s, list string) ([]float64, error) {
	var values []float64
	for part := range strings.SplitSeq(list, ",") {
		x, err := strconv.ParseFloat(part, 64)
		if err != nil || !(x > 0 && x <= 1) {
			return nil, usagef("--sweep %s: %q is not a recall, above 0 and at most 1", s, part)
		}
		values = append(values, x)
	}
	return values, nil
}

// parseValues reads the values of the sweep s.
func parseValues(s, list string) ([]int, error) {
	number := func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, usagef("--sweep %s: %q is not an integer of 1 or more", s, text)
		}
		return n, nil
	}
	if from, to, ok := strings.Cut(list, ".."); ok {
		low, err := number(from)
		if err != nil {
			return nil, err
		}
		high, err := number(to)
		if err != nil {
			return nil, err
		}
		if low > high {
			return nil, usagef("--sweep %s: %d is more than %d", s, low, high)
		}
		var values []int
		for ; low < high; low *= 2 {
			values = append(values, low)
			if low > high/2 {
				break
			}
		}
		return append(values, high), nil
	}
	var values []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := number(part)
		if err != nil {
			return nil, err
		}
		values = append(values, n)
	}
	return values, nil
}
