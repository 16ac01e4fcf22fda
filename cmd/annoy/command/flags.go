package command

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// choice is a flag whose value is one of a few words. It is a pflag.Value.
type choice[T fmt.Stringer] struct {
	value  T
	values []T
	kind   string
	set    bool

	parse func(name string) (T, error) // takes other names too; nil: only those of values
}

func (c *choice[T]) String() string {
	if !c.set {
		return ""
	}
	return c.value.String()
}

func (c *choice[T]) Type() string { return c.kind }

func (c *choice[T]) Set(s string) error {
	for _, v := range c.values {
		if strings.EqualFold(v.String(), s) {
			c.value, c.set = v, true
			return nil
		}
	}
	if c.parse != nil {
		if v, err := c.parse(s); err == nil {
			c.value, c.set = v, true
			return nil
		}
	}
	return fmt.Errorf("must be %s", strings.Join(c.names(), ", "))
}

func (c *choice[T]) names() []string {
	names := make([]string, len(c.values))
	for i, v := range c.values {
		names[i] = v.String()
	}
	return names
}

// register adds the flag, with its values listed in the help and completed by
// the shell.
func (c *choice[T]) register(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(c, name, usage+": "+strings.Join(c.names(), ", "))
	complete(cmd, name, c.names())
}

// complete makes the shell complete a flag with words.
func complete(cmd *cobra.Command, flag string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is registered twice or not at all: no input leads here
	}
}

// showDefault makes the help show the numbers that an absent flag stands for,
// which pflag leaves out or writes with six decimals.
func showDefault[T any](cmd *cobra.Command, flag string, values []T) {
	cmd.Flags().Lookup(flag).DefValue = strings.ReplaceAll(fmt.Sprint(values), " ", ",")
}

// noEmptyFlag refuses a flag that is given as "", which is what a script makes
// of a variable that is not set: to go on as if the flag were absent would
// answer without the filter that was meant, say.
func noEmptyFlag(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && err == nil {
			err = usagef("--%s is given and empty", f.Name)
		}
	})
	return err
}

// plainFlagError words a number that is none without the name of the function
// that read it.
func plainFlagError(err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &value) || !errors.As(err, &number) {
		return err
	}
	return fmt.Errorf("invalid argument %q for --%s: %w", value.GetValue(), value.GetFlag().Name, number.Err)
}

func metricChoice() *choice[annoy.Metric] {
	return &choice[annoy.Metric]{kind: "metric", parse: annoy.ParseMetric, values: []annoy.Metric{
		annoy.Angular, annoy.Euclidean, annoy.Manhattan, annoy.Dot, annoy.Hamming, annoy.Cosine,
	}}
}

func dialectChoice() *choice[annoy.DotDialect] {
	return &choice[annoy.DotDialect]{
		kind: "dialect", values: []annoy.DotDialect{annoy.DotReleased, annoy.DotMain},
	}
}

func elementChoice() *choice[vecio.Element] {
	return &choice[vecio.Element]{kind: "element", values: []vecio.Element{
		vecio.Float32, vecio.Float64, vecio.Float16, vecio.Uint8, vecio.Int8, vecio.Int32,
	}}
}

// limit is a float32 flag that tells absent from 0 and takes no NaN. It is a
// pflag.Value.
type limit struct {
	value float32
	set   bool
}

func (l *limit) String() string {
	if !l.set {
		return ""
	}
	return strconv.FormatFloat(float64(l.value), 'g', -1, 32)
}

func (l *limit) Type() string { return "float" }

func (l *limit) Set(s string) error {
	x, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("must be a finite number")
	}
	l.value, l.set = float32(x), true
	return nil
}

// option is the value for annoy.SearchOptions, where 0 means no limit: a
// limit of 0 becomes the float32 next to it, on the side given by sign, which
// no distance or product that matters lies between.
func (l *limit) option(sign float32) float32 {
	if l.set && l.value == 0 {
		return sign * math.SmallestNonzeroFloat32
	}
	return l.value
}
