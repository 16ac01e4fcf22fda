package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/eval"
)

// gateFlags are eval's limits for CI.
type gateFlags struct {
	at        string
	maxP99    time.Duration
	minRecall float64

	recall  float64 // of --at recall=…
	searchK int     // of --at search_k=…
}

func (g *gateFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&g.at, "at", "", "where the limits hold: recall=X or search_k=N")
	fl.DurationVar(&g.maxP99, "max-p99", 0, "fail when of 100 queries there more than one takes longer, such as 2ms")
	fl.Float64Var(&g.minRecall, "min-recall", 0, "fail when the recall there is less")
}

// add puts the place of --at into the plan.
func (g *gateFlags) add(cmd *cobra.Command, plan eval.Plan) (eval.Plan, error) {
	// A limit that a script left at 0 is none that anybody meant.
	latency, recall := cmd.Flags().Changed("max-p99"), cmd.Flags().Changed("min-recall")
	limits := latency || recall
	switch {
	case g.at == "" && limits:
		return plan, usagef("--max-p99 and --min-recall need --at recall=X or --at search_k=N")
	case g.at == "":
		return plan, nil
	case !limits:
		return plan, usagef("--at needs a limit: --max-p99 or --min-recall")
	case latency && g.maxP99 <= 0:
		return plan, usagef("--max-p99 must be more than 0, not %v", g.maxP99)
	case recall && !(g.minRecall > 0 && g.minRecall <= 1):
		return plan, usagef("--min-recall %v: want more than 0 and at most 1", g.minRecall)
	}
	name, text, _ := strings.Cut(g.at, "=")
	var err error
	switch name {
	case "recall":
		if g.recall, err = strconv.ParseFloat(text, 64); err != nil || !(g.recall > 0 && g.recall <= 1) {
			return plan, usagef("--at %s: want a recall of more than 0 and at most 1", g.at)
		}
		if !slices.Contains(plan.Recalls, g.recall) {
			plan.Recalls = append(plan.Recalls, g.recall)
		}
	case eval.SearchK.Name:
		if g.searchK, err = strconv.Atoi(text); err != nil || g.searchK < 1 {
			return plan, usagef("--at %s: want an integer of 1 or more", g.at)
		}
		plan.Sweeps = withSearchK(plan.Sweeps, g.searchK)
	default:
		return plan, usagef("--at %s: want recall=X or %s=N", g.at, eval.SearchK.Name)
	}
	return plan, nil
}

// withSearchK is the sweeps, with a value of search_k among them.
func withSearchK(sweeps []eval.Sweep, value int) []eval.Sweep {
	i := slices.IndexFunc(sweeps, func(s eval.Sweep) bool { return s.Parameter.Name == eval.SearchK.Name })
	switch {
	case i < 0:
		return append(sweeps, eval.Sweep{Parameter: eval.SearchK, Values: []int{value}})
	case !slices.Contains(sweeps[i].Values, value):
		sweeps[i].Values = append(sweeps[i].Values, value)
	}
	return sweeps
}

// check returns an error for each limit that a point at the place breaks, and
// for a truth that is not exact, as one.
func (g *gateFlags) check(r *eval.Report) error {
	if g.at == "" {
		return nil
	}
	var broken []string
	if r.Nearer > 0 {
		broken = append(broken, fmt.Sprintf("the truth %s is not exact, so that no recall by it can be trusted: %s an item nearer than its true neighbour",
			r.Truth, quantity(r.Nearer, "answer has", "answers have")))
	}
	for _, u := range r.Unreached {
		if g.recall == u.RecallTarget {
			broken = append(broken, fmt.Sprintf("recall %v is not reached, it is %.4f at most", u.RecallTarget, u.Recall))
		}
	}
	for _, p := range r.Points {
		here := g.recall != 0 && p.RecallTarget != nil && *p.RecallTarget == g.recall ||
			g.searchK != 0 && p.Swept == eval.SearchK.Name && p.SearchK == g.searchK
		if !here {
			continue
		}
		if limit := float64(g.maxP99.Nanoseconds()) / 1e3; limit > 0 && p.P99 > limit {
			broken = append(broken, fmt.Sprintf("p99 is %.0f µs at search_k %d with %s, more than %.0f µs",
				p.P99, p.SearchK, count(p.Threads, "thread"), limit))
		}
		if p.Recall < g.minRecall {
			broken = append(broken, fmt.Sprintf("recall is %.4f at search_k %d, less than %v", p.Recall, p.SearchK, g.minRecall))
		}
	}
	if len(broken) > 0 {
		return fmt.Errorf("annoy: gate at %s: %s", g.at, strings.Join(slices.Compact(broken), "; "))
	}
	return nil
}
