package command

import "github.com/spf13/cobra"

// addCompletion adds cobra's completion verb, which writes a script for a
// shell. Cobra answers an unknown shell with its help and exit code 0; here it
// is a usage error like any other unknown word.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return cmd.Help()
				}
				return usagef("unknown shell %q: want bash, fish, powershell or zsh", args[0])
			}
		}
	}
}
